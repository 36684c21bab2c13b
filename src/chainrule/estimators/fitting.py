"""One training of an estimator: its rows read and split, its networks made, trained, and watched."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from numbers import Integral
from typing import TYPE_CHECKING, Any

from chainrule.engines.processor import available_cores
from chainrule.errors import InputError, shown
from chainrule.estimators.arrays import Arrays
from chainrule.estimators.chosen import Chosen, last_activation
from chainrule.estimators.members import Data, Member, Task, new_networks
from chainrule.estimators.parts import Part, Split, check_lengths, read_weights
from chainrule.estimators.rows import read_rows
from chainrule.estimators.scoring import scorer_of
from chainrule.estimators.seen import Seen
from chainrule.estimators.splitting import check_parts, set_aside
from chainrule.estimators.tasks import EpochTasks
from chainrule.estimators.watching import Look, Scorer, Watch
from chainrule.network import Network
from chainrule.optimizers import Optimizer
from chainrule.ranges import MOST_SEED, whole
from chainrule.settings import Settings

if TYPE_CHECKING:
    from chainrule.estimators.base import NetworkEstimator
    from chainrule.history import History

Triple = tuple[Any, Any, Any]


class Fitting:
    """What `fit` of an estimator does, step by step; `seed` is that of its first network."""

    def __init__(self, estimator: NetworkEstimator, chosen: Chosen, seed: int):
        self.estimator, self.chosen, self.seed = estimator, chosen, seed
        self.starts = 1 if estimator.n_restarts is None else whole("n_restarts", estimator.n_restarts)
        given = estimator.ensemble
        self.members = chosen.recipe.ensemble if given is None else whole("ensemble", given)

    # Rows

    def part(self, X: Any, y: Any, weights: Any, *, reset: bool, learn: bool = True) -> Part:
        """Return rows with targets and weights, checked; with `learn` they are to train with."""
        estimator = self.estimator
        if y is None:
            name = type(estimator).__name__
            raise InputError(f"This {name} estimator requires y to be passed, but the target y is None.")
        rows = read_rows(estimator, X, reset=reset)
        targets = estimator._read_targets(y)
        check_lengths(rows, targets)
        checked = read_weights(weights, rows)
        return Part(X, None, rows, targets, checked, estimator._costs(targets, checked, learn))

    def split(self, training: Part, given: Triple) -> list[Split]:
        """Return for each network the rows to train with, and those to validate if there are any.

        Of an ensemble each network sets other rows aside, so that together they are trained with all. Rows of weight 0
        are in neither part.
        """
        X, y, weights = given
        if X is not None or y is not None:
            for one, other, value in (("X_val", "y_val", y), ("y_val", "X_val", X)):
                if value is None:
                    raise InputError(f"{one} is given without {other}")
            held_out = self.part(X, y, weights, reset=False, learn=False).with_weight()
            return [Split(training.with_weight(), held_out)] * self.members
        if weights is not None:
            raise InputError("sample_weight_val is given without X_val and y_val")
        fraction, present = self.chosen.recipe.validation_fraction, training.with_weight()
        if not fraction:
            return [Split(present, None)] * self.members
        strata = self.estimator._strata(present.y)
        return [self._set_aside(present, fraction, strata, number) for number in range(self.members)]

    def _set_aside(self, present: Part, fraction: float, strata: Any, number: int) -> Split:
        rows, aside = set_aside(len(present), fraction, self.seed, strata, number)
        if self.estimator.validation_fraction is not None:
            check_parts(rows, aside, fraction)
        return Split(present.take(rows), present.take(aside)) if len(aside) else Split(present, None)

    def arrays(self, net: Network) -> Arrays:
        """Return what turns rows into the arrays of a network, and of all of its shape."""
        return Arrays(net, self.estimator._encoding, self.estimator._target)

    # Networks

    def networks(self) -> list[Network]:
        """Return new networks, not trained yet: for each member of the ensemble as many as there are starts."""
        estimator = self.estimator
        loss, target = estimator._loss_of(self.chosen), estimator._target
        layers = self.chosen.layers(estimator._encoding, target.outputs, last_activation(loss, target))
        net = Network(len(estimator._encoding.input_names), layers, loss, seed=self.seed)
        return new_networks(net, self.members * self.starts)

    def seen(self) -> list[Seen]:
        """Return what is known, for each member of the ensemble, before it has seen a category."""
        encoder = self.estimator.encoder_
        return [Seen.nothing(encoder.codes if encoder else ()) for _ in range(self.members)]

    def settings(self, chooses_best: bool) -> Settings:
        """Return how to train; where costs choose the best epoch and nothing is said of patience, all are trained."""
        estimator, recipe = self.estimator, self.chosen.recipe
        patience = recipe.patience if recipe.patience is not None or not chooses_best else recipe.epochs
        if estimator.scoring is not None and (estimator.checkpoint is not None or estimator.resume is not None):
            raise InputError("a checkpoint does not hold the scores of scoring: leave one of them out")
        limit = estimator.max_seconds
        return Settings(
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            seed=self.seed,
            early_stopping=None if estimator.scoring is not None else patience,
            stop_seconds=None if limit is None else limit / self._rounds,
            checkpoint=estimator.checkpoint,
            resume=estimator.resume,
            checkpoint_seconds=estimator.checkpoint_seconds,
            progress=bool(estimator.verbose),
            engine=estimator.engine,
            threads=threads_of(estimator.threads),
        )

    @property
    def _rounds(self) -> int:
        """The networks that a core trains one after another."""
        workers = threads_of(self.estimator.threads) or available_cores()
        return math.ceil(self.members * self.starts / workers)

    def optimizer(self) -> Optimizer:
        """Return the optimiser."""
        estimator = self.estimator
        return self.chosen.optimizer(estimator.optimizer, estimator.rate, estimator.weight_decay)

    def begin(self, networks: int, passed: Any) -> Any:
        """Tell scikit-learn's callbacks that the training of so many networks begins; return its context."""
        epochs = self.chosen.recipe.epochs
        context = self.estimator._init_callback_context(
            max_subtasks=epochs if networks == 1 else networks, sequential_subtasks=networks == 1
        )
        context.call_on_fit_task_begin(estimator=self.estimator, **passed)
        return context

    def train(
        self, networks: Sequence[Network], splits: Sequence[Split], passed: Any, before: int, seen: Sequence[Seen]
    ) -> list[Member]:
        """Train the networks under the eyes of all who watch, and return those kept.

        `passed` is what scikit-learn's callbacks may ask for: X, y and metadata; `before` the epochs trained before,
        and `seen` the categories that each member was trained with then.
        """
        estimator, recipe, arrays = self.estimator, self.chosen.recipe, self.arrays(networks[0])
        rows: list[tuple[Data, Data | None]] = []
        scorers: list[Scorer | None] = []
        for split in splits:
            held_out = None if split.validation is None else arrays.data(split.validation)
            rows += [(arrays.data(split.training), held_out)] * self.starts
            scorers += [scorer_of(estimator, split.validation, arrays)] * self.starts
        del arrays  # and with it all rows as one array, of which each network now has its own
        with ExitStack() as stack:
            looks = self._looks(networks, passed, stack)
            watch: Callable[[int], Watch] | None = None
            if any(scorers) or any(looks):
                watch = lambda number: Watch(scorers[number], recipe.patience, looks[number])  # noqa: E731
            chooses_best = all(held_out is not None for _, held_out in rows)
            task = Task(self.optimizer(), self.settings(chooses_best), rows, watch, before, seen)
            members = task.train(networks, self.starts)
        if self._rounds > 1:
            self._tell_shares([member.history for member in members])
        return members

    def _tell_shares(self, histories: Sequence[History]) -> None:
        """Say of what the seconds are a share that ended a training."""
        for history in histories:
            if history.stopped.endswith(" seconds are over"):
                history.stopped = f"its share of {self.estimator.max_seconds:g} seconds is over"

    def _looks(self, networks: Sequence[Network], passed: Any, stack: ExitStack) -> list[list[Look]]:
        """Return, for each network, the callbacks of chainrule and the tasks of scikit-learn's."""
        own = self.estimator.callbacks
        own = [] if own is None else [own] if callable(own) else list(own)
        for callback in own:
            if not callable(callback):
                raise InputError(f"a callback is a function of the network and the history, not {shown(callback)}")
        if own and len(networks) > 1:
            raise InputError(
                f"callbacks are for one network, but there are {len(networks)}: give ensemble=1 and n_restarts=1, or "
                "use set_callbacks, which is for all"
            )
        context = self.estimator._callback_fit_ctx
        if not hasattr(self.estimator, "_skl_callbacks"):
            return [own for _ in networks]
        looks: list[list[Look]] = []
        for number, net in enumerate(networks):
            epochs = self.chosen.recipe.epochs
            mine = context
            if len(networks) > 1:
                mine = context.subcontext(task_name="network", task_id=number, max_subtasks=epochs)
                mine.call_on_fit_task_begin(estimator=self.estimator, **passed)
                stack.callback(mine.call_on_fit_task_end, estimator=self.estimator, **passed)
            tasks = EpochTasks(self.estimator, mine, epochs, passed, self.estimator._attributes)
            stack.callback(tasks.close)
            tasks.begin(net)
            looks.append([*own, tasks])
        return looks


def seed_from(random_state: Any) -> int:
    """Return a seed: a whole number is one, a `RandomState` or None draws one; else raises `ValueError`."""
    if isinstance(random_state, Integral) and not isinstance(random_state, bool):
        return whole("random_state", random_state, least=0, most=MOST_SEED)
    from sklearn.utils import check_random_state

    return int(check_random_state(random_state).randint(2**31 - 1))


def threads_of(threads: int | None) -> int | None:
    """Return how many threads may work: as many as asked for, or as the workers of joblib leave to each."""
    if threads is not None:
        return whole("threads", threads)
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(limit), available_cores()) if limit.isdigit() and int(limit) else None
