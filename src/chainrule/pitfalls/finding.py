"""What an experiment leaves behind: a table to read, all numbers for a file, two sentences, a picture."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from chainrule.files import check_destination, replace
from chainrule.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Rows of cells under the names of their columns.

    >>> print(Table(("start", "cost"), (("zeros", 0.6931471), ("random", 1.2e-7))))
    start   cost
    zeros   0.693
    random  1.2e-07
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def written(self) -> list[list[str]]:
        """Return the cells as texts, numbers with three digits."""
        return [[written(cell) for cell in row] for row in self.rows]

    def __str__(self) -> str:
        """Return the columns below each other."""
        lines = [list(self.columns), *self.written()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [list(self.columns), ["---"] * len(self.columns), *self.written()]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def to_csv(self, path: str | Path) -> None:
        """Write the table to a CSV file, numbers with all their digits.

        Raises `InputError` if the file cannot be written.
        """
        target, text = check_destination(path), io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.columns, *self.rows])
        replace(target, text.getvalue().encode())


def written(cell: Cell) -> str:
    """Return a cell as text: whole numbers with commas, others with three digits.

    >>> written(1_000_000), written(0.00072812), written("none")
    ('1,000,000', '0.000728', 'none')
    """
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.3g}"


@dataclass(frozen=True, eq=False)
class Finding(ABC):
    """What an experiment found; a subclass has its arrays, and says how they are read and drawn.

    Attributes
    ----------
    name, title, sources : of the experiment, and what to read about it.
    seed : from which everything random was drawn.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    sources: ClassVar[str]
    size: ClassVar[tuple[float, float]] = (9.0, 3.8)  # of the picture, in inches
    repeats_to: ClassVar[float] = 0.03  # relative: on another machine its numbers differ by no more

    seed: int

    @property
    @abstractmethod
    def setting(self) -> str:
        """What was done, so that it can be done again."""

    @property
    @abstractmethod
    def table(self) -> Table:
        """The numbers to read."""

    @property
    @abstractmethod
    def data(self) -> Table:
        """All numbers, also those of the picture."""

    @property
    @abstractmethod
    def sentences(self) -> tuple[str, str]:
        """What to see, in two sentences."""

    @abstractmethod
    def draw(self, figure: Figure) -> None:
        """Draw into an empty figure."""

    def plot(self) -> Figure:
        """Return the picture; raises `InputError` if matplotlib is not installed."""
        figure = new_figure(*self.size)
        self.draw(figure)
        return figure

    def __str__(self) -> str:
        """Return title, setting, table and sentences."""
        return "\n\n".join([self.title, self.setting, str(self.table), " ".join(self.sentences)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(seed={self.seed})"
