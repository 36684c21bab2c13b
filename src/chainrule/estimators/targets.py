"""What is predicted: classes, several labels at once, or numbers; to a network's targets and back from its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InputError, shown
from chainrule.losses import TargetKind

Targets = NDArray[np.float32]
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """One of several classes: an output for each, its probability."""

    classes: NDArray[Any]
    last: ClassVar[str] = "softmax"
    ndim: ClassVar[int] = 1
    """The number of axes of y."""
    loss: ClassVar[str] = "cross_entropy"

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return len(self.classes)

    def places(self, y: NDArray[Any]) -> NDArray[np.intp]:
        """Return the place of each label among the classes; raises `InputError` for a label that is none of them."""
        known = shown(self.classes.tolist())
        try:
            places = np.searchsorted(self.classes, y)
        except TypeError:
            kinds, own = _kinds_of(y), _kinds_of(self.classes)
            raise InputError(
                f"y has labels of the kind {kinds}, but the classes are of the kind {own}: {known}"
            ) from None
        wrong = self.classes[np.minimum(places, len(self.classes) - 1)] != y
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(
                f"y has the class {shown(y[row : row + 1].tolist()[0])} in row {row + 1}, not among {known}"
            )
        return places

    def encode(self, y: NDArray[Any]) -> Targets:
        """Return the targets, shape (rows, classes): 1 for the class of the row."""
        targets = np.zeros((len(y), self.outputs), np.float32)
        targets[np.arange(len(y)), self.places(y)] = 1
        return targets

    def decode(self, probabilities: NDArray[Any]) -> NDArray[Any]:
        """Return the most probable class of each row."""
        found: NDArray[Any] = self.classes[probabilities.argmax(axis=1)]
        return found


@dataclass(frozen=True)
class Indicators:
    """Several labels at once, each of them 0 or 1: an output for each, its probability."""

    outputs: int
    last: ClassVar[str] = "sigmoid"
    ndim: ClassVar[int] = 2
    """The number of axes of y."""
    loss: ClassVar[str] = "binary_cross_entropy"

    @property
    def classes(self) -> NDArray[np.intp]:
        """The numbers of the labels."""
        return np.arange(self.outputs)

    def encode(self, y: NDArray[Any]) -> Targets:
        """Return the targets, shape (rows, labels)."""
        if y.ndim != 2 or y.shape[1] != self.outputs or not np.isin(y, (0, 1)).all():
            raise InputError(f"y must have shape (rows, {self.outputs}) and be 0 or 1, as in the first training")
        return y.astype(np.float32)

    def decode(self, probabilities: NDArray[Any]) -> NDArray[np.intp]:
        """Return 1 for each label that is more probable than not, shape (rows, labels)."""
        return (probabilities > 0.5).astype(np.intp)


@dataclass(frozen=True)
class Numbers:
    """One number or several: the network learns them with mean 0 and standard deviation 1.

    A loss that needs probabilities learns them as they are, one that needs counts as multiples of their mean.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    flat: bool
    """Whether y has shape (rows,)."""
    last: ClassVar[str] = "identity"
    loss: ClassVar[str] = "squared_error"

    @classmethod
    def learn(cls, y: NDArray[np.float64], weights: Weights | None, kind: TargetKind) -> Numbers:
        """Return the mean and the scale of the training targets that a loss for this kind of targets asks for."""
        columns = y.reshape(len(y), -1)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.average(columns, axis=0, weights=weights)
            scale = np.sqrt(np.average((columns - mean) ** 2, axis=0, weights=weights))
        if not np.isfinite(scale).all():
            raise InputError(f"y holds numbers too large to be scaled, such as {np.abs(y).max():g}")
        constant = columns.min(axis=0) == columns.max(axis=0)  # a computed deviation can be a rounding error
        mean, scale = np.where(constant, columns[0], mean), np.where(constant | (scale == 0), 1.0, scale)
        if kind == "counts":
            mean, scale = np.zeros_like(mean), np.where(mean > 0, mean, 1.0)
        elif kind != "numbers":
            mean, scale = np.zeros_like(mean), np.ones_like(scale)
        return cls(mean, scale, y.ndim == 1)

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return len(self.mean)

    @property
    def ndim(self) -> int:
        """The number of axes of y."""
        return 1 if self.flat else 2

    def encode(self, y: NDArray[Any]) -> Targets:
        """Return the scaled targets, shape (rows, outputs)."""
        if y.ndim != self.ndim or (y.ndim == 2 and y.shape[1] != self.outputs):
            shape = "(rows,)" if self.flat else f"(rows, {self.outputs})"
            raise InputError(f"y must have shape {shape} as in the first training, not {y.shape}")
        return ((y.reshape(len(y), -1) - self.mean) / self.scale).astype(np.float32)

    def decode(self, outputs: NDArray[Any]) -> NDArray[np.float64]:
        """Return predictions in the units of y, of its shape."""
        numbers = outputs.astype(np.float64) * self.scale + self.mean
        return numbers[:, 0] if self.flat else numbers


Target = Labels | Indicators | Numbers


def read_numbers(y: Any, estimator: object) -> NDArray[np.float64]:
    """Return targets of a regression, shape (rows,) or (rows, outputs); raises `ValueError` as scikit-learn does."""
    from sklearn.utils.validation import check_array

    array: NDArray[np.float64] = check_array(
        y, ensure_2d=False, dtype=np.float64, ensure_min_samples=0, input_name="y", estimator=estimator
    )
    if array.ndim not in (1, 2) or not array.size:
        raise InputError(f"y must have shape (rows,) or (rows, outputs), not {array.shape}")
    return array


def read_classes(y: Any, estimator: object) -> NDArray[Any]:
    """Return targets of a classification: labels, shape (rows,), or an indicator matrix, shape (rows, labels).

    Raises `ValueError` for missing labels, and for what are no classes, in the words of scikit-learn.
    """
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import check_array, column_or_1d

    if hasattr(y, "toarray"):
        y = y.toarray()
    array: NDArray[Any] = check_array(
        y, ensure_2d=False, dtype=None, ensure_min_samples=0, input_name="y", estimator=estimator
    )
    if array.dtype.kind == "O" and (gaps := [row for row, label in enumerate(array.ravel()) if label is None]):
        raise InputError(f"Input y contains NaN: there is no label in row {gaps[0] + 1}")
    if array.dtype.kind == "O":
        classes_of(array)
    if array.ndim == 2 and array.shape[1] == 1:
        array = column_or_1d(array, warn=True)
    check_classification_targets(array)
    kind = type_of_target(array)
    if kind == "multiclass-multioutput":
        raise InputError(
            f"y has {array.shape[1]} columns of classes; one column is learned, or several that are all 0 or 1: "
            "sklearn.multioutput.MultiOutputClassifier trains a network for each"
        )
    return array


def classes_of(y: NDArray[Any]) -> NDArray[Any]:
    """Return the different labels in order; raises `InputError` where they have none."""
    try:
        return np.unique(y)
    except TypeError:
        raise InputError(f"y mixes labels of the kinds {_kinds_of(y)}, which have no order: give one kind") from None


def _kinds_of(labels: NDArray[Any]) -> str:
    return ", ".join(sorted({type(label).__name__ for label in labels.ravel().tolist()}))
