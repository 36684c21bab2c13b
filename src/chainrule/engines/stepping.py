"""Training on the reference engine: step by step, in Python."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.architecture import COST
from chainrule.derive import gradient_name
from chainrule.draws import shuffled
from chainrule.engines.reference import Plan, first_not_finite
from chainrule.engines.standing import Array, NotFiniteError, Row, Standing, Training, place_of
from chainrule.history import norm
from chainrule.optimizers import GRADIENT_NORM, RATE
from chainrule.tally import Tally, rows_of

if TYPE_CHECKING:
    from chainrule.network import Network

# The network's parameters as one vector, and its states, at one moment.
Snapshot = tuple[Any, dict[str, Any]]


class SteppingEngine:
    """Runs plans of a training's equations: forward and backward pass, and apart from them the updates."""

    name = "reference"

    def __init__(self, training: Training):
        self.training, self.net, self.data = training, training.net, training.data
        self.standing = Standing()
        equations = training.program.equations
        self.compute = Plan(training.program, [eq for eq in equations if not eq.update])
        self.update = Plan(training.program, [eq for eq in equations if eq.update])
        kept = {**self.net.parameters, **self.net.states}
        self._arrays: dict[str, Any] = {
            state.name: kept[state.name]
            if state.name in kept
            else np.zeros(self.net.architecture.shape_of(state), self.net.dtype)
            for state in training.program.states
        }
        self.began = snapshot(self.net)
        self.tally = self._new_tally()

    def _new_tally(self) -> Tally:
        return Tally(self.net.architecture.reduction == "sum")

    @property
    def arrays(self) -> Mapping[str, Any]:
        """All arrays of the last step, by name."""
        return self._arrays

    def resume(self, step: int, states: Mapping[str, Any]) -> None:
        """Go on where a training of the same network ended: after so many updates, with its optimiser's states."""
        self.standing.step = step
        for name, value in states.items():
            self._arrays[name][...] = value

    def state(self) -> dict[str, Array]:
        """Return copies of what a training needs to go on; `chainrule.engines.standing.Engine` says more."""
        standing = self.standing
        own = {name: np.array(value) for name, value in self._states().items()}
        place = np.array([standing.epoch, standing.start, standing.step], np.int64)
        return {**own, "place": place, "tally": self.tally.numbers()}

    def take_up(self, state: Mapping[str, Array]) -> None:
        """Go on from what `state` returned."""
        for name, value in self._states().items():
            value[...] = state[name]
        epoch, start, step = state["place"].tolist()
        self.standing = place_of(self.training, epoch, start, step)
        self.tally = self._new_tally()
        self.tally.go_on(state["tally"])
        if start:
            self.standing.cost = self.tally.cost
        self.began = snapshot(self.net)

    def _states(self) -> dict[str, Array]:
        """Return the arrays of the optimiser."""
        own = self.net.states.keys() | self.net.parameters.keys()
        return {state.name: self._arrays[state.name] for state in self.training.program.states if state.name not in own}

    def close(self) -> None:
        """End, with nothing to give back."""

    def advance(self, until: int, *, hold: bool = False, finish: bool = False, seconds: float = math.inf) -> list[Row]:
        """Train; `chainrule.engines.standing.Engine` says until when."""
        standing, deadline = self.standing, time.perf_counter() + seconds
        rows: list[Row] = []
        if standing.held:
            self._update(last=True)
        while standing.epoch < until and not standing.reached:
            for batch, last in self._rest_of_epoch():
                row = self._step(batch, last=last or finish, finish=finish)
                rows += [row] if row else []
                if row and hold:
                    standing.held = True
                    return rows
                self._update(last=last or finish)
                if last or finish:
                    break
                standing.start += batch["N"]
                if time.perf_counter() >= deadline:
                    return rows
            if finish or time.perf_counter() >= deadline:
                break
        return rows

    def _rest_of_epoch(self) -> Iterator[tuple[dict[str, Any], bool]]:
        if self.standing.start == 0:
            self.began, self.tally = snapshot(self.net), self._new_tally()
        for start, batch, last in self.batches(self.standing.epoch):
            if start >= self.standing.start:
                yield batch, last

    def _step(self, batch: dict[str, Any], *, last: bool, finish: bool) -> Row | None:
        """Run the forward and the backward pass; return the row of an epoch that ends here and goes on record."""
        training, standing, arrays = self.training, self.standing, self._arrays
        settings = training.settings
        arrays.update(batch)
        arrays.update(training.optimizer.scalars(standing.step + 1, training.total_steps))
        self.net.draw_masks(arrays, standing.step + 1, settings.seed)
        self._compute()
        value = float(arrays[COST])
        if not math.isfinite(value + float(arrays.get(GRADIENT_NORM, 0.0))):
            raise NotFiniteError
        self.tally.add(arrays, value)
        standing.cost = self.tally.cost
        recorded = finish or training.is_on_record(standing.epoch)
        if recorded or settings.stop_cost is not None:
            self.tally.add_error(arrays)
        ended = settings.stop_cost is not None and standing.cost <= settings.stop_cost
        return self._row() if last and (recorded or ended) else None

    def _compute(self) -> None:
        """Compute the cost of a batch and what the update needs; other methods have their own way."""
        self.compute.run(self._arrays)

    def _apply(self) -> None:
        """Change the parameters and the states."""
        self.update.run(self._arrays)

    def _row(self) -> Row:
        norms = {
            f"gradient_norm_{layer}": norm(*(self._arrays[gradient_name(name)] for name in names))
            for layer, names in self.training.layers.items()
        }
        measures = {"epoch": self.standing.epoch, "cost": self.tally.cost, "error": self.tally.error}
        return {**measures, "rate": self._arrays[RATE], **norms}

    def _update(self, *, last: bool) -> None:
        """Apply a step; after the last one of an epoch, go on to the next."""
        standing, limit = self.standing, self.training.settings.stop_cost
        self._apply()
        if not (self.finite_parameters() if last else np.isfinite(self.net.vector).all()):
            raise NotFiniteError
        standing.step += 1
        if last:
            standing.reached = limit is not None and standing.cost <= limit
            standing.epoch, standing.start, standing.held = standing.epoch + 1, 0, False

    def batches(self, epoch: int) -> Iterator[tuple[int, dict[str, Any], bool]]:
        """Yield the batches of one epoch: the first row's place, the rows, and whether they are the last."""
        rows, settings = self.data["N"], self.training.settings
        size = settings.batch_size or rows
        if size >= rows:
            yield 0, self.data, True
            return
        order = shuffled(settings.seed, epoch, rows) if settings.shuffle else np.arange(rows)
        for start in range(0, rows, size):
            yield start, rows_of(self.data, order[start : start + size]), start + size >= rows

    def finite_parameters(self) -> bool:
        """Whether all parameters and states are finite."""
        return all(np.isfinite(array).all() for array in (self.net.vector, *self.net.states.values()))

    def recover(self) -> str:
        """Give the network finite parameters after `NotFiniteError`; return which those are."""
        if self.finite_parameters():
            return "from before this step"
        restore(self.net, self.began)
        return "that the epoch began with"

    def failure(self) -> tuple[str, float]:
        """Return where a step began not to be finite, and its learning rate."""
        arrays = self._arrays
        where = first_not_finite(self.training.program, arrays)
        if where is None:
            wrong = next((name for name, value in arrays.items() if not np.isfinite(value).all()), "a parameter")
            where = f"the update of {wrong}"
        return where, arrays[RATE]

    def stand_at(self, standing: Standing, arrays: Mapping[str, Any]) -> None:
        """Compute the step of another engine of this training, from its states, as far as it goes."""
        self.standing = standing
        for state in self.training.program.states:
            self._arrays[state.name][...] = arrays[state.name]
        batch = next(batch for start, batch, _ in self.batches(standing.epoch) if start == standing.start)
        with suppress(NotFiniteError):
            self._step(batch, last=False, finish=False)
            self._update(last=True)

    def cost_from_here(self, epoch: int, step: int) -> float:
        """Return the training cost as an epoch would find it that learned nothing, with that epoch's dropout."""
        tally, kept = self._new_tally(), snapshot(self.net)
        for number, (_, batch, _) in enumerate(self.batches(epoch), start=1):
            self._arrays.update(batch)
            self.net.draw_masks(self._arrays, step + number, self.training.settings.seed)
            self.compute.run(self._arrays)
            tally.add(self._arrays, float(self._arrays[COST]))
        restore(self.net, kept)
        return tally.cost


def snapshot(net: Network) -> Snapshot:
    """Return copies of a network's parameters and states."""
    return net.vector.copy(), {name: value.copy() for name, value in net.states.items()}


def restore(net: Network, kept: Snapshot) -> None:
    """Give a network back what `snapshot` returned."""
    net.vector[...], states = kept
    for name, value in states.items():
        net.states[name][...] = value
