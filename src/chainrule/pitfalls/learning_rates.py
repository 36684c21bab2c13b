"""Learning rates: too small is slow, and from a border on training diverges."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chainrule.data import FloatArray
from chainrule.errors import TrainingError
from chainrule.layers import Dense
from chainrule.losses import L2
from chainrule.network import Network
from chainrule.optimizers import GradientDescent, Momentum
from chainrule.pitfalls.curvature import curvatures
from chainrule.pitfalls.drawing import GREY, STYLES, label
from chainrule.pitfalls.finding import Cell, Finding, Table
from chainrule.pitfalls.tasks import train
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UPDATES, SAMPLES = 500, 40
PENALTY, SETTLING, NEAR = 0.01, 100_000, 0.003
RATES = tuple(np.geomspace(0.001, 10, 17).tolist())
BISECTIONS = 14
ROUNDING = 1e-12
HIGHEST, LOWEST = 100.0, 1e-4  # the picture ends at this cost, and at this part of the cost at the start


@dataclass(frozen=True, eq=False)
class Border:
    """From which rate on training diverges, from one start.

    Attributes
    ----------
    name : of the network and the start.
    curvature : the largest eigenvalue of the Hessian there.
    border : by bisection.
    costs : the cost after training, for each of `RATES`; infinite if it was no longer finite.
    start_cost : the cost before training.
    lowest : the cost at the minimum to which long training leads.
    """

    name: str
    curvature: float
    border: float
    costs: FloatArray
    start_cost: float
    lowest: float

    @property
    def above(self) -> FloatArray:
        """How far above the minimum each cost after training is; rounding counts as 0."""
        above = self.costs - self.lowest
        return np.where(np.abs(above) < ROUNDING, 0, above)

    @property
    def start_above(self) -> float:
        """How far above the minimum the cost at the start is."""
        return self.start_cost - self.lowest

    @property
    def best(self) -> int:
        """The place of the (smallest) rate with the lowest cost after training."""
        return int(np.argmin(self.above))

    @property
    def rule(self) -> float:
        """The border of a quadratic cost."""
        return 2 / self.curvature


@dataclass(frozen=True, eq=False, repr=False)
class LearningRate(Finding):
    """What `learning_rate` found: its `borders`."""

    name: ClassVar[str] = "learning-rate"
    title: ClassVar[str] = "Learning rate: too small is slow, too large diverges"
    sources: ClassVar[str] = (
        "LeCun, Bottou, Orr and Müller 1998, Efficient BackProp (2 / curvature); LeCun, Simard and Pearlmutter 1993, "
        "Automatic learning rate maximization by on-line estimation of the Hessian's eigenvectors"
    )

    borders: tuple[Border, ...]

    @property
    def setting(self) -> str:
        """What was done."""
        return (
            f"A linear neuron with two inputs, whose cost is a quadratic, and a 2-6-1 tanh network with an L2 "
            f"penalty of {PENALTY:g} learn {SAMPLES} samples of a smooth function by half the squared "
            f"error; {UPDATES} updates of gradient descent in float64; seed {self.seed}. Training diverges if "
            "the cost ends above where it began, or is no longer finite; the border is found by bisection. Curvature "
            f"is the largest eigenvalue of the Hessian at the start. The minimum is where {SETTLING:,} updates with "
            f"momentum lead from the random start; near it the network starts about {NEAR:g} beside it in each weight. "
            f"The best rate is that of {len(RATES)} from {RATES[0]:g} to {RATES[-1]:g} with the lowest cost at the end."
        )

    @property
    def table(self) -> Table:
        """The borders, beside the rule for a quadratic, and costs, as far as they are above the minimum."""
        columns = ("network and start", "2 / curvature", "border", "border / rule")
        ends = ("cost above the minimum", f"after rate {RATES[0]:g}", "after the best rate", "best rate")
        return Table((*columns, *ends), tuple(map(self._row, self.borders)))

    @staticmethod
    def _row(one: Border) -> tuple[Cell, ...]:
        ends = (one.start_above, float(one.above[0]), float(one.above[one.best]))
        return one.name, one.rule, one.border, f"{one.border / one.rule:.3f}", *ends, RATES[one.best]

    @property
    def data(self) -> Table:
        """The sweep, and on each of its rows what belongs to its start."""
        columns = ("network and start", "curvature", "2 / curvature", "border", "cost at the minimum")
        rows = (
            (one.name, one.curvature, one.rule, one.border, one.lowest, one.start_cost, rate, float(cost))
            for one in self.borders
            for rate, cost in zip(RATES, one.costs, strict=True)
        )
        return Table((*columns, "cost at the start", "rate", "cost after training"), tuple(rows))

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        linear, near, far = self.borders
        return (
            "Rates far below the border are slow, and from the border on training diverges: on the quadratic of a "
            f"linear neuron at {linear.border:.4g}, where 2 / curvature is {linear.rule:.4g}, and near the network's "
            f"minimum at {near.border:.4g}, where the rule says {near.rule:.4g}.",
            "Far from a minimum the cost is no quadratic and the rule does not hold: from a random start the border is "
            f"{far.border:.3g}, {far.border / far.rule:.2g} times what the curvature there says.",
        )

    def draw(self, figure: Figure) -> None:
        """Draw the cost after training by rate, one panel for each start."""
        panels = figure.subplots(1, len(self.borders))
        rates = np.array(RATES)
        for axes, one, style in zip(panels, self.borders, STYLES, strict=False):
            learned, drawn = one.costs <= one.start_cost, np.clip(one.above, LOWEST * one.start_above, HIGHEST)
            axes.plot(rates[learned], drawn[learned], **style.line(linestyle="-", clip_on=False))
            axes.plot(rates[~learned], drawn[~learned], "x", color=style.color, markersize=5)
            axes.axhline(one.start_above, color=GREY, linewidth=0.8, label="at the start")
            axes.axvline(one.rule, color="black", linestyle="--", linewidth=1.2, label="2 / curvature")
            axes.axvline(one.border, color="black", linestyle=":", linewidth=2.2, label="border by bisection")
            label(axes, f"{one.name}, {UPDATES} updates", "learning rate", "")
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_ylim(bottom=LOWEST * one.start_above)
        panels[0].set_ylabel("cost above the minimum\n(on the lower edge: or less)")
        panels[0].plot([], [], "x", color=GREY, label=f"ends above the start (at {HIGHEST:g}: or more)")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)


def learning_rate(seed: int = 0) -> LearningRate:
    """Train with many learning rates, and find the one from which on training diverges.

    Parameters
    ----------
    seed : of the samples and of the weights.

    Raises `InputError` for a seed that is none.
    """
    rng = np.random.default_rng([as_seed(seed), 101])
    x = rng.standard_normal((SAMPLES, 2))
    t = np.sin(x[:, 0]) - 0.5 * x[:, 1] + 0.3 * x[:, 0] * x[:, 1]
    linear = Network(2, [Dense(1)], dtype="float64", seed=seed)
    network = Network(2, [Dense(6, "tanh"), Dense(1)], penalties=[L2(PENALTY)], dtype="float64", seed=seed)
    lowest, minimum = [], network
    for net in (linear, network):
        minimum = net.twin(seed)
        train(minimum, x, t, Momentum(0.05), SETTLING, engine="auto")
        lowest.append(minimum.loss(x, t))
    minimum.vector += NEAR * rng.standard_normal(minimum.vector.size)
    cases = {"linear neuron": (linear, lowest[0])}
    cases |= {"tanh, near its minimum": (minimum, lowest[1]), "tanh, random start": (network, lowest[1])}
    return LearningRate(seed, tuple(_border(name, *case, x, t) for name, case in cases.items()))


def _border(name: str, net: Network, lowest: float, x: FloatArray, t: FloatArray) -> Border:
    start = net.vector.copy()

    def end(rate: float) -> float:
        net.vector[...] = start
        try:
            train(net, x, t, GradientDescent(rate), UPDATES)
        except TrainingError:
            return math.inf
        cost = net.loss(x, t)
        return cost if math.isfinite(cost) else math.inf

    start_cost, curvature = net.loss(x, t), float(curvatures(net, x, t)[-1])
    border = bisect(lambda rate: end(rate) > start_cost, RATES[0], RATES[-1])
    return Border(name, curvature, border, np.array([end(rate) for rate in RATES]), start_cost, lowest)


def bisect(diverges: Callable[[float], bool], low: float, high: float) -> float:
    """Return a rate between one that is good and one that is not, at which that changes.

    >>> round(bisect(lambda rate: rate > 0.3, 0.001, 10.0), 4)
    0.3
    """
    for _ in range(BISECTIONS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if diverges(middle) else (middle, high)
    return math.sqrt(low * high)
