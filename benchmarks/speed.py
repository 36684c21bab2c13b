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


def process_seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
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
    process_seconds("import chainrule")  # once, so that the files are read from memory afterwards
    show("a process that does nothing", lambda: process_seconds("pass"), "s")
    show("python -c 'import chainrule'", lambda: process_seconds("import chainrule"), "s")
    show(f"one step of a 2-2-2 network (mazur), over {STEPS:,}", step_microseconds, "microseconds")
