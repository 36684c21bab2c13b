"""An exercise with pleasant numbers: short decimals, no unit saturated, and no common mistake hidden by rounding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.activations import Activation, as_activation
from chainrule.derive import gradient_name
from chainrule.engines.reference import Plan
from chainrule.errors import InputError, shown
from chainrule.exercises.course import Arrays, Course
from chainrule.exercises.mistakes import has_branches, mistakes
from chainrule.layers import Dense
from chainrule.losses import Loss, as_loss
from chainrule.network import Network
from chainrule.optimizers import GradientDescent, Optimizer, as_optimizer
from chainrule.ranges import as_seed, whole

if TYPE_CHECKING:
    from chainrule.exercises.grading import Grades
    from chainrule.explain.document import Document

MOST_PARAMETERS = 60
"""Nobody calculates more of them by hand."""
MOST_EXERCISES = 1000
RATE = 0.5
_MOST_ATTEMPTS = 3000
# What the numbers must be for a mistake to show and for no unit to be saturated.
_LEAST_SLOPE, _LEAST_INPUT, _LEAST_COST, _LEAST_UPDATED = 0.05, 0.05, 0.005, 0.01
_LEAST_DERIVATIVE, _PER_LAYER = 1e-3, 0.2
_SIZES = re.compile(r"[0-9]{1,9}(-[0-9]{1,9})+")
_INPUTS = [k / 10 for k in range(-10, 11) if k]
_WEIGHTS = [k / 10 for k in range(-9, 10) if k]
_BIASES = [k / 20 for k in range(-10, 11) if k]
_NUMBERS = {"sigmoid": [0.0, 1.0], "tanh": [-1.0, -0.5, 0.5, 1.0]}
_POSITIVE = [0.5, 1.0, 1.5, 2.0]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Exercise:
    """One training step to calculate by hand.

    `net` has the start values; `x` (1, inputs) and `t` (1, outputs) are the sample; `seed` makes it again.
    """

    net: Network
    x: Array
    t: Array
    optimizer: Optimizer
    seed: int

    @cached_property
    def course(self) -> Course:
        """The asked numbers, in the order of calculation."""
        return Course(self.net.architecture, self.optimizer)

    @cached_property
    def exact(self) -> Arrays:
        """The right value of each asked array by its stage's key."""
        return self.course.values(self.course.start(self.net, self.x, self.t))

    @property
    def solution(self) -> dict[str, float]:
        """The right value of each asked number by its name, in the order of calculation.

        >>> list(exercise("1-1", seed=3).solution)
        ['z_o1', 'a_o1', 'E', 'dE/dz_o1', 'dE/dw1', 'dE/db1', 'new w1', 'new b1']
        """
        return {
            name: float(self.exact[stage.key][place])
            for stage in self.course.stages
            for place, name in self.course.names(stage, self.exact[stage.key].shape).items()
        }

    def sheet(self, language: str = "en") -> Document:
        """Return the sheet: the task, the start values, and a blank for each asked number."""
        from chainrule.exercises.sheet import booklet

        return booklet([self], language, answers=False)

    def answers(self, language: str = "en") -> Document:
        """Return the worked answers."""
        return self.net.explain(
            self.x, self.t, optimizer=self.optimizer, language=language, names=dict(self.course.naming.aliases)
        )

    def grade(self, answers: Mapping[str, Any] | str | Path, language: str = "en") -> Grades:
        """Return the marks for answers, given by name or as a CSV file with the columns name and value.

        Raises `InputError` for a name that is not asked for, or what is no number.

        >>> one = exercise("1-1", seed=3)
        >>> one.grade({name: f"{value:.4g}" for name, value in one.solution.items()}).points
        8
        """
        from chainrule.exercises.grading import grade

        return grade(self, answers, language)


def exercise(
    layers: str = "2-2-1",
    *,
    activation: Activation | str = "sigmoid",
    loss: Loss | str = "half_squared_error",
    optimizer: Optimizer | str | None = None,
    seed: int = 0,
) -> Exercise:
    """Return an exercise; the same arguments give the same one on every machine.

    Parameters
    ----------
    layers : the units from the input to the output, as in "2-2-1"; at most 60 parameters.
    activation : name or `Activation`. The output has what the loss wants, or else the same if it is sigmoid or tanh (or
        there is no other layer), and identity if not.
    loss : its name, or a `Loss`.
    optimizer : an optimiser or its name; default `GradientDescent(0.5)`.
    seed : of the numbers.

    Raises `InputError` for what is no such network, and where no pleasant numbers are found for one.

    >>> one = exercise("2-2-1", activation="tanh", seed=7)
    >>> one.x.tolist(), one.net.parameters["w2"].tolist()
    ([[-0.3, -0.9]], [[0.5], [0.8]])
    """
    return exercises(layers, activation=activation, loss=loss, optimizer=optimizer, seed=seed)[0]


def exercises(
    layers: str = "2-2-1",
    *,
    activation: Activation | str = "sigmoid",
    loss: Loss | str = "half_squared_error",
    optimizer: Optimizer | str | None = None,
    seed: int = 0,
    count: int = 1,
) -> list[Exercise]:
    """Return exercises alike with the seeds `seed`, `seed` + 1, ...; `exercise` documents the rest."""
    first = as_seed(seed)
    seeds = range(first, first + whole("count", count, most=MOST_EXERCISES))
    design = _Design(layers, as_activation(activation), as_loss(loss), as_optimizer(optimizer or GradientDescent(RATE)))
    return [design.exercise(as_seed(one)) for one in seeds]


