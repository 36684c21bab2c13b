"""Derived equations against dual numbers once more, in the 80-bit arithmetic of `numpy.longdouble`.

Where float64 misses a tolerance, this tells rounding from a mistake: rounding shrinks 2,000 times, a mistake stays.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from chainrule.checks import dual
from chainrule.checks.dual import Dual
from chainrule.engines.reference import Plan
from random_networks import Case

AVAILABLE = np.finfo(np.longdouble).eps < 1e-18


def erf(x: Any) -> Any:
    """SciPy has none of this width. A series of positive terms: 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!"""
    x = np.clip(np.asarray(x, np.longdouble), -7, 7)
    term = total = x
    for n in range(1, 200):
        term = term * 2 * x**2 / (2 * n + 1)
        total = total + term
    return 2 / np.sqrt(np.longdouble("3.14159265358979323846264338327950288")) * np.exp(-(x**2)) * total


class Wide:
    """NumPy with 80 bits where `chainrule.checks.dual` asks for float64."""

    float64 = np.longdouble
    erf = staticmethod(erf)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def wide_erf(x: Dual) -> Dual:
    return Dual(erf(x.value), (2 / math.sqrt(math.pi) * np.exp(-(x.value**2)))[..., None] * x.slope)


def worst_error(case: Case, floor: float = 1e-3) -> float:
    """Return the largest |difference| / max(|gradient|, floor) between the derived equations and dual numbers."""
    net, training = case.net, bool(case.mode.get("training"))
    names = (*net.parameters, "x")
    given = net.given(case.x, case.t, case.sample_weight, step=case.mode["step"] if training else None)
    arrays = {**given, **net.parameters, **net.states}
    wide = {name: value.astype(np.longdouble) for name, value in arrays.items() if name != "N"} | {"N": arrays["N"]}
    program = net.program(names, weighted="s" in arrays, training=training)
    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(dual, "np", Wide())
        patch.setitem(dual.RULES, "erf", wide_erf)
        right = dual.dual_gradients(program, wide, names)
        own = Plan(program, namespace=Wide()).run({n: v.copy() if n in net.states else v for n, v in wide.items()})
    errors = [np.abs(own[f"d_{name}"] - right[name]) / np.maximum(np.abs(right[name]), floor) for name in names]
    assert all(error.dtype == np.longdouble for error in errors)
    return float(max(error.max() for error in errors))
