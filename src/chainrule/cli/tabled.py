"""Tables on the screen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import zip_longest

import typer

from chainrule.cli.screen import console


def show(names: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> None:
    """Print rows below the names of their columns; those whose places are in `right` are aligned there.

    Names and cells that are too long for the screen go on below.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    screen = console()
    with screen.capture() as captured:
        screen.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


class Growing:
    """A table that is printed as it grows, each cell as soon as it is there.

    A name may have several lines. A column is as wide as its name, and at least as its number in `widths`; the first
    one is aligned on the left, the others on the right.
    """

    def __init__(self, names: Sequence[str], widths: Sequence[int]):
        heads = [name.split("\n") for name in names]
        self.widths = [max(least, *map(len, head)) for head, least in zip(heads, widths, strict=True)]
        self.place = 0
        for line in zip_longest(*heads, fillvalue=""):
            typer.echo("".join(map(self._aligned, range(len(line)), line)).rstrip())
        typer.echo("─" * len("".join(self._aligned(place, "") for place in range(len(heads)))))

    def _aligned(self, place: int, cell: str) -> str:
        width = self.widths[place]
        return f"  {cell:>{width}}" if place else cell.ljust(width)

    def add(self, *cells: str) -> None:
        """Print the next cells."""
        for cell in cells:
            place, self.place = self.place, (self.place + 1) % len(self.widths)
            typer.echo(self._aligned(place, cell), nl=self.place == 0)
