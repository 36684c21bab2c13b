"""``chainrule predict``: a model's predictions for a table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.choices import model_of_table
from chainrule.cli.screen import LONGEST, plain, warn
from chainrule.ranges import whole

if TYPE_CHECKING:
    import polars as pl

    from chainrule.models import Model
    from chainrule.tables import TableEncoder

_MOST_TOLD = 6
"""So many values that training had not are told of a column."""


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that `train --out` wrote.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file with the columns trained on.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file, .csv or .parquet, not to standard output.")
    ] = None,
    probabilities: Annotated[bool, typer.Option(help="Of classes: also a column with the probability of each.")] = True,
    chunk: Annotated[int, typer.Option(help="How many rows are in memory at a time.")] = 10_000,
) -> None:
    """Print a prediction for each row of a table, as CSV.

    For classes, the probability of each class follows. A file of any length takes the memory of a chunk, unless only
    its whole columns tell how dates are written.
    """
    from chainrule.cli.destinations import check_destinations, check_ending
    from chainrule.cli.rows_out import write_csv, write_parquet

    whole("--chunk", chunk)
    check_ending("--out", out, (".csv", ".parquet"))
    check_destinations({"the model": model, "the table": table}, {"--out": out})
    loaded, encoder = model_of_table(model)
    unseen: dict[str, list[str]] = {}
    parts = _predictions(loaded, encoder, table, unseen, probabilities, chunk)
    if out is None:
        _print(parts)
    else:
        (write_parquet if out.suffix.lower() == ".parquet" else write_csv)(out, parts)
    if unseen:
        _tell(unseen)


def _tell(unseen: dict[str, list[str]]) -> None:
    from chainrule.cli.report import unseen_in_words

    for name, values in unseen.items():
        more = " and others" if len(values) > _MOST_TOLD else ""
        told = ", ".join(plain(value, LONGEST) for value in values[:_MOST_TOLD])
        warn(unseen_in_words(name, told + more))


def _predictions(
    model: Model, encoder: TableEncoder, table: Path, unseen: dict[str, list[str]], probabilities: bool, rows: int
) -> Iterator[pl.DataFrame]:
    """Yield the predictions for each chunk of a table, and note what training had not seen."""
    from chainrule.cli.chunks import chunks
    from chainrule.tables.counting import counted

    done = 0
    for part in chunks(table, encoder, rows):
        with counted(range(done, done + len(part))):
            found = model.predict(part)
        for name, values in encoder.unseen(part).items():
            known = unseen.setdefault(name, [])
            known += [value for value in values if value not in known][: _MOST_TOLD + 1 - len(known)]
        done += len(part)
        yield found if probabilities else found[:, :1]


def _print(parts: Iterator[pl.DataFrame]) -> None:
    """Write tables to stdout as UTF-8, whatever a terminal may take: this is for files and programs."""
    from chainrule.cli.rows_out import csv_of

    sys.stdout.flush()
    for number, part in enumerate(parts):
        text = csv_of(part, header=number == 0)
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.write(text.decode())
        sys.stdout.flush()  # here a closed pipe is noticed, and ends the program quietly
