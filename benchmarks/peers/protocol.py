"""What all contestants in Python share: each reads a problem, trains when told to, and says how long it took.

python CONTESTANT PROBLEM.npz [--threads K] [--variant NAME]

For each line "go STEPS" on standard input it goes back to the initial weights, trains, and prints a line of JSON. With
"--first STARTED" (a time of the clock) it says instead how long its first training took, counted from there.
"""

import argparse
import json
import re
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

ADAM_RATE, BETA_1, BETA_2, EPSILON = 0.001, 0.9, 0.999, 1e-8
_PRINTED_WEIGHTS = 100  # of small networks, to be compared one by one
_MORE_EPOCHS = 10  # to tell the time of an epoch from that of a start


@dataclass
class Problem:
    """Data and initial weights: relu between the layers, softmax and cross entropy at the end, Adam.

    Where `example` names one of chainrule's, it is that: sigmoid, half the squared error, gradient descent, full batch.
    """

    x: np.ndarray
    t: np.ndarray
    weights: list[np.ndarray]  # w1 (inputs, units), b1, w2, b2, ...
    batch: int
    example: str

    @property
    def batches(self) -> int:
        """The number of batches in an epoch; all are full."""
        return len(self.x) // self.batch

    @property
    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return list(zip(self.weights[::2], self.weights[1::2], strict=True))

    def split(self, array: np.ndarray) -> np.ndarray:
        """Return the rows of an array by their batches."""
        return array.reshape(self.batches, self.batch, *array.shape[1:])


def save(path: Path, problem: Problem) -> None:
    weights = {f"weights_{k:03}": value for k, value in enumerate(problem.weights)}
    np.savez(path, x=problem.x, t=problem.t, batch=problem.batch, example=problem.example, **weights)


def load(path: str | Path) -> Problem:
    with np.load(path) as file:
        weights = [file[name] for name in sorted(file.files) if name.startswith("weights_")]
        return Problem(file["x"], file["t"], weights, int(file["batch"]), str(file["example"]))


def loss_of(problem: Problem, weights: list[np.ndarray]) -> float:
    """Return the mean cost of all rows, in float64 and by NumPy, the same for all contestants."""
    value = problem.x.astype(np.float64)
    for k in range(0, len(weights), 2):
        value = value @ np.asarray(weights[k], np.float64) + np.asarray(weights[k + 1], np.float64)
        if problem.example:
            value = 1 / (1 + np.exp(-value))
        elif k < len(weights) - 2:
            value = np.maximum(value, 0)
    if problem.example:
        return float(((value - problem.t) ** 2).sum(axis=1).mean() / 2)
    value -= value.max(axis=1, keepdims=True)
    return float(-(problem.t * (value - np.log(np.exp(value).sum(axis=1, keepdims=True)))).sum(axis=1).mean())


class Contestant(Protocol):
    """One library at one problem."""

    def restart(self) -> None:
        """Go back to the initial weights, with a fresh optimiser."""

    def train(self, steps: int) -> None:
        """Do so many updates, whole epochs of batches in their order; return when they are done."""

    def weights(self) -> list[np.ndarray]:
        """Return the weights as the problem has them."""


def serve(make: Callable[[Problem, argparse.Namespace], Contestant]) -> None:
    """Run a contestant by the command line and standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("problem")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--variant", default="")
    parser.add_argument("--first", type=float)
    options = parser.parse_args()
    problem = load(options.problem)
    contestant = make(problem, options)
    if options.first is not None:
        print(json.dumps(first_result(contestant, problem, options.first)))
        return
    for line in sys.stdin:
        reply = timed(contestant, int(line.split()[1]))
        weights = contestant.weights()
        if weights:
            reply["loss"] = loss_of(problem, weights)
        if sum(map(np.size, weights)) <= _PRINTED_WEIGHTS:
            reply["weights"] = [float(value) for array in weights for value in np.ravel(array)]
        print(json.dumps(reply), flush=True)


def timed(contestant: Contestant, steps: int) -> dict:
    contestant.restart()
    cpu, started = time.process_time(), time.perf_counter()
    contestant.train(steps)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {"seconds": seconds, "cpu": cpu, "memory": peak_memory()}


def peak_memory() -> float:
    """Return the most memory that was resident, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says there includes the process that started this one
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def first_result(contestant: Contestant, problem: Problem, started: float) -> dict:
    """Return how long the first epoch took since `started`, without the time that an epoch's steps take."""
    contestant.restart()
    contestant.train(problem.batches)
    first = time.time() - started
    few, many = problem.batches, (1 + _MORE_EPOCHS) * problem.batches
    # Twice each: the first time may compile for this number of steps.
    again, longer = (min(timed(contestant, steps)["seconds"] for _ in range(3)) for steps in (few, many))
    epoch = max(0.0, longer - again) / _MORE_EPOCHS
    return {"first": first - epoch, "again": max(0.0, again - epoch)}
