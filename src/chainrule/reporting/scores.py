"""Scores of answers, each with the interval in which it may lie and with that of a guess."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule.reporting.answers import Answers
from chainrule.reporting.intervals import Numbers, bootstrap, effective_rows, wilson
from chainrule.tables import Classes

FORMS = {"accuracy": ".1%", "log loss": ".3f", "AUC": ".3f", "R²": "z.3f", "RMSE": "#.4g", "MAE": "#.4g"}
"""How each score is written."""
NAMES = {
    "accuracy": "the share of rows whose class is the most probable one",
    "log loss": "the mean of -log of the probability of the right class; less is better",
    "AUC": "the probability that of two rows of different classes the right one has the higher probability",
    "R²": "the part of the variance that is predicted",
    "RMSE": "the root of the mean squared error; less is better",
    "MAE": "the mean absolute error; less is better",
}
"""What each score is."""
LEAST = 1e-15
"""Less than this is never taken for a probability: one certain mistake would make the log loss infinite."""


@dataclass(frozen=True)
class Score:
    """One score.

    Parameters
    ----------
    name : one of `FORMS`.
    value : of the model; over folds the mean.
    low, high : the 95 percent interval; None over folds.
    baseline : the score of the constant answer.
    deviation : the standard deviation over folds; None for one score.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    baseline: float
    deviation: float | None = None

    def said(self, value: float | None = None) -> str:
        """Return the score, or another value of it, as it is written."""
        return format(self.value if value is None else value, FORMS[self.name]).removesuffix(".")

    @property
    def reach(self) -> str:
        """The interval in words, or the standard deviation."""
        if self.deviation is not None:
            return f"± {self.said(self.deviation)}"
        if self.low is None or self.high is None:
            return ""
        return f"{self.said(self.low)} to {self.said(self.high)}"


def score(answers: Answers, seed: int = 0) -> list[Score]:
    """Return the scores of answers, those that the rows allow; the first is the main one."""
    guessed = values(answers.guessed())
    return [
        Score(name, value, *_interval(name, value, answers, seed), guessed[name])
        for name, value in values(answers).items()
        if name in guessed
    ]


def over_folds(parts: Sequence[Answers]) -> list[Score]:
    """Return the means of the scores of several models, each with the standard deviation."""
    found, guessed = [values(part) for part in parts], [values(part.guessed()) for part in parts]
    scores = []
    for name in FORMS:
        if all(name in one for one in (*found, *guessed)):
            each = [one[name] for one in found]
            baseline = float(np.mean([one[name] for one in guessed]))
            largest = max(map(abs, each)) or 1.0  # in parts of it no square overflows
            deviation = largest * float(np.std(np.divide(each, largest), ddof=1))
            scores.append(Score(name, float(np.mean(each)), None, None, baseline, deviation))
    return scores


def values(answers: Answers) -> dict[str, float]:
    """Return the scores by name; left out are those that these rows do not have, such as R² of equal numbers.

    So are those that are not finite: of very large numbers, whose squares overflow.
    """
    found = _of_classes(answers) if isinstance(answers.target, Classes) else _of_numbers(answers)
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def main_value(answers: Answers) -> float | None:
    """Return the accuracy, or R², or None where it cannot be or is not finite."""
    found = _accuracy(answers) if isinstance(answers.target, Classes) else _r2(answers)
    return found if found is not None and np.isfinite(found) else None


def _accuracy(answers: Answers) -> float:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(answers.actual, answers.predicted, sample_weight=answers.row_weights))


def _r2(answers: Answers) -> float | None:
    from sklearn.metrics import r2_score

    if answers.actual.min() == answers.actual.max():
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        return float(r2_score(answers.actual, answers.predicted, sample_weight=answers.row_weights))


def _of_classes(answers: Answers) -> dict[str, float]:
    from sklearn.metrics import log_loss, roc_auc_score

    weights, known = answers.row_weights, answers.known
    found = {"accuracy": _accuracy(answers)}
    if known.any():
        actual, outputs, weights = answers.actual[known], answers.outputs[known], weights[known]
        places = range(outputs.shape[1])
        if len(places) > 1:
            safe = np.maximum(outputs, LEAST)
            safe = safe / safe.sum(axis=1, keepdims=True)
            found["log loss"] = log_loss(actual, safe, labels=list(places), sample_weight=weights)
        if len(places) == 2 and len(np.unique(actual)) == 2:
            found["AUC"] = roc_auc_score(actual, outputs[:, 1], sample_weight=weights)
    return found


def _of_numbers(answers: Answers) -> dict[str, float]:
    from sklearn.metrics import root_mean_squared_error

    weights, explained = answers.row_weights, _r2(answers)
    with np.errstate(over="ignore"):
        rmse = root_mean_squared_error(answers.actual, answers.outputs, sample_weight=weights)
    off = np.abs(answers.actual - answers.outputs)
    largest = float(off.max()) or 1.0  # in parts of it no sum overflows, so that one score at least is finite
    found = {"RMSE": rmse, "MAE": largest * float(np.average(off / largest, weights=weights))}
    return found if explained is None else {"R²": explained, **found}


def _interval(name: str, value: float, answers: Answers, seed: int) -> tuple[float | None, float | None]:
    if name == "accuracy":
        return wilson(value, effective_rows(answers.row_weights))
    known = answers.known
    measure = _MEASURES[name](answers.actual[known], answers.outputs[known])
    low, high = bootstrap(measure, answers.row_weights[known], seed)
    return (low, high) if np.isfinite(low) else (None, None)


# The scores of many draws at once: of weights of shape (draws, rows).
Measure = Callable[[Numbers], Numbers]


def _mean(values: Numbers, weights: Numbers) -> Numbers:
    return np.asarray(weights @ values / weights.sum(axis=1))


def _log_loss(actual: Any, outputs: Numbers) -> Measure:
    right = outputs[np.arange(len(actual)), actual]
    return partial(_mean, -np.log(np.maximum(right, LEAST)))


def _absolute(actual: Any, outputs: Numbers) -> Measure:
    return partial(_mean, np.abs(actual - outputs))


def _squared(actual: Any, outputs: Numbers) -> Measure:
    squares = (actual - outputs) ** 2
    return lambda weights: np.sqrt(_mean(squares, weights))


def _explained(actual: Any, outputs: Numbers) -> Measure:
    squares, near = (actual - outputs) ** 2, actual - actual.mean()  # near 0, so that their squares are exact enough

    def measure(weights: Numbers) -> Numbers:
        variance = _mean(near**2, weights) - _mean(near, weights) ** 2
        return np.asarray(1 - _mean(squares, weights) / variance)

    return measure


def _ranked(actual: Any, outputs: Numbers) -> Measure:
    """Return the measure of AUC: of all pairs of a 0 and a 1 those that stand right, ties counting half."""
    order = np.argsort(outputs[:, 1], kind="stable")
    ones, ordered = actual[order] == 1, outputs[order, 1]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] > ordered[:-1]]))

    def measure(weights: Numbers) -> Numbers:
        sorted_ = weights[:, order]
        of_ones, of_zeros = (np.add.reduceat(sorted_ * which, starts, axis=1) for which in (ones, ~ones))
        below = np.cumsum(of_zeros, axis=1) - of_zeros / 2
        return np.asarray((of_ones * below).sum(axis=1) / (of_ones.sum(axis=1) * of_zeros.sum(axis=1)))

    return measure


_MEASURES: dict[str, Callable[[Any, Numbers], Measure]] = {
    "log loss": _log_loss,
    "AUC": _ranked,
    "R²": _explained,
    "RMSE": _squared,
    "MAE": _absolute,
}
