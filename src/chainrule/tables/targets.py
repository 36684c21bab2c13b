"""The target column: classes or a quantity, as targets for a network and back from its outputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.errors import InputError, shown, unknown
from chainrule.tables.counting import RowError
from chainrule.tables.values import check_dates, check_fields, date_format, mean_and_scale, numbers, texts, typed

MOST_NUMBERED_CLASSES = 20
_TRUTH = {"false": False, "true": True, "0": False, "1": True}
LARGEST_WHOLE = 2.0**53
"""From here on not every whole number has a float of its own."""

SMALLEST_SCALE = 1e-150
"""Below, the squares of the deviations are no exact floats any more, or 0."""


@dataclass(frozen=True)
class Classes:
    """A target that is one of several labels: texts, truth values or whole numbers, in sorted order.

    Truth values written as texts are "true" and "false", as in a column of inputs.
    """

    kind: ClassVar[str] = "classes"
    name: str
    labels: list[str] | list[int] | list[bool]

    @property
    def outputs(self) -> int:
        """The number of outputs that a network needs: one for each class."""
        return len(self.labels)

    def fit(self, column: pl.Series) -> Classes:
        """Return itself: the training rows have nothing to add."""
        return self

    def read(self, column: pl.Series) -> pl.Series:
        """Return a table's column as `encode` takes it, however labels are written; what cannot be one is missing.

        >>> Classes("y", [0, 1]).read(pl.Series("y", ["1.0", "0.5", "one"])).to_list()
        [1, None, None]
        >>> Classes("y", [False, True]).read(pl.Series("y", ["True", "0", "2"])).to_list()
        [True, False, None]
        """
        if isinstance(self.labels[0], str):
            return texts(column)
        if isinstance(self.labels[0], bool):
            return texts(column).replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
        number = (column if column.dtype == pl.Boolean else texts(column)).cast(pl.Float64, strict=False)
        return number.set(number != number.round(), None).cast(pl.Int64, strict=False)

    def encode(self, column: pl.Series) -> NDArray[np.int64]:
        """Return the number of each row's class, shape (rows,); raises InputError for an unknown class."""
        places = column.replace_strict(self.labels, range(self.outputs), default=None, return_dtype=pl.Int64)
        if places.null_count():
            label = column[places.is_null().arg_true()[0]]
            raise unknown(f"class in column {shown(self.name)}", label, map(str, self.labels))
        return places.to_numpy()

    def decode(self, y: NDArray[Any]) -> pl.DataFrame:
        """Return the most probable class of each row, and the probability of each class.

        `y` holds the network's outputs, shape (rows, classes); raises InputError if one is not finite.
        """
        _refuse_not_finite(y, self.name)
        label = pl.Series(self.name, self.labels)[y.argmax(axis=1)]
        return pl.DataFrame([label, *(pl.Series(f"P({self.name}={c})", y[:, k]) for k, c in enumerate(self.labels))])


