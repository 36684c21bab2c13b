"""A row of a table: which smallest changes of which columns change what a model makes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.data import FloatArray
from chainrule.errors import InputError, shown
from chainrule.inputs import asking
from chainrule.inputs.fooling import fool
from chainrule.tables import Category, Classes, Date, Number, TableEncoder
from chainrule.tables.values import numbers, texts

if TYPE_CHECKING:
    from chainrule.network import Network

BUDGET = 6.0
"""How far a row may be moved, in standard deviations of its columns."""
_MOST_DIGITS = 12
_MOST_SHOWN = 3


@dataclass(frozen=True)
class Change:
    """A column's value before and after."""

    column: str
    before: float | str
    after: float | str

    def __str__(self) -> str:
        before, after = (f"{value:.12g}" if isinstance(value, float) else value for value in (self.before, self.after))
        return f"{self.column} were {after} instead of {before}"


@dataclass(frozen=True)
class RowChange:
    """What a model takes a row for, and the changes that make it something else.

    `numbers` are the smallest changes found of as few columns of numbers as possible, in the table's own units;
    empty if there are none within the budget. `categories` are columns of which another value, alone, does it, each
    with the value that makes the new answer surest, and that answer; the surest come first. `kept` says why other
    columns were left as they are. Row counts from 1.
    """

    row: int
    label: str
    probability: float
    answer: str | None
    numbers: tuple[Change, ...]
    categories: tuple[tuple[Change, str], ...]
    kept: str

    def __str__(self) -> str:
        said = [f"Row {self.row} is taken for {self.label} ({self.probability:.1%})"]
        if self.numbers:
            said[0] += f"; it would be {self.answer} if {_listed(list(map(str, self.numbers)), 'and')}"
        else:
            said[0] += "; no change of its numbers within the table's range and the budget changes that"
        if self.categories:
            each = [f"{answer} if {change}" for change, answer in self.categories[:_MOST_SHOWN]]
            more = len(self.categories) - len(each)
            each += [f"something else by {more} more column{'s' * (more > 1)}"] if more else []
            said.append(f"A category alone would make it {_listed(each, 'or')}")
        return ". ".join([*said, *([self.kept] if self.kept else [])]) + "."


def change_row(
    net: Network, encoder: TableEncoder, frame: pl.DataFrame, row: int, *, budget: float = BUDGET, **settings: Any
) -> RowChange:
    """Find the smallest changes of a table's row after which a model takes it for another class.

    First each column of numbers alone, by `fool` in the norm "2" on the scaled inputs; if none is enough, the columns
    that the smallest change of all of them moves most, as few as do. Numbers stay within the range of the table, whole
    ones whole. A category has nothing between its values, so it is never moved by a derivative: each other value is
    tried as a whole. Dates, and numbers that are missing, stay.

    Parameters
    ----------
    net, encoder : of a model file whose target is classes.
    frame : the table, as `tables.read` gives it.
    row : which, from 1.
    budget : in standard deviations of the columns, default 6.
    settings : of `fool`, such as method and steps.

    Raises `InputError` for what does not fit.
    """
    if not isinstance(encoder.target, Classes):
        raise InputError(f"{shown(encoder.target.name)} is a number, not a class: there is no answer that could change")
    if not 1 <= row <= len(frame):
        raise InputError(f"the row must be from 1 to {len(frame)}, the rows of the table, not {row}")
    return _Finder(net, encoder, frame, row).run(budget, settings)


@dataclass(frozen=True)
class _Free:
    """A column of numbers that may change: its place among the inputs, its value, its range, whether it is whole."""

    column: Number
    place: int
    value: float
    low: float
    high: float
    is_whole: bool


