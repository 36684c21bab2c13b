"""The parts of a page about columns and training: what answers hang on, how the loss fell, what was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.explain.markup import element, escaped
from chainrule.reporting.charts import Axes, drawing, margin
from chainrule.reporting.importance import MOST_COLUMNS as MOST_MEASURED
from chainrule.reporting.importance import Importance
from chainrule.reporting.pieces import figure, folded, name, paragraph, section, signed, table
from chainrule.tables import Category, Date, Number

if TYPE_CHECKING:
    from chainrule.history import History
    from chainrule.tables import TableEncoder
    from chainrule.tables.columns import Column

MOST_COLUMNS = 20
_BAR = 72.0
# A logarithmic axis shows losses that fall by more than this factor.
_FALL = 20


@dataclass(frozen=True)
class Curve:
    """The losses of one network after each epoch; `best` is the number of the epoch that was kept, from 0."""

    epoch: Sequence[int]
    training: Sequence[float]
    validation: Sequence[float]
    best: int | None

    @classmethod
    def of(cls, history: History) -> Curve:
        """Return the curve of a training."""
        return cls(history.epoch, history.cost, history.validation_cost, history.best_epoch)


def important(found: Importance) -> str:
    """Return the section with the importance of the columns, the greatest first."""
    columns = sorted(found.loss, key=lambda column: -found.loss[column])
    most = max(1e-12, *found.loss.values())
    form = "z.1%" if found.score == "accuracy" else "z.3f"
    rows = [
        (
            name(column),
            element("td", _bar(max(0.0, found.loss[column]) / most), class_="bar"),
            f"{signed(found.loss[column], form)} ± {found.deviation[column]:{form}}",
        )
        for column in columns
    ]
    heads = ("column", "", f"loss of {found.score}")
    times = f"{found.repeats} time{'s' * (found.repeats != 1)}"
    said = (
        f"How much {found.score} falls when the values of one column are shuffled among the rows: mean and standard "
        f"deviation, {times}{f' for each of {found.models} models' if found.models > 1 else ''}, on {found.rows:,} of "
        "the rows above. Columns that say the same can stand in for each other, and then each seems to matter little."
    )
    inside = [table(heads, rows[:MOST_COLUMNS], "importance")]
    if len(rows) > MOST_COLUMNS:
        inside.append(
            folded(f"{len(rows) - MOST_COLUMNS} more columns", table(heads, rows[MOST_COLUMNS:], "importance"))
        )
    return _of_importance(*inside, paragraph(escaped(said), class_="quiet"))


def unmeasured(columns: int) -> str:
    """Return the section that says why the importance of so many columns was not measured."""
    reason = "these rows have no score to measure it by"
    if columns > MOST_MEASURED:
        reason = f"the table has more than {MOST_MEASURED} columns, and each takes predictions of all rows"
    return _of_importance(paragraph(escaped(f"How much each column matters was not measured: {reason}.")))


def _of_importance(*inside: str) -> str:
    return section("What its answers hang on", "importance", *inside)


def _bar(share: float) -> str:
    bar = element("rect", x=0, y=3, width=round(share * _BAR, 1), height=10, rx=2, fill="var(--input)")
    return element("svg", bar, viewBox=f"0 0 {_BAR:g} 16", width=_BAR, height=16, aria_hidden="true")


def course(curves: Sequence[Curve], said: str) -> str:
    """Return the section with the losses of all networks; `said` tells how training went."""
    values = [value for curve in curves for value in (*curve.training, *curve.validation)]
    last = max(1, *(curve.epoch[-1] for curve in curves)) + 1
    logarithmic = min(values) > 0 and max(values) > _FALL * min(values)
    y = (min(values) / 1.1, max(values) * 1.1) if logarithmic else margin(values)
    axes = Axes((0, last), y, "epoch", "loss", 360, 260, logarithmic=logarithmic)
    lines, marks = [], []
    for curve in curves:
        epochs = [epoch + 1 for epoch in curve.epoch]
        lines.append(axes.line(zip(epochs, curve.training, strict=True), "input", 1.3, stroke_opacity=0.8))
        if curve.validation:
            lines.append(axes.line(zip(epochs, curve.validation, strict=True), "output", 1.3, stroke_opacity=0.8))
        if curve.validation and curve.best is not None and curve.best in curve.epoch:
            marks.append((curve.best + 1, curve.validation[list(curve.epoch).index(curve.best)]))
    drawn = drawing(360, 260, "Losses by epoch", axes.frame(), *lines, axes.dots(marks, "output", 4))
    return section(
        "How it was trained", "course", figure(drawn, _legend(curves, bool(marks))), paragraph(escaped(said))
    )


def _legend(curves: Sequence[Curve], has_best: bool) -> str:
    of = "" if len(curves) == 1 else f", a line for each of {len(curves)} networks"
    entries = [element("span", escaped("training rows"), class_="of-input")]
    if any(curve.validation for curve in curves):
        entries.append(element("span", escaped("rows to validate with"), class_="of-output"))
    best = escaped("; a dot marks the epoch that was kept") if has_best else ""
    return escaped("Loss of ") + escaped(" and ").join(entries) + escaped(of) + best + escaped(".")


def read(encoder: TableEncoder) -> str:
    """Return the section with the columns, what each became, and which were left out."""
    rows = [(name(column.name), *map(escaped, _became(column))) for column in encoder.columns]
    used = table(("column", "holds", "inputs"), rows, "columns")
    inside = [used] if len(rows) <= MOST_COLUMNS else [folded(f"{len(rows):,} columns", used)]
    if encoder.left_out:
        left = [
            (name(column), element("td", name(reason), class_="said")) for column, reason in encoder.left_out.items()
        ]
        inside.append(folded(f"{len(left):,} left out", table(("column", "why"), left, "left-out")))
    return section("What was read", "columns", *inside)


def _became(column: Column) -> tuple[str, str]:
    inputs = len(column.inputs)
    if isinstance(column, Number):
        return "numbers, some missing" if column.flag else "numbers", f"{inputs:,}"
    if isinstance(column, Date):
        return "dates", f"{inputs:,}"
    assert isinstance(column, Category)
    more = " as learned numbers" if column.coded else " and others" if column.other else ""
    missing = ", some missing" if column.missing else ""
    return f"{len(column.values):,} categories{more}{missing}", f"{inputs:,}"
