"""A scorer of scikit-learn, applied to a network in training and the rows that validate it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.estimators.arrays import Arrays
    from chainrule.estimators.base import NetworkEstimator
    from chainrule.estimators.parts import Part
    from chainrule.estimators.watching import Scorer
    from chainrule.network import Network


def scorer_of(estimator: NetworkEstimator, validation: Part | None, arrays: Arrays) -> Scorer | None:
    """Return what scores a network by the estimator's `scoring` of rows that are `arrays`, None if that is None.

    Raises `InputError` where there are no rows to validate with.
    """
    if estimator.scoring is None:
        return None
    if validation is None:
        raise InputError("scoring needs rows to validate with: set validation_fraction, or give X_val and y_val to fit")
    from sklearn.metrics import check_scoring

    scorer = check_scoring(estimator, scoring=estimator.scoring)
    X, y = validation.X, validation.y
    weights = {} if validation.weights is None else {"sample_weight": validation.weights}
    inputs = arrays.inputs(validation)

    def score(net: Network) -> float:
        view = copy.copy(estimator)
        view.__dict__.update(estimator._attributes(net), _known=(X, inputs))
        return float(scorer(view, X, y, **weights))

    return score
