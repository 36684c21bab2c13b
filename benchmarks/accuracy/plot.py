"""The picture of the reported part: mean rank against training time."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import matplotlib

from accuracy.costs import TRAINING
from accuracy.methods import CHAINRULE
from accuracy.page import methods_in
from accuracy.ranking import by_run, complete, interval, main_measure, mean_cost, ranks
from accuracy.records import Record
from accuracy.tables import REPORTED, tables_of

matplotlib.use("Agg")
_OWN, _OTHERS = "#c2410c", "#334155"


def draw(records: Sequence[Record], path: Path) -> None:
    from matplotlib import pyplot

    runs = by_run(records)
    methods = methods_in(runs)
    tables = complete(tables_of(REPORTED), methods, runs)
    if not tables:
        return
    of_tables = ranks(tables, methods, runs, main_measure)
    means, (low, high) = of_tables.mean(axis=0), interval(of_tables)
    figure, axes = pyplot.subplots(figsize=(7.2, 4.2), layout="constrained")
    for place, method in enumerate(methods):
        costs = [mean_cost(runs[table.name, method], TRAINING) for table in tables]
        seconds = median(cost for cost in costs if cost is not None)
        colour = _OWN if method == CHAINRULE else _OTHERS
        error = [[means[place] - low[place]], [high[place] - means[place]]]
        axes.errorbar(seconds, means[place], yerr=error, fmt="o", markersize=8, capsize=3, color=colour)
        axes.annotate(
            method,
            (seconds, means[place]),
            (9, 4),
            textcoords="offset points",
            color=colour,
            fontsize=11,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        )
    axes.set(xscale="log", xlabel="seconds to train, median of the tables (2 threads)")
    axes.set(
        ylabel="mean rank, 95 % interval (upper is better)", title=f"{len(tables)} tables that nothing was chosen on"
    )
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.2)
    axes.grid(alpha=0.25, which="both", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
