"""Which columns predictions hang on: how much worse they get when the values of one are shuffled among the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.reporting.answers import Answers
from chainrule.reporting.scores import main_value
from chainrule.tables import Classes

if TYPE_CHECKING:
    import polars as pl

    from chainrule.models import Model

REPEATS = 5
MOST_ROWS = 2_000
MOST_COLUMNS = 500
"""Of more columns it is not measured: each takes predictions of all rows."""


@dataclass(frozen=True)
class Importance:
    """Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019).

    Parameters
    ----------
    score : the name of the score.
    loss : by which it falls, by column: mean over the repeats.
    deviation : the standard deviation over the repeats.
    rows, repeats : how many rows it was measured on, and how often each column was shuffled.
    """

    score: str
    loss: dict[str, float]
    deviation: dict[str, float]
    rows: int
    repeats: int


def importance(
    parts: Sequence[tuple[Model, pl.DataFrame, Answers]], repeats: int = REPEATS, seed: int = 0
) -> Importance | None:
    """Return the importance of the columns of one model, or of several, each with rows that it was not trained with.

    Parameters
    ----------
    parts : a model, rows of a table, and what the model says of them.
    repeats : how often each column is shuffled for each model.
    seed : of the order; and of the rows, where there are more than 2,000.

    Returns None if there is nothing to measure by.
    """
    falls: dict[str, list[float]] = {}
    rows = 0
    for number, (model, frame, answers) in enumerate(parts):
        random = np.random.default_rng([seed, number])
        places = np.arange(len(frame))
        if len(frame) > MOST_ROWS:
            places = np.sort(random.choice(places, MOST_ROWS, replace=False))
        rows += len(places)
        _measure(model, frame[places], _taken(answers, places), repeats, random, falls)
    if not falls:
        return None
    loss = {column: float(np.mean(found)) for column, found in falls.items()}
    deviation = {column: float(np.std(found)) for column, found in falls.items()}
    name = "accuracy" if isinstance(parts[0][2].target, Classes) else "R²"
    return Importance(name, loss, deviation, rows, repeats)


def _measure(
    model: Model,
    frame: pl.DataFrame,
    answers: Answers,
    repeats: int,
    random: np.random.Generator,
    falls: dict[str, list[float]],
) -> None:
    """Add the falls of the score, for each column as many as there are repeats."""
    table = model.table
    best = main_value(answers)
    if table is None or best is None or len(table.columns) > MOST_COLUMNS:
        return
    x = table.inputs(frame)
    for column, places in table.places().items():
        for _ in range(repeats):
            shuffled = x.copy()
            shuffled[:, places] = x[random.permutation(len(x))][:, places]
            found = main_value(replace(answers, outputs=_outputs(model, shuffled)))
            falls.setdefault(column, []).append(best - (found or 0.0))


def _outputs(model: Model, x: NDArray[Any]) -> NDArray[np.float64]:
    assert model.table is not None
    outputs, target = model.outputs(x), model.table.target
    return outputs if isinstance(target, Classes) else outputs[:, 0] * target.scale + target.mean


def _taken(answers: Answers, places: NDArray[np.intp]) -> Answers:
    weights = None if answers.weights is None else answers.weights[places]
    return replace(answers, actual=answers.actual[places], outputs=answers.outputs[places], weights=weights)
