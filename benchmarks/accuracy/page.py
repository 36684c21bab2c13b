"""The page docs/accuracy.md below its head: ranks and costs first, then every score."""

from collections.abc import Sequence

from accuracy.costs import costs_section
from accuracy.folds import fold_count
from accuracy.markdown import best, number, table
from accuracy.methods import METHODS
from accuracy.ranking import (
    Runs,
    by_run,
    complete,
    differing_rows,
    has_failed,
    interval,
    main_measure,
    mean_error,
    mean_score,
    ranks,
    wins,
)
from accuracy.records import Record
from accuracy.scoring import AUC, LOG_LOSS, MEASURES, Measure
from accuracy.table import Table
from accuracy.tables import CHOSEN, PARTS, REPORTED, TABLES, tables_of

_PICTURE = "![Mean rank of each method against its training time](accuracy.png)"
_PARTS = {
    REPORTED: "On tables that nothing was chosen on",
    CHOSEN: "On tables that chainrule's recipe was chosen on",
}


def methods_in(runs: Runs) -> list[str]:
    there = {method for _, method in runs}
    return [method for method in METHODS if method in there]


def page(records: Sequence[Record]) -> str:
    runs = by_run(records)
    methods = methods_in(runs)
    if different := differing_rows(TABLES, runs):
        raise ValueError(f"methods were tested on different rows of {', '.join(different)}")
    sections = [_part(part, methods, runs) for part in _PARTS]
    return "\n\n".join([*sections, _failures(records), "## The tables", tables_page(), _machines(records)]) + "\n"


def _part(part: str, methods: list[str], runs: Runs) -> str:
    tables = complete(tables_of(part), methods, runs)
    missing = [table.name for table in tables_of(part) if table not in tables]
    parts = [f"## {_PARTS[part]}"]
    if missing:
        parts.append(f"Not counted, as not all methods have run on them: {', '.join(missing)}.")
    if tables:
        parts += [
            _PICTURE if part == REPORTED else "",
            ranks_table(tables, methods, runs),
            "How often the method of the row is better than that of the column, equal, and worse:",
            wins_table(tables, methods, runs),
            costs_section(tables, methods, runs),
            *(scores_section(kind, tables, methods, runs) for kind in MEASURES),
        ]
    return "\n\n".join(text for text in parts if text)


def _rank_cells(tables: Sequence[Table], methods: list[str], runs: Runs, measure: Measure | None = None) -> list[str]:
    """Return each method's mean rank with its interval, by a measure or by the main one of each table."""
    if not tables:
        return [""] * len(methods)
    of_tables = ranks(tables, methods, runs, lambda table: measure or main_measure(table))
    means, (low, high) = of_tables.mean(axis=0), interval(of_tables)
    texts = [f"{mean:.2f} ({a:.1f} to {b:.1f})" for mean, a, b in zip(means, low, high, strict=True)]
    return best(list(means), texts, higher_is_better=False)


def ranks_table(tables: Sequence[Table], methods: list[str], runs: Runs) -> str:
    classes = [table for table in tables if table.is_classification]
    numbers = [table for table in tables if not table.is_classification]
    columns = {
        f"rank, all {len(tables)} tables": _rank_cells(tables, methods, runs),
        f"{len(classes)} with classes, by error rate": _rank_cells(classes, methods, runs),
        f"{len(numbers)} with numbers, by RMSE": _rank_cells(numbers, methods, runs),
        "classes, by ROC AUC": _rank_cells(classes, methods, runs, AUC),
        "classes, by log loss": _rank_cells(classes, methods, runs, LOG_LOSS),
        "mean error": _mean_errors(tables, methods, runs),
    }
    return table(["", *columns], zip(methods, *columns.values(), strict=True))


def _mean_errors(tables: Sequence[Table], methods: list[str], runs: Runs) -> list[str]:
    errors = [mean_error([runs[one.name, method] for one in tables], tables) for method in methods]
    return best(errors, [number(error) or "failed" for error in errors], higher_is_better=False)


def wins_table(tables: Sequence[Table], methods: list[str], runs: Runs) -> str:
    counts = wins(ranks(tables, methods, runs, main_measure))
    rows = []
    for place, method in enumerate(methods):
        cells = ["" if place == other else "-".join(map(str, counts[place, other])) for other in range(len(methods))]
        rows.append([method, *cells])
    return table(["", *methods], rows)


def scores_section(kind: str, tables: Sequence[Table], methods: list[str], runs: Runs) -> str:
    those = [one for one in tables if one.kind == kind]
    parts = []
    for measure in MEASURES[kind] if those else ():
        rows = [[one.name, *_score_cells(one, measure, methods, runs)] for one in those]
        parts += [
            f"**{measure.title[0].upper()}{measure.title[1:]}**, mean over the folds:",
            table(["", *methods], rows),
        ]
    return "\n\n".join(parts)


def _score_cells(one: Table, measure: Measure, methods: list[str], runs: Runs) -> list[str]:
    of_all = [runs[one.name, method] for method in methods]
    scores = [mean_score(run, measure.name) for run in of_all]
    texts = ["failed" if has_failed(run) else number(score) for run, score in zip(of_all, scores, strict=True)]
    return best(scores, texts, measure.higher_is_better)


def _failures(records: Sequence[Record]) -> str:
    failed = [record for record in records if "failure" in record and record["method"] in METHODS]
    if not failed:
        return "## Failures\n\nNone."
    rows = [[one["method"], one["table"], str(one["fold"]), one["failure"].replace("|", "/")] for one in failed]
    return "## Failures\n\nThey rank last.\n\n" + table(["method", "table", "fold", "what it said"], rows)


def tables_page() -> str:
    """Return the list of the tables, the reported ones first, by kind and by rows."""
    kinds = list(MEASURES)
    order = sorted(TABLES, key=lambda one: (PARTS[one.name] == CHOSEN, kinds.index(one.kind), one.rows))
    rows = [
        [
            one.name,
            one.package,
            PARTS[one.name],
            one.kind,
            one.target,
            f"{one.rows:,}",
            str(fold_count(one)),
            _notes(one),
        ]
        for one in order
    ]
    return table(["table", "from", "part", "kind", "target", "rows", "splits", "left out, and why"], rows)


def _notes(one: Table) -> str:
    notes = [f"{', '.join(drop.columns)} ({drop.reason})" for drop in one.drops]
    return "; ".join([*notes, *([f"as text: {', '.join(one.codes)} (codes)"] if one.codes else [])])


def _machines(records: Sequence[Record]) -> str:
    measured = [record for record in records if "versions" in record and record["method"] in METHODS]
    processors = sorted({f"{record['threads']} cores of {record['processor']}" for record in measured})
    found = sorted({f"{name} {version}" for record in measured for name, version in record["versions"].items()})
    return f"Measured on {' and '.join(processors)}, with {', '.join(found)}."
