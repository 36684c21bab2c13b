"""Rows to train on, rows that tell when to stop, rows held out; and what a score on the last is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.errors import InputError
from chainrule.tables import Classes

if TYPE_CHECKING:
    import polars as pl

    from chainrule.tables.targets import Target

FEWEST_ROWS = 10
PART = 0.2
"""The part of all rows that is held out, and the part of the others that tells when to stop."""


@dataclass(frozen=True)
class Rows:
    """The rows of a table, by what they are for."""

    training: pl.DataFrame
    validation: pl.DataFrame
    held_out: pl.DataFrame


@dataclass(frozen=True)
class Score:
    """How well something is predicted, by the network and without looking at the inputs."""

    name: str
    network: float
    baseline: float
    form: str

    def texts(self) -> tuple[str, str]:
        """Return both as text.

        >>> Score("accuracy", 0.975, 0.6, ".1%").texts()
        ('97.5%', '60.0%')
        """
        return format(self.network, self.form), format(self.baseline, self.form)


def split(frame: pl.DataFrame, target: Target, seed: int) -> Rows:
    """Return the rows in three parts, chosen by the seed; classes have the same share in each if possible.

    Raises InputError if there are fewer than 10.
    """
    if len(frame) < FEWEST_ROWS:
        raise InputError(
            f"{len(frame)} row{'s' * (len(frame) != 1)} with a target: training needs at least {FEWEST_ROWS}, "
            "since some are held out to score the network"
        )
    rest, held_out = _cut(frame, target, seed)
    training, validation = _cut(rest, target, seed)
    return Rows(training, validation, held_out)


def score(target: Target, rows: Rows, predicted: pl.Series) -> tuple[str, list[Score]]:
    """Return the baseline in words, and the scores of what a network predicts for the held-out rows.

    The baseline predicts the same for every row: the most frequent class of the training rows, or their mean.
    """
    from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score

    actual, seen = rows.held_out[target.name].to_list(), rows.training[target.name]
    found = predicted.to_list()
    if isinstance(target, Classes):
        guess = seen.mode().sort().to_list()[:1] * len(actual)
        accuracy = Score("accuracy", accuracy_score(actual, found), accuracy_score(actual, guess), ".1%")
        return f"always {guess[0]}", [accuracy]
    mean = seen.to_numpy().mean()
    guess = [mean] * len(actual)
    error, baseline = (mean_absolute_error(actual, values) for values in (found, guess))
    return f"always the mean, {mean:.4g}", [
        Score("R²", r2_score(actual, found), r2_score(actual, guess), ".3f"),
        Score("mean absolute error", error, baseline, ".4g"),
    ]


def _cut(frame: pl.DataFrame, target: Target, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    from sklearn.model_selection import train_test_split

    classes = frame[target.name].to_list() if _can_stratify(frame, target) else None
    numbers = range(len(frame))
    kept, cut = train_test_split(numbers, test_size=PART, random_state=seed, stratify=classes)
    return frame[sorted(kept)], frame[sorted(cut)]


def _can_stratify(frame: pl.DataFrame, target: Target) -> bool:
    if not isinstance(target, Classes):
        return False
    rows = frame[target.name].value_counts()["count"]
    return min(rows) >= 2 and len(rows) <= PART * len(frame)
