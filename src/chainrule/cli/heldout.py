"""Rows to train on, rows that tell when to stop, rows held out; and what a score on the last is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError
from chainrule.tables import Classes

if TYPE_CHECKING:
    import polars as pl

    from chainrule.network import Network
    from chainrule.tables import TableEncoder
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
class Scores:
    """How well the held-out rows are predicted, by name: by a network, and by the same guess for every row."""

    guess: str
    network: dict[str, float]
    baseline: dict[str, float]


FORMS = {"accuracy": ".1%", "R²": "z.3f", "mean absolute error": ".4g"}
"""How each score is written."""


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


def score(encoder: TableEncoder, rows: Rows, net: Network) -> Scores:
    """Return how well a network predicts the held-out rows, and how well a guess does.

    The guess is the most frequent class of the training rows, or their mean.
    """
    target = encoder.target
    predicted = target.decode(net.predict(encoder.inputs(rows.held_out)))[target.name].to_list()
    actual, seen = rows.held_out[target.name].to_list(), rows.training[target.name]
    if isinstance(target, Classes):
        guess = seen.mode().sort().to_list()[0]
        words, measure = f"always {guess}", _accuracy
    else:
        guess = seen.to_numpy().mean()
        words, measure = f"always the mean, {guess:.4g}", _closeness
    return Scores(words, measure(actual, predicted), measure(actual, [guess] * len(actual)))


def _accuracy(actual: list[Any], predicted: list[Any]) -> dict[str, float]:
    from sklearn.metrics import accuracy_score

    return {"accuracy": accuracy_score(actual, predicted)}


def _closeness(actual: list[Any], predicted: list[Any]) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, r2_score

    return {"R²": r2_score(actual, predicted), "mean absolute error": mean_absolute_error(actual, predicted)}


def _cut(frame: pl.DataFrame, target: Target, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    from sklearn.model_selection import train_test_split

    classes = frame[target.name].to_list() if _can_stratify(frame, target) else None
    numbers = range(len(frame))
    kept, cut = train_test_split(numbers, test_size=PART, random_state=seed % 2**32, stratify=classes)
    return frame[sorted(kept)], frame[sorted(cut)]


def _can_stratify(frame: pl.DataFrame, target: Target) -> bool:
    if not isinstance(target, Classes):
        return False
    rows = frame[target.name].value_counts()["count"]
    return min(rows) >= 2 and len(rows) <= PART * len(frame)
