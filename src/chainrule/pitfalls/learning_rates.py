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
from chainrule.optimizers import GradientDescent
from chainrule.pitfalls.curvature import curvatures
from chainrule.pitfalls.drawing import GREY, STYLES, label
from chainrule.pitfalls.finding import Finding, Table
from chainrule.pitfalls.tasks import train
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UPDATES, SAMPLES = 500, 40
PENALTY, SETTLING, NEAR = 0.01, 20_000, 1e-4
RATES = tuple(np.geomspace(0.001, 10, 17).tolist())
BISECTIONS = 14


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
    """

    name: str
    curvature: float
    border: float
    costs: FloatArray
    start_cost: float

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
            "is the largest eigenvalue of the Hessian at the start. Near its minimum the network "
            f"starts a little (0.0001) beside where {SETTLING:,} updates have led."
        )

    @property
    def table(self) -> Table:
        """The borders, beside the rule for a quadratic."""
        columns = ("network and start", "curvature", "2 / curvature", "border by bisection", "border / rule")
        ends = ("cost at the start", f"after {UPDATES} updates, rate {RATES[0]:g}", "with the best rate")
        rows = (
            (
                one.name,
                *(one.curvature, one.rule, one.border, f"{one.border / one.rule:.3f}"),
                *(one.start_cost, float(one.costs[0]), float(one.costs.min())),
            )
            for one in self.borders
        )
        return Table((*columns, *ends), tuple(rows))

    @property
    def data(self) -> Table:
        """The sweep."""
        rows = (
            (one.name, rate, float(cost)) for one in self.borders for rate, cost in zip(RATES, one.costs, strict=True)
        )
        return Table(("network and start", "rate", "cost after training"), tuple(rows))

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
        for axes, one, style in zip(panels, self.borders, STYLES, strict=False):
            finite = np.isfinite(one.costs) & (one.costs < 100)
            axes.plot(np.array(RATES)[finite], one.costs[finite], **style.line(linestyle="-"))
            for rate in np.array(RATES)[~finite]:
                axes.plot(rate, 100, "x", color=style.color, markersize=5)
            axes.axhline(one.start_cost, color=GREY, linewidth=0.8, label="cost at the start")
            axes.axvline(one.rule, color="black", linestyle="--", linewidth=1.2, label="2 / curvature")
            axes.axvline(one.border, color="black", linestyle=":", linewidth=2.2, label="border by bisection")
            label(axes, one.name, "learning rate", "")
            axes.set_xscale("log")
            axes.set_yscale("log")
        panels[0].set_ylabel(f"cost after {UPDATES} updates (×: over 100)")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)


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
    settled = network.twin(seed)
    train(settled, x, t, GradientDescent(0.1), SETTLING, engine="auto")
    settled.vector += NEAR * rng.standard_normal(settled.vector.size)
    cases = {"linear neuron": linear, "tanh, near its minimum": settled, "tanh, random start": network}
    return LearningRate(seed, tuple(_border(name, net, x, t) for name, net in cases.items()))


def _border(name: str, net: Network, x: FloatArray, t: FloatArray) -> Border:
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
    return Border(name, curvature, border, np.array([end(rate) for rate in RATES]), start_cost)


def bisect(diverges: Callable[[float], bool], low: float, high: float) -> float:
    """Return a rate between one that is good and one that is not, at which that changes.

    >>> round(bisect(lambda rate: rate > 0.3, 0.001, 10.0), 4)
    0.3
    """
    for _ in range(BISECTIONS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if diverges(middle) else (middle, high)
    return math.sqrt(low * high)
