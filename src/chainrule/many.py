"""Many networks at once, each trained as if it were alone, spread over the cores."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chainrule.checkpoints import Checkpoint
from chainrule.endings import ending_gently
from chainrule.engines.processor import available_cores
from chainrule.errors import InputError, TrainingError, shown
from chainrule.history import Start
from chainrule.optimizers import Optimizer, as_optimizer
from chainrule.ranges import MOST_SEED, whole
from chainrule.settings import Settings
from chainrule.trainer import Trainer

if TYPE_CHECKING:
    from chainrule.history import History
    from chainrule.network import Network

# For so many seconds nobody looks whether Ctrl-C was pressed.
_PATIENCE = 0.1


@dataclass(frozen=True)
class Job:
    """One training of many."""

    net: Network
    optimizer: Optimizer
    settings: Settings
    data: dict[str, Any]
    held_out: dict[str, Any] | None


def fit_many(
    networks: Sequence[Network],
    x: Any,
    t: Any,
    *,
    optimizer: Optimizer | str | None = None,
    sample_weight: Any = None,
    validation: tuple[Any, Any] | None = None,
    validation_fraction: float | None = None,
    threads: int | None = None,
    **settings: Any,
) -> list[History]:
    """Train several networks on the same data and return their histories.

    Each ends with the same bits as by `Network.fit` alone on the same engine. Networks of one shape share one compiled
    module, and as many are trained at a time as there are cores (or `threads`).

    Parameters
    ----------
    networks : the networks; each has its own seed, for its batches too, unless `seed` is given.
    x, t, settings : as for `Network.fit`, the same for all; no log, no callbacks, no restarts.

    Raises `InputError` as `fit` does, and the `TrainingError` of the first that diverges, after all have ended.

    >>> import chainrule as cr
    >>> networks = [cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)], seed=seed) for seed in range(4)]
    >>> histories = fit_many(networks, [[0, 1], [1, 0]], [1, 0], epochs=5)
    >>> [len(history) for history in histories]
    [5, 5, 5, 5]
    """
    from chainrule.network import Network
    from chainrule.training import prepare

    if not isinstance(networks, Sequence) or not networks or not all(isinstance(net, Network) for net in networks):
        raise InputError(f"fit_many takes a list of networks, not {shown(networks)}")
    if len(set(map(id, networks))) < len(networks):
        raise InputError("a network stands twice in the list; each trains its own parameters")
    jobs = []
    for net in networks:
        own = Settings.of(
            {"seed": net.seed, **settings},
            refused=("log", "log_values", "callbacks", "restarts", "checkpoint", "resume"),
        )
        own.method.check_optimizer(optimizer)
        update = as_optimizer(optimizer)
        if own.method.has_gradient:
            net.optimizer = update
        data, held_out = prepare(net, x, t, own, sample_weight, validation, validation_fraction)
        jobs.append(Job(net, update, own, data, held_out))
    results = train_all(jobs, threads)
    for result in results:
        if isinstance(result, TrainingError):
            raise result
    return [result for result in results if not isinstance(result, TrainingError)]


def train_all(jobs: Sequence[Job], threads: int | None) -> list[History | TrainingError]:
    """Train each alone on one thread, several at a time; a key press of Ctrl-C ends all and keeps what was learned.

    If the settings name a checkpoint it is that of all of them.
    """
    stop = threading.Event()
    trainers = []
    for job in jobs:
        settings = replace(job.settings, threads=1, progress=False)
        trainers.append(Trainer(job.net, job.optimizer, settings, job.data, job.held_out, stop, times=len(jobs)))
    with ExitStack() as stack:
        if checkpoint := Checkpoint.of(jobs[0].settings):
            stack.enter_context(ending_gently(stop))
            stack.enter_context(checkpoint)
            for number, trainer in enumerate(trainers):  # all are compared before any of them trains, or is written
                trainer.keep(checkpoint, number)
        return _in_threads(trainers, threads, stop)


def _in_threads(
    trainers: Sequence[Trainer], threads: int | None, stop: threading.Event
) -> list[History | TrainingError]:
    def train(trainer: Trainer) -> History | TrainingError:
        try:
            return trainer.run()
        except TrainingError as error:
            return error

    with ThreadPoolExecutor(available_cores() if threads is None else whole("threads", threads)) as pool:
        futures = [pool.submit(train, trainer) for trainer in trainers]
        try:
            while wait(futures, timeout=_PATIENCE).not_done:  # a wait without end might never see the key
                pass
        except KeyboardInterrupt:
            stop.set()
        return [future.result() for future in futures]


def restart(job: Job) -> History:
    """Train from several random starts, keep the best in the network, and return its history with all of them."""
    net, settings = job.net, job.settings
    seeds = [(settings.seed + k) % (MOST_SEED + 1) for k in range(settings.restarts)]
    twins = [net, *map(net.twin, seeds[1:])]
    jobs = [
        replace(job, net=twin, settings=replace(settings, seed=seed, restarts=1))
        for seed, twin in zip(seeds, twins, strict=True)
    ]
    results = train_all(jobs, settings.threads)
    starts = [_start_of(one, result) for one, result in zip(jobs, results, strict=True)]
    best = min(range(len(starts)), key=lambda k: starts[k].cost)
    if isinstance(failed := results[best], TrainingError):
        raise TrainingError(f"each of the {len(starts)} starts diverged. The first: {failed}")
    net.vector[...] = twins[best].vector
    net.set_states(twins[best].states)
    history = failed
    history.starts, history.best_start = starts, best
    return history


def _start_of(job: Job, result: History | TrainingError) -> Start:
    if isinstance(result, TrainingError):
        return Start(job.settings.seed, math.inf, None, str(result))
    watched = job.data if job.held_out is None else job.held_out
    return Start(job.settings.seed, job.net.cost(watched, penalties=job.held_out is None), result)
