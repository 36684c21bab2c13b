"""Exploding gradients: weights that start too large, rates that are too large, and where that ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.data import FloatArray
from chainrule.errors import TrainingError
from chainrule.history import History
from chainrule.initializers import Init
from chainrule.network import Network
from chainrule.optimizers import GradientDescent
from chainrule.pitfalls.deep import WIDTH, deep, start_from
from chainrule.pitfalls.drawing import STYLES, label
from chainrule.pitfalls.finding import Cell, Finding, Table
from chainrule.pitfalls.tasks import RING, ring
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEPTH, UPDATES, CLIP = 10, 100, 1.0
# The weights of He's start are multiplied by the first number; the second is the learning rate.
CASES = ((1.0, 0.01), (1.0, 0.1), (1.0, 1.0), (1.5, 0.01), (2.0, 0.01), (2.0, 1e-7))

LOOKS: tuple[dict[str, Any], ...] = (
    {"linestyle": "-", "marker": "o", "markersize": 4, "markevery": 20},
    {"linestyle": "--", "marker": "s", "markersize": 4, "markevery": 20},
    {"linestyle": ":", "marker": "^", "markersize": 4, "markevery": 20},
)


def shown(cost: float) -> str:
    """Return a cost with three digits, a large one with all before the point.

    >>> shown(0.01234), shown(70549.2)
    ('0.0123', '70,549')
    """
    return f"{cost:.3g}" if cost < 1000 else f"{cost:,.0f}"


@dataclass(frozen=True, eq=False)
class Course:
    """How one training went.

    Attributes
    ----------
    costs : before the first update and after each; the last one is infinite if it was no longer finite.
    norms : the norm of each layer's gradient at each update, before it is clipped: shape (updates, layers).
    largest : the size of the largest weight after the last update.
    """

    costs: tuple[float, ...]
    norms: FloatArray
    largest: float

    @property
    def updates(self) -> int:
        """How many there were."""
        return len(self.norms)

    @property
    def finite(self) -> bool:
        """Whether the last cost is a number."""
        return math.isfinite(self.costs[-1])

    @property
    def end(self) -> str:
        """Where it ends, in words."""
        return shown(self.costs[-1]) if self.finite else f"not finite after {self.many}"

    @property
    def many(self) -> str:
        """The number of updates in words."""
        return f"{self.updates} update{'s' * (self.updates != 1)}"


@dataclass(frozen=True, eq=False)
class Run:
    """Two trainings from one start: `free`, and `clipped`.

    `scale` is what He's start was multiplied by, `rate` the learning rate.
    """

    scale: float
    rate: float
    free: Course
    clipped: Course

    @property
    def name(self) -> str:
        """What it starts from, in short."""
        return f"weights × {self.scale:g}, rate {self.rate:g}"


@dataclass(frozen=True, eq=False, repr=False)
class Exploding(Finding):
    """What `exploding` found: its `runs`."""

    name: ClassVar[str] = "exploding"
    title: ClassVar[str] = "Exploding gradients: weights or rates that are too large"
    sources: ClassVar[str] = (
        "Bengio, Simard and Frasconi 1994, Learning long-term dependencies with gradient descent is difficult; "
        "Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks (clipping); He et "
        "al. 2015, Delving deep into rectifiers"
    )
    size: ClassVar[tuple[float, float]] = (9.0, 4.4)

    runs: tuple[Run, ...]

    @property
    def setting(self) -> str:
        """What was done."""
        return (
            f"A network of {DEPTH} layers, hidden ones of {WIDTH} relu units, with half the squared error, on {RING}. "
            f"Weights start by He, times a number, biases at 0; {UPDATES} updates of gradient descent in float32; once "
            f"more with gradients clipped to a norm of {CLIP:g}; seed {self.seed}."
        )

    @property
    def table(self) -> Table:
        """Each run: norms and cost at the start, and ends."""
        columns = ("weights", "rate", "norm, layer 1", f"layer {DEPTH}", "cost at the start", "cost at the end")
        return Table((*columns, "clipped"), tuple(map(self._row, self.runs)))

    @staticmethod
    def _row(run: Run) -> tuple[Cell, ...]:
        first, *_, last = map(float, run.free.norms[0])
        return f"He × {run.scale:g}", run.rate, first, last, shown(run.free.costs[0]), run.free.end, run.clipped.end

    @property
    def data(self) -> Table:
        """The cost and the norm of each layer's gradient before each update, and the last cost."""
        rows: list[tuple[Cell, ...]] = []
        for run in self.runs:
            for name, course in (("no", run.free), ("yes", run.clipped)):
                norms: list[list[Cell]] = [*course.norms.tolist(), [""] * DEPTH]
                rows += [
                    (run.scale, run.rate, name, k, cost, *row)
                    for k, (cost, row) in enumerate(zip(course.costs, norms, strict=True))
                ]
        layers = (f"gradient norm, layer {k}" for k in range(1, DEPTH + 1))
        return Table(("weights times", "rate", "clipped", "updates", "cost", *layers), tuple(rows))

    def run(self, scale: float, rate: float) -> Run:
        """Return the run of a start and a rate."""
        return next(run for run in self.runs if (run.scale, run.rate) == (scale, rate))

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        good, large = self.run(1.0, 0.1), self.run(1.0, 1.0)
        double, slow = self.run(2.0, 0.01), self.run(2.0, 1e-7)
        growth = float(double.free.norms[0, 0] / good.free.norms[0, 0])
        error = math.sqrt(double.free.costs[0] / good.free.costs[0])
        finite = sum(run.clipped.finite for run in self.runs)
        return (
            f"Double weights in each of {DEPTH} layers make the output 2^{DEPTH} times as large and the error "
            f"{error:,.0f} times (its root mean square), and on the way back the gradient is doubled in each of the "
            f"{DEPTH - 1} layers behind the first (2^{DEPTH - 1} = {2 ** (DEPTH - 1)}): the first layer's grows "
            f"{growth:,.2g} times, and {self._first_updates(double)}.",
            f"A rate that is too large spoils a good start too (cost with rate {large.rate:g}: {large.free.end}; with "
            f"{good.rate:g}: {good.free.end}); with clipping {finite} of {len(self.runs)} runs stay finite, and from "
            f"He × {double.scale:g} the cost goes from {shown(double.clipped.costs[0])} to {double.clipped.end} with "
            f"rate {double.rate:g}; without clipping a rate of {slow.rate:g} brings it to {slow.free.end}.",
        )

    @staticmethod
    def _first_updates(run: Run) -> str:
        course = run.free
        if course.finite:
            return f"training with rate {run.rate:g} ends at a cost of {course.end}"
        return (
            f"after {course.many} with rate {run.rate:g} the largest weight is {course.largest:,.0f}, and the cost of "
            "such a network is beyond the numbers of float32"
        )

    def draw(self, figure: Figure) -> None:
        """Draw the norms by layer at the start, and the costs over the updates, without and with clipping."""
        panels = figure.subplots(1, 3)
        scales = sorted({run.scale for run in self.runs})
        looks = [(STYLES[scales.index(run.scale)].color, self._rates(run)) for run in self.runs]
        for (color, place), run in zip(looks, self.runs, strict=True):
            if place == 0:
                layers = range(1, DEPTH + 1)
                panels[0].plot(layers, run.free.norms[0], label=f"He × {run.scale:g}", color=color, marker="o", ms=4)
            for axes, course in zip(panels[1:], (run.free, run.clipped), strict=True):
                updates, drawn = range(course.updates + course.finite), course.costs[: course.updates + course.finite]
                axes.plot(updates, drawn, label=run.name, color=color, **LOOKS[place])
                if not course.finite:
                    axes.plot(updates[-1], drawn[-1], "x", color=color, markersize=10, zorder=5)
        label(panels[0], "At the start", "layer", "gradient norm of the layer")
        label(panels[1], "Training (×: then not finite)", "updates", "cost")
        label(panels[2], f"Clipped to a norm of {CLIP:g}", "updates", "")
        panels[2].sharey(panels[1])
        panels[0].legend(fontsize=8, loc="center right", bbox_to_anchor=(1, 0.3))
        for axes in panels:
            axes.set_yscale("log")
        figure.legend(*panels[1].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)

    def _rates(self, run: Run) -> int:
        """Return the place of a run among those of the same start."""
        return [other.rate for other in self.runs if other.scale == run.scale].index(run.rate)


