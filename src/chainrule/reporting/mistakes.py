"""The parts of a page about mistakes: what is taken for what, whether probabilities hold, how far numbers are off."""

from __future__ import annotations

import math

import numpy as np

from chainrule.explain.markup import element, escaped
from chainrule.reporting.answers import Answers
from chainrule.reporting.charts import Axes, drawing, margin
from chainrule.reporting.classes import calibration, confusion, labels_of, most_confused, per_class
from chainrule.reporting.pieces import amount, figure, folded, name, paragraph, section, signed, table

MOST_IN_A_MATRIX = 20
MOST_CLASSES = 50
MOST_PAIRS = 20
MOST_DOTS = 1000
_LONGEST_HEAD = 20


def confused(answers: Answers) -> str:
    """Return the section with the confusion matrix and the scores of each class."""
    labels = labels_of(answers)
    shown = _matrix(answers, labels) if len(labels) <= MOST_IN_A_MATRIX else _pairs(answers)
    found = per_class(answers)
    said = "How well each class is told from the others"
    if len(found) > MOST_CLASSES:
        said = f"The {MOST_CLASSES} of {len(found):,} classes that are told worst from the others"
        found = sorted(found, key=lambda one: one.f1)[:MOST_CLASSES]
    rows = [
        (name(one.label), amount(one.rows), f"{one.precision:.1%}", f"{one.recall:.1%}", f"{one.f1:.3f}")
        for one in found
    ]
    heads = ("class", "rows", "precision", "recall", "F1")
    explained = (
        "Precision: of the rows taken for the class, how many are of it. Recall: of the rows of the class, how many "
        "are taken for it. F1: their harmonic mean."
    )
    each = folded(said, table(heads, rows, "classes"), paragraph(escaped(explained), class_="quiet"))
    return section("What it takes for what", "mistakes", shown, each)


def _matrix(answers: Answers, labels: list[str]) -> str:
    cells = confusion(answers)
    lines = [*map(name, labels), *([escaped("other classes")] if cells[-1].any() else [])]
    sums = np.maximum(cells.sum(axis=1, keepdims=True), 1e-300)
    shares = cells / sums
    rows = [
        (line, *(_cell(value, share, row == column) for column, (value, share) in enumerate(zip(*pair, strict=True))))
        for row, (line, pair) in enumerate(zip(lines, zip(cells, shares, strict=True), strict=False))
    ]
    said = "Each line is a class as it is, each column what its rows are taken for. Right answers are framed."
    if answers.weights is not None:
        said += " Rows count by their weights."
    heads = [name(label, _LONGEST_HEAD) for label in labels]
    return table(("", *heads), rows, "confusion") + paragraph(escaped(said), class_="quiet")


def _cell(value: float, share: float, is_right: bool) -> str:
    colour = "input" if is_right else "output"
    shade = f"background:color-mix(in srgb,var(--{colour}) {round(8 + share * 40)}%,transparent)" if value else None
    return element("td", amount(value) if value else "·", class_="right" if is_right else None, style=shade)


def _pairs(answers: Answers) -> str:
    found = most_confused(answers, MOST_PAIRS)
    if not found:
        return paragraph(escaped("Nothing is taken for anything else."))
    rows = [(name(one), name(other), amount(rows)) for one, other, rows in found]
    return table(("class", "taken for", "rows"), rows, "pairs")


def calibrated(answers: Answers) -> str:
    """Return the section with the reliability diagram."""
    found = calibration(answers)
    axes = Axes((0, 1), (0, 1), "stated probability", "how often it came true", 340, 320, percent=True)
    points = list(zip(found.stated.tolist(), found.true.tolist(), strict=True))
    radii = [2.5 + 6 * math.sqrt(rows / found.rows.max()) for rows in found.rows.tolist()]
    dots = [axes.dots([point], "input", radius, 0.75) for point, radius in zip(points, radii, strict=True)]
    title = f"Reliability diagram: expected calibration error {found.error:.3f}"
    diagonal = axes.line([(0, 0), (1, 1)], "quiet", 1, stroke_dasharray="4 4")
    drawn = drawing(340, 320, title, axes.frame(), diagonal, axes.line(points, "input"), *dots)
    said = (
        escaped("Dots are bins of rows by ")
        + name(found.what)
        + escaped(
            f", large ones of many rows. On the dashed line probabilities hold; below it they promise too much. "
            f"Expected calibration error: {found.error:.3f}."
        )
    )
    rows = [
        (f"{stated:.4f}", f"{true:.4f}", amount(rows))
        for stated, true, rows in zip(found.stated.tolist(), found.true.tolist(), found.rows.tolist(), strict=True)
    ]
    heads = ("stated probability", "came true", "rows")
    numbers = folded("The numbers", table(heads, rows, "calibration", named=False))
    return section("Whether its probabilities hold", "calibration", figure(drawn, said), numbers)


def residuals(answers: Answers) -> str:
    """Return the section with the residuals against the predictions."""
    off = answers.actual - answers.outputs
    places = np.arange(len(off))
    if len(off) > MOST_DOTS:
        places = np.sort(np.random.default_rng(0).choice(places, MOST_DOTS, replace=False))
    x, y = margin(answers.outputs[places].tolist()), margin([*off[places].tolist(), 0.0])
    axes = Axes(x, y, "predicted", "actual − predicted", 360, 270)
    points = zip(answers.outputs[places].tolist(), off[places].tolist(), strict=True)
    zero = axes.line([(x[0], 0.0), (x[1], 0.0)], "ink", 1)
    drawn = drawing(
        360, 270, "Residuals against predictions", axes.frame(), zero, axes.dots(points, "input", 2.2, 0.55)
    )
    shown = f"{len(places):,} of {len(off):,} rows, chosen at random" if len(places) < len(off) else "Each dot is a row"
    said = escaped(f"{shown}. Above the line it is more than was predicted.")
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    found = np.quantile(off, levels, weights=answers.row_weights, method="inverted_cdf")
    quantiles = zip(levels, found.tolist(), strict=True)
    rows = [(f"{level:.0%}", signed(value, ".4g")) for level, value in quantiles]
    heads = ("of the rows", "at most")
    numbers = folded("Quantiles of actual − predicted", table(heads, rows, "residuals"))
    return section("How far it is off", "mistakes", figure(drawn, said), numbers)
