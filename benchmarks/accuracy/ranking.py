"""From records to means over the folds, ranks over the tables, wins, and how sure they are."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from scipy.stats import rankdata

from accuracy.records import Record
from accuracy.scoring import MEASURES, Measure
from accuracy.table import Table

RESAMPLES = 10_000
SHIFT = 0.01  # of errors before their logarithm is taken, as in the paper on RealMLP, so that 0 does not decide alone
Runs = Mapping[tuple[str, str], list[Record]]  # (table, method) to the records of its folds


def by_run(records: Iterable[Record]) -> Runs:
    runs: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        runs[record["table"], record["method"]].append(record)
    return runs


def has_failed(run: Iterable[Record]) -> bool:
    return any("failure" in record for record in run)


def mean_score(run: Sequence[Record], measure: str) -> float | None:
    """Return the mean over the folds; None where a fold failed or has no such score."""
    values = [record.get("scores", {}).get(measure) for record in run]
    return None if None in values or not values else float(np.mean(values))


def mean_cost(run: Sequence[Record], cost: str) -> float | None:
    values = [record.get(cost) for record in run]
    return None if None in values or not values else float(np.mean(values))


def main_measure(table: Table) -> Measure:
    return MEASURES[table.kind][0]


def complete(tables: Iterable[Table], methods: Sequence[str], runs: Runs) -> list[Table]:
    """Return the tables on which all methods have run on the same test rows, whether they failed or not."""
    found = []
    for table in tables:
        of_all = [runs.get((table.name, method), []) for method in methods]
        folds = [{record["fold"] for record in run} for run in of_all]
        if all(folds) and all(one == folds[0] for one in folds):
            found.append(table)
    return found


def differing_rows(tables: Iterable[Table], runs: Runs) -> list[str]:
    """Return the tables on which methods were tested on different rows, which no record should show."""
    sums: dict[tuple[str, int], set[str]] = defaultdict(set)
    for (table, _), run in runs.items():
        for record in run:
            sums[table, record["fold"]] |= {record["test_sum"]} if "test_sum" in record else set()
    return sorted({table for (table, _), different in sums.items() if len(different) > 1})


def ranks(
    tables: Sequence[Table], methods: Sequence[str], runs: Runs, measure_of: Callable[[Table], Measure]
) -> np.ndarray:
    """Return (tables, methods), 1 for the best; equal ones share the mean of their ranks, failures are last."""
    rows = []
    for table in tables:
        measure = measure_of(table)
        scores = [mean_score(runs[table.name, method], measure.name) for method in methods]
        sign = -1 if measure.higher_is_better else 1
        rows.append(rankdata([np.inf if score is None else sign * score for score in scores]))
    return np.array(rows).reshape(len(tables), len(methods))


def interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where 95 percent of the means lie when as many rows are drawn anew, with replacement."""
    draws = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    means = values[draws].mean(axis=1)
    return tuple(np.percentile(means, (2.5, 97.5), axis=0))


def wins(table_ranks: np.ndarray) -> np.ndarray:
    """Return (methods, methods, 3): on how many tables the first is better, equal and worse than the second."""
    first, second = table_ranks[:, :, None], table_ranks[:, None, :]
    return np.stack([(first < second).sum(0), (first == second).sum(0), (first > second).sum(0)], axis=-1)


def relative_error(run: Sequence[Record], table: Table) -> float | None:
    """Return the error rate, or the RMSE as a part of the RMSE of the mean: what has no unit."""
    if table.is_classification:
        return mean_score(run, "error")
    explained = mean_score(run, "r2")
    return None if explained is None else float(np.sqrt(1 - explained))


def mean_error(runs: Iterable[Sequence[Record]], tables: Iterable[Table]) -> float | None:
    """Return the shifted geometric mean of the relative errors; None if the method failed somewhere."""
    errors = [relative_error(run, table) for run, table in zip(runs, tables, strict=True)]
    return None if None in errors or not errors else float(np.exp(np.mean(np.log(np.array(errors) + SHIFT))))
