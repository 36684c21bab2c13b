"""Dropout masks: the documented hash in plain integers, their shares, and what they depend on."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import chainrule as cr
from chainrule.draws import dropout_mask


def mix(h):
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        h ^= h >> shift
        h = h * factor % 2**32
    return h


def by_hand(seed, step, layer, shape, rate):
    """As `chainrule.draws` says, in Python's own whole numbers."""
    key = mix(mix(mix(mix(seed % 2**32) ^ seed // 2**32) ^ step % 2**32) ^ layer % 2**32)
    kept = [mix(key ^ mix(k)) >= rate * 2**32 for k in range(int(np.prod(shape)))]
    return np.where(np.reshape(kept, shape), 1 / (1 - rate), 0)


WHOLE = st.integers(0, 2**40)


@given(WHOLE, WHOLE, st.integers(1, 50), st.integers(1, 7), st.integers(1, 7), st.floats(0, 0.99))
def test_masks_are_the_documented_hash(seed, step, layer, rows, units, rate):
    found = dropout_mask(seed, step, layer, (rows, units), rate)
    np.testing.assert_array_equal(found, by_hand(seed, step, layer, (rows, units), rate))


def test_masks_have_the_dtype_that_is_asked_for():
    for dtype in (np.float32, np.float64):
        assert dropout_mask(0, 1, 1, (2, 3), 0.5, dtype).dtype == dtype


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_the_share_dropped_is_the_rate_and_the_mean_is_kept(rate):
    mask = dropout_mask(7, 1, 1, (400, 500), rate)
    deviation = np.sqrt(rate * (1 - rate) / mask.size)
    assert abs((mask == 0).mean() - rate) <= 5 * deviation
    assert mask.mean() == pytest.approx(1, abs=0.02 if rate < 0.9 else 0.05)
    assert set(np.unique(mask)) <= {0.0, 1 / (1 - rate)}


@pytest.mark.parametrize("change", [{"seed": 1}, {"step": 2}, {"layer": 2}])
def test_masks_of_other_seeds_steps_and_layers_are_unrelated(change):
    """Two fair masks agree in half of their elements; 20,000 of them within 5 standard deviations."""
    base = {"seed": 0, "step": 1, "layer": 1, "shape": (100, 200), "rate": 0.5}
    agree = dropout_mask(**base) == dropout_mask(**{**base, **change})
    assert abs(agree.mean() - 0.5) < 5 * 0.5 / np.sqrt(agree.size)


def test_neighbours_in_rows_and_columns_are_unrelated():
    kept = dropout_mask(0, 1, 1, (300, 300), 0.5) > 0
    for one, two in ((kept[1:], kept[:-1]), (kept[:, 1:], kept[:, :-1])):
        assert abs((one == two).mean() - 0.5) < 5 * 0.5 / np.sqrt(one.size)


def test_a_mask_does_not_depend_on_the_rows_after_it():
    np.testing.assert_array_equal(dropout_mask(3, 2, 1, (9, 4), 0.3)[:5], dropout_mask(3, 2, 1, (5, 4), 0.3))


def test_training_uses_the_mask_of_its_step_and_prediction_none():
    """One layer, full batch, by hand: w <- w - rate * (x * mask)^T (y - t) / N."""
    x, t = np.random.default_rng(0).normal(size=(6, 3)), np.ones((6, 1))
    net = cr.Network(3, [cr.Dropout(0.4), cr.Dense(1, bias=None)], dtype="float64", seed=5)
    w = net.parameters["w1"].copy()
    net.fit(x, t, optimizer=cr.GradientDescent(0.1), epochs=4, batch_size=None, seed=11)
    for step in range(1, 5):
        dropped = x * by_hand(11, step, 1, x.shape, 0.4)
        w = w - 0.1 * dropped.T @ (dropped @ w - t) / 6
    np.testing.assert_allclose(net.parameters["w1"], w, rtol=1e-12)
    np.testing.assert_allclose(net.predict(x), x @ w, rtol=1e-12)
    assert net.gradients(x, t)["w1"] == pytest.approx(x.T @ (x @ w - t) / 6, rel=1e-12)
