"""Vanishing gradients: the first layers of a deep network hear nearly nothing of the cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from chainrule.data import FloatArray
from chainrule.initializers import Init
from chainrule.optimizers import GradientDescent
from chainrule.pitfalls.deep import WIDTH, deep, layer_norms, start_from
from chainrule.pitfalls.drawing import STYLES, label
from chainrule.pitfalls.finding import Finding, Table
from chainrule.pitfalls.tasks import RING, entropy, ring, train
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEPTHS, WATCHED = tuple(range(2, 21, 2)), 10
UPDATES, RATE = 300, 0.03
ACTIVATIONS = ("sigmoid", "tanh", "relu")
STARTS = {"normal": Init("normal"), "glorot": Init("glorot"), "he": Init("he")}
Case = tuple[str, str, int]


@dataclass(frozen=True, eq=False, repr=False)
class Vanishing(Finding):
    """What `vanishing` found.

    Attributes
    ----------
    before : the norm of each layer's gradient at the start, by (activation, start, depth).
    start_costs : the cost at the start, likewise.
    after : the norm of each layer's gradient after training, at one depth, by (activation, start).
    costs : the cost after training, by (activation, start).
    ignorance : the cost of the best constant output.
    """

    name: ClassVar[str] = "vanishing"
    title: ClassVar[str] = "Vanishing gradients: the first layers of a deep network hear nearly nothing of the cost"
    sources: ClassVar[str] = (
        "Hochreiter 1991, Untersuchungen zu dynamischen neuronalen Netzen; Bengio, Simard and Frasconi 1994, Learning "
        "long-term dependencies with gradient descent is difficult; Glorot and Bengio 2010, Understanding the "
        "difficulty of training deep feedforward neural networks; He et al. 2015, Delving deep into rectifiers"
    )
    size: ClassVar[tuple[float, float]] = (9.0, 6.0)

    before: dict[Case, FloatArray]
    start_costs: dict[Case, float]
    after: dict[tuple[str, str], FloatArray]
    costs: dict[tuple[str, str], float]
    ignorance: float

    def ratio(self, activation: str, start: str, depth: int = WATCHED) -> float:
        """Return the norm of the first layer's gradient over that of the last one's, at the start."""
        return float(self.before[activation, start, depth][0] / self.before[activation, start, depth][-1])

    @property
    def setting(self) -> str:
        """What was done."""
        return (
            f"Networks of 2 to {DEPTHS[-1]} layers, hidden ones of {WIDTH} units, with one sigmoid output and binary "
            f"cross-entropy, on {RING}. Weights start normal (standard deviation 0.1), by Glorot or by He, biases at "
            f"0. The table is of {WATCHED} layers, at the start and after {UPDATES} updates of gradient descent with "
            f"learning rate {RATE:g}, in float64; seed {self.seed}."
        )

    @property
    def table(self) -> Table:
        """First and last layer at one depth."""
        columns = ("activation", "start", "norm, layer 1", f"layer {WATCHED}", "first / last")
        rows = []
        for (activation, start), after in self.after.items():
            norms = self.before[activation, start, WATCHED]
            first, last, first_after = float(norms[0]), float(norms[-1]), float(after[0])
            ratio, cost = self.ratio(activation, start), self.costs[activation, start]
            rows.append((activation, start, first, last, ratio, first_after, cost))
        return Table((*columns, "trained: layer 1", "trained: cost"), tuple(rows))

    @property
    def data(self) -> Table:
        """The cost of each network, and the norm of each layer."""
        columns = ("activation", "start", "depth", "updates", "cost", "layer", "gradient norm")
        looks = [(*case, 0, self.start_costs[case], norms) for case, norms in self.before.items()]
        looks += [(*case, WATCHED, UPDATES, self.costs[case], norms) for case, norms in self.after.items()]
        rows = [(*look[:-1], k, float(value)) for look in looks for k, value in enumerate(look[-1], start=1)]
        return Table(columns, tuple(rows))

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        sigmoid = self.ratio("sigmoid", "glorot")
        return (
            f"Each sigmoid layer multiplies the gradient on its way back by its slope, at most 1/4, so that with "
            f"{WATCHED} layers started by Glorot the first one gets {sigmoid:.1e} of what the last one gets, and "
            f"training ends at {self.costs['sigmoid', 'glorot']:.3f}, the cost of a constant output "
            f"({self.ignorance:.3f}).",
            "A start that suits the activation keeps the first layer within reach (relu with He: "
            f"{self.ratio('relu', 'he'):.2g}), one that is too small loses it with every activation (relu with "
            f"standard deviation 0.1: {self.ratio('relu', 'normal'):.1e}).",
        )

    def draw(self, figure: Figure) -> None:
        """Draw the norms by layer at one depth, before and after, and the ratio by depth."""
        panels = figure.subplots(2, len(ACTIVATIONS), sharey="row")
        for (above, below), activation in zip(panels.T, ACTIVATIONS, strict=True):
            for style, start in zip(STYLES, STARTS, strict=False):
                layers = range(1, WATCHED + 1)
                before, after = self.before[activation, start, WATCHED], self.after[activation, start]
                above.plot(layers, before, label=f"{start}, at the start", **style.line(linestyle="-"))
                hollow = style.line(linestyle=":", markerfacecolor="white")
                above.plot(layers, after, label=f"{start}, {UPDATES} updates later", **hollow)
                below.plot(
                    DEPTHS, [self.ratio(activation, start, depth) for depth in DEPTHS], label=start, **style.line()
                )
            label(above, f"{activation}, {WATCHED} layers", "layer", "")
            label(below, f"{activation}, at the start", "number of layers", "")
            above.set_xticks(range(2, WATCHED + 1, 2))
            below.set_xticks(range(2, DEPTHS[-1] + 1, 6))
            above.set_yscale("log")
            below.set_yscale("log")
        panels[0, 0].set_ylabel("gradient norm of the layer")
        panels[1, 0].set_ylabel("first layer / last layer")
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)


def vanishing(seed: int = 0) -> Vanishing:
    """Measure the gradient of each layer in networks of 2 to 20 layers, and train those of 10.

    Parameters
    ----------
    seed : of the points and of the weights.

    Raises `InputError` for a seed that is none.
    """
    x, t = ring(as_seed(seed))
    before: dict[Case, FloatArray] = {}
    start_costs: dict[Case, float] = {}
    after, costs = {}, {}
    for activation in ACTIVATIONS:
        for depth in DEPTHS:
            net = deep(depth, activation, "binary_cross_entropy", "sigmoid", seed, "float64")
            for start, init in STARTS.items():
                start_from(net, init)
                case = activation, start, depth
                before[case], start_costs[case] = layer_norms(net, x, t), net.loss(x, t)
                if depth == WATCHED:
                    train(net, x, t, GradientDescent(RATE), UPDATES)
                    after[activation, start], costs[activation, start] = layer_norms(net, x, t), net.loss(x, t)
    return Vanishing(seed, before, start_costs, after, costs, entropy(t))
