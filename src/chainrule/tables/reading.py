"""A table file as a data frame in which text is stripped and whatever stands for "missing" is null."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl

from chainrule.errors import InputError

MISSING = ("", "?", "na", "n/a", "nan", "null")
"""The texts that stand for a missing value, in upper or lower case."""


def read(path: str | Path) -> pl.DataFrame:
    """Return the table in a CSV (.csv, .tsv, .txt) or Parquet file.

    A CSV file is UTF-8 text with a header; its cells are separated by commas, semicolons, tabs or bars.
    Its columns stay text here: what a column holds is decided where it is used, so that a table to predict
    is read as the table to train on was, even if its few rows happen to look different.

    Raises InputError if there is no such file, or it cannot be read, is empty, or names a column twice.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a table file in it")
    if not path.exists():
        raise InputError(f"there is no file {path}")
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv", ".txt", ".parquet"):
        raise InputError(f"{path} is no table that can be read: known are .csv, .tsv, .txt and .parquet")
    try:
        frame = pl.read_parquet(path) if suffix == ".parquet" else _read_csv(path)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a table: {_reason(error)}") from error
    if frame.is_empty():
        raise InputError(f"{path} is empty: a table needs at least one row below its header")
    return _clean(frame)


def _read_csv(path: Path) -> pl.DataFrame:
    with path.open(encoding="utf-8-sig") as file:
        header = next((line for line in file if line.strip()), None)
    if header is None:
        return pl.DataFrame()
    separator = max(",;\t|", key=header.count)
    try:
        raw = pl.read_csv(path, separator=separator, has_header=False, infer_schema=False)
    except pl.exceptions.ComputeError:
        _refuse_long_row(path, separator)
        raise
    if raw.width > 1:  # in a table of one column, an empty line is a missing value
        raw = raw.filter(~pl.all_horizontal(pl.all().is_null()))
    names = [(cell or "").strip() or f"column {k}" for k, cell in enumerate(raw.row(0), start=1)]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path} has {names.count(name)} columns named {name!r}: give each its own name")
    raw.columns = names
    return raw.slice(1)


def _refuse_long_row(path: Path, separator: str) -> None:
    """Raise InputError with the first line that has more cells than the header, if there is one."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=separator)
        width = len(next(rows))
        for row in rows:
            if len(row) > width:
                raise InputError(
                    f"{path} cannot be read as a table: line {rows.line_num} has {len(row)} cells, the header {width}"
                )


def _reason(error: Exception) -> str:
    if "utf-8" in str(error):
        return "it is not UTF-8 text; save it as UTF-8"
    if "not properly escaped" in str(error):
        return "a quoted text in it never ends"
    return str(error).splitlines()[0]


def _clean(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    text = pl.col(pl.String).str.strip_chars()
    missing = text.str.to_lowercase().is_in(MISSING)
    return frame.with_columns(pl.when(missing).then(None).otherwise(text).name.keep())
