"""What the training loop and the engines say to each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from chainrule.program import Program

if TYPE_CHECKING:
    from chainrule.history import Records
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer
    from chainrule.settings import Settings

# One epoch on record: epoch, cost, error, rate, and the norm of each layer's gradient.
Row = dict[str, Any]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Training:
    """Everything that a training is: the network, what it does in a step, with what data and how."""

    net: Network
    program: Program
    optimizer: Optimizer
    settings: Settings
    data: dict[str, Any]
    records: Records
    # For each layer the names of its trained parameters.
    layers: Mapping[int, Sequence[str]]
    # Arrays that a log asks for.
    logged: Sequence[str] = field(default=())
    # How many trainings like this one there are, itself among them: they share what compiling takes.
    times: int = 1

    @cached_property
    def batch_size(self) -> int:
        """The samples in one update."""
        rows = int(self.data["N"])
        return min(rows, self.settings.batch_size or rows)

    @cached_property
    def total_steps(self) -> int:
        """The updates of all epochs."""
        return math.ceil(int(self.data["N"]) / self.batch_size) * self.settings.epochs

    def is_on_record(self, epoch: int) -> bool:
        """Tell whether an epoch goes on record."""
        return self.records.has(epoch) or epoch == self.settings.epochs - 1


@dataclass
class Standing:
    """Where a training stands: epochs done, rows of the present one done, updates done.

    `cost` is that of the present epoch so far; `held` says that its last step is computed and not yet applied,
    `reached` that its cost was low enough to stop.
    """

    epoch: int = 0
    start: int = 0
    step: int = 0
    cost: float = math.nan
    held: bool = False
    reached: bool = False


def place_of(training: Training, epoch: int, start: int, step: int) -> Standing:
    """Return where a training that goes on stands; raises `ValueError` for a place that it cannot be at."""
    rows = int(training.data["N"])
    fits = 0 <= epoch <= training.settings.epochs and 0 <= start < rows and start % training.batch_size == 0
    if not fits or step < 0:
        raise ValueError(f"epoch {epoch}, row {start}, step {step}")
    return Standing(epoch, start, step)


class NotFiniteError(Exception):
    """The cost, or a parameter, is no longer a finite number."""


class Engine(Protocol):
    """What trains."""

    name: str
    standing: Standing

    @property
    def arrays(self) -> Mapping[str, Any]:
        """The arrays of the last step by name, as far as the log asks for them."""

    def advance(self, until: int, *, hold: bool = False, finish: bool = False, seconds: float = math.inf) -> list[Row]:
        """Train until `until` epochs are done; return the rows of epochs on record.

        It comes back earlier after about so many `seconds`, when the cost that stops training is reached, with `hold`
        before the last update of an epoch on record, and with `finish` after one more step, which ends its epoch.
        Raises `NotFiniteError`.
        """

    def resume(self, step: int, states: Mapping[str, Any]) -> None:
        """Go on where a training of the same network ended: after so many updates, with its optimiser's states."""

    def state(self) -> dict[str, Array]:
        """Return copies of what a training needs to go on from here, beside the network's own arrays and the records.

        Not while a step is held.
        """

    def take_up(self, state: Mapping[str, Array]) -> None:
        """Go on from what `state` returned, of an engine of the same training and of the same kind."""

    def failure(self) -> tuple[str, float]:
        """Return, after `NotFiniteError`, where the step began not to be finite, and its learning rate."""

    def recover(self) -> str:
        """Give the network finite parameters after `NotFiniteError`; return which those are."""

    def close(self) -> None:
        """Give back what it holds; the network has what was learned."""
