"""A row of a table: which smallest changes of which columns change what a model makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from chainrule.inputs.search import MOST_BUDGET
from chainrule.inputs.smallest import smallest
from chainrule.inputs.table_row import TableRow
from chainrule.ranges import check_number
from chainrule.tables import Category, Date, Number, TableEncoder
from chainrule.tables.values import numbers, texts

if TYPE_CHECKING:
    from chainrule.models import Model
    from chainrule.network import Network

BUDGET = 6.0
"""How far a row may be moved, in the scales that the model has for its columns: of most, standard deviations."""
_MOST_SHOWN = 3


@dataclass(frozen=True)
class Change:
    """A column's value before and after."""

    column: str
    before: float | str
    after: float | str

    def __str__(self) -> str:
        before, after = (_written(value) if isinstance(value, float) else value for value in (self.before, self.after))
        return f"{self.column} were {after} instead of {before}"


def _written(value: float) -> str:
    """Return a number with the fewest digits that tell it from its neighbours: 1700000000059, 0.1, 1e-05."""
    return repr(value).removesuffix(".0")


@dataclass(frozen=True)
class RowChange:
    """What a model takes a row for, and the changes that make it something else.

    `truth` is what the table itself says of the row, None if it says nothing. `numbers` are the smallest changes found
    of as few columns of numbers as possible, in the table's own units; empty if there are none within the budget.
    `tried` says whether any column of numbers could change at all.
    `categories` are columns of which another value, alone, does it, each with the value that makes the new answer
    surest, and that answer; the surest come first. `kept` names the columns that were not tried. Row counts from 1.
    """

    row: int
    label: str
    probability: float
    truth: str | None
    answer: str | None
    numbers: tuple[Change, ...]
    categories: tuple[tuple[Change, str], ...]
    kept: tuple[str, ...]
    tried: bool = True

    def __str__(self) -> str:
        truth = "as the table says" if self.truth == self.label else f"but the table says {self.truth}"
        said = f"Row {self.row} is taken for {self.label} ({self.probability:.1%})"
        said += f", {truth}" * (self.truth is not None)
        if self.numbers:
            said += f"; it would be {self.answer} if {_listed(list(map(str, self.numbers)), 'and')}"
        elif self.tried:
            said += "; no change of its numbers within the range of the training and the budget changes that"
        elif not self.categories:
            said += "; nothing that was tried changes that"
        # What was not tried matters to who was told of no change; else it would be longer than the answer.
        untried = f"Not tried: {', '.join(self.kept)}" if self.kept and not self.numbers else ""
        return ". ".join(part for part in (said, self._categories(), untried) if part) + "."

    def _categories(self) -> str:
        if not self.categories:
            return ""
        shown = self.categories[:_MOST_SHOWN]
        answers = {answer for _, answer in shown}
        if len(answers) == 1:
            each = f"{answers.pop()} {_listed([f'if {change}' for change, _ in shown], 'or')}"
        else:
            each = _listed([f"{answer} if {change}" for change, answer in shown], "or")
        more = len(self.categories) - len(shown)
        return f"One category alone would make it {each}{f'; {more} more could do so too' if more else ''}"


def change_row(
    model: Model | Network,
    encoder: TableEncoder,
    frame: pl.DataFrame,
    row: int,
    *,
    budget: float = BUDGET,
    **settings: Any,
) -> RowChange:
    """Find the smallest changes of a table's row after which a model takes it for another class.

    First each column of numbers alone: it is scanned for the value nearest to its own at which the answer changes, at
    1,000 values evenly spaced and up to 1,000 of the table's own, then ever closer around the first change. Of the
    columns that have such a value the one is taken that has least to change. If none has, `fool` moves all of them in
    the norm "2" on the scaled inputs; of those that it moves most, as few as do are moved again, and each change is
    then taken back as far as the others leave it to spare.

    What the model takes a row for is what `Model.predict` says of it, of an ensemble by all networks and with the
    temperature. Where `fool` follows derivatives, those of each network lead in turn, and the nearest row is taken that
    changes what the whole model says.

    Numbers stay within the range that they had in training, whole ones whole. A category has nothing between its
    values, so it is never moved by a derivative: each other value is tried as a whole. Dates, and numbers that are
    missing, stay.

    Parameters
    ----------
    model : whose target is classes; or a network, which is a model of a single one.
    encoder : how it reads tables.
    frame : the table, as `tables.read` gives it.
    row : which, from 1.
    budget : in the scales that the model has for its columns (standard deviations; of robust ones, distances of the
        quartiles), default 6. How far several columns are moved is the root of the sum of their squares.
    settings : of `fool`, such as method and steps.

    Raises `InputError` for what does not fit.
    """
    check_number("the budget", budget, above=0, below=MOST_BUDGET)
    asked = TableRow(model, encoder, frame, row)
    found = smallest(asked, budget, settings)
    after = {free.name: [value] for free, value in found.items()}
    return RowChange(
        row,
        asked.labels[asked.now],
        float(asked.probabilities({})[0, asked.now]),
        asked.truth,
        asked.labels[asked.answers(after)[0]] if found else None,
        tuple(Change(free.name, free.value, value) for free, value in found.items()),
        _categories(asked),
        _kept(asked),
        bool(asked.free),
    )


def _categories(asked: TableRow) -> tuple[tuple[Change, str], ...]:
    found = []
    for column in asked.encoder.columns:
        if not isinstance(column, Category):
            continue
        series = asked.values[column.name]
        before = "a missing value" if series[0] is None else str(texts(series)[0])
        others = [value for value in column.values if value != before]
        chances = asked.probabilities({column.name: others}) if others else np.zeros((0, len(asked.labels)))
        flips = chances.argmax(axis=1) != asked.now
        if flips.any():
            best = int(np.where(flips, chances.max(axis=1), 0).argmax())
            answer = int(chances[best].argmax())
            change = Change(column.name, before, others[best])
            found.append((chances[best, answer], (change, asked.labels[answer])))
    return tuple(pair for _, pair in sorted(found, key=lambda one: -one[0]))


def _kept(asked: TableRow) -> tuple[str, ...]:
    free = {one.name for one in asked.free}
    kept = []
    for column in asked.encoder.columns:
        if isinstance(column, Date):
            kept.append(f"{column.name} (a date)")
        elif isinstance(column, Number) and column.name not in free:
            is_missing = np.isnan(numbers(asked.values[column.name])[0])
            kept.append(f"{column.name} ({'missing' if is_missing else 'its range is not known'})")
    return tuple(kept)


def _listed(parts: Sequence[str], last: str) -> str:
    """Return parts as a list in words."""
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
