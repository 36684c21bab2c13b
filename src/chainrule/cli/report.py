"""What `chainrule train` and `chainrule evaluate` say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table

from chainrule.cli import tabled
from chainrule.cli.screen import LONGEST, console, count, facts, plain, some
from chainrule.errors import shown
from chainrule.reporting.classes import confusion, labels_of, most_confused, per_class
from chainrule.reporting.pieces import amount
from chainrule.tables import Category, Classes, Date, Number

if TYPE_CHECKING:
    from chainrule.cli.labelled import Labelled
    from chainrule.history import History
    from chainrule.models import Model
    from chainrule.reporting.answers import Answers
    from chainrule.reporting.scores import Score
    from chainrule.tables import TableEncoder
    from chainrule.tables.columns import Column
    from chainrule.tables.targets import Target

MOSTLY = 0.8
"""A column of text of which more than this part are numbers was probably meant to be one of numbers."""
MOST_CLASSES = 20
"""Of more classes only the worst told ones are shown."""
MOST_IN_A_MATRIX = 8
_LABEL = 16


def tell_table(data: Labelled, encoder: TableEncoder, rows: str) -> None:
    """Print what was recognised in a table; `rows` is what its rows are for."""
    target, frame = data.target, data.frame
    without, weightless = len(frame) - len(data.labelled), len(data.labelled) - len(data.rows)
    dropped = [
        count(without, "row without a target", "rows without a target") if without else "",
        count(weightless, "row of weight 0", "rows of weight 0") if weightless else "",
    ]
    facts(
        {
            "Table": f"{plain(data.path.name, LONGEST)}: {count(len(frame), 'row')}, {count(frame.width, 'column')}",
            "Target": f"{plain(target.name, LONGEST)}, {target_in_words(target)}",
            "Weights": plain(data.weights or "", LONGEST),
            "Numbers": _names(encoder, Number),
            "Categories": _names(encoder, Category),
            "Dates": _names(encoder, Date),
            "Left out": some(f"{name} ({reason})" for name, reason in encoder.left_out.items()),
            "Mixed": "\n".join(_mixed(frame, encoder, target)),
            "Dropped": ", ".join(filter(None, dropped)),
            "Rows": rows,
        }
    )


def target_in_words(target: Target) -> str:
    """Return what a target is."""
    if isinstance(target, Classes):
        return f"one of {count(target.outputs, 'class', 'classes')}: {some(target.labels)}"
    return "a number"


def tell_changes(told: TableEncoder, model: Model) -> None:
    """Print which columns a model uses, or leaves out, other than was told before: some rows only validate."""
    assert model.table is not None
    before, after = ({column.name for column in table.columns} for table in (told, model.table))
    left_out = model.table.left_out.items()
    facts(
        {
            "Used too": some(sorted(after - before)),
            "Left out too": some(f"{name} ({reason}, where trained)" for name, reason in left_out if name in before),
        }
    )


def _names(encoder: TableEncoder, kind: type[Column]) -> str:
    names = [column.name for column in encoder.columns if isinstance(column, kind)]
    return f"{len(names)}: {some(names)}" if names else ""


def _mixed(frame: pl.DataFrame, encoder: TableEncoder, target: Target, most: int = 6) -> list[str]:
    """Return, for each column of numbers that a few texts keep from being numbers, what it holds and became."""
    became = {column.name: "categories" for column in encoder.columns if isinstance(column, Category)}
    became[target.name] = "classes"
    numbers_ = {column.name for column in encoder.columns if isinstance(column, Number)}
    told = []
    for column in frame:
        if column.dtype != pl.String or column.name in numbers_:  # of thousands, only the texts take time
            continue
        present = column.drop_nulls()
        texts = present.filter(present.cast(pl.Float64, strict=False).is_null())
        numbers = len(present) - len(texts)
        if len(texts) and numbers > MOSTLY * len(present):
            read = f"read as {became[column.name]}" if column.name in became else "left out"
            found = f"{count(numbers, 'number')}, {count(len(texts), 'text')} such as {shown(texts[0])}"
            told.append(f"{plain(column.name, LONGEST)}: {found}: {read}")
    return told[:most] + ([f"and {len(told) - most} more columns"] if len(told) > most else [])


def unseen_in_words(name: str, values: str) -> str:
    """Return what to say of a category that holds values without a place of their own."""
    return f"column {shown(name)} holds what training had not, or too rarely: {values}"


def network_in_words(model: Model) -> str:
    """Return the sizes of a model's networks and how many parameters each has."""
    net, networks = model.net, len(model.networks)
    of = f"{networks} of " if networks > 1 else ""
    each = " each" if networks > 1 else ""
    return f"{of}{net.architecture.sizes}, {count(net.vector.size, 'parameter')}{each}"


