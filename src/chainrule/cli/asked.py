"""A saved model, asked about the rows of a table with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule import tables
from chainrule.cli.choices import model_of_table
from chainrule.cli.packing import fingerprint
from chainrule.cli.report import unseen_in_words
from chainrule.cli.screen import count, some
from chainrule.errors import InputError, shown
from chainrule.reporting import answers as reporting
from chainrule.reporting.answers import Answers, constant_of
from chainrule.tables import Classes
from chainrule.tables.counting import counted
from chainrule.tables.values import typed

if TYPE_CHECKING:
    from chainrule.models import Model
    from chainrule.tables.targets import Target


@dataclass(frozen=True)
class Question:
    """What a model says of a table.

    Parameters
    ----------
    path, model : the file of the model, and what it holds.
    table, frame : the file of the table, and its rows with a target.
    answers : what the model says of them.
    dropped : how many rows have no target.
    notes : what a reader of the scores should know.
    """

    path: Path
    model: Model
    table: Path
    frame: pl.DataFrame
    answers: Answers
    dropped: int
    notes: list[str]


def ask(path: Path, table: Path) -> Question:
    """Return what a saved model says of a table; raises InputError for what does not fit."""
    model, encoder = model_of_table(path)
    frame, target = tables.read(table), encoder.target
    if target.name not in frame.columns:
        raise InputError(f"{table} lacks the column {shown(target.name)}, the truth to score by")
    places = typed(frame[target.name]).is_not_null().arg_true().to_numpy()
    if not len(places):
        raise InputError(f"{table} has no value of {shown(target.name)}, the truth to score by")
    actual, labelled = _truth(target, frame)[places], frame[places]
    with counted(places):
        answers = Answers(target, actual, reporting.ask(model, labelled), _constant(model, target, actual))
    notes = [unseen_in_words(name, some(values)) for name, values in encoder.unseen(labelled).items()]
    if not answers.known.all():
        notes.append(
            f"{count(int((~answers.known).sum()), 'row has a class', 'rows have classes')} that training had not"
        )
    if model.fingerprint and fingerprint(labelled, encoder) == model.fingerprint:
        notes.append(f"{table} is the table that the model was made from: it was trained on most of these rows")
    return Question(path, model, table, labelled, answers, len(frame) - len(labelled), notes)


def _truth(target: Target, frame: pl.DataFrame) -> NDArray[Any]:
    """Return the place of each row's class, -1 for one that is not known, or its number."""
    read = target.read(frame[target.name])
    if isinstance(target, Classes):
        places = {label: place for place, label in enumerate(target.labels)}
        return np.array([places.get(label, -1) for label in read.to_list()])
    return read.to_numpy()


def _constant(model: Model, target: Target, actual: NDArray[Any]) -> NDArray[np.float64]:
    """Return the constant answer that training found, or, where the file does not say, the best for these rows."""
    classes = target.outputs if isinstance(target, Classes) else None
    given = model.training.get("guess")
    shape = () if classes is None else (classes,)
    try:
        constant = np.asarray(given, np.float64)
    except (TypeError, ValueError, OverflowError):
        constant = np.empty(0)
    if constant.shape == shape and np.isfinite(constant).all() and (classes is None or abs(constant.sum() - 1) < 1e-6):
        return constant
    known = actual if classes is None else actual[actual >= 0]
    return constant_of(known, classes, None) if len(known) else np.full(shape, 1 / max(1, classes or 1))
