"""Numbers that are another quantity, or off by one digit: what happens when figures are copied by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from chainrule.diagnosis.calculation import Array
from chainrule.diagnosis.matching import Numbers, enough
from chainrule.diagnosis.reading import element
from chainrule.diagnosis.report import ROUNDING_UNITS, Misprint

MOST_WRONG = 3
"""Where more numbers are wrong, a mistake of copying is no explanation."""
_MOST_ELEMENTS = 2_000
_MOST_DIGITS = 12
_POWERS = 3
_CHANGES = 2 * _POWERS + 1


def misprints(numbers: Numbers, arrays: Mapping[str, Array]) -> tuple[Misprint, ...]:
    """Return an explanation for each wrong number, or nothing if there is one without."""
    wrong = np.flatnonzero(numbers.wrong)
    if len(wrong) > MOST_WRONG:
        return ()
    found = [_misprint(numbers, int(place), arrays) for place in wrong]
    return tuple(one for one in found if one) if all(found) else ()


def _misprint(numbers: Numbers, place: int, arrays: Mapping[str, Array]) -> Misprint | None:
    value, tolerance, right = numbers.values[place], numbers.tolerance[place], numbers.right[place]
    name = numbers.label(place)
    if not math.isfinite(value):
        return None
    if abs(value - right) <= ROUNDING_UNITS * 2 * tolerance:
        return None  # rounding on the way explains that as well
    decimals = max(0, -math.floor(math.log10(2.0001 * tolerance)))
    printed = f"{value:.{decimals}f}"
    elements = list(_elements(arrays))
    worth = math.log2(1 + abs(value - right) / tolerance)
    for change, wrong in _changes(float(right)):
        if abs(wrong - value) <= tolerance and enough(worth, _CHANGES):
            written = f"{right:.{decimals + _POWERS}f}".rstrip("0") if change == "point" else f"{right:.{decimals}f}"
            return Misprint(name, printed, name, written, change)
    for meant, other in elements:
        if abs(other - value) <= tolerance and enough(worth, len(elements)):
            return Misprint(name, printed, meant, f"{other:.{decimals}f}")
    for meant, other, tried in [(name, float(right), 1), *((*pair, len(elements)) for pair in elements)]:
        written = f"{other:.{decimals}f}"
        digits = len(printed.lstrip("-0.").replace(".", ""))
        if digits > _MOST_DIGITS:
            return None
        # One digit of so many, changed to one of nine others, gives about nine times as many figures.
        worth = math.log2(10.0**digits / (9 * max(1, digits)))
        if _one_digit_apart(printed, written) and enough(worth, tried):
            return Misprint(name, printed, meant, written, "digit")
    return None


def _changes(right: float) -> Iterator[tuple[Literal["point", "sign"], float]]:
    """Yield what a number becomes by its sign turned, and by its decimal point moved."""
    yield "sign", -right
    for power in range(1, _POWERS + 1):
        yield "point", right * 10.0**power
        yield "point", right / 10.0**power


def _elements(arrays: Mapping[str, Array]) -> Iterator[tuple[str, float]]:
    if sum(np.size(array) for array in arrays.values()) <= _MOST_ELEMENTS:
        for name, array in arrays.items():
            for place, value in enumerate(np.ravel(array)):
                yield element(name, place, np.shape(array)), float(value)


def _one_digit_apart(printed: str, meant: str) -> bool:
    """Tell whether one digit was changed, left out, or added; the last is then rounded.

    >>> _one_digit_apart("0.000433568", "0.000438568"), _one_digit_apart("1.1059059067", "1.1059059674")
    (True, True)
    """
    if printed == meant:
        return False
    if len(printed) == len(meant) and sum(a != b for a, b in zip(printed, meant, strict=True)) == 1:
        return True
    added = any(_begins(printed[:i] + printed[i + 1 :], meant) for i in range(len(printed)) if printed[i].isdigit())
    return added or any(_begins(meant[:i] + meant[i + 1 :], printed) for i in range(len(meant)) if meant[i].isdigit())


def _begins(shorter: str, longer: str) -> bool:
    """Tell whether two figures are the same up to the end of the shorter, whose last digit may be rounded."""
    return longer.startswith(shorter[:-1]) and len(shorter) <= len(longer)
