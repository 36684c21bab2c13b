"""What `chainrule train` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table

from chainrule.cli.heldout import FORMS
from chainrule.cli.screen import LONGEST, console, count, facts, plain, some
from chainrule.errors import shown
from chainrule.tables import Category, Classes, Date, Number

if TYPE_CHECKING:
    from chainrule.cli.heldout import Rows, Scores
    from chainrule.history import History
    from chainrule.layers import Dense
    from chainrule.network import Network
    from chainrule.tables import TableEncoder
    from chainrule.tables.columns import Column

MOSTLY = 0.8
"""A column of text of which more than this part are numbers was probably meant to be one of numbers."""


def tell_table(name: str, frame: pl.DataFrame, rows: Rows, encoder: TableEncoder) -> None:
    """Print what was recognised in the table `frame`."""
    target = encoder.target
    sizes = [len(part) for part in (rows.training, rows.validation, rows.held_out)]
    without = len(frame) - sum(sizes)
    if isinstance(target, Classes):
        what = f"one of {count(target.outputs, 'class', 'classes')}: {some(target.labels)}"
    else:
        what = "a number"
    facts(
        {
            "Table": f"{plain(name, LONGEST)}: {count(len(frame), 'row')}, {count(frame.width, 'column')}",
            "Target": f"{plain(target.name, LONGEST)}, {what}",
            "Numbers": _names(encoder, Number),
            "Categories": _names(encoder, Category),
            "Dates": _names(encoder, Date),
            "Left out": some(f"{name} ({reason})" for name, reason in encoder.left_out.items()),
            "Mixed": "\n".join(_mixed(frame, encoder)),
            "Dropped": count(without, "row without a target", "rows without a target") if without else "",
            "Rows": "{:,} to train on, {:,} to tell when to stop, {:,} held out".format(*sizes),
        }
    )


def _names(encoder: TableEncoder, kind: type[Column]) -> str:
    names = [column.name for column in encoder.columns if isinstance(column, kind)]
    return f"{len(names)}: {some(names)}" if names else ""


def _mixed(frame: pl.DataFrame, encoder: TableEncoder, most: int = 6) -> list[str]:
    """Return, for each column of numbers that a few texts keep from being numbers, what it holds and became."""
    became = {column.name: "categories" for column in encoder.columns if isinstance(column, Category)}
    became[encoder.target.name] = "classes"
    told = []
    for column in frame:
        if column.dtype != pl.String:
            continue
        present = column.drop_nulls()
        texts = present.filter(present.cast(pl.Float64, strict=False).is_null())
        numbers = len(present) - len(texts)
        if len(texts) and numbers > MOSTLY * len(present):
            read = f"read as {became[column.name]}" if column.name in became else "left out"
            found = f"{count(numbers, 'number')}, {count(len(texts), 'text')} such as {shown(texts[0])}"
            told.append(f"{plain(column.name, LONGEST)}: {found}: {read}")
    return told[:most] + ([f"and {len(told) - most} more columns"] if len(told) > most else [])


def tell_training(net: Network, hidden: list[Dense], history: History, seconds: float) -> None:
    """Print the size of the network, and how its training went."""
    sizes = "-".join(str(size) for size in (net.inputs, *(layer.units for layer in hidden), net.outputs))
    best = "" if history.best_epoch is None else f", the best after epoch {history.best_epoch + 1}"
    facts(
        {
            "Network": f"{sizes}, {count(net.vector.size, 'parameter')}",
            "Trained": f"{count(history.epochs, 'epoch')} in {seconds:.1f} s{best}",
            "Stopped": history.stopped,
        }
    )


def tell_scores(rows: int, scores: Scores) -> None:
    """Print the scores on so many held-out rows beside those of a guess."""
    table = Table("", f"on {count(rows, 'held-out row')}", plain(scores.guess, LONGEST), box=SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, network in scores.network.items():
        table.add_row(name, *(format(value, FORMS[name]) for value in (network, scores.baseline[name])))
    console().print(table)
