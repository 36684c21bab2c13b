"""Printed numbers: how exactly one is known, and the CSV files that hold them by name.

What is not given is empty (or the blank of a sheet, ``____``). A NaN or an infinity that stands there is given, and is
no right number.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import InputError, shown

EXERCISE, NAME, VALUE = "exercise", "name", "value"
COMMENT = "#"
_NUMBER = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,9}))?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_SEPARATORS = ";\t|,"
_LEAST_POWER, _MOST_POWER = -300, 308  # beyond them a power of ten is no float64


@dataclass(frozen=True)
class Printed:
    """A number as it was written, with a point for its decimals, known to `half_unit` of its last digit."""

    text: str
    value: float
    half_unit: float

    @property
    def unit(self) -> float:
        """One more in the last digit."""
        return 2 * self.half_unit

    @property
    def digits(self) -> int:
        """How many digits it was written with, zeros in front left out."""
        return len(re.sub("[^0-9]", "", re.split("[eE]", self.text)[0]).lstrip("0"))


def printed(name: str, given: object) -> Printed | None:
    """Return a number as it was given, or None for a blank.

    Text may have a comma or a point for the decimals. Raises `InputError` for what is no number.

    >>> printed("z_h1", "0,5933").value, printed("z_h1", " "), printed("z_h1", "nan").value
    (0.5933, None, nan)
    """
    if isinstance(given, Real) and not isinstance(given, bool):
        return _of_number(name, given)
    if given is None or (isinstance(given, str) and not given.strip(" _")):
        return None
    text = str(given).strip().replace("−", "-").replace(",", ".", 1)
    if _NOT_FINITE.fullmatch(text):
        return Printed(text, float(text), 0.0)
    found = _NUMBER.fullmatch(text)
    if isinstance(given, bool) or not found:
        raise InputError(f"{name} must be a number such as -0.1234, not {shown(given)}")
    sign, digits, power = found.groups()
    exponent = int(power or 0)
    value = float(f"{sign}{digits}e{exponent}")
    if not math.isfinite(value):
        raise _too_large(name, given)
    last = min(max(exponent - len(digits.partition(".")[2]), _LEAST_POWER), _MOST_POWER)
    return Printed(text, value, 0.5 * 10.0**last)


def _of_number(name: str, given: Real) -> Printed | None:
    """Return a number as its own kind is written: float32 and float16 have fewer digits than float64."""
    short = isinstance(given, np.floating) and given.dtype.itemsize < 8
    try:
        found = printed(name, str(given) if short else repr(float(given)))
    except OverflowError:
        raise _too_large(name, given) from None
    if short and found and math.isfinite(found.value):
        return replace(found, half_unit=max(found.half_unit, float(np.spacing(np.abs(np.asarray(given)))) / 2))
    return found


def _too_large(name: str, given: object) -> InputError:
    return InputError(f"{name} must be a finite number, not {shown(given)}, which is more than float64 can hold")


@dataclass(frozen=True)
class Row:
    """A name and the text of its value, and of which exercise, if the file has such a column."""

    name: str
    value: str
    exercise: str | None = None


@dataclass(frozen=True)
class Sheet:
    """The rows of a CSV, and the comments before them."""

    rows: tuple[Row, ...]
    comments: tuple[str, ...] = ()


def sheet(given: str | Path) -> Sheet:
    """Return the rows of the text of a CSV, or of a file: with the columns name and value, or these two and no header.

    Cells are separated by commas, semicolons, tabs or bars; a name such as ``d_w1[0,2]`` needs no quotes. Lines before
    the rows that begin with # are comments. Raises `InputError` for a file or columns that do not fit.

    >>> sheet("name;value\\nd_w1[0,2];0,0822\\n").rows
    (Row(name='d_w1[0,2]', value='0,0822', exercise=None),)
    """
    is_file = isinstance(given, Path) or not ("\n" in given or "\r" in given)
    where = str(given) if is_file else "the CSV"
    lines = (_content(given) if is_file else str(given).removeprefix("\ufeff")).splitlines(keepends=True)
    comments: list[str] = []
    while lines and (not lines[0].strip() or lines[0].lstrip('" ').startswith(COMMENT)):
        comments.append(lines.pop(0).strip().strip('",;').lstrip(f"{COMMENT} "))
    cells = _cells(where, "".join(lines), next((s for s in _SEPARATORS if lines and s in lines[0]), ","))
    header = _header(where, cells)
    columns, rows = (header, cells[1:]) if header else ([NAME, VALUE], cells)
    return Sheet(tuple(_row(where, columns, row) for row in rows), tuple(filter(None, comments)))


def _content(path: str | Path) -> str:
    from chainrule.files import existing

    try:
        return existing(path, "CSV").read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} cannot be read as a CSV of name,value: it is not UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read as a CSV of name,value: {error.strerror or error}") from None


def _cells(where: str, text: str, separator: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise InputError(f"{where} cannot be read as a CSV of name,value: {error}") from None
    return [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]


def _header(where: str, cells: list[list[str]]) -> list[str]:
    """Return the names of the columns, if the first row has them: it does where it ends in no number."""
    first = cells[0] if cells else ["", ""]
    lowered = [cell.lower() for cell in first]
    if {NAME, VALUE} <= set(lowered) and len(set(lowered)) == len(lowered):
        return lowered
    try:
        printed(where, first[-1])
    except InputError:
        raise InputError(
            f"{where} must have the columns name and value (and exercise, where there are several), "
            f"not {shown(', '.join(first))}"
        ) from None
    return []


def _row(where: str, columns: list[str], cells: list[str]) -> Row:
    place, more = columns.index(NAME), len(cells) - len(columns)
    if more > 0:  # commas in a name without quotes
        cells = [*cells[:place], ",".join(cells[place : place + more + 1]), *cells[place + more + 1 :]]
    row: dict[str, Any] = dict(zip(columns, cells, strict=False))
    if more < 0 or not row[NAME]:
        written = shown(",".join(cells))
        raise InputError(f"a row of {where} reads name,value, as in d_b1[0],0.0822, with a name; not {written}")
    return Row(row[NAME], row[VALUE], row.get(EXERCISE))
