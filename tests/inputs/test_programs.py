"""dE/dx and d(output)/dx against differences of the network's own numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs_networks import Case, classifiers

import chainrule as cr
from chainrule.inputs.asking import targets_for
from chainrule.inputs.programs import cost_program, output_program
from chainrule.inputs.walk import Runner


def differences(f: Any, x: Any, h: float = 1e-5) -> Any:
    slopes = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[place] = h
        slopes[place] = (f(x + step) - f(x - step)) / (2 * h)
    return slopes


@settings(max_examples=25)
@given(classifiers())
def test_the_derivative_along_x_is_that_of_the_costs(case: Case) -> None:
    net, t = case.net, targets_for(case.net, case.labels)
    found = Runner(net, cost_program(net)).run(x=case.x, t=t)["d_x"]
    wanted = differences(lambda x: len(x) * net.loss(x, t), case.x)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@settings(max_examples=25)
@given(classifiers(), st.data())
def test_the_derivative_of_an_output_is_that_of_predictions(case: Case, data: st.DataObject) -> None:
    net = case.net
    output = data.draw(st.integers(0, net.outputs - 1))
    pick = np.tile(np.eye(net.outputs)[output], (len(case.x), 1))
    arrays = Runner(net, output_program(net)).run(x=case.x, pick=pick)
    np.testing.assert_allclose(arrays["score"], net.predict(case.x)[:, output])
    wanted = differences(lambda x: net.predict(x)[:, output].sum(), case.x)
    np.testing.assert_allclose(arrays["d_x"], wanted, rtol=1e-5, atol=1e-7)


def test_penalties_of_the_weights_and_their_reduction_have_no_part_in_it() -> None:
    layers = [cr.Dense(3, "softmax")]
    plain = cr.Network(2, layers, "cross_entropy")
    other = cr.Network(2, layers, "cross_entropy", penalties=[cr.L2(1.0)], reduction="sum")
    assert str(cost_program(plain)) == str(cost_program(other))
