"""The sigmoid looked up in a table, for one value at a time.

Where a network is so small that each step waits for the one before, the time of a function is the length of its chain
of operations. A polynomial of low degree, its coefficients found by the place of the argument, has half as many as an
exponential and a division. Vectors cannot look up as fast, so that larger networks compute.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial, chebyshev

from chainrule.engines.library import rounding

TABLE = "sigmoid_table"
# The table goes from minus to plus this, with so many polynomials for each unit, of so high a degree.
_MOST, _PER_UNIT, _DEGREES = 16, 16, {"single": 3, "double": 7}
# Those for arguments below 0 stand at its end, so that the lowest bits of a whole number are its place.
_PLACES = 2 * _MOST * _PER_UNIT

_FUNCTION = """
@exact
def sigmoid_by_table(x: real) -> real:
    value = real(0)
    if x > -{most} and x < {most}:
        rounded = x * {per_unit}.0 + {magic}  # a whole number, in the lowest bits: that of the nearest polynomial
        f = x - (rounded - {magic}) * {width}
        at = int(bits(rounded) & {mask}) * 2
        {squares}
        value = {polynomial}
    else:
        value = sigmoid(x)
    return value
"""


@cache
def sigmoid_by_table(precision: str) -> str:
    """Return the source of the function, for "single" or "double"."""
    count = _DEGREES[precision] + 1
    # Pairs, pairs of pairs and so on, so that chains of operations are short (Estrin).
    terms = [f"{TABLE}[at + {k // 2 * 2 * _PLACES + k % 2}]" for k in range(count)]
    squares, power = [], "f"
    while len(terms) > 1:
        terms = [f"({one} + {two} * {power})" for one, two in zip(terms[::2], terms[1::2], strict=True)]
        squares.append(f"{power}{power} = {power} * {power}")
        power += power
    return _FUNCTION.format(
        most=_MOST - 1 / _PER_UNIT,
        per_unit=_PER_UNIT,
        magic=rounding(precision),
        width=1 / _PER_UNIT,
        mask=_PLACES - 1,
        squares="\n        ".join(squares[:-1]),
        polynomial=terms[0],
    )


@cache
def table(precision: str) -> Any:
    """Return the coefficients of the polynomials: the lowest two of each, then the next two, and so on."""
    centres = np.roll(np.arange(-_PLACES // 2, _PLACES // 2), _PLACES // 2) / _PER_UNIT
    values = 1 / (1 + np.exp(-centres))
    degree, half = _DEGREES[precision], 0.5 / _PER_UNIT
    # The series of Taylor, some terms longer; its tail is spread over the interval (Lanczos' economisation).
    derivative, term, terms = Polynomial([0, 1, -1]), Polynomial([0, 1]), []
    for k in range(degree + 5):
        terms.append(term(values) * half**k)
        term = term.deriv() * derivative / (k + 1)
    terms[0] = np.zeros_like(values)  # the values come last, so that they are rounded once
    found = np.transpose(terms) @ _matrix(chebyshev.poly2cheb, degree + 5)
    found = found[:, : degree + 1] @ _matrix(chebyshev.cheb2poly, degree + 1) / half ** np.arange(degree + 1)
    found[:, 0] += values
    pairs = found.reshape(_PLACES, -1, 2).transpose(1, 0, 2)
    return np.ascontiguousarray(pairs, np.float32 if precision == "single" else np.float64)


def _matrix(change: Any, count: int) -> Any:
    """Return what a change of basis makes of each basis polynomial, row by row."""
    return np.array([np.pad(change([0] * k + [1]), (0, count - 1 - k)) for k in range(count)])
