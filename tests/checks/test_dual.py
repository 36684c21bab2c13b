"""Dual numbers against derivatives in closed form, function by function, and against complex steps."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from chainrule.checks.dual import RULES, dual_gradients
from chainrule.equations import ref
from chainrule.functions import FUNCTIONS
from chainrule.parsing import parse_program
from chainrule.program import Program


def gradient(text, *, name="x", directions=None, **arrays):
    given = {"x": ref("x", "n"), "w": ref("w", "n", "j"), "v": ref("v", "j"), "b": ref("b")}
    program = Program(tuple(given[key] for key in arrays), (), parse_program(text), {"n": "N", "j": 3, "k": 3})
    arrays = {key: np.asarray(value, float) for key, value in arrays.items()}
    rows = len(arrays["x"]) if "x" in arrays else len(arrays["w"]) if "w" in arrays else 1
    return dual_gradients(program, {**arrays, "N": rows}, (name,), directions)[name]


# Analytic functions: the imaginary part of f(x + ih) / h is the derivative to the last digit.
ANALYTIC = {
    "exp": np.exp,
    "expm1": lambda z: np.exp(z) - 1,
    "log": np.log,
    "log1p": lambda z: np.log(1 + z),
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "arctan": np.arctan,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "neg": lambda z: -z,
}


@pytest.mark.parametrize("name", ANALYTIC)
@given(st.lists(st.floats(0.05, 3), min_size=1, max_size=4))
def test_functions_of_one_value_equal_complex_steps(name, x):
    x = np.array(x)
    text = "E = sum(n, -x[n])" if name == "neg" else f"E = sum(n, {name}(x[n]))"
    step = 1e-40
    np.testing.assert_allclose(gradient(text, x=x), ANALYTIC[name](x + 1j * step).imag / step, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "x", "right"),
    [
        ("E = sum(n, erf(x[n]))", [0.5, -2], lambda x: 2 / np.sqrt(np.pi) * np.exp(-(x**2))),
        ("E = sum(n, abs(x[n]))", [2, -3, 0], lambda x: np.sign(x)),
        ("E = sum(n, sign(x[n]))", [2, -3, 0], lambda x: 0 * x),
        ("E = sum(n, relu(x[n]))", [2, -3, 0], lambda x: x > 0),
        ("E = sum(n, stop(x[n]) * x[n])", [2, -3], lambda x: x),
        ("E = sum(n, x[n]**3)", [2, -3, 0], lambda x: 3 * x**2),
        ("E = sum(n, x[n]**-2)", [2, -3], lambda x: -2 * x**-3.0),
        ("E = sum(n, 2**x[n])", [2, -3], lambda x: np.log(2) * 2.0**x),
        ("E = sum(n, x[n]**x[n])", [2, 0.5], lambda x: x**x * (np.log(x) + 1)),
        ("E = sum(n, 3 / x[n] - x[n] / 4)", [2, -3], lambda x: -3 / x**2 - 0.25),
        ("E = sum(n, maximum(x[n], 1))", [2, -3], lambda x: x > 1),
        ("E = sum(n, minimum(x[n], 1))", [2, -3], lambda x: x < 1),
        ("E = sum(n, where(x[n] > 0, x[n]**2, 5 * x[n]))", [2, -3, 0], lambda x: np.where(x > 0, 2 * x, 5)),
        ("E = sum(n, (x[n] > 0) * x[n])", [2, -3], lambda x: x > 0),
        ("E = sum(n, where(x[n] > 0, log(x[n]), x[n]))", [2, -3], lambda x: np.where(x > 0, 1 / np.abs(x), 1)),
        ("E = mean(n, x[n]) * N", [2, -3, 4], lambda x: 1 + 0 * x),
        ("E = max(n, x[n]**2)", [2, -3, 1], lambda x: np.where(np.abs(x) == 3, 2 * x, 0)),
        ("E = max(n, x[n])", [2, 2, 1], lambda x: (x == 2) / 2),
        ("E = sum(n, n * x[n])", [2, -3, 4], lambda x: np.arange(3)),
        ("E = sum(n, 7)", [2, -3], lambda x: 0 * x),
        ("m = mean(n, x[n])\nE = sum(n, (x[n] - m)**2)", [2, -3, 4], lambda x: 2 * (x - x.mean())),
    ],
)
def test_slopes_are_those_of_calculus(text, x, right):
    x = np.array(x, float)
    np.testing.assert_allclose(gradient(text, x=x), right(x), rtol=1e-13, atol=1e-15)


def test_comparisons_have_no_slope():
    for sign in ("<", "<=", ">", ">=", "==", "!="):
        assert not gradient(f"E = sum(n, x[n] {sign} 1)", x=[0.0, 1.0, 2.0]).any()


def test_every_function_of_the_language_has_a_rule_and_a_test():
    assert set(RULES) | {"stop"} == set(FUNCTIONS)


def test_arrays_of_two_indices_and_numbers():
    w, v = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0, 3.0])
    text = "z[n] = sum(j, w[n,j] * v[j]) + b\nE = sum(n, z[n]**2)"
    z = w @ v + 0.5
    np.testing.assert_allclose(gradient(text, name="w", w=w, v=v, b=0.5), 2 * np.outer(z, v))
    np.testing.assert_allclose(gradient(text, name="v", w=w, v=v, b=0.5), 2 * w.T @ z)
    found = gradient(text, name="b", w=w, v=v, b=0.5)
    assert found.shape == ()
    assert found == pytest.approx(2 * z.sum())


def test_an_element_may_be_chosen_by_a_number():
    np.testing.assert_array_equal(gradient("E = 3 * v[1] + v[2]**2", name="v", v=[1, 2, 5]), [0, 3, 10])


def test_along_a_direction_is_the_product_with_it():
    x, direction = np.array([0.3, 1.2]), np.array([2.0, -1.0])
    whole = gradient("E = sum(n, sin(x[n]) * x[n])", x=x)
    along = gradient("E = sum(n, sin(x[n]) * x[n])", x=x, directions={"x": direction})
    assert along == pytest.approx(whole @ direction, rel=1e-13)


def test_far_values_neither_overflow_nor_warn():
    far = np.array([-1000.0, 1000.0])
    for name, right in {
        "sigmoid": [0, 0],
        "softplus": [0, 1],
        "tanh": [0, 0],
        "erf": [0, 0],
        "arctan": [1e-6, 1e-6],
    }.items():
        np.testing.assert_allclose(gradient(f"E = sum(n, {name}(x[n]))", x=far), right, atol=1e-8)
    assert np.isinf(gradient("E = sum(n, exp(x[n]))", x=far)[1])
