"""The chain rule, against the complex step through plain loops, dual numbers, and the textbook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.checks.dual import dual_gradients
from chainrule.derive import derive
from chainrule.engines.reference import Plan
from chainrule.equations import Ref, refs
from chainrule.errors import InputError
from chainrule.parsing import parse, parse_program
from chainrule.program import Program
from oracle import gradient, run
from strategies import Case, arrays_for, programs
from test_split import split_program


def program(text: str, inputs: str = "", states: str = "", **sizes: int | str) -> Program:
    given, kept = (tuple(parse(f"{name} = 0").target for name in names.split()) for names in (inputs, states))
    return Program(given, kept, parse_program(text), {"n": "N", **sizes})


def assert_close(found: Any, expected: Any, tolerance: float, scale: float) -> None:
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * max(1.0, scale))


def check(program: Program, arrays: Mapping[str, Any], names: tuple[str, ...], tolerance: float = 1e-9) -> None:
    """Compare the derived gradients, evaluated by loops, with the complex step and with dual numbers."""
    found = run(derive(program, names), arrays)
    duals = dual_gradients(program, arrays, names)
    scale = max(float(np.abs(dual).max()) for dual in duals.values())
    for name in names:
        assert_close(found[f"d_{name}"], gradient(program, arrays, name), tolerance, scale)
        assert_close(found[f"d_{name}"], duals[name], tolerance / 10, scale)


@settings(max_examples=200)
@given(programs())
def test_derived_gradients_are_those_of_both_oracles(case: Case) -> None:
    check(case.program, case.arrays, case.learned)


@settings(max_examples=100)
@given(programs())
def test_gradients_of_a_split_program_are_those_of_both_oracles(case: Case) -> None:
    check(split_program(case.program), case.arrays, case.learned)


@settings(max_examples=60)
@given(programs(depth=2), st.data())
def test_gradients_of_some_arrays_are_the_same_as_those_of_all(case: Case, data: st.DataObject) -> None:
    some = tuple(data.draw(st.lists(st.sampled_from(case.learned), min_size=1, unique=True)))
    everything, chosen = (run(derive(case.program, names), case.arrays) for names in (case.learned, some))
    for name in some:
        assert_close(chosen[f"d_{name}"], everything[f"d_{name}"], 1e-12, 1.0)


@settings(max_examples=60)
@given(programs())
def test_nothing_is_derived_that_no_gradient_needs(case: Case) -> None:
    derived = derive(case.program, ("w", "b"))
    backward = derived.equations[len(case.program.equations) :]
    read = {used.name for eq in backward for used in refs(eq.value)}
    assert {eq.target.name for eq in backward} - {"d_w", "d_b"} <= read
    assert derived.equations[: len(case.program.equations)] == case.program.equations


SHAPES = {"n": "N", "m": "N", "i": 2, "j": 2, "k": 3, "l": 3}
HARD = {
    "weights used both ways round": "a[n,j] = sum(i, x[n,i] * w[i,j])\nE = sum(n, i, sum(j, a[n,j] * w[i,j])**2)",
    "weights transposed": "E = sum(i, j, w[i,j] * w[j,i]**2 * b[i])",
    "a diagonal": "E = sum(i, w[i,i]**2 * b[i]) + sum(i, j, w[i,j]**3)",
    "a skip connection": "a[n,j] = tanh(sum(i, x[n,i] * w[i,j])) + x[n,j]\nE = mean(n, sum(j, (a[n,j] * x[n,j])**2))",
    "a row chosen by an index": "a[n,j] = v[c[n],j]\nE = mean(n, sum(j, a[n,j]**2 * x[n,j]))",
    "a row chosen twice": "E = sum(n, m, sum(j, v[c[n],j] * v[c[m],j]))",
    "a pair chosen": "E = sum(n, u[c[n],c[n]]**2)",
    "a place chosen by a choice": "E = sum(n, s * b[where(x[n,0] > 0, 1, 0)]**2 + v[c[n],0]**3)",
    "constant places": "E = x[0,1] * w[1,0] + sum(n, x[n,0] * w[0,0])",
    "a place counted backwards": "E = sum(i, j, w[I - 1 - i,j] * w[i,j] * b[j])",
    "a maximum": "E = sum(n, max(i, x[n,i])**2)",
    "a maximum of a product": "E = sum(n, max(j, sum(i, x[n,i] * w[i,j]) / 3 + b[j]))",
    "a maximum that simplifies": "top[n] = max(j, (x[n,j] + b[j]) / 3 - b[j] / 3 + 0.3 * s)\nE = mean(n, top[n]**2)",
    "a maximum of a sum that simplifies": "E = max(i, sum(n, j, b[i]))",
    "a maximum over two indices": "E = max(i, j, w[i,j] * b[j] / 3) * max(n, i, x[n,i])",
    "a maximum of a maximum": "E = max(n, s * max(i, x[n,i] * b[i]))**2",
    "a named maximum": "top[n] = max(i, x[n,i] * b[i] / 7)\nE = mean(n, exp(top[n] * s))",
    "two sums over one index": "E = sum(i, b[i]) * sum(i, b[i]**2) * sum(i, b[i]**3)",
    "a sum in a sum of the same letter": "a[n] = sum(i, x[n,i] * b[i])\nE = sum(i, b[i] * sum(n, a[n] * x[n,i]))",
    "a softmax written out": "E = -mean(n, sum(i, x[n,i] * log(exp(b[i]) / sum(j, exp(b[j])))))",
    "attention": "a[n,m] = exp(sum(i, x[n,i] * x[m,i]))\nE = sum(n, sum(m, a[n,m] * x[m,0]) / sum(m, a[n,m]))",
    "standardised columns": (
        "mu[i] = mean(n, x[n,i])\nq[i] = mean(n, (x[n,i] - mu[i])**2)\n"
        "E = sum(n, i, ((x[n,i] - mu[i]) / sqrt(q[i] + 1))**3)"
    ),
    "three indices": "h2[i,k,j] = h[i,k,j]**2\nE = sum(i, k, j, h2[i,k,j] * h[j,k,i] * v[k,j])",
    "sizes": "E = mean(n, x[n,0]) * N + sum(i, I * b[i]) / K",
    "the value of an index": "E = sum(i, i * b[i]) + sum(n, i, where(n == i, x[n,i]**2, x[n,i]))",
    "a comparison as a factor": "E = sum(n, i, (x[n,i] > b[i]) * x[n,i]**2 * s)",
    "a choice of two": "E = sum(n, i, where(x[n,i] * s > 0, x[n,i] * b[i], s * w[i,i]**2))",
    "a choice in a choice of two": "E = sum(i, where(b[i] > 0, where(s > 0, b[i]**2, s), b[i] * s**2))",
    "stop": "E = sum(i, b[i] * stop(b[i])) + stop(s) * s",
    "a scalar": "E = s**2 * sum(n, x[n,0]) + exp(s)",
    "a power of a power": "E = sum(i, (1 + b[i]**2)**(1 + s**2))",
    "a constant cost": "E = 3",
    "an unused parameter": "E = mean(n, x[n,0]**2)",
    "a broadcast bias": "a[n,i,k] = b[i]\nE = sum(n, i, k, a[n,i,k]**2 * h[i,k,0])",
    "values that lack an index": "a[n] = exp(s)\np[n] = s * b[0]\nE = exp(s)**2 + 2 * s * b[0] + sum(n, a[n] * p[n])",
    "a cost that reads a parameter twice in other letters": "a[i] = b[i] * s\nE = sum(j, a[j] * b[j]) + sum(i, a[i])",
}


def hard(text: str) -> Program:
    return program(text, "x[n,i] c[n]", "w[i,j] b[j] v[k,i] u[k,l] h[i,k,j] s", **SHAPES)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_what_is_hard_to_derive_is_right(text: str, rows: int) -> None:
    checked = hard(text)
    arrays = arrays_for(checked, rows, 2, seed=rows)
    check(checked, arrays, ("w", "b", "v", "u", "h", "s", "x"), 1e-11)
    check(split_program(checked), arrays, ("w", "b", "v", "u", "h", "s", "x"), 1e-11)


@pytest.mark.parametrize("text", [text for text in HARD.values() if "max(" in text])
@pytest.mark.parametrize("seed", range(10))
def test_a_maximum_keeps_its_gradient_on_the_reference_engine(text: str, seed: int) -> None:
    checked = hard(text)
    arrays = arrays_for(checked, 3, 2, seed)
    expected = dual_gradients(checked, arrays, ("x", "b", "w"))
    with np.errstate(all="ignore"):
        found = Plan(derive(checked, ("x", "b", "w"))).run(dict(arrays))
    for name, value in expected.items():
        np.testing.assert_allclose(found[f"d_{name}"], value, rtol=1e-10, atol=1e-12)


def test_equal_largest_elements_share_the_gradient_equally() -> None:
    checked = program("top[n] = max(i, x[n,i])\nE = sum(n, top[n])", "", "x[n,i]", i=4)
    found = run(derive(checked, ["x"]), {"N": 2, "x": np.array([[1.0, 3, 3, 3], [2, 0, 2, 1]])})
    np.testing.assert_allclose(found["d_x"], [[0, 1 / 3, 1 / 3, 1 / 3], [0.5, 0, 0.5, 0]])


TEXTBOOK = {
    "half a squared error": (
        "z[n,k] = sum(i, x[n,i] * w[i,k])\ny[n,k] = sigmoid(z[n,k])\nE = mean(n, sum(k, 1/2 * (y[n,k] - t[n,k])**2))",
        [
            "d_y[n,k] = (y[n,k] - t[n,k]) / N",
            "d_z[n,k] = d_y[n,k] * y[n,k] * (1 - y[n,k])",
            "d_w[i,k] = sum(n, d_z[n,k] * x[n,i])",
        ],
    ),
    "softmax and cross-entropy": (
        """z[n,k] = sum(i, x[n,i] * w[i,k])
        y_max[n] = max(k, z[n,k])
        y_exp[n,k] = exp(z[n,k] - stop(y_max[n]))
        y_sum[n] = sum(k, y_exp[n,k])
        y[n,k] = y_exp[n,k] / y_sum[n]
        E = mean(n, -sum(k, t[n,k] * (z[n,k] - stop(y_max[n]) - log(y_sum[n]))))""",
        ["d_z[n,k] = (y[n,k] - t[n,k]) / N", "d_w[i,k] = sum(n, d_z[n,k] * x[n,i])"],
    ),
    "sigmoid and binary cross-entropy": (
        """z[n,k] = sum(i, x[n,i] * w[i,k])
        y[n,k] = sigmoid(z[n,k])
        E = mean(n, sum(k, t[n,k] * softplus(-z[n,k]) + (1 - t[n,k]) * softplus(z[n,k])))""",
        ["d_z[n,k] = (y[n,k] - t[n,k]) / N", "d_w[i,k] = sum(n, d_z[n,k] * x[n,i])"],
    ),
    "tanh": (
        "y[n,k] = tanh(sum(i, x[n,i] * w[i,k]))\nE = sum(n, k, t[n,k] * y[n,k])",
        ["d_y[n,k] = t[n,k]", "d_w[i,k] = sum(n, d_y[n,k] * (1 - y[n,k]**2) * x[n,i])"],
    ),
    "a penalty": ("E = 0.01 / 2 * sum(i, k, w[i,k]**2)", ["d_w[i,k] = 0.01 * w[i,k]"]),
}


@pytest.mark.parametrize(("text", "backward"), TEXTBOOK.values(), ids=TEXTBOOK)
def test_the_derived_equations_read_as_in_a_textbook(text: str, backward: list[str]) -> None:
    checked = program(text, "x[n,i] t[n,k]", "w[i,k]", i=2, k=3)
    checked = Program(checked.inputs, checked.states, checked.equations, checked.sizes, frozenset("t"))
    derived = derive(checked, ["w"])
    assert [str(eq) for eq in derived.equations[len(checked.equations) :]] == backward


TWO_LAYERS = """z1[n,j] = sum(i, x[n,i] * w1[i,j]) + b1[j]
a1[n,j] = sigmoid(z1[n,j])
z2[n,k] = sum(j, a1[n,j] * w2[j,k]) + b2[k]
y[n,k] = sigmoid(z2[n,k])
E = mean(n, sum(k, 1/2 * (y[n,k] - t[n,k])**2))"""


def derived_names(*wrt: str) -> list[str]:
    checked = program(TWO_LAYERS, "x[n,i] t[n,k]", "w1[i,j] b1[j] w2[j,k] b2[k]", i=2, j=3, k=2)
    return [eq.target.name for eq in derive(checked, wrt).equations[5:]]


def test_weights_and_biases_follow_the_layer_that_uses_them() -> None:
    expected = ["d_y", "d_z2", "d_w2", "d_b2", "d_a1", "d_z1", "d_w1", "d_b1"]
    assert derived_names("w1", "b1", "w2", "b2") == expected
    assert derived_names("b2", "w2", "b1", "w1") == expected


def test_no_gradient_of_the_data_unless_it_is_asked_for() -> None:
    assert derived_names("w1", "x")[-2:] == ["d_w1", "d_x"] or derived_names("w1", "x")[-2:] == ["d_x", "d_w1"]
    assert derived_names("w2", "b2") == ["d_y", "d_z2", "d_w2", "d_b2"]
    assert derived_names("x") == ["d_y", "d_z2", "d_a1", "d_z1", "d_x"]


def test_a_value_on_the_way_can_be_asked_for_and_a_target_too() -> None:
    assert derived_names("a1") == ["d_y", "d_z2", "d_a1"]
    assert derived_names("t") == ["d_t"]


def test_a_derived_equation_keeps_the_origin_of_what_it_derives() -> None:
    equations = parse_program("a = s**2", origin="layer 1") + parse_program("E = exp(a)", origin="the loss")
    derived = derive(Program((), (Ref("s"),), equations, {}), ["s"])
    assert [eq.origin for eq in derived.equations if eq.target.name == "d_a"] == ["layer 1"]
    assert all(eq.origin for eq in derived.equations)


def test_the_distance_of_a_choice_from_its_condition_keeps_nan_out() -> None:
    text = "a[n] = where(x[n] > 0, log(x[n]) * sqrt(x[n]), 1 - x[n])\nE = sum(n, a[n]**2 * s)"
    arrays = {"N": 3, "x": np.array([-1.0, 0.0, 2.0]), "s": np.array(1.5)}
    for checked in (program(text, "", "x[n] s"), split_program(program(text, "", "x[n] s"))):
        with np.errstate(all="ignore"):
            found = Plan(derive(checked, ["x", "s"])).run(dict(arrays))
        np.testing.assert_allclose(found["d_x"], dual_gradients(checked, arrays, ("x",))["x"], rtol=1e-12)


@pytest.mark.parametrize("split", [False, True])
def test_a_sum_inside_a_choice_keeps_nan_out(split: bool) -> None:
    checked = program("a[n] = where(x[n,0] > 0, exp(-sum(i, sqrt(x[n,i]))), 0)\nE = mean(n, a[n])", "", "x[n,i]", i=2)
    derived = derive(split_program(checked) if split else checked, ["x"])
    with np.errstate(all="ignore"):
        found = Plan(derived).run({"N": 2, "x": np.array([[1.0, 2.0], [0.0, -1.0]])})
    assert np.isfinite(found["d_x"]).all()


def test_a_reduction_over_the_units_inside_a_choice_keeps_nan_out() -> None:
    odd = cr.Activation("odd", "where(-max(-x) > 0, exp(-sum(sqrt(x))), 0)")
    net = cr.Network(2, [cr.Dense(2, odd)], loss="squared_error", dtype="float64")
    with np.errstate(all="ignore"):
        found = net.gradients(np.array([[1.0, 1.0], [-1.0, -1.0]]), np.zeros((2, 2)))
    assert all(np.isfinite(value).all() for value in found.values())


def test_a_gradient_reads_the_states_as_they_were_before_an_update() -> None:
    checked = program("a[n] = x[n] * s**2\ns <- s + 1\nE = sum(n, a[n])", "", "x[n] s")
    found = run(derive(checked, ["x", "s"]), {"N": 2, "x": np.array([3.0, 4.0]), "s": np.array(2.0)})
    assert found["d_x"].tolist() == [4, 4]
    assert found["d_s"] == 28
    assert found["s"] == 3


def test_a_state_read_again_after_its_update_is_not_derived() -> None:
    checked = program("a = s**2\ns <- s + 1\nE = a * s", "", "s")
    with pytest.raises(InputError, match="s"):
        derive(checked, ["s"])


def test_what_cannot_be_derived_is_refused() -> None:
    checked = program("y[n] = x[n]**2\nE = mean(n, y[n])", "", "x[n]")
    with pytest.raises(InputError, match="y"):
        derive(checked, ["x"], of="y")
    with pytest.raises(InputError, match="F"):
        derive(checked, ["x"], of="F")
    with pytest.raises(InputError, match=r"xx.*did you mean '?x"):
        derive(checked, ["xx"])
