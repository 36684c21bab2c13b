"""Somebody's numbers: arrays or numbers by name, or the text of a CSV file, each with how exactly it is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.diagnosis.calculation import Array, magnitude
from chainrule.diagnosis.printed import Printed, printed, sheet
from chainrule.errors import InputError, shown, unknown

FULL_DIGITS = 9
"""Significant digits in which float64 numbers of two programs should agree."""
SINGLE_DIGITS = 6
"""The same for float32."""
FEWEST_DECIMALS = 3
"""An array of few numbers may hold 0.5 and mean it; it is not taken for rounded to one decimal."""
_FROM_A_COMPUTER = 13  # so many digits are what a program writes for all that it knows
_LOOKED_AT = 200
_HALF_OF_ONE = 0.5  # half a unit of a number without decimals
_ELEMENT = re.compile(r"\s*([^\[\]]+?)\s*(\[[^\[\]]*\])?\s*")
_PLACE = re.compile(r"\[\s*([0-9]{1,9}(?:\s*,\s*[0-9]{1,9})*)?\s*\]")


@dataclass(frozen=True)
class Part:
    """Numbers that were given for one array: at which of its elements (flat), and half a unit of the last digit.

    `alias` is the name that they were given by, if it is one of their own; `decimals` is how many all of them have,
    where they are so few that the numbers are taken as exact.
    """

    name: str
    places: npt.NDArray[np.intp]
    values: Array
    half_units: Array
    single: bool = False
    alias: str = ""
    decimals: int | None = None


Shapes = Mapping[str, tuple[int, ...]]


def read(
    theirs: Mapping[str, Any] | str | Path,
    shapes: Shapes,
    digits: int | None,
    names: Mapping[str, str],
    single: bool = False,
) -> list[Part]:
    """Return what was given, checked against the arrays that there are.

    Not given are None, masked elements, and blanks of a CSV; NaN and infinities are numbers like others. All are known
    no better than float32, if the network is of `single` precision. Raises `InputError` for a name that is none of
    them, a shape that does not fit, what is no number, and where nothing is left to compare.
    """
    for meant in names.values():
        _check_target(meant, shapes)
    entries = _from_csv(theirs) if isinstance(theirs, str | Path) else theirs
    if not isinstance(entries, Mapping):
        raise InputError(f"the numbers are a mapping of names to arrays, or a CSV of name,value; not {shown(theirs)}")
    texts = {key: printed(str(key), given) for key, given in entries.items() if isinstance(given, str)}
    exact = any(text.digits >= _FROM_A_COMPUTER for text in texts.values() if text)
    parts = []
    for key, given in entries.items():
        if given is None or (isinstance(given, str) and texts[key] is None):
            continue
        entry = _entry(key, shapes, names)
        text = texts.get(key)
        if text:
            half = np.array([_half_unit(text, exact, digits, single)])
            parts.append(_part(entry, np.ma.array(text.value), half, shapes, single))
        else:
            parts.append(_from_array(entry, given, shapes, digits, single))
    parts = [part for part in parts if part.values.size]
    if digits is None:
        parts = _zeros_as_their_array(parts)
    if not parts:
        raise InputError("there are no numbers to compare: give at least one, such as d_w1 or d_w1[0,0]")
    return parts


@dataclass(frozen=True)
class _Entry:
    """The name that was given, the array that it means, the element, or None for all of it, and a name of their own."""

    key: str
    name: str
    place: tuple[int, ...] | None
    alias: str = ""


def _entry(key: object, shapes: Shapes, names: Mapping[str, str]) -> _Entry:
    if not isinstance(key, str):
        raise InputError(f"a number is given by its name in the equations, such as 'd_w1', not by {shown(key)}")
    meant = names.get(key.strip(), key)
    alias = key.strip() if key.strip() in names else ""
    match = _ELEMENT.fullmatch(meant)
    if not match or match[1] not in shapes:
        raise unknown("name", key, {*shapes, *names})
    name, shape = match[1], shapes[match[1]]
    return _Entry(key, name, _place_in(key, match, shape), alias)


def _place_in(key: str, match: re.Match[str], shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the place of an element, or None for a whole array; raises `InputError` where there is none."""
    if match[2] is None:
        return None
    written = _PLACE.fullmatch(match[2])
    place = tuple(int(part) for part in (written[1] or "").split(",") if part) if written else None
    if place is None or len(place) != len(shape) or any(at >= size for at, size in zip(place, shape, strict=True)):
        raise InputError(f"{key} is no element of {match[1]}, which has shape {shape} and counts from 0")
    return place


