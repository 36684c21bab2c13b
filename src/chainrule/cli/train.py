"""``chainrule train``: a network from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.choices import refuse_options
from chainrule.cli.screen import facts, plain, warn
from chainrule.ranges import whole

if TYPE_CHECKING:
    from chainrule.cli.course import Course

_RECIPE = "as the recipe says"


def train(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file.")],
    target: Annotated[str, typer.Option(help="The column to predict: classes or a number.")],
    recipe: Annotated[str, typer.Option(help="default, or plain: one network with one hidden layer.")] = "default",
    hidden: Annotated[
        str | None, typer.Option(help="The units of each hidden layer, such as 64,64.", show_default=_RECIPE)
    ] = None,
    activation: Annotated[
        str | None, typer.Option(help="The activation of the hidden layers.", show_default=_RECIPE)
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="How often each row is seen, at most.", show_default=_RECIPE)
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="The rows of one update.", show_default=_RECIPE)] = None,
    rate: Annotated[
        float | None, typer.Option(help="The learning rate.", show_default="the recipe's or the optimizer's own")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="How weights are updated.", show_default=_RECIPE)] = None,
    validate: Annotated[
        Path | None, typer.Option(metavar="TABLE", help="Choose the best epoch by these rows, not by a part of TABLE.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(help="Score by so many folds, and then train on all rows; none is held out.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The weight of each row; 2 counts as the row given twice.")
    ] = None,
    ensemble: Annotated[
        int | None, typer.Option(help="So many networks; what they say is averaged.", show_default=_RECIPE)
    ] = None,
    restarts: Annotated[
        int | None, typer.Option(help="Train each network from so many starts and keep the best.", show_default="1")
    ] = None,
    max_seconds: Annotated[float | None, typer.Option(help="Training ends after this time, with folds each.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the training to this new file while it runs.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Go on with the training in this checkpoint, to the same bits.")
    ] = None,
    checkpoint_seconds: Annotated[
        float | None, typer.Option(help="How often a checkpoint is written.", show_default="60")
    ] = None,
    seed: Annotated[int, typer.Option(help="For the start weights, and the choice and order of rows.")] = 0,
    log: Annotated[Path | None, typer.Option(help="Write the history of the training to this CSV file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the model to this file, for `predict`.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page about the model to this file, .html.")
    ] = None,
) -> None:
    """Train a network on a table and score it.

    A fifth of the rows is held out for the score. Ctrl-C ends the training; --out then gets the networks as they are.
    """
    from chainrule.cli.course import Course
    from chainrule.cli.options import Options
    from chainrule.cli.written import command_of

    if folds is not None:
        whole("--folds", folds, 2)
        refuse_options({"--checkpoint": checkpoint, "--resume": resume}, "is of one training, and --folds are several")
    chosen = {"recipe": recipe, "activation": activation, "epochs": epochs, "batch_size": batch_size, "rate": rate}
    chosen |= {"optimizer": optimizer, "ensemble": ensemble, "restarts": restarts, "max_seconds": max_seconds}
    kept = {"checkpoint": checkpoint, "resume": resume, "checkpoint_seconds": checkpoint_seconds}
    options = Options.of_text(hidden, seed=seed, **chosen, **kept)
    files: dict[str, Any] = {"validate": validate, "folds": folds, "weights": weights, "log": log, "out": out}
    typed = {"target": target, "hidden": hidden, **chosen, "seed": seed, **files, "report": report}
    command = command_of("train", [table], typed, {"recipe": "default", "seed": 0})
    course = Course(table, target, options, page=report, command=command, **files)
    course.prepare()
    try:
        course.run()
    except KeyboardInterrupt:
        warn(f"interrupted: {course.kept()}")
        raise typer.Exit(130) from None
    _tell(course)


def _tell(course: Course) -> None:
    """Print what was trained and how good it is; files are written by now, since printing may fail."""
    from chainrule.cli import report

    report.tell_changes(course.encoder, course.model)
    report.tell_training(course.model, course.histories, course.seconds)
    if course.is_interrupted:
        warn(f"interrupted: {course.kept()}")
        raise typer.Exit(130)
    report.tell_scores(course.scores, course.heading, course.answers().guess())
    facts({"Saved": plain(course.out or ""), "Report": plain(course.page or "")})
