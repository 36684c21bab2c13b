"""What the methods cost: seconds of training and predicting, and bytes of the model."""

from collections.abc import Sequence
from statistics import median

from accuracy.markdown import best, bytes_of, number, table, time_of
from accuracy.methods import CHAINRULE
from accuracy.ranking import Runs, mean_cost
from accuracy.table import Table

TRAINING = "train_seconds"
PREDICTING = "predict_seconds"


def costs_section(tables: Sequence[Table], methods: list[str], runs: Runs) -> str:
    parts = [costs_table(tables, methods, runs)]
    parts += ["Seconds of training, of one fold:", training_table(tables, methods, runs)]
    return "\n\n".join(parts)


def costs_table(tables: Sequence[Table], methods: list[str], runs: Runs) -> str:
    rows = []
    for method in methods:
        of_all = [runs[one.name, method] for one in tables]
        training, ratios = _known(of_all, TRAINING), training_ratios(tables, method, runs)
        spread = f"{number(median(ratios))} ({number(min(ratios))} to {number(max(ratios))})" if ratios else ""
        per_row = [cost / run[0]["test_rows"] for run in of_all if (cost := mean_cost(run, PREDICTING)) is not None]
        sizes, loading = _known(of_all, "model_bytes"), _known(of_all, "import_seconds")
        rows.append(
            [
                method,
                spread,
                time_of(_median(training)),
                time_of(sum(training)),
                f"{number(1e6 * median(per_row))} µs" if per_row else "",
                bytes_of(_median(sizes)),
                time_of(_median(loading)),
            ]
        )
    head = ["", f"training time, times {CHAINRULE}'s", "training, median", "of all tables", "to predict a row"]
    return table([*head, "pickled model", "import"], rows)


def training_ratios(tables: Sequence[Table], method: str, runs: Runs) -> list[float]:
    """Return for each table how many times as long as chainrule the method trained."""
    ratios = []
    for one in tables:
        own, other = (
            mean_cost(runs.get((one.name, CHAINRULE), []), TRAINING),
            mean_cost(runs[one.name, method], TRAINING),
        )
        if own is not None and other is not None:
            ratios.append(other / own)
    return ratios


def training_table(tables: Sequence[Table], methods: list[str], runs: Runs) -> str:
    rows = []
    for one in tables:
        costs = [mean_cost(runs[one.name, method], TRAINING) for method in methods]
        rows.append([f"{one.name} ({one.rows:,} rows)", *best(costs, [number(cost) for cost in costs], False)])
    return table(["", *methods], rows)


def _known(of_all: list, cost: str) -> list[float]:
    return [value for run in of_all if (value := mean_cost(run, cost)) is not None]


def _median(values: list[float]) -> float | None:
    return median(values) if values else None
