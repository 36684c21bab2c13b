"""Saturation: units at the flat ends of their activation, and relu units that are off for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.data import FloatArray
from chainrule.initializers import Init
from chainrule.layers import Dense
from chainrule.network import Network
from chainrule.optimizers import GradientDescent
from chainrule.pitfalls.drawing import GREY, STYLES, label
from chainrule.pitfalls.finding import Cell, Finding, Table
from chainrule.pitfalls.tasks import RING, entropy, looks, ring, spread
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNITS, UPDATES, FLAT = 16, 3_000, 0.05
RATES = (0.001, 0.01, 0.1, 1.0)
TOO_LARGE, AFTERWARDS = 10.0, 0.1
# The slope of an activation as a part of its largest slope, from its value a.
SLOPES = {"sigmoid": lambda a: 4 * a * (1 - a), "tanh": lambda a: 1 - a**2, "relu": lambda a: (a > 0).astype(float)}
STARTS = {"sigmoid": Init("glorot"), "tanh": Init("glorot"), "relu": Init("he")}
CHANGES = ("", "weights × 16", "weights × 100", "inputs × 100")


@dataclass(frozen=True)
class Case:
    """A network that may saturate: its activation, and what its hidden weights or its inputs are multiplied by."""

    activation: str
    weights: float = 1
    inputs: float = 1

    @property
    def change(self) -> str:
        """What is multiplied, in words."""
        factors = {"weights": self.weights, "inputs": self.inputs}
        return ", ".join(f"{name} × {factor:g}" for name, factor in factors.items() if factor != 1)

    @property
    def name(self) -> str:
        """The activation and the change."""
        return ", ".join(filter(None, (self.activation, self.change)))


CASES = (
    Case("tanh"),
    Case("tanh", weights=16),
    Case("tanh", weights=100),
    Case("tanh", inputs=100),
    Case("sigmoid"),
    Case("sigmoid", inputs=100),
    Case("relu"),
    Case("relu", inputs=100),
)


@dataclass(frozen=True, eq=False)
class Run:
    """A training of one case with one rate.

    Attributes
    ----------
    case, rate : which one.
    flat : which part of (hidden unit, sample) is saturated at each look, in each of two layers: shape (looks, 2).
    stuck : how many hidden units are saturated on all samples, at each look.
    costs : at each look.
    """

    case: Case
    rate: float
    flat: FloatArray
    stuck: tuple[int, ...]
    costs: FloatArray

    @property
    def cost(self) -> float:
        """The cost at the end."""
        return float(self.costs[-1])


@dataclass(frozen=True, eq=False, repr=False)
class Saturation(Finding):
    """What `saturation` found.

    Attributes
    ----------
    updates : numbers of updates at which the networks were looked at.
    sweeps : the runs of each case, by its name, one for each of `RATES`.
    dead : a run of relu with a rate that is too large.
    afterwards : how it goes on with another rate.
    ignorance : the cost of the best constant output.
    """

    name: ClassVar[str] = "saturation"
    title: ClassVar[str] = "Saturation: units at the flat ends of their activation"
    sources: ClassVar[str] = (
        "LeCun, Bottou, Orr and Müller 1998, Efficient BackProp; Glorot and Bengio 2010, Understanding the difficulty "
        "of training deep feedforward neural networks; Maas, Hannun and Ng 2013, Rectifier nonlinearities improve "
        "neural network acoustic models (units that are off for good)"
    )
    size: ClassVar[tuple[float, float]] = (9.0, 6.0)
    repeats_to: ClassVar[float] = 0.5  # costs that jump, to one digit

    updates: tuple[int, ...]
    sweeps: dict[str, tuple[Run, ...]]
    dead: Run
    afterwards: Run
    ignorance: float

    def best(self, name: str) -> Run:
        """Return the run of a case that ends with the lowest cost."""
        return min(self.sweeps[name], key=lambda run: run.cost)

    @property
    def setting(self) -> str:
        """What was done."""
        rates = ", ".join(f"{rate:g}" for rate in RATES[:-1])
        return (
            f"2-{UNITS}-{UNITS}-1 networks with one sigmoid output and binary cross-entropy on {RING}. The hidden "
            "layers start by Glorot, those of relu by He, biases at 0; their weights or the inputs are multiplied. "
            f"{UPDATES:,} updates of gradient descent in float64, with each of the rates {rates} and {RATES[-1]:g}; "
            f"seed {self.seed}. A hidden unit is saturated on a sample if its slope there is under {FLAT:.0%} of the "
            "largest slope; the share at the end is that with the best rate. Costs have one digit: with × 100 they "
            "jump, and further ones depend on the machine."
        )

    @property
    def table(self) -> Table:
        """Shares of saturated units before and after, and the cost at the end with each rate."""
        shares = ("saturated: layer 1, start", "layer 2, start", "layer 1, end")
        costs = (f"cost, rate {RATES[0]:g}", *(f"rate {rate:g}" for rate in RATES[1:]))
        return Table(("network", *shares, *costs), tuple(self._row(name) for name in self.sweeps))

    def _row(self, name: str) -> tuple[Cell, ...]:
        best = self.best(name)
        shares = (f"{share:.0%}" for share in (*best.flat[0], best.flat[-1][0]))
        return name, *shares, *(f"{run.cost:.1g}" for run in self.sweeps[name])

    @property
    def data(self) -> Table:
        """Every run at each look."""
        columns = ("network", "rate", "updates", "part saturated, layer 1", "layer 2", "units on all samples", "cost")
        runs = [(run, 0) for sweep in (*self.sweeps.values(), (self.dead,)) for run in sweep]
        rows: list[tuple[Cell, ...]] = [
            (run.case.name, run.rate, done + step, *map(float, run.flat[k]), run.stuck[k], float(run.costs[k]))
            for run, done in (*runs, (self.afterwards, UPDATES))
            for k, step in enumerate(self.updates)
        ]
        return Table(columns, tuple(rows))

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        good, inputs = self.best("tanh"), self.best("tanh, inputs × 100")
        much, more = self.best("tanh, weights × 16"), self.best("tanh, weights × 100")
        relu, large = self.best("relu"), self.best("relu, inputs × 100")
        return (
            f"Inputs × 100 saturate {inputs.flat[0][0]:.0%} of layer 1 of tanh before training begins, and "
            f"{inputs.flat[-1][0]:.0%} of it are saturated at the end: the best rate leaves a cost of "
            f"{inputs.cost:.1g}, and with inputs of size 1 of {good.cost:.1g}; it takes nearly all of a layer, since "
            f"weights × 16 saturate {much.flat[0][0]:.0%} of it and leave {much.cost:.1g}, weights × 100 "
            f"{more.flat[0][0]:.0%} and {more.cost:.1g}.",
            "A relu unit is saturated where it is off, which inputs × 100 do not change at the start, and yet the best "
            f"rate then leaves {large.cost:.1g} and not {relu.cost:.1g}, so that large inputs harm by more than "
            f"saturation; rate {self.dead.rate:g} switches {self.dead.stuck[-1]} of {2 * UNITS} units off on all "
            f"samples, and {UPDATES:,} more updates with rate {self.afterwards.rate:g} leave "
            f"{self.afterwards.stuck[-1]} off and a cost of {self.afterwards.cost:.3f}, where a constant output has "
            f"{self.ignorance:.3f}.",
        )

    def draw(self, figure: Figure) -> None:
        """Draw for each activation the saturated part over the updates, and the cost at the end by rate."""
        panels = figure.subplots(2, len(SLOPES), sharey="row")
        handles: list[Any] = []
        for (above, below), activation in zip(panels.T, ("tanh", "sigmoid", "relu"), strict=True):
            for name, sweep in self.sweeps.items():
                case = sweep[0].case
                if case.activation == activation:
                    style = STYLES[CHANGES.index(case.change)]
                    self._draw_shares(above, self.best(name), style.color, style.marker)
                    costs = [run.cost for run in sweep]
                    drawn = below.plot(RATES, costs, label=case.change or "× 1", **style.line(linestyle="-"))
                    handles += drawn if activation == "tanh" else []
            ignorance = below.axhline(self.ignorance, color=GREY, linewidth=0.8, label="cost of a constant output")
            label(above, f"{activation}: saturated, with the best rate", "updates", "")
            label(below, f"{activation}: cost at the end", "learning rate", "")
            above.set_xscale("symlog", linthresh=1)
            below.set_xscale("log")
            below.set_yscale("log")
        layers = self._draw_shares(panels[0, 2], self.dead, GREY, "x", f"rate {self.dead.rate:g}, layer ")
        panels[0, 0].set_ylabel("percent of (unit, sample)")
        panels[0, 0].set_ylim(-3, 103)
        panels[1, 0].set_ylabel("binary cross-entropy")
        panels[0, 0].text(0.02, 0.5, "filled: layer 1\nhollow: layer 2", fontsize=8, transform=panels[0, 0].transAxes)
        figure.legend(handles=[*handles, ignorance, *layers], loc="outside lower center", ncols=4, fontsize=8)

    def _draw_shares(self, axes: Axes, run: Run, color: str, marker: str, name: str = "_") -> list[Any]:
        look: dict[str, Any] = {"color": color, "marker": marker, "markersize": 4, "markevery": 4, "linewidth": 1.2}
        first = axes.plot(self.updates, 100 * run.flat[:, 0], linestyle="-", label=f"{name}1", **look)
        hollow = {**look, "linestyle": ":", "markerfacecolor": "white"}
        return first + axes.plot(self.updates, 100 * run.flat[:, 1], label=f"{name}2", **hollow)


def saturation(seed: int = 0) -> Saturation:
    """Count saturated units while networks of good and of bad starts are trained.

    Parameters
    ----------
    seed : of the points and of the weights.

    Raises `InputError` for a seed that is none.
    """
    x, t = ring(as_seed(seed))
    updates = spread(UPDATES, 16)
    sweeps = {case.name: tuple(_run(_start(case, seed), case, rate, x, t, updates) for rate in RATES) for case in CASES}
    relu = Case("relu")
    net = _start(relu, seed)
    dead, afterwards = (_run(net, relu, rate, x, t, updates) for rate in (TOO_LARGE, AFTERWARDS))
    return Saturation(seed, tuple(updates), sweeps, dead, afterwards, entropy(t))


def _start(case: Case, seed: int) -> Network:
    dense = Dense(UNITS, case.activation, init=STARTS[case.activation])
    net = Network(2, [dense, dense, Dense(1, "sigmoid")], "binary_cross_entropy", dtype="float64", seed=seed)
    net.set_parameters({name: case.weights * net.parameters[name] for name in ("w1", "w2")})
    return net


def _run(net: Network, case: Case, rate: float, x: FloatArray, t: FloatArray, updates: list[int]) -> Run:
    inputs = case.inputs * x
    seen = looks(net, inputs, t, updates, GradientDescent(rate), engine="compiled")
    course = [_look(net, case, inputs, t) for _ in seen]
    flat, stuck, costs = zip(*course, strict=True)
    return Run(case, rate, np.array(flat), stuck, np.array(costs))


def _look(net: Network, case: Case, x: FloatArray, t: FloatArray) -> tuple[list[float], int, float]:
    """Return the saturated part of each layer, the units that are saturated on all samples, and the cost."""
    values = net.values(x, t)
    flat = [SLOPES[case.activation](values[name].astype(np.float64)) < FLAT for name in ("a1", "a2")]
    stuck = sum(int(layer.all(axis=0).sum()) for layer in flat)
    return [float(layer.mean()) for layer in flat], stuck, float(values["E"])
