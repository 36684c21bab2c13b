"""Start values: their spread on large arrays, their seeds, and values that cannot be."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError
from chainrule.initializers import INITIALIZERS, as_init

SHAPE = (400, 100)  # fan_in, fan_out


def draw(method, value=None, shape=SHAPE, seed=0):
    return cr.Init(method, value).draw(np.random.default_rng(seed), shape)


@pytest.mark.parametrize(
    ("method", "value", "deviation"),
    [
        ("normal", None, 0.1),
        ("normal", 3.0, 3.0),
        ("he", None, math.sqrt(2 / 400)),
        ("lecun", None, math.sqrt(1 / 400)),
        ("uniform", None, 0.5 / math.sqrt(3)),
        ("uniform", 2.0, 2 / math.sqrt(3)),
        ("glorot", None, math.sqrt(2 / 500)),
    ],
)
def test_values_spread_as_published_around_0(method, value, deviation):
    """The mean of 40,000 draws lies within 5 standard errors, their deviation within 2.5 %."""
    values = draw(method, value)
    assert abs(values.mean()) < 5 * deviation / 200
    assert values.std() == pytest.approx(deviation, rel=0.025)


@pytest.mark.parametrize("method", ["normal", "he", "lecun"])
def test_normal_values_have_the_tails_of_a_normal_distribution(method):
    values = draw(method)
    within = [np.mean(np.abs(values) < k * values.std()) for k in (1, 2, 3)]
    assert within == pytest.approx([0.6827, 0.9545, 0.9973], abs=0.01)
    assert np.abs(values).max() > 3.5 * values.std()


@pytest.mark.parametrize(("method", "value", "end"), [("uniform", 2.0, 2.0), ("glorot", None, math.sqrt(6 / 500))])
def test_uniform_values_fill_their_range_and_stay_in_it(method, value, end):
    values = draw(method, value)
    assert values.min() >= -end
    assert values.max() <= end
    counts, _ = np.histogram(values, bins=10, range=(-end, end))
    assert counts.min() > 0.9 * values.size / 10


def test_fans_are_the_first_and_the_last_size():
    assert draw("he", shape=(2, 20_000)).std() == pytest.approx(1, rel=0.03)
    assert draw("lecun", shape=(4, 3, 5000)).std() == pytest.approx(0.5, rel=0.03)
    assert np.abs(draw("glorot", shape=(1, 7, 5))).max() <= 1


def test_fixed_values():
    assert not draw("zeros").any()
    assert (draw("constant") == 0).all()
    assert (draw("constant", -0.5) == -0.5).all()
    assert draw("constant", 3, shape=()) == 3


def test_the_seed_decides():
    for method in ("normal", "he", "uniform", "glorot", "lecun"):
        assert np.array_equal(draw(method, seed=1), draw(method, seed=1))
        assert not np.array_equal(draw(method, seed=1), draw(method, seed=2))


def test_two_layers_of_the_same_shape_start_differently():
    net = cr.Network(4, [cr.Dense(4), cr.Dense(4), cr.Residual([cr.Dense(4)])])
    w1, w2, w3 = (net.parameters[name] for name in ("w1", "w2", "w3"))
    assert not np.array_equal(w1, w2)
    assert not np.array_equal(w2, w3)


def test_weights_start_as_suits_the_activation_and_biases_at_0():
    net = cr.Network(400, [cr.Dense(200, "relu"), cr.Dense(200, "tanh"), cr.Dense(100, "selu")])
    deviations = [net.parameters[name].std() for name in ("w1", "w2", "w3")]
    assert deviations == pytest.approx([math.sqrt(2 / 400), math.sqrt(2 / 400), math.sqrt(1 / 200)], rel=0.03)
    assert not any(net.parameters[name].any() for name in ("b1", "b2", "b3"))
    norms = cr.Network(3, [cr.LayerNorm(), cr.BatchNorm()])
    assert [value.mean() for value in norms.parameters.values()] == [1, 0, 1, 0]
    assert [value.mean() for value in norms.states.values()] == [0, 1]


@pytest.mark.parametrize("method", ["he", "glorot", "normal", "constant"])
def test_initialisers_can_be_given_by_name_or_as_themselves(method):
    by_name, itself = (cr.Network(3, [cr.Dense(2, init=init)]).vector for init in (method, cr.Init(method)))
    assert np.array_equal(by_name, itself)
    assert as_init(method) == cr.Init(method)
    assert method in INITIALIZERS


@pytest.mark.parametrize(
    ("method", "value", "message"),
    [
        ("glorto", None, "unknown initialiser 'glorto': did you mean 'glorot'"),
        (["he"], None, "unknown initialiser"),
        (None, None, "unknown initialiser None"),
        ("he", 0.5, "he takes no value"),
        ("zeros", 0, "zeros takes no value"),
        ("constant", float("nan"), "constant must be a finite number, not nan"),
        ("constant", float("inf"), "finite"),
        ("constant", "a", "constant must be a finite number, not 'a'"),
        ("constant", [1], "finite number"),
        ("constant", True, "finite number"),
        ("constant", 10**400, "finite number"),
        ("uniform", -1, "uniform must be a number of at least 0, not -1"),
        ("normal", -1, "normal must be a number of at least 0, not -1"),
        ("normal", "a", "normal must be a number"),
    ],
)
def test_what_is_no_initialiser_is_said(method, value, message):
    with pytest.raises(InputError, match=message):
        cr.Init(method, value)


def test_large_values_are_drawn_or_refused():
    assert np.isfinite(draw("uniform", 1e308)).all()
    with pytest.raises(InputError, match=r"w1.*too large for float32"):
        cr.Network(2, [cr.Dense(2, init=cr.Init("normal", 1e308))])
