"""The kinds of input columns. Each learns a few plain values from the training rows and turns a column
into inputs: an array of shape (rows, inputs of the column), float64."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from operator import itemgetter
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.errors import InputError, shown
from chainrule.styles import PLAIN, Style
from chainrule.tables.values import (
    DATE_FORMATS,
    check_fields,
    date_counts,
    date_cycles,
    date_format,
    mean_and_scale,
    median_and_quartiles,
    numbers,
    texts,
    times,
)

FEWEST_ROWS = 3
"""A value of a category has a place of its own if at least so many rows have it."""
MOST_CODES = 5_000
"""A category has at most so many places."""
CLIP = 3.0
"""What smoothly clipped inputs come near to and never exceed."""
_LARGEST_SQUARED = 1e100
"""Beyond, squares could overflow; what is clipped has long come near to CLIP."""
ROLES = ("code", "number", "rest")
"""What an input is to the first layer of a network, in the order of inputs; see `chainrule.Columns`."""


@dataclass(frozen=True)
class Number:
    """Numbers: the missing ones filled with the median, then centred and scaled, where `clip` says so also clipped.

    Where values were missing in training, a second input is 1 for a missing value and 0 for another. The training rows
    had values from `low` to `high`, all of them `whole` or not; where `high` is not above `low`, this is not known.
    """

    kind: ClassVar[str] = "number"
    name: str
    fill: float
    center: float
    scale: float
    flag: bool
    clip: bool = False
    low: float = 0.0
    high: float = 0.0
    whole: bool = False

    @classmethod
    def fit(cls, column: pl.Series, style: Style = PLAIN) -> Number:
        """Learn from a column of which at least one value is not missing."""
        values = numbers(column)
        missing = np.isnan(values)
        with np.errstate(over="ignore"):  # said below, as "too large to be scaled"
            fill = float(np.median(values[~missing]))
        measure = median_and_quartiles if style.robust else mean_and_scale
        center, scale = measure(np.where(missing, fill, values), column.name)
        present = values[~missing]
        return cls(
            column.name,
            fill,
            center,
            scale,
            flag=bool(missing.any()),
            clip=style.robust,
            low=float(present.min()),
            high=float(present.max()),
            whole=bool((present == np.round(present)).all()),
        )

    @property
    def inputs(self) -> list[str]:
        """The names of this column's inputs."""
        return [self.name, f"{self.name} missing"][: 1 + self.flag]

    @property
    def roles(self) -> list[str]:
        """What each input is."""
        return ["number", "rest"][: 1 + self.flag]

    def transform(self, column: pl.Series) -> NDArray[np.float64]:
        """Return the inputs, shape (rows, 1) or (rows, 2); raises InputError for text that is no number."""
        values = numbers(column)
        missing = np.isnan(values)
        scaled = self.input_of(np.where(missing, self.fill, values))
        return np.stack([scaled, missing][: 1 + self.flag], axis=1)

    def input_of(self, value: Any) -> Any:
        """Return the input that stands for a number."""
        scaled = (value - self.center) / self.scale
        if not self.clip:
            return scaled
        scaled = np.clip(scaled, -_LARGEST_SQUARED, _LARGEST_SQUARED)
        return scaled / np.sqrt(1 + (scaled / CLIP) ** 2)

    def value_of(self, x: Any) -> Any:
        """Return the number that an input stands for."""
        scaled = x / np.sqrt(np.maximum(1 - (x / CLIP) ** 2, 1e-12)) if self.clip else x
        return self.center + self.scale * scaled


@dataclass(frozen=True)
class Category:
    """Text and truth values: one input for each value, which is 1 where the column has that value.

    The rarer values share the place "other". One more place stands for missing values if there were any.
    A value never seen in training counts as "other"; if there is no such input, all inputs are 0. A `coded` category is
    one input, the number of the place, and always has one for "other".
    """

    kind: ClassVar[str] = "category"
    name: str
    values: list[str]
    missing: bool
    other: bool
    coded: bool = False

    @classmethod
    def fit(cls, column: pl.Series, style: Style = PLAIN) -> Category:
        """Learn the values that have a place: the most frequent ones, of those that at least 3 rows hold."""
        present = texts(column).drop_nulls()
        rows = sorted(Counter(present.to_list()).items())  # by value, so that equal numbers of rows stay in its order
        frequent = [row for row in rows if row[1] >= FEWEST_ROWS]
        coded = style.codes and len(frequent) > style.one_hot
        most = sorted(frequent, key=itemgetter(1))[-(MOST_CODES if coded else style.one_hot) :]
        values = sorted(value for value, _ in most)
        other = coded or len(values) < len(rows)
        return cls(column.name, values, missing=column.null_count() > 0, other=other, coded=coded)

    @property
    def places(self) -> list[str]:
        """The names of the values that are told apart."""
        extra = ["missing"] * self.missing + ["other"] * self.other
        return [f"{self.name}={value}" for value in self.values] + [f"{self.name} {word}" for word in extra]

    @property
    def inputs(self) -> list[str]:
        """The names of this column's inputs."""
        return [self.name] if self.coded else self.places

    @property
    def roles(self) -> list[str]:
        """What each input is."""
        return ["code"] if self.coded else ["rest"] * len(self.places)

    def transform(self, column: pl.Series) -> NDArray[np.float64]:
        """Return the inputs, shape (rows, values of the category), each 0 or 1; or the codes, shape (rows, 1)."""
        width = len(self.places)
        other = width - 1 if self.other else width  # the place `width` is cut off below: all inputs 0
        missing = len(self.values) if self.missing else other
        known = {value: place for place, value in enumerate(self.values)}
        text = texts(column)
        places = text.replace_strict(known, default=other, return_dtype=pl.Int64).to_numpy()
        places = np.where(text.is_null().to_numpy(), missing, places)
        if self.coded:
            return places.reshape(-1, 1).astype(np.float64)
        one_hot: NDArray[np.float64] = np.eye(width + 1)[places, :width]
        return one_hot

    def unseen(self, column: pl.Series) -> list[str]:
        """Return the values that have no place of their own: training had them not, or too rarely."""
        return sorted(set(texts(column).drop_nulls()) - set(self.values))


