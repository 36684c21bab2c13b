"""Rows named in errors: counted as the whole table counts them, also where only a part of it is at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from chainrule.errors import InputError


class RowError(InputError):
    """Something in a row of a table does not fit; `row` counts from 0, the sentence from 1.

    >>> print(RowError("column 'x' must hold numbers, but not so", 2, ": mend it"))
    column 'x' must hold numbers, but not so row 3: mend it
    """

    def __init__(self, before: str, row: int, after: str = ""):
        super().__init__(before, row, after)
        self.before, self.row, self.after = before, row, after

    def __str__(self) -> str:
        return f"{self.before} row {self.row + 1}{self.after}"


@contextmanager
def counted(places: Sequence[int] | NDArray[Any]) -> Iterator[None]:
    """Let errors within name rows by their places in a whole table: row k at hand is its row ``places[k]``.

    >>> with counted(range(10_000, 20_000)):
    ...     raise RowError("not so", 2)
    Traceback (most recent call last):
    chainrule.tables.counting.RowError: not so row 10003
    """
    try:
        yield
    except RowError as error:
        raise RowError(error.before, int(places[error.row]), error.after) from error
