"""The rounds of a row: all contestants in turn, several times, and the ratios within each round."""

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from math import inf, isclose
from pathlib import Path
from statistics import median

import numpy as np
from protocol import Problem, save

from comparing.contestants import CHAINRULE, Contestant, Entry, Setting, entries_of
from comparing.rows import PRODUCTS, Row, problem_of

# Losses after the same steps agree within this, weights of the small networks within that.
LOSS_TOLERANCE, WEIGHT_TOLERANCE = 1e-2, 1e-3
# Threads that wait for more work by spinning have stopped by then.
_PAUSE = 0.1


@dataclass
class Result:
    """What was measured for a row, in seconds a step by entry and round."""

    row: Row
    seconds: dict[Entry, list[float]]
    losses: dict[Entry, float]
    memory: dict[Entry, float]
    busy: dict[Entry, float]
    faults: list[str] = field(default_factory=list)

    @property
    def own(self) -> Entry:
        return Entry(CHAINRULE)

    def step(self, entry: Entry) -> float:
        return median(self.seconds[entry])

    def ratios(self, entry: Entry, own: Entry | None = None) -> list[float]:
        """Return how many times as long as chainrule an entry took, by round."""
        return [peer / ours for peer, ours in zip(self.seconds[entry], self.seconds[own or self.own], strict=True)]

    def best(self, library: str) -> Entry:
        """Return the entry by which a library counts: its fastest."""
        return min((entry for entry in self.seconds if entry.library == library), key=self._median_ratio)

    def _median_ratio(self, entry: Entry) -> float:
        return median(self.ratios(entry))

    def figures(self, library: str, entry: Entry | None = None) -> list[float]:
        """Return the figures of a library that its aim is about, by round."""
        ratios = self.ratios(entry or self.best(library))
        return [1 / ratio for ratio in ratios] if library == PRODUCTS else ratios

    def figure(self, library: str) -> float:
        return median(self.figures(library))


def measure(row: Row, setting: Setting, rounds: int, seconds: float, compiled: bool) -> Result:
    """Measure a row."""
    problem = problem_of(row)
    path = setting.folder / f"{row.name}.npz"
    save(path, problem)
    with ExitStack() as stack:
        contestants = []
        for entry in entries_of(row, compiled):
            command = setting.command(entry, path, _values(row, problem))
            contestants.append(stack.enter_context(closing(Contestant(entry, command, problem.batches))))
        replies = {one.entry: one.go(row.check_steps) for one in contestants}
        for one in contestants:
            # A call of fit prepares before its first step: chainrule counts with that, over a longer training.
            one.calibrate(2 * seconds if one.entry.library == CHAINRULE else seconds)
        taken: dict[Entry, list[float]] = {one.entry: [] for one in contestants}
        for _ in range(rounds):
            for one in contestants:
                time.sleep(_PAUSE)
                taken[one.entry].append(one.per_step())
        return Result(
            row,
            taken,
            {entry: reply["loss"] for entry, reply in replies.items() if "loss" in reply},
            {one.entry: one.memory for one in contestants},
            {one.entry: one.busy for one in contestants},
            faults(replies),
        )


def _values(row: Row, problem: Problem) -> list[str]:
    """Return what a network in C++ is given: its number, the inputs of all samples, the targets."""
    number = row.name.rpartition("-")[2]
    return [number, *(repr(float(value)) for array in (problem.x, problem.t) for value in array.ravel())]


def faults(replies: dict[Entry, dict]) -> list[str]:
    """Say which contestants do not end where chainrule does."""
    own = replies[Entry(CHAINRULE)]
    found = []
    for entry, reply in replies.items():
        if not isclose(reply.get("loss", own["loss"]), own["loss"], rel_tol=LOSS_TOLERANCE):
            found.append(f"{entry}: loss {reply['loss']:.6g}, chainrule's is {own['loss']:.6g}")
        weights = reply.get("weights") or own.get("weights", [])
        apart = float(np.max(np.abs(np.subtract(weights, own.get("weights", []))), initial=0))
        if not apart <= WEIGHT_TOLERANCE:
            found.append(f"{entry}: weights differ from chainrule's by {apart:.2g}")
    return found


def spread(values: list[float]) -> tuple[float, float]:
    return min(values, default=inf), max(values, default=-inf)


def cache_of(folder: Path, name: str) -> str:
    """Return a fresh folder for compiled code."""
    path = folder / f"cache-{name}"
    path.mkdir()
    return str(path)