@dataclass(frozen=True)
class Date:
    """Dates and times: days and year as numbers; what comes round again (month, day of the year, weekday,
    hour) as sine and cosine, so that the last of a cycle is near to the first.

    `format` is how a date is written in a text column, None where the file itself has dates (Parquet).
    What never changes in training is left out. A missing date is the centre of every cycle.
    """

    kind: ClassVar[str] = "date"
    name: str
    format: str | None
    counts: list[Number]
    cycles: list[str]

    @classmethod
    def fit(cls, column: pl.Series, style: Style = PLAIN) -> Date:
        """Learn the way dates are written, and the scale of days and years."""
        form = date_format(column) if column.dtype == pl.String else None
        time = times(column, form)
        days, year = (Number.fit(values, style) for values in date_counts(time))
        counts = [days, replace(year, flag=False)] if _varies(time.dt.year()) else [days]
        cycles = [cycle for cycle, turns in date_cycles(time).items() if _varies(turns)]
        return cls(column.name, form, counts, cycles)

    @property
    def inputs(self) -> list[str]:
        """The names of this column's inputs."""
        waves = [f"{cycle} {wave}" for cycle in self.cycles for wave in ("sine", "cosine")]
        counts = [name for count in self.counts for name in count.inputs]
        return [f"{self.name} {part}" for part in (*counts, *waves)]

    @property
    def roles(self) -> list[str]:
        """What each input is."""
        return [role for count in self.counts for role in count.roles] + ["rest"] * 2 * len(self.cycles)

    def transform(self, column: pl.Series) -> NDArray[np.float64]:
        """Return the inputs, shape (rows, inputs); raises InputError for text that is no such date."""
        time = times(column, self.format)
        found = {values.name: values for values in date_counts(time)}
        counts = [count.transform(found[count.name]) for count in self.counts]
        angles = [2 * np.pi * date_cycles(time)[cycle] for cycle in self.cycles]
        waves = [wave.fill_null(0).to_numpy() for angle in angles for wave in (angle.sin(), angle.cos())]
        return np.column_stack([*counts, *waves])


def _varies(values: pl.Series) -> bool:
    return values.drop_nulls().n_unique() > 1


Column = Number | Category | Date
KINDS: dict[str, type[Column]] = {kind.kind: kind for kind in (Number, Category, Date)}


def to_dict(column: Column) -> dict[str, Any]:
    """Return the column as plain data that JSON can hold."""
    return {"kind": column.kind, **asdict(column)}


def from_dict(data: dict[str, Any]) -> Column:
    """Return the column that `to_dict` made plain; raises InputError for a value that it cannot have."""
    values = dict(data)
    kind = KINDS[values.pop("kind")]
    if kind is Date:
        values["counts"] = [Number(**count) for count in values["counts"]]
    column = kind(**values)
    check_fields(column)
    if isinstance(column, Date):
        _check_date(column)
    for number in column.counts if isinstance(column, Date) else [column]:
        if isinstance(number, Number) and not number.scale > 0:
            raise InputError(f"its number {shown(number.name)} has {number.scale} as scale")
        if isinstance(number, Number) and number.low > number.high:
            raise InputError(f"its number {shown(number.name)} has {number.high} as high, below {number.low} as low")
    return column


def _check_date(column: Date) -> None:
    for count in column.counts:
        check_fields(count)
    parts = pl.Series([], dtype=pl.Datetime("us"))
    for what, given, known in (
        ("format", [column.format], {None, *DATE_FORMATS}),
        ("count", [count.name for count in column.counts], {values.name for values in date_counts(parts)}),
        ("cycle", column.cycles, set(date_cycles(parts))),
    ):
        for name in given:
            if name not in known:
                raise InputError(f"its date {shown(column.name)} has {shown(name)} as {what}")
