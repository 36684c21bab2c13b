"""A table file as a data frame in which text is stripped and whatever stands for "missing" is null."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path

import polars as pl
from polars import selectors as cs

from chainrule.errors import InputError, shown
from chainrule.files import existing

MISSING = ("", "?", "na", "n/a", "nan", "null")
"""The texts that stand for a missing value, in upper or lower case."""

_NOT_UTF_8 = "it is not UTF-8 text; save it as UTF-8"
_PARQUET = b"PAR1"
_BLANK_START = re.compile(r"\A(?: *\r?\n)+")
_BLANK_LINE = re.compile(r"(?<=\n) *(?:\r?\n|\Z)")


def read(path: str | Path) -> pl.DataFrame:
    """Return the table in a CSV (.csv, .tsv, .txt) or Parquet file.

    A CSV file is UTF-8 text with a header; its cells are separated by commas, semicolons, tabs or bars.
    Its columns stay text here: what a column holds is decided where it is used, so that a table to predict
    is read as the table to train on was, even if its few rows happen to look different.

    Raises InputError if there is no such file, or it cannot be read, is empty, names a column twice, or has a line of
    more or fewer cells than the header.
    """
    path = table_path(path)
    with refusing(path):
        frame = cleaned(_read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path))
    if frame.is_empty():
        raise is_empty(path)
    return frame


def table_path(path: str | Path) -> Path:
    """Return the path of a table if it can be one, else raise InputError."""
    path = existing(path, "table")
    if path.suffix.lower() not in (".csv", ".tsv", ".txt", ".parquet"):
        raise InputError(f"{path} is no table that can be read: known are .csv, .tsv, .txt and .parquet")
    return path


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Raise InputError for whatever keeps a table from being read within this context."""
    try:
        yield
    except InputError:
        raise
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a table: {_reason(error)}") from error


def is_empty(path: Path) -> InputError:
    """Return the error for a table without rows."""
    return InputError(f"{path} is empty: a table needs at least one row below its header")


def _read_parquet(path: Path) -> pl.DataFrame:
    check_parquet(path)
    return pl.read_parquet(path, glob=False)


def check_parquet(path: Path) -> None:
    """Raise InputError for a file that does not begin as Parquet files do."""
    with path.open("rb") as file:
        if file.read(len(_PARQUET)) != _PARQUET:
            raise InputError(f"{path} cannot be read as a table: it is no Parquet file, though its name says so")


def _read_csv(path: Path) -> pl.DataFrame:
    return csv_table(path, decoded(path, path.read_bytes()))


def decoded(path: Path, content: bytes) -> str:
    """Return text in UTF-8; raises InputError, or an error that `refusing` makes one, for what is none."""
    if content.startswith(_PARQUET) and b"\0" in content:
        raise InputError(f"{path} cannot be read as a table: it is a Parquet file: let its name end in .parquet")
    if content[:2].count(0) == 1:  # the first character of UTF-16
        raise InputError(f"{path} cannot be read as a table: {_NOT_UTF_8}")
    return content.decode("utf-8-sig")


def csv_table(path: Path, text: str, above: int = 0) -> pl.DataFrame:
    """Return the table in the text of a CSV file, every cell as it stands there.

    For errors: `path` is that of the file, and `above` how many of its lines are left out above the rows in `text`.
    """
    if "\0" in text:
        line = above + text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path} cannot be read as a table: line {line} holds a NUL byte, which no text has")
    rows = _BLANK_START.sub("", text)
    if not rows.strip():
        return pl.DataFrame()
    header = rows.partition("\n")[0]
    separator = max(",;\t|", key=header.count)
    if separator in header:  # in a table of one column, an empty line is a missing value
        rows = _without_blank_lines(rows)
        if _has_short_line(rows, separator):  # polars would fill it with gaps
            _refuse_ragged_row(path, text, separator, above)
    try:
        raw = pl.read_csv(rows.encode(), separator=separator, has_header=False, infer_schema=False, glob=False)
    except pl.exceptions.ComputeError:
        _refuse_ragged_row(path, text, separator, above)
        raise
    names = [(cell or "").strip() or f"column {k}" for k, cell in enumerate(raw.row(0), start=1)]
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise InputError(f"{path} has {times} columns named {shown(name)}: give each its own name")
    raw.columns = names
    return raw.slice(1)


def _without_blank_lines(text: str) -> str:
    """Return a table's text without empty lines, other than those in quotes, which belong to a cell."""
    if not _BLANK_LINE.search(text):
        return text
    parts = text.split('"')
    parts[::2] = [_BLANK_LINE.sub("", part) for part in parts[::2]]
    return '"'.join(parts)


def _has_short_line(text: str, separator: str) -> bool:
    """Tell whether a line seems to have fewer cells than the header, by the separators that are not in quotes."""
    header, *lines = "".join(text.split('"')[::2]).rstrip("\n").split("\n")
    return min((line.count(separator) for line in lines), default=inf) < header.count(separator)


def _refuse_ragged_row(path: Path, text: str, separator: str, above: int) -> None:
    """Raise InputError with the first line that has more or fewer cells than the header, if there is one."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    width = 0
    try:
        for row in rows:
            if not "".join(row).strip():
                continue
            width = width or len(row)
            if len(row) != width:
                line, cells = above + rows.line_num, f"{len(row)} cell{'s' * (len(row) != 1)}"
                raise InputError(f"{path} cannot be read as a table: line {line} has {cells}, the header {width}")
    except csv.Error:  # quotes that never end, say: polars has the better words
        return


def _reason(error: BaseException) -> str:
    if isinstance(error, UnicodeDecodeError):
        return _NOT_UTF_8
    if "not properly escaped" in str(error):
        return "a quoted text in it never ends"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return (str(error).splitlines() or [type(error).__name__])[0]


def cleaned(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table with stripped texts, gaps that are null, and as few kinds of columns as estimators know.

    As in `chainrule.estimators`, durations and times of the day are seconds, and dates lose their time zone, not their
    clock.
    """
    frame = frame.with_columns(
        pl.col(pl.Categorical, pl.Enum, pl.Null).cast(pl.String),
        cs.duration().dt.total_microseconds() / 1e6,
        cs.time().cast(pl.Int64) / 1e9,
        cs.datetime(time_zone="*").dt.replace_time_zone(None),
    )
    text = pl.col(pl.String).str.strip_chars()
    missing = text.str.to_lowercase().is_in(MISSING)
    return frame.with_columns(pl.when(missing).then(None).otherwise(text).name.keep())
