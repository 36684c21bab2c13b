"""Exploding gradients: weights that start too large, rates that are too large, and where that ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from chainrule.data import FloatArray
from chainrule.errors import TrainingError
from chainrule.history import History
from chainrule.initializers import Init
from chainrule.network import Network
from chainrule.optimizers import GradientDescent
from chainrule.pitfalls.deep import WIDTH, deep, layer_norms, start_from
from chainrule.pitfalls.drawing import STYLES, label
from chainrule.pitfalls.finding import Cell, Finding, Table
from chainrule.pitfalls.tasks import RING, ring
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEPTH, UPDATES, CLIP = 10, 100, 1.0
# The weights of He's start are multiplied by the first number; the second is the learning rate.
CASES = ((1.0, 0.01), (1.0, 0.1), (1.0, 1.0), (1.5, 0.01), (2.0, 0.01), (2.0, 1e-7))


@dataclass(frozen=True, eq=False)
class Run:
    """One training: the norms of its gradients, and where it ends.

    Attributes
    ----------
    scale, rate : what He's start was multiplied by, and the learning rate.
    layers : the norm of each layer's gradient at the start.
    norms : the norm of the whole gradient at each update, as far as training got.
    cost : at the end; infinite if it was no longer finite after an update.
    clipped_cost : at the end of the same training with gradients clipped, likewise.
    """

    scale: float
    rate: float
    layers: FloatArray
    norms: tuple[float, ...]
    cost: float
    clipped_cost: float

    @property
    def name(self) -> str:
        """What it starts from, in short."""
        return f"weights × {self.scale:g}, rate {self.rate:g}"

    @property
    def end(self) -> str:
        """Where it ends, in words."""
        many = f"{len(self.norms)} update{'s' * (len(self.norms) != 1)}"
        return f"cost {self.cost:.3g}" if math.isfinite(self.cost) else f"not finite after {many}"


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
        """Each run: norms at the start, and ends."""
        columns = ("weights", "rate", "norm, first layer", "last layer", "where it ends", "where it ends, clipped")
        return Table(columns, tuple(self._row(run) for run in self.runs))

    @staticmethod
    def _row(run: Run) -> tuple[Cell, ...]:
        clipped = f"cost {run.clipped_cost:.3g}" if math.isfinite(run.clipped_cost) else "not finite"
        return f"He × {run.scale:g}", run.rate, float(run.layers[0]), float(run.layers[-1]), run.end, clipped

    @property
    def data(self) -> Table:
        """The norm at each update, and of each layer at the start."""
        rows: list[tuple[Cell, ...]] = []
        for run in self.runs:
            rows += [(run.scale, run.rate, k, "all", value) for k, value in enumerate(run.norms)]
            rows += [(run.scale, run.rate, 0, k, float(value)) for k, value in enumerate(run.layers, start=1)]
        return Table(("weights times", "rate", "updates", "layer", "gradient norm"), tuple(rows))

    def run(self, scale: float, rate: float) -> Run:
        """Return the run of a start and a rate."""
        return next(run for run in self.runs if (run.scale, run.rate) == (scale, rate))

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        good, large, double = self.run(1.0, 0.1), self.run(1.0, 1.0), self.run(2.0, 0.01)
        growth = float(double.layers[0] / good.layers[0])
        finite = sum(math.isfinite(run.clipped_cost) for run in self.runs)
        return (
            f"Double weights in each of {DEPTH} layers are 2^{DEPTH} times the output, so the first layer's gradient "
            f"grows {growth:,.2g} times, and one update throws the weights out of range (rate 0.01: {double.end}).",
            f"A rate that is too large spoils a good start too (rate 1: {large.end}; rate 0.1: {good.end}); clipping "
            f"keeps {finite} of {len(self.runs)} runs finite, but only start and rate that fit bring the cost down.",
        )

    def draw(self, figure: Figure) -> None:
        """Draw the norms by layer at the start, and of the whole gradient over the updates."""
        left, right = figure.subplots(1, 2)
        scales = {run.scale: run for run in self.runs}
        for style, (scale, run) in zip(STYLES, scales.items(), strict=False):
            left.plot(range(1, DEPTH + 1), run.layers, label=f"He × {scale:g}", **style.line())
        for style, run in zip(STYLES, self.runs, strict=True):
            steps = range(1, len(run.norms) + 1)
            right.plot(steps, run.norms, label=f"{run.name}: {run.end}", **style.line(markevery=0.2, markersize=5))
            if math.isinf(run.cost):
                right.plot(steps[-1], run.norms[-1], "x", color=style.color, markersize=12, zorder=5)
        label(left, "At the start", "layer", "gradient norm of the layer")
        label(right, "While training (×: the next cost is not finite)", "update", "norm of the gradient")
        right.set_xscale("log")
        left.legend(fontsize=8, loc="center right", bbox_to_anchor=(1, 0.4))
        for axes in (left, right):
            axes.set_yscale("log")
        figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)


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
    net = deep(DEPTH, "relu", "half_squared_error", "identity", seed, "float32")
    start_from(net, Init("he"), scale)
    layers, vector = layer_norms(net, x, t), net.vector.copy()
    norms, cost = _train(net, x, t, GradientDescent(rate))
    net.vector[...] = vector
    _, clipped = _train(net, x, t, GradientDescent(rate, clip_norm=CLIP))
    return Run(scale, rate, layers, norms, cost, clipped)


def _train(net: Network, x: FloatArray, t: FloatArray, optimizer: GradientDescent) -> tuple[tuple[float, ...], float]:
    """Return the norm of the gradient at each update with a finite cost, and the last cost."""
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
        )
        cost = net.loss(x, t)
    except TrainingError:
        cost = math.inf
    layers = seen[0].gradient_norm.values()
    return tuple(math.hypot(*row) for row in zip(*layers, strict=True)), cost
