"""``chainrule diagnose``: which of somebody's numbers is wrong first, and the slip that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.choices import Chosen, chosen, optimizer_of
from chainrule.errors import InputError


def diagnose(
    model: Annotated[str, typer.Argument(metavar="NAME|MODEL", help="A published example, or a model file.")],
    numbers: Annotated[Path, typer.Argument(metavar="NUMBERS", help="A CSV with the columns name and value.")],
    table: Annotated[Path | None, typer.Option(help="For a model: a table with its columns.")] = None,
    row: Annotated[
        list[int] | None, typer.Option(help="A row of the table, or sample of the example, counted from 1.")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="Of the update; of an example its own.")] = None,
    rate: Annotated[float | None, typer.Option(help="Its learning rate.")] = None,
    steps: Annotated[int, typer.Option(help="So many updates were made.")] = 1,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
) -> None:
    """Find what is wrong with gradients, weights or other numbers, and name the slip that gives them.

    Each number is taken for as exact as its digits. The exit code is 1 if one does not agree.
    """
    from chainrule.diagnosis import diagnose

    given = chosen(model, table, row or []) if table else _samples(chosen(model, None, []), row or [])
    update = given.optimizer
    if optimizer or rate is not None:
        update = optimizer_of(optimizer or "gradient_descent", rate)
    names = _elements(given.names, len(given.x))
    diagnosis = diagnose(
        given.net, given.x, given.t, numbers, optimizer=update, steps=steps, names=names, language=language
    )
    typer.echo(str(diagnosis))
    if not diagnosis.agrees:
        raise typer.Exit(1)


def _samples(given: Chosen, rows: list[int]) -> Chosen:
    """Return some samples of an example, or all of them."""
    for row in rows:
        if not 1 <= row <= len(given.x):
            raise InputError(f"--row must be from 1 to {len(given.x)}, the samples of the example, not {row}")
    places = [row - 1 for row in rows] or slice(None)
    return replace(given, x=given.x[places], t=given.t[places])


def _elements(aliases: Mapping[str, str], rows: int) -> dict[str, str]:
    """Return for each of a document's own names the element that it means; ``n`` is the sample where it is alone."""
    return {theirs: ours.replace("[n,", "[0,") for ours, theirs in aliases.items() if rows == 1 or "[n," not in ours}
