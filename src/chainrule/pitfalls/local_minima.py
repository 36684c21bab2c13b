"""Local minima: many random starts, where they end, and how many different minima that are."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chainrule.data import FloatArray
from chainrule.initializers import Init
from chainrule.layers import Dense
from chainrule.losses import L2
from chainrule.many import fit_many
from chainrule.network import Network
from chainrule.optimizers import Momentum
from chainrule.pitfalls.curvature import curvatures, gradient
from chainrule.pitfalls.drawing import GREY, STYLES, Style, label
from chainrule.pitfalls.finding import Cell, Finding, Table
from chainrule.ranges import MOST_SEED, as_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNITS, STARTS, RATE, PENALTY = 4, 48, 0.05, 1e-4
UPDATES, ROUNDS = 100_000, 5
# With curvatures down to 5e-5, a gradient of 1e-8 leaves parameters uncertain by at most 2e-4.
ARRIVED, SAME, LISTED = 1e-8, 1e-3, 8


@dataclass(frozen=True, eq=False)
class Minimum:
    """A minimum, with all its symmetric copies.

    Attributes
    ----------
    cost : of the network there.
    curvature : the smallest eigenvalue of the Hessian; above 0 it is a minimum, and no saddle.
    starts : the numbers of the random starts that end there.
    parameters : of one copy, a row for each hidden unit and its own bias at the end, as `standard_form` has them.
    outputs : of the network, for each of the inputs.
    """

    cost: float
    curvature: float
    starts: tuple[int, ...]
    parameters: FloatArray
    outputs: FloatArray


@dataclass(frozen=True, eq=False, repr=False)
class LocalMinimum(Finding):
    """What `local_minimum` found.

    Attributes
    ----------
    x, t : the samples.
    costs : for each start, the cost at its end.
    gradients : for each start, the norm of the gradient at its end.
    curvatures : for each start, the smallest eigenvalue of the Hessian at its end.
    outputs : for each start, what the network computes at its end, for each of the inputs: shape (starts, samples).
    minima : the different ones, by cost.
    copies : how many of the ends differ if symmetric copies count as different.
    """

    name: ClassVar[str] = "local-minimum"
    title: ClassVar[str] = "Local minima: where many random starts end"
    sources: ClassVar[str] = (
        "Hecht-Nielsen 1990, On the algebraic structure of feedforward network weight spaces (symmetric copies); Gori "
        "and Tesi 1992, On the problem of local minima in backpropagation"
    )

    x: FloatArray
    t: FloatArray
    costs: FloatArray
    gradients: FloatArray
    curvatures: FloatArray
    outputs: FloatArray
    minima: tuple[Minimum, ...]
    copies: int

    @property
    def on_the_way(self) -> int:
        """How many starts have not arrived anywhere."""
        return int((self.gradients >= ARRIVED).sum())

    @property
    def setting(self) -> str:
        """What was done."""
        begin = _first_seed(self.seed)
        return (
            f"A 1-{UNITS}-1 tanh network with an L2 penalty of {PENALTY:g} learns {len(self.t)} points of a curve by "
            f"half the squared error, from {STARTS} random starts (normal, standard deviation 2; seeds {begin} to "
            f"{begin + STARTS - 1}), with momentum 0.9 and learning rate {RATE:g} in float64: {UPDATES:,} updates, up "
            f"to {ROUNDS} times, until the norm of the gradient is under {ARRIVED:g}. Two such ends are the same "
            f"minimum if all parameters agree to {SAME:g} after the hidden units have been put in order, each with its "
            "signs turned so that the weight behind it is positive: tanh(-z) = -tanh(z), so that each minimum has "
            f"{UNITS}! · 2^{UNITS} = {factorial(UNITS) * 2**UNITS} symmetric copies."
        )

    @property
    def table(self) -> Table:
        """The minima, by cost."""
        rows: list[tuple[Cell, ...]] = [
            (k, one.cost, len(one.starts), one.curvature) for k, one in enumerate(self.minima[:LISTED], start=1)
        ]
        if further := self.minima[LISTED:]:
            rows.append(("further", "", sum(len(one.starts) for one in further), ""))
        if self.on_the_way:
            rows.append(("still on the way", "", self.on_the_way, ""))
        return Table(("minimum", "cost", "starts that end there", "smallest curvature"), tuple(rows))

    @property
    def data(self) -> Table:
        """The samples, and where each start ends: what its network computes there too."""
        place = {start: k for k, one in enumerate(self.minima, start=1) for start in one.starts}
        ends = np.column_stack([self.costs, self.gradients, self.curvatures, self.outputs]).tolist()
        rows: list[tuple[Cell, ...]] = [("samples", "", "", "", "", *self.t.tolist())]
        rows += [(f"seed {_first_seed(self.seed) + k}", place.get(k, "on the way"), *end) for k, end in enumerate(ends)]
        outputs = (f"at x = {x:.4g}" for x in self.x)
        return Table(("start", "minimum", "cost", "gradient norm", "smallest curvature", *outputs), tuple(rows))

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        best, worst, arrived = self.minima[0], self.minima[-1], STARTS - self.on_the_way
        count = f"{len(self.minima)} different {'minima' if len(self.minima) > 1 else 'minimum'}"
        return (
            f"{arrived} of {STARTS} starts arrive, at {count} with costs "
            f"from {best.cost:.3g} to {worst.cost:.3g}; {len(best.starts)} of them find the lowest, so that several "
            "starts are worth their time.",
            f"By their bare parameters {self.copies} ends would be different, most of them symmetric copies of each "
            "other that compute the same.",
        )

    def draw(self, figure: Figure) -> None:
        """Draw the cost of each start, and what the networks of the commonest minima compute."""
        left, right = figure.subplots(1, 2)
        common = sorted(self.minima, key=lambda one: -len(one.starts))[: len(STYLES)]
        right.plot(self.x, self.t, ".", color=GREY, markersize=5, label="samples")
        place = 0
        for k, one in enumerate(self.minima, start=1):
            across = range(place, place := place + len(one.starts))
            style = STYLES[common.index(one)] if one in common else Style(GREY, "", "*")
            left.plot(across, [one.cost] * len(one.starts), **style.line(linestyle=""))
            if one in common:
                count = f"{len(one.starts)} start{'s' * (len(one.starts) != 1)}"
                right.plot(self.x, one.outputs, label=f"minimum {k}: {count}", **style.line(marker=""))
        waiting = np.sort(self.costs[self.gradients >= ARRIVED])
        left.plot(range(place, STARTS), waiting, "x", color=GREY)
        rarer = "; stars: rarer minima" * (len(common) < len(self.minima))
        way = "; ×: still on the way" * bool(self.on_the_way)
        label(left, f"Cost at the end of each start{rarer}{way}", "starts, by minimum", "cost with penalty")
        label(right, "What the networks compute there", "x", "y")
        left.set_ylim(bottom=0)
        right.legend(fontsize=8)


def local_minimum(seed: int = 0) -> LocalMinimum:
    """Train from many random starts, and count the different minima in which they end.

    Parameters
    ----------
    seed : of the starts.

    Raises `InputError` for a seed that is none.
    """
    begin = _first_seed(as_seed(seed))
    x = np.linspace(-2, 2, 40)
    t = np.maximum(0, 1 - np.abs(x)) + np.sin(5 * x) / 2
    layers = [Dense(UNITS, "tanh", init=Init("normal", 2.0)), Dense(1, init=Init("normal", 2.0))]
    first = Network(1, layers, penalties=[L2(PENALTY)], dtype="float64", seed=begin)
    nets = [first, *(first.twin(begin + k) for k in range(1, STARTS))]
    rows = x[:, None]
    norms = np.full(STARTS, np.inf)
    for _ in range(ROUNDS):
        waiting = [net for net, norm in zip(nets, norms, strict=True) if norm >= ARRIVED]
        if waiting:
            histories = fit_many(waiting, rows, t, optimizer=Momentum(RATE), epochs=UPDATES, batch_size=None)
            for history in histories:
                history.whole()
        norms = np.array([np.linalg.norm(gradient(net, rows, t)) for net in nets])
    costs = np.array([net.loss(rows, t) for net in nets])
    smallest = np.array([curvatures(net, rows, t)[0] for net in nets])
    outputs = np.array([net.predict(rows)[:, 0] for net in nets])
    forms = [standard_form(net) for net in nets]
    ends = [int(k) for k in np.argsort(costs, kind="stable") if norms[k] < ARRIVED]
    minima = tuple(
        Minimum(float(costs[k]), float(smallest[k]), tuple(group), forms[k], outputs[k])
        for k, group in ((group[0], group) for group in groups(forms, ends))
    )
    copies = len(groups([net.vector for net in nets], ends))
    return LocalMinimum(seed, x, t, costs, norms, smallest, outputs, minima, copies)


def _first_seed(seed: int) -> int:
    """Return the seed of the first start: other seeds have other starts."""
    return seed * STARTS % (MOST_SEED - STARTS)


def standard_form(net: Network) -> FloatArray:
    """Return the parameters so that all symmetric copies of a network have the same.

    A row for each hidden unit, with its weight, its bias and the weight behind it, which is positive; the rows in
    ascending order; the last row is the bias of the output.
    """
    values = net.parameters
    units = np.column_stack([values["w1"][0], values["b1"], values["w2"][:, 0]])
    units = units * np.where(units[:, 2:] < 0, -1, 1)
    ordered = units[np.lexsort(units.T[::-1])]
    return np.vstack([ordered, np.full((1, 3), values["b2"][0])])


def groups(points: list[FloatArray], chosen: list[int]) -> list[list[int]]:
    """Return the chosen points in groups, each as near as `SAME` to the first of its group.

    >>> groups([np.array([0.0]), np.array([1.0]), np.array([1e-5])], [0, 1, 2])
    [[0, 2], [1]]
    """
    found: list[list[int]] = []
    for k in chosen:
        near = (group for group in found if np.abs(points[group[0]] - points[k]).max() < SAME)
        if group := next(near, None):
            group.append(k)
        else:
            found.append([k])
    return found
