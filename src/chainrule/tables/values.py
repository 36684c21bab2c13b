"""What stands in one column: numbers, texts, dates; and which of these a column of text holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.errors import InputError, shown
from chainrule.tables.counting import RowError

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S%.f", "T%H:%M", "T%H:%M:%S%.f", "T%H:%M:%S%.f%#z")
_ZONE = "%#z"
_WITHOUT_ZONE = r"^(.*)(?:[Zz]|[+-]\d\d(?::?\d\d)?)$"
DATE_FORMATS = tuple(day + clock for day, clock in product(_DAYS, _CLOCKS))
"""The ways to write a date. The first that reads a whole column counts, so 03/04/2024 is the fourth of March
unless another row, such as 13/04/2024, can only be day/month/year."""


_CALENDAR = (-719_162, 2_932_897)
"""The years 1 to 9999, in days since 1970."""


def typed(column: pl.Series) -> pl.Series:
    """Return a text column as whole numbers or numbers if every value is one; any other column as it is.

    A number that is NaN becomes a missing one.

    >>> typed(pl.Series(["1", "2", None])).dtype, typed(pl.Series(["1", "2.5"])).dtype
    (Int64, Float64)
    >>> typed(pl.Series(["1", "two"])).dtype
    String
    """
    if column.dtype == pl.String:
        for number in (pl.Int64, pl.Float64):
            read = column.cast(number, strict=False)
            if read.null_count() == column.null_count():
                return read
    return column.fill_nan(None) if column.dtype.is_float() else column


def numbers(column: pl.Series) -> NDArray[np.float64]:
    """Return a column's numbers, shape (rows,), with NaN where a value is missing.

    Raises InputError, with the row, for a text that is no number and for infinity.
    """
    if column.dtype != pl.String and not column.dtype.is_numeric():
        raise InputError(f"column {shown(column.name)} must hold numbers, not {column.dtype}")
    read = column.cast(pl.Float64, strict=False)
    # Questions to NumPy, and few of them: a table may have thousands of columns, and polars plans each question.
    if read.null_count() > column.null_count():
        _refuse(column, read.is_null() & column.is_not_null(), "numbers")
    values: NDArray[np.float64] = read.to_numpy()  # NaN for null
    if np.isinf(values).any():
        _refuse(column, read.is_infinite().fill_null(False), "finite numbers")
    return values


def mean_and_scale(values: NDArray[np.float64], name: str) -> tuple[float, float]:
    """Return the mean and the standard deviation of finite numbers; 1 stands for a deviation of 0."""
    if values.min() == values.max():  # the computed deviation of equal numbers can be a rounding error
        return float(values[0]), 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = float(values.mean()), float(values.std())
    if not np.isfinite(scale):
        raise InputError(f"column {shown(name)} holds numbers too large to be scaled, such as {values.max()}")
    return mean, scale or 1.0


def median_and_quartiles(values: NDArray[np.float64], name: str) -> tuple[float, float]:
    """Return the median and the distance of the quartiles of finite numbers.

    Where half of the numbers are equal, half of their whole range stands for the distance; 1 where all are.
    """
    mean_and_scale(values, name)  # refuses what is too large
    low, middle, high = map(float, np.quantile(values, [0.25, 0.5, 0.75]))
    return middle, (high - low) or float(values.max() - values.min()) / 2 or 1.0


def texts(column: pl.Series) -> pl.Series:
    """Return a column's values as text; truth values are "true" and "false" however they were written.

    Raises InputError for lists and other values that are not one text.
    """
    if column.dtype in (pl.Date, pl.Datetime):
        check_dates(column)
    elif column.dtype not in (pl.String, pl.Boolean, pl.Null) and not column.dtype.is_numeric():
        raise InputError(f"column {shown(column.name)} must hold texts, not {column.dtype}")
    text = column.cast(pl.String)
    lower = text.str.to_lowercase()
    truth = lower.is_in(["true", "false"]).fill_null(False)
    return lower.zip_with(truth, text) if truth.any() else text


def date_format(column: pl.Series) -> str | None:
    """Return the first of DATE_FORMATS that reads every value of a text column; None if there is none.

    >>> date_format(pl.Series(["03/04/2024", "13/04/2024"]))
    '%d/%m/%Y'
    """
    present = column.drop_nulls()
    if not present.str.contains(r"^\d").all():
        return None
    for form in DATE_FORMATS:
        if _parse(present.head(20), form).null_count() == 0 and _parse(present, form).null_count() == 0:
            return form
    return None


def times(column: pl.Series, form: str | None) -> pl.Series:
    """Return a column's dates as Datetime; text is read as `form` says, or as DATE_FORMATS do if it is None.

    Dates lose their time zone, not their clock.

    Raises InputError, with the row, for a value that is no such date.
    """
    if column.dtype in (pl.Date, pl.Datetime):
        check_dates(column)
        return column.cast(pl.Datetime("us"))
    if column.dtype != pl.String:
        raise InputError(f"column {shown(column.name)} must hold dates, not {column.dtype}")
    form = form or date_format(column) or DATE_FORMATS[0]
    read = _parse(column, form)
    _refuse(column, read.is_null() & column.is_not_null(), f"dates written as {form}")
    return read


def check_dates(column: pl.Series) -> None:
    """Raise InputError with the first row whose date is in no year from 1 to 9999: polars panics at some of them."""
    unit = getattr(column.dtype, "time_unit", None)
    a_day = 1 if unit is None else 86_400 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    first, end = (max(-(2**63), min(day * a_day, 2**63 - 1)) for day in _CALENDAR)
    known = column.to_physical().cast(pl.Int64).is_between(first, end, closed="left")
    if not known.all():
        row = (~known).fill_null(False).arg_true()[0]
        raise RowError(f"column {shown(column.name)} must hold dates of the years 1 to 9999, but not so", row)


def date_counts(time: pl.Series) -> list[pl.Series]:
    """Return the parts of dates that count on: days since 1970 with the time as a fraction, and year."""
    return [_days(time).rename("days"), time.dt.year().rename("year")]


def date_cycles(time: pl.Series) -> dict[str, pl.Series]:
    """Return the parts of dates that come round again, as turns from 0 to below 1."""
    return {
        "month": (time.dt.month() - 1) / 12,
        "day of the year": (time.dt.ordinal_day() - 1) / 366,
        "weekday": (time.dt.weekday() - 1) / 7,
        "hour": _days(time) % 1,
    }


def check_fields(value: Any) -> None:
    """Raise InputError unless each field of a dataclass of this package holds what its annotation says.

    A model file is whatever somebody made of it; what is wrong in it is told when it is read.
    """
    for field in fields(value):
        found = getattr(value, field.name)
        if not _FITS[str(field.type)](found):
            raise InputError(f"its {value.kind} {shown(value.name)} has {shown(found)} as {field.name}")


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and np.isfinite(float(value))  # type: ignore[arg-type]


def _is_list(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(type(v) is kind for v in value) and _differ(value)


def _differ(values: list[Any]) -> bool:
    return len(set(map(str, values))) == len(values)


_FITS: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: type(value) is str,
    "bool": lambda value: type(value) is bool,
    "float": _is_number,
    "str | None": lambda value: value is None or type(value) is str,
    "list[str]": _is_list(str),
    "list[Number]": lambda value: isinstance(value, list),  # each of them is checked by itself
    "list[str] | list[int] | list[bool]": lambda value: (
        any(_is_list(kind)(value) for kind in (str, int, bool)) and len(value) > 1
    ),
}


def _days(time: pl.Series) -> pl.Series:
    return time.dt.timestamp("us") / 86_400e6


def _parse(column: pl.Series, form: str) -> pl.Series:
    if form.endswith(_ZONE):
        column, form = column.str.extract(_WITHOUT_ZONE), form.removesuffix(_ZONE)
    return column.str.to_datetime(form, time_unit="us", strict=False)


def _refuse(column: pl.Series, wrong: pl.Series, what: str) -> None:
    """Raise InputError with the first row that is `wrong`, if there is one."""
    if wrong.any():
        row = wrong.arg_true()[0]
        raise RowError(f"column {shown(column.name)} must hold {what}, but", row, f" holds {shown(column[row])}")
