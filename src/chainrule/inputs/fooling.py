"""Fooling a network: the least change of a recognised sample after which it is recognised no longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.data import FloatArray
from chainrule.errors import InputError
from chainrule.inputs import asking
from chainrule.inputs.asking import Bounds, IntArray
from chainrule.inputs.attack import STEPS, Samples
from chainrule.inputs.search import MOST_BUDGET, RIVALS, Search
from chainrule.inputs.walk import Course
from chainrule.optimizers import Optimizer
from chainrule.ranges import check_number, whole
from chainrule.schedules import Schedule
from chainrule.threads import one_thread

if TYPE_CHECKING:
    from chainrule.network import Network


_BY_ROW = ("original", "x", "labels", "answers", "success", "distance", "aims")


@dataclass(frozen=True, eq=False)
class Fooled:
    """Samples, and what they were changed into to be taken for something else.

    `original` and `x` have shape (rows, inputs); `labels` and `answers` (what the network takes `x` for) shape (rows,);
    `success` says which rows were fooled within the `budget`, and `distance` how far each was moved: the smallest
    budget found for it. Rows without success are where the last attempt ended. `aims`, shape (rows,), holds the class
    that each was led to, -1 for just away from its label.

    `path` says how each went, step by step: its `label`; the class `toward` which it was led, if any (the target, or a
    rival that proved nearer); the `probability_of_label` and `probability_of_toward`; the `distance`; and the cost that
    was followed, either up the `cost_of_label` or, where there is a class to lead it to, down the `cost_of_toward`.
    `equations` is what was run at each step, away from the labels or toward the target; toward a rival the `direction`
    has the other sign.
    """

    original: FloatArray
    x: FloatArray
    labels: IntArray
    answers: IntArray
    success: npt.NDArray[np.bool_]
    distance: FloatArray
    budget: float
    aims: IntArray
    norm: str
    method: str
    path: Course
    equations: str

    def __str__(self) -> str:
        limit = f"within {self.budget:g} ({self.method}, norm {self.norm})"
        if len(self.x) > 1:
            count = int(self.success.sum())
            half = f": half of these {count} within {np.median(self.distance[self.success]):.3g}" if count > 1 else ""
            return f"{count} of {len(self.x)} samples are fooled {limit}{half}"
        if not self.success[0]:
            return f"still taken for class {self.answers[0]}: not fooled {limit}"
        return f"class {self.labels[0]} is taken for class {self.answers[0]} after a change of {self.distance[0]:.3g}"

    def take(self, rows: Sequence[int]) -> Fooled:
        """Return some of the samples, by their numbers, with all that was found of them."""
        found = {name: getattr(self, name)[rows] for name in _BY_ROW}
        return replace(self, path=self.path.take(rows), **found)

    def save(self, path: str | Path, shape: Sequence[int] | None = None) -> None:
        """Write a picture: each sample, its change, and what it became; `shape` by default a square."""
        from chainrule.inputs.dreaming import as_shape
        from chainrule.inputs.pictures import fooled_picture
        from chainrule.plots import save_figure

        asking.check_path(path)
        save_figure(fooled_picture(self, as_shape(shape, self.x.shape[1])), path)


def fool(
    net: Network,
    x: Any,
    *,
    budget: float,
    norm: Any = "inf",
    method: str = "pgd",
    target: Any = None,
    labels: Any = None,
    bounds: Bounds = None,
    steps: int = STEPS,
    bisections: int = 10,
    starts: int = 1,
    rivals: int = RIVALS,
    rate: float | Schedule | None = None,
    optimizer: Optimizer | str = "gradient_descent",
    seed: int = 0,
) -> Fooled:
    """Change recognised samples as little as possible so that the network takes them for something else.

    By ascent of the cost of their labels along dE/dx (or descent of the cost of a `target`). "fgsm" is one step of
    the whole budget along the sign of dE/dx (Goodfellow, Shlens and Szegedy 2015), or along dE/dx itself in the norm
    "2"; "pgd" takes several, each brought back within the budget (Madry et al. 2018). The smallest budget of each row
    is then found by bisection.

    Parameters
    ----------
    net : a network with classes: its loss is cross_entropy or binary_cross_entropy.
    x : samples, shape (rows, inputs) or (inputs,).
    budget : how far a sample may be moved at most, in the units of x; below 1e30.
    norm : how far is measured, "inf" (largest change of an input, default) or "2" (Euclidean distance).
    method : "pgd" (default) or "fgsm".
    target : the class that the samples are to be taken for, or one for each row; default any other than now.
    labels : the true classes, shape (rows,); default what the network takes the samples for.
    bounds : lowest and highest value, numbers or arrays of shape (inputs,) or (rows, inputs), such as (0, 1) for
        pictures; inputs whose lowest is their highest stay as they are. Default none.
    steps : of "pgd", default 40, at most 10,000.
    bisections : halvings of the last interval, default 10; with 0 there is one attempt, within the whole budget.
    starts : of "pgd": attempts from places drawn at random from `seed`, beside the one from the sample itself.
    rivals : of "pgd" without a target: so many other classes, the most probable ones first, are aimed at too, since the
        steepest way from a label need not lead to the nearest class. Default 9.
    rate, optimizer : `GradientDescent` with steps that add up to 2.5 budgets; any other will do.

    Raises `InputError` for what does not fit, for samples that are not recognised to begin with, and for those that
    are taken for the target already.

    >>> import chainrule as cr
    >>> net = cr.Network(2, [cr.Dense(1, "sigmoid")], loss="binary_cross_entropy", dtype="float64")
    >>> net.set_parameters({"w1": [[3.0], [4.0]], "b1": [-1.0]})
    >>> fooled = fool(net, [1.0, 0.0], budget=1, norm="2")
    >>> print(fooled)  # the distance to the line 3 x + 4 y = 1 is 2/5
    class 1 is taken for class 0 after a change of 0.4
    """
    limit = check_number("budget", budget, above=0, below=MOST_BUDGET)
    whole("bisections", bisections, 0)
    search = Search(
        net,
        norm=norm,
        method=method,
        targeted=target is not None,
        steps=steps,
        rate=rate,
        optimizer=optimizer,
        starts=starts,
        rivals=rivals,
        seed=seed,
    )
    samples = as_samples(net, x, labels, target, bounds)
    most = np.full(len(samples.labels), float(limit))
    with one_thread():
        found = search.smallest(samples, most, bisections) if bisections else search.attempt(samples, most)
    answers = asking.answers(net, found.x)
    return Fooled(
        samples.origin,
        found.x,
        samples.labels,
        answers,
        found.success & search.attack.fooled(samples, found.x),
        found.distance,
        float(limit),
        found.aims,
        search.attack.norm,
        method,
        found.course(samples.labels),
        search.attack.equations,
    )


def as_samples(net: Network, x: Any, labels: Any, target: Any, bounds: Bounds) -> Samples:
    """Return samples that the network recognises; raises `InputError` for others."""
    asking.class_count(net)
    origin = asking.as_sample(net, x)
    low, high = asking.as_bounds(bounds, len(origin), net.inputs)
    asking.check_inside(origin, low, high)
    now = asking.known_answers(net, origin)
    truth = now if labels is None else asking.as_classes(net, "labels", labels, len(origin))
    if (now != truth).any():
        row = int(np.argmax(now != truth))
        count = int((now != truth).sum())
        more = f" ({count} such rows)" if count > 1 else ""
        raise InputError(
            f"row {row} is not recognised to begin with: the network takes it for class {now[row]}, not "
            f"{truth[row]}{more}; leave such rows out"
        )
    goals = np.full(len(origin), -1) if target is None else asking.as_classes(net, "target", target, len(origin))
    if (goals == now).any():
        row = int(np.argmax(goals == now))
        raise InputError(f"row {row} is taken for class {goals[row]} already: give another target")
    return Samples(origin, truth, goals, low, high)
