"""What is asked of an input, checked: classes, targets, bounds, starts, norms."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.data import FloatArray, as_inputs, as_numbers
from chainrule.errors import InputError, shown, unknown
from chainrule.optimizers import OPTIMIZERS, Optimizer, as_optimizer
from chainrule.schedules import Schedule

if TYPE_CHECKING:
    from chainrule.network import Network

IntArray = npt.NDArray[np.int64]
Bounds = Any
NORMS = ("inf", "2")


def has_classes(net: Network) -> bool:
    """Tell whether the outputs of a network are probabilities of classes, by what its loss takes as targets."""
    return net.architecture.loss.targets in ("distribution", "probabilities")


def class_count(net: Network) -> int:
    """Return the number of classes: one for each output, two where there is one output.

    Raises `InputError` if the loss is not one of classes.
    """
    if not has_classes(net):
        raise InputError(
            f"the loss {net.architecture.loss.name} has numbers as targets and no classes: "
            "take a network with cross_entropy or binary_cross_entropy"
        )
    return max(2, net.outputs) if net.outputs == 1 and net.architecture.loss.targets == "probabilities" else net.outputs


def as_classes(net: Network, what: str, given: Any, rows: int | None = None) -> IntArray:
    """Return classes as an array; one is repeated for all `rows`. Raises `InputError` for what is no class."""
    most = class_count(net) - 1
    array = np.asarray(given)
    if array.dtype.kind not in "iu" or array.ndim > 1 or not array.size:
        raise InputError(f"{what} must be a class from 0 to {most}, or one for each row, not {shown(given)}")
    wrong = (array < 0) | (array > most)
    if wrong.any():
        raise InputError(f"{what} must be classes from 0 to {most}, not {array[wrong].flat[0]}")
    if rows is not None and array.ndim and len(array) != rows:
        raise InputError(f"{what} must be one class, or one for each of the {rows} rows of x, not {len(array)}")
    return np.array(np.broadcast_to(array, (rows or array.size,)), dtype=np.int64)


def targets_for(net: Network, classes: IntArray) -> FloatArray:
    """Return what the loss takes as targets for these classes, shape (rows, outputs)."""
    if net.outputs == 1:
        return classes[:, None].astype(np.float64)
    return np.eye(net.outputs)[classes]


def probabilities(y: FloatArray) -> FloatArray:
    """Return the probability of each class, shape (rows, classes), of outputs: one output is that of class 1."""
    return np.concatenate([1 - y, y], axis=1) if y.shape[1] == 1 else y


def answers(net: Network, x: FloatArray) -> IntArray:
    """Return the class that the network itself, in its own precision, takes each row for."""
    classes: IntArray = probabilities(net.predict(x)).argmax(axis=1)
    return classes


def as_norm(norm: Any) -> str:
    """Return "inf" or "2", also given as a number; raises `InputError` for another norm."""
    if isinstance(norm, int | float) and not isinstance(norm, bool) and norm in (2, np.inf):
        return "2" if norm == 2 else "inf"
    if norm not in NORMS:
        raise unknown("norm", norm, NORMS)
    return str(norm)


def as_bounds(bounds: Bounds, rows: int, width: int) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest values, each of shape (rows, width); None for no bounds.

    Each may be a number, or an array of shape (width,) or (rows, width).
    """
    shape = (rows, width)
    if bounds is None:
        return np.full(shape, -np.inf), np.full(shape, np.inf)
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise InputError(f"bounds must be a pair such as (0, 1), or None, not {shown(bounds)}")
    try:
        low, high = (np.broadcast_to(_side(side), shape) for side in bounds)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        shapes = " and ".join(str(np.shape(side)) for side in bounds)
        raise InputError(f"bounds must be numbers, or arrays of shape ({width},) or {shape}, not {shapes}") from None
    wrong = low > high
    if wrong.any() or (low == high).all():
        row, column = (int(place) for place in np.argwhere(low >= high)[np.argmax(wrong[low >= high])])
        pair = f"({low[row, column]:g}, {high[row, column]:g})"
        raise InputError(f"bounds must be the lowest and then the highest value, not {pair}")
    return low, high


def _side(given: Any) -> FloatArray:
    """Return one of the bounds, which may be infinite but not NaN."""
    array = np.asarray(given)
    if array.dtype.kind != "f" or np.isnan(array).any():
        return as_numbers("bounds", given, np.float64)
    return array.astype(np.float64)


def as_sample(net: Network, x: Any, low: FloatArray | None = None, high: FloatArray | None = None) -> FloatArray:
    """Return inputs, shape (rows, inputs); one of shape (inputs,) is a row. Raises `InputError` outside the bounds."""
    array = np.asarray(x) if not np.ma.isMaskedArray(x) else x
    array = as_inputs(array[None, :] if array.shape == (net.inputs,) else x, net.inputs, np.float64)
    if low is not None and high is not None:
        _check_inside(array, low, high)
    return array


def _check_inside(x: FloatArray, low: FloatArray, high: FloatArray) -> None:
    wrong = (x < low) | (x > high)
    if wrong.any():
        row, column = (int(place) for place in np.argwhere(wrong)[0])
        inside = f"from {low[row, column]:g} to {high[row, column]:g}"
        raise InputError(
            f"x must lie within the bounds, {inside}, but row {row}, input {column} is {x[row, column]:g}: "
            "scale x, or give other bounds"
        )


def with_rate(optimizer: Optimizer | str, rate: float | Schedule | None) -> Optimizer:
    """Return an optimiser, by name or as itself, with another rate if one is given."""
    if isinstance(optimizer, str) and rate is not None and optimizer in OPTIMIZERS:
        return OPTIMIZERS[optimizer](rate)
    chosen = as_optimizer(optimizer)
    return chosen if rate is None else replace(chosen, rate=rate)


def is_class(given: Any) -> bool:
    """Tell whether a target is a class or several, as whole numbers."""
    return isinstance(given, Integral) or np.asarray(given).dtype.kind in "iu"
