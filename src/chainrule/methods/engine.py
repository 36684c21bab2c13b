"""Engines of the rival methods: the stepping engine, with another gradient or another update."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.architecture import COST
from chainrule.derive import gradient_name
from chainrule.engines.reference import Plan
from chainrule.engines.standing import Array, NotFiniteError, Row, Training
from chainrule.engines.stepping import SteppingEngine
from chainrule.methods.space import WeightSpace

if TYPE_CHECKING:
    from chainrule.methods.gradients import GradientSource
    from chainrule.methods.search import Search


class _MethodEngine(SteppingEngine):
    """Counts the evaluations of networks: the forward pass of a step is one, others are `counting`'s."""

    def __init__(self, training: Training, counting: GradientSource | WeightSpace):
        super().__init__(training)
        forward = [eq for eq in training.program.equations if eq.part == "forward" and not eq.update]
        self.compute = Plan(training.program, forward)
        self.counting, self.forward_passes = counting, 0

    @property
    def evaluations(self) -> int:
        """The evaluations so far."""
        return self.forward_passes + self.counting.evaluations

    def state(self) -> dict[str, Array]:
        """Return copies of what a training needs to go on, the count of evaluations among it."""
        return {**super().state(), "evaluations": np.array([self.forward_passes, self.counting.evaluations])}

    def take_up(self, state: Mapping[str, Array]) -> None:
        """Go on from what `state` returned."""
        super().take_up(state)
        self.forward_passes, self.counting.evaluations = state["evaluations"].tolist()

    def _compute(self) -> None:
        self.forward_passes += 1
        self.compute.run(self._arrays)
        if not math.isfinite(float(self._arrays[COST])):
            raise NotFiniteError

    def _row(self) -> Row:
        return {**super()._row(), "evaluations": self.evaluations}


class GradientEngine(_MethodEngine):
    """Gives a gradient from elsewhere to the optimiser's equations."""

    def __init__(self, training: Training, source: GradientSource):
        super().__init__(training, source)
        self.source = source
        clipping = [eq for eq in training.program.equations if eq.part != "forward" and not eq.update]
        self.clip = Plan(training.program, clipping)

    def _compute(self) -> None:
        super()._compute()
        for name, gradient in self.source.gradients(self._arrays, self.standing.step + 1).items():
            self._arrays[gradient_name(name)] = np.asarray(gradient, self.net.dtype)
        self.clip.run(self._arrays)

    def failure(self) -> tuple[str, float]:
        """Return where a step began not to be finite, and its learning rate."""
        for equation in self.training.program.equations:  # what comes after the cost has no value yet
            self._arrays.setdefault(equation.target.name, np.zeros(()))
        return super().failure()


class SearchEngine(_MethodEngine):
    """Moves to weights that a search proposes; after the records, in place of an update."""

    def __init__(self, training: Training, search: Search):
        self.search, self.space = search, WeightSpace(training)
        super().__init__(training, self.space)

    def state(self) -> dict[str, Array]:
        """Return copies of what a training needs to go on, what the search knows among it."""
        return {**super().state(), **{f"search_{name}": value for name, value in self.search.state().items()}}

    def take_up(self, state: Mapping[str, Array]) -> None:
        """Go on from what `state` returned."""
        super().take_up(state)
        found = {name: value for name, value in state.items() if name.startswith("search_")}
        self.search.take_up({name.removeprefix("search_"): value for name, value in found.items()})

    def _compute(self) -> None:
        super()._compute()
        # Tried before the update, so that a row on record counts the whole of its step.
        here, cost = self.space.here, float(self._arrays[COST])
        self.next = self.search.improve(here, cost, self._costs, self.standing.step + 1)

    def _costs(self, members: Any) -> Any:
        return self.space.costs(self._arrays, members)

    def _apply(self) -> None:
        super()._apply()
        self.space.move_to(self.next)

    def _row(self) -> Row:
        return {name: value for name, value in super()._row().items() if name != "rate"}

    def failure(self) -> tuple[str, float]:
        """Return where a step began not to be finite; there is no learning rate."""
        where, _ = super().failure()
        return where, math.nan
