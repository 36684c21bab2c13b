"""``chainrule evaluate``: how good a saved model is on a table whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.screen import LONGEST, count, facts, plain, warn

if TYPE_CHECKING:
    from chainrule.cli.asked import Question
    from chainrule.reporting.answers import Answers
    from chainrule.reporting.scores import Score


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that `train --out` wrote.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file with the target column too.")],
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page about it to this file, .html.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Score a saved model on a table with the truth.

    Each score has the interval in which it may lie. Rows without a target are left out; a class that training had not
    counts as a mistake.
    """
    from chainrule.cli.asked import ask
    from chainrule.cli.destinations import check_destinations, check_ending
    from chainrule.cli.written import command_of
    from chainrule.files import check_destination, replace
    from chainrule.reporting.scores import score

    check_ending("--report", report, (".html", ".htm"))
    check_destinations({"the model": model, "the table": table}, {"--report": report})
    asked = ask(model, table)
    scores = score(asked.answers)
    if report is not None:
        from chainrule.cli.pages import page_of_question

        command = command_of("evaluate", [model, table], {"report": report, "json": as_json or None}, {})
        replace(check_destination(report), page_of_question(asked, scores, command).encode())
    for note in asked.notes:
        warn(note)
    if as_json:
        typer.echo(json.dumps(_plain(asked.answers, scores), ensure_ascii=False, indent=2))
    else:
        _tell(asked, scores, report)


def _tell(asked: Question, scores: list[Score], page: Path | None) -> None:
    from chainrule.cli import report
    from chainrule.tables import Classes

    target = asked.answers.target
    facts(
        {
            "Model": f"{plain(asked.path.name, LONGEST)}: {report.network_in_words(asked.model)}",
            "Target": f"{plain(target.name, LONGEST)}, {report.target_in_words(target)}",
            "Dropped": count(asked.dropped, "row without a target", "rows without a target") if asked.dropped else "",
        }
    )
    report.tell_scores(scores, f"on {count(len(asked.answers), 'row')}", asked.answers.guess())
    if isinstance(target, Classes):
        report.tell_classes(asked.answers)
    facts({"Report": plain(page or "")})


def _plain(answers: Answers, scores: list[Score]) -> dict[str, Any]:
    """Return everything as JSON can hold it; lines of the confusion are what rows are, columns what they are taken for.

    A last line of it is for rows of classes that training had not, if there are any.
    """
    from dataclasses import asdict

    from chainrule.reporting.classes import calibration, confusion, per_class
    from chainrule.tables import Classes

    found: dict[str, Any] = {
        "target": answers.target.name,
        "rows": len(answers),
        "guess": answers.guess(),
        "scores": {
            one.name: {"value": one.value, "low": one.low, "high": one.high, "baseline": one.baseline} for one in scores
        },
    }
    if isinstance(answers.target, Classes):
        cells = confusion(answers)
        found |= {
            "classes": [asdict(one) for one in per_class(answers)],
            "confusion": (cells if cells[-1].any() else cells[:-1]).tolist(),
            "calibration_error": calibration(answers).error,
        }
    return found
