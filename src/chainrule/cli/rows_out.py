"""Tables that come in parts, written to one file: whole, or not at all, and in the memory of one part."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl

from chainrule.errors import InputError
from chainrule.files import check_destination, reason, replacing


def csv_of(part: pl.DataFrame, *, header: bool) -> bytes:
    """Return rows as CSV in UTF-8, with the names of the columns above them or without."""
    return part.write_csv(include_header=header).encode()


def write_csv(path: Path, parts: Iterable[pl.DataFrame]) -> None:
    """Write a CSV file; raises InputError if it cannot be written."""
    with replacing(check_destination(path)) as file:
        for number, part in enumerate(parts):
            file.write(csv_of(part, header=number == 0))


def write_parquet(path: Path, parts: Iterable[pl.DataFrame]) -> None:
    """Write a Parquet file; raises InputError if it cannot be written.

    Polars writes one from files alone without having all of it in memory, so each part is a file beside it first.
    """
    path = check_destination(path)
    with ExitStack() as stack:
        with _refusing(path):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=".chainrule-", dir=path.parent))
        files = []
        for number, part in enumerate(parts):  # what fails in making a part is no failure in writing
            files.append(Path(folder, f"{number}.parquet"))
            with _refusing(path):
                part.write_parquet(files[-1])
        with _refusing(path):
            whole = Path(folder, "whole")
            pl.scan_parquet(files, glob=False).sink_parquet(whole)
            with whole.open("rb") as file:
                os.fsync(file.fileno())
            whole.replace(path)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Raise InputError for whatever keeps the file from being written within this context."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{path} cannot be written: {reason(error)}") from error
