"""``chainrule predict``: a model's predictions for a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.screen import some
from chainrule.errors import InputError


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that `train --out` wrote.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file with the columns trained on.")],
) -> None:
    """Print a prediction for each row of a table, as CSV.

    For classes, the probability of each class follows.
    """
    from chainrule import models, tables

    loaded = models.load(model)
    encoder = loaded.table
    if encoder is None:
        raise InputError(f"{model} was not trained on a table; load it in Python with chainrule.models.load")
    frame = tables.read(table)
    predictions = encoder.target.decode(loaded.net.predict(encoder.inputs(frame)))
    for name, values in encoder.unseen(frame).items():
        print(f"chainrule: column {name!r} holds what training had not: {some(values)}", file=sys.stderr)
    sys.stdout.write(predictions.write_csv())
    sys.stdout.flush()  # here a closed pipe is noticed, and ends the program quietly
