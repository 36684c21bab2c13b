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
    loss : by which it falls, by column: mean over all shufflings, those of each model.
    deviation : the standard deviation over all shufflings.
    rows : how many rows it was measured on.
    models, repeats : how many models it was measured on, and how often each column was shuffled for each of them.
    """

    score: str
    loss: dict[str, float]
    deviation: dict[str, float]
    rows: int
    models: int
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

    Returns None if there is nothing to measure by. A column that a model leaves out changes nothing that it says.
    """
    measured: list[dict[str, list[float]]] = []
    rows = 0
    for number, (model, frame, answers) in enumerate(parts):
        random = np.random.default_rng([seed, number])
        places = np.arange(len(frame))
        if len(frame) > MOST_ROWS:
            places = np.sort(random.choice(places, MOST_ROWS, replace=False))
        found = _falls(model, frame[places], _taken(answers, places), repeats, random)
        if found:
            measured.append(found)
            rows += len(places)
    if not measured:
        return None
    columns = dict.fromkeys(column for found in measured for column in found)
    falls = {column: [found.get(column, [0.0] * repeats) for found in measured] for column in columns}
    loss = {column: float(np.mean(found)) for column, found in falls.items()}
    deviation = {column: float(np.std(found)) for column, found in falls.items()}
    name = "accuracy" if isinstance(parts[0][2].target, Classes) else "R²"
    return Importance(name, loss, deviation, rows, len(measured), repeats)


def _falls(
    model: Model, frame: pl.DataFrame, answers: Answers, repeats: int, random: np.random.Generator
) -> dict[str, list[float]]:
    """Return the falls of the score, for each column as many as there are repeats; none if it cannot be measured."""
    table = model.table
    best = main_value(answers)
    if table is None or best is None or len(table.columns) > MOST_COLUMNS:
        return {}
    x = table.inputs(frame)
    falls: dict[str, list[float]] = {}
    for column, places in table.places().items():
        for _ in range(repeats):
            shuffled = x.copy()
            shuffled[:, places] = x[random.permutation(len(x))][:, places]
            found = main_value(replace(answers, outputs=_outputs(model, shuffled)))
            if found is not None:
                falls.setdefault(column, []).append(best - found)
    return falls


def _outputs(model: Model, x: NDArray[Any]) -> NDArray[np.float64]:
    assert model.table is not None
    outputs, target = model.outputs(x), model.table.target
    return outputs if isinstance(target, Classes) else outputs[:, 0] * target.scale + target.mean


def _taken(answers: Answers, places: NDArray[np.intp]) -> Answers:
    weights = None if answers.weights is None else answers.weights[places]
    return replace(answers, actual=answers.actual[places], outputs=answers.outputs[places], weights=weights)