def exploding(seed: int = 0) -> Exploding:
    """Train a deep network from larger and larger weights and with larger and larger rates.

    Parameters
    ----------
    seed : of the points and of the weights.

    Raises `InputError` for a seed that is none.
    """
    x, t = ring(as_seed(seed))
    return Exploding(seed, tuple(_run(scale, rate, seed, x, t) for scale, rate in CASES))


def _run(scale: float, rate: float, seed: int, x: FloatArray, t: FloatArray) -> Run:
    courses = []
    for clip in (None, CLIP):
        net = deep(DEPTH, "relu", "half_squared_error", "identity", seed, "float32")
        start_from(net, Init("he"), scale)
        courses.append(_train(net, x, t, GradientDescent(rate, clip_norm=clip)))
    return Run(scale, rate, *courses)


def _train(net: Network, x: FloatArray, t: FloatArray, optimizer: GradientDescent) -> Course:
    seen = [History()]

    def watch(_: Network, history: History) -> None:
        seen[0] = history

    try:
        net.fit(
            x,
            t,
            optimizer=optimizer,
            epochs=UPDATES,
            batch_size=None,
            progress=False,
            callbacks=watch,
            engine="reference",
        ).whole()
        cost = net.loss(x, t)
    except TrainingError:
        cost = math.inf
    history = seen[0]
    norms = np.array(list(history.gradient_norm.values())).T
    return Course((*history.cost, cost), norms, float(np.abs(net.vector).max()))
