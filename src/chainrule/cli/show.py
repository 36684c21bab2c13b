"""``chainrule show``: what goes wrong in training, by small experiments."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.destinations import check_destinations
from chainrule.cli.screen import console, facts
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from chainrule.pitfalls import Finding


def show(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which one; if left out, their names are shown.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything random: the same seed gives the same numbers.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the picture to this file, .png, .svg or .pdf.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all numbers to this file.")] = None,
) -> None:
    """Show what goes wrong in training: vanishing gradients, rates that are too large, and more."""
    from chainrule.pitfalls import PITFALLS, pitfall

    as_seed(seed)
    if name is None:
        if out or csv:
            raise typer.BadParameter("--out and --csv need the NAME of an experiment")
        facts({entry.name: entry.title for entry in PITFALLS.values()})
        return
    chosen = pitfall(name)
    check_destinations({}, {"--out": out, "--csv": csv}, picture="--out")
    finding = chosen.show(seed)
    if out:
        from chainrule.plots import save_figure

        save_figure(finding.plot(), out)
    if csv:
        finding.data.to_csv(csv)
    _print(finding)


def _print(finding: Finding) -> None:
    """Print the setting, the table and the sentences."""
    from chainrule.cli.tabled import show as show_table

    width = console().width
    for text in (finding.title, finding.setting):
        typer.echo(fill(text, width))
    typer.echo()
    show_table(finding.table.columns, finding.table.written())
    for sentence in finding.sentences:
        typer.echo(f"\n{fill(sentence, width, break_on_hyphens=False)}")
