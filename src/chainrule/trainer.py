"""The training loop: what is on record, what is watched, and reasons to stop. An engine does the steps."""

from __future__ import annotations

import math
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checkpoints import Checkpoint
from chainrule.derive import gradient_name
from chainrule.endings import ending_gently
from chainrule.engines.choice import choose_engine
from chainrule.engines.standing import NotFiniteError, Row, Training
from chainrule.engines.stepping import Snapshot, SteppingEngine, restore, snapshot
from chainrule.errors import TrainingError, unknown
from chainrule.history import MEASURES, History, Log
from chainrule.keeping import ALL_DONE, INTERRUPTED, Keeper, with_engine
from chainrule.methods.method import BACKPROPAGATION_COST
from chainrule.optimizers import Optimizer
from chainrule.progress import Progress
from chainrule.settings import Settings

if TYPE_CHECKING:
    from chainrule.network import Network

# How long an engine may work before a key press, a bar or a limit of time is looked at.
_PATIENCE = 0.1


class Trainer:
    """One run of `fit`."""

    def __init__(
        self,
        net: Network,
        optimizer: Optimizer,
        settings: Settings,
        data: dict[str, Any],
        held_out: dict[str, Any] | None,
        stop: threading.Event | None = None,
        times: int = 1,
    ):
        self.net, self.settings, self.held_out = net, settings, held_out
        self.stop = stop or threading.Event()  # set from outside where this is one training of many
        self.history = History()
        names = [parameter.ref.name for parameter in net.architecture.trainable]
        layers = {
            parameter.layer: [other.ref.name for other in net.architecture.trainable if other.layer == parameter.layer]
            for parameter in net.architecture.trainable
        }
        weighted = "s" in data
        wrt = dict.fromkeys([*names, *self._logged_derivatives(weighted)])
        program = settings.method.program(net, wrt, weighted, optimizer)
        layers = layers if settings.method.has_gradient else {}
        measures = {*MEASURES, *(f"gradient_norm_{layer}" for layer in layers)}
        measures -= set() if settings.method.has_gradient else {"rate"}
        known = {*measures, *program.declarations()} - ({"validation_cost"} if held_out is None else set())
        for name in settings.log_values or ():
            if name not in known:
                raise unknown("column of the log", name, known)
        logged = [name for name in settings.log_values or () if name not in measures]
        records = settings.records(held_out is not None)
        self.training = Training(net, program, optimizer, settings, data, records, layers, logged, times)
        self.started = 0.0
        self.best: tuple[float, int, Snapshot] | None = None
        self.began: Snapshot = snapshot(net)  # as the present epoch did
        self.log: Log | None = None
        self.keeper: Keeper | None = None

    def _logged_derivatives(self, weighted: bool) -> list[str]:
        asked = [name[2:] for name in self.settings.log_values or () if name.startswith("d_")]
        if not asked:
            return []
        known = self.net.program(weighted=weighted, training=True).declarations()
        for name in asked:
            if name not in known:
                raise unknown("column of the log", gradient_name(name), map(gradient_name, known))
        return asked

    def run(self) -> History:
        """Train; return the history."""
        settings, self.started = self.settings, time.perf_counter()
        with ExitStack() as stack:
            stack.enter_context(np.errstate(all="ignore"))
            self._keep_alone(stack)
            if self.keeper and self.keeper.engine:
                with_engine(self, self.keeper.engine)
            self.engine, self.history.engine = choose_engine(self.training)
            stack.callback(self.engine.close)
            self.net.engine = self.engine.name
            if settings.log is not None:
                place = self.keeper.log_place if self.keeper else None
                self.log = stack.enter_context(Log(settings.log, settings.log_values, place))
            reason = self.keeper.take_up() if self.keeper else ""
            bar = stack.enter_context(Progress(settings.epochs, settings.progress))
            try:
                reason = reason or self._loop(bar)
                if self.keeper:
                    self.keeper.put(reason)
            except KeyboardInterrupt:
                reason = INTERRUPTED
            except NotFiniteError:
                raise self._diverged() from None
            self.engine.close()
            return self._finish(reason)

    def keep(self, checkpoint: Checkpoint, number: int = 0) -> None:
        """Let the training be written into a checkpoint, and go on with what is there under its number.

        Raises `InputError` if that is another training.
        """
        self.keeper = Keeper(self, checkpoint, number)

    def _keep_alone(self, stack: ExitStack) -> None:
        """Open the checkpoint that the settings ask for, unless it is that of many trainings."""
        if self.keeper is None and (checkpoint := Checkpoint.of(self.settings)):
            stack.enter_context(ending_gently(self.stop))
            self.keep(stack.enter_context(checkpoint))

    def _loop(self, bar: Progress) -> str:
        engine, epochs, log = self.engine, self.settings.epochs, self.log
        if self.keeper:
            self.keeper.put("")  # from now on there is something to go on with
        while engine.standing.epoch < epochs:
            standing = engine.standing
            if standing.start == 0 and self._watches_training:
                self.began = snapshot(self.net)
            late, epoch = self._time_is_over(), standing.epoch
            rows = engine.advance(self._next_stop(), hold=log is not None, finish=late, seconds=self._patience())
            if standing.held and log:
                log.take(self._with_validation(rows[-1]), engine.arrays)
                engine.advance(standing.epoch + 1)
            bar.update(standing.epoch, standing.cost, force=standing.epoch == epochs)
            for row in rows:
                self._record(row)
                if reason := self._reason_to_stop(row):
                    return reason
            if late:
                return self._out_of_time
            if self.stop.is_set():
                return INTERRUPTED
            if self.keeper:
                self.keeper.offer(ended=standing.start == 0 and standing.epoch > epoch)
        return ALL_DONE

    @property
    def _watches_training(self) -> bool:
        return bool(self.settings.early_stopping) and self.held_out is None

    def _next_stop(self) -> int:
        """Return how many epochs may be done before something must be looked at."""
        stop = self._next_look()
        if every := self.settings.checkpoint_epochs:
            stop = min(stop, (self.engine.standing.epoch // every + 1) * every)
        return stop

    def _next_look(self) -> int:
        """Return how many epochs may be done before a row is to be looked at."""
        settings, training, epoch = self.settings, self.training, self.engine.standing.epoch
        watched = self.held_out is not None or settings.callbacks or settings.early_stopping
        if not (watched or settings.log is not None or settings.stop_gradient is not None):
            return settings.epochs
        on_record = -(-epoch // training.records.every) * training.records.every
        if self._watches_training and on_record > epoch:
            return min(settings.epochs - 1, on_record) if epoch < settings.epochs - 1 else settings.epochs
        return min(settings.epochs, on_record + 1)

    def _patience(self) -> float:
        limit = self.settings.stop_seconds
        return _PATIENCE if limit is None else max(1e-3, min(_PATIENCE, limit - self.elapsed()))

    def elapsed(self) -> float:
        """Return how many seconds it has taken, those before a checkpoint included."""
        return time.perf_counter() - self.started

    def _time_is_over(self) -> bool:
        limit = self.settings.stop_seconds
        return limit is not None and self.elapsed() >= limit

    @property
    def _out_of_time(self) -> str:
        return f"{self.settings.stop_seconds:g} seconds are over"

    def _finish(self, reason: str) -> History:
        history, standing = self.history, self.engine.standing
        history.epochs = standing.epoch
        if self.best:
            lowest, history.best_epoch, kept = self.best
            # A training cost is from before its epoch's updates; the last parameters have had none yet.
            reference = self.engine if isinstance(self.engine, SteppingEngine) else SteppingEngine(self.training)
            if self.held_out is None and reference.cost_from_here(history.epochs, standing.step) < lowest:
                history.best_epoch = history.epochs - 1
            else:
                restore(self.net, kept)
        history.stopped, history.steps, history.seconds = reason, standing.step, self.elapsed()
        return history

    def _with_validation(self, row: Row) -> Row:
        """Return a row in the order of the columns; the validation cost is known after the update."""
        validation = {} if self.held_out is None else {"validation_cost": math.nan}
        full = {"evaluations": self._evaluations(row["epoch"]), **validation, **row}
        return {name: full[name] for name in (*MEASURES, *full) if name in full}

    def _evaluations(self, epoch: int) -> int:
        """Return the network evaluations of backpropagation until the end of an epoch."""
        training, standing = self.training, self.engine.standing
        whole_epochs = (epoch + 1) * (training.total_steps // self.settings.epochs)
        return BACKPROPAGATION_COST * min(whole_epochs, standing.step + standing.held)

    def _record(self, row: Row) -> None:
        row = self._with_validation(row)
        watched, kept = row["cost"], self.began
        if self.held_out is not None:
            watched = row["validation_cost"] = self.net.cost(self.held_out, penalties=False)
            if not math.isfinite(watched):
                raise TrainingError(f"the validation cost is not finite ({watched}) after epoch {row['epoch']}")
            kept = snapshot(self.net)
        self.history.add(row)
        if self.log:
            self.log.write(row)
        if self.settings.early_stopping and (self.best is None or watched < self.best[0]):
            self.best = watched, row["epoch"], kept

    def _reason_to_stop(self, row: Row) -> str | None:
        settings = self.settings
        if settings.stop_cost is not None and row["cost"] <= settings.stop_cost:
            return f"cost {row['cost']:g} is at most stop_cost {settings.stop_cost:g}"
        if self._time_is_over():
            return self._out_of_time
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

    def _diverged(self) -> TrainingError:
        where, rate = self.engine.failure()
        step, epoch = self.engine.standing.step, self.engine.standing.epoch
        with_rate = f" with learning rate {rate:g}" if math.isfinite(rate) else ""
        help_ = "a lower learning rate, clip_norm in the optimiser"
        if step == 0 and not where.startswith("the update"):
            help_ = "a formula that is finite for these inputs"  # nothing has been updated yet
        kept = self.engine.recover()
        return TrainingError(
            f"the cost is no longer finite at step {step + 1} (epoch {epoch}){with_rate}; it began in "
            f"{where}. The parameters are those {kept}. What helps: {help_}, inputs scaled to about -1 to 1"
        )
