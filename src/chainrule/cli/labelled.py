"""The tables of a training: the rows to learn from, and those of another table to validate with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from chainrule import tables
from chainrule.cli.heldout import Rows, check_count, check_weights, rows_of
from chainrule.errors import InputError, shown
from chainrule.tables import Classes

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
    labelled : the rows with a target, columns of texts that are all numbers being numbers.
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
    labelled, kind = tables.recognise_target(frame, target)
    rows = rows_of(labelled, kind, weights)
    check_count(rows)
    return Labelled(path, frame, labelled, kind, rows, weights)


def read_validation(path: Path, data: Labelled, encoder: TableEncoder, known: Rows) -> Rows:
    """Return the rows of another table to validate with.

    Raises InputError for a table that lacks a column, and for a class that is not among the rows `known` from
    training. A column that `encoder` left out may be missing.
    """
    try:
        frame = _with_columns(tables.read(path), data, encoder)
        encoder.inputs(frame)
        rows = rows_of(frame, data.target, data.weights)
        if isinstance(data.target, Classes):
            _refuse_classes(rows, data.target, known)
    except InputError as error:
        sentence = str(error)
        raise error if str(path) in sentence else InputError(f"{path} cannot validate: {sentence}") from error
    return rows


def _with_columns(frame: pl.DataFrame, data: Labelled, encoder: TableEncoder) -> pl.DataFrame:
    """Return the rows with a target, with the columns of the table to learn from, in its order."""
    lacking = [name for name in (data.target.name, data.weights) if name is not None and name not in frame.columns]
    if lacking:
        raise InputError(f"it lacks the column {shown(lacking[0])}")
    if data.weights is not None:
        check_weights(frame, data.weights, data.target.name)
    missing = [name for name in encoder.left_out if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
    frame = frame.with_columns(_read_target(data.target, frame[data.target.name]))
    frame = frame.filter(frame[data.target.name].is_not_null())
    if frame.is_empty():
        raise InputError(f"it has no row with a value of {shown(data.target.name)}")
    return frame.select(name for name in data.labelled.columns if name in frame.columns)


def _read_target(target: Target, column: pl.Series) -> pl.Series:
    """Return a target column as `encode` takes it; raises InputError for a value that can be no target."""
    read = target.read(column)
    wrong = read.is_null() & column.is_not_null()
    if isinstance(target, Classes) and wrong.any():
        row = wrong.arg_true()[0]
        raise InputError(f"column {shown(target.name)} has {shown(column[row])} in row {row + 1}, which is no class")
    return read


def _refuse_classes(rows: Rows, target: Classes, known: Rows) -> None:
    unknown = ~np.isin(rows.y, np.unique(known.y))
    if unknown.any():
        label = target.labels[int(rows.y[unknown.argmax()])]
        raise InputError(f"the class {shown(label)} of column {shown(target.name)} is not among the rows to train with")
