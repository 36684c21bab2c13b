"""A table file in chunks of rows, so that one of any length can be predicted in the memory of one chunk."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from chainrule.tables import Date, read
from chainrule.tables.reading import check_parquet, cleaned, csv_table, decoded, is_empty, refusing, table_path

if TYPE_CHECKING:
    from chainrule.tables import TableEncoder

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def chunks(path: str | Path, encoder: TableEncoder, rows: int) -> Iterator[pl.DataFrame]:
    """Yield a table in parts of so many rows, each as `chainrule.tables.read` would return it.

    Where the texts of a column are dates in a form that only the whole column tells, the whole table is one part.
    Raises InputError as `read` does.
    """
    path = table_path(path)
    parts = _parquet(path, rows) if path.suffix.lower() == ".parquet" else _csv(path, rows)
    first = _next(path, parts)
    if first is None:
        raise is_empty(path)
    if _has_dates_of_unknown_form(first, encoder):
        yield read(path)
        return
    yield first
    while (part := _next(path, parts)) is not None:
        yield part


def _has_dates_of_unknown_form(part: pl.DataFrame, encoder: TableEncoder) -> bool:
    unknown = [column.name for column in encoder.columns if isinstance(column, Date) and column.format is None]
    return any(name in part.columns and part[name].dtype == pl.String for name in unknown)


def _next(path: Path, parts: Iterator[pl.DataFrame]) -> pl.DataFrame | None:
    with refusing(path):
        return next((cleaned(part) for part in parts if not part.is_empty()), None)


def _parquet(path: Path, rows: int) -> Iterator[pl.DataFrame]:
    check_parquet(path)
    scan = pl.scan_parquet(path, glob=False)
    length = scan.select(pl.len()).collect().item()
    for start in range(0, length, rows):
        yield scan.slice(start, rows).collect()


def _csv(path: Path, rows: int) -> Iterator[pl.DataFrame]:
    """Yield parts that are read as if each had the header above it."""
    with path.open("rb") as file:
        records = _records(file)
        first = next(records, b"").removeprefix(_BYTE_ORDER_MARK)
        above = 0
        for header in chain([first], records):
            if header.strip(b" \r\n"):
                break
            above += header.count(b"\n")
        else:
            return
        parts = iter(lambda: b"".join(islice(records, rows)), b"")
        for part in chain([next(parts, b"")], parts):
            yield csv_table(path, decoded(path, header + part), above)
            above += part.count(b"\n")


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines, those that share a text in quotes as one."""
    held: list[bytes] = []
    quotes = 0
    for line in file:
        held.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            yield b"".join(held)
            held, quotes = [], 0
    if held:
        yield b"".join(held)
