"""A table on the screen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from chainrule.cli.screen import console


def show(names: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> None:
    """Print rows below the names of their columns; those whose places are in `right` are aligned there."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console().print(table)
