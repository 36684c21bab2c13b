"""A population evaluated at once costs what its members cost one by one; operations are counted, not timed."""

from __future__ import annotations

import math
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings

import chainrule as cr
from chainrule.equations import Call, Reduce, walk
from chainrule.methods import blocks
from chainrule.methods.blocks import MEMBERS
from chainrule.methods.growth import HIDDEN
from chainrule.methods.tangents import tangents
from chainrule.methods.varied import VariedCost, varied
from random_networks import cases


def costs_at_once(case, names, members):
    net = case.net
    arrays = net.given(case.x, case.t, case.sample_weight, step=1)
    program = net.program(weighted="s" in arrays, training=True)
    arrays = dict(net._run(arrays, training=True))
    return VariedCost(program, names).costs(arrays, members)


def cost_of_one(case, values):
    net = deepcopy(case.net)
    net.set_parameters(values)
    return float(net.values(case.x, case.t, case.sample_weight, training=True, step=1)["E"])


@settings(max_examples=40)
@given(case=cases())
def test_a_population_is_its_members(case):
    rng = np.random.default_rng(0)
    names = list(case.net.parameters)
    if not names:
        return
    for different in (names, names[-1:], names[:1]):
        members = {name: rng.normal(0.2, 0.6, (3, *case.net.parameters[name].shape)) for name in different}
        found = costs_at_once(case, different, members)
        for place in range(3):
            alone = cost_of_one(case, {name: value[place] for name, value in members.items()})
            np.testing.assert_allclose(found[place], alone, rtol=1e-9, atol=1e-12)


def test_blocks_do_not_change_what_is_found(monkeypatch):
    found = []
    for most in (1, 40, 2**18):
        monkeypatch.setattr(blocks, "_MOST_ELEMENTS", most)
        net = cr.Network(3, [cr.Dense(4, "tanh"), cr.Dense(2)], dtype="float64")
        rng = np.random.default_rng(0)
        x, t = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
        for method in ("genetic", "dual_numbers", "central_differences"):
            net.fit(x, t, epochs=3, method=method)
        found.append(net.vector.copy())
    np.testing.assert_allclose(found[0], found[2], rtol=1e-6)
    np.testing.assert_allclose(found[1], found[2], rtol=1e-6)


def multiplications(program, rows, members=1):
    """Count the multiplications in the sums of products of a program."""
    count = 0
    for equation in program.equations:
        for node in walk(equation.value):
            if isinstance(node, Reduce):
                indices = {*equation.target.index_names, *node.indices}
                sizes = [{"N": rows, MEMBERS: members}.get(size := program.sizes[index], size) for index in indices]
                products = sum(isinstance(part, Call) and part.function == "*" for part in walk(node))
                count += products * math.prod(sizes)
    return count


@pytest.mark.parametrize(("widths", "backward"), [([100, 3, 1], 1), ([50] * 8, 2)])
def test_a_direction_costs_about_a_forward_pass_and_a_backward_pass_two(widths, backward):
    """The convention of counting: 1 a forward pass, 2 a backward pass (the first layer takes 1), 1 a direction."""
    net = cr.Network(widths[0], [cr.Dense(width, "tanh") for width in widths[1:]])
    forward = multiplications(net.program(), rows=32)
    both = multiplications(net.program(net.parameters), rows=32)
    assert (both - forward) / forward == pytest.approx(backward, rel=0.2)
    assert 0.9 < multiplications(tangents(net.program(), "w1"), rows=32) / forward < 1.1
    assert 0.9 < multiplications(varied(net.program(), ["w1"]), rows=32) / forward < 1.1


def test_the_slopes_counted_are_1_and_2():
    sizes = (1000, 10_000)
    counts = {"backward": [], "duals": []}
    for inputs in sizes:
        net = cr.Network(inputs, [cr.Dense(HIDDEN, "tanh"), cr.Dense(1)])
        counts["backward"].append(multiplications(net.program(net.parameters), rows=32))
        counts["duals"].append(
            sum(
                multiplications(tangents(net.program(), name), 32, value.size) for name, value in net.parameters.items()
            )
        )
    for name, slope in (("backward", 1), ("duals", 2)):
        low, high = counts[name]
        assert math.log(high / low) / math.log(sizes[1] / sizes[0]) == pytest.approx(slope, abs=0.05)
