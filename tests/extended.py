"""Derived equations against both oracles once more, in the 80-bit arithmetic of `numpy.longdouble`.

Where float64 misses a tolerance, this tells rounding and curvature from a mistake: with 2,000 times the precision
rounding shrinks as much and differences can take steps 2,000 times as short, but a mistake stays.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from chainrule.checks import dual
from chainrule.checks.differences import Differences
from chainrule.checks.dual import Dual
from chainrule.engines.reference import Plan
from random_networks import Case

AVAILABLE = np.finfo(np.longdouble).eps < 1e-18
FLOOR = 1e-3


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


class Extended:
    """One case, computed in 80 bits."""

    def __init__(self, case: Case):
        net, training = case.net, bool(case.mode.get("training"))
        self.names = (*net.parameters, "x")
        given = net.given(case.x, case.t, case.sample_weight, step=case.mode["step"] if training else None)
        self.exact = {**given, **net.parameters, **net.states}
        self.arrays = {n: v.astype(np.longdouble) for n, v in self.exact.items() if n != "N"} | {"N": given["N"]}
        self.states = set(net.states)
        self.forward = net.program(weighted="s" in given, training=training)
        self.program = net.program(self.names, weighted="s" in given, training=training)
        self.own = self.run(Plan(self.program, namespace=Wide()))

    def run(self, plan: Plan, **changed: Any) -> dict[str, Any]:
        arrays = {name: value.copy() if name in self.states else value for name, value in self.arrays.items()}
        with np.errstate(all="ignore"):
            return dict(plan.run({**arrays, **changed}))

    def worst_dual(self) -> float:
        """Return the largest |difference| / max(|gradient|, 1e-3) between derived equations and dual numbers."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dual, "np", Wide())
            patch.setitem(dual.RULES, "erf", wide_erf)
            right = dual.dual_gradients(self.program, self.arrays, self.names)
        for found in (*right.values(), *(self.own[f"d_{name}"] for name in self.names)):
            assert found.dtype == np.longdouble or not found.any()
        return max(self._error(name, right[name]).max() for name in self.names)

    def worst_difference(self) -> float:
        """The same for differences over steps from 1e-6 to 1e-9, kinks left out."""
        plan, seen = Plan(self.forward, namespace=Wide()), Differences(self.forward, self.exact)
        worst = 0.0
        for name in self.names:
            kinks = seen.gradient(name)[1]
            slopes = np.zeros(kinks.shape, np.longdouble)
            for place in np.ndindex(*kinks.shape):
                slopes[place] = self._slope(plan, name, place)
            worst = max(worst, float(np.max(self._error(name, slopes)[~kinks], initial=0.0)))
        return worst

    def _slope(self, plan: Plan, name: str, place: tuple[int, ...]) -> Any:
        def cost(change: float) -> Any:
            moved = self.arrays[name].copy()
            moved[place] += np.longdouble(change)
            return self.run(plan, **{name: moved})["E"]

        steps = (1e-6, 1e-7, 1e-8, 1e-9)
        slopes = [(cost(-2 * h) - 8 * cost(-h) + 8 * cost(h) - cost(2 * h)) / (12 * np.longdouble(h)) for h in steps]
        return min(pairwise(slopes), key=lambda pair: abs(pair[0] - pair[1]))[1]

    def _error(self, name: str, right: Any) -> Any:
        return np.abs(self.own[f"d_{name}"] - right) / np.maximum(np.abs(right), FLOOR)
