"""Checkpoints: a training written to a file while it runs, from which it goes on as if nothing had happened."""

from __future__ import annotations

import json
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from chainrule.errors import InputError, shown
from chainrule.files import check_destination, digest, existing, reason, replace

if TYPE_CHECKING:
    from chainrule.settings import Settings

Array = npt.NDArray[Any]

FORMAT = 1
"""The version of the file; raise it when other code cannot read it."""
KEY = "chainrule-checkpoint"
LOCK = ".lock"
"""A file whose name ends in it is locked by the training that writes the checkpoint."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written; the one before is there as it was, and training goes on."""


@dataclass(frozen=True)
class Saved:
    """A training as it stood after a step.

    `identity` is what must be the same where it goes on, `facts` are numbers and texts that JSON holds, and `arrays`
    everything else.
    """

    identity: Mapping[str, Any]
    facts: Mapping[str, Any]
    arrays: Mapping[str, Array]


@dataclass
class Checkpoint:
    """The file of one training, or of the trainings of an ensemble, which write into it one after another.

    Parameters
    ----------
    path : the file. It is replaced as a whole, or left alone.
    resume : whether to go on from what is in it; else there must be no such file yet.
    seconds, epochs : a training is written after so many seconds, and where the number of its epochs is a multiple.

    A context manager, within which no other training can use the file. Raises `InputError` if one does, if the file
    cannot be written, is there or is not there against `resume`, or holds no checkpoint.
    """

    path: Path
    resume: bool = False
    seconds: float | None = 60.0
    epochs: int | None = None
    _trainings: dict[int, Saved] = field(default_factory=dict, init=False)
    _written: dict[int, float] = field(default_factory=dict, init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, init=False)

    @staticmethod
    def of(settings: Settings) -> Checkpoint | None:
        """Return the checkpoint that settings ask for, if they do."""
        path = settings.checkpoint if settings.resume is None else settings.resume
        if path is None:
            return None
        resume = settings.resume is not None
        return Checkpoint(Path(path), resume, settings.checkpoint_seconds, settings.checkpoint_epochs)

    def __enter__(self) -> Self:
        from filelock import FileLock, Timeout

        self.path = check_destination(self.path)
        self._lock = FileLock(f"{self.path}{LOCK}")
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise InputError(
                f"{self.path} is the checkpoint of a training that is running: name another file"
            ) from None
        except OSError as error:
            raise InputError(f"{self.path}{LOCK} cannot be written: {reason(error)}") from error
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def _open(self) -> None:
        if self.resume:
            self._trainings = read(self.path)
        elif self.path.exists():
            raise InputError(f"{self.path} is there already: go on with it (resume), or name another file")

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def saved(self, number: int) -> Saved | None:
        """Return the training of this number as the file has it."""
        return self._trainings.get(number)

    def is_due(self, number: int, epoch: int, ended: bool) -> bool:
        """Tell whether a training is to be written now; `ended` says that an epoch has just ended."""
        if ended and self.epochs is not None and epoch % self.epochs == 0:
            return True
        since = time.monotonic() - self._written.setdefault(number, time.monotonic())
        return self.seconds is not None and since >= self.seconds

    def put(self, number: int, saved: Saved) -> None:
        """Write a training, together with what is known of the others; warn if that fails."""
        with self._guard:
            self._written[number] = time.monotonic()
            self._trainings[number] = saved
            try:
                replace(self.path, to_bytes(self._trainings))
            except InputError as error:
                warnings.warn(f"{error}; training goes on without it", CheckpointWarning, stacklevel=2)


def to_bytes(trainings: Mapping[int, Saved]) -> bytes:
    """Return the content of a file."""
    from safetensors.numpy import save

    from chainrule.models import versions

    arrays = {
        f"{number}/{name}": np.asarray(array, order="C")
        for number, saved in trainings.items()
        for name, array in saved.arrays.items()
    }
    told = {
        str(number): {
            "identity": one.identity,
            "facts": one.facts,
            "arrays": sorted(one.arrays),
            "digest": digest(one.arrays),
        }
        for number, one in trainings.items()
    }
    description = {"format": FORMAT, "trainings": told, "versions": versions()}
    content: bytes = save(arrays, metadata={KEY: json.dumps(description)})
    return content


def is_one(path: Path) -> bool:
    """Tell whether a file says of itself that it is a checkpoint."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return KEY in (file.metadata() or {})
    except (SafetensorError, OSError, ValueError):
        return False


def read(path: Path) -> dict[int, Saved]:
    """Return the trainings in a checkpoint by their numbers; raises `InputError` for what is none."""
    from safetensors import SafetensorError, safe_open

    existing(path, "checkpoint")
    try:
        with safe_open(path, framework="numpy") as file:
            description = _description(path, file.metadata() or {})
            return {
                int(number): Saved(one["identity"], one["facts"], _arrays(file, number, one))
                for number, one in description["trainings"].items()
            }
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is no checkpoint, or not the whole of one") from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise error if isinstance(error, InputError) else _damaged(path) from error


def _arrays(file: Any, number: str, told: Mapping[str, Any]) -> dict[str, Array]:
    arrays = {name: file.get_tensor(f"{number}/{name}") for name in told["arrays"]}
    if digest(arrays) != told["digest"]:
        raise ValueError("the arrays are not those that were written")
    return arrays


def _description(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    if KEY not in metadata:
        raise InputError(f"{path} is a safetensors file, but no checkpoint")
    description: dict[str, Any] = json.loads(metadata[KEY])
    if description["format"] != FORMAT:
        raise InputError(
            f"{path} was written by another version of chainrule, in format {shown(description['format'])}; "
            f"this one goes on with format {FORMAT}"
        )
    return description


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged: its description of the training cannot be read")


def check_same(path: Path, saved: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise `InputError` if a training is not that of a checkpoint, saying what differs; it may have more epochs."""
    for name, value in now.items():
        before = saved.get(name)
        if name == "epochs":
            if not isinstance(before, int) or value < before:
                raise InputError(
                    f"{path} is of a training of {shown(before)} epochs: it can go on to more, not to {value}"
                )
        elif json.loads(json.dumps(value)) != before:
            raise InputError(_difference(path, name, before, value))


def _difference(path: Path, name: str, before: object, now: object) -> str:
    was, is_now = (value if isinstance(value, str) else shown(value) for value in (before, now))
    what = f"its {name.replace('_', ' ')} {'are' if name.endswith('s') else 'is'}"
    return f"{path} cannot go on: {_OTHERS.get(name, f'{what} {was}, now {is_now}')}"


# What is told of things that are compared by a digest of them.
_OTHERS = {
    "rows": "the rows to train with are others",
    "validation_rows": "the rows to validate with are others",
    "network": "the network is another one, of the same sizes",
}
