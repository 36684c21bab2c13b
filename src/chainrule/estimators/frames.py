"""Data frames of any library, and arrays of anything, as polars tables of the kinds of columns that networks know."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.errors import InputError, shown

_NESTED = (nw.List, nw.Struct, nw.Array, nw.Binary)


def table_of(frame: Any, names: Sequence[str]) -> pl.DataFrame:
    """Return a pandas, polars or pyarrow table, columns in its order, named by `names`.

    Categories become texts, durations and times of the day seconds, and dates lose their time zone, not their clock.
    Neither pandas nor pyarrow is needed.
    """
    try:
        given = nw.from_native(frame, eager_only=True)
    except (TypeError, ValueError) as error:
        raise InputError(f"X cannot be read as a table: {error}") from None
    columns = zip(names, given.iter_columns(), strict=True)
    return pl.DataFrame([_column(name, column) for name, column in columns])


def table_of_array(array: NDArray[Any], names: Sequence[str]) -> pl.DataFrame:
    """Return an array of texts, dates or objects as a table; each column is of the kind that all its values are."""
    return pl.DataFrame([_of_array(name, array[:, place]) for place, name in enumerate(names)])


def _column(name: str, column: nw.Series[Any]) -> pl.Series:
    kind = column.dtype
    if isinstance(kind, _NESTED):
        return pl.Series(name, column.to_list(), strict=False)  # left out by the encoder, with this reason
    if isinstance(kind, nw.Datetime) and kind.time_zone:
        column = column.dt.replace_time_zone(None)
    if isinstance(kind, nw.Categorical | nw.Enum):
        return of_objects(name, [value if _is_missing(value) else str(value) for value in column.to_list()])
    if isinstance(kind, nw.Datetime | nw.Date | nw.Duration) or (
        kind.is_numeric() and not isinstance(kind, nw.Decimal)
    ):
        return _of_array(name, column.to_numpy())
    return of_objects(name, column.to_list())


def _of_array(name: str, values: NDArray[Any]) -> pl.Series:
    if values.dtype.kind in "fiub":
        column = pl.Series(name, np.ascontiguousarray(values).astype(_known_to_polars(values.dtype), copy=False))
        return column.fill_nan(None) if column.dtype.is_float() else column
    if values.dtype.kind == "m":
        return pl.Series(name, values / np.timedelta64(1, "s")).fill_nan(None)
    if values.dtype.kind == "M":
        return pl.Series(name, values.astype("datetime64[us]"))
    return of_objects(name, values.tolist())


def _known_to_polars(dtype: np.dtype[Any]) -> np.dtype[Any]:
    known = dtype.kind != "f" or dtype in (np.float32, np.float64)
    return dtype.newbyteorder("=") if known else np.dtype(np.float64)


def of_objects(name: str, values: Sequence[Any]) -> pl.Series:
    """Return a column of Python objects: of numbers, truth values or dates if all are, else of texts.

    None, NaN, NaT and pandas' NA are missing. Raises `InputError` for a number too large for float64.

    >>> of_objects("a", [1, None, 2.5]).dtype, of_objects("b", [1, "one"]).to_list()
    (Float64, ['1', 'one'])
    """
    found = [None if _is_missing(value) else value for value in values]
    types = {type(value) for value in found if value is not None}
    for kinds, dtype, convert in _KINDS:
        if types and all(issubclass(one, kinds) for one in types):
            return pl.Series(name, _converted(name, found, convert), dtype=dtype)
    return pl.Series(name, [None if value is None else str(value) for value in found], dtype=pl.String)


def _converted(name: str, values: Sequence[Any], convert: Callable[[Any], Any]) -> list[Any]:
    converted: list[Any] = []
    for row, value in enumerate(values, start=1):
        try:
            converted.append(None if value is None else convert(value))
        except OverflowError:
            raise InputError(
                f"column {shown(name)} holds {shown(value)} in row {row}: numbers must be below 1.8e308"
            ) from None
    return converted


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating | Decimal) and value != value


def _date(value: Any) -> datetime.datetime:
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if isinstance(value, datetime.datetime):
        return datetime.datetime(*value.timetuple()[:6], value.microsecond)  # pandas' own kind and zones end here
    return datetime.datetime(value.year, value.month, value.day)


def _seconds(value: Any) -> float:
    if isinstance(value, np.timedelta64):
        return float(value / np.timedelta64(1, "s"))
    if isinstance(value, datetime.time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    return float(value.total_seconds())


_KINDS: Iterable[tuple[tuple[type, ...], Any, Callable[[Any], Any]]] = (
    ((bool, np.bool_), pl.Boolean, bool),
    ((Real, Decimal, np.bool_), pl.Float64, float),
    ((datetime.date, np.datetime64), pl.Datetime("us"), _date),
    ((datetime.timedelta, np.timedelta64, datetime.time), pl.Float64, _seconds),
)
