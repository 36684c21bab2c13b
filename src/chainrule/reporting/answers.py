"""What a model says of rows whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.tables import Classes
from chainrule.tables.counting import counted

if TYPE_CHECKING:
    import polars as pl

    from chainrule.models import Model
    from chainrule.tables.targets import Target

ROWS = 10_000
"""So many rows are asked about at a time."""


@dataclass(frozen=True)
class Answers:
    """Predictions beside the truth.

    Parameters
    ----------
    target : what is predicted.
    actual : the place of each row's class among the labels, -1 for a class that the model does not know; or numbers.
        Shape (rows,).
    outputs : the probabilities of the classes, shape (rows, classes); or the predicted numbers, shape (rows,).
    constant : the best answer without a look at a row, learned from the training rows: the shares of the classes, shape
        (classes,), or the mean.
    weights : of the rows; None for 1 everywhere.
    """

    target: Target
    actual: NDArray[Any]
    outputs: NDArray[np.float64]
    constant: NDArray[np.float64]
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.actual)

    @property
    def predicted(self) -> NDArray[Any]:
        """The place of the most probable class of each row, or the predicted number."""
        return self.outputs.argmax(axis=1) if isinstance(self.target, Classes) else self.outputs

    @property
    def row_weights(self) -> NDArray[np.float64]:
        """The weights, 1 everywhere if there are none."""
        return np.ones(len(self)) if self.weights is None else self.weights

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether the model knows the class of each row."""
        return self.actual >= 0 if isinstance(self.target, Classes) else np.ones(len(self), bool)

    def guessed(self) -> Answers:
        """Return the constant answer for each row, as if a model had given it."""
        outputs = np.broadcast_to(self.constant, self.outputs.shape)
        return Answers(self.target, self.actual, outputs, self.constant, self.weights)

    def guess(self) -> str:
        """Return the constant answer in words."""
        if isinstance(self.target, Classes):
            return f"always {self.target.labels[int(self.constant.argmax())]}"
        return f"always the mean, {float(self.constant):.4g}"


def ask(model: Model, frame: pl.DataFrame, at_once: int = ROWS) -> NDArray[np.float64]:
    """Return what a model says of a table's rows: probabilities, shape (rows, classes), or numbers, shape (rows,).

    Raises InputError for a table that does not fit, and for an answer that is not finite.
    """
    found = []
    for start in range(0, len(frame), at_once):
        with counted(range(start, start + at_once)):
            predicted = model.predict(frame[start : start + at_once])
        found.append(predicted[:, 1:].to_numpy() if predicted.width > 1 else predicted.to_series().to_numpy())
    return np.concatenate(found)


def constant_of(y: NDArray[Any], classes: int | None, weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the shares of so many classes among places, or the mean of numbers if `classes` is None.

    >>> constant_of(np.array([0, 1, 1, 1]), 3, None)
    array([0.25, 0.75, 0.  ])
    """
    if classes is None:
        return np.asarray(np.average(y, weights=weights))
    counts: NDArray[np.float64] = np.bincount(y, weights=weights, minlength=classes).astype(np.float64)
    return np.asarray(counts / counts.sum())


def merged(parts: Sequence[Answers], actual: Sequence[NDArray[Any]], target: Target) -> Answers:
    """Return the answers of several models, each asked of other rows, as if one had given them.

    Models may know different classes of `target`; one that a model does not know has the probability 0. `actual` is the
    truth of the rows of each part by places in `target`, which knows more classes than a model may.
    """
    aligned = [_aligned(*part, target) for part in zip(parts, actual, strict=True)]
    constant = np.mean([part.constant for part in aligned], axis=0)
    weights = None if parts[0].weights is None else np.concatenate([part.row_weights for part in parts])
    outputs = np.concatenate([part.outputs for part in aligned])
    return Answers(target, np.concatenate(actual), outputs, constant, weights)


def _aligned(part: Answers, actual: NDArray[Any], target: Target) -> Answers:
    if not (isinstance(part.target, Classes) and isinstance(target, Classes)):
        return part
    places = np.array([list(target.labels).index(label) for label in part.target.labels])
    outputs = np.zeros((len(part), len(target.labels)))
    outputs[:, places] = part.outputs
    constant = np.zeros(len(target.labels))
    constant[places] = part.constant
    return Answers(target, actual, outputs, constant, part.weights)
