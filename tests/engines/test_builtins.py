"""What generated source may call: on the machine as in Python, for infinity and NaN too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from both_ways import both_precisions, go, on_both, on_each
from calling import REALS

SPECIAL = [-np.inf, -2.5, -1.0, -0.25, 0.0, 0.25, 1.0, 2.5, np.inf, np.nan]
OF_ONE = (
    "relu",
    "sign",
    "square",
    "cube",
    "inverse",
    "abs",
    "ceil",
    "sqrt",
    "arctan",
    "erf",
    "real",
    "-",
)
OF_TWO = ("maximum(x, u)", "minimum(x, u)", "larger(x, u)", "choose(x < u, x, 1.0)", "choose(x, u, 0)", "power(x, u)")


def assert_close(source: str, precision: str, *arguments: Any) -> None:
    """Hold the last array to a few units in the last place: the C library's functions are no more exact."""
    (*_, found), (*_, expected) = on_each(source, precision, *arguments)
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(found.dtype).eps)


@both_precisions
@pytest.mark.parametrize("name", OF_ONE)
def test_builtins_of_one_number_for_infinity_and_nan_too(precision, name):
    loop = f"for k in range(n):\n    out[k] = {name}(x[k])"
    x = np.array(SPECIAL, REALS[precision])
    assert_close(go("x: Reals, out: Reals, n: int", loop), precision, x, np.empty_like(x), len(x))


@both_precisions
@pytest.mark.parametrize(
    "text", [*OF_TWO, *(f"choose(x {sign} u, 1, 0)" for sign in ("<", "<=", ">", ">=", "==", "!="))]
)
def test_builtins_of_two_numbers_for_infinity_and_nan_too(precision, text):
    loop = f"for k in range(n):\n    x, u = a[k], b[k]\n    out[k] = {text}"
    a, b = (np.array(grid.ravel(), REALS[precision]) for grid in np.meshgrid(SPECIAL, SPECIAL))
    assert_close(go("a: Reals, b: Reals, out: Reals, n: int", loop), precision, a, b, np.empty_like(a), len(a))


@both_precisions
def test_a_computed_place_is_held_within_its_size(precision):
    x = np.array([-np.inf, -3.0, -0.5, 0.0, 0.9, 2.0, 3.99, 4.0, 1e30, np.inf, np.nan], REALS[precision])
    loop = "for k in range(n):\n    out[k] = real(within(x[k], size))"
    (_, found) = on_both(go("x: Reals, out: Reals, n: int, size: int", loop), precision, x, np.empty_like(x), len(x), 4)
    assert found.tolist() == [0, 0, 0, 0, 0, 2, 3, 3, 3, 3, 0]


@both_precisions
def test_bits_of_a_number_and_back(precision):
    body = """
    for k in range(n):
        out[k] = from_bits((bits(x[k]) ^ 1) + 2)
    """
    x = np.array([1.5, -0.1, 1e-30, 3e30], REALS[precision])
    on_both(go("x: Reals, out: Reals, n: int", body), precision, x, np.empty_like(x), len(x))
