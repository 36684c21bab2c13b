"""Symmetry: units that start equal stay equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chainrule.data import FloatArray
from chainrule.initializers import Init
from chainrule.layers import Dense
from chainrule.network import Network
from chainrule.optimizers import GradientDescent
from chainrule.pitfalls.drawing import STYLES, label
from chainrule.pitfalls.finding import Cell, Finding, Table
from chainrule.pitfalls.tasks import RING, looks, ring, spread
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# With four units the sums of all of them are rounded alike. In wider layers a product of matrices may add up some
# columns in another order than others, and a last bit is then enough to break the tie, some thousand updates later.
UNITS, UPDATES, RATE = 4, 5_000, 1.0
STARTS = {"zeros": Init("zeros"), "all 0.5": Init("constant", 0.5), "random": Init("glorot")}


@dataclass(frozen=True, eq=False, repr=False)
class Symmetry(Finding):
    """What `symmetry` found.

    Attributes
    ----------
    updates : numbers of updates at which the network was looked at, shape (looks,).
    costs : for each start, the cost at each look.
    units : for each start, the parameters of each hidden unit, its weights, its bias and the weight behind it, at
        each look: shape (looks, units, 4).
    """

    name: ClassVar[str] = "symmetry"
    title: ClassVar[str] = "Symmetry: units that start equal stay equal"
    sources: ClassVar[str] = (
        "Rumelhart, Hinton and Williams 1986, Learning internal representations by error propagation "
        '("the problem of symmetry breaking")'
    )

    updates: tuple[int, ...]
    costs: dict[str, FloatArray]
    units: dict[str, FloatArray]

    def different(self, start: str) -> list[int]:
        """Return for each look how many hidden units differ from each other by at least one bit."""
        return [len({unit.tobytes() for unit in look}) for look in self.units[start]]

    @property
    def setting(self) -> str:
        """What was done."""
        return (
            f"A 2-{UNITS}-1 network of sigmoid units with binary cross-entropy learns {RING}. Gradient descent with "
            f"all points at once, learning rate {RATE:g}, {UPDATES:,} updates in float32; seed {self.seed}."
        )

    @property
    def table(self) -> Table:
        """How many units differ, and the cost, before and after."""
        columns = ("weights start as", "different units at the start", "different units at the end", "cost at the end")
        ends = {start: self.different(start) for start in self.units}
        return Table(
            columns, tuple((start, ends[start][0], ends[start][-1], float(self.costs[start][-1])) for start in ends)
        )

    @property
    def data(self) -> Table:
        """Cost, different units and the first weight of each unit at each look."""
        names = tuple(f"w1[0,{j}]" for j in range(UNITS))
        rows: list[tuple[Cell, ...]] = [
            (start, step, float(self.costs[start][k]), different, *map(float, self.units[start][k, :, 0]))
            for start in self.units
            for k, (step, different) in enumerate(zip(self.updates, self.different(start), strict=True))
        ]
        return Table(("start", "updates", "cost", "different units", *names), tuple(rows))

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        zero, random = self.costs["zeros"][-1], self.costs["random"][-1]
        return (
            f"Started at zero (or at any equal weights), the {UNITS} hidden units get the same gradient at every "
            f"update, so that after {UPDATES:,} updates they are still equal to the last bit: the layer is as good as "
            f"one unit, and the cost ends at {zero:.3g}.",
            f"A random start makes {self.different('random')[-1]} different units of the same network, and the cost "
            f"ends at {random:.3g}.",
        )

    def draw(self, figure: Figure) -> None:
        """Draw the costs, and one weight of each unit."""
        left, right = figure.subplots(1, 2)
        for style, (start, costs) in zip(STYLES, self.costs.items(), strict=False):
            left.plot(self.updates, costs, label=start, **style.line(markersize=3))
            weights = self.units[start][:, :, 0]
            lines = right.plot(self.updates, weights, **style.line(markersize=3, markevery=2))
            different = self.different(start)[-1]
            lines[0].set_label(f"{start}: {UNITS} units, {f'{different} different' if different > 1 else 'all equal'}")
        label(left, "Cost", "updates", "binary cross-entropy")
        label(right, "First weight of each hidden unit", "updates", "w1[0,j]")
        for axes in (left, right):
            axes.set_xscale("symlog", linthresh=1)
            axes.legend(fontsize=8)
        left.set_ylim(bottom=0)


def symmetry(seed: int = 0) -> Symmetry:
    """Train one network from equal and from random weights, and compare its hidden units bit by bit.

    Parameters
    ----------
    seed : of the points and of the random start.

    Raises `InputError` for a seed that is none.

    >>> found = symmetry()
    >>> found.different("zeros")[-1], found.different("random")[-1]
    (1, 4)
    """
    x, t = ring(as_seed(seed))
    updates = spread(UPDATES, 30)
    courses = {start: _course(init, seed, x, t, updates) for start, init in STARTS.items()}
    costs = {start: np.array([cost for cost, _ in course]) for start, course in courses.items()}
    units = {start: np.array([unit for _, unit in course]) for start, course in courses.items()}
    return Symmetry(seed, tuple(updates), costs, units)


def _course(init: Init, seed: int, x: FloatArray, t: FloatArray, updates: list[int]) -> list[tuple[float, FloatArray]]:
    """Return the cost and the parameters of the hidden units at each look."""
    layers = [Dense(UNITS, "sigmoid", init=init), Dense(1, "sigmoid", init=init)]
    net = Network(2, layers, "binary_cross_entropy", seed=seed)
    return [(net.loss(x, t), _units(net)) for _ in looks(net, x, t, updates, GradientDescent(RATE))]


def _units(net: Network) -> FloatArray:
    """Return a row for each hidden unit: the weights to it, its bias, and the weight behind it."""
    values = net.parameters
    return np.vstack([values["w1"], values["b1"], values["w2"].T]).T.copy()
