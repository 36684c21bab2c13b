"""``chainrule predict``: a model's predictions for a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.screen import some, warn
from chainrule.errors import InputError, shown


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
        warn(f"column {shown(name)} holds what training had not: {some(values)}")
    _write(predictions.write_csv())


def _write(table: str) -> None:
    """Write a table to stdout as UTF-8, whatever a terminal may take: this is for files and programs."""
    sys.stdout.flush()
    if hasattr(sys.stdout, "buffer"):
        sys.stdout.buffer.write(table.encode())
    else:
        sys.stdout.write(table)
    sys.stdout.flush()  # here a closed pipe is noticed, and ends the program quietly
