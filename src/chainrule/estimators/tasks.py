"""The epochs of a training as tasks of scikit-learn's callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.history import History
    from chainrule.network import Network


@dataclass
class EpochTasks:
    """Tells scikit-learn's callbacks where each epoch of one network begins and ends.

    Parameters
    ----------
    estimator : the one that is fitted.
    context : of the network's training; its subtasks are the epochs.
    epochs : how many there are at most.
    passed : X, y and metadata for the hooks that ask for them.
    attributes : makes, of the network as it is, what an estimator needs to predict.
    """

    estimator: Any
    context: Any
    epochs: int
    passed: Mapping[str, Any]
    attributes: Callable[[Network], dict[str, Any]]
    _task: Any = field(default=None, init=False)

    def begin(self, net: Network) -> None:
        """Tell that an epoch begins."""
        self._task = self.context.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(**self._arguments(net))

    def __call__(self, net: Network, history: History) -> bool:
        """Tell that an epoch has ended; return whether a callback asks to end the training."""
        if self._task is None:
            self.begin(net)
        ends = bool(self._task.call_on_fit_task_end(**self._arguments(net)))
        self._task = None
        if not ends and history.epoch[-1] + 1 < self.epochs:
            self.begin(net)
        return ends

    def close(self) -> None:
        """End the task of an epoch that was announced and then not trained."""
        if self._task is not None:
            self._task.call_on_fit_task_end(estimator=self.estimator)
            self._task = None

    def _arguments(self, net: Network) -> dict[str, Any]:
        made = lambda: self.attributes(_as_it_is(net))  # noqa: E731  only made if a callback asks for it
        return {"estimator": self.estimator, **self.passed, "reconstruction_attributes": made}


def _as_it_is(net: Network) -> Network:
    """Return a network with the present parameters, which training leaves alone."""
    twin = net.twin(net.seed)
    twin.vector[...] = net.vector
    twin.set_states(net.states)
    twin.engine = net.engine
    return twin
