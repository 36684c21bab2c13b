"""Slips that are named where no others explain the numbers: each has a value that is found in them."""

from __future__ import annotations

from chainrule.diagnosis import fitted_changes as fitted
from chainrule.diagnosis.slip import Slip

LAST = (
    Slip(
        "penalty_added",
        "a penalty that the network does not have: {value} times each weight",
        "The cost of this network has no penalty; its gradients are those of the error alone.",
        fitted.penalty_added,
        alone=True,
        last=True,
    ),
    Slip(
        "factor",
        "all are {value} times the right ones",
        "One factor explains the numbers: look for what multiplies or divides all of them.",
        fitted.one_factor,
        alone=True,
        last=True,
    ),
)
