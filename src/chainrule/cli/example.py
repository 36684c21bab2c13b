"""``chainrule example``: the numbers that published worked examples print, beside the computed ones."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.screen import console, facts

if TYPE_CHECKING:
    from rich.text import Text

    from chainrule.examples import Row

COLOURS = {"agrees": "green", "agrees in float32": "green", "erratum": "yellow", "DISAGREES": "bold red"}


def example(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which one; if left out, their names are shown.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Compute every one.")] = False,
) -> None:
    """Compute a published worked example, and compare every number.

    A number agrees to each digit that was printed, or it is an erratum, with the right value beside it.
    """
    from chainrule.examples import EXAMPLES

    if every and name:
        raise typer.BadParameter("give a NAME or --all, not both")
    chosen = list(EXAMPLES) if every else [name] if name else []
    if not chosen:
        facts({known.name: known.title for known in EXAMPLES.values()})
    rows = [row for one in chosen for row in show(one)]
    if any(row.verdict == "DISAGREES" for row in rows):
        raise typer.Exit(1)


def show(name: str) -> list[Row]:
    """Compute one example, print it as a table, and return the table's rows."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from chainrule import examples

    rows = examples.run(name)
    title = f"{name}: {examples.EXAMPLES[name].title}"
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    table.add_column("Quantity")
    table.add_column("Published", no_wrap=True)
    table.add_column("Computed", no_wrap=True)
    table.add_column("Verdict")
    for row in rows:
        table.add_row(row.quantity, row.published, _computed(row), _verdict(row))
    console().print(table)
    found = Counter(row.verdict.value for row in rows)
    console().print("; ".join(f"{number} × {verdict}" for verdict, number in found.items()) + "\n")
    return rows


def _computed(row: Row) -> str:
    """Return what was computed with as many decimals as were published, or as it takes to see an erratum."""
    if row.computed is None:
        return ""
    shown = row.exact if row.verdict == "erratum" and row.exact else row.published
    if not re.fullmatch(r"-?[\d.]+", shown):  # a claim in words
        return f"{row.computed:.2g}"
    return f"{row.computed:z.{len(shown.partition('.')[2])}f}"


def _verdict(row: Row) -> Text:
    from rich.text import Text

    text = Text(row.verdict.value, style=COLOURS.get(row.verdict.value, "dim"))
    if row.verdict == "agrees in float32" and row.exact:
        text.append(f", exactly {row.exact}", style="default")
    if row.remark and row.computed is not None:
        text.append(f" ({row.remark})", style="dim")
    return text
