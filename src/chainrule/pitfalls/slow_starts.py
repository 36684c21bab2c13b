"""Slow start: a saturated output unit learns slowly by squared error, and at once by cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chainrule.data import FloatArray
from chainrule.layers import Dense
from chainrule.network import Network
from chainrule.optimizers import GradientDescent
from chainrule.pitfalls.drawing import GREY, STYLES, label
from chainrule.pitfalls.finding import Finding, Table
from chainrule.pitfalls.tasks import train
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STARTS, DRAWN = (0, 1, 2, 3, 4, 5, 6), 4
# Up to 1,000 updates each is on record.
RATE, UPDATES, REACHED = 0.5, 1_000, 0.1
LOSSES = {"half_squared_error": "half squared error", "binary_cross_entropy": "cross-entropy"}


@dataclass(frozen=True, eq=False, repr=False)
class SlowStart(Finding):
    """What `slow_start` found.

    Attributes
    ----------
    outputs : the output before each update, by (loss, weighted input at the start); the target is 0.
    deltas : dE/dz before each update, likewise.
    """

    name: ClassVar[str] = "slow-start"
    title: ClassVar[str] = "Slow start: squared error against cross-entropy from a saturated output"
    sources: ClassVar[str] = (
        "Nielsen 2015, Neural networks and deep learning, chapter 3; Solla, Levin and Fleisher 1988, Accelerated "
        "learning in layered neural networks"
    )

    outputs: dict[tuple[str, int], FloatArray]
    deltas: dict[tuple[str, int], FloatArray]

    def needed(self, loss: str, start: int) -> int:
        """Return after how many updates the output is below `REACHED`; raises `ValueError` if it never is."""
        return int(np.flatnonzero(self.outputs[loss, start] < REACHED).min())

    def shown(self, start: int) -> int:
        """Return for how many updates the outputs of a start are shown: a little longer than the slower loss needs."""
        return max(self.needed(loss, start) for loss in LOSSES) + 20

    @property
    def setting(self) -> str:
        """What was done."""
        return (
            "One sigmoid neuron with the input 1 and the target 0. Weight and bias start at the same value, half the "
            f"weighted input z that the table names; gradient descent with learning rate {RATE:g} in float64. Nothing "
            "is drawn at random: every seed gives the same."
        )

    @property
    def table(self) -> Table:
        """The first delta, and how many updates it takes, with both losses."""
        half, cross = LOSSES
        columns = ("z at the start", "output", "dE/dz, squared", "dE/dz, cross-entropy", "updates, squared")
        rows = (
            (
                z,
                float(self.outputs[half, z][0]),
                *(float(self.deltas[loss, z][0]) for loss in LOSSES),
                *(self.needed(loss, z) for loss in LOSSES),
                self.needed(half, z) / self.needed(cross, z),
            )
            for z in STARTS
        )
        return Table((*columns, "updates, cross-entropy", "times as many"), tuple(rows))

    @property
    def data(self) -> Table:
        """Output and dE/dz before each update, as far as the picture goes."""
        rows = (
            (loss, z, k, float(output), float(delta))
            for (loss, z), outputs in self.outputs.items()
            for k, (output, delta) in enumerate(zip(outputs, self.deltas[loss, z], strict=True))
            if k < self.shown(z)
        )
        return Table(("loss", "z at the start", "updates", "output", "dE/dz"), tuple(rows))

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        half, cross = LOSSES
        last = STARTS[-1]
        return (
            f"Squared error multiplies the error y - t by the slope y (1 - y), which is nearly 0 where the output is "
            f"most wrong: from z = {last} it takes {self.needed(half, last):,} updates until the output is under "
            f"{REACHED:g}.",
            f"Cross-entropy cancels the slope, its dE/dz is y - t, and takes {self.needed(cross, last):,} updates from "
            "the same start with the same rate.",
        )

    def draw(self, figure: Figure) -> None:
        """Draw the output over the updates from one start, and the updates needed by start."""
        left, right = figure.subplots(1, 2)
        for style, (loss, name) in zip(STYLES, LOSSES.items(), strict=False):
            left.plot(self.outputs[loss, DRAWN][: self.shown(DRAWN)], label=name, **style.line(markevery=10))
            right.plot(STARTS, [self.needed(loss, z) for z in STARTS], label=name, **style.line())
        left.axhline(REACHED, color=GREY, linewidth=0.8)
        left.text(0, REACHED + 0.02, f" {REACHED:g}", color=GREY, fontsize=8)
        label(left, f"Start at z = {DRAWN}; the target is 0", "updates", "output y")
        label(right, f"Until the output is under {REACHED:g}", "weighted input z at the start", "updates")
        right.set_yscale("log")
        left.set_ylim(0, 1.05)
        for axes in (left, right):
            axes.legend(fontsize=8)


def slow_start(seed: int = 0) -> SlowStart:
    """Train one neuron from ever more saturated starts, by squared error and by cross-entropy.

    Parameters
    ----------
    seed : as all experiments take one; nothing here is drawn at random.

    Raises `InputError` for a seed that is none.
    """
    as_seed(seed)
    outputs, deltas = {}, {}
    for loss in LOSSES:
        for z in STARTS:
            net = Network(1, [Dense(1, "sigmoid")], loss, dtype="float64")
            net.set_parameters({"w1": [[z / 2]], "b1": [z / 2]})
            history = train(net, np.ones((1, 1)), np.zeros((1, 1)), GradientDescent(RATE), UPDATES)
            outputs[loss, z] = np.array(history.error)  # with the target 0 the error is the output
            # With the input 1 the derivatives of weight and bias are both dE/dz, which is positive here.
            deltas[loss, z] = np.array(history.gradient_norm["1"]) / np.sqrt(2)
    return SlowStart(seed, outputs, deltas)
