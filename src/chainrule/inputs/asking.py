"""What is asked of an input, checked: classes, targets, bounds, starts, norms."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
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
    loss = net.architecture.loss
    if not has_classes(net):
        raise InputError(
            f"the loss {loss.name} has numbers as targets and no classes: "
            "take a network with cross_entropy or binary_cross_entropy"
        )
    if loss.targets == "distribution" and net.outputs == 1:
        raise InputError(f"with one output the loss {loss.name} knows one class only: no other to tell it from")
    if not excludes(net):
        raise InputError(
            f"the {net.outputs} outputs of the loss {loss.name} may all be true at once, so a sample has no one class: "
            "take cross_entropy, or one output"
        )
    return max(2, net.outputs)


def excludes(net: Network) -> bool:
    """Tell whether a sample is of one class and no other."""
    return net.architecture.loss.targets == "distribution" or net.outputs == 1


def as_classes(net: Network, what: str, given: Any, rows: int | None = None) -> IntArray:
    """Return classes as an array; one is repeated for all `rows`. Raises `InputError` for what is no class."""
    most = class_count(net) - 1
    array = as_array(what, given)
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
    """Return the class that the network itself, in its own precision, takes each row for; -1 where it gives NaN."""
    chances = probabilities(net.predict(x))
    classes: IntArray = np.where(np.isfinite(chances).all(axis=1), chances.argmax(axis=1), -1)
    return classes


def known_answers(net: Network, x: FloatArray) -> IntArray:
    """Return `answers`; raises `InputError` if the network gives no number for a row."""
    found = answers(net, x)
    if (found < 0).any():
        raise InputError(f"the network gives nan for row {int(np.argmax(found < 0))} of x: it takes it for no class")
    return found


def as_array(what: str, given: Any) -> npt.NDArray[Any]:
    """Return an array; raises `InputError` for lists of different lengths and for masked values."""
    try:
        array = np.asarray(given)
    except ValueError:
        raise InputError(f"{what} must be an array; its rows have different lengths") from None
    if np.ma.is_masked(given):
        raise InputError(f"{what} holds masked values; fill them in first")
    return array


def check_path(path: Any) -> None:
    """Raise `InputError` for what is no path of a file."""
    if not isinstance(path, str | PathLike) or not str(path):
        raise InputError(f"what is saved needs the path of a file, not {shown(path)}")


def as_norm(norm: Any) -> str:
    """Return "inf" or "2", also given as a number; raises `InputError` for another norm."""
    if isinstance(norm, Real) and not isinstance(norm, bool) and norm in (2, np.inf):
        return "2" if norm == 2 else "inf"
    if not isinstance(norm, str) or norm not in NORMS:
        raise unknown("norm", norm, NORMS)
    return str(norm)


def as_bounds(bounds: Bounds, rows: int, width: int) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest values, each of shape (rows, width); None for no bounds.

    Each may be a number, or an array of shape (width,) or (rows, width).
    """
    shape = (rows, width)
    if isinstance(bounds, tuple | list):
        for side in bounds:
            as_array("bounds", side)
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


def as_sample(net: Network, x: Any, what: str = "x") -> FloatArray:
    """Return inputs, shape (rows, inputs); one of shape (inputs,) is a row."""
    array = as_numbers(what, x, np.float64)
    if array.shape == (net.inputs,):
        array = array[None, :]
    if what != "x" and (array.ndim != 2 or array.shape[1] != net.inputs):
        raise InputError(f"{what} must have shape ({net.inputs},) or (rows, {net.inputs}), not {array.shape}")
    return as_inputs(array, net.inputs, np.float64)


def check_inside(x: FloatArray, low: FloatArray, high: FloatArray, what: str = "x") -> None:
    """Raise `InputError` unless inputs lie within the bounds."""
    wrong = (x < low) | (x > high)
    if wrong.any():
        row, column = (int(place) for place in np.argwhere(wrong)[0])
        inside = f"from {low[row, column]:g} to {high[row, column]:g}"
        raise InputError(
            f"{what} must lie within the bounds, {inside}, but row {row}, input {column} is {x[row, column]:g}: "
            f"scale {what}, or give other bounds"
        )


def with_rate(optimizer: Optimizer | str, rate: float | Schedule | None) -> Optimizer:
    """Return an optimiser of inputs, by name or as itself, with another rate if one is given.

    Raises `InputError` for one that clips the norm of the gradients of all rows together.
    """
    if isinstance(optimizer, str) and rate is not None and optimizer in OPTIMIZERS:
        return OPTIMIZERS[optimizer](rate)
    chosen = as_optimizer(optimizer)
    if chosen.clip_norm is not None:
        raise InputError("clip_norm would tie the samples to each other: each goes its own way")
    return chosen if rate is None else replace(chosen, rate=rate)


def is_class(given: Any) -> bool:
    """Tell whether a target is a class or several, as whole numbers."""
    array = as_array("target", given)
    return isinstance(given, Integral) or (array.dtype.kind in "iu" and array.ndim <= 1)
