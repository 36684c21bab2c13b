"""Training by one batch of rows after another: what `partial_fit` carries from call to call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import InputError
from chainrule.estimators.members import Data, seed_of
from chainrule.history import History
from chainrule.optimizers import Optimizer
from chainrule.progress import Progress
from chainrule.schedules import as_schedule
from chainrule.settings import Settings
from chainrule.threads import one_thread
from chainrule.trainer import Trainer

if TYPE_CHECKING:
    from chainrule.network import Network


@dataclass
class Stream:
    """The optimiser of a network between two calls: its updates so far and its states by name."""

    optimizer: Optimizer
    calls: int = 0
    step: int = 0
    states: dict[str, Any] = field(default_factory=dict)

    def train(self, net: Network, settings: Settings, data: Data) -> History:
        """Show a network some rows once, each call in an order of its own."""
        settings = replace(settings, seed=seed_of(net.seed, self.calls))
        net.optimizer = self.optimizer
        with one_thread():
            history = _GoingOn(self, net, settings, data).run()
        self.calls += 1
        return history


class _GoingOn(Trainer):
    """A run of `fit` that begins with the optimiser of the one before."""

    def __init__(self, stream: Stream, net: Network, settings: Settings, data: Data):
        super().__init__(net, stream.optimizer, settings, data, None)
        self.stream = stream

    def _loop(self, bar: Progress) -> str:
        stream, engine, optimizer = self.stream, self.engine, self.training.optimizer
        engine.resume(stream.step, stream.states)
        try:
            return super()._loop(bar)
        finally:
            names = [state.name for p in self.net.architecture.trainable for state in optimizer.states_of(p).values()]
            stream.step, arrays = engine.standing.step, engine.arrays
            stream.states = {name: np.array(arrays[name]) for name in names}


def check_rate(optimizer: Optimizer) -> None:
    """Raise `InputError` for a learning rate that needs to know how many updates there will be."""
    schedule = as_schedule(optimizer.rate)
    if any(schedule.at(step, 10) != schedule.at(step, 1000) for step in (2, 5, 9)):
        raise InputError(
            f"partial_fit does not know how many updates there will be, which {schedule!r} needs: give a rate that "
            "is a number, or a schedule of steps"
        )
