"""Searches: from the present weights to others, by trying."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.methods.gradients import generator

if TYPE_CHECKING:
    from chainrule.engines.standing import Training
    from chainrule.methods.trials import Genetic, Perturbation

Array = npt.NDArray[Any]
Costs = Callable[[Array], Array]
"""The cost of each row of a matrix, whose rows are weights."""

_SHRINK = 0.9
_GROW = _SHRINK**-4  # in balance when one step in five helps


class Search(ABC):
    """Proposes weights."""

    @abstractmethod
    def state(self) -> dict[str, Array]:
        """Return copies of what it has learned from the steps before, for `take_up`."""

    @abstractmethod
    def take_up(self, state: Mapping[str, Array]) -> None:
        """Go on from what another one had learned."""

    @abstractmethod
    def improve(self, here: Array, cost: float, costs: Costs, step: int) -> Array:
        """Return the weights after a step, from those before it and their cost."""


class RandomPerturbation(Search):
    """A random change of all weights, kept when it helps."""

    def __init__(self, method: Perturbation, seed: int):
        self.seed, self.size, self.otherwise = seed, method.size, method.otherwise

    def state(self) -> dict[str, Array]:
        """Return the size of the changes."""
        return {"size": np.array(self.size, np.float64)}

    def take_up(self, state: Mapping[str, Array]) -> None:
        """Go on with another size."""
        self.size = float(state["size"])

    def improve(self, here: Array, cost: float, costs: Costs, step: int) -> Array:
        """Return the first of the trials that is better, or the weights as they are."""
        change = (self.size * generator(self.seed, step).standard_normal(here.size)).astype(here.dtype)
        trials = [here + change, here - change] if self.otherwise == "other_direction" else [here + change]
        kept = next((trial for trial in trials if costs(trial[None])[0] < cost), None)
        if self.otherwise == "smaller_step":
            self.size *= _SHRINK if kept is None else _GROW
        return here if kept is None else kept


def repeats(training: Training) -> bool:
    """Tell whether the same weights cost the same at every step: all rows are one batch, without dropout."""
    rows, net = training.data["N"], training.net
    return (training.settings.batch_size or rows) >= rows and not net.architecture.masks and not net.states


class Breeding(Search):
    """Generations of a population.

    With `repeats` the cost of the same weights is the same at every step, so that the elite needs no evaluation.
    """

    def __init__(self, method: Genetic, seed: int, repeats: bool):
        self.method, self.seed, self.repeats = method, seed, repeats
        self.members: Array | None = None
        self.elite_costs = np.zeros(0)

    def state(self) -> dict[str, Array]:
        """Return the members, and what the elite costs where that is known."""
        members = {} if self.members is None else {"members": self.members.copy()}
        return {**members, "elite_costs": self.elite_costs.copy()}

    def take_up(self, state: Mapping[str, Array]) -> None:
        """Go on with other members."""
        self.members = np.array(state["members"]) if "members" in state else None
        self.elite_costs = np.array(state["elite_costs"])

    def improve(self, here: Array, cost: float, costs: Costs, step: int) -> Array:
        """Evaluate the members, breed the next ones, and return the best."""
        rng = generator(self.seed, step)
        if self.members is None:
            noise = self.method.spread * rng.standard_normal((self.method.population, here.size))
            self.members = here + noise.astype(here.dtype)
        self.members[0] = here
        # The first member's cost is that of the forward pass before, on whatever batch.
        known = np.array([cost, *self.elite_costs[1:]])
        found = np.concatenate([known, costs(self.members[len(known) :])])
        ranked = np.argsort(found, kind="stable")
        best = ranked[: self.method.elite]
        elite, children = self.members[best], self.children(rng, self.members, found)
        if self.repeats:
            self.elite_costs = found[best]
        self.members = np.concatenate([elite, children])
        return np.array(self.members[0])

    def children(self, rng: np.random.Generator, members: Array, found: Array) -> Array:
        """Return the children that take the places below the elite."""
        method, count = self.method, self.method.population - self.method.elite
        one, other = (self._winners(rng, found, count) for _ in range(2))
        shape = (count, members.shape[1])
        two_parents = rng.random((count, 1)) < method.crossover
        from_other = two_parents & (rng.random(shape) < 0.5)
        mutates = rng.random(shape) < method.mutation
        change = np.where(mutates, method.size * rng.standard_normal(shape), 0)
        parents = np.where(from_other, members[other], members[one])
        return np.asarray(parents + change, members.dtype)

    def _winners(self, rng: np.random.Generator, found: Array, count: int) -> Array:
        """Return the best of a few drawn at random, for each of `count` tournaments."""
        drawn = rng.integers(len(found), size=(count, self.method.tournament))
        return np.asarray(drawn[np.arange(count), np.argmin(found[drawn], axis=1)])