@dataclass(frozen=True)
class Quantity:
    """A target that is a number. The network learns it scaled to mean 0 and standard deviation 1."""

    kind: ClassVar[str] = "number"
    name: str
    mean: float = 0.0
    scale: float = 1.0
    outputs: ClassVar[int] = 1

    def fit(self, column: pl.Series) -> Quantity:
        """Return the quantity with the scale of the training rows."""
        values = column.to_numpy()
        mean, scale = mean_and_scale(values, self.name)
        if values.min() < values.max() and values.std() < SMALLEST_SCALE:
            raise InputError(
                f"target {shown(self.name)} holds numbers too close together to be scaled, "
                f"such as {values.min()} and {values.max()}: multiply them by a large number"
            )
        return Quantity(self.name, mean, scale)

    def read(self, column: pl.Series) -> pl.Series:
        """Return a table's column as `encode` takes it; raises InputError for what is no finite number."""
        return pl.Series(column.name, numbers(column)).fill_nan(None)

    def encode(self, column: pl.Series) -> NDArray[np.float64]:
        """Return the scaled numbers, shape (rows, 1)."""
        return (column.to_numpy().reshape(-1, 1) - self.mean) / self.scale

    def decode(self, y: NDArray[Any]) -> pl.DataFrame:
        """Return the numbers that the network's outputs, shape (rows, 1), stand for.

        Raises InputError if one is not finite.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            values = y[:, 0].astype(np.float64) * self.scale + self.mean
        _refuse_not_finite(values[:, None], self.name)
        return pl.DataFrame({self.name: values})


Target = Classes | Quantity


def recognise_target(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, Target]:
    """Return the rows in which column `name` is not missing, and what kind of target it is.

    Text and truth values are classes. So are whole numbers of which at most 20 differ and, on average, each
    stands in at least as many rows as there are classes (two classes: four rows; ten: a hundred). All other
    numbers are a quantity. In the rows returned, text columns that hold only numbers are numbers.
    Raises InputError if there is no such column, it cannot be a target, or a number is infinite.
    """
    if name not in frame.columns:
        raise unknown("column", name, frame.columns)
    # Of all rows, so that a part of them cannot look as if a column held only numbers.
    frame = frame.with_columns(map(typed, frame))
    for column in frame:  # while a row still has its place in the file
        if column.dtype.is_numeric():
            numbers(column)  # refuses infinity
        elif column.dtype in (pl.Date, pl.Datetime):
            check_dates(column)
    frame = frame.filter(frame[name].is_not_null())
    column = texts(frame[name]) if frame[name].dtype == pl.String else frame[name]
    _refuse_useless(column)
    if column.dtype.is_numeric():
        quantity = pl.Series(name, numbers(column))
        if quantity.n_unique() == 1:
            raise InputError(
                f"target {shown(name)} holds numbers that differ only beyond the 16th digit, such as "
                f"{shown(column.min())} and {shown(column.max())}: subtract a number near to them"
            )
        if not _are_classes(quantity):
            return frame.with_columns(quantity), Quantity(name)
        column = quantity.cast(pl.Int64)
    elif column.n_unique() > max(2, len(column) / 2):
        if column.dtype == pl.String and date_format(column):
            raise _dates(name)
        raise InputError(
            f"target {shown(name)} has {column.n_unique()} different texts in {len(column)} rows, "
            f"such as {shown(_least_like_a_number(column))}: a target is a number, without a decimal comma, "
            "or a class that returns in many rows"
        )
    return frame.with_columns(column), Classes(name, column.unique().sort().to_list())


def to_dict(target: Target) -> dict[str, Any]:
    """Return the target as plain data that JSON can hold."""
    return {"kind": target.kind, **asdict(target)}


def from_dict(data: dict[str, Any]) -> Target:
    """Return the target that `to_dict` made plain; raises InputError for a value that it cannot have."""
    values = dict(data)
    kind: type[Target] = {"classes": Classes, "number": Quantity}[values.pop("kind")]
    target = kind(**values)
    check_fields(target)
    if isinstance(target, Quantity) and not target.scale > 0:
        raise InputError(f"its number {shown(target.name)} has {target.scale} as scale")
    return target


def _refuse_useless(column: pl.Series) -> None:
    name = shown(column.name)
    if not len(column):
        raise InputError(f"target {name} has no values")
    if column.dtype in (pl.Date, pl.Datetime):
        raise _dates(column.name)
    if column.dtype not in (pl.String, pl.Boolean) and not column.dtype.is_numeric():
        raise InputError(f"target {name} holds {column.dtype}: a target is a class or a number")
    if column.n_unique() == 1:
        raise InputError(f"target {name} is always {shown(column[0])}: there is nothing to learn from a constant")


def _dates(name: str) -> InputError:
    return InputError(f"target {shown(name)} holds dates, which cannot be predicted: a target is a class or a number")


def _least_like_a_number(column: pl.Series) -> Any:
    """Return the first text that is no number: where most are, it is what keeps the column from being one."""
    return column.filter(column.cast(pl.Float64, strict=False).is_null())[0]


def _refuse_not_finite(y: NDArray[Any], name: str) -> None:
    wrong = ~np.isfinite(y).all(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        raise RowError(
            f"the prediction of {shown(name)} for",
            row,
            " is not a finite number: the row is too far from those in training, or the model is damaged",
        )


def _are_classes(column: pl.Series) -> bool:
    distinct = column.n_unique()
    if distinct > MOST_NUMBERED_CLASSES or distinct**2 > len(column):
        return False
    whole = (column == column.round()) & (column.abs() < LARGEST_WHOLE)
    return bool(whole.all())
