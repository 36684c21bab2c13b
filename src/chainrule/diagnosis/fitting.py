"""One value found by division from somebody's numbers: a factor, a learning rate, the strength of a penalty.

A value of few digits is more plausible than one of many, and finding it in the numbers takes from what their match is
worth: of d significant digits, there are 9 * 10**(d - 1) values to each power of ten.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.diagnosis.calculation import Array
from chainrule.equations import Const, Expr
from chainrule.simplify import ONE

if TYPE_CHECKING:
    from chainrule.diagnosis.matching import Mask, Numbers

_MOST_DIGITS = 9
_POWERS_AND_SIGN = 5.0
"""Bits: the power of ten and the sign."""
# 0.3 and 0.0125 come before 1/3 and 1/80, and these before 0.333333.
_WAYS = [
    *((digits, False) for digits in range(1, 5)),
    *((digits, True) for digits in range(1, 3)),
    *((digits, False) for digits in range(5, _MOST_DIGITS + 1)),
]


@dataclass(frozen=True)
class Evidence:
    """Somebody's numbers, the arrays of the right calculation, and those that it starts from."""

    numbers: Numbers
    right: Mapping[str, Array]
    start: Mapping[str, Array]
    steps: int

    def of(self, arrays: Mapping[str, Array]) -> Array:
        """Return the numbers of some arrays that stand where the given ones do, of others the right ones."""
        return self.numbers.pick({**self.right, **arrays})

    def at(self, names: set[str]) -> Mask:
        """Tell which given numbers are wrong and of one of these arrays."""
        numbers = self.numbers
        mine = np.concatenate([np.full(part.values.size, part.name in names) for part in numbers.parts])
        return mine & numbers.wrong


@dataclass(frozen=True)
class Fitted:
    """A value as it is written, as an expression, and how many bits it took to choose it."""

    text: str
    expr: Expr
    number: float
    freedom: float


def fitted(evidence: Evidence, chosen: Mask, difference: Array, unit: Array) -> Fitted | None:
    """Return the value of the fewest digits for which ``difference = value * unit``, told by the most exact number.

    Only numbers that are `chosen` count; None where there are none.
    """
    with np.errstate(all="ignore"):
        values = difference / unit
        doubts = np.abs(evidence.numbers.tolerance / unit)
        exact = np.where(chosen & np.isfinite(values) & (values != 0), doubts / np.abs(values), np.inf)
    place = int(np.argmin(exact)) if exact.size else 0
    if not exact.size or exact[place] >= 1:
        return None
    value, doubt = float(values[place]), float(doubts[place])
    for digits, inverse in _WAYS:
        short = float(f"{1 / value if inverse else value:.{digits - 1}e}")
        if abs((1 / short if inverse else short) - value) <= doubt:
            freedom = _POWERS_AND_SIGN + math.log2(9 * 10 ** (digits - 1))
            if inverse:
                return Fitted(f"1/{short:g}", ONE / Const(short), 1 / short, freedom)
            return Fitted(f"{short:.{_MOST_DIGITS}g}", Const(short), short, freedom)
    return Fitted(f"{value:.{_MOST_DIGITS}g}", Const(value), value, _POWERS_AND_SIGN + math.log2(9 * 10**_MOST_DIGITS))
