"""Symmetry, saturation and slow starts: the claims, beside calculations of their own."""

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.pitfalls.saturated_units import CASES, SLOPES, UNITS
from chainrule.pitfalls.slow_starts import RATE, REACHED, STARTS


@pytest.mark.parametrize("start", ["zeros", "all 0.5"])
def test_units_that_start_equal_are_equal_to_the_bit_at_every_look(found, start):
    units = found("symmetry").units[start]
    for look in units:
        assert {unit.tobytes() for unit in look} == {look[0].tobytes()}
    assert units[-1].tobytes() != units[0].tobytes()  # they did learn


def test_a_random_start_makes_different_units_and_learns_more(found):
    symmetry = found("symmetry")
    assert set(symmetry.different("random")) == {symmetry.units["random"].shape[1]}
    assert symmetry.costs["random"][-1] < 0.25 * min(symmetry.costs[start][-1] for start in ("zeros", "all 0.5"))


def test_equal_units_are_as_good_as_one(found):
    """One unit, with the sum of their weights behind it and its best bias, costs what all of them cost."""
    symmetry, count = found("symmetry"), 4
    unit = symmetry.units["all 0.5"][-1][0].astype(float)
    x, t = cr.pitfalls.tasks.ring(0)
    hidden = 1 / (1 + np.exp(-(x @ unit[:2] + unit[2])))
    wide = count * unit[3] * hidden
    best = [np.logaddexp(0, np.where(t == 1, -1, 1) * (wide + bias)).mean() for bias in np.linspace(-20, 20, 4001)]
    assert min(best) == pytest.approx(symmetry.costs["all 0.5"][-1], abs=2e-3)


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_are_those_of_the_activations(name):
    z = np.linspace(-4, 4, 81) + 0.01
    values = {"sigmoid": 1 / (1 + np.exp(-z)), "tanh": np.tanh(z), "relu": np.maximum(z, 0)}[name]
    slopes = np.gradient(values, z)[1:-1]
    away = np.abs(z[1:-1]) > 0.2  # from the kink
    largest = {"sigmoid": 0.25, "tanh": 1, "relu": 1}[name]
    np.testing.assert_allclose(SLOPES[name](values)[1:-1][away], slopes[away] / largest, atol=0.01)


def test_large_inputs_saturate_a_layer_and_normal_ones_do_not(found):
    saturation = found("saturation")
    for name in ("tanh, inputs × 100", "sigmoid, inputs × 100", "tanh, weights × 100"):
        for run in saturation.sweeps[name]:
            assert run.flat[:, 0].min() > 0.85
    for name in ("tanh", "sigmoid"):
        assert saturation.best(name).flat[0].max() < 0.02


def test_no_rate_makes_up_for_a_layer_saturated_nearly_everywhere(found):
    """Each at its best rate; at the lowest one, which is too low for all, there is no difference."""
    saturation = found("saturation")
    for name in ("tanh, inputs × 100", "tanh, weights × 100", "sigmoid, inputs × 100"):
        assert saturation.best(name).cost > 0.35
    for name in ("tanh", "tanh, weights × 16", "sigmoid"):
        assert saturation.best(name).cost < 0.01
    assert all(0.55 < sweep[0].cost < saturation.ignorance + 0.01 for sweep in saturation.sweeps.values())
    assert {case.name for case in CASES} == set(saturation.sweeps)


def test_large_inputs_harm_relu_without_saturating_it(found):
    saturation = found("saturation")
    large, good = saturation.best("relu, inputs × 100"), saturation.best("relu")
    np.testing.assert_array_equal(large.flat[0], good.flat[0])
    assert large.cost > 100 * good.cost


def test_a_large_rate_switches_relu_units_off_for_good(found):
    saturation = found("saturation")
    dead, later = saturation.dead, saturation.afterwards
    assert dead.stuck[-1] > UNITS  # more than half of two layers
    assert set(later.stuck) == {dead.stuck[-1]}
    assert dead.flat[-1][1] == 1
    assert dead.cost > saturation.ignorance + 0.1  # that is the rate's doing
    assert later.cost == pytest.approx(saturation.ignorance, abs=1e-3)


def updates_by_hand(z, crossed):
    weight = bias = z / 2
    for k in range(10_000):
        y = 1 / (1 + math.exp(-weight - bias))
        if y < REACHED:
            return k
        delta = y if crossed else y * y * (1 - y)
        weight, bias = weight - RATE * delta, bias - RATE * delta
    raise AssertionError("it never got there")


def test_slow_starts_take_as_many_updates_as_by_hand(found):
    slow = found("slow-start")
    for z in STARTS:
        assert slow.needed("half_squared_error", z) == updates_by_hand(z, crossed=False)
        assert slow.needed("binary_cross_entropy", z) == updates_by_hand(z, crossed=True)


def test_cross_entropy_does_not_slow_down_where_squared_error_does(found):
    slow = found("slow-start")
    assert slow.needed("half_squared_error", 6) > 5 * slow.needed("half_squared_error", 0)
    assert slow.needed("binary_cross_entropy", 6) < 2 * slow.needed("binary_cross_entropy", 0)
    for z in STARTS:
        y = 1 / (1 + math.exp(-z))
        assert slow.deltas["binary_cross_entropy", z][0] == pytest.approx(y, rel=1e-12)
        assert slow.deltas["half_squared_error", z][0] == pytest.approx(y * y * (1 - y), rel=1e-9)
