"""Training: batches, validation, stopping, history. What one step computes is the program's business."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.builder import OUTPUT
from chainrule.derive import gradient_name
from chainrule.engines.reference import Plan
from chainrule.errors import InputError, TrainingError
from chainrule.history import History, Log, Records, norm
from chainrule.optimizers import RATE, Adam, Optimizer
from chainrule.progress import Progress
from chainrule.ranges import check_number, whole

if TYPE_CHECKING:
    from chainrule.network import Network

# Called after each epoch on record; training ends when it returns True.
Callback = Callable[["Network", History], bool | None]


@dataclass(frozen=True)
class Settings:
    """How to train; `fit` says what each means."""

    epochs: int
    batch_size: int | None
    shuffle: bool
    seed: int
    early_stopping: int | None
    stop_cost: float | None
    stop_gradient: float | None
    stop_seconds: float | None
    callbacks: Sequence[Callback]
    log: str | Path | None
    log_rows: int | None
    log_every: int | None
    log_values: Sequence[str] | None
    progress: bool | None

    def __post_init__(self) -> None:
        whole("epochs", self.epochs)
        whole("the seed", self.seed, least=0)
        for name, least in (("batch_size", 1), ("early_stopping", 1), ("log_rows", 3), ("log_every", 1)):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), least)
        for name in ("stop_cost", "stop_gradient", "stop_seconds"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), least=0)

    def records(self, validated: bool) -> Records:
        """Return which epochs go on record."""
        closely = validated or bool(self.callbacks) or self.stop_gradient is not None
        return Records.choose(self.epochs, self.log_rows, self.log_every, closely)


def fit(
    net: Network,
    x: Any,
    t: Any,
    *,
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    shuffle: bool = True,
    seed: int | None = None,
    sample_weight: Any = None,
    validation: tuple[Any, Any] | None = None,
    validation_fraction: float | None = None,
    early_stopping: int | None = None,
    stop_cost: float | None = None,
    stop_gradient: float | None = None,
    stop_seconds: float | None = None,
    callbacks: Sequence[Callback] = (),
    log: str | Path | None = None,
    log_rows: int | None = None,
    log_every: int | None = None,
    log_values: Sequence[str] | None = None,
    progress: bool | None = None,
) -> History:
    """Train `net` from its present parameters, with a fresh optimiser, and return the history.

    Parameters
    ----------
    x, t : inputs (batch, inputs) and targets (batch, outputs); (batch,) for one output, or labels.
    optimizer : default `Adam()`.
    epochs : times that all samples are shown.
    batch_size : samples in one update, default 32; None for all. The last, smaller batch is kept.
    shuffle : whether each epoch takes the samples in a new order, drawn from the seed.
    seed : of the order, the validation part and dropout; the network's own if left out.
    sample_weight : weight of each sample, shape (batch,); 2 counts as the sample given twice.
    validation : inputs and targets to watch, or `validation_fraction`, a part of the samples set aside.
    early_stopping : end after so many epochs on record without a lower validation cost, and give back the
        parameters of the best. Without a validation set it watches the training cost.
    stop_cost, stop_gradient, stop_seconds : end when an epoch's cost is at most this, when the gradient's
        norm is at most this, or after this time.
    callbacks : called as ``callback(net, history)`` after each epoch on record; True ends training.
    log : CSV file for the records; `log_rows` (about so many) or `log_every` choose the epochs, which are
        also those of the history; `log_values` chooses columns, names of arrays among them.
    progress : a bar on standard error; by default only if that is a terminal.

    A key press of Ctrl-C ends training and keeps what was learned. Raises `InputError` for arrays and
    settings that do not fit, `TrainingError` as soon as the cost is no longer a finite number.

    >>> import chainrule as cr
    >>> net = cr.Network(1, [cr.Dense(1, "sigmoid")], dtype="float64")
    >>> net.set_parameters({"w1": [[0.3]], "b1": [0.5]})
    >>> history = net.fit([[1.0]], [[0.0]], optimizer=cr.GradientDescent(0.5), epochs=1, batch_size=None)
    >>> round(net.parameters["w1"].item(), 4)
    0.2262
    """
    optimizer = Adam() if optimizer is None else optimizer
    if not isinstance(optimizer, Optimizer):
        raise InputError(f"optimizer must be one such as Adam(0.001), not {optimizer!r}")
    settings = Settings(
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=net.seed if seed is None else seed,
        early_stopping=early_stopping,
        stop_cost=stop_cost,
        stop_gradient=stop_gradient,
        stop_seconds=stop_seconds,
        callbacks=tuple(callbacks),
        log=log,
        log_rows=log_rows,
        log_every=log_every,
        log_values=log_values,
        progress=progress,
    )
    data = net.given(x, t, sample_weight)
    if "s" in data:
        # A sample of weight 0 is one given no times; without it no batch can have weight 0.
        data = _rows(data, np.flatnonzero(data["s"]))
    if validation is not None and validation_fraction is not None:
        raise InputError("give validation or validation_fraction, not both")
    held_out = None if validation is None else net.given(*validation)
    if validation_fraction is not None:
        data, held_out = _set_aside(data, validation_fraction, settings.seed)
    return _Training(net, optimizer, settings, data, held_out).run()


def _set_aside(data: dict[str, Any], fraction: float, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    check_number("validation_fraction", fraction, above=0, below=1)
    rows = data["N"]
    aside = round(rows * fraction)
    if not 0 < aside < rows:
        raise InputError(f"validation_fraction={fraction} of {rows} rows leaves {rows - aside} to train, {aside} aside")
    order = np.random.default_rng([seed, 1]).permutation(rows)
    return _rows(data, np.sort(order[aside:])), _rows(data, np.sort(order[:aside]))


def _rows(data: dict[str, Any], chosen: Any) -> dict[str, Any]:
    """Return some samples of a batch."""
    return {name: value[chosen] for name, value in data.items() if name != "N"} | {"N": len(chosen)}


class _Training:
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
        names = [parameter.ref.name for parameter in net.trainable]
        self.layers = {
            parameter.layer: [other.ref.name for other in net.trainable if other.layer == parameter.layer]
            for parameter in net.trainable
        }
        logged = [name.removeprefix("d_") for name in settings.log_values or () if name.startswith("d_")]
        wrt = list(dict.fromkeys([*names, *logged]))
        self.program = net.program(wrt, weighted="s" in data, training=True, optimizer=optimizer)
        learned = [eq for eq in self.program.equations if eq.update and eq.origin == type(optimizer).__name__]
        self.compute = Plan(self.program, [eq for eq in self.program.equations if eq not in learned])
        self.update = Plan(self.program, learned)
        kept = {**net.parameters, **net.states}
        self.arrays: dict[str, Any] = {
            state.name: kept[state.name] if state.name in kept else np.zeros(net.shape_of(state), net.dtype)
            for state in self.program.states
        }
        self.step = 0
        self.batches = math.ceil(data["N"] / (settings.batch_size or data["N"]))
        self.best: tuple[float, int, dict[str, Any]] | None = None
        self.waited = 0

    def run(self) -> History:
        settings, started = self.settings, time.perf_counter()
        records = settings.records(self.held_out is not None)
        with ExitStack() as stack:
            stack.enter_context(np.errstate(all="ignore"))
            log = stack.enter_context(Log(settings.log, settings.log_values)) if settings.log else None
            bar = stack.enter_context(Progress(settings.epochs, settings.progress))
            try:
                for epoch in range(settings.epochs):
                    last = epoch == settings.epochs - 1
                    on_record = records.has(epoch) or last
                    row = self._epoch(epoch, on_record, log)
                    bar.update(epoch + 1, row["cost"], force=last)
                    if on_record:
                        self._record(row)
                    if reason := self._reason_to_stop(row, on_record, started):
                        break
                else:
                    reason = f"all {settings.epochs} epochs done"
            except KeyboardInterrupt:
                reason = "interrupted"
        return self._finish(reason, started)

    def _finish(self, reason: str, started: float) -> History:
        history = self.history
        if self.best and self.settings.early_stopping:
            _, history.best_epoch, parameters = self.best
            for name, value in parameters.items():
                self.arrays[name][...] = value
        history.stopped, history.steps, history.seconds = reason, self.step, time.perf_counter() - started
        return history

    def _epoch(self, epoch: int, on_record: bool, log: Log | None) -> dict[str, Any]:
        """Train on each batch; return the epoch's row, its values from before the last update."""
        cost, error, weight, rows, summed = 0.0, 0.0, 0.0, 0, self.net.reduction == "sum"
        arrays, scalars = self.arrays, {RATE: math.nan}
        for batch, last in self._batches(epoch):
            self.step += 1
            arrays.update(batch)
            scalars = self.optimizer.scalars(self.step, self.batches * self.settings.epochs)
            arrays.update(scalars)
            self.net.draw_masks(arrays, self.step, self.settings.seed)
            self.compute.run(arrays)
            value = float(arrays["E"])
            if not math.isfinite(value):
                raise self._diverged(epoch, scalars[RATE])
            share = 1.0 if summed else self._share(batch)
            cost, weight = cost + share * value, 1.0 if summed else weight + share
            if on_record:
                error += float(np.sqrt(np.square(arrays["t"] - arrays[OUTPUT]).sum(axis=1)).sum())
                rows += batch["N"]
            if on_record and last:
                row = self._row(epoch, cost / weight, error / rows, scalars[RATE])
                if log:
                    log.write(row, arrays)
            self.update.run(arrays)
        self.history.epochs = epoch + 1
        return row if on_record else {"cost": cost / weight}

    def _share(self, batch: dict[str, Any]) -> float:
        """Return the weight of a batch's cost in the epoch's mean."""
        return float(batch["s"].sum()) if "s" in batch else float(batch["N"])

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
            yield _rows(self.data, order[start : start + size]), start + size >= rows

    def _row(self, epoch: int, cost: float, error: float, rate: float) -> dict[str, Any]:
        norms = {
            f"gradient_norm_{layer}": norm(*(self.arrays[gradient_name(name)] for name in names))
            for layer, names in self.layers.items()
        }
        return {"epoch": epoch, "cost": cost, "error": error, "rate": rate, **norms}

    def _record(self, row: dict[str, Any]) -> None:
        if self.held_out is not None:
            row["validation_cost"] = self.net.cost_without_penalties(self.held_out)
        self.history.add(row)
        if self.settings.early_stopping:
            watched = row.get("validation_cost", row["cost"])
            if self.best is None or watched < self.best[0]:
                self.best = watched, row["epoch"], {n: self.arrays[n].copy() for n in self._kept()}
                self.waited = 0
            else:
                self.waited += 1

    def _kept(self) -> list[str]:
        return [*self.net.parameters, *self.net.states]

    def _reason_to_stop(self, row: dict[str, Any], on_record: bool, started: float) -> str | None:
        settings = self.settings
        if settings.stop_cost is not None and row["cost"] <= settings.stop_cost:
            return f"cost {row['cost']:g} is at most stop_cost {settings.stop_cost:g}"
        if settings.stop_seconds is not None and time.perf_counter() - started >= settings.stop_seconds:
            return f"{settings.stop_seconds:g} seconds are over"
        if not on_record:
            return None
        if settings.stop_gradient is not None:
            length = math.hypot(*(row[key] for key in row if key.startswith("gradient_norm_")))
            if length <= settings.stop_gradient:
                return f"gradient norm {length:g} is at most stop_gradient {settings.stop_gradient:g}"
        if settings.early_stopping and self.waited >= settings.early_stopping:
            return f"no lower cost in {self.waited} epochs on record"
        asked = [callback(self.net, self.history) for callback in settings.callbacks]
        if any(asked):
            return "a callback asked for it"
        return None

    def _diverged(self, epoch: int, rate: float) -> TrainingError:
        where = self._first_not_finite()
        return TrainingError(
            f"the cost is no longer finite ({float(self.arrays['E'])}) at step {self.step} (epoch {epoch}) with "
            f"learning rate {rate:g}; it began in {where}. The parameters are those before this step. A lower "
            "learning rate, clip_norm in the optimiser, or inputs scaled to about -1 to 1 help"
        )

    def _first_not_finite(self) -> str:
        for state in self.program.states:
            if not np.isfinite(self.arrays[state.name]).all():
                return f"{state.name}, after the update before"
        for equation in self.program.equations:
            if not equation.update and not np.isfinite(self.arrays[equation.target.name]).all():
                return f"{equation.origin}: {equation}"
        return "the cost"
