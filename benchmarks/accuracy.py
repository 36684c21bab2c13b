"""How well chainrule and others predict on real tables that pip packages ship, and what it costs.

    python benchmarks/accuracy.py tables
    python benchmarks/accuracy.py run [--tables ...] [--methods ...] [--variant NAME JSON] [--folds N] [--part PART]
    python benchmarks/accuracy.py report
    python benchmarks/accuracy.py ablation

`make bench-tables` makes the environment (benchmarks/accuracy/requirements.txt), runs all and writes docs/accuracy.md.
A run goes on where it stopped: what is among the results is not measured again, unless --again says so.
"""

import argparse
import json
import sys
from pathlib import Path

from accuracy import records
from accuracy.ablation import ablation
from accuracy.methods import CHAINRULE, METHODS
from accuracy.page import page, tables_page
from accuracy.plot import draw
from accuracy.running import Contestant, run
from accuracy.tables import BY_NAME, CHOSEN, PARTS, REPORTED, TABLES

DOCS = Path(__file__).parents[1] / "docs"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=records.FOLDER, help="the folder of the JSON lines")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("tables", help="print the tables and the part each belongs to")
    commands.add_parser("report", help="write docs/accuracy.md and docs/accuracy.png")
    commands.add_parser("ablation", help="print the variants of chainrule against its default, on the chosen part")
    running = commands.add_parser("run", help="measure")
    running.add_argument("--tables", nargs="+", choices=BY_NAME, default=list(BY_NAME), metavar="TABLE")
    running.add_argument("--part", choices=(CHOSEN, REPORTED), help="only the tables of this part")
    running.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS), help=", ".join(METHODS))
    running.add_argument(
        "--variant",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "JSON"),
        help="chainrule with arguments as well, as the method chainrule/NAME; with --methods alone no other runs",
    )
    running.add_argument("--folds", type=int, default=100, help="at most so many splits of a table")
    running.add_argument("--limit", type=float, default=2400, help="seconds that a method may take on a table")
    running.add_argument("--again", action="store_true", help="measure again what is there")
    return parser.parse_args()


def measure(options: argparse.Namespace) -> None:
    variants = [Contestant(f"{CHAINRULE}/{name}", json.loads(given)) for name, given in options.variant]
    contestants = [*map(Contestant, options.methods), *variants]
    chosen = [table for table in TABLES if table.name in options.tables]
    for table in sorted(chosen, key=lambda table: table.rows):
        if options.part in (None, PARTS[table.name]):
            for contestant in contestants:
                run(table, contestant, options.folds, options.limit, options.results, options.again)


def report(results: list[records.Record]) -> None:
    head = (DOCS / "accuracy_head.md").read_text(encoding="utf-8").rstrip()
    made = "<!-- Made by benchmarks/accuracy.py report, below the head of docs/accuracy_head.md. -->"
    (DOCS / "accuracy.md").write_text(f"{made}\n\n{head}\n\n{page(results)}", encoding="utf-8")
    draw(results, DOCS / "accuracy.png")


def main() -> None:
    options = arguments()
    if options.command == "run":
        measure(options)
    elif options.command == "tables":
        print(tables_page())
    elif not (results := records.read(options.results)):
        sys.exit(f"there are no results in {options.results}; `python benchmarks/accuracy.py run` makes them")
    elif options.command == "report":
        report(results)
    else:
        print(ablation(results))


if __name__ == "__main__":
    main()
