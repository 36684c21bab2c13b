"""The rows of a table as inputs, targets and weights; which are held out, and which fold each is in."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.cli.screen import count
from chainrule.errors import InputError, shown, unknown
from chainrule.tables import Classes
from chainrule.tables.values import numbers

if TYPE_CHECKING:
    import polars as pl

    from chainrule.tables.targets import Target

FEWEST_ROWS = 10
PART = 0.2
"""The part of all rows that is held out."""
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Rows:
    """Rows to train with or to score on.

    `y` are the places of classes among the labels of the target, or its numbers; `places` where the rows stand in their
    table, from 0; `weights` are None for 1 everywhere.
    """

    frame: pl.DataFrame
    y: NDArray[Any]
    places: Places
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, places: Places) -> Rows:
        """Return some of the rows."""
        weights = None if self.weights is None else self.weights[places]
        return Rows(self.frame[places], self.y[places], self.places[places], weights)


def rows_of(labelled: pl.DataFrame, target: Target, weights: str | None, places: Places | None = None) -> Rows:
    """Return rows that all have a target and a weight.

    `weights` is the column of the weights, and `places` is where the rows stand in their table, None for all of it.
    """
    y = np.ravel(target.encode(labelled[target.name]))
    frame = labelled.drop(target.name)
    places = np.arange(len(y)) if places is None else places
    return Rows(frame, y, places) if weights is None else Rows(frame.drop(weights), y, places, numbers(frame[weights]))


def places_with_weight(frame: pl.DataFrame, weights: str | None) -> Places:
    """Return the places of the rows whose weight is not 0: the others are as if they were not there."""
    return np.arange(len(frame)) if weights is None else np.flatnonzero(numbers(frame[weights]))


def of_use(weights: object) -> str:
    """Return which rows can be trained with, in words; `weights` are None where there are none."""
    return "with a target" if weights is None else "with a target and a weight above 0"


def check_weights(frame: pl.DataFrame, name: str, target: str) -> None:
    """Raise InputError unless a column of a table holds numbers from 0 on, without gaps and not all 0."""
    if name not in frame.columns:
        raise unknown("column", name, frame.columns)
    if name == target:
        raise InputError(f"--weights and --target are the same column {shown(name)}: name two columns")
    values = numbers(frame[name])
    wrong = ~(values >= 0)
    if wrong.any():
        row = int(wrong.argmax())
        found = "none" if np.isnan(values[row]) else f"{values[row]:g}"
        raise InputError(
            f"column {shown(name)} must hold a weight of at least 0 for each row, but row {row + 1} has {found}"
        )
    if not values.any():
        raise InputError(f"column {shown(name)} gives each row the weight 0: there is nothing to learn from")


def check_count(rows: Rows) -> None:
    """Raise InputError if there are fewer than 10 rows."""
    if len(rows) < FEWEST_ROWS:
        raise InputError(
            f"{count(len(rows), 'row')} {of_use(rows.weights)}: training needs at least {FEWEST_ROWS}, "
            "since some are held out to score the network"
        )


def split(rows: Rows, target: Target, seed: int) -> tuple[Rows, Rows]:
    """Return the rows to train with and a fifth to score on, chosen by the seed, both in the order of the table.

    Classes have the same share in each where they can; the only row of a class is one to train with.
    """
    from sklearn.model_selection import train_test_split

    places, alone, strata = np.arange(len(rows)), np.zeros(len(rows), bool), None
    if isinstance(target, Classes):
        counts = np.bincount(rows.y)
        alone = counts[rows.y] == 1
        strata = rows.y[~alone] if np.count_nonzero(counts > 1) <= int(PART * np.count_nonzero(~alone)) else None
    kept, cut = train_test_split(places[~alone], test_size=PART, random_state=seed % 2**32, stratify=strata)
    return rows.take(np.sort(np.concatenate([kept, places[alone]]))), rows.take(np.sort(cut))


def check_folds(folds: int, rows: Rows) -> None:
    """Raise InputError for more folds than rows."""
    if folds > len(rows):
        raise InputError(f"--folds must be at most {len(rows)}, the rows {of_use(rows.weights)}, not {folds}")


def folds(rows: Rows, target: Target, number: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows to train with and to score on, `number` times, so that each row is scored on once."""
    from sklearn.model_selection import KFold, StratifiedKFold

    by_class = isinstance(target, Classes) and np.bincount(rows.y).max() >= number
    splitter = (StratifiedKFold if by_class else KFold)(number, shuffle=True, random_state=seed % 2**32)
    with warnings.catch_warnings(action="ignore"):  # a class of fewer rows than folds is not in each of them
        parts = list(splitter.split(np.zeros(len(rows)), rows.y))
    for kept, cut in parts:
        yield rows.take(kept), rows.take(cut)
