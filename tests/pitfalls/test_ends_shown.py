"""Learning rates, local minima and precision: the claims, beside calculations of their own."""

from itertools import permutations

import numpy as np
import pytest

import chainrule as cr
from chainrule.pitfalls.curvature import curvatures, hessian
from chainrule.pitfalls.learning_rates import RATES, SAMPLES
from chainrule.pitfalls.local_minima import ARRIVED, PENALTY, STARTS, groups, standard_form
from chainrule.pitfalls.precisions import AHEAD, STOPS


def test_a_quadratic_diverges_from_two_over_its_curvature_on(found):
    """The Hessian of a linear neuron is that of its inputs, whatever the weights."""
    linear = found("learning-rate").borders[0]
    x = np.random.default_rng([0, 101]).standard_normal((SAMPLES, 2))
    with_ones = np.column_stack([x, np.ones(SAMPLES)])
    curvature = np.linalg.eigvalsh(with_ones.T @ with_ones / SAMPLES)[-1]
    assert linear.curvature == pytest.approx(curvature, rel=1e-6)
    assert linear.border == pytest.approx(2 / curvature, rel=5e-3)


def test_near_a_minimum_the_rule_holds_and_far_from_it_does_not(found):
    _, near, far = found("learning-rate").borders
    assert near.border == pytest.approx(near.rule, rel=0.02)
    assert abs(far.border / far.rule - 1) > 0.2


def test_each_sweep_falls_below_the_border_and_fails_above(found):
    for one in found("learning-rate").borders:
        above = np.array(RATES) > one.border * 1.1
        assert above.any()
        assert (one.costs[above] > one.start_cost).all()
        assert one.costs[~above].min() <= one.costs[0] <= one.start_cost
        assert one.costs[one.best] == pytest.approx(one.costs.min(), abs=1e-12)


def test_costs_are_told_above_a_minimum(found):
    for one in found("learning-rate").borders:
        assert (one.above >= 0).all()
        assert one.above[one.best] < 0.01 * one.start_above


def test_hessians_agree_with_second_differences_of_the_cost():
    net = cr.Network(2, [cr.Dense(2, "tanh"), cr.Dense(1)], dtype="float64", seed=4)
    x, t = [[0.3, -0.8], [1.2, 0.1]], [0.5, -0.2]
    start, step, size = net.vector.copy(), 1e-3, net.vector.size
    expected = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            for si, sj in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                net.vector[...] = start
                net.vector[i] += si * step
                net.vector[j] += sj * step
                expected[i, j] += si * sj * net.loss(x, t) / (4 * step**2)
    net.vector[...] = start
    np.testing.assert_allclose(hessian(net, x, t), expected, atol=1e-5)
    np.testing.assert_array_equal(net.vector, start)


def test_minima_are_minima_and_starts_end_in_one_each(found):
    found_here = found("local-minimum")
    assert len(found_here.minima) == 7
    assert found_here.on_the_way == 0
    assert all(one.curvature > 0 for one in found_here.minima)
    assert (np.diff([one.cost for one in found_here.minima]) >= 0).all()
    placed = [start for one in found_here.minima for start in one.starts]
    assert len(placed) == len(set(placed)) == STARTS - found_here.on_the_way > STARTS / 2
    assert (found_here.gradients[placed] < ARRIVED).all()
    assert 1 < len(found_here.minima[0].starts) < STARTS / 2  # most starts miss the lowest
    assert found_here.copies > 5 * len(found_here.minima)


def test_the_costs_of_minima_by_hand(found):
    found_here = found("local-minimum")
    for one in found_here.minima:
        weight, bias, behind = one.parameters[:-1].T
        y = np.tanh(np.outer(found_here.x, weight) + bias) @ behind + one.parameters[-1, 0]
        penalty = PENALTY / 2 * (weight @ weight + behind @ behind)
        assert one.cost == pytest.approx(((y - found_here.t) ** 2).mean() / 2 + penalty, rel=1e-9)
        np.testing.assert_allclose(one.outputs, y, rtol=1e-9, atol=1e-12)


def test_all_symmetric_copies_have_one_standard_form():
    net = cr.Network(1, [cr.Dense(3, "tanh"), cr.Dense(1)], dtype="float64", seed=2)
    form, x = standard_form(net), np.linspace(-1, 1, 5)[:, None]
    outputs, start = net.predict(x), {name: values.copy() for name, values in net.parameters.items()}
    for order in permutations(range(3)):
        signs = np.array([1, -1, -1])
        w1, b1, w2 = start["w1"][:, order] * signs, start["b1"][list(order)] * signs, start["w2"][list(order)]
        net.set_parameters({"w1": w1, "b1": b1, "w2": w2 * signs[:, None]})
        np.testing.assert_allclose(net.predict(x), outputs, rtol=1e-12)
        np.testing.assert_array_equal(standard_form(net), form)
    net.set_parameters({"b1": start["b1"] + 0.01})
    assert len(groups([form, standard_form(net)], [0, 1])) == 2


def test_precision_reproduces_the_published_output_and_the_exact_one(found):
    precision = found("precision")
    k = precision.at(1_000_000)
    assert precision.outputs["float32"][k] == pytest.approx(0.000728, abs=5e-6)
    assert precision.outputs["float64"][k] == pytest.approx(0.000708, abs=5e-7)


def test_the_exact_course_is_that_of_its_differential_equation(found):
    """With a small output y, each update is -2 * 0.5 * y**2 to z: y falls as 1 / sqrt(2 k)."""
    precision = found("precision")
    late = np.array(STOPS) >= 100_000
    np.testing.assert_allclose(precision.outputs["float64"][late], 1 / np.sqrt(2 * np.array(STOPS)[late]), rtol=0.01)


def test_in_float32_updates_end_up_smaller_than_half_a_spacing(found):
    precision = found("precision")
    weight, update = (np.float32(values["float32"][-1]) for values in (precision.weights, precision.updates))
    assert weight - update == weight
    assert precision.weights["float32"][-2] == weight
    # The output at which 0.5 * y**2 is half of 2**-22, the spacing of float32 between 2 and 4.
    assert precision.outputs["float32"][-1] == pytest.approx(np.sqrt(2.0**-22), rel=5e-3)
    assert precision.outputs["float64"][-1] < 0.5 * precision.outputs["float32"][-1]
    k = precision.at(1_000_000)
    assert round(precision.steps("float32")[k]) == 1 < precision.steps("float32")[k]


def test_float32_is_ahead_where_updates_are_rounded_up(found):
    precision = found("precision")
    k = precision.at(AHEAD)
    assert 0.5 < precision.steps("float32")[k] < 1
    assert precision.outputs["float32"][k] < precision.outputs["float64"][k]


def test_curvatures_come_in_order():
    net = cr.Network(1, [cr.Dense(2, "tanh"), cr.Dense(1)], dtype="float64")
    values = curvatures(net, [[0.5]], [1.0])
    assert (np.diff(values) >= 0).all()
