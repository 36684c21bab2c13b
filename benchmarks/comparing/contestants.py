"""Contestants as processes of their own, each with its number of threads."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from comparing import PEERS
from comparing.rows import FAST_MATH, GCC, JAX, PRODUCTS, PYTORCH, SKLEARN, Row

CHAINRULE = "chainrule"
# Each with its script, and its variants beside the plain one.
SCRIPTS = {
    CHAINRULE: ("chainrule_.py", ()),
    PYTORCH: ("pytorch.py", ("compile",)),
    JAX: ("jax_.py", ("steps",)),
    SKLEARN: ("sklearn_.py", ()),
    PRODUCTS: ("products.py", ()),
}
_OWN_PYTHON = (CHAINRULE, PRODUCTS)
_MOST_STEPS = 10**9


@dataclass(frozen=True)
class Entry:
    """Who takes part in a row: a library, a variant of it, with all cores or one thread."""

    library: str
    variant: str = ""
    threads: int | None = None

    def __str__(self) -> str:
        variant = f" ({self.variant})" if self.variant else ""
        return f"{self.library}{variant}{', 1 thread' if self.threads == 1 else ''}"


def entries_of(row: Row, compiled: bool) -> Iterator[Entry]:
    """Give all entries of a row, chainrule with all cores first."""
    threads = (None,) if row.is_example else (None, 1)
    for library in (CHAINRULE, *row.aims):
        variants = SCRIPTS[library][1] if library in SCRIPTS else ()
        for variant in ("", *variants):
            if variant != "compile" or compiled:
                yield from (Entry(library, variant, count) for count in threads)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment(threads: int | None) -> dict[str, str]:
    """Return the environment of a process whose libraries are to use so many threads."""
    count = str(threads or cores())
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "PJRT_NPROC")
    given = {**os.environ, **dict.fromkeys(names, count), "JAX_PLATFORMS": "cpu"}
    if threads == 1:
        given["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return given


class Setting:
    """Where the contestants are found: the peers' Python, the compiled programs, a folder for problems."""

    def __init__(self, peers: Path, programs: dict[str, Path], folder: Path):
        self.peers, self.programs, self.folder = peers, programs, folder

    def command(self, entry: Entry, problem: Path, values: list[str]) -> list[str]:
        """Return the command of an entry; `values` is what a program in C++ is given."""
        if entry.library in (GCC, FAST_MATH):
            return [str(self.programs[entry.library]), *values]
        python = sys.executable if entry.library in _OWN_PYTHON else str(self.peers)
        command = [python, str(PEERS / SCRIPTS[entry.library][0]), str(problem), "--variant", entry.variant]
        return [*command, *(["--threads", str(entry.threads)] if entry.threads else [])]


class Contestant:
    """A process that trains when it is told to."""

    def __init__(self, entry: Entry, command: list[str], every: int):
        self.entry, self.every, self.steps = entry, every, every
        self.memory = self.busy = 0.0  # MiB, and cores kept busy, when it last trained
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, bufsize=1, env=environment(entry.threads)
        )

    def go(self, steps: int) -> dict:
        """Train from the initial weights; return what the contestant says of it."""
        self.process.stdin.write(f"go {steps}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.entry} ended with {self.process.wait()}")
        reply = json.loads(line)
        self.memory, self.busy = reply["memory"], reply["cpu"] / reply["seconds"]
        return reply

    def calibrate(self, seconds: float) -> None:
        """Choose the number of steps, whole epochs, that take about so long, and get warm at it."""
        while self.steps < _MOST_STEPS:
            self.go(self.steps)
            taken = self.go(self.steps)["seconds"]
            if taken >= seconds / 2:
                break
            self.steps = self._whole(self.steps * min(10.0, max(2.0, seconds / taken)))
        self.steps = self._whole(self.steps * min(2.0, max(0.1, seconds / taken)))
        self.go(self.steps)

    def _whole(self, steps: float) -> int:
        return max(1, round(steps / self.every)) * self.every

    def per_step(self) -> float:
        """Return the seconds of a step in one round."""
        return self.go(self.steps)["seconds"] / self.steps

    def close(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def first_result(command: list[str], threads: int | None = None, **changes: str) -> dict:
    """Return what a fresh process says of its first training, counted from before it was started."""
    given = {**environment(threads), **changes}
    said = subprocess.run(
        [*command, "--first", repr(time.time())], env=given, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(said.stdout)
