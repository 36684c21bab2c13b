"""The tables of a training: the rows to learn from, and those of another table to validate with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule import tables
from chainrule.cli.heldout import Places, Rows, check_count, check_weights, of_use, places_with_weight, rows_of
from chainrule.cli.packing import fingerprint
from chainrule.errors import InputError, shown
from chainrule.tables import Classes
from chainrule.tables.counting import RowError, counted
from chainrule.tables.values import typed

if TYPE_CHECKING:
    from chainrule.tables import TableEncoder
    from chainrule.tables.targets import Target


@dataclass(frozen=True)
class Labelled:
    """A table with a target.

    Parameters
    ----------
    path : its file.
    frame : all of it.
    labelled : the rows of it with a target.
    target : what it is.
    rows : those with a target and a weight other than 0.
    weights : the column of weights; None if there is none.
    """

    path: Path
    frame: pl.DataFrame
    labelled: pl.DataFrame
    target: Target
    rows: Rows
    weights: str | None


def read(path: Path, target: str, weights: str | None) -> Labelled:
    """Return a table to learn from; raises InputError for what does not fit."""
    frame = tables.read(path)
    if weights is not None:
        check_weights(frame, weights, target)
    places = places_with_weight(frame, weights)
    with counted(places):
        recognised, kind = tables.recognise_target(frame[places], target)
    present = _present(frame, target)
    rows = rows_of(recognised, kind, weights, places[present[places]])
    check_count(rows)
    return Labelled(path, frame, frame.filter(present), kind, rows, weights)


def _present(frame: pl.DataFrame, target: str) -> NDArray[np.bool_]:
    """Tell of each row whether it has a target."""
    return typed(frame[target]).is_not_null().to_numpy()


def read_validation(path: Path, data: Labelled, encoder: TableEncoder, known: Rows) -> Rows:
    """Return the rows of another table to validate with.

    Raises InputError for a table that lacks a column or has the rows to train with, and for a class that is not among
    the rows `known` from training. A column that `encoder` left out may be missing.
    """
    try:
        frame = _with_columns(tables.read(path), data, encoder)
        places = _places(frame, data)
        with counted(places):
            part = frame[places]
            part = part.with_columns(_read_target(data.target, part[data.target.name]))
            encoder.inputs(part)
        _refuse_same(frame, data, encoder)
        rows = rows_of(part, data.target, data.weights, places)
        if isinstance(data.target, Classes):
            _refuse_classes(rows, data.target, known)
    except InputError as error:
        sentence = str(error)
        raise error if str(path) in sentence else InputError(f"{path} cannot validate: {sentence}") from error
    return rows


def _with_columns(frame: pl.DataFrame, data: Labelled, encoder: TableEncoder) -> pl.DataFrame:
    """Return a table with the columns of the one to learn from, in its order."""
    lacking = [name for name in (data.target.name, data.weights) if name is not None and name not in frame.columns]
    if lacking:
        raise InputError(f"it lacks the column {shown(lacking[0])}")
    if data.weights is not None:
        check_weights(frame, data.weights, data.target.name)
    missing = [name for name in encoder.left_out if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
    return frame.select(name for name in data.frame.columns if name in frame.columns)


def _places(frame: pl.DataFrame, data: Labelled) -> Places:
    """Return the places of the rows with a target and a weight; raises InputError if there are none."""
    places = places_with_weight(frame, data.weights)
    places = places[_present(frame, data.target.name)[places]]
    if not len(places):
        raise InputError(f"it has no row {of_use(data.weights)}, a value of {shown(data.target.name)}")
    return places


def _refuse_same(frame: pl.DataFrame, data: Labelled, encoder: TableEncoder) -> None:
    """Raise InputError for the rows of the training: those held out of them must not choose the best epoch."""
    if fingerprint(frame.filter(_present(frame, data.target.name)), encoder) == fingerprint(data.labelled, encoder):
        raise InputError("its rows are those of the table to train with: give others")


def _read_target(target: Target, column: pl.Series) -> pl.Series:
    """Return a target column as `encode` takes it; raises InputError for a value that can be no target."""
    read = target.read(column)
    wrong = read.is_null() & column.is_not_null()
    if isinstance(target, Classes) and wrong.any():
        row = wrong.arg_true()[0]
        raise RowError(f"column {shown(target.name)} has {shown(column[row])} in", row, ", which is no class")
    return read


def _refuse_classes(rows: Rows, target: Classes, known: Rows) -> None:
    unknown = ~np.isin(rows.y, np.unique(known.y))
    if unknown.any():
        label = target.labels[int(rows.y[unknown.argmax()])]
        raise InputError(f"the class {shown(label)} of column {shown(target.name)} is not among the rows to train with")
