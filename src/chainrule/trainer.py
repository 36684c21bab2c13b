"""The training loop: epochs, batches, records and reasons to stop. What a step computes is the program's business."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.architecture import COST
from chainrule.derive import gradient_name
from chainrule.engines.reference import Plan, first_not_finite
from chainrule.errors import TrainingError, unknown
from chainrule.history import MEASURES, History, Log, norm
from chainrule.optimizers import GRADIENT_NORM, RATE, Optimizer
from chainrule.progress import Progress
from chainrule.settings import Settings
from chainrule.tally import Tally, rows_of

if TYPE_CHECKING:
    from chainrule.network import Network

# The network's parameters as one vector, and its states, at one moment.
Snapshot = tuple[Any, dict[str, Any]]


class Trainer:
    """One run of `fit`."""

    def __init__(
        self,
        net: Network,
        optimizer: Optimizer,
        settings: Settings,
        data: dict[str, Any],
        held_out: dict[str, Any] | None,
    ):
        self.net, self.optimizer, self.settings, self.data, self.held_out = net, optimizer, settings, data, held_out
        self.history = History()
        names = [parameter.ref.name for parameter in net.architecture.trainable]
        self.layers = {
            parameter.layer: [other.ref.name for other in net.architecture.trainable if other.layer == parameter.layer]
            for parameter in net.architecture.trainable
        }
        wrt = dict.fromkeys([*names, *self._logged_derivatives()])
        self.program = net.program(wrt, weighted="s" in data, training=True, optimizer=optimizer)
        self._check_log_values()
        equations = self.program.equations
        self.compute = Plan(self.program, [eq for eq in equations if eq.part != "learning"])
        self.update = Plan(self.program, [eq for eq in equations if eq.part == "learning"])
        kept = {**net.parameters, **net.states}
        self.arrays: dict[str, Any] = {
            state.name: kept[state.name]
            if state.name in kept
            else np.zeros(net.architecture.shape_of(state), net.dtype)
            for state in self.program.states
        }
        self.step, self.started = 0, 0.0
        self.batches = math.ceil(data["N"] / (settings.batch_size or data["N"]))
        self.best: tuple[float, int, Snapshot] | None = None
        self.start = self._snapshot()

    def _logged_derivatives(self) -> list[str]:
        asked = [name[2:] for name in self.settings.log_values or () if name.startswith("d_")]
        if not asked:
            return []
        known = self.net.program(weighted="s" in self.data, training=True).declarations()
        for name in asked:
            if name not in known:
                raise unknown("column of the log", gradient_name(name), map(gradient_name, known))
        return asked

    def _check_log_values(self) -> None:
        norms = [f"gradient_norm_{layer}" for layer in self.layers]
        known = {*MEASURES, *norms, *self.program.declarations()}
        if self.held_out is None:
            known.remove("validation_cost")
        for name in self.settings.log_values or ():
            if name not in known:
                raise unknown("column of the log", name, known)

    def run(self) -> History:
        """Train; return the history."""
        settings, self.started = self.settings, time.perf_counter()
        records = settings.records(self.held_out is not None)
        with ExitStack() as stack:
            stack.enter_context(np.errstate(all="ignore"))
            log = stack.enter_context(Log(settings.log, settings.log_values)) if settings.log is not None else None
            bar = stack.enter_context(Progress(settings.epochs, settings.progress))
            try:
                for epoch in range(settings.epochs):
                    last = epoch == settings.epochs - 1
                    on_record = records.has(epoch) or last
                    row = self._epoch(epoch, on_record, log)
                    bar.update(epoch + 1, row["cost"], force=last)
                    if "epoch" not in row:
                        continue
                    self._record(row, log)
                    if reason := self._reason_to_stop(row):
                        break
                else:
                    reason = "all epochs done"
            except KeyboardInterrupt:
                reason = "interrupted"
        return self._finish(reason)

    def _finish(self, reason: str) -> History:
        history = self.history
        if self.best:
            lowest, history.best_epoch, snapshot = self.best
            # A training cost is from before its epoch's updates; the last parameters have had none yet.
            if self.held_out is None and self._cost_of_last_parameters() < lowest:
                history.best_epoch = history.epochs - 1
            else:
                self._restore(snapshot)
        history.stopped, history.steps, history.seconds = reason, self.step, time.perf_counter() - self.started
        return history

    def _cost_of_last_parameters(self) -> float:
        """Return the training cost as the next epoch would find it, with that epoch's dropout."""
        tally, snapshot = Tally(self.net.architecture.reduction == "sum"), self._snapshot()
        with np.errstate(all="ignore"):
            for number, (batch, _) in enumerate(self._batches(self.history.epochs), start=1):
                self.arrays.update(batch)
                self.net.draw_masks(self.arrays, self.step + number, self.settings.seed)
                self.compute.run(self.arrays)
                tally.add(self.arrays, float(self.arrays[COST]))
        self._restore(snapshot)
        return tally.cost

    def _snapshot(self) -> Snapshot:
        return self.net.vector.copy(), {name: value.copy() for name, value in self.net.states.items()}

    def _restore(self, snapshot: Snapshot) -> None:
        self.net.vector[...], states = snapshot
        for name, value in states.items():
            self.net.states[name][...] = value

    def _epoch(self, epoch: int, on_record: bool, log: Log | None) -> dict[str, Any]:
        """Train on each batch; return the epoch's row, its values from before the last update.

        An epoch that ends training goes on record; one that does not, and is not on record, has its cost alone.
        """
        settings, arrays, row = self.settings, self.arrays, {}
        tally = Tally(self.net.architecture.reduction == "sum")
        may_end = settings.stop_cost is not None or settings.stop_seconds is not None
        total_steps = self.batches * self.settings.epochs
        self.start = self._snapshot()
        for batch, last in self._batches(epoch):
            self.step += 1
            arrays.update(batch)
            arrays.update(self.optimizer.scalars(self.step, total_steps))
            self.net.draw_masks(arrays, self.step, self.settings.seed)
            self.compute.run(arrays)
            value = float(arrays[COST])
            if not math.isfinite(value + float(arrays.get(GRADIENT_NORM, 0.0))):
                raise self._diverged(epoch)
            tally.add(arrays, value)
            if on_record or may_end:
                tally.add_error(arrays)
                time_is_over = self._time_is_over()
                last = last or time_is_over
                if last and (on_record or time_is_over or self._cost_is_reached(tally.cost)):
                    row = self._row(epoch, tally)
                    if log:
                        log.take(row, arrays)
            self.update.run(arrays)
            if not np.isfinite(self.net.vector).all():
                raise self._diverged(epoch)
            if last:
                break
        self.history.epochs = epoch + 1
        if not self._finite_parameters():
            raise self._diverged(epoch)
        return row or {"cost": tally.cost}

    def _time_is_over(self) -> bool:
        limit = self.settings.stop_seconds
        return limit is not None and time.perf_counter() - self.started >= limit

    def _cost_is_reached(self, cost: float) -> bool:
        return self.settings.stop_cost is not None and cost <= self.settings.stop_cost

    def _finite_parameters(self) -> bool:
        kept = (self.net.vector, *self.net.states.values())
        return all(np.isfinite(array).all() for array in kept)

    def _batches(self, epoch: int) -> Iterator[tuple[dict[str, Any], bool]]:
        """Yield the batches of one epoch, each with whether it is the last."""
        rows = self.data["N"]
        size = self.settings.batch_size or rows
        if size >= rows:
            yield self.data, True
            return
        order = np.arange(rows)
        if self.settings.shuffle:
            order = np.random.default_rng([self.settings.seed, 2, epoch]).permutation(rows)
        for start in range(0, rows, size):
            yield rows_of(self.data, order[start : start + size]), start + size >= rows

    def _row(self, epoch: int, tally: Tally) -> dict[str, Any]:
        norms = {
            f"gradient_norm_{layer}": norm(*(self.arrays[gradient_name(name)] for name in names))
            for layer, names in self.layers.items()
        }
        row = {"epoch": epoch, "cost": tally.cost, "error": tally.error}
        validation = {} if self.held_out is None else {"validation_cost": math.nan}  # known after the update
        return {**row, **validation, "rate": self.arrays[RATE], **norms}

    def _record(self, row: dict[str, Any], log: Log | None) -> None:
        watched, snapshot = row["cost"], self.start
        if self.held_out is not None:
            watched = row["validation_cost"] = self.net.cost(self.held_out, penalties=False)
            if not math.isfinite(watched):
                raise TrainingError(f"the validation cost is not finite ({watched}) after epoch {row['epoch']}")
            snapshot = self._snapshot()
        self.history.add(row)
        if log:
            log.write(row)
        if self.settings.early_stopping and (self.best is None or watched < self.best[0]):
            self.best = watched, row["epoch"], snapshot

    def _reason_to_stop(self, row: dict[str, Any]) -> str | None:
        settings = self.settings
        if self._cost_is_reached(row["cost"]):
            return f"cost {row['cost']:g} is at most stop_cost {settings.stop_cost:g}"
        if self._time_is_over():
            return f"{settings.stop_seconds:g} seconds are over"
        if settings.stop_gradient is not None:
            length = math.hypot(*(row[key] for key in row if key.startswith("gradient_norm_")))
            if length <= settings.stop_gradient:
                return f"gradient norm {length:g} is at most stop_gradient {settings.stop_gradient:g}"
        waited = row["epoch"] - self.best[1] if self.best else 0
        if settings.early_stopping and waited >= settings.early_stopping:
            kind = "training" if self.held_out is None else "validation"
            return f"no lower {kind} cost in {waited} epochs"
        asked = [callback(self.net, self.history) for callback in settings.callbacks]
        stop = any(isinstance(answer, bool | np.bool_) and answer for answer in asked)
        return "a callback asked for it" if stop else None

    def _diverged(self, epoch: int) -> TrainingError:
        where, kept = first_not_finite(self.program, self.arrays), "from before this step"
        help_ = "a lower learning rate, clip_norm in the optimiser"
        if where is None:
            wrong = next((name for name, value in self.arrays.items() if not np.isfinite(value).all()), "a parameter")
            where = f"the update of {wrong}"
        elif self.step == 1:
            help_ = "a formula that is finite for these inputs"  # nothing has been updated yet
        if not self._finite_parameters():
            self._restore(self.start)
            kept = "that the epoch began with"
        return TrainingError(
            f"the cost is no longer finite at step {self.step} (epoch {epoch}) with learning rate "
            f"{self.arrays[RATE]:g}; it began in {where}. The parameters are those {kept}. What helps: {help_}, inputs "
            "scaled to about -1 to 1"
        )
