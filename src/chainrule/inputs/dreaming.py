"""Dreams: what a network would most like to see, by descent of the input from noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.builder import OUTPUT
from chainrule.data import FloatArray, as_numbers, as_targets
from chainrule.errors import InputError, shown, unknown
from chainrule.inputs import asking
from chainrule.inputs.asking import Bounds, IntArray
from chainrule.inputs.penalties import as_penalties
from chainrule.inputs.programs import cost_program, descent
from chainrule.inputs.walk import Course, Walk
from chainrule.optimizers import Adam, Optimizer
from chainrule.ranges import as_seed, whole
from chainrule.schedules import Schedule
from chainrule.threads import one_thread

if TYPE_CHECKING:
    from chainrule.network import Network

_ADAM = Adam(0.05)
_MOST_STEPS = 1_000_000
_MOST_SIDES = 32  # NumPy's arrays have at most so many axes, in its older versions
_NOISE = 0.1  # how much of the bounds' width the start varies by


@dataclass(frozen=True, eq=False)
class Dream:
    """Inputs that a network takes for what was asked.

    `x` and `start` have shape (rows, inputs), `y` (the outputs at the end) shape (rows, outputs); `target` holds a
    class for each row, or numbers of shape (rows, outputs). `shape` says how the inputs lie in a picture, `equations`
    what was run; `path` how each went, step by step: its `cost_with_penalties`, the `probability_of_target` where that
    is a class, and the `distance` (Euclidean) from the start.
    """

    x: FloatArray
    start: FloatArray
    target: IntArray | FloatArray
    y: FloatArray
    path: Course
    shape: tuple[int, ...]
    equations: str

    @property
    def probability(self) -> FloatArray | None:
        """The probability of each target at each step, shape (steps + 1, rows); None where targets are no classes."""
        return self.path.steps.get("probability_of_target")

    def __str__(self) -> str:
        cost, chance = self.path["cost_with_penalties"], self.probability
        steps = f"in {len(cost) - 1} steps"
        if len(self.x) > 1:
            lowest = "" if chance is None else f"; the probability of its class is at least {chance[-1].min():.3g}"
            return f"{len(self.x)} inputs {steps}: mean cost from {cost[0].mean():.3g} to {cost[-1].mean():.3g}{lowest}"
        went = f"the cost from {cost[0, 0]:.3g} to {cost[-1, 0]:.3g}"
        if chance is not None:
            went += f", the probability of class {self.target[0]} from {chance[0, 0]:.3g} to {chance[-1, 0]:.3g}"
        return f"{steps}, {went}".removeprefix("in ")

    def save(self, path: str | Path) -> None:
        """Write the inputs as a picture (PNG, SVG, PDF) of one tile each; raises `InputError` if they are none."""
        from chainrule.inputs.pictures import dream_picture
        from chainrule.plots import save_figure

        asking.check_path(path)
        save_figure(dream_picture(self), path)


def dream(
    net: Network,
    target: Any,
    *,
    start: Any = "noise",
    steps: int = 200,
    rate: float | Schedule | None = None,
    penalties: Sequence[str] | Mapping[str, float] | None = None,
    like: Any = None,
    bounds: Bounds = (0, 1),
    shape: Sequence[int] | None = None,
    optimizer: Optimizer | str = _ADAM,
    seed: int = 0,
) -> Dream:
    """Find inputs that a network takes for `target`, by descent of its cost along dE/dx.

    Activation maximisation (Erhan, Bengio, Courville and Vincent 2009), with the logarithm of the output as what is
    maximised where the loss is cross-entropy. The equations are the network's own; only the optimiser's update is of
    x and not of a weight.

    Parameters
    ----------
    net : the network, which is left as it is.
    target : a class, or several for as many inputs at once; for a loss of numbers the outputs wanted, shape (outputs,)
        or (rows, outputs). For classes also probabilities of shape (rows, outputs).
    start : "noise" around the middle of the bounds (around 0 where there are none), drawn from `seed`; or an array of
        shape (inputs,) or (rows, inputs).
    steps, rate, optimizer : default 200 updates of `Adam(0.05)`, at most 1,000,000. A rate, a number or a schedule,
        takes the place of the optimiser's own.
    penalties : names, or names with strengths, of what is added to each row's cost: "smoothness" (0.002), the squared
        differences of neighbours; "size" (0.005), the squares of the inputs; "unlikeness" (0.05), the squared distance
        of Mahalanobis from the samples `like`, divided by the number of inputs (about 1 for such a sample). Default the
        last one where there are such samples, else the others.
    like : samples, shape (rows, inputs), such as those of the training, whose mean and covariance say what is usual.
    bounds : lowest and highest value, numbers or arrays of shape (inputs,); None for none. x is kept within them.
    shape : how the inputs lie, as in (8, 8), which decides what is a neighbour. Default a square if their number is
        one, else a line.

    Raises `InputError` for what does not fit, `TrainingError` if a cost is not finite.

    >>> import chainrule as cr
    >>> net = cr.Network(4, [cr.Dense(3, "softmax")], loss="cross_entropy", seed=1)
    >>> dreamt = dream(net, [0, 1, 2], bounds=None)
    >>> dreamt.x.shape, net.predict(dreamt.x).argmax(axis=1)
    ((3, 4), array([0, 1, 2]))
    """
    steps, update = whole("steps", steps, most=_MOST_STEPS), asking.with_rate(optimizer, rate)
    wanted, classes = _target(net, target)
    sides = as_shape(shape, net.inputs)
    terms = as_penalties(penalties, sides, like)
    begin, wanted, classes = _start(net, start, wanted, classes, bounds, as_seed(seed))
    low, high = asking.as_bounds(bounds, len(begin), net.inputs)
    asking.check_inside(begin, low, high, "start")
    walk = Walk(net, descent(cost_program(net, terms), update), update)
    given = {"t": wanted, "origin": begin, "low": low, "high": high}
    for term in terms:
        given |= term.given
    x, course = begin.copy(), _Recorder(classes)
    with one_thread():
        for arrays in walk.steps(x, given, steps):
            course.add(arrays)
    y = np.array(arrays[OUTPUT])
    return Dream(x, begin, wanted if classes is None else classes, y, course.done(), sides, str(walk.program))


def as_shape(shape: Sequence[int] | None, inputs: int) -> tuple[int, ...]:
    """Return how inputs lie; by default a square if their number is one, else a line."""
    side = math.isqrt(inputs)
    if shape is None:
        return (side, side) if side > 1 and side * side == inputs else (inputs,)
    if not isinstance(shape, Sequence) or isinstance(shape, str) or not 0 < len(shape) <= _MOST_SIDES:
        raise InputError(f"shape must be such as (8, 8), not {shown(shape)}")
    sides = tuple(whole("a side of shape", size) for size in shape)
    if math.prod(sides) != inputs:
        raise InputError(f"shape must be of the {inputs} inputs of the network, but {sides} is of {math.prod(sides)}")
    return sides


class _Recorder:
    def __init__(self, classes: IntArray | None):
        self._classes = classes
        self._lines: list[dict[str, FloatArray]] = []

    def add(self, arrays: dict[str, Any]) -> None:
        line = {"cost_with_penalties": arrays["cost"]}
        if self._classes is not None:
            chances = asking.probabilities(arrays[OUTPUT])
            line["probability_of_target"] = chances[np.arange(len(chances)), self._classes]
        self._lines.append({**line, "distance": arrays["distance"]})

    def done(self) -> Course:
        steps = {name: np.stack([line[name] for line in self._lines]) for name in self._lines[0]}
        return Course({} if self._classes is None else {"target": self._classes}, steps)


def _target(net: Network, target: Any) -> tuple[FloatArray, IntArray | None]:
    """Return targets, shape (rows, outputs), and the classes that they are, if they are."""
    if asking.as_array("target", target).dtype.kind == "b":
        raise InputError(f"target must be a class, or the outputs wanted, not {shown(target)}")
    if asking.has_classes(net) and asking.is_class(target) and not (net.outputs > 1 and not asking.excludes(net)):
        classes = asking.as_classes(net, "target", target)
        return asking.targets_for(net, classes), classes
    wanted = as_numbers("target", target, np.float64)
    if not wanted.size:
        raise InputError("target is empty: give a class, or the outputs wanted")
    if wanted.shape in ((), (net.outputs,)):
        wanted = wanted.reshape(1, -1)
    if wanted.ndim == 1 and net.outputs == 1:
        wanted = wanted[:, None]
    if wanted.ndim != 2 or wanted.shape[1] != net.outputs:
        wish = f"({net.outputs},) or (rows, {net.outputs})"
        raise InputError(f"target must be a class, or outputs of shape {wish}, not {wanted.shape}")
    kind = net.architecture.loss.targets
    return as_targets(wanted, kind, len(wanted), net.outputs, np.float64), None


def _start(
    net: Network, start: Any, wanted: FloatArray, classes: IntArray | None, bounds: Bounds, seed: int
) -> tuple[FloatArray, FloatArray, IntArray | None]:
    """Return where to begin, with targets for as many rows: one target serves all, one start too."""
    if isinstance(start, str):
        if start != "noise":
            raise unknown("start", start, ("noise",))
        begin = _noise(len(wanted), net.inputs, bounds, seed)
    else:
        begin = asking.as_sample(net, start, "start")
    rows = max(len(begin), len(wanted))
    if {len(begin), len(wanted)} - {1, rows}:
        raise InputError(f"start has {len(begin)} rows, but target {len(wanted)}: take as many, or one")
    begin, wanted = (np.repeat(array, rows // len(array), axis=0) for array in (begin, wanted))
    return begin, wanted, None if classes is None else np.repeat(classes, rows // len(classes))


def _noise(rows: int, width: int, bounds: Bounds, seed: int) -> FloatArray:
    low, high = asking.as_bounds(bounds, rows, width)
    with np.errstate(invalid="ignore", over="ignore"):
        bounded = np.isfinite(high - low)
        middle = np.where(bounded, low / 2 + high / 2, np.clip(0, low, high))
        spread = np.where(bounded, high - low, 1.0)
    drawn = np.random.default_rng(seed).uniform(-1, 1, (rows, width))
    return np.clip(middle + _NOISE * spread * drawn, low, high)
