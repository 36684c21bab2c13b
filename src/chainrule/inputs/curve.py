"""Accuracy against budget: how many samples a network still recognises when each may be changed so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import FloatArray, as_numbers
from chainrule.errors import InputError, shown
from chainrule.inputs import asking
from chainrule.inputs.asking import Bounds
from chainrule.inputs.attack import STEPS, Samples
from chainrule.inputs.search import MOST_BUDGET, RIVALS, Search
from chainrule.threads import one_thread

if TYPE_CHECKING:
    from chainrule.network import Network


@dataclass(frozen=True, eq=False)
class Curve:
    """The accuracy of a network at each of several budgets, both of shape (budgets,)."""

    budgets: FloatArray
    accuracy: FloatArray
    norm: str
    method: str

    def __str__(self) -> str:
        pairs = ", ".join(f"{a:.1%} at {b:g}" for b, a in zip(self.budgets, self.accuracy, strict=True))
        return f"accuracy ({self.method}, norm {self.norm}): {pairs}"

    def csv(self) -> str:
        """Return it as CSV."""
        pairs = zip(self.budgets, self.accuracy, strict=True)
        return "\n".join(["budget,accuracy", *(f"{budget:.9g},{accuracy:.9g}" for budget, accuracy in pairs)]) + "\n"


def accuracy_curve(
    net: Network,
    x: Any,
    labels: Any,
    budgets: Sequence[float] | FloatArray,
    *,
    norm: Any = "inf",
    method: str = "pgd",
    bounds: Bounds = None,
    steps: int = STEPS,
    starts: int = 1,
    rivals: int = RIVALS,
    seed: int = 0,
) -> Curve:
    """Return the part of all samples that are recognised whatever `method` does to them within each budget.

    Samples that are not recognised to begin with count as not recognised, so that at a budget of 0 it is the
    accuracy; a sample fooled within one budget is fooled within each larger one. The other parameters are those
    of `fool`. Raises `InputError` for what does not fit.

    >>> import chainrule as cr
    >>> net = cr.Network(1, [cr.Dense(1, "sigmoid")], loss="binary_cross_entropy", dtype="float64")
    >>> net.set_parameters({"w1": [[1.0]]})
    >>> print(accuracy_curve(net, [[0.1], [0.3], [-0.5]], [1, 1, 0], [0, 0.2, 0.4]))
    accuracy (pgd, norm inf): 100.0% at 0, 66.7% at 0.2, 33.3% at 0.4
    """
    levels = as_numbers("budgets", budgets, np.float64)
    if levels.ndim != 1 or not len(levels) or (levels < 0).any() or (np.diff(levels) <= 0).any():
        raise InputError(
            f"budgets must be a list that rises from at least 0, such as [0, 0.1, 0.2], not {shown(budgets)}"
        )
    if levels[-1] >= MOST_BUDGET:
        raise InputError(f"budgets must be below {MOST_BUDGET:g}, not {levels[-1]:g}")
    search = Search(
        net,
        norm=norm,
        method=method,
        targeted=False,
        steps=steps,
        rate=None,
        optimizer="gradient_descent",
        starts=starts,
        rivals=rivals,
        seed=seed,
    )
    inputs = asking.as_sample(net, x)
    truth = asking.as_classes(net, "labels", labels, len(inputs))
    low, high = asking.as_bounds(bounds, *inputs.shape)
    asking.check_inside(inputs, low, high)
    right = asking.known_answers(net, inputs) == truth
    accuracy = []
    samples = Samples(inputs, truth, np.full(len(truth), -1), low, high).take(np.flatnonzero(right))
    standing = int(right.sum())
    for level in levels:
        if standing and level > 0:
            with one_thread():
                lost = search.attempt(samples, np.full(standing, level)).success
            samples, standing = samples.take(np.flatnonzero(~lost)), int((~lost).sum())
        accuracy.append(standing / len(inputs))
    return Curve(levels, np.array(accuracy), search.attack.norm, method)


def save_curves(curves: Sequence[Curve], path: str | Path) -> None:
    """Write curves side by side as a picture; raises `InputError` if the file cannot be written."""
    from chainrule.inputs.pictures import curve_picture
    from chainrule.plots import save_figure

    if not isinstance(curves, Sequence) or not curves or not all(isinstance(one, Curve) for one in curves):
        raise InputError(f"curves must be a list of curves such as accuracy_curve returns, not {shown(curves)}")
    asking.check_path(path)
    save_figure(curve_picture(curves), path)
