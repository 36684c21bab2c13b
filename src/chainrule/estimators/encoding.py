"""How rows become the inputs of a network: as they are, or column by column as learned from the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InputError
from chainrule.estimators.rows import Matrix

if TYPE_CHECKING:
    import polars as pl

    from chainrule.layers import AnyLayer
    from chainrule.recipes import Recipe
    from chainrule.styles import Style
    from chainrule.tables import TableEncoder

Inputs = NDArray[np.float32]
MOST_REPEATED = 10_000_000
"""Whole-number weights stand for repeated rows when columns are learned, up to so many rows."""


@dataclass(frozen=True)
class AsItIs:
    """A matrix of numbers without gaps is the input."""

    names: list[str]

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return self.names

    def inputs(self, rows: Matrix | pl.DataFrame) -> Inputs:
        """Return the inputs, shape (rows, features); raises `InputError` for a gap, a text or a date."""
        matrix = matrix_of(rows)
        if matrix is None:
            raise InputError(
                "X has gaps or columns that are not numbers, but the network was trained on a matrix of numbers as it "
                "is; recipe='default' learns from such columns"
            )
        return _as_float32(matrix)

    def layers(self, recipe: Recipe, outputs: int, last: str) -> list[AnyLayer]:
        """Return the layers of the recipe's network with Dense as the first one."""
        return recipe.layers(None, outputs, last)


@dataclass(frozen=True)
class ByColumns:
    """Each column becomes inputs in the way that suits what it holds; see `chainrule.tables`."""

    names: list[str]
    encoder: TableEncoder

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return self.encoder.input_names

    def inputs(self, rows: Matrix | pl.DataFrame) -> Inputs:
        """Return the inputs, shape (rows, inputs of all columns)."""
        return _as_float32(self.encoder.inputs(_frame_of(rows, self.names)))

    def layers(self, recipe: Recipe, outputs: int, last: str) -> list[AnyLayer]:
        """Return the layers of the recipe's network, the first of which knows the columns."""
        return recipe.layers(self.encoder, outputs, last)


Encoding = AsItIs | ByColumns


def learn_encoding(
    rows: Matrix | pl.DataFrame, names: Sequence[str], style: Style, weights: NDArray[Any] | None, *, as_it_is: bool
) -> Encoding:
    """Return how rows like these training rows become inputs; with `as_it_is` a matrix of numbers stays what it is.

    Whole-number weights count as repeated rows for what columns learn (medians, scales, frequent values); others do not
    count. Rows of weight 0 must have been left out.
    """
    if as_it_is and matrix_of(rows) is not None:
        return AsItIs(list(names))
    if len(rows) < 2:
        raise InputError("n_samples=1: columns cannot be learned from 1 sample; at least 2 are needed")
    from chainrule.tables.encoder import TableEncoder, fit_columns
    from chainrule.tables.targets import Quantity

    used, left_out = fit_columns(_frame_of(rows, names), style, None if weights is None else _repeats(weights))
    if not used:
        reasons = "; ".join(f"{name!r} ({reason})" for name, reason in list(left_out.items())[:6])
        raise InputError(f"no column of X can be learned from; left out: {reasons}")
    return ByColumns(list(names), TableEncoder(used, Quantity("y"), left_out))


def matrix_of(rows: Matrix | pl.DataFrame) -> Matrix | None:
    """Return rows as a matrix if all are numbers without gaps."""
    if not isinstance(rows, np.ndarray):
        plain = all((column.dtype.is_numeric() or column.dtype.is_(_boolean())) for column in rows)
        if not plain or any(column.null_count() for column in rows):
            return None
        return np.column_stack([column.to_numpy() for column in rows])
    return None if rows.dtype.kind == "f" and np.isnan(rows).any() else rows


def _boolean() -> Any:
    import polars as pl

    return pl.Boolean


def _frame_of(rows: Matrix | pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    if not isinstance(rows, np.ndarray):
        return rows
    from chainrule.estimators.frames import table_of_array

    return table_of_array(rows, names)


def _as_float32(matrix: NDArray[Any]) -> Inputs:
    with np.errstate(over="ignore"):
        inputs = np.ascontiguousarray(matrix, dtype=np.float32)
    if not np.isfinite(inputs).all():
        row, place = (int(k) for k in np.argwhere(~np.isfinite(inputs))[0])
        raise InputError(
            f"X holds {matrix[row, place]} in row {row + 1}, feature {place + 1}: infinity or a value too large for "
            "dtype('float32')"
        )
    return inputs


def _repeats(weights: NDArray[Any]) -> NDArray[np.int64] | None:
    counts = weights.astype(np.int64)
    return None if (counts != weights).any() or counts.sum() > MOST_REPEATED else counts
