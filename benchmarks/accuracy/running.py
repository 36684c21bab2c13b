"""Runs each method on each table in a fresh process, with a time limit, and keeps what it says."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

from accuracy import records
from accuracy.folds import fold_count
from accuracy.methods import THREADS
from accuracy.table import Table

BENCHMARKS = Path(__file__).parents[1]
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT", "POLARS_MAX_THREADS")


@dataclass(frozen=True)
class Contestant:
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def environment(place: str) -> dict[str, str]:
    """Return that of a worker, which begins with no machine code kept from before.

    Threads that wait do not spin, which on a shared core takes time from the others.
    """
    limits = dict.fromkeys(_THREADS, str(THREADS))
    own = {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": str(BENCHMARKS), "CHAINRULE_CACHE": place}
    return os.environ | limits | own


def run(table: Table, contestant: Contestant, most_folds: int, limit: float, folder: Path, again: bool) -> None:
    """Measure the folds that are not in the folder yet, or all of them again."""
    folds = list(range(min(fold_count(table), most_folds)))
    if again:
        records.remove(folder, contestant.name, table.name, folds)
    there = {records.key(record) for record in records.read(folder)}
    missing = [fold for fold in folds if (contestant.name, table.name, fold) not in there]
    if not missing:
        return
    print(f"{table.name}, {contestant.name} ...", file=sys.stderr, flush=True)
    left, why = _work(table, contestant, missing, limit, folder)
    for fold in left:
        known = {"table": table.name, "method": contestant.name, "arguments": dict(contestant.arguments), "fold": fold}
        records.append(folder, known | {"failure": why})
        print(f"  fold {fold}: failed, {why}", file=sys.stderr, flush=True)


def _work(table: Table, contestant: Contestant, folds: list[int], limit: float, folder: Path) -> tuple[list[int], str]:
    """Return the folds that gave no record, and why."""
    job = {"table": table.name, "method": contestant.name, "arguments": dict(contestant.arguments), "folds": folds}
    command = [sys.executable, "-m", "accuracy.worker", json.dumps(job)]
    left = list(folds)
    with tempfile.TemporaryDirectory(prefix="accuracy-") as place, tempfile.TemporaryFile("w+") as said:
        place_of = {"cwd": place, "env": environment(place)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, **place_of) as process:
            timer = Timer(limit, process.kill)
            timer.start()
            for line in process.stdout or ():
                record = json.loads(line)
                records.append(folder, record)
                left.remove(record["fold"])
                print(f"  fold {record['fold']}: {_summary(record)}", file=sys.stderr, flush=True)
        in_time = timer.is_alive()
        timer.cancel()
        said.seek(0)
        last = " ".join(said.read().strip().splitlines()[-1:])
    why = f"ended with {process.returncode}: {last}"[:500]
    return left, why if in_time else f"more than {limit:g} s for all folds"


def _summary(record: records.Record) -> str:
    if "failure" in record:
        return record["failure"]
    scores = ", ".join(f"{name} {value:.4g}" for name, value in record["scores"].items() if value is not None)
    return f"{scores}; {record['train_seconds']:.1f} s ({record['train_processor_seconds']:.1f} s of processor)"
