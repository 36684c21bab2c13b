"""What else is measured: the time to a first result, growth with the size of the work, and restarts."""

import time
from contextlib import closing
from dataclasses import dataclass
from statistics import median

from protocol import Problem, save

from comparing.contestants import CHAINRULE, Contestant, Entry, Setting, first_result
from comparing.rounds import cache_of
from comparing.rows import BATCHES, JAX, PYTORCH, SKLEARN, Row, network_of, problem_of, random_problem

BASE = (64, 100, 10)
BASE_BATCH = 200
_SECONDS, _RESTARTS_SECONDS = 0.3, 3.0


@dataclass
class First:
    """Seconds from the start of a process to its first result, without the steps; and of a second training."""

    row: str
    who: str
    first: float
    again: float


def first_results(rows: list[Row], setting: Setting, repeats: int) -> list[First]:
    """Measure fresh processes: chainrule with an empty and with a filled cache, and its peers."""
    results = []
    for row in rows:
        path = setting.folder / f"first-{row.name}.npz"
        save(path, problem_of(row))

        def run(library: str, path=path, **changes: str) -> dict:
            return first_result(setting.command(Entry(library), path, []), **changes)

        kinds: dict[str, list[dict]] = {}
        for number in range(repeats):
            cache = cache_of(setting.folder, f"{row.name}-{number}")
            kinds.setdefault("chainrule, never compiled before", []).append(run(CHAINRULE, CHAINRULE_CACHE=cache))
            kinds.setdefault("chainrule, compiled before", []).append(run(CHAINRULE, CHAINRULE_CACHE=cache))
            for library in (PYTORCH, JAX, SKLEARN):
                kinds.setdefault(library, []).append(run(library))
        for who, replies in kinds.items():
            first, again = (median(reply[key] for reply in replies) for key in ("first", "again"))
            results.append(First(row.name, who, first, again))
    return results


@dataclass
class Point:
    """The time of a step as one size grows."""

    size: str
    value: int
    seconds: float


def _points() -> list[tuple[str, int, Problem]]:
    inputs, units, outputs = BASE
    rows = BATCHES * BASE_BATCH
    points = []
    for value in (2_000, 20_000, 200_000):
        points.append(("rows of data", value, random_problem(BASE, BASE_BATCH, value)))
    for value in (25, 100, 400, 1600):
        points.append(("units in the hidden layer", value, random_problem((inputs, value, outputs), BASE_BATCH, rows)))
    for value in (1, 2, 4, 8):
        sizes = (inputs, *[units] * value, outputs)
        points.append(("hidden layers", value, random_problem(sizes, BASE_BATCH, rows)))
    for value in (20, 200, 2_000):
        points.append(("rows in a batch", value, random_problem(BASE, value, BATCHES * value)))
    return points


def growth(setting: Setting, repeats: int) -> list[Point]:
    """Measure chainrule's time of a step with more rows, units, layers, and larger batches."""
    results = []
    path = setting.folder / "growth.npz"
    for size, value, problem in _points():
        save(path, problem)
        entry = Entry(CHAINRULE)
        with closing(Contestant(entry, setting.command(entry, path, []), problem.batches)) as contestant:
            contestant.calibrate(_SECONDS)
            results.append(Point(size, value, median(contestant.per_step() for _ in range(repeats))))
    return results


@dataclass
class Restarts:
    """Several trainings one after the other, and as many from other starts in one call."""

    network: str
    count: int
    singly: float
    at_once: float


def restarts(row: Row, count: int, repeats: int) -> Restarts:
    """Measure several starts in one call beside as many calls for one network."""
    problem = problem_of(row)
    settings = {"batch_size": row.batch, "engine": "compiled", "log_every": 10**9, "progress": False}

    net, epochs = network_of(row.sizes), 10
    start = dict(net.parameters)

    def singly() -> float:
        started = time.perf_counter()
        for _ in range(count):
            net.set_parameters(start)
            net.fit(problem.x, problem.t, epochs=epochs, **settings)
        return time.perf_counter() - started

    def at_once() -> float:
        started = time.perf_counter()
        network_of(row.sizes).fit(problem.x, problem.t, epochs=epochs, restarts=count, **settings)
        return time.perf_counter() - started

    at_once()
    while singly() < _RESTARTS_SECONDS:
        epochs *= 2
    pairs = [(singly(), at_once()) for _ in range(repeats)]
    return Restarts(row.name, count, *(median(times) for times in zip(*pairs, strict=True)))
