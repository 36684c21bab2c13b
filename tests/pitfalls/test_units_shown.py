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


def test_large_inputs_saturate_and_normal_ones_do_not(found):
    saturation = found("saturation")
    large, good = (saturation.flat[case.name] for case in (CASES[1], CASES[0]))
    assert large[0] > 0.4
    assert large[-1] > 0.4
    assert good[0] < 0.02


def test_a_large_rate_switches_relu_units_off_for_good(found):
    saturation = found("saturation")
    stuck, fine = saturation.stuck["relu, he, rate 10"], saturation.stuck["relu, he"]
    assert stuck[-1] > UNITS  # more than half of two layers
    assert min(stuck[10:]) >= stuck[-1] > 3 * max(fine)
    assert saturation.costs["relu, he, rate 10"][-1] > 10 * saturation.costs["relu, he"][-1]


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
        assert slow.deltas["binary_cross_entropy", z] == pytest.approx(y, rel=1e-12)
        assert slow.deltas["half_squared_error", z] == pytest.approx(y * y * (1 - y), rel=1e-9)
