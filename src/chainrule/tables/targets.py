"""The target column: classes or a quantity, as targets for a network and back from its outputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from chainrule.errors import InputError, unknown
from chainrule.tables.values import mean_and_scale, numbers, typed

MOST_NUMBERED_CLASSES = 20
LARGEST_WHOLE = 2.0**53
"""From here on not every whole number has a float of its own."""


@dataclass(frozen=True)
class Classes:
    """A target that is one of several labels: texts, truth values or whole numbers, in sorted order."""

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

    def encode(self, column: pl.Series) -> NDArray[np.int64]:
        """Return the number of each row's class, shape (rows,); raises InputError for an unknown class."""
        places = column.replace_strict(self.labels, range(self.outputs), default=None, return_dtype=pl.Int64)
        if places.null_count():
            label = column[places.is_null().arg_true()[0]]
            raise unknown(f"class in column {self.name!r}", label, map(str, self.labels))
        return places.to_numpy()

    def decode(self, y: NDArray[Any]) -> pl.DataFrame:
        """Return the most probable class of each row, and the probability of each class.

        `y` holds the network's outputs, shape (rows, classes).
        """
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
        mean, scale = mean_and_scale(column.to_numpy(), self.name)
        return Quantity(self.name, mean, scale)

    def encode(self, column: pl.Series) -> NDArray[np.float64]:
        """Return the scaled numbers, shape (rows, 1)."""
        return (column.to_numpy().reshape(-1, 1) - self.mean) / self.scale

    def decode(self, y: NDArray[Any]) -> pl.DataFrame:
        """Return the numbers that the network's outputs, shape (rows, 1), stand for."""
        return pl.DataFrame({self.name: y[:, 0].astype(np.float64) * self.scale + self.mean})


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
    for column in frame:
        if column.dtype.is_numeric():
            numbers(column)  # refuses infinity, while a row still has its place in the file
    frame = frame.filter(frame[name].is_not_null())
    column = frame[name]
    _refuse_constant(column)
    if column.dtype.is_numeric():
        quantity = pl.Series(name, numbers(column))
        if not _are_classes(quantity):
            return frame.with_columns(quantity), Quantity(name)
        column = quantity.cast(pl.Int64)
    elif column.dtype not in (pl.String, pl.Boolean):
        raise InputError(f"target {name!r} holds {column.dtype}: a target is a class or a number")
    elif column.n_unique() > max(2, len(column) / 2):
        raise InputError(
            f"target {name!r} has {column.n_unique()} different texts in {len(column)} rows: "
            "a target is a number, or a class that returns in many rows"
        )
    return frame.with_columns(column), Classes(name, column.unique().sort().to_list())


def to_dict(target: Target) -> dict[str, Any]:
    """Return the target as plain data that JSON can hold."""
    return {"kind": target.kind, **asdict(target)}


def from_dict(data: dict[str, Any]) -> Target:
    """Return the target that `to_dict` made plain."""
    values = dict(data)
    kind: type[Target] = {"classes": Classes, "number": Quantity}[values.pop("kind")]
    return kind(**values)


def _refuse_constant(column: pl.Series) -> None:
    if not len(column):
        raise InputError(f"target {column.name!r} has no values")
    if column.n_unique() == 1:
        raise InputError(f"target {column.name!r} is always {column[0]!r}: there is nothing to learn from a constant")


def _are_classes(column: pl.Series) -> bool:
    distinct = column.n_unique()
    if distinct > MOST_NUMBERED_CLASSES or distinct**2 > len(column):
        return False
    whole = (column == column.round()) & (column.abs() < LARGEST_WHOLE)
    return bool(whole.all())
