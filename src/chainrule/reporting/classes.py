"""What a classifier confuses, and whether its probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.reporting.answers import Answers

BINS = 10
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class OfClass:
    """How well one class is told from the others; `rows` is the weight of its rows."""

    label: str
    rows: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Calibration:
    """The mean probability that was stated, and the share of rows for which it came true, in bins of equal width.

    Parameters
    ----------
    what : of which probability.
    stated, true, rows : of each bin that has rows; `rows` are weights.
    error : the mean difference of `stated` and `true` over the rows (expected calibration error: Naeini, Cooper and
        Hauskrecht 2015).
    """

    what: str
    stated: Numbers
    true: Numbers
    rows: Numbers
    error: float


def labels_of(answers: Answers) -> list[str]:
    """Return the labels of the classes as texts."""
    target: Any = answers.target
    return list(map(str, target.labels))


def per_class(answers: Answers) -> list[OfClass]:
    """Return precision, recall and F1 of each class; 0 where there is nothing to measure them by."""
    from sklearn.metrics import precision_recall_fscore_support

    labels = labels_of(answers)
    precision, recall, f1, _ = precision_recall_fscore_support(
        answers.actual,
        answers.predicted,
        labels=range(len(labels)),
        sample_weight=answers.row_weights,
        zero_division=0,
    )
    rows = [float(answers.row_weights[answers.actual == place].sum()) for place in range(len(labels))]
    found = zip(labels, rows, precision.tolist(), recall.tolist(), f1.tolist(), strict=True)
    return [OfClass(*one) for one in found]


def confusion(answers: Answers) -> Numbers:
    """Return the weight of the rows of each class, in lines, that are taken for each class, in columns.

    One line more at the end is for rows of classes that the model does not know.
    """
    classes = len(labels_of(answers))
    found = np.zeros((classes + 1, classes))
    np.add.at(found, (answers.actual, answers.predicted), answers.row_weights)  # -1 is the last line
    return found


def most_confused(answers: Answers, most: int) -> list[tuple[str, str, float]]:
    """Return what is taken for what most often: the class, what it is taken for, the weight of the rows."""
    labels, table = labels_of(answers), confusion(answers)[:-1]
    np.fill_diagonal(table, 0)
    order = np.argsort(-table, axis=None, kind="stable")[:most]
    pairs = [np.unravel_index(int(place), table.shape) for place in order]
    return [(labels[row], labels[column], float(table[row, column])) for row, column in pairs if table[row, column] > 0]


def calibration(answers: Answers) -> Calibration:
    """Return the calibration: of two classes of the probability of the second, else of that of the answer."""
    labels = labels_of(answers)
    if len(labels) == 2:
        stated, came_true = answers.outputs[:, 1], answers.actual == 1
        what = f"the probability of {labels[1]}"
    else:
        stated, came_true = answers.outputs.max(axis=1), answers.actual == answers.predicted
        what = "the probability of the predicted class"
    places = np.minimum(np.floor(stated * BINS).astype(np.intp), BINS - 1)
    weights = answers.row_weights
    rows, sums, times = (
        np.asarray(np.bincount(places, weights * values, minlength=BINS), np.float64)
        for values in (1.0, stated, came_true)
    )
    filled = rows > 0
    of_stated, of_true = sums[filled] / rows[filled], times[filled] / rows[filled]
    error = float(rows[filled] @ np.abs(of_stated - of_true) / rows.sum())
    return Calibration(what, of_stated, of_true, rows[filled], error)
