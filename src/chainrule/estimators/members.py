"""The networks of an estimator: made from seeds, trained one or many at a time, the best of several starts kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.errors import TrainingError
from chainrule.estimators.seen import Seen
from chainrule.estimators.watching import Watch
from chainrule.history import History
from chainrule.many import Job, train_all
from chainrule.network import Network
from chainrule.optimizers import Optimizer
from chainrule.settings import Settings
from chainrule.threads import one_thread
from chainrule.trainer import Trainer

Data = dict[str, Any]


class InterruptedWarning(UserWarning):
    """Ctrl-C ended the training of an estimator, which has what was learned until then."""


@dataclass(frozen=True)
class Member:
    """A trained network with its history and, if it was scored, the score of the validation rows by epoch.

    `number` is its place in the ensemble, by which rows are set aside for it; `seen` the categories trained with.
    """

    net: Network
    history: History
    scores: list[float] | None
    number: int
    seen: Seen


@dataclass(frozen=True)
class Task:
    """What all networks of an estimator have in common, and for each of them the rows to train and to validate with.

    `watch` makes what looks at a training after each epoch, given its number; None where nobody does. `before` is how
    many epochs were trained before, from which batches are drawn in another order; `seen` are the categories that each
    member of the ensemble was trained with then.
    """

    optimizer: Optimizer
    settings: Settings
    rows: Sequence[tuple[Data, Data | None]]
    watch: Callable[[int], Watch] | None
    before: int
    seen: Sequence[Seen]

    def train(self, networks: Sequence[Network], starts: int) -> list[Member]:
        """Train all networks; of each `starts` that follow one another keep the best.

        Raises the `TrainingError` of the first of which all starts diverged.
        """
        watches = [self.watch(number) if self.watch else None for number in range(len(networks))]
        jobs = [self._job(*one) for one in zip(networks, self.rows, watches, strict=True)]
        with one_thread():
            results = self._run(jobs)
        members = []
        for number, first in enumerate(range(0, len(jobs), starts)):
            group = range(first, first + starts)
            best = first
            if starts > 1:
                best = min(group, key=lambda k: self._badness(jobs[k], results[k], watches[k]))
            history, watch = results[best], watches[best]
            if isinstance(history, TrainingError):
                raise history
            net, seen = jobs[best].net, self.seen[number]
            seen.note(net, jobs[best].data)
            members.append(Member(net, history, watch.scores if watch else None, number, seen))
        return members

    def _job(self, net: Network, rows: tuple[Data, Data | None], watch: Watch | None) -> Job:
        callbacks = [watch] if watch else []
        settings = replace(self.settings, seed=seed_of(net.seed, self.before), callbacks=callbacks)
        net.optimizer = self.optimizer
        return Job(net, self.optimizer, settings, *rows)

    def _run(self, jobs: Sequence[Job]) -> Sequence[History | TrainingError]:
        if len(jobs) > 1:
            results: Sequence[History | TrainingError] = train_all(jobs, self.settings.threads)
        else:
            job = jobs[0]
            results = [Trainer(job.net, job.optimizer, job.settings, job.data, job.held_out).run()]
        for job, result in zip(jobs, results, strict=True):
            for watch in job.settings.callbacks:
                if isinstance(watch, Watch) and isinstance(result, History):
                    watch.finish(job.net, result)
        return results

    def _badness(self, job: Job, result: History | TrainingError, watch: Watch | None) -> tuple[bool, float]:
        """Return what is lower for a better start: whether it diverged; its best score, or the cost of rows watched."""
        if isinstance(result, TrainingError):
            return True, math.inf
        if watch and watch.scores is not None:
            return False, -watch.best_score
        watched = job.data if job.held_out is None else job.held_out
        return False, job.net.cost(watched, penalties=job.held_out is None)


def worth_keeping(members: Sequence[Member]) -> list[Member]:
    """Return the members of an ensemble that Ctrl-C did not end when they had hardly begun.

    That is: less than half the epochs of the longest.
    """
    most = max(member.history.epochs for member in members)
    return [member for member in members if not was_interrupted(member) or 2 * member.history.epochs >= most]


def was_interrupted(member: Member) -> bool:
    """Tell whether Ctrl-C ended a training."""
    return member.history.stopped == "interrupted"


def seed_of(seed: int, number: int) -> int:
    """Return the seed of one of several networks: the first has the estimator's own, others one made of it.

    >>> seed_of(7, 0), seed_of(7, 1) == seed_of(8, 0)
    (7, False)
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) if number else seed


def new_networks(net: Network, count: int) -> list[Network]:
    """Return a network and others of the same equations, `count` in all."""
    return [net, *(net.twin(seed_of(net.seed, number)) for number in range(1, count))]