def _part(
    entry: _Entry,
    array: np.ma.MaskedArray[Any, Any],
    half_units: Array,
    shapes: Shapes,
    single: bool = False,
    decimals: int | None = None,
) -> Part:
    """Return the numbers of one entry that are given, which are those that are not masked."""
    key, name, place = entry.key, entry.name, entry.place
    shape = shapes[name]
    wanted = () if place is not None else shape
    one_of_one = array.size == 1 and int(np.prod(wanted, dtype=int)) == 1
    if array.shape != wanted and not one_of_one:
        hint = "; transpose it" if array.shape == wanted[::-1] else ""
        raise InputError(f"{key} must have shape {wanted}, not {array.shape}{hint}")
    values = np.asarray(array.data, np.float64).ravel()
    given = ~np.ma.getmaskarray(array).ravel()
    first = int(np.ravel_multi_index(place, shape)) if place else 0
    places = np.arange(values.size) + first
    return Part(name, places[given], values[given], half_units[given], single, entry.alias, decimals)


# Arrays


def _from_array(entry: _Entry, given: Any, shapes: Shapes, digits: int | None, single: bool) -> Part:
    array = _as_array(entry.key, given)
    single = single or (array.dtype.itemsize <= 4 and array.dtype.kind == "f")
    counted = _digits_of(array.compressed())
    few = digits is None and 0 < counted[0] < FEWEST_DECIMALS
    half_units = _half_units(array.data, counted, single, digits)
    if array.dtype == np.float16:  # which has fewer digits than it is written with
        half_units = np.maximum(half_units, np.spacing(np.abs(array.data)).ravel().astype(np.float64))
    return _part(entry, array, half_units, shapes, single, counted[0] if few else None)


