"""How to train: what is given to `Network.fit` beside the arrays, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError, shown, unknown
from chainrule.history import History, Records
from chainrule.methods import Backpropagation, Method, as_method
from chainrule.ranges import as_seed, check_number, check_yes_no, whole

if TYPE_CHECKING:
    from chainrule.network import Network

ENGINES = ("auto", "reference", "compiled")
# Called after each epoch on record; training ends when it returns True.
Callback = Callable[["Network", History], bool | None]


@dataclass(frozen=True)
class Settings:
    """How to train; `fit` says what each means."""

    epochs: int = 100
    batch_size: int | None = 32
    shuffle: bool = True
    seed: int = 0
    early_stopping: int | None = None
    stop_cost: float | None = None
    stop_gradient: float | None = None
    stop_seconds: float | None = None
    callbacks: Sequence[Callback] = ()
    log: str | Path | None = None
    log_rows: int | None = None
    log_every: int | None = None
    log_values: Sequence[str] | None = None
    progress: bool | None = None
    engine: str = "auto"
    threads: int | None = None
    restarts: int = 1
    checkpoint: str | Path | None = None
    resume: str | Path | None = None
    checkpoint_seconds: float | None = 60.0
    checkpoint_epochs: int | None = None
    method: Method = field(default_factory=Backpropagation)

    @staticmethod
    def of(given: Mapping[str, Any], refused: Sequence[str] = ()) -> Settings:
        """Return settings by name; raises `InputError` for one that does not exist, or is not for this use."""
        known = [one.name for one in fields(Settings)]
        for name, value in given.items():
            if name not in known:
                raise unknown("setting", name, known)
            if name in refused and value:
                raise InputError(f"{name} is for the training of one network")
        return Settings(**{**given, "method": as_method(given.get("method", Backpropagation()))})

    def __post_init__(self) -> None:
        whole("epochs", self.epochs)
        as_seed(self.seed)
        check_yes_no("shuffle", self.shuffle)
        if self.progress is not None:
            check_yes_no("progress", self.progress)
        whole("restarts", self.restarts)
        if self.restarts > 1 and (self.log is not None or self.callbacks):
            raise InputError("a log and callbacks are for one training; with restarts, leave them out")
        self._check_checkpoint()
        if self.engine not in ENGINES:
            raise unknown("engine", self.engine, ENGINES)
        self._check_method()
        for name, least in (
            ("threads", 1),
            ("batch_size", 1),
            ("early_stopping", 1),
            ("log_rows", 3),
            ("log_every", 1),
        ):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), least)
        if self.log_values is not None and self.log is None:
            raise InputError("log_values chooses columns of a log; give log=PATH too")
        if isinstance(self.log_values, str) or not _all_names(self.log_values or ()):
            raise InputError(f"log_values must be a list of names such as ['cost', 'w1'], not {shown(self.log_values)}")
        for callback in self.callbacks:
            if not callable(callback):
                raise InputError(f"a callback is a function of the network and the history, not {shown(callback)}")
        for name in ("stop_cost", "stop_gradient", "stop_seconds"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), least=0)

    def _check_checkpoint(self) -> None:
        for name in ("checkpoint", "resume"):
            if not isinstance(getattr(self, name), str | PathLike | None):
                raise InputError(f"{name} must be the path of a file, not {shown(getattr(self, name))}")
        if self.checkpoint is not None and self.resume is not None:
            raise InputError(
                "checkpoint begins a training and resume goes on with one, in the same file: give one of them"
            )
        if self.restarts > 1 and (self.checkpoint is not None or self.resume is not None):
            raise InputError("a checkpoint is of one training; with restarts, leave it out")
        if self.checkpoint_seconds is not None:
            check_number("checkpoint_seconds", self.checkpoint_seconds, least=0)
        if self.checkpoint_epochs is not None:
            whole("checkpoint_epochs", self.checkpoint_epochs)

    def _check_method(self) -> None:
        if self.engine == "compiled" and not isinstance(self.method, Backpropagation):
            raise InputError(f"the compiled engine trains by backpropagation, not by {self.method.name}; leave it out")
        if self.stop_gradient is not None and not self.method.has_gradient:
            raise InputError(f"the method {self.method.name} has no gradient to stop by; leave stop_gradient out")

    def records(self, validated: bool) -> Records:
        """Return which epochs go on record."""
        closely = validated or bool(self.callbacks) or self.stop_gradient is not None
        return Records.choose(self.epochs, self.log_rows, self.log_every, closely)


def _all_names(values: object) -> bool:
    return isinstance(values, Sequence) and all(isinstance(name, str) for name in values)
