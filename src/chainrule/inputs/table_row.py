"""A row of a table as a model sees it, also with other values in some of its columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.data import FloatArray
from chainrule.errors import InputError, shown
from chainrule.inputs.asking import IntArray
from chainrule.models import Model
from chainrule.tables import Classes, Number, TableEncoder
from chainrule.tables.values import numbers

if TYPE_CHECKING:
    from chainrule.network import Network

_MOST_SEEN = 1000
_NO_STEP = Decimal("1e-9")


@dataclass(frozen=True, eq=False)
class Free:
    """A column of numbers that may change.

    Its place among the inputs, its value in the row, the range of the training rows with that value, whether all are
    whole, and which numbers the table has (of more than 1,000, as many quantiles).
    """

    column: Number
    place: int
    value: float
    low: float
    high: float
    is_whole: bool
    seen: FloatArray

    @property
    def name(self) -> str:
        """The name of the column."""
        return self.column.name

    def distance(self, value: float) -> float:
        """Return how far a value is from that of the row, in the scale that the model has for the column."""
        return abs(value - self.value) / self.column.scale

    def rounded(self, value: float, digits: int) -> float:
        """Return a value of the range with so many digits in its change, rounded away from that of the row.

        A whole number is rounded to one; what would leave the range becomes its end.
        """
        if value == self.value:
            return value
        last = 0 if self.is_whole else math.floor(math.log10(abs(value - self.value))) - digits + 1
        steps = Decimal(value).scaleb(-last)
        nearest = steps.to_integral_value()
        if abs(steps - nearest) > _NO_STEP:  # 3.0000000000000004 are three
            nearest = steps.to_integral_value(ROUND_CEILING if value > self.value else ROUND_FLOOR)
        return min(max(float(nearest.scaleb(last)), self.low), self.high)


class Leading:
    """A network of a model that leads by its derivatives, while its predictions are those of the whole model."""

    def __init__(self, net: Network, model: Model):
        self._net, self._model = net, model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._net, name)

    def predict(self, x: FloatArray) -> FloatArray:
        """Return the probability of each class, shape (rows, classes)."""
        return self._model.outputs(x)


class TableRow:
    """A row of a table and the model that is asked about it.

    What it is taken for is what `Model.predict` says: the mean of all networks, with the temperature. A network given
    in place of a model is one of a single network.

    `inputs` has shape (1, inputs); `now` is the number of the class that the model takes it for, `labels` the names of
    all; `truth` is that which the table gives it, None if it gives none; `free` are the columns that may change.

    Raises `InputError` if the target of the model is a number, or if there is no such row.
    """

    def __init__(self, model: Model | Network, encoder: TableEncoder, frame: pl.DataFrame, row: int):
        target = encoder.target
        if not isinstance(target, Classes):
            raise InputError(f"{shown(target.name)} is a number, not a class: there is no answer that could change")
        if not 1 <= row <= len(frame):
            raise InputError(f"the row must be from 1 to {len(frame)}, the rows of the table, not {row}")
        self.model = model if isinstance(model, Model) else Model(model, encoder)
        self.encoder, self.number = encoder, row
        self.values = frame[[row - 1]]
        self.inputs = encoder.inputs(self.values)
        self.labels = [str(label) for label in target.labels]
        self.now = int(self.answers({})[0])
        truth = target.read(self.values[target.name])[0] if target.name in frame.columns else None
        self.truth = None if truth is None else str(truth)
        self._columns = {column.name: column for column in encoder.columns}
        self._places = encoder.places()
        self.free = self._free(frame)

    @property
    def leading(self) -> list[Any]:
        """Each network of the model, to be fooled in the place of all: what fools it fools the model.

        A single one is itself: no temperature makes another class the most probable.
        """
        model = self.model
        return [Leading(net, model) for net in model.networks] if model.others else [model.net]

    def probabilities(self, changed: Mapping[str, Any]) -> FloatArray:
        """Return the probability of each class, shape (rows, classes), of the row with values changed, by column.

        A column has as many values as there are to be rows. Each is read as it would be in the table.
        """
        rows = max([len(values) for values in changed.values()], default=1)
        x = np.repeat(self.inputs, rows, axis=0)
        for name, values in changed.items():
            x[:, self._places[name]] = self._columns[name].transform(pl.Series(name, values))
        return self.model.outputs(x)

    def answers(self, changed: Mapping[str, Any]) -> IntArray:
        """Return the numbers of the classes that the row, with values changed, is taken for."""
        answers: IntArray = self.probabilities(changed).argmax(axis=1)
        return answers

    def flips(self, changed: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
        """Tell for each row that `changed` makes whether it is taken for something else."""
        other: npt.NDArray[np.bool_] = self.answers(changed) != self.now
        return other

    def flips_once(self, changed: Mapping[str, float]) -> bool:
        """Tell whether the row is taken for something else with one value in each of some columns."""
        return bool(self.flips({name: [value] for name, value in changed.items()})[0])

    def _free(self, frame: pl.DataFrame) -> list[Free]:
        free = []
        for column in self.encoder.columns:
            if not isinstance(column, Number):
                continue
            every = numbers(frame[column.name])
            value, every = float(every[self.number - 1]), np.unique(every[~np.isnan(every)])
            if math.isnan(value):
                continue
            low, high, whole = column.low, column.high, column.whole
            if not low < high:  # not known: then the table says it
                low, high, whole = float(every[0]), float(every[-1]), bool((every == np.round(every)).all())
            if low < high:
                low, high, is_whole = min(low, value), max(high, value), whole and value == round(value)
                seen = every if len(every) <= _MOST_SEEN else np.quantile(every, np.linspace(0, 1, _MOST_SEEN))
                place = self._places[column.name][0]
                free.append(Free(column, place, value, low, high, is_whole, seen))
        return free
