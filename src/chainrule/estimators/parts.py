"""The rows of a training with their targets and weights: those to train with, and those to validate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InputError, shown
from chainrule.estimators.rows import Matrix
from chainrule.estimators.splitting import Places
from chainrule.ranges import check_number

if TYPE_CHECKING:
    import polars as pl

Weights = NDArray[np.float64]
_LARGE = 1e30
"""Weights beyond it, or below 1 over it, could leave float32 where they are summed or multiplied."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows: as given, as read, their checked targets and their weights.

    `places` are the rows' numbers in what was given, None for all of it. `weights` are those given, `costs` with the
    classes' weights in them; None for 1 everywhere. `origin` is the part that the rows were taken from, and which of
    its rows they are.
    """

    given: Any
    places: Places | None
    rows: Matrix | pl.DataFrame
    y: NDArray[Any]
    weights: Weights | None
    costs: Weights | None
    origin: tuple[Part, Places] | None = None

    def __len__(self) -> int:
        return len(self.y)

    def take(self, chosen: Places) -> Part:
        """Return some of the rows."""
        weights = None if self.weights is None else self.weights[chosen]
        costs = None if self.costs is None else self.costs[chosen]
        places = chosen if self.places is None else self.places[chosen]
        return Part(self.given, places, self.rows[chosen], self.y[chosen], weights, costs, (self, chosen))

    @property
    def X(self) -> Any:
        """The rows of what was given, of its kind, for a scorer."""
        if self.places is None:
            return self.given
        from sklearn.utils import _safe_indexing

        given = self.given.tocsr() if hasattr(self.given, "tocsr") else self.given
        return _safe_indexing(given if hasattr(given, "__getitem__") else np.asarray(given), self.places)

    def with_weight(self) -> Part:
        """Return the rows whose weight is not 0: a row of weight 0 is one that is not there."""
        if self.weights is None or self.weights.all():
            return self
        return replace(self.take(np.flatnonzero(self.weights)), origin=None)


@dataclass(frozen=True)
class Split:
    """The rows that a network is trained with, and those that choose its best epoch, if there are any."""

    training: Part
    validation: Part | None


def read_weights(weights: Any, rows: Matrix | pl.DataFrame) -> Weights | None:
    """Return sample weights, shape (rows,), float64; raises `ValueError` as scikit-learn does.

    Where the largest is too large or too small for float32, they become parts of it.
    """
    if weights is None:
        return None
    from sklearn.utils.validation import _check_sample_weight

    array: Weights = _check_sample_weight(weights, np.empty((len(rows), 1)), dtype=np.float64, ensure_non_negative=True)
    largest = array.max(initial=0)
    return array if not largest or 1 / _LARGE < largest < _LARGE else array / largest


def check_lengths(rows: Matrix | pl.DataFrame, y: NDArray[Any], names: tuple[str, str] = ("X", "y")) -> None:
    """Raise `InputError` if there are not as many targets as rows."""
    if len(rows) != len(y):
        raise InputError(
            f"Found input variables with inconsistent numbers of samples: {names[0]} has {len(rows)} rows, "
            f"{names[1]} has {len(y)}"
        )


def check_class_weights(given: Any, classes: NDArray[Any]) -> None:
    """Raise `InputError` as scikit-learn does: for a weight of what is no class, while a class has none."""
    if not isinstance(given, Mapping):
        return
    known = classes.tolist()
    unknown = [label for label in given if label not in known]
    if unknown and not all(label in given for label in known):
        raise InputError(f"class_weight has the class {shown(unknown[0])}, which is not among {shown(known)}")


def class_weights(given: Any, y: NDArray[Any], weights: Weights | None) -> dict[Any, float]:
    """Return the weight of each class by a dictionary or "balanced", 1 for others; raises `ValueError` otherwise.

    Rows of weight 0 are not there, so that a class of nothing else has no weight of its own.
    """
    from sklearn.utils.class_weight import compute_class_weight

    if isinstance(given, Mapping):
        return {
            label: check_number(f"the weight of class {label!r}", weight, least=0) for label, weight in given.items()
        }
    if given != "balanced":
        raise InputError(f"class_weight must be 'balanced' or a dictionary such as {{'rare': 5}}, not {shown(given)}")
    if weights is not None:
        y, weights = y[weights > 0], weights[weights > 0]
    classes = np.unique(y)
    found = compute_class_weight(given, classes=classes, y=y, sample_weight=weights)
    return dict(zip(classes.tolist(), found.tolist(), strict=True))
