"""One method on one table, in a process of its own: a JSON line on standard output for each fold.

python -m accuracy.worker '{"table": "OJ", "method": "MLP", "arguments": {}, "folds": [0, 1, 2]}'
"""

import importlib.metadata
import json
import os
import pickle
import platform
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from accuracy.folds import fingerprint, split
from accuracy.methods import METHODS, THREADS, base_of
from accuracy.scoring import class_scores, number_scores
from accuracy.table import Table
from accuracy.tables import BY_NAME

WARM_UP_ROWS = 60
_LIBRARIES = ("numpy", "pandas", "scikit-learn")


def own_output() -> TextIO:
    """Keep standard output for records alone; what libraries print goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def hold_to_cores(count: int) -> None:
    """Let no method have more cores than the others, whatever it takes for its number of threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions(method: str) -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in (*_LIBRARIES, *METHODS[base_of(method)].libraries)}
    return {"python": platform.python_version(), **found}


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what the work returns, with its seconds and the seconds that the processor was busy with it."""
    busy, start = time.process_time(), time.perf_counter()
    result = work()
    return result, time.perf_counter() - start, time.process_time() - busy


def few_rows(target: pd.Series, table: Table) -> np.ndarray:
    """Return the positions of some rows of each class, or of the first rows."""
    if not table.is_classification:
        return np.arange(WARM_UP_ROWS)
    rank_in_class = target.groupby(target).cumcount().to_numpy()
    return np.argsort(rank_in_class, kind="stable")[: max(WARM_UP_ROWS, 5 * target.nunique())]


def pickled_bytes(model: Any) -> int | None:
    try:
        return len(pickle.dumps(model))
    except (pickle.PicklingError, AttributeError, TypeError):
        return None


def scores_of(model: Any, frame: pd.DataFrame, truth: pd.Series, table: Table) -> tuple[dict[str, float | None], float]:
    """Return the scores, and the seconds that predicting took."""
    if table.is_classification:
        predicted, seconds, _ = timed(lambda: np.asarray(model.predict_proba(frame), dtype="float64"))
        classes = np.asarray(model.classes_, dtype=str)
        return class_scores(truth.to_numpy(dtype=str), predicted, classes), seconds
    predicted, seconds, _ = timed(lambda: np.asarray(model.predict(frame), dtype="float64").ravel())
    return number_scores(truth.to_numpy(), predicted), seconds


def measure(make: Callable[[], Any], frame: pd.DataFrame, target: pd.Series, table: Table, fold: int) -> dict[str, Any]:
    train, test = split(table, target, fold)
    known = {"fold": fold, "training_rows": len(train), "test_rows": len(test), "test_sum": fingerprint(test)}
    try:
        fitting = make()
        _, seconds, busy = timed(lambda: fitting.fit(frame.iloc[train], target.iloc[train]))
        scores, predicting = scores_of(fitting, frame.iloc[test], target.iloc[test], table)
    except Exception as error:  # whatever goes wrong in a method is one of its results
        return known | {"failure": f"{type(error).__name__}: {error}"[:500]}
    return known | {
        "scores": scores,
        "train_seconds": seconds,
        "train_processor_seconds": busy,
        "predict_seconds": predicting,
        "model_bytes": pickled_bytes(fitting),
    }


def work(job: dict[str, Any], out: TextIO) -> None:
    table, name, arguments = BY_NAME[job["table"]], job["method"], job["arguments"]
    frame, target = table.load()

    def make() -> Any:
        return METHODS[base_of(name)].make(table.kind, **arguments)

    model, importing, _ = timed(make)
    few = few_rows(target, table)
    _, warming, _ = timed(lambda: model.fit(frame.iloc[few], target.iloc[few]))
    common = {
        "table": table.name,
        "method": name,
        "arguments": arguments,
        "import_seconds": importing,
        "warm_up_seconds": warming,
        "versions": versions(name),
        "processor": processor(),
        "threads": THREADS,
    }
    for fold in job["folds"]:
        print(json.dumps(common | measure(make, frame, target, table, fold)), file=out, flush=True)


if __name__ == "__main__":
    records = own_output()
    hold_to_cores(THREADS)
    warnings.simplefilter("ignore")
    work(json.loads(sys.argv[1]), records)
