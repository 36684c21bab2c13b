"""The part of a page about scores: the main one in words and drawn, all of them in a table."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.explain.markup import element, escaped
from chainrule.reporting.answers import Answers
from chainrule.reporting.charts import drawing
from chainrule.reporting.pieces import facts, figure, folded, name, paragraph, section, table
from chainrule.reporting.scores import NAMES, Score

_WIDTH, _EDGE = 360.0, 16.0
_BEST_IS_1 = ("accuracy", "R²")
"""The main scores that can be drawn on a scale up to the best one."""


def scored(scores: Sequence[Score], answers: Answers, of: str) -> str:
    """Return the section; `of` says what the rows are."""
    main = scores[0]
    number = element("p", element("strong", _true_minus(main.said())), escaped(f" {main.name}"), class_="main")
    known = "standard deviation" if main.deviation is not None else "95% interval"
    rows = [
        [_true_minus(cell) for cell in (one.name, one.said(), one.reach or "–", one.said(one.baseline))]
        for one in scores
    ]
    heads = ("", escaped("model"), escaped(known), name(answers.guess()))
    explained = facts((one.name, escaped(NAMES[one.name])) for one in scores)
    return section(
        "How good it is",
        "scores",
        number,
        paragraph(escaped(of), " ", _in_words(main, answers)),
        figure(_drawn(main)) if main.name in _BEST_IS_1 else "",
        table(heads, rows, "scores"),
        folded("What these scores are", explained),
    )


def _true_minus(said: str) -> str:
    return escaped(said.replace("-", "−"))


def _in_words(main: Score, answers: Answers) -> str:
    guess = escaped("The answer ") + name(f"“{answers.guess()}”") + _true_minus(f" has {main.said(main.baseline)}.")
    if main.deviation is not None:
        return escaped(f"From fold to fold it varies by {main.said(main.deviation)} (standard deviation). ") + guess
    if main.low is None or main.high is None:
        return guess
    low, high = main.said(main.low), main.said(main.high)
    return _true_minus(f"On all rows of this kind it is between {low} and {high}, in 95 of 100 such cases. ") + guess


def _drawn(main: Score) -> str:
    """Return the score as a dot on its interval, and the baseline as a stroke, on a scale up to the best score."""
    low, high = _ends(main)
    least = 0.0 if main.name == "accuracy" else min(0.0, main.baseline, low)
    unit = (_WIDTH - 2 * _EDGE) / (1 - least)

    def at(value: float) -> float:
        return round(_EDGE + (max(least, min(1, value)) - least) * unit, 1)

    known = ", ".join(filter(None, (f"{main.name} {main.said()}", main.reach)))
    title = f"{known}; baseline {main.said(main.baseline)}"
    y, stroke = 34, {"stroke_linecap": "round"}
    ends = (_true_minus(main.said(least)), escaped(main.said(1.0)))
    return drawing(
        _WIDTH,
        74,
        title,
        element("line", x1=_EDGE, y1=y, x2=_WIDTH - _EDGE, y2=y, stroke="var(--line)", stroke_width=2, **stroke),
        element("line", x1=at(low), y1=y, x2=at(high), y2=y, stroke="var(--input)", stroke_width=9,
                stroke_opacity=0.35, **stroke),
        element("line", x1=at(main.baseline), y1=y - 13, x2=at(main.baseline), y2=y + 13, stroke="var(--quiet)",
                stroke_width=2.5),
        element("circle", cx=at(main.value), cy=y, r=6.5, fill="var(--input)"),
        element("text", escaped("baseline"), x=_label(at(main.baseline)), y=14, text_anchor="middle",
                fill="var(--quiet)", font_size=11),
        element("text", ends[0], x=_EDGE, y=64, text_anchor="start", fill="var(--quiet)", font_size=11),
        element("text", ends[1], x=_WIDTH - _EDGE, y=64, text_anchor="end", fill="var(--quiet)", font_size=11),
    )  # fmt: skip


def _label(x: float) -> float:
    return max(_EDGE + 12, min(_WIDTH - _EDGE - 12, x))


def _ends(main: Score) -> tuple[float, float]:
    if main.deviation is not None:
        return main.value - main.deviation, main.value + main.deviation
    return (main.value if main.low is None else main.low), (main.value if main.high is None else main.high)
