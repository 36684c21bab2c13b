"""A report as one HTML page that needs nothing else: no scripts, no network, light and dark, for phones and paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.explain.colours import COLOURS, PAGE
from chainrule.explain.markup import element, escaped
from chainrule.reporting.answers import Answers
from chainrule.reporting.importance import Importance
from chainrule.reporting.learned import Curve, course, important, read, unmeasured
from chainrule.reporting.mistakes import calibrated, confused, residuals
from chainrule.reporting.pieces import facts, name, paragraph, section
from chainrule.reporting.scored import scored
from chainrule.reporting.scores import Score
from chainrule.tables import Classes

if TYPE_CHECKING:
    from chainrule.tables import TableEncoder

# Nothing is fetched and nothing runs, whatever a name in the report may try.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_FILE = Path(__file__).with_name("report.css")


@dataclass(frozen=True)
class Report:
    """What a page says.

    Parameters
    ----------
    table : the name of the table.
    of : what the rows are that were asked about, in a sentence.
    scores, answers : of these rows.
    importance : of the columns; None if it was not measured.
    curves, trained : the losses of the networks, and how training went in a sentence; none for a saved model.
    encoder : the columns.
    settings, versions : names and values.
    command : the command line that made the page.
    notes : what a reader should know before anything else.
    """

    table: str
    of: str
    scores: Sequence[Score]
    answers: Answers
    importance: Importance | None
    encoder: TableEncoder
    settings: dict[str, str]
    versions: dict[str, str]
    command: str
    curves: Sequence[Curve] = ()
    trained: str = ""
    notes: Sequence[str] = field(default_factory=tuple)


def to_page(report: Report) -> str:
    """Return the page."""
    target = report.answers.target.name
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="color-scheme", content="light dark"),
        element("title", escaped(f"Predicting {target[:80]}")),
        element("style", _style()),
    )
    title = element("h1", escaped("Predicting "), name(target))
    notes = (paragraph(name(note), class_="note") for note in report.notes)
    header = element("header", title, paragraph(escaped("from "), name(report.table), class_="quiet"), *notes)
    body = element("body", header, element("main", *_sections(report)))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _sections(report: Report) -> list[str]:
    answers = report.answers
    parts = [scored(report.scores, answers, report.of)]
    if isinstance(answers.target, Classes):
        parts += [confused(answers), calibrated(answers)]
    else:
        parts.append(residuals(answers))
    found = report.importance
    parts.append(unmeasured(len(report.encoder.columns)) if found is None else important(found))
    if report.curves:
        parts.append(course(report.curves, report.trained))
    parts.append(read(report.encoder))
    settings = facts((key, name(value)) for key, value in {**report.settings, **report.versions}.items() if value)
    words = " ".join(element("span", escaped(word)) for word in report.command.split(" "))
    command = element("pre", element("code", words), tabindex=0)
    parts.append(section("How to make it again", "settings", command, settings))
    return parts


def _style() -> str:
    pairs = {**PAGE, **{role: (COLOURS[role].light, COLOURS[role].dark) for role in ("input", "output")}}
    light = "".join(f"--{key}:{colour};" for key, (colour, _) in pairs.items())
    dark = "".join(f"--{key}:{colour};" for key, (_, colour) in pairs.items())
    schemes = f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return f"{schemes}\n{_FILE.read_text(encoding='utf-8')}"
