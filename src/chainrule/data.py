"""Arrays that a user gives, checked against what the network takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import InputError, shown
from chainrule.losses import TargetKind

FloatArray = npt.NDArray[np.floating[Any]]


def as_numbers(what: str, given: Any, dtype: npt.DTypeLike) -> FloatArray:
    """Return an array of finite numbers of the given type; raises `InputError` saying what is not one."""
    try:
        array = np.asarray(given)
    except ValueError:
        raise InputError(f"{what} must be an array of numbers; its rows have different lengths") from None
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise InputError(f"{what} holds masked values; fill them in first")
    if array.dtype.kind not in "fiub":
        array = _from_objects(what, array)
    with np.errstate(over="ignore"):
        cast = np.ascontiguousarray(array, dtype=dtype) if array.ndim else array.astype(dtype)
    if not np.isfinite(cast).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(cast))[0])
        found = f"the value at {list(place)} is {array[place]}" if place else f"it is {array[()]}"
        wrong = f"{what} must be finite numbers, but {found}"
        raise InputError(wrong if not np.isfinite(array[place]) else f"{wrong}, too large for {np.dtype(dtype)}")
    return cast


def _from_objects(what: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype.kind == "O" and not any(value is None or isinstance(value, str | bytes) for value in array.flat):
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            pass
    others = [value for value in array.flat if not isinstance(value, int | float)]
    if not others and array.size:
        raise InputError(f"{what} holds whole numbers too large for float64")
    raise InputError(f"{what} must be numbers, but holds {shown(others[0]) if others else array.dtype}")


def as_inputs(x: Any, width: int, dtype: npt.DTypeLike) -> FloatArray:
    """Return inputs of shape (batch, `width`); raises `InputError` saying both shapes."""
    array = as_numbers("x", x, dtype)
    if array.ndim != 2 or array.shape[1] != width:
        one = "; one sample is a batch of one row, [[...]]" if array.shape == (width,) else ""
        raise InputError(f"x must have shape (batch, {width}), not {_shape(array)}{one}")
    if not len(array):
        raise InputError("x has no rows; at least one is needed")
    return array


def as_targets(t: Any, kind: TargetKind, rows: int, width: int, dtype: npt.DTypeLike) -> FloatArray:
    """Return targets of shape (rows, width), checked for what the loss takes.

    (rows,) is enough for one output; labels 0 to width - 1 of shape (rows,) for a distribution.
    """
    array = as_numbers("t", t, dtype)
    given = _shape(array)
    if len(array.shape) and len(array) != rows:
        raise InputError(f"t must have as many rows as x, {rows}, but has shape {given}")
    if array.ndim == 1 and kind == "distribution" and width > 1:
        array = _from_labels(array, width, dtype)
    elif array.ndim == 1 and width == 1:
        array = array[:, None]
    if array.shape != (rows, width):
        labels = ", or labels of shape (batch,)" if kind == "distribution" else ""
        raise InputError(f"t must have shape ({rows}, {width}) for {rows} rows of x{labels}; not {given}")
    _check_kind(array, kind)
    return array


def _from_labels(labels: FloatArray, width: int, dtype: npt.DTypeLike) -> FloatArray:
    wrong = (labels != np.floor(labels)) | (labels < 0) | (labels >= width)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(f"labels must be whole numbers from 0 to {width - 1}, but row {row} has {labels[row]:g}")
    return np.eye(width, dtype=dtype)[labels.astype(np.int64)]


def _check_kind(t: FloatArray, kind: TargetKind) -> None:
    if kind == "numbers":
        return
    _refuse(t, t < 0, "of at least 0")
    if kind == "probabilities":
        _refuse(t, t > 1, "from 0 to 1")
    if kind == "distribution":
        sums = t.sum(axis=1)
        wrong = np.abs(sums - 1) > 1e-5
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(f"this loss takes targets whose rows sum to 1, but row {row} sums to {sums[row]:g}")


def _refuse(t: FloatArray, wrong: npt.NDArray[np.bool_], right: str) -> None:
    if wrong.any():
        row, output = (int(place) for place in np.argwhere(wrong)[0])
        where = f"row {row}" if t.shape[1] == 1 else f"row {row}, output {output}"
        raise InputError(f"this loss takes targets {right}, but {where} has {t[row, output]:g}")


def as_weights(weights: Any, rows: int, dtype: npt.DTypeLike) -> FloatArray:
    """Return sample weights of shape (rows,), none negative and not all 0."""
    array = as_numbers("sample_weight", weights, dtype)
    if array.shape != (rows,):
        raise InputError(f"sample_weight must have shape ({rows},), one for each row of x; not {_shape(array)}")
    if (array < 0).any():
        raise InputError(f"sample_weight must be at least 0, but row {int(np.argmax(array < 0))} has {array.min():g}")
    if not array.any():
        raise InputError("sample_weight is 0 for every row")
    return array


def _shape(array: npt.NDArray[Any]) -> str:
    return str(tuple(array.shape))
