"""Somebody's numbers: arrays or numbers by name, or the text of a CSV file, each with how exactly it is known."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.diagnosis.calculation import Array, magnitude
from chainrule.errors import InputError, shown

FULL_DIGITS = 9
"""Significant digits in which float64 numbers of two programs should agree."""
SINGLE_DIGITS = 6
"""The same for float32."""
FEWEST_DECIMALS = 3
"""An array of few numbers may hold 0.5 and mean it; it is not taken for rounded to one decimal."""
_PRINTED = 8  # a number with more significant digits was not rounded for printing
_FROM_A_COMPUTER = 13  # text with so many digits is what a program writes for all that it knows
_LOOKED_AT = 200
_ELEMENT = re.compile(r"\s*([^\[\]]+?)\s*(?:\[\s*([\d\s,]*)\s*\])?\s*")


@dataclass(frozen=True)
class Part:
    """Numbers that were given for one array: at which of its elements (flat), and half a unit of the last digit."""

    name: str
    places: npt.NDArray[np.intp]
    values: Array
    half_units: Array
    single: bool = False


Shapes = Mapping[str, tuple[int, ...]]


def read(
    theirs: Mapping[str, Any] | str | Path, shapes: Shapes, digits: int | None, names: Mapping[str, str]
) -> list[Part]:
    """Return what was given, checked against the arrays that there are.

    Raises `InputError` for a name that is none of them, a shape that does not fit, what is no number, and where
    nothing is left to compare.
    """
    printed = not isinstance(theirs, Mapping)
    entries = _from_csv(theirs) if isinstance(theirs, str | Path) else theirs
    if not isinstance(entries, Mapping):
        raise InputError(f"the numbers are a mapping of names to arrays, or a CSV of name,value; not {shown(theirs)}")
    exact = printed and any(len(Decimal(v).as_tuple().digits) >= _FROM_A_COMPUTER for v in entries.values())
    parts = []
    for key, given in entries.items():
        if given is None:
            continue
        name, place = _element(key, shapes, names)
        if printed:
            values, half = _from_text(given, exact, digits)
            part = _part(key, name, place, np.array(values), shapes, lambda _, half=half: np.array([half]))
        else:
            part = _from_array(key, name, place, given, shapes, digits)
        if part.values.size:
            parts.append(part)
    if not parts:
        raise InputError("there are no numbers to compare: give at least one, such as d_w1 or d_w1[0,0]")
    return parts


def _element(key: object, shapes: Shapes, names: Mapping[str, str]) -> tuple[str, tuple[int, ...] | None]:
    """Return the array that a name means and the element, or None for all of it."""
    from chainrule.errors import unknown

    if not isinstance(key, str):
        raise InputError(f"a number is given by its name in the equations, such as 'd_w1', not by {shown(key)}")
    meant = names.get(key.strip(), key)
    match = _ELEMENT.fullmatch(meant)
    if not match or match[1] not in shapes:
        raise unknown("name", key, [*shapes, *names])
    name, shape = match[1], shapes[match[1]]
    if match[2] is None:
        return name, None
    place = tuple(int(part) for part in match[2].split(",") if part.strip())
    if len(place) != len(shape) or any(at >= size for at, size in zip(place, shape, strict=True)):
        raise InputError(f"{key} is no element of {name}, which has shape {shape} and counts from 0")
    return name, place


def _part(
    key: str, name: str, place: tuple[int, ...] | None, array: Any, shapes: Shapes, half: Any, single: bool = False
) -> Part:
    """Return the numbers of one entry that are given, NaN standing for what is not."""
    shape = shapes[name]
    wanted = () if place is not None else shape
    one_of_one = array.size == 1 and int(np.prod(wanted, dtype=int)) == 1
    if array.shape != wanted and not one_of_one:
        hint = "; transpose it" if array.shape == wanted[::-1] else ""
        raise InputError(f"{key} must have shape {wanted}, not {array.shape}{hint}")
    values = array.astype(np.float64).ravel()
    if np.isinf(values).any():
        raise InputError(f"{key} must be finite numbers, but holds {values[np.isinf(values)][0]}")
    given = ~np.isnan(values)
    first = int(np.ravel_multi_index(place, shape)) if place else 0
    places = np.arange(values.size) + first
    return Part(name, places[given], values[given], half(array)[given], single)


# Arrays


def _from_array(
    key: str, name: str, place: tuple[int, ...] | None, given: Any, shapes: Shapes, digits: int | None
) -> Part:
    array = _as_array(key, given)
    single = array.dtype.itemsize <= 4 and array.dtype.kind == "f"
    return _part(key, name, place, array, shapes, lambda a: _half_units(a, single, digits), single)


def _as_array(key: str, given: Any) -> npt.NDArray[Any]:
    if hasattr(given, "detach"):  # PyTorch refuses to turn what takes part in derivatives into an array
        given = given.detach().cpu()
    try:
        array = np.asarray(given)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)  # None becomes NaN
    except (TypeError, ValueError):
        raise InputError(f"{key} must be numbers, not {shown(given)}") from None
    if array.dtype.kind not in "fiu":
        raise InputError(f"{key} must be numbers, not {shown(given)}")
    return array


def _half_units(array: npt.NDArray[Any], single: bool, digits: int | None) -> Array:
    """Return half a unit of the last digit of each number, told by the digits that all of them have."""
    values = array.ravel()
    fixed = digits or _DEFAULT[single]
    by_digits = 0.5 * 10.0 ** (magnitude(values) - fixed + 1)
    by_digits = np.where(values == 0, 0.0, by_digits)
    given = values[np.isfinite(values)][:_LOOKED_AT]
    if digits or not given.size:
        return by_digits
    decimals, significant = (max(column) for column in zip(*map(_count, given), strict=True))
    if significant > (_PRINTED if not single else SINGLE_DIGITS - 1):
        return by_digits
    # Rounded to decimals or to significant digits: what was not meant gives the smaller unit nearly everywhere.
    by_decimals = 0.5 * 10.0 ** -max(decimals, FEWEST_DECIMALS)
    by_significant = 0.5 * 10.0 ** (magnitude(values) - max(significant, FEWEST_DECIMALS) + 1)
    return np.asarray(np.maximum(by_decimals, by_significant))


_DEFAULT = {False: FULL_DIGITS, True: SINGLE_DIGITS}


def _count(value: Any) -> tuple[int, int]:
    """Return how many decimals and how many significant digits it takes to write a number."""
    # What arithmetic leaves in the last digits of a rounded float64, as in 0.33287999999999995, is no digit.
    text = f"{value:.{_FROM_A_COMPUTER - 1}g}" if value.dtype.itemsize == 8 else str(value)
    written = Decimal(text).normalize().as_tuple()
    assert isinstance(written.exponent, int)
    return max(0, -written.exponent), len(written.digits)


# Text


def _from_csv(given: str | Path) -> dict[str, str]:
    """Return the printed numbers by name, of the text of a CSV or of a file."""
    text = str(given)
    if isinstance(given, Path) or "\n" not in text:
        text = _file(given)
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if any(cell.strip() for cell in row)]
    entries: dict[str, str] = {}
    for number, row in enumerate(rows):
        name, value = ",".join(row[:-1]).strip(), row[-1].strip()
        if number == 0 and (name.lower(), value.lower()) == ("name", "value"):
            continue
        if not name:
            raise InputError(f"a row of the numbers reads name,value, as in d_b1[0],0.0822; not {shown(','.join(row))}")
        if name in entries:
            raise InputError(f"{shown(name)} is given twice")
        if value and value.lower() != "nan":
            entries[name] = _number(name, value)
    return entries


def _file(path: str | Path) -> str:
    from chainrule.models import existing

    try:
        return existing(path, "CSV").read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a CSV of name,value: {error}") from None


def _number(name: str, value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InputError(f"{name} must be a number, not {shown(value)}") from None
    if not number.is_finite():
        raise InputError(f"{name} must be a finite number, not {value}")
    return value


def _from_text(value: str, exact: bool, digits: int | None) -> tuple[float, float]:
    """Return a printed number and half a unit of its last digit."""
    number = float(value)
    if exact or digits:
        return number, float(_half_units(np.array([number]), False, digits or FULL_DIGITS)[0])
    exponent = Decimal(value).as_tuple().exponent
    assert isinstance(exponent, int)
    return number, 0.5 * 10.0**exponent


def element(name: str, place: int, shape: Iterable[int]) -> str:
    """Return how an element is written.

    >>> element("d_w1", 3, (2, 2)), element("E", 0, ())
    ('d_w1[1,1]', 'E')
    """
    shape = tuple(shape)
    at = ",".join(str(int(index)) for index in np.unravel_index(place, shape)) if shape else ""
    return f"{name}[{at}]" if shape else name
