"""What a training leaves behind: one row for each epoch on record, also as CSV while it runs."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from typing import IO, Any, Self, TextIO, cast

import numpy as np

from chainrule.errors import InputError, shown

# The columns that every training has; what an array in the log adds is one column an element.
MEASURES = ("epoch", "cost", "error", "validation_cost", "rate", "evaluations")


@dataclass(frozen=True, repr=False)
class Start:
    """One of the random starts of a training.

    Attributes
    ----------
    seed : from which its parameters and the order of its batches were drawn.
    cost : by which starts are compared: of the validation data, or of the training data if there are none.
    history : of its training; None if it diverged, with a `cost` of infinity.
    error : what was wrong if it diverged.
    """

    seed: int
    cost: float
    history: History | None
    error: str = ""

    def __repr__(self) -> str:
        return f"Start(seed={self.seed}, cost={self.cost:.6g})"


@dataclass
class History:
    """The course of a training; each list has one value for each epoch on record.

    Attributes
    ----------
    epoch : number of the epoch, from 0; the values of its row are from before its (last) update.
    cost : cost of the training data, over the epoch's batches as they came.
    error : mean over the samples of the Euclidean norm of ``t - y``.
    validation_cost : cost of the validation data after the epoch's updates, without penalties.
    rate : learning rate of the epoch's last update.
    evaluations : network evaluations until then: 1 for a forward pass of a batch, 2 more for a backward pass.
    gradient_norm : for each layer the Euclidean norm of its gradient at the epoch's last step.
    stopped : why training ended.
    epochs, steps : how many were trained.
    best_epoch : the epoch whose weights were kept, with early stopping.
    seconds : time taken.
    engine : what computed it, and why that engine.
    starts, best_start : with restarts, all of them and the number of the one that was kept.
    """

    epoch: list[int] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    validation_cost: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)
    gradient_norm: dict[str, list[float]] = field(default_factory=dict)
    stopped: str = ""
    epochs: int = 0
    steps: int = 0
    best_epoch: int | None = None
    seconds: float = 0.0
    engine: str = "reference"
    starts: list[Start] = field(default_factory=list)
    best_start: int | None = None

    def __len__(self) -> int:
        return len(self.epoch)

    def __repr__(self) -> str:
        last = f", cost {self.cost[-1]:.6g}" if self.cost else ""
        return f"History({self.epochs} epoch{'s' * (self.epochs != 1)}{last}; {self.stopped})"

    def add(self, row: Mapping[str, Any]) -> None:
        """Append one row; keys are those of `columns`."""
        for name in MEASURES:
            if name in row:
                getattr(self, name).append(row[name])
        for key, value in row.items():
            if key.startswith("gradient_norm_"):
                self.gradient_norm.setdefault(key.removeprefix("gradient_norm_"), []).append(value)

    def columns(self) -> dict[str, list[Any]]:
        """Return the lists by the name of their CSV column; those without values are left out."""
        measures = {name: getattr(self, name) for name in MEASURES}
        norms = {f"gradient_norm_{layer}": values for layer, values in self.gradient_norm.items()}
        return {name: values for name, values in {**measures, **norms}.items() if values}

    def whole(self) -> History:
        """Return this if the training ended by itself; raises `KeyboardInterrupt` if Ctrl-C ended it.

        For programs that train on the way to something else: what is half trained is of no use to them.
        """
        if self.stopped == "interrupted":
            raise KeyboardInterrupt
        return self

    def to_csv(self, path: str | Path) -> None:
        """Write the rows to a CSV file."""
        columns = self.columns()
        with _open(path) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))


def _open(path: str | Path, mode: str = "w") -> TextIO:
    """Open a text file to write; raises `InputError`."""
    return cast(TextIO, _opened(path, mode, newline="", encoding="utf-8"))


def _opened(path: str | Path, mode: str, **how: Any) -> IO[Any]:
    if not isinstance(path, str | PathLike) or not str(path):
        raise InputError(f"a log needs the path of a file, not {shown(path)}")
    try:
        return Path(path).open(mode, **how)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot write the log {path}: {error}") from None


@dataclass(frozen=True)
class LogPlace:
    """How far a log is written: its bytes, and a digest of them."""

    length: int
    digest: str


class Log:
    """A CSV file that grows by a row for each epoch on record, each written out at once.

    `values` are columns of the history and names of arrays (``w1``, ``d_w1``, ``d_x``, ``y``); an array of
    more than one element has one column for each, ``w1[0,1]``. A file that is there already is replaced with
    the first row, and left alone by a training that does not get so far. With `place`, that of another log in the same
    file, it goes on from there; what stands behind is cut off.

    Raises `InputError` if the file cannot be written, or does not hold what was written until `place`.
    """

    def __init__(self, path: str | Path, values: Sequence[str] | None, place: LogPlace | None = None):
        self.values = None if values is None else ["epoch", *(value for value in values if value != "epoch")]
        self._path = path
        self._cells: dict[str, Any] = {}
        self._file: IO[bytes] | None = None
        self._length, self._hash = 0, blake2b(digest_size=16)
        if place is None or not place.length:
            _opened(path, "ab").close()  # whether it can be written is known now
        else:
            self._go_on(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file:
            self._file.close()

    def take(self, row: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        """Take the values of a row while the arrays have them, before the update."""
        # By backpropagation they are three times the steps; a race of methods asks for them.
        names = [name for name in row if name != "evaluations"] if self.values is None else self.values
        self._cells = dict(cell for name in names for cell in self._cells_of(name, row, arrays))

    def write(self, row: Mapping[str, Any]) -> None:
        """Write the row taken, with what became known after the update; the first one after the names."""
        self._cells.update((name, value) for name, value in row.items() if name in self._cells)
        rows: list[Iterable[Any]] = [self._cells.values()]
        if self._file is None:
            self._file = _opened(self._path, "wb")
            rows.insert(0, self._cells.keys())
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        written = text.getvalue().encode()
        try:
            self._file.write(written)
            self._file.flush()
        except OSError as error:
            raise InputError(f"the log {self._path} cannot be written any further: {error.strerror}") from None
        self._length += len(written)
        self._hash.update(written)

    def place(self) -> LogPlace:
        """Return how far it is written, once that is on the disk."""
        if self._file:
            os.fsync(self._file.fileno())
        return LogPlace(self._length, self._hash.hexdigest())

    def _go_on(self, place: LogPlace) -> None:
        try:
            self._file = Path(self._path).open("r+b")  # noqa: SIM115  it stays open
            written = self._file.read(place.length)
        except OSError as error:
            raise InputError(f"the log {self._path} of the training cannot be read: {error.strerror}") from None
        self._hash.update(written)
        self._length = len(written)
        if (self._length, self._hash.hexdigest()) != (place.length, place.digest):
            self._file.close()
            raise InputError(f"the log {self._path} is not as the training left it: it cannot go on there")
        self._file.truncate()

    @staticmethod
    def _cells_of(name: str, row: Mapping[str, Any], arrays: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        if name in row:
            yield name, row[name]
        elif np.size(arrays[name]) == 1:
            yield name, np.asarray(arrays[name]).item()
        else:
            array = np.asarray(arrays[name])
            for place in np.ndindex(*array.shape):
                yield f"{name}[{','.join(map(str, place))}]", array[place].item()


@dataclass(frozen=True)
class Records:
    """Which epochs of a training go on record: every `every`-th from 0, and the last."""

    every: int

    @staticmethod
    def choose(epochs: int, rows: int | None, every: int | None, closely: bool) -> Records:
        """Choose by `every`, or by a number of `rows` (about, in the way of ``steps // (rows - 2)``).

        If neither is given, each epoch is on record up to 1,000 epochs or if it is watched `closely`, by a
        validation, a callback or a condition to stop; otherwise about 1,000 of them are.
        """
        if every is not None:
            return Records(every)
        if rows is None and (closely or epochs <= 1000):
            return Records(1)
        wanted = 1000 if rows is None else rows
        return Records(max(1, epochs // max(1, wanted - 2)))

    def has(self, epoch: int) -> bool:
        """Tell whether an epoch is on record, other than as the last."""
        return epoch % self.every == 0


def norm(*arrays: Any) -> float:
    """Return the Euclidean norm of several arrays together, computed in float64."""
    return math.sqrt(sum(float(np.vdot(a, a)) for a in (np.asarray(array, np.float64) for array in arrays)))
