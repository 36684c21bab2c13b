"""Times what the foundation promises: the import, and one training step of a 2-2-2 network on the reference engine.

python benchmarks/speed.py
"""

import statistics
import subprocess
import sys
import time

from chainrule.examples import EXAMPLES

RUNS = 5
STEPS = 10_000


def import_seconds() -> float:
    """Time a fresh interpreter that imports chainrule, less one that imports nothing."""
    times = []
    for code in ("pass", "import chainrule"):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - started)
    return times[1] - times[0]


def whole_seconds() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import chainrule"], check=True)
    return time.perf_counter() - started


def step_microseconds() -> float:
    setup = EXAMPLES["mazur"].set_up()
    started = time.perf_counter()
    setup.train(STEPS)
    return (time.perf_counter() - started) / STEPS * 1e6


def show(what: str, measure, unit: str) -> None:
    values = [measure() for _ in range(RUNS)]
    print(
        f"{what}: median {statistics.median(values):.3g} {unit} ({min(values):.3g} to {max(values):.3g}, {RUNS} runs)"
    )


if __name__ == "__main__":
    import_seconds()  # once, so that the files are read from memory afterwards
    show("python -c 'import chainrule', whole process", whole_seconds, "s")
    show("the import alone", import_seconds, "s")
    show(f"one step of a 2-2-2 network (mazur), over {STEPS:,}", step_microseconds, "microseconds")
