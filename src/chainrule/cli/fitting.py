"""Training by an estimator, and what its model says of rows that it was not trained with."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from chainrule.checkpoints import CheckpointWarning
from chainrule.cli.bar import Bar, somebody_watches
from chainrule.cli.heldout import Rows, folds
from chainrule.cli.packing import pack
from chainrule.cli.screen import warn
from chainrule.errors import TrainingError
from chainrule.estimators import InterruptedWarning
from chainrule.estimators.encoding import ByColumns, learn_encoding
from chainrule.reporting.answers import Answers, ask, constant_of
from chainrule.tables import Classes, TableEncoder
from chainrule.tables.counting import counted

if TYPE_CHECKING:
    from chainrule.cli.options import Options
    from chainrule.estimators import NetworkClassifier, NetworkRegressor
    from chainrule.models import Model
    from chainrule.styles import Style
    from chainrule.tables.targets import Target

    Estimator = NetworkClassifier | NetworkRegressor


@dataclass(frozen=True)
class Asked:
    """A model, rows that it was not trained with, and what it says of them."""

    model: Model
    rows: Rows
    answers: Answers


def learned(rows: Rows, target: Target, style: Style) -> TableEncoder:
    """Return what an estimator will learn of the columns of rows, and the target.

    One that trains a single network learns it without the rows that this one validates with. Raises InputError for
    columns and targets that nothing can be learned from.
    """
    y = pl.Series(target.name, rows.y)
    if rows.weights is None:
        return TableEncoder.fit(rows.frame.with_columns(y), target, style)
    by_weight = learn_encoding(rows.frame, rows.frame.columns, style, rows.weights, as_it_is=False)
    assert isinstance(by_weight, ByColumns)
    return TableEncoder(by_weight.encoder.columns, target.fit(y), by_weight.encoder.left_out)


def train(options: Options, kind: str, rows: Rows, validation: Rows | None, title: str = "training") -> Estimator:
    """Return an estimator trained on rows; raises TrainingError where the cost is no longer finite."""
    estimator = options.estimator(kind)
    recipe = options.recipe_for(kind)
    epochs = recipe.epochs * recipe.ensemble * (options.restarts or 1)
    estimator.set_callbacks((Bar if somebody_watches() else _HiddenBar)(epochs, title))
    given: dict[str, Any] = {"sample_weight": rows.weights}
    if validation is not None:
        given |= {"X_val": validation.frame, "y_val": validation.y, "sample_weight_val": validation.weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InterruptedWarning)  # whoever asks for the training says it
        warnings.simplefilter("default", CheckpointWarning)
        warnings.showwarning = lambda message, *_, **__: warn(str(message))  # a sentence, as everything else
        try:
            trained: Estimator = estimator.fit(rows.frame, rows.y, **given)
        except TrainingError as error:
            raise TrainingError(_in_one_sentence(error)) from error
    return trained


def _in_one_sentence(error: TrainingError) -> str:
    """Return where a training went wrong, and what of the options helps."""
    where = str(error).partition(";")[0]
    return f"{where}: a lower --rate helps"


class _HiddenBar(Bar):
    """A bar where nobody watches: of a training that is called back each epoch is on record, seen or not."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Show nothing."""


def ask_about(model: Model, training: Rows, held_out: Rows, target: Target) -> Asked:
    """Return what a model says of rows held out; `target` is that by which rows have their places of classes."""
    with counted(held_out.places):
        return Asked(model, held_out, answer(model, held_out, target, constant_for(model, training, target)))


def constant_for(model: Model, training: Rows, target: Target) -> Any:
    """Return the constant answer learned from the rows of a training, by the places of classes in the model."""
    constant = constant_of(training.y, target.outputs if isinstance(target, Classes) else None, training.weights)
    if isinstance(target, Classes):
        return constant[[list(target.labels).index(label) for label in _own(model).labels]]
    return constant


def answer(model: Model, rows: Rows, target: Target, constant: Any) -> Answers:
    """Return what a model says of rows whose classes are places in `target`."""
    actual = rows.y
    if isinstance(target, Classes):
        places = {label: place for place, label in enumerate(_own(model).labels)}
        actual = np.array([places.get(label, -1) for label in target.labels])[actual]
    return Answers(_own(model), actual, ask(model, rows.frame), constant, rows.weights)


def _own(model: Model) -> Any:
    """Return the target as the model knows it."""
    assert model.table is not None
    return model.table.target


def cross_validate(
    options: Options, rows: Rows, target: Target, count: int, validation: Rows | None
) -> Iterator[Asked]:
    """Yield, for each fold, a model trained on the others and what it says of this one.

    Raises KeyboardInterrupt where a training was interrupted: a score of all folds cannot be had any more.
    """
    for number, (training, held_out) in enumerate(folds(rows, target, count, options.seed), start=1):
        known = _known(validation, training, target)
        estimator = train(options, target.kind, training, known, f"fold {number} of {count}")
        if estimator.interrupted_:
            raise KeyboardInterrupt
        yield ask_about(pack(estimator, target), training, held_out, target)


def _known(validation: Rows | None, training: Rows, target: Target) -> Rows | None:
    """Return the rows to validate with whose class is one of the rows to train with."""
    if validation is None or not isinstance(target, Classes):
        return validation
    return validation.take(np.flatnonzero(np.isin(validation.y, training.y)))