def epochs_in_words(histories: Sequence[History]) -> str:
    """Return how many epochs the trainings took."""
    epochs = span([history.epochs for history in histories])
    return f"{epochs} {'epoch' if epochs == '1' else 'epochs'}"


def best_in_words(histories: Sequence[History]) -> str:
    """Return after which epoch each training was best, "" where nothing told."""
    best = [history.best_epoch + 1 for history in histories if history.best_epoch is not None]
    return f", the best after epoch {span(best)}" if best else ""


def stopped(histories: Sequence[History]) -> list[str]:
    """Return why the trainings ended, each reason once."""
    return list(dict.fromkeys(history.stopped for history in histories))


def span(values: Sequence[int]) -> str:
    """Return whole numbers in words.

    >>> span([3, 3]), span([3, 1200])
    ('3', '3 to 1,200')
    """
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def tell_training(model: Model, histories: Sequence[History], seconds: float) -> None:
    """Print the size of the networks, and how their training went."""
    facts(
        {
            "Network": network_in_words(model),
            "Trained": f"{epochs_in_words(histories)} in {seconds:.1f} s{best_in_words(histories)}",
            "Stopped": "; ".join(stopped(histories)),
            "Calibrated": "" if model.temperature is None else f"temperature {model.temperature:.3g}",
        }
    )


def tell_scores(scores: Sequence[Score], heading: str, guess: str) -> None:
    """Print scores beside those of a guess, with their intervals or their deviations."""
    over_folds = scores[0].deviation is not None
    reach = "standard deviation" if over_folds else "95% interval"
    table = Table("", heading, plain(guess, LONGEST), reach, box=SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for score in scores:
        table.add_row(score.name, score.said(), score.said(score.baseline), score.reach.removeprefix("± "))
    console().print(table)


def tell_classes(answers: Answers) -> None:
    """Print how well each class is told from the others, and what is taken for what."""
    found, labels = per_class(answers), labels_of(answers)
    if len(found) > MOST_CLASSES:
        found = sorted(found, key=lambda one: one.f1)[:MOST_CLASSES]
        console().print(f"The {MOST_CLASSES} of {len(labels):,} classes that are told worst:")
    rows = [
        (
            plain(one.label, LONGEST),
            amount(one.rows),
            *(f"{v:.1%}" for v in (one.precision, one.recall)),
            f"{one.f1:.3f}",
        )
        for one in found
    ]
    tabled.show(("class", "rows", "precision", "recall", "F1"), rows, right=range(1, 5))
    console().print()
    if len(labels) <= MOST_IN_A_MATRIX:
        _tell_matrix(answers, labels)
    else:
        facts(
            {
                "Confused": "\n".join(
                    f"{plain(a, 30)} for {plain(b, 30)}: {amount(n)}" for a, b, n in most_confused(answers, 6)
                )
            }
        )


def _tell_matrix(answers: Answers, labels: Sequence[str]) -> None:
    cells = confusion(answers)
    names = [plain(label, _LABEL) for label in labels]
    lines = [*names, *(["other"] if cells[-1].any() else [])]
    rows = [(name, *map(amount, line)) for name, line in zip(lines, cells, strict=False)]
    tabled.show(("is, taken for", *names), rows, right=range(1, len(names) + 1))
