"""Compares training by the compiled engine with C++, PyTorch, JAX, scikit-learn and bare matrix products.

    python benchmarks/versus.py [--peers PYTHON] [--rounds N] [--rows NAME ...] [--compile] [--brief] [--write]

The peers live in an environment of their own, made by `make peers` from benchmarks/peers/requirements.txt.
With --write the result is docs/performance.md and its picture; benchmarks/performance_head.md is put on top.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from comparing.contestants import Setting
from comparing.further import first_results, growth, restarts
from comparing.page import page
from comparing.plot import svg
from comparing.rounds import measure
from comparing.rows import ROWS, build

ROOT = Path(__file__).parents[1]
HEAD = ROOT / "benchmarks" / "performance_head.md"
RESTARTS = 64
_VERSIONS = (
    "import importlib.metadata as m;"
    "print(', '.join(f'{n} {m.version(p)}' for n, p in "
    "(('PyTorch', 'torch'), ('JAX', 'jax'), ('scikit-learn', 'scikit-learn'))))"
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [row.name for row in ROWS]
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv-peers" / "bin" / "python", help="their Python")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="about how long a contestant takes in a round")
    parser.add_argument("--rows", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--compile", action="store_true", help="PyTorch through torch.compile as well; slow to start")
    parser.add_argument("--brief", action="store_true", help="the ratios alone")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and docs/performance.svg")
    options = parser.parse_args()
    if not options.peers.exists():
        parser.error(f"there is no {options.peers}; `make peers` makes it, or give --peers")
    if options.write and (options.brief or len(options.rows) < len(names)):
        parser.error("what is written has all rows and all parts")
    return options


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    options = arguments()
    versions = subprocess.run([str(options.peers), "-c", _VERSIONS], check=True, capture_output=True, text=True).stdout
    rows = [row for row in ROWS if row.name in options.rows]
    with tempfile.TemporaryDirectory(prefix="chainrule-versus-") as name:
        folder = Path(name)
        programs = build(folder) if any(row.is_example for row in rows) else {}
        setting = Setting(options.peers, programs, folder)
        results = []
        for row in rows:
            say(f"{row.name} ...")
            results.append(measure(row, setting, options.rounds, options.seconds, options.compile))
        firsts, points, starts = [], [], None
        trained = [row for row in rows if not row.is_example]
        if trained and not options.brief:
            repeats = min(3, options.rounds)
            say("first results ...")
            firsts = first_results(trained, setting, repeats)
            say("growth ...")
            points = growth(setting, repeats)
            say("restarts ...")
            starts = restarts(trained[0], RESTARTS, repeats)
    text = page(results, firsts, points, starts, options.rounds, versions.strip())
    print(text)
    if options.write:
        made = "<!-- Made by benchmarks/versus.py --write, below the head of benchmarks/performance_head.md. -->\n\n"
        head = HEAD.read_text(encoding="utf-8").rstrip()
        (ROOT / "docs" / "performance.md").write_text(f"{made}{head}\n\n{text}", encoding="utf-8")
        (ROOT / "docs" / "performance.svg").write_text(svg(results), encoding="utf-8")
    if any(result.faults for result in results):
        sys.exit("some contestants do not end where chainrule does")


if __name__ == "__main__":
    main()
