"""The pages of `train --report` and `evaluate --report`: what they say, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.cli.report import best_in_words, epochs_in_words, network_in_words, stopped
from chainrule.cli.screen import count
from chainrule.cli.written import settings_of
from chainrule.models import versions
from chainrule.reporting.importance import REPEATS, importance
from chainrule.reporting.learned import Curve
from chainrule.reporting.page import Report, to_page

if TYPE_CHECKING:
    from chainrule.cli.asked import Question
    from chainrule.cli.course import Course
    from chainrule.models import Model
    from chainrule.reporting.scores import Score


def page_of_course(course: Course) -> str:
    """Return the page about a model that was just trained."""
    parts = [(part.model, part.rows.frame, part.answers) for part in course.parts]
    model, rows = course.model, len(course.training)
    assert model.table is not None
    if course.folds:
        repeats = max(1, round(REPEATS / course.folds))
        of = (
            f"Mean over {course.folds} folds of {count(rows, 'row')}, each asked of a model that was trained without "
            "it; the model itself was then trained on all."
        )
    else:
        repeats = REPEATS
        of = f"On {count(len(course.held_out), 'row')} that were held out; {rows:,} were trained with."
    epochs = epochs_in_words(course.histories) + best_in_words(course.histories)
    trained = f"{network_in_words(model)}: {epochs}; {'; '.join(stopped(course.histories))}."
    report = Report(
        table=course.table.name,
        of=of,
        scores=course.scores,
        answers=course.answers(),
        importance=importance(parts, repeats),
        encoder=model.table,
        settings=_settings(model, settings_of(course.options, course.data.target.kind)),
        versions=_versions(versions()),
        command=course.command,
        curves=[Curve.of(history) for history in course.histories],
        trained=trained,
    )
    return to_page(report)


def page_of_question(asked: Question, scores: Sequence[Score], command: str) -> str:
    """Return the page about a saved model on a table."""
    model = asked.model
    assert model.table is not None
    report = Report(
        table=asked.table.name,
        of=f"The model {asked.path.name} on {count(len(asked.answers), 'row')}.",
        scores=scores,
        answers=asked.answers,
        importance=importance([(model, asked.frame, asked.answers)]),
        encoder=model.table,
        settings=_settings(
            model, {key: value for key, value in model.training.items() if key not in ("guess", "scores")}
        ),
        versions=_versions(model.versions),
        command=command,
        notes=asked.notes,
    )
    return to_page(report)


def _settings(model: Model, given: Mapping[str, Any]) -> dict[str, str]:
    temperature = "" if model.temperature is None else f"{model.temperature:.4g}"
    settings = {str(key).replace("_", " "): _said(value) for key, value in given.items()}
    return {"networks": network_in_words(model), "temperature": temperature, **settings}


def _versions(given: Mapping[str, Any]) -> dict[str, str]:
    return {f"{library} version": str(version) for library, version in given.items()}


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
