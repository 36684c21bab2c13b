"""A table's columns as the inputs of a network, and its target column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from textwrap import shorten
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.errors import InputError, shown
from chainrule.styles import PLAIN, Style
from chainrule.tables import columns, targets
from chainrule.tables.columns import FEWEST_ROWS, ROLES, Category, Column, Date, Number
from chainrule.tables.counting import RowError
from chainrule.tables.targets import Target
from chainrule.tables.values import date_format

FARTHEST = 1e30
"""How many standard deviations from the mean an input may lie: beyond, float32 overflows."""

IDENTIFIER_NAME = re.compile(r"column \d+|(?i:index|(.*[\W_])?id)|.*[a-z](Id|ID)")


@dataclass(frozen=True)
class TableEncoder:
    """What turns the rows of a table into a network's inputs and targets, learned from the training rows.

    >>> frame = pl.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "price": [10.0, 20.0, 30.0, 45.5]})
    >>> frame, target = targets.recognise_target(frame, "price")
    >>> encoder = TableEncoder.fit(frame, target)
    >>> encoder.inputs(frame[:2])
    array([[-1.34...], [-0.44...]])
    >>> encoder == TableEncoder.from_dict(encoder.to_dict())
    True
    """

    columns: list[Column]
    target: Target
    left_out: dict[str, str]
    """The columns that are not used, each with the reason."""

    @classmethod
    def fit(cls, frame: pl.DataFrame, target: Target, style: Style = PLAIN) -> TableEncoder:
        """Learn from the training rows in `frame`, some or all of those that `recognise_target` returned.

        Raises InputError if no column but the target is of use.
        """
        used, left_out = fit_columns(frame.drop(target.name), style)
        if not used:
            reasons = _some([f"{shown(name)} ({reason})" for name, reason in left_out.items()])
            raise InputError(f"no column can predict {shown(target.name)}; left out: {reasons or 'there is no other'}")
        return cls(used, target.fit(frame[target.name]), left_out)

    @property
    def input_names(self) -> list[str]:
        """The names of the network's inputs, in order."""
        names = [name for column in self.columns for name in column.inputs]
        return [names[place] for place in self._order]

    @property
    def codes(self) -> list[int]:
        """The number of categories of each coded column: these are the first inputs."""
        return [len(column.places) for column in self.columns if isinstance(column, Category) and column.coded]

    @property
    def numbers(self) -> int:
        """How many of the following inputs are numbers."""
        return sum(column.roles.count("number") for column in self.columns)

    @cached_property
    def _order(self) -> list[int]:
        """The inputs, counted through the columns, in the order in which the network has them."""
        roles = [ROLES.index(role) for column in self.columns for role in column.roles]
        return sorted(range(len(roles)), key=roles.__getitem__)

    def places(self) -> dict[str, list[int]]:
        """Return for each column where its inputs are."""
        names = [column.name for column in self.columns for _ in column.inputs]
        found: dict[str, list[int]] = {column.name: [] for column in self.columns}
        for place, number in sorted(enumerate(self._order), key=itemgetter(1)):
            found[names[number]].append(place)
        return found

    def inputs(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Return a table's rows as inputs, shape (rows, len(input_names)); other columns are ignored.

        Raises InputError if a column is missing or holds something else than in training.
        """
        found = {column.name: column for column in frame}  # a frame finds a column by looking at each
        lacking = [shown(column.name) for column in self.columns if column.name not in found]
        if lacking:
            raise InputError(f"the table lacks columns that the model was trained on: {_some(lacking)}")
        with np.errstate(over="ignore"):
            x = np.concatenate([column.transform(found[column.name]) for column in self.columns], axis=1)
        x = x[:, self._order]
        if np.abs(x).max(initial=0) > FARTHEST:
            row, place = np.unravel_index(np.abs(x).argmax(), x.shape)
            name = next(name for name, places in self.places().items() if place in places)
            raise RowError(
                f"column {shown(name)} holds {shown(found[name][int(row)])} in",
                int(row),
                ", immensely far from the numbers in training",
            )
        return x

    def targets(self, frame: pl.DataFrame) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return the target column: class numbers, shape (rows,), or scaled numbers, shape (rows, 1)."""
        return self.target.encode(frame[self.target.name])

    def unseen(self, frame: pl.DataFrame) -> dict[str, list[str]]:
        """Return, for each category column, the values in it that training had not, or too rarely to tell apart."""
        found = {c.name: c.unseen(frame[c.name]) for c in self.columns if isinstance(c, Category)}
        return {name: values for name, values in found.items() if values}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        return {
            "columns": [columns.to_dict(column) for column in self.columns],
            "target": targets.to_dict(self.target),
            "left_out": self.left_out,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TableEncoder:
        """Return the encoder that `to_dict` made plain; raises InputError for a value that it cannot have."""
        left_out = data["left_out"]
        if not isinstance(left_out, dict) or not all(type(text) is str for pair in left_out.items() for text in pair):
            raise InputError(f"its table left out {shown(left_out)}")
        encoder = cls(list(map(columns.from_dict, data["columns"])), targets.from_dict(data["target"]), left_out)
        if not encoder.columns:
            raise InputError("its table has no columns")
        return encoder


def _some(names: list[str], most: int = 6) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def fit_columns(
    frame: pl.DataFrame, style: Style = PLAIN, repeats: NDArray[np.int64] | None = None
) -> tuple[list[Column], dict[str, str]]:
    """Return the columns that are of use with what they learn from the rows given, and the others with the reason.

    `repeats` says how often each row counts in what is learned; whether a column is of use the rows tell once each.
    """
    used: list[Column] = []
    left_out: dict[str, str] = {}
    for column in frame:
        reason = reason_to_leave_out(column)
        if reason:
            left_out[column.name] = reason
        else:
            rows = column if repeats is None else column.gather(np.repeat(np.arange(len(column)), repeats))
            used.append(fit_column(rows, style))
    return used, left_out


def fit_column(column: pl.Series, style: Style = PLAIN) -> Column:
    """Return the column's kind with what it learns from the rows given."""
    if column.dtype.is_numeric():
        return Number.fit(column, style)
    if column.dtype in (pl.Date, pl.Datetime) or (column.dtype == pl.String and date_format(column)):
        return Date.fit(column, style)
    return Category.fit(column, style)


def reason_to_leave_out(column: pl.Series) -> str | None:
    """Return why a column can teach a network nothing, or None."""
    present = column.drop_nulls()
    if not len(present):
        return "no values"
    if not column.dtype.is_numeric() and column.dtype not in (pl.String, pl.Boolean, pl.Date, pl.Datetime):
        return f"holds {column.dtype}"
    if column.n_unique() == 1:
        return f"always {shorten(str(present[0]), 30)}"
    if column.dtype == pl.String and not date_format(column):
        return _reason_against_texts(present)
    if column.dtype.is_integer() and present.n_unique() == len(column) and IDENTIFIER_NAME.fullmatch(column.name):
        return "numbers the rows"
    return None


def _reason_against_texts(present: pl.Series) -> str | None:
    if present.n_unique() > 0.9 * len(present):
        return "nearly every row has its own text"
    if max(present.value_counts()["count"]) < FEWEST_ROWS:
        return f"no text stands in {FEWEST_ROWS} rows"
    return None
