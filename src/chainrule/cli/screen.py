"""What the commands share in printing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

LONGEST = 80
"""More of a name or a value is not shown."""


def console() -> Console:
    """Return a console on stdout that prints texts as they are: a column may be named "[red]" or ":heart:"."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def plain(text: object, most: int = 0) -> str:
    """Return a text without anything that a terminal would obey, its signs for that written out.

    With `most` a longer one is cut. Names of columns and files are whatever their maker liked.

    >>> plain("two\\nlines"), plain("a" * 90, most=5)
    ('two\\\\nlines', 'aa...')
    """
    safe = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(text))
    return safe if not most or len(safe) <= most else f"{safe[: most - 3]}..."


def warn(sentence: str) -> None:
    """Print a sentence on stderr, where there is one."""
    if sys.stderr:
        with suppress(OSError):
            print(f"chainrule: {plain(sentence)}", file=sys.stderr)


def facts(lines: Mapping[str, str]) -> None:
    """Print a name and a text on each line, the texts below each other; empty texts are left out."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True, min_width=10)
    for name, text in lines.items():
        if text:
            grid.add_row(name, text)
    console().print(grid)


def some(names: Iterable[object], most: int = 6) -> str:
    """Return a list in words that stays short.

    >>> some(["a", "b", "c", "d"], most=2)
    'a, b and 2 more'
    """
    every = [plain(name, LONGEST) for name in names]
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest} more" if rest > 0 else "")


def count(number: int, thing: str, things: str = "") -> str:
    """Return a number of things in words.

    >>> count(1, "row"), count(1200, "row"), count(2, "class", "classes")
    ('1 row', '1,200 rows', '2 classes')
    """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