class _Draws:
    """Values drawn from pools.

    NumPy promises the bits of a named generator for all versions, but not what its `Generator` makes of them.
    """

    def __init__(self, seed: int):
        self._bits = np.random.PCG64(seed)

    def take(self, pool: Sequence[float], shape: tuple[int, ...]) -> Array:
        """Return values that are all different as far as the pool goes."""
        left: list[float] = []
        values = []
        for _ in range(int(np.prod(shape))):
            left = left or list(pool)
            values.append(left.pop(int(self._bits.random_raw()) % len(left)))
        return np.array(values).reshape(shape)


class _Design:
    """What a whole class's exercises have in common."""

    def __init__(self, layers: str, activation: Activation, loss: Loss, optimizer: Optimizer):
        sizes = _sizes(layers)
        self.last = _last_activation(activation, loss, len(sizes) > 2)
        if self.last.name == "softmax" and sizes[-1] == 1:
            raise InputError(
                f"{layers} has one output, and a softmax of one is always 1: take two outputs or more, or the loss "
                "binary_cross_entropy"
            )
        stack = [Dense(units, activation) for units in sizes[1:-1]] + [Dense(sizes[-1], self.last)]
        self.net = Network(sizes[0], stack, loss=loss, dtype="float64")
        self.course = Course(self.net.architecture, optimizer)
        self.mistakes = mistakes(self.course)
        self.branched = {equation.target.name for equation in self.course.equations if has_branches(equation)}
        self.plan = Plan(self.course.program, self.course.equations)
        self.name = f"a {self.net.architecture.sizes} network with {activation.name} and {loss.name}"
        self.least = _LEAST_DERIVATIVE * _PER_LAYER ** max(len(sizes) - 3, 0)

    def exercise(self, seed: int) -> Exercise:
        draws = _Draws(seed)
        for _ in range(_MOST_ATTEMPTS):
            net = self.net
            net.set_parameters({name: self._start(draws, name) for name in net.parameters})
            x, t = draws.take(_INPUTS, (1, net.inputs)), self._target(draws)
            if self._is_pleasant(self.course.start(net, x, t)):
                own = net.twin(seed)
                own.set_parameters(net.parameters)
                return Exercise(own, x, t, self.course.optimizer, seed)
        raise InputError(
            f"no pleasant numbers were found for {self.name} with seed {seed}: take another seed, fewer layers, or "
            f"another activation"
        )

    def _start(self, draws: _Draws, name: str) -> Array:
        shape = self.net.parameters[name].shape
        return draws.take(_WEIGHTS if len(shape) > 1 else _BIASES, shape)

    def _target(self, draws: _Draws) -> Array:
        shape = (1, self.net.outputs)
        match self.net.architecture.loss.targets:
            case "distribution":
                (label,) = draws.take(range(shape[1]), (1,))
                return np.array([[float(place == label) for place in range(shape[1])]])
            case "probabilities":
                return draws.take([0, 1], shape)
            case "counts":
                return draws.take([0, 1, 2, 3], shape)
        return draws.take(_NUMBERS.get(self.last.name, _POSITIVE), shape)

    def _is_pleasant(self, start: Arrays) -> bool:
        with np.errstate(all="ignore"):
            after = self.plan.run(dict(start))
            # The mistakes are made with the parameters of before the update.
            found = {**after, **start}
            updated = all(np.all(np.abs(after[name]) >= _LEAST_UPDATED) for name in self.net.parameters)
            return updated and all(self._rules(found)) and all(mistake.shows(found) for mistake in self.mistakes)

    def _rules(self, arrays: Arrays) -> Iterator[bool]:
        yield _LEAST_COST <= arrays["E"] < np.inf
        roles = self.net.architecture.unit_roles
        units = [name for name in roles if name != "x"]
        for z, a in zip(units[::2], units[1::2], strict=True):
            yield bool(np.all(np.abs(arrays[z]) >= _LEAST_INPUT))
            yield self._are_alive(arrays[gradient_name(z)])
            if gradient_name(a) in arrays and gradient_name(z) not in self.branched:
                slope = np.abs(arrays[gradient_name(z)] / arrays[gradient_name(a)])
                yield bool(np.all(slope >= _LEAST_SLOPE))
        for name in self.net.parameters:
            sizes = np.abs(arrays[gradient_name(name)])
            yield bool(np.all((sizes >= self.least) | (sizes == 0)))

    @staticmethod
    def _are_alive(deltas: Array) -> bool:
        """Tell whether at least half of a layer's units have a derivative; a relu may be dead."""
        return bool(2 * np.count_nonzero(deltas) >= deltas.size)


def _sizes(layers: str) -> list[int]:
    if not isinstance(layers, str) or not _SIZES.fullmatch(layers.strip()):
        raise InputError(f"layers must be the units from the input to the output, such as 2-2-1, not {shown(layers)}")
    sizes = [whole("the units of a layer", int(part), most=MOST_PARAMETERS) for part in layers.strip().split("-")]
    parameters = sum((before + 1) * units for before, units in pairwise(sizes))
    if parameters > MOST_PARAMETERS:
        raise InputError(f"{layers} has {parameters} parameters: an exercise has at most {MOST_PARAMETERS}")
    return sizes


def _last_activation(activation: Activation, loss: Loss, is_deep: bool) -> Activation:
    """Return the activation of the last layer, and check that both fit an exercise."""
    last = activation
    if loss.activations and activation.name not in loss.activations:
        last = as_activation(loss.activations[0])
    elif is_deep and not loss.activations and activation.name not in _NUMBERS:
        last = as_activation("identity")
    if activation.name == "softmax" or (last.name == "softmax" and loss.name != "cross_entropy"):
        raise InputError(
            "softmax has its place in the last layer: give the loss cross_entropy, and another activation for the rest"
        )
    return last
