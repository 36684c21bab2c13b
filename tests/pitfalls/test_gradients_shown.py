"""Vanishing and exploding gradients: the claims, and the norms by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule.pitfalls.deep import WIDTH, deep, layer_norms, start_from
from chainrule.pitfalls.tasks import entropy, ring
from chainrule.pitfalls.vanishing_gradients import DEPTHS, STARTS

FUNCTIONS = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
}


def norms_by_hand(weights, activation, x, t):
    """Back-propagation written out, for zero biases, one sigmoid output and binary cross-entropy."""
    value, slope = FUNCTIONS[activation]
    inputs, weighted = [x], []
    for w in weights:
        weighted.append(inputs[-1] @ w)
        inputs.append(value(weighted[-1]))
    delta = (1 / (1 + np.exp(-weighted[-1])) - t[:, None]) / len(t)
    norms = []
    for k in reversed(range(len(weights))):
        norms.insert(
            0, math.sqrt((inputs[k].T @ delta).ravel() @ (inputs[k].T @ delta).ravel() + (delta.sum(0) ** 2).sum())
        )
        if k:
            delta = delta @ weights[k].T * slope(weighted[k - 1])
    return norms


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("depth", [2, 10, 20])
def test_norms_are_those_of_backpropagation_by_hand(found, activation, depth):
    x, t = ring(0)
    sizes = [2, *[WIDTH] * (depth - 1), 1]
    draws = {"normal": 0.1, "glorot": None, "he": None}
    for start in draws:
        weights = []
        for k, (rows, columns) in enumerate(pairwise(sizes)):
            rng = np.random.default_rng([0, 2 * k])
            if start == "glorot":
                weights.append(rng.uniform(-1, 1, (rows, columns)) * math.sqrt(6 / (rows + columns)))
            else:
                weights.append(rng.standard_normal((rows, columns)) * (math.sqrt(2 / rows) if start == "he" else 0.1))
        expected = norms_by_hand(weights, activation, x, t)
        np.testing.assert_allclose(found("vanishing").before[activation, start, depth], expected, rtol=1e-9)


def test_sigmoid_layers_lose_the_gradient_with_every_start(found):
    vanishing = found("vanishing")
    for start in STARTS:
        ratios = [vanishing.ratio("sigmoid", start, depth) for depth in DEPTHS]
        assert vanishing.ratio("sigmoid", start, 10) < 1e-3
        assert ratios[-1] < 1e-6 * ratios[0]
        assert vanishing.costs["sigmoid", start] == pytest.approx(vanishing.ignorance, abs=1e-3)


def test_a_start_that_suits_keeps_the_gradient_and_learns(found):
    vanishing = found("vanishing")
    assert 0.1 < vanishing.ratio("relu", "he") < 10
    assert 0.1 < vanishing.ratio("tanh", "glorot") < 10
    assert vanishing.ratio("relu", "normal") < 1e-3
    assert vanishing.costs["relu", "he"] < 0.1 * vanishing.ignorance
    assert vanishing.costs["relu", "normal"] == pytest.approx(vanishing.ignorance, abs=1e-3)


def test_ignorance_is_the_cost_of_the_best_constant():
    t = np.array([1.0, 0.0, 0.0])
    costs = [-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean() for p in np.linspace(0.01, 0.99, 981)]
    assert entropy(t) == pytest.approx(min(costs), abs=1e-5)


def test_weights_twice_as_large_multiply_the_output_by_a_power(found):
    x, t = ring(0)
    net = deep(10, "relu", "half_squared_error", "identity", 0, "float64")
    outputs = []
    for factor in (1, 2):
        start_from(net, STARTS["he"], factor)
        outputs.append(net.predict(x))
    np.testing.assert_allclose(outputs[1], 2**10 * outputs[0], rtol=1e-12)
    expected = layer_norms(net, x, t)
    np.testing.assert_allclose(found("exploding").run(2.0, 0.01).free.norms[0], expected, rtol=1e-4)


def test_too_large_starts_and_rates_end_in_no_finite_cost(found):
    exploding = found("exploding")
    for scale, rate in ((2.0, 0.01), (1.0, 1.0)):
        run = exploding.run(scale, rate)
        assert math.isinf(run.free.costs[-1])
        assert "not finite after" in run.free.end
        assert math.isfinite(run.clipped.costs[-1])
    assert exploding.run(2.0, 0.01).free.norms[0, 0] > 1e4 * exploding.run(1.0, 0.01).free.norms[0, 0]
    for rate in (0.01, 0.1):
        run = exploding.run(1.0, rate).free
        assert run.costs[-1] < run.costs[0]
        assert (run.norms[-1] < run.norms[0]).all()


def test_the_largest_weights_are_far_from_the_largest_number_and_their_cost_is_not(found):
    run = found("exploding").run(2.0, 0.01).free
    x, t = ring(0)
    net = deep(10, "relu", "half_squared_error", "identity", 0, "float32")
    start_from(net, STARTS["he"], 2.0)
    net.fit(x, t, optimizer=cr.GradientDescent(0.01), epochs=1, batch_size=None, engine="reference")
    assert np.abs(net.vector).max() == pytest.approx(run.largest)
    assert run.largest < 1e6
    value = x
    for w, b in zip(*[iter(net.parameters.values())] * 2, strict=True):
        value, weighted = np.maximum(value @ w.astype(float) + b, 0), value @ w.astype(float) + b
    assert ((weighted[:, 0] - t) ** 2).mean() / 2 > np.finfo(np.float32).max


def test_doubled_weights_grow_the_gradient_by_the_error_and_the_layers_behind(found):
    one, double = (found("exploding").run(scale, 0.01).free for scale in (1.0, 2.0))
    factor = 2**9 * math.sqrt(double.costs[0] / one.costs[0])
    assert 0.5 < double.norms[0, 0] / one.norms[0, 0] / factor < 2


def test_clipped_runs_learn_from_starts_that_are_too_large(found):
    for scale in (1.5, 2.0):
        clipped = found("exploding").run(scale, 0.01).clipped
        assert clipped.costs[-1] < 1e-2 * clipped.costs[0]
    slow = found("exploding").run(2.0, 1e-7)
    assert slow.free.costs[-1] < 1e-2 * slow.free.costs[0]
    assert slow.clipped.costs[-1] > 0.99 * slow.clipped.costs[0]
