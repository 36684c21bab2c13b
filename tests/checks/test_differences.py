"""Finite differences against derivatives known in closed form, and the kinks they must see."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.checks.differences import Differences
from chainrule.equations import ref
from chainrule.parsing import parse_program
from chainrule.program import Program


def differences(text, **arrays):
    """Of a program in the vector x and the matrix w, whichever are given."""
    given = {"x": ref("x", "n"), "w": ref("w", "i", "j"), "b": ref("b")}
    sizes = {"n": "N", "i": 2, "j": 3}
    inputs = tuple(given[name] for name in arrays)
    arrays = {name: np.asarray(value, float) for name, value in arrays.items()}
    return Differences(Program(inputs, (), parse_program(text), sizes), {**arrays, "N": len(arrays.get("x", [0]))})


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("E = sum(n, x[n]**3)", lambda x: 3 * x**2),
        ("E = mean(n, sin(x[n]))", lambda x: np.cos(x) / 4),
        ("E = sum(n, exp(5 * x[n]))", lambda x: 5 * np.exp(5 * x)),
        ("E = sum(n, 1e-6 * x[n])", lambda x: np.full(4, 1e-6)),
        ("E = sum(n, x[n])**2", lambda x: np.full(4, 2 * x.sum())),
        ("E = max(n, x[n])", lambda x: (x == x.max()).astype(float)),
        ("E = sum(n, tanh(20 * x[n]))", lambda x: 20 / np.cosh(20 * x) ** 2),
    ],
)
def test_slopes_are_those_of_calculus(text, slope):
    x = np.array([0.3, -0.7, 1.1, 0.05])
    found, kinks = differences(text, x=x).gradient("x")
    np.testing.assert_allclose(found, slope(x), rtol=1e-8, atol=1e-10)
    assert not kinks.any()


def test_arrays_of_any_shape_keep_it_and_their_values():
    w = np.arange(6.0).reshape(2, 3)
    own = differences("E = sum(i, sum(j, w[i,j]**2)) + b", w=w, b=2.0)
    np.testing.assert_allclose(own.gradient("w")[0], 2 * w, rtol=1e-9, atol=1e-10)
    assert own.gradient("b")[0].shape == ()
    assert own.gradient("b")[0] == pytest.approx(1, rel=1e-9)
    np.testing.assert_array_equal(own.arrays["w"], w)


def test_a_direction_may_span_several_arrays():
    own = differences("E = sum(i, sum(j, w[i,j]**2)) * b", w=np.ones((2, 3)), b=2.0)
    found = own.along({"w": np.full((2, 3), 0.5), "b": np.array(1.0)})
    assert found.slope == pytest.approx(2 * 2 * 0.5 * 6 + 6, rel=1e-9)
    assert not found.kink


@pytest.mark.parametrize(
    "text",
    [
        "E = sum(n, relu(x[n]))",
        "E = sum(n, abs(x[n]))",
        "E = sum(n, where(x[n] > 0, x[n], 0.1 * x[n]))",
        "E = sum(n, maximum(x[n], 0))",
        "E = sum(n, minimum(0, x[n]))",
        "E = sum(n, sign(x[n]))",
        "a[n] = relu(x[n])\nE = sum(n, a[n])",
        "E = max(n, x[n] * (n < 2))",
    ],
)
def test_a_kink_in_between_is_seen_and_its_slope_not_told(text):
    found, kinks = differences(text, x=[0.0, 0.0, 1.0]).gradient("x")
    assert kinks.tolist()[1] is True
    assert math.isnan(found[1])


def test_a_kink_nearby_is_stepped_around():
    """At 1e-4 the long steps cross the kink and the short ones do not."""
    found, kinks = differences("E = sum(n, relu(x[n]))", x=[1e-4, -1e-4]).gradient("x")
    assert not kinks.any()
    np.testing.assert_allclose(found, [1, 0], atol=1e-9)


def test_a_kink_behind_a_stop_takes_no_part():
    found, kinks = differences("m = max(n, x[n])\nE = sum(n, x[n]**2) + 0 * stop(abs(m))", x=[0.0, 0.0]).gradient("x")
    assert not kinks.any()
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_equal_maxima_are_a_kink():
    _, kinks = differences("E = max(n, x[n])", x=[1.0, 1.0, 0.0]).gradient("x")
    assert kinks.tolist() == [True, True, False]
