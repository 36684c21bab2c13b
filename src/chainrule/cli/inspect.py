"""``chainrule inspect``: what is in a model file, or in a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.screen import LONGEST, count, facts, plain, some

if TYPE_CHECKING:
    from chainrule.checkpoints import Saved
    from chainrule.models import Model

# What of a training is told elsewhere, or is there for `evaluate` alone.
_ELSEWHERE = ("guess", "scores", "table", "rows")


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model, or a checkpoint of `train`.")],
) -> None:
    """Say what is in a model file or a checkpoint: networks, columns, how it was trained, and with which versions."""
    from chainrule import checkpoints, models

    if checkpoints.is_one(file):
        return _tell_checkpoint(file, checkpoints.read(file))
    _tell_model(file, models.load(file))


def _tell_model(file: Path, model: Model) -> None:
    from chainrule.cli.report import network_in_words, target_in_words

    table = model.table
    columns = [] if table is None else [f"{column.name} ({type(column).__name__.lower()})" for column in table.columns]
    given = {name: value for name, value in model.training.items() if name not in _ELSEWHERE}
    facts(
        {
            "Model": f"{plain(file.name, LONGEST)}, {count(file.stat().st_size, 'byte')}",
            "Network": f"{network_in_words(model)}, {model.net.dtype.name}, loss {model.net.architecture.loss.name}",
            "Target": "" if table is None else f"{plain(table.target.name, LONGEST)}, {target_in_words(table.target)}",
            "Columns": f"{len(columns)}: {some(columns, 12)}" if columns else "",
            "Left out": "" if table is None else some(f"{name} ({why})" for name, why in table.left_out.items()),
            "Calibrated": "" if model.temperature is None else f"temperature {model.temperature:.3g}",
            "Trained on": _trained_on(model.training),
            "Settings": _in_words(given),
            "Scores": _in_words(model.training.get("scores")),
            "Versions": _in_words(model.versions),
            "Fingerprint": plain(model.fingerprint),
        }
    )
    typer.echo()
    typer.echo("The equations of its network are printed by `chainrule source`, its numbers by `chainrule explain`.")


def _trained_on(training: Mapping[str, Any]) -> str:
    if not training.get("table"):
        return ""
    return f"{plain(training['table'], LONGEST)}, {training.get('rows', '?')} rows"


def _tell_checkpoint(file: Path, trainings: Mapping[int, Saved]) -> None:
    ends = [str(saved.facts.get("stopped") or "goes on") for saved in trainings.values()]
    epochs = [len(saved.arrays.get("history/epoch", ())) for saved in trainings.values()]
    first = next(iter(trainings.values()))
    facts(
        {
            "Checkpoint": f"{plain(file.name, LONGEST)}, {count(file.stat().st_size, 'byte')}",
            "Trainings": str(len(trainings)),
            "On record": f"{', '.join(map(str, epochs))} of {first.identity.get('epochs')} epochs",
            "Standing": plain("; ".join(dict.fromkeys(ends))),
            "Optimiser": plain(first.identity.get("optimizer") or ""),
            "Engine": plain(first.facts.get("said", "")),
        }
    )


def _in_words(given: object) -> str:
    if not isinstance(given, Mapping):
        return ""
    shown = (f"{name.replace('_', ' ')} {_value(value)}" for name, value in given.items() if value is not None)
    return plain(", ".join(shown))


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
