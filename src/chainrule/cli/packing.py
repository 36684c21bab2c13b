"""A trained estimator as a model for a file, and the fingerprint of a table."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from chainrule.models import Model
from chainrule.tables import Classes, Quantity, TableEncoder
from chainrule.tables.values import typed

if TYPE_CHECKING:
    from chainrule.estimators import NetworkClassifier, NetworkRegressor
    from chainrule.tables.targets import Target

_SLICE = 65_536


def pack(
    estimator: NetworkClassifier | NetworkRegressor,
    target: Target,
    training: Mapping[str, Any] | None = None,
    fingerprint: str = "",
) -> Model:
    """Return a model that predicts what the estimator does, to the bit.

    The estimator was trained on a table by a recipe that learns what columns hold; its classes are places among the
    labels of `target`.
    """
    learned = estimator.encoder_
    assert learned is not None, "no recipe of the options takes a matrix as it is"
    table = TableEncoder(learned.columns, _target(estimator, target), learned.left_out)
    first, *others = estimator.networks_
    temperature = getattr(estimator, "temperature_", None)
    return Model(first, table, training or {}, others=others, temperature=temperature, fingerprint=fingerprint)


def _target(estimator: Any, target: Target) -> Target:
    if isinstance(target, Quantity):
        return Quantity(target.name, float(estimator.target_mean_[0]), float(estimator.target_scale_[0]))
    return Classes(target.name, [target.labels[place] for place in estimator.classes_])


def fingerprint(frame: pl.DataFrame, table: TableEncoder) -> str:
    """Return what is the same for two tables if what a model uses of them is: names, values and order of the rows.

    >>> frame = pl.DataFrame({"x": [1.0, 2.0, 4.0], "y": [1.5, 2.5, 9.5]})
    >>> table = TableEncoder.fit(frame, Quantity("y"))
    >>> one, other = (fingerprint(rows, table) for rows in (frame, frame[::-1]))
    >>> len(one), one == other
    (32, False)
    """
    digest = blake2b(digest_size=16)
    for name in sorted({*(column.name for column in table.columns), table.target.name}):
        if name in frame.columns:
            digest.update(repr(name).encode())
            column = typed(frame[name])
            for start in range(0, len(column), _SLICE):
                digest.update(_bytes(column[start : start + _SLICE]))
    return digest.hexdigest()


def _bytes(part: pl.Series) -> bytes:
    if part.dtype.is_numeric():
        values: bytes = np.nan_to_num(part.cast(pl.Float64).to_numpy(), nan=-np.pi).tobytes()
        return values
    text = part.cast(pl.String).fill_null("\0").str.join("\x1f")
    return str(text[0]).encode()
