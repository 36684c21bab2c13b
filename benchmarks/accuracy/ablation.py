"""Variants of chainrule against its default, on the part that its recipe is chosen on."""

from collections.abc import Sequence

import numpy as np

from accuracy.costs import training_ratios
from accuracy.markdown import number, table
from accuracy.methods import CHAINRULE
from accuracy.ranking import SHIFT, Runs, by_run, complete, interval, main_measure, ranks, relative_error
from accuracy.records import Record
from accuracy.table import Table
from accuracy.tables import CHOSEN, tables_of


def ablation(records: Sequence[Record]) -> str:
    runs = by_run(records)
    variants = sorted({method for _, method in runs if method.startswith(f"{CHAINRULE}/")})
    methods = [CHAINRULE, *variants]
    tables = complete(tables_of(CHOSEN), methods, runs)
    if not tables or not variants:
        return "There is no table that the default and all variants have run on."
    means = ranks(tables, methods, runs, main_measure).mean(axis=0)
    rows = []
    for method, mean in zip(methods, means, strict=True):
        given = next(run[0]["arguments"] for (_, name), run in runs.items() if name == method)
        ratios = training_ratios(tables, method, runs)
        time = number(float(np.median(ratios))) if ratios else ""
        rows.append([method, f"`{given}`", f"{mean:.2f}", difference(tables, method, runs), time])
    head = ["variant", "arguments", "mean rank", "error against the default, percent", "training time, times"]
    count = f"{len(tables)} tables of {len(tables_of(CHOSEN))}: {', '.join(one.name for one in tables)}."
    return f"{table(head, rows)}\n\n{count}"


def difference(tables: Sequence[Table], method: str, runs: Runs) -> str:
    """Return by how many percent the error is larger, with its interval over the tables."""
    logs = []
    for one in tables:
        own, other = (relative_error(runs[one.name, name], one) for name in (CHAINRULE, method))
        if own is None or other is None:
            return "failed"
        logs.append(np.log((other + SHIFT) / (own + SHIFT)))
    low, high = interval(np.array(logs))
    mean, low, high = (100 * np.expm1(value) for value in (np.mean(logs), low, high))
    return f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"