def _as_array(key: str, given: Any) -> np.ma.MaskedArray[Any, Any]:
    """Return numbers of any framework as an array in which None is masked."""
    if hasattr(given, "detach"):  # PyTorch refuses to turn what takes part in derivatives into an array
        given = given.detach().cpu()
    try:
        held = given if isinstance(given, np.ma.MaskedArray) else np.asarray(given)
        mask, array = np.ma.getmaskarray(held), np.asarray(held)
        if array.dtype.kind == "O":
            mask = mask | np.array([value is None for value in array.ravel()], bool).reshape(array.shape)
            array = np.where(mask, np.nan, array).astype(np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise InputError(f"{key} must be numbers, not {shown(given)}") from None
    if array.dtype.kind not in "fiu":
        raise InputError(f"{key} must be numbers, not {shown(given)}")
    return np.ma.array(array, mask=mask)


def _half_units(array: npt.NDArray[Any], counted: tuple[int, int], single: bool, digits: int | None) -> Array:
    """Return half a unit of the last digit of each number, told by the digits that all of them have.

    A 0 is exact but where others have decimals.
    """
    values = np.asarray(array, np.float64).ravel()
    by_digits = _half_units_of_digits(values, digits or _DEFAULT[single])
    decimals, significant = counted
    if digits:
        # Where no number has more decimals than that, it may be these that were meant.
        return np.asarray(np.maximum(by_digits, 0.5 * 10.0**-digits) if decimals <= digits else by_digits)
    if significant == 0:
        return by_digits
    # Rounded to decimals or to significant digits: what was not meant gives the smaller unit nearly everywhere, and
    # of numbers that were not rounded both do.
    by_decimals = np.where((values == 0) & (decimals == 0), 0.0, 0.5 * 10.0 ** -max(decimals, FEWEST_DECIMALS))
    by_significant = _half_units_of_digits(values, max(significant, FEWEST_DECIMALS))
    return np.asarray(np.maximum(by_digits, np.maximum(by_decimals, by_significant)))


def _half_units_of_digits(values: npt.NDArray[Any], digits: int) -> Array:
    return np.where(values == 0, 0.0, 0.5 * 10.0 ** (magnitude(values) - digits + 1))


_DEFAULT = {False: FULL_DIGITS, True: SINGLE_DIGITS}


def _digits_of(values: npt.NDArray[Any]) -> tuple[int, int]:
    """Return how many decimals and how many significant digits it takes to write the numbers; a 0 tells nothing."""
    given = values[np.isfinite(values) & (values != 0)]
    if given.size > _LOOKED_AT:
        given = given[np.linspace(0, given.size - 1, _LOOKED_AT).astype(int)]
    if not given.size:
        return 0, 0
    decimals, significant = (max(column) for column in zip(*map(_count, given), strict=True))
    return decimals, significant


def _count(value: Any) -> tuple[int, int]:
    """Return how many decimals and how many significant digits it takes to write a number."""
    # What arithmetic leaves in the last digits of a rounded float64, as in 0.33287999999999995, is no digit.
    text = f"{value:.{_FROM_A_COMPUTER}g}" if value.dtype.itemsize >= 8 else str(value)
    written = Decimal(text).normalize().as_tuple()
    assert isinstance(written.exponent, int)
    return max(0, -written.exponent), len(written.digits)


# Text


def _from_csv(given: str | Path) -> dict[str, str]:
    """Return the printed numbers by name, of the text of a CSV or of a file."""
    entries: dict[str, str] = {}
    for row in sheet(given).rows:
        if row.name in entries:
            raise InputError(f"{shown(row.name)} is given twice")
        entries[row.name] = row.value
    return entries


def _half_unit(number: Printed, exact: bool, digits: int | None, single: bool) -> float:
    by_digits = float(_half_units_of_digits(np.array([number.value]), digits or _DEFAULT[single])[0])
    if exact or digits:
        return by_digits
    if number.value == 0 and number.half_unit >= _HALF_OF_ONE:
        return 0.0  # 0 without decimals
    return max(number.half_unit, by_digits) if single else number.half_unit


def _zeros_as_their_array(parts: list[Part]) -> list[Part]:
    """Return the parts with each 0 that was given alone as exact as the numbers of its array are at most.

    Where none of them has decimals it stays exact.
    """
    finest: dict[str, float] = {}
    for part in parts:
        units = part.half_units[(part.values != 0) & (part.half_units < _HALF_OF_ONE)]
        if units.size:
            finest[part.name] = min(float(units.min()), finest.get(part.name, _HALF_OF_ONE))
    return [
        replace(part, half_units=np.array([finest[part.name]]))
        if part.values.size == 1 and part.values[0] == 0 and part.half_units[0] == 0 and part.name in finest
        else part
        for part in parts
    ]


def _check_target(meant: str, shapes: Shapes) -> None:
    """Raise `InputError` unless a name of their own stands for an array or an element of one."""
    match = _ELEMENT.fullmatch(meant)
    if not match or match[1] not in shapes:
        raise unknown("element", meant, shapes)
    _place_in(meant, match, shapes[match[1]])


def element(name: str, place: int, shape: Iterable[int]) -> str:
    """Return how an element is written.

    >>> element("d_w1", 3, (2, 2)), element("E", 0, ())
    ('d_w1[1,1]', 'E')
    """
    shape = tuple(shape)
    at = ",".join(str(int(index)) for index in np.unravel_index(place, shape)) if shape else ""
    return f"{name}[{at}]" if shape else name
