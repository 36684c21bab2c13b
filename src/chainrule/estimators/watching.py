"""What looks at a training after each epoch: scores of the validation rows, and callbacks of both kinds."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chainrule.engines.stepping import Snapshot, restore, snapshot

if TYPE_CHECKING:
    from chainrule.history import History
    from chainrule.network import Network

Scorer = Callable[["Network"], float]
# Called after each epoch of a network; True ends its training.
Look = Callable[["Network", "History"], "bool | None"]
_LOOKING = threading.RLock()


class Watch:
    """Scores a network after each epoch, keeps its best parameters, and calls others.

    Parameters
    ----------
    scorer : of the validation rows, the higher the better, NaN worst of all; None to leave the best epoch to the costs.
    patience : epochs without a better score after which training ends.
    looks : called with the network and the history, one training at a time.
    """

    def __init__(self, scorer: Scorer | None, patience: int | None, looks: Sequence[Look] = ()):
        self.scorer, self.patience, self.looks = scorer, patience, looks
        self.scores: list[float] | None = None if scorer is None else []
        self.best_score, self.best_epoch = -math.inf, 0
        self._kept: Snapshot | None = None
        self._gave_up = False

    def __call__(self, net: Network, history: History) -> bool:
        """Look at an epoch; return whether training is to end."""
        ends = self._score(net, history.epoch[-1])
        with _LOOKING:  # of several networks trained at once
            answers = [look(net, history) for look in self.looks]
        return ends or any(answer is not None and bool(answer) for answer in answers)

    def _score(self, net: Network, epoch: int) -> bool:
        if self.scorer is None or self.scores is None:
            return False
        score = float(self.scorer(net))
        self.scores.append(score)
        if math.isnan(score):
            score = -math.inf
        if self._kept is None or score > self.best_score:
            self.best_score, self.best_epoch, self._kept = score, epoch, snapshot(net)
        self._gave_up = self.patience is not None and epoch - self.best_epoch >= self.patience
        return self._gave_up

    def finish(self, net: Network, history: History) -> None:
        """Give the network the parameters of its best epoch."""
        if self._kept is not None:
            restore(net, self._kept)
            history.best_epoch = self.best_epoch
        if self._gave_up:
            history.stopped = f"no better score in {self.patience} epochs"
        self._kept = None
