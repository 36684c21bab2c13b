"""One training and its checkpoint: what is written of it, and how it goes on from there."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.checkpoints import Array, Checkpoint, Saved, check_same
from chainrule.engines.stepping import Snapshot, restore, snapshot
from chainrule.errors import InputError
from chainrule.files import digest
from chainrule.history import LogPlace

if TYPE_CHECKING:
    from chainrule.trainer import Trainer

# Settings that make another training of it. More epochs, or another limit of time, go on with the same one.
_SETTINGS = (
    "seed",
    "epochs",
    "batch_size",
    "shuffle",
    "early_stopping",
    "stop_cost",
    "stop_gradient",
    "log_rows",
    "log_every",
    "log_values",
)
_WHOLE = ("epoch", "evaluations")
ALL_DONE = "all epochs done"
INTERRUPTED = "interrupted"


class Keeper:
    """Writes a training into its checkpoint, under its number there, and takes it up again."""

    def __init__(self, trainer: Trainer, checkpoint: Checkpoint, number: int):
        self.trainer, self.checkpoint, self.number = trainer, checkpoint, number
        self.identity = _identity(trainer)
        self.saved = checkpoint.saved(number)
        if self.saved:
            check_same(checkpoint.path, self.saved.identity, self.identity)

    @property
    def engine(self) -> str | None:
        """The engine that the training was on, if it goes on."""
        return None if self.saved is None else str(self.saved.facts.get("engine"))

    @property
    def log_place(self) -> LogPlace | None:
        """How far the log was written, if the training goes on with one."""
        place = None if self.saved is None else self.saved.facts.get("log")
        return None if place is None else LogPlace(*place)

    def take_up(self) -> str:
        """Give the training everything as it was; return why it had ended, "" if it had not.

        Raises `InputError` for a checkpoint that does not hold all of it.
        """
        if self.saved is None:
            return ""
        try:
            return _take_up(self.trainer, self.saved)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
            raise InputError(f"{self.checkpoint.path} is damaged: it does not hold all of the training") from error

    def offer(self, ended: bool) -> None:
        """Write the training if it is time to; `ended` says that an epoch has just ended."""
        if self.checkpoint.is_due(self.number, self.trainer.engine.standing.epoch, ended):
            self.put("")

    def put(self, stopped: str) -> None:
        """Write the training, and why it has ended if it has."""
        self.checkpoint.put(self.number, Saved(self.identity, *_kept(self.trainer, stopped)))


def _identity(trainer: Trainer) -> dict[str, Any]:
    training, settings = trainer.training, trainer.settings
    config = json.dumps(training.net.config, sort_keys=True)
    own = {name: getattr(settings, name) for name in _SETTINGS}
    if (settings.early_stopping or 0) >= settings.epochs:
        own["early_stopping"] = "for the best epoch alone"  # as more epochs will have it too
    # In this order they are compared, and the first difference is told: causes before what follows from them.
    return {
        "networks": training.times,
        **{name: list(value) if isinstance(value, tuple) else value for name, value in own.items()},
        "log": settings.log is not None,
        "method": repr(settings.method),
        "optimizer": str(training.optimizer) if settings.method.has_gradient else None,
        "sizes": training.net.architecture.sizes,
        "network": blake2b(config.encode(), digest_size=16).hexdigest(),
        "rows": digest(training.data),
        "validation_rows": digest(trainer.held_out),
    }


def _kept(trainer: Trainer, stopped: str) -> tuple[dict[str, Any], dict[str, Array]]:
    engine, history = trainer.engine, trainer.history
    place = None if trainer.log is None else trainer.log.place()
    facts = {
        "engine": engine.name,
        "said": history.engine,
        "seconds": trainer.elapsed(),
        "log": None if place is None else [place.length, place.digest],
        "stopped": "" if stopped == INTERRUPTED else stopped,
    }
    arrays = {f"engine/{name}": array for name, array in engine.state().items()}
    arrays |= _parameters("now", snapshot(trainer.net))  # copies: it is written again while training goes on
    arrays |= _parameters("began", trainer.began)
    for name, values in history.columns().items():
        arrays[f"history/{name}"] = np.array(values, np.int64 if name in _WHOLE else np.float64)
    if trainer.best:
        cost, epoch, best = trainer.best
        arrays |= {"best_cost": np.array(cost, np.float64), "best_epoch": np.array(epoch, np.int64)}
        arrays |= _parameters("best", best)
    return facts, arrays


def _take_up(trainer: Trainer, saved: Saved) -> str:
    history, arrays = trainer.history, saved.arrays
    restore(trainer.net, _snapshot("now", arrays, trainer))
    trainer.engine.take_up(_under("engine", arrays))
    trainer.began = _snapshot("began", arrays, trainer)
    if any(array.ndim != 1 for array in _under("history", arrays).values()):
        raise ValueError("history")
    columns = {name: array.tolist() for name, array in _under("history", arrays).items()}
    for row in zip(*columns.values(), strict=True):
        history.add(dict(zip(columns, row, strict=True)))
    if "best_cost" in arrays:
        trainer.best = float(arrays["best_cost"]), int(arrays["best_epoch"]), _snapshot("best", arrays, trainer)
    history.engine = str(saved.facts["said"])
    seconds = float(saved.facts["seconds"])
    if not 0 <= seconds < math.inf:
        raise ValueError("seconds")
    trainer.started = time.perf_counter() - seconds
    stopped = str(saved.facts["stopped"])
    goes_on = stopped == ALL_DONE and trainer.settings.epochs > saved.identity["epochs"]
    return "" if goes_on else stopped


def _parameters(what: str, kept: tuple[Array, Mapping[str, Array]]) -> dict[str, Array]:
    vector, states = kept
    return {f"{what}/vector": vector, **{f"{what}/states/{name}": value for name, value in states.items()}}


def _snapshot(what: str, arrays: Mapping[str, Array], trainer: Trainer) -> Snapshot:
    now = _parameters(what, snapshot(trainer.net))
    if any(arrays[name].shape != value.shape for name, value in now.items()):
        raise ValueError(what)
    found = _under(what, arrays)
    return found["vector"], _under("states", found)


def _under(what: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays whose names begin with a word, without it."""
    begin = f"{what}/"
    return {name.removeprefix(begin): array for name, array in arrays.items() if name.startswith(begin)}


def with_engine(trainer: Trainer, engine: str) -> None:
    """Let a training that goes on have the engine that it was on."""
    settings = replace(trainer.training.settings, engine=engine)
    trainer.training = replace(trainer.training, settings=settings)
