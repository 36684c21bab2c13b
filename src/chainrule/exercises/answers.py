"""What students hand in: numbers by name, from a mapping or from a CSV file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from chainrule.errors import InputError, shown, unknown

EXERCISE, NAME, VALUE = "exercise", "name", "value"
LEAST_DIGITS = 3
"""So many significant digits a number must have; with fewer it says too little to be right."""
_MOST_DIGITS = 10  # of the number of an exercise
_NUMBER = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,3}))?")


@dataclass(frozen=True)
class Given:
    """A number as it was written, with a point for its decimals; `unit` is one more in its last digit."""

    text: str
    value: float
    unit: float

    def allowance(self, right: float) -> float:
        """Return by how much the number may differ from the `right` one: rounded or cut off at its last digit.

        >>> number("z", "0.5933").allowance(0.59327) == 1e-4
        True
        """
        size = max(abs(self.value), abs(right))
        if not 0 < size < math.inf:
            return self.unit if size else 0.0
        most = 10.0 ** (math.floor(math.log10(size)) - LEAST_DIGITS + 1)
        return min(self.unit, most)


def number(name: str, given: object) -> Given | None:
    """Return a number as it was given, or None for a blank.

    Text may have a comma or a point for the decimals. Raises `InputError` for what is no number.

    >>> number("z_h1", "0,5933").value, number("z_h1", " ")
    (0.5933, None)
    """
    if isinstance(given, Real) and not isinstance(given, bool):
        given = repr(float(given))
    if given is None or (isinstance(given, str) and not given.strip(" _")):
        return None
    text = str(given).strip().replace("−", "-").replace(",", ".", 1)
    found = _NUMBER.fullmatch(text)
    if isinstance(given, bool) or not found:
        raise InputError(f"{name} must be a number such as -0.1234, not {shown(given)}")
    sign, digits, power = found.groups()
    exponent = int(power or 0)
    value = float(f"{sign}{digits}e{exponent}")
    if not math.isfinite(value):
        raise InputError(f"{name} must be a finite number, not {shown(given)}")
    return Given(text, value, 10.0 ** max(exponent - len(digits.partition(".")[2]), -300))


def read(path: str | Path) -> dict[int, dict[str, Any]]:
    """Return the answers in a CSV file with the columns name and value, by the number of their exercise.

    Without a column exercise all are of number 1. Raises `InputError` for a file or columns that do not fit.
    """
    from chainrule.tables.reading import read as read_table

    frame = read_table(path)
    columns = {column.strip().lower(): column for column in frame.columns}
    if len(columns) < len(frame.columns) or not {NAME, VALUE} <= columns.keys():
        raise InputError(f"{path} must have the columns name and value (and exercise, where there are several), "
                         f"not {shown(', '.join(frame.columns))}")  # fmt: skip
    exercises = frame[columns[EXERCISE]].to_list() if EXERCISE in columns else [1] * len(frame)
    names, values = (frame[columns[column]].to_list() for column in (NAME, VALUE))
    found: dict[int, dict[str, Any]] = {}
    for which, name, value in zip(exercises, names, values, strict=True):
        if name is None:
            if value is None:  # a blank line
                continue
            raise InputError(f"{path} has {shown(value)} without a name")
        answers = found.setdefault(_exercise(path, which), {})
        if str(name) in answers:
            raise InputError(f"{path} has {shown(name)} twice: give each number once")
        answers[str(name)] = value
    return found


def _exercise(path: str | Path, given: object) -> int:
    text = str(given).removesuffix(".0")
    if not (text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS and int(text) > 0):
        raise InputError(f"the column exercise of {path} must hold whole numbers from 1 on, not {shown(given)}")
    return int(text)


def matched(answers: Mapping[str, Any], names: Iterable[str]) -> dict[str, Given]:
    """Return the numbers that were answered under the `names` of the sheet; blanks are left out.

    Raises `InputError` for an unknown name, for a number that is given twice, and for what is no number.

    >>> matched({"dE / dw1": 0.25, "E": ""}, ["dE/dw1", "E"])
    {'dE/dw1': Given(text='0.25', value=0.25, unit=0.01)}
    """
    if not isinstance(answers, Mapping):
        raise InputError(f"answers are numbers by name, as {{'E': 0.1234}}, or a CSV file, not {shown(answers)}")
    plain = {_plain(name): name for name in names}
    seen: dict[str, Given | None] = {}
    for given, value in answers.items():
        name = plain.get(_plain(given)) if isinstance(given, str) else None
        if name is None:
            raise unknown("name of a number", given, plain.values())
        if name in seen:
            raise InputError(f"{name} is given twice: give each number once")
        seen[name] = number(name, value)
    return {name: one for name, one in seen.items() if one}


def _plain(name: str) -> str:
    """Return a name without what spreadsheets and people change in it."""
    return "".join(name.split()).replace("∂", "d").lower()
