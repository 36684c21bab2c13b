"""Gradients by name, as backpropagation gives them, found in other ways."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.architecture import COST
from chainrule.engines.reference import Plan
from chainrule.methods.blocks import MEMBERS, blocks_of, elements
from chainrule.methods.space import WeightSpace, check_population
from chainrule.methods.tangents import tangent_name, tangents
from chainrule.methods.varied import VariedCost

if TYPE_CHECKING:
    from chainrule.engines.standing import Training

Array = npt.NDArray[Any]

STREAM = 0x6E6F6973
"""What tells the random numbers of a method from others that are drawn from the same seed."""


def generator(seed: int, step: int) -> np.random.Generator:
    """Return the random numbers of one step, the same whatever was drawn before it."""
    return np.random.default_rng([seed, step, STREAM])


class GradientSource(ABC):
    """Computes the gradient of a batch; `evaluations` counts the networks evaluated for it, from the start."""

    def __init__(self, training: Training):
        self.program = training.program
        self.names = [parameter.ref.name for parameter in training.net.architecture.trainable]
        self.evaluations = 0

    @abstractmethod
    def gradients(self, arrays: Mapping[str, Any], step: int) -> dict[str, Array]:
        """Return dE/d(parameter) by name from the arrays of a forward pass."""


class DifferenceGradients(GradientSource):
    """Differences of the cost, in float64, one weight at a time, many weights at once."""

    def __init__(self, training: Training, step: float, central: bool):
        super().__init__(training)
        self.step, self.central = step, central
        self._costs = {name: VariedCost(self.program, [name]) for name in self.names}
        self._forward = Plan(self.program, self.program.needed_for([COST]))

    def gradients(self, arrays: Mapping[str, Any], step: int) -> dict[str, Array]:
        """Return the differences."""
        base = self._in_float64(arrays)
        return {name: self._slopes(base, name).reshape(base[name].shape) for name in self.names}

    def _in_float64(self, arrays: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the arrays of a forward pass in float64: a second one, where the network's numbers are shorter."""
        if arrays["x"].dtype == np.float64:
            return arrays
        self.evaluations += 1
        given = {ref.name for ref in (*self.program.inputs, *self.program.states)}
        start = {name: _as_float64(value) for name, value in arrays.items() if name in given or name == "N"}
        return self._forward.run(start)

    def _slopes(self, base: Mapping[str, Any], name: str) -> Array:
        value = np.ravel(base[name])
        lengths, slopes = self.step * np.maximum(1, np.abs(value)), np.empty(value.size)
        for block in self._costs[name].blocks(value.size, base["N"]):
            up = value[block] + lengths[block]
            down = value[block] - lengths[block] if self.central else value[block]
            high = self._changed(base, name, block, up)
            low = self._changed(base, name, block, down) if self.central else base[COST]
            slopes[block] = (high - low) / (up - down)  # the step as it was rounded
        return slopes

    def _changed(self, base: Mapping[str, Any], name: str, block: slice, values: Array) -> Array:
        """Return the cost of each network in which one weight of the block has another value."""
        start, count = base[name], len(values)
        members = np.repeat(np.reshape(start, (1, -1)), count, axis=0)
        members[np.arange(count), np.arange(block.start, block.stop)] = values
        self.evaluations += count
        return self._costs[name].costs(base, {name: members.reshape(count, *np.shape(start))})


class DualGradients(GradientSource):
    """Derivatives carried forward, one weight at a time, many weights at once.

    The values are those of the forward pass that has been, so that a direction is one more pass: in every product one
    factor alone has a derivative, since a direction is that of a single weight.
    """

    def __init__(self, training: Training):
        super().__init__(training)
        self._programs = {name: tangents(self.program, name) for name in self.names}
        self._plans = {name: Plan(program) for name, program in self._programs.items()}

    def gradients(self, arrays: Mapping[str, Any], step: int) -> dict[str, Array]:
        """Return the derivatives."""
        return {name: self._along_weights(arrays, name) for name in self.names}

    def _along_weights(self, arrays: Mapping[str, Any], name: str) -> Array:
        program, value = self._programs[name], arrays[name]
        found = np.zeros(value.size, value.dtype)
        if not program.equations:
            return found.reshape(value.shape)
        read = {ref.name for ref in program.inputs}
        shared = {key: array for key, array in arrays.items() if key in read or key == "N"}
        for block in blocks_of(value.size, elements(program, arrays["N"])):
            count = block.stop - block.start
            directions = np.zeros((count, value.size), value.dtype)
            directions[np.arange(count), np.arange(block.start, block.stop)] = 1
            seeds = {tangent_name(name): directions.reshape(count, *value.shape), MEMBERS: count}
            found[block] = self._plans[name].run({**shared, **seeds})[tangent_name(COST)]
            self.evaluations += count
        return found.reshape(value.shape)


class StrategyGradients(GradientSource):
    """The gradient of the cost blurred by noise, estimated from neighbours and their mirror images."""

    def __init__(self, training: Training, pairs: int, size: float):
        super().__init__(training)
        check_population(training.net, 2 * pairs)
        self.space, self.pairs, self.size, self.seed = WeightSpace(training), pairs, size, training.settings.seed

    def gradients(self, arrays: Mapping[str, Any], step: int) -> dict[str, Array]:
        """Return the estimate; a pair whose costs are no numbers tells nothing."""
        space, here, before = self.space, self.space.here, self.space.evaluations
        noise = generator(self.seed, step).standard_normal((self.pairs, space.size)).astype(space.dtype)
        costs = space.costs(arrays, np.concatenate([here + self.size * noise, here - self.size * noise]))
        differences = costs[: self.pairs] - costs[self.pairs :]
        differences = np.where(np.isfinite(differences), differences, 0)
        self.evaluations += space.evaluations - before
        estimate = differences @ noise / (2 * self.size * self.pairs)
        return {name: part[0] for name, part in space.split(estimate[None]).items()}


def _as_float64(value: Any) -> Any:
    return value.astype(np.float64) if isinstance(value, np.ndarray) else value