class _Finder:
    def __init__(self, net: Network, encoder: TableEncoder, frame: pl.DataFrame, row: int):
        self.net, self.encoder, self.row = net, encoder, row
        assert isinstance(encoder.target, Classes)
        self.labels = [str(label) for label in encoder.target.labels]
        self.part = frame[[row - 1]]
        self.origin = encoder.inputs(self.part)
        self.now = int(asking.answers(net, self.origin)[0])
        self.free = self._free(frame)

    def run(self, budget: float, settings: Mapping[str, Any]) -> RowChange:
        changes = self._numbers(budget, settings) if self.free else ()
        answer = self.labels[self._answer({change.column: change.after for change in changes})] if changes else None
        chance = float(asking.probabilities(self.net.predict(self.origin))[0, self.now])
        return RowChange(self.row, self.labels[self.now], chance, answer, changes, self._categories(), self._kept())

    def _free(self, frame: pl.DataFrame) -> list[_Free]:
        places, free = self.encoder.places(), []
        for column in self.encoder.columns:
            if isinstance(column, Number):
                every = numbers(frame[column.name])
                value, every = float(every[self.row - 1]), every[~np.isnan(every)]
                if not math.isnan(value) and every.min() < every.max():
                    is_whole = bool((every == np.round(every)).all())
                    place = places[column.name][0]
                    free.append(_Free(column, place, value, float(every.min()), float(every.max()), is_whole))
        return free

    def _numbers(self, budget: float, settings: Mapping[str, Any]) -> tuple[Change, ...]:
        alone = np.eye(len(self.free), dtype=np.bool_)
        singles = self._fool(alone, budget, settings)
        order = np.argsort(np.where(singles.success, singles.distance, np.inf))
        for which in order[: singles.success.sum()]:
            if found := self._rounded(singles.x[which], alone[which]):
                return found
        together = self._fool(np.ones((1, len(self.free)), np.bool_), budget, settings)
        if not together.success[0]:
            return ()
        moved = np.abs((together.x - self.origin)[0, [free.place for free in self.free]])
        ranks = np.argsort(np.argsort(-moved))
        most = np.array([ranks < count for count in range(2, len(self.free) + 1)])
        several = self._fool(most, budget, settings)
        for which in np.flatnonzero(several.success):
            if found := self._rounded(several.x[which], most[which]):
                return found
        return ()

    def _fool(self, chosen: npt.NDArray[np.bool_], budget: float, settings: Mapping[str, Any]) -> Any:
        """Fool the model with a row for each line of `chosen`, in which only the columns it names may change."""
        x = np.repeat(self.origin, len(chosen), axis=0)
        low, high = x.copy(), x.copy()
        for number, free in enumerate(self.free):
            own = free.column
            low[chosen[:, number], free.place] = min(own.input_of(free.low), self.origin[0, free.place])
            high[chosen[:, number], free.place] = max(own.input_of(free.high), self.origin[0, free.place])
        return fool(self.net, x, budget=budget, norm="2", bounds=(low, high), **settings)

    def _rounded(self, x: FloatArray, chosen: npt.NDArray[np.bool_]) -> tuple[Change, ...]:
        """Return the changes with as few digits as still change the answer, rounded away from the old values."""
        columns = [free for free, one in zip(self.free, chosen, strict=True) if one]
        targets = {free: free.column.value_of(x[free.place]) for free in columns}
        for digits in range(3, _MOST_DIGITS + 1):
            values = {free: _away(free.value, target, digits, free.is_whole) for free, target in targets.items()}
            after = {free.column.name: value for free, value in values.items() if value != free.value}
            if after and self._answer(after) != self.now:
                return tuple(Change(free.column.name, free.value, value) for free, value in values.items()
                             if value != free.value)  # fmt: skip
        return ()

    def _answer(self, after: Mapping[str, float | str]) -> int:
        """Return the class of the row with some values changed."""
        return int(self._probabilities(after).argmax())

    def _probabilities(self, after: Mapping[str, float | str]) -> FloatArray:
        """Return the probabilities of the row with some values changed, read as the table would be."""
        changed = self.part.with_columns(pl.Series(name, [value]) for name, value in after.items())
        chances: FloatArray = asking.probabilities(self.net.predict(self.encoder.inputs(changed)))[0]
        return chances

    def _categories(self) -> tuple[tuple[Change, str], ...]:
        found = []
        for column in self.encoder.columns:
            if not isinstance(column, Category) or not column.values:
                continue
            series = self.part[column.name]
            before = "a missing value" if series[0] is None else str(texts(series)[0])
            others = [value for value in column.values if value != before]
            chances = np.array([self._probabilities({column.name: value}) for value in others])
            flips = chances.argmax(axis=1) != self.now if others else np.zeros(0, np.bool_)
            if flips.any():
                best = int(np.where(flips, chances.max(axis=1, initial=0), 0).argmax())
                answer = int(chances[best].argmax())
                change = Change(column.name, before, others[best])
                found.append((chances[best, answer], (change, self.labels[answer])))
        return tuple(pair for _, pair in sorted(found, key=lambda one: -one[0]))

    def _kept(self) -> str:
        free = {one.column.name for one in self.free}
        dates = [column.name for column in self.encoder.columns if isinstance(column, Date)]
        gaps = [one.name for one in self.encoder.columns if isinstance(one, Number) and one.name not in free]
        said = []
        if any(isinstance(column, Category) for column in self.encoder.columns):
            said.append("categories are only ever changed as a whole, since nothing lies between two of them")
        if dates:
            said.append(f"dates stay ({', '.join(dates)}), since their parts belong together")
        if gaps:
            said.append(f"missing and constant numbers stay ({', '.join(gaps)})")
        text = "; ".join(said)
        return text[:1].upper() + text[1:]


def _listed(parts: Sequence[str], last: str) -> str:
    """Return parts as a list in words."""
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _away(value: float, target: float, digits: int, is_whole: bool) -> float:
    """Return `target` with so many digits, rounded away from `value`; a whole number is rounded to one."""
    if is_whole:
        return float(math.ceil(target) if target > value else math.floor(target))
    if target == value:
        return value
    size = 10.0 ** (math.floor(math.log10(abs(target - value))) - digits + 1)
    steps = (target - value) / size
    start = round(value / size) * size
    moved = start + (math.ceil(steps) if steps > 0 else math.floor(steps)) * size
    return float(f"{moved:.{_MOST_DIGITS}g}")
