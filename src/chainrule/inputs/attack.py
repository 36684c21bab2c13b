"""One attempt to fool a network: fast gradient sign, or projected gradient, within a budget for each sample."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.builder import OUTPUT
from chainrule.data import FloatArray
from chainrule.errors import InputError, unknown
from chainrule.inputs import asking
from chainrule.inputs.asking import IntArray
from chainrule.inputs.programs import ascent, cost_program
from chainrule.inputs.walk import Course, Walk
from chainrule.optimizers import Optimizer
from chainrule.ranges import whole
from chainrule.schedules import Schedule

if TYPE_CHECKING:
    from chainrule.network import Network

METHODS = ("fgsm", "pgd")
STEPS = 40
_MOST_STEPS = 10_000
_ROUNDING = 1e-15
_LENGTHS = 2.5
"""All steps of a projected gradient method together are so many budgets long (Madry et al. 2018)."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What is to be fooled, a row each: where it begins, its label, the class it is led to (-1: away), the bounds."""

    origin: FloatArray
    labels: IntArray
    goals: IntArray
    low: FloatArray
    high: FloatArray

    def take(self, rows: IntArray) -> Samples:
        """Return some of them."""
        return Samples(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class Attempt:
    """What became of samples: as they are now, whether each fools the network, how far it is, and how it went.

    A row that fools the network stays as it was when it first did. `aims` holds the class it was led to, -1 if just
    away from its label. `record` has shape (rows, steps + 1, 4), NaN once a row fools the network: the cost of the
    class it was led to, or else of its label; the probabilities of its label and of that class; the distance.
    """

    x: FloatArray
    aims: IntArray
    success: npt.NDArray[np.bool_]
    distance: FloatArray
    record: FloatArray

    def put(self, rows: IntArray, other: Attempt) -> None:
        """Write what became of the samples `rows` in another attempt in their place."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(other, field.name)

    def take(self, rows: IntArray) -> Attempt:
        """Return that of some samples."""
        return Attempt(*(getattr(self, field.name)[rows] for field in fields(self)))

    def course(self, labels: IntArray) -> Course:
        """Return how it went, by name."""
        cost, label, goal, distance = np.moveaxis(self.record, (2, 1), (0, 1))
        aimed = self.aims >= 0
        return Course(
            {"label": labels, "toward": self.aims},
            {
                "cost_of_label": np.where(aimed, np.nan, cost),
                "cost_of_toward": np.where(aimed, cost, np.nan),
                "probability_of_label": label,
                "probability_of_toward": goal,
                "distance": distance,
            },
        )


class Attack:
    """A method with its settings, for one network; `attempt` runs it on samples.

    It leads samples away from their labels, or, `targeted`, to a class; unless `exact` any answer but the label will
    do then.
    Raises `InputError` for an unknown norm or method, and for steps of a method that takes one.
    """

    def __init__(
        self,
        net: Network,
        *,
        norm: Any,
        method: str,
        targeted: bool,
        exact: bool = True,
        steps: int,
        rate: float | Schedule | None,
        optimizer: Optimizer | str,
    ):
        if not isinstance(method, str) or method not in METHODS:
            raise unknown("method", method, METHODS)
        self.net, self.norm, self.method = net, asking.as_norm(norm), method
        self._exact = targeted and exact
        steps = whole("steps", steps, most=_MOST_STEPS)
        if method == "fgsm" and steps not in (1, STEPS):
            raise InputError(f"fgsm takes one step: steps={steps} is for pgd")
        self.steps = 1 if method == "fgsm" else steps
        if rate is None and isinstance(optimizer, str):
            rate = 1.0 if method == "fgsm" else _LENGTHS / self.steps
        asking.class_count(net)
        update = asking.with_rate(optimizer, rate)
        self._walk = Walk(net, ascent(cost_program(net), update, self.norm, targeted), update)

    @property
    def equations(self) -> str:
        """What is run at each step."""
        return str(self._walk.program)

    def attempt(self, samples: Samples, budget: FloatArray, x: FloatArray | None = None) -> Attempt:
        """Move all samples within their budgets, shape (rows,), from `x` or from where they are."""
        rows = len(samples.origin)
        budget = self._within(budget, samples.origin)
        every, aimed = np.arange(rows), samples.goals >= 0
        led = np.where(aimed, samples.goals, samples.labels)
        given = {"t": asking.targets_for(self.net, led), "budget": budget}
        given |= {"origin": samples.origin, "low": samples.low, "high": samples.high}
        record = np.full((rows, self.steps + 1, 4), np.nan)
        best, far, done = samples.origin.copy(), np.zeros(rows), np.zeros(rows, np.bool_)
        moving = (samples.origin if x is None else x).copy()
        lost = np.zeros(rows, np.bool_)
        for step, arrays in enumerate(self._walk.steps(moving, given, self.steps, lost)):
            moving[lost] = best[lost]  # where no number comes out there is nothing to follow: it stays not fooled
            chances = asking.probabilities(arrays[OUTPUT])
            goal = np.where(aimed, chances[every, led], np.nan)
            line = np.stack([arrays["cost"], chances[every, samples.labels], goal, arrays["distance"]], axis=1)
            going = ~done & ~lost
            record[going, step] = line[going]
            best[going], far[going] = moving[going], arrays["distance"][going]
            done |= self.fooled(samples, moving) & going
            if (done | lost).all():
                break
        return Attempt(best, samples.goals.copy(), done, far, record)

    def fooled(self, samples: Samples, x: FloatArray) -> npt.NDArray[np.bool_]:
        """Tell for each row whether the network gives the answer asked for, or any but the label."""
        answers = asking.answers(self.net, x)
        other = answers == samples.goals if self._exact else answers != samples.labels
        fooled: npt.NDArray[np.bool_] = other & (answers >= 0)
        return fooled

    def _within(self, budget: FloatArray, origin: FloatArray) -> FloatArray:
        """Return budgets so much smaller that no rounding leads out of them."""
        ulps = np.spacing(np.abs(origin).max(axis=1)) * (np.sqrt(origin.shape[1]) if self.norm == "2" else 1)
        within: FloatArray = np.maximum(budget * (1 - _ROUNDING) - ulps, 0)
        return within
