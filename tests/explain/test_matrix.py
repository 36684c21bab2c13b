"""The worked example in matrices: the same numbers as one by one, with the bias apart or as a weight of ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from updates import OPTIMIZERS

import chainrule as cr
from chainrule.equations import Call, Const
from chainrule.explain.algebra import Elementwise, Grid, Product, Transposed, Whole
from chainrule.explain.plain import to_plain
from chainrule.explain.typesetting import Lines
from chainrule.functions import function
from random_networks import cases

X, T = [[0.5, 1.0], [0.2, -1.0]], [[1.0], [0.0]]


def net(bias="unit", train_bias=True):
    layers = [cr.Dense(3, "tanh", bias=bias, train_bias=train_bias), cr.Dense(1, "sigmoid", bias=bias)]
    made = cr.Network(2, layers, loss="binary_cross_entropy", dtype="float64", seed=2)
    made.set_parameters({name: value + 0.1 for name, value in made.parameters.items()})
    return made


def lines_of(document):
    lines = Lines(document)
    return {step.key: [to_plain(lines.layout(line.expr)) for line in step.lines] for step in document.steps}


@settings(max_examples=25)
@given(cases())
def test_arrays_are_those_of_the_network(case):
    document = case.net.explain(case.x, case.t, sample_weight=case.sample_weight, style="matrix")
    values = case.net.values(case.x, case.t, case.sample_weight)
    for step in document.steps:
        if step.key in values:
            np.testing.assert_allclose(step.arrays, values[step.key], rtol=1e-9, atol=1e-12)


def test_a_layer_is_a_product_of_matrices_in_both_directions():
    lines = lines_of(net().explain(X, T, style="matrix"))
    assert lines["z1"][0] == "x · w1 + b1"
    assert lines["a1"][0] == "tanh(z1)"
    assert lines["d_w1"][0] == "xᵀ · dE/dz1"
    assert lines["d_a1"][0] == "dE/dz2 · w2ᵀ"
    assert lines["d_z1"][0] == "dE/da1 ⊙ (1 − a1 ⊙ a1)"


def test_the_bias_is_a_weight_of_ones():
    document = net().explain(X, T, style="matrix", bias="ones", optimizer="adam")
    lines = lines_of(document)
    assert lines["z1"][0] == "[x 1] · [w1; b1]"
    assert lines["d_w2"][0] == "[a1 1]ᵀ · dE/dz2"
    assert lines["new m_w1"][0].startswith("0.9 · [m_w1; m_b1] + 0.1 · [dE/dw1; dE/db1]")
    assert not any("b1" in key or "b2" in key for key in lines)


@pytest.mark.parametrize("optimizer", ["gradient_descent", "momentum", "adam", "rmsprop"])
def test_with_ones_the_numbers_are_the_same(optimizer):
    apart, ones = (
        {
            step.key: step.arrays
            for step in net().explain(X, T, style="matrix", bias=bias, optimizer=optimizer, steps=2).steps
        }
        for bias in ("separate", "ones")
    )
    for key, found in ones.items():
        below = key.replace("w1", "b1").replace("w2", "b2")
        expected = np.vstack([apart[key], apart[below]]) if below != key else apart[key]
        np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=key)


def test_products_of_the_shown_matrices_are_the_results():
    for bias in ("separate", "ones"):
        for step in net().explain(X, T, style="matrix", bias=bias).steps:
            numbers = [line.expr for line in step.lines if line.kind == "numbers"]
            if numbers and isinstance(numbers[0], Product):
                left, right = numbers[0].left, numbers[0].right
                assert isinstance(left, Grid)
                np.testing.assert_allclose(left.values @ right.values, step.arrays)


def test_biases_that_do_not_fit_below_stay_apart():
    shared = lines_of(net(bias="layer").explain(X, T, style="matrix", bias="ones"))
    assert shared["z1"][0] == "x · w1 + b1"
    frozen = lines_of(net(train_bias=False).explain(X, T, style="matrix", bias="ones"))
    assert frozen["z1"][0] == "x · w1 + b1"
    assert frozen["z2"][0] == "[a1 1] · [w2; b2]"


def test_large_arrays_are_given_by_their_shape():
    wide = cr.Network(20, [cr.Dense(30, "relu"), cr.Dense(1)], dtype="float64")
    lines = lines_of(wide.explain(np.ones((3, 20)), np.ones((3, 1)), style="matrix"))
    assert lines["z1"][1] == "(3 × 20) · (20 × 30) + (30)"


def test_signs_of_algebra_are_values():
    assert Transposed(Whole("w1")) == Transposed(Whole("w1")) != Transposed(Whole("w2"))


def value_of(expr, arrays):
    """Return what a line of numbers in matrices amounts to, by NumPy; None if it holds a sum written with its sign."""
    if isinstance(expr, Grid):
        return expr.values
    if isinstance(expr, Product | Elementwise):
        sides = value_of(expr.left, arrays), value_of(expr.right, arrays)
        if any(side is None for side in sides):
            return None
        return sides[0] @ sides[1] if isinstance(expr, Product) else sides[0] * sides[1]
    if isinstance(expr, Const):
        return np.float64(expr.value)
    if isinstance(expr, Call):
        args = [value_of(arg, arrays) for arg in expr.args]
        return None if any(arg is None for arg in args) else function(expr.function).value(np, *args)
    return None


@settings(max_examples=60)
@given(cases(), st.sampled_from(OPTIMIZERS), st.sampled_from(["separate", "ones"]))
def test_every_line_in_matrices_is_true(case, optimizer, bias):
    document = case.net.explain(
        case.x, case.t, sample_weight=case.sample_weight, style="matrix", bias=bias, optimizer=optimizer, steps=2
    )
    for step in document.steps:
        for line in step.lines:
            with np.errstate(all="ignore"):
                found = value_of(line.expr, None) if line.kind == "numbers" else None
            if found is not None and np.isfinite(step.arrays).all():
                found = np.broadcast_to(found, step.arrays.shape)
                scale = np.abs(step.arrays).max(initial=1)
                np.testing.assert_allclose(found, step.arrays, rtol=1e-9, atol=1e-9 * scale, err_msg=step.key)


def test_most_lines_in_matrices_are_checked_above():
    document = net().explain(X, T, style="matrix", bias="ones", optimizer="adam")
    found = [value_of(line.expr, None) is not None for step in document.steps for line in step.lines
             if line.kind == "numbers"]  # fmt: skip
    assert sum(found) > 0.8 * len(found) > 8


@pytest.mark.parametrize("optimizer", [cr.GradientDescent(0.1, bias_rate=0.2), cr.AdamW(0.1)])
def test_a_bias_that_learns_by_another_rule_stays_apart(optimizer):
    lines = lines_of(net().explain(X, T, style="matrix", bias="ones", optimizer=optimizer))
    assert lines["z1"][0] == "x · w1 + b1"
    assert lines["d_w1"][0] == "xᵀ · dE/dz1"


def test_weights_with_a_penalty_keep_their_bias_apart():
    layers = [cr.Dense(2, "tanh"), cr.Dense(1)]
    made = cr.Network(2, layers, penalties=[cr.L2(0.1)], dtype="float64")
    assert lines_of(made.explain(X, T, style="matrix", bias="ones"))["z1"][0] == "x · w1 + b1"


def test_steps_in_matrices_use_what_their_sums_read():
    steps = {step.key: step.uses for step in net().explain(X, T, style="matrix").steps}
    assert steps["E"] == ("c",)
    assert steps["d_b1"] == ("d_z1",)
