"""Saturation: units at the flat ends of their activation, and relu units that are off for good."""

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

UNITS, UPDATES, FLAT = 16, 3_000, 0.05
# The slope of an activation as a part of its largest slope, from its value a.
SLOPES = {"sigmoid": lambda a: 4 * a * (1 - a), "tanh": lambda a: 1 - a**2, "relu": lambda a: (a > 0).astype(float)}


@dataclass(frozen=True)
class Case:
    """A network that may saturate: its activation, its start, what inputs are multiplied by, and its rate."""

    name: str
    activation: str
    init: Init
    scale: float
    rate: float


CASES = (
    Case("tanh, glorot", "tanh", Init("glorot"), 1, 0.1),
    Case("tanh, inputs × 100, rate 0.001", "tanh", Init("glorot"), 100, 0.001),
    Case("tanh, normal (5)", "tanh", Init("normal", 5.0), 1, 0.1),
    Case("sigmoid, inputs × 100, rate 0.001", "sigmoid", Init("glorot"), 100, 0.001),
    Case("relu, he", "relu", Init("he"), 1, 0.1),
    Case("relu, he, rate 10", "relu", Init("he"), 1, 10.0),
)


@dataclass(frozen=True, eq=False, repr=False)
class Saturation(Finding):
    """What `saturation` found.

    Attributes
    ----------
    updates : numbers of updates at which the networks were looked at.
    flat : for each case, which part of (hidden unit, sample) is saturated at each look.
    stuck : for each case, how many hidden units are saturated on all samples at each look.
    costs : for each case, the cost at each look.
    """

    name: ClassVar[str] = "saturation"
    title: ClassVar[str] = "Saturation: units at the flat ends of their activation"
    sources: ClassVar[str] = (
        "LeCun, Bottou, Orr and Müller 1998, Efficient BackProp; Glorot and Bengio 2010, Understanding the difficulty "
        "of training deep feedforward neural networks; Maas, Hannun and Ng 2013, Rectifier nonlinearities improve "
        "neural network acoustic models (units that are off for good)"
    )

    updates: tuple[int, ...]
    flat: dict[str, FloatArray]
    stuck: dict[str, tuple[int, ...]]
    costs: dict[str, FloatArray]

    @property
    def setting(self) -> str:
        """What was done."""
        return (
            f"2-{UNITS}-{UNITS}-1 networks with one sigmoid output and binary cross-entropy on {RING}. Gradient "
            f"descent with learning rate 0.1 where nothing else is said (a smaller one with large inputs, since costs "
            f"jump otherwise), {UPDATES:,} updates in float64; seed {self.seed}. A hidden unit is saturated on a "
            f"sample if its slope there is under {FLAT:.0%} of the largest slope."
        )

    @property
    def table(self) -> Table:
        """Shares of saturated units before and after, and the end."""
        columns = ("network", "saturated at the start", "after 100", "at the end", "on all samples at the end")
        middle = int(np.argmin(np.abs(np.array(self.updates) - 100)))
        rows: list[tuple[Cell, ...]] = []
        for name, flat in self.flat.items():
            shares = (f"{flat[k]:.1%}" for k in (0, middle, -1))
            rows.append((name, *shares, f"{self.stuck[name][-1]} of {2 * UNITS}", float(self.costs[name][-1])))
        return Table((*columns, "cost at the end"), tuple(rows))

    @property
    def data(self) -> Table:
        """Everything at each look."""
        columns = ("network", "updates", "part saturated", "units saturated on all samples", "cost")
        rows = (
            (name, step, float(flat[k]), self.stuck[name][k], float(self.costs[name][k]))
            for name, flat in self.flat.items()
            for k, step in enumerate(self.updates)
        )
        return Table(columns, tuple(rows))

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        large, good = "tanh, inputs × 100, rate 0.001", "tanh, glorot"
        off, end = self.stuck["relu, he, rate 10"][-1], self.costs["relu, he, rate 10"][-1]
        return (
            f"Inputs that are 100 times too large saturate {self.flat[large][0]:.0%} of all (unit, sample) pairs of "
            f"tanh before training begins, where the same start saturates {self.flat[good][0]:.0%} with inputs of size "
            "1; they are still saturated at the end, since next to no gradient passes a saturated unit.",
            "A relu unit is saturated where it is off, in good networks on about half of the samples; with a rate that "
            f"is too large {off} of {2 * UNITS} units are off on all samples and stay off, and the cost ends at "
            f"{end:.3g}.",
        )

    def draw(self, figure: Figure) -> None:
        """Draw the saturated part and the cost over the updates."""
        left, right = figure.subplots(1, 2)
        for style, name in zip(STYLES, self.flat, strict=True):
            line = style.line(markevery=3)
            left.plot(self.updates, 100 * self.flat[name], label=name, **line)
            right.plot(self.updates, self.costs[name], label=name, **line)
        label(left, "Saturated hidden units, of all units and samples", "updates", "percent")
        label(right, "Cost", "updates", "binary cross-entropy")
        for axes in (left, right):
            axes.set_xscale("symlog", linthresh=1)
        right.set_yscale("log")
        left.set_ylim(-3, 103)
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)


def saturation(seed: int = 0) -> Saturation:
    """Count saturated units while networks of good and of bad starts are trained.

    Parameters
    ----------
    seed : of the points and of the weights.

    Raises `InputError` for a seed that is none.
    """
    x, t = ring(as_seed(seed))
    updates = spread(UPDATES, 28)
    flat, stuck, costs = {}, {}, {}
    for case in CASES:
        dense = Dense(UNITS, case.activation, init=case.init)
        net = Network(2, [dense, dense, Dense(1, "sigmoid")], "binary_cross_entropy", dtype="float64", seed=seed)
        course = []
        for _ in looks(net, case.scale * x, t, updates, GradientDescent(case.rate)):
            course.append(_look(net, case, x, t))
        flat[case.name] = np.array([look[0] for look in course])
        stuck[case.name] = tuple(look[1] for look in course)
        costs[case.name] = np.array([look[2] for look in course])
    return Saturation(seed, tuple(updates), flat, stuck, costs)


def _look(net: Network, case: Case, x: FloatArray, t: FloatArray) -> tuple[float, int, float]:
    """Return the saturated part, the units that are saturated on all samples, and the cost."""
    values = net.values(case.scale * x, t)
    slopes = np.hstack([SLOPES[case.activation](values[name].astype(np.float64)) for name in ("a1", "a2")])
    flat = slopes < FLAT
    return float(flat.mean()), int(flat.all(axis=0).sum()), float(values["E"])
