"""What students hand in: numbers by name, from a mapping or from a CSV file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.diagnosis.printed import COMMENT, Printed, printed, sheet
from chainrule.errors import InputError, shown, unknown

LEAST_DIGITS = 3
"""So many significant digits a number must have; with fewer it says too little to be right."""
_MOST_DIGITS = 10  # of the number of an exercise


@dataclass(frozen=True)
class Given(Printed):
    """A number as it was written."""

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

    def begins(self, right: float) -> bool:
        """Tell whether the digits that there are, however few, are those of the `right` number, rounded or cut off.

        >>> number("z", "-0.3").begins(-0.3133), number("z", "-0.4").begins(-0.3133)
        (True, False)
        """
        off = abs(self.value - right)
        cut_off = abs(self.value) <= abs(right) and self.value * right >= 0 and off < self.unit
        return off <= self.half_unit * (1 + 1e-9) or cut_off


def number(name: str, given: object) -> Given | None:
    """Return a number as it was given, or None for a blank or a masked element.

    Text may have a comma or a point for the decimals. Raises `InputError` for what is no number.

    >>> number("z_h1", "0,5933").value, number("z_h1", " ")
    (0.5933, None)
    """
    found = None if given is np.ma.masked else printed(name, given)
    return Given(found.text, found.value, found.half_unit) if found else None


@dataclass(frozen=True)
class Answers:
    """What a CSV file has: answers by the number of their exercise, and the options of the command that made it."""

    by_exercise: dict[int, dict[str, Any]]
    options: dict[str, str]


def read(path: str | Path) -> Answers:
    """Return the answers in a CSV file with the columns name and value, by the number of their exercise.

    Without a column exercise all are of number 1. Raises `InputError` for a file or columns that do not fit.
    """
    whole = sheet(path)
    found: dict[int, dict[str, Any]] = {}
    for row in whole.rows:
        answers = found.setdefault(1 if row.exercise is None else _exercise(path, row.exercise), {})
        if row.name in answers:
            raise InputError(f"{path} has {shown(row.name)} twice: give each number once")
        answers[row.name] = row.value
    if not found:
        raise InputError(f"{path} is empty: it has no answers")
    return Answers(found, options_in(whole.comments))


def comment(options: Mapping[str, object]) -> str:
    """Return the line of a file that says by which options of `exercise` it was made.

    >>> comment({"layers": "2-2-1", "seed": 7})
    '# chainrule exercise --layers 2-2-1 --seed 7'
    """
    return f"{COMMENT} {_COMMAND} " + " ".join(f"--{name} {value}" for name, value in options.items())


def options_in(comments: Iterable[str]) -> dict[str, str]:
    """Return the options that `comment` wrote.

    >>> options_in(["chainrule exercise --layers 2-2-1 --seed 7"])
    {'layers': '2-2-1', 'seed': '7'}
    """
    written = next((line for line in comments if line.startswith(_COMMAND)), "")
    return dict(_OPTION.findall(written))


_COMMAND = "chainrule exercise"
_OPTION = re.compile(r"--([a-z]+) (\S+)")


def _exercise(path: str | Path, given: object) -> int:
    text = str(given).removesuffix(".0")
    if not (text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS and int(text) > 0):
        raise InputError(f"the column exercise of {path} must hold whole numbers from 1 on, not {shown(given)}")
    return int(text)


def matched(answers: Mapping[str, Any], names: Iterable[str]) -> dict[str, Given]:
    """Return the numbers that were answered under the `names` of the sheet; blanks are left out.

    Raises `InputError` for an unknown name, for a number that is given twice, and for what is no number.

    >>> matched({"dE / dw1": 0.25, "E": ""}, ["dE/dw1", "E"])
    {'dE/dw1': Given(text='0.25', value=0.25, half_unit=0.005)}
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
