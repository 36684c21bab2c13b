"""``chainrule show``: what goes wrong in training, by small experiments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.screen import console, facts
from chainrule.files import check_destination

if TYPE_CHECKING:
    from chainrule.pitfalls import Finding


def show(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which one; if left out, their names are shown.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything random: the same seed gives the same numbers.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Write the picture to this file.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all numbers to this file.")] = None,
) -> None:
    """Show what goes wrong in training: vanishing gradients, rates that are too large, and more."""
    from chainrule.pitfalls import PITFALLS, pitfall

    if name is None:
        if out or csv:
            raise typer.BadParameter("--out and --csv need the NAME of an experiment")
        facts({entry.name: entry.title for entry in PITFALLS.values()})
        return
    chosen = pitfall(name)
    for path in (out, csv):
        if path:
            check_destination(path)  # before the work, not after it
    finding = chosen.show(seed)
    if out:
        from chainrule.plots import save_figure

        save_figure(finding.plot(), out)
    if csv:
        finding.data.to_csv(csv)
    _print(finding)


def _print(finding: Finding) -> None:
    """Print the setting, the table and the sentences."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in finding.table.columns:
        table.add_column(column)
    for row in finding.table.written():
        table.add_row(*row)
    screen = console()
    screen.print(finding.title, style="bold")
    screen.print(f"{finding.setting}\n")
    screen.print(table)
    for sentence in finding.sentences:
        screen.print(f"\n{sentence}")
