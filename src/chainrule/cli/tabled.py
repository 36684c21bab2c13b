"""Tables on the screen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Literal

import typer

from chainrule.cli.screen import console

_GAP = 2


def show(names: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> None:
    """Print rows below the names of their columns; those whose places are in `right` are aligned there.

    Where the screen is too narrow for a line, names and cells go on below, between words if it can be.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    rows, screen = list(rows), console()
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    found = widths(names, rows, screen.width)
    for place, name in enumerate(names):
        justify: Literal["left", "right"] = "right" if place in right else "left"
        table.add_column(name, justify=justify, overflow="fold", width=found[place] if found else None)
    for row in rows:
        table.add_row(*row)
    with screen.capture() as captured:
        screen.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


def widths(names: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> list[int]:
    """Return the widths of columns so that no word is broken, or none where the words need more than `most`.

    What is left goes to cells first, and then always to the name that has most lines.

    >>> widths(["network and start", "cost"], [["a neuron", "0.5"]], 20)
    [14, 4]
    """
    columns = list(zip(names, *rows, strict=True))
    found = [max(len(word) for cell in column for word in cell.split() or [""]) for column in columns]
    left = most - sum(found) - _GAP * (len(names) - 1)
    if left < 0:
        return []
    for place, (_, *cells) in enumerate(columns):
        more = min(left, max(0, max(map(len, cells), default=0) - found[place]))
        found[place], left = found[place] + more, left - more
    for _ in range(left):
        lines = [len(wrap(name, width)) for name, width in zip(names, found, strict=True)]
        if max(lines) > 1:
            found[lines.index(max(lines))] += 1
    return found


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
