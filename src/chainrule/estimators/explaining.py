"""The worked example of one row on a trained estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import InputError, shown
from chainrule.ranges import whole

if TYPE_CHECKING:
    from chainrule.estimators.base import NetworkEstimator
    from chainrule.explain import Document


def explain_row(estimator: NetworkEstimator, X: Any, row: int, y: Any, options: Mapping[str, Any]) -> Document:
    """Return the worked example; `NetworkEstimator.explain` documents the parameters."""
    from chainrule.explain.setting import of_ensemble

    inputs = estimator._inputs(X)
    place = whole("row", row, least=0)
    if place >= len(inputs):
        raise InputError(f"row must be from 0 to {len(inputs) - 1}, the rows of X, not {place}")
    x, net = inputs[place : place + 1], estimator.network_
    targets = _given_target(estimator, y, place, len(inputs))
    if targets is None:
        predicted = estimator._decode(estimator._outputs(x))
        targets = estimator._target.encode(predicted)
    named: dict[str, Any] = {"names": {f"x[n,{k}]": name for k, name in enumerate(estimator._encoding.input_names)}}
    return of_ensemble(net.explain(x, targets, **{**named, **options}), len(estimator.networks_))


def _given_target(estimator: NetworkEstimator, y: Any, place: int, rows: int) -> Any:
    """Return the target of the row: of all targets, or of one; None if none is given."""
    if y is None:
        return None
    while np.ndim(y) < estimator._target.ndim:  # one row of them
        y = [y]
    targets = estimator._target.encode(estimator._read_targets(y))
    if len(targets) not in (1, rows):
        raise InputError(f"y must be the target of the row, or of each of the {rows} rows of X, not {shown(y)}")
    return targets[place : place + 1] if len(targets) == rows else targets
