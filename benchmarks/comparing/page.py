"""The page docs/performance.md: tables of what was measured, under a head that is written by hand."""

import platform
from collections.abc import Iterable
from itertools import groupby
from math import exp, log
from statistics import median

import llvmlite.binding
import numpy as np

import chainrule as cr
from comparing.contestants import CHAINRULE, Entry, cores
from comparing.further import BASE, BASE_BATCH, First, Point, Restarts
from comparing.rounds import LOSS_TOLERANCE, WEIGHT_TOLERANCE, Result, spread
from comparing.rows import FAST_MATH, GCC, MEAN_AIM, PRODUCTS


def geometric_mean(values: Iterable[float]) -> float:
    logs = [log(value) for value in values]
    return exp(sum(logs) / len(logs))


def time_of(seconds: float) -> str:
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def times(value: float) -> str:
    """Return a ratio with three digits, without powers of ten."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def ratios_table(results: list[Result]) -> str:
    rows = []
    for result in results:
        for library, aim in result.row.aims.items():
            best, figures = result.best(library), result.figures(library)
            low, high = spread(figures)
            figure = result.figure(library)
            rows.append(
                [
                    result.row.name,
                    str(best),
                    time_of(result.step(result.own)),
                    time_of(result.step(best)),
                    f"{'within ' if aim.is_limit else ''}**{times(figure)}** ({times(low)} to {times(high)})",
                    f"{aim.at_least:g}",
                    f"{aim.strive:g}",
                    aim.verdict(figure),
                ]
            )
    examples = [result for result in results if result.row.is_example]
    if examples:
        place = sum(len(result.row.aims) for result in examples)
        for library in (FAST_MATH, GCC):
            mean = geometric_mean(result.figure(library) for result in examples)
            aims = [f"{MEAN_AIM.at_least:g}", f"{MEAN_AIM.strive:g}", MEAN_AIM.verdict(mean)]
            rows.insert(place, ["demofox, geometric mean", library, "", "", f"**{times(mean)}**", *aims])
    return table(
        ["network", "against", "a step of chainrule", "of the other", "ratio (its range)", "at least", "strive", ""],
        rows,
    )


def threads_table(results: list[Result]) -> str:
    own = Entry(CHAINRULE, threads=1)
    rows = []
    for result in (result for result in results if own in result.seconds):
        for entry in result.seconds:
            with_all = times(median(result.ratios(entry)))
            with_one = times(median(result.ratios(entry, own))) if entry.threads == 1 else ""
            busy = f"{result.busy[entry]:.1f}"
            rows.append([result.row.name, str(entry), time_of(result.step(entry)), busy, with_all, with_one])
    return table(["network", "who", "a step", "cores busy", "times chainrule's", "times its with 1 thread"], rows)


def losses_table(results: list[Result]) -> str:
    rows = []
    for result in results:
        own = result.losses[result.own]
        others = [abs(loss / own - 1) for entry, loss in result.losses.items() if entry != result.own]
        rows.append([result.row.name, f"{result.row.check_steps:,}", f"{own:.6g}", f"{max(others):.1e}"])
    return table(["network", "steps", "chainrule's loss", "largest relative difference"], rows)


def first_table(firsts: list[First]) -> str:
    names = [name for name, _ in groupby(first.row for first in firsts)]
    by = {(first.row, first.who): first for first in firsts}
    rows = []
    for who in dict.fromkeys(first.who for first in firsts):
        cells = [by[name, who] for name in names]
        rows.append([who, *(f"{time_of(cell.first)}, {time_of(cell.again)}" for cell in cells)])
    return table(["", *names], rows)


def memory_table(results: list[Result]) -> str:
    libraries = list(dict.fromkeys(entry.library for result in results for entry in result.memory))

    def most(result: Result, library: str) -> str:
        used = [value for entry, value in result.memory.items() if entry.library == library]
        return f"{max(used):.0f}" if used else ""

    rows = [[result.row.name, *(most(result, library) for library in libraries)] for result in results]
    return table(["network", *libraries], rows)


def growth_table(points: list[Point]) -> str:
    rows = []
    for size, group in groupby(points, key=lambda point: point.size):
        series = list(group)
        cells = [f"{point.value:,}: {time_of(point.seconds)}" for point in series]
        work = series[-1].value / series[0].value
        rows.append([size, ", ".join(cells), f"{times(work)}", f"{times(series[-1].seconds / series[0].seconds)}"])
    return table(["what grows", "a step", "times as many", "times as long"], rows)


def _machine() -> str:
    vectors = llvmlite.binding.get_host_cpu_features()
    widest = next((name for name in ("avx512f", "avx2", "avx", "neon", "sse2") if vectors.get(name)), "none")
    return (
        f"{cores()} cores ({platform.machine()}, {llvmlite.binding.get_host_cpu_name()} to LLVM, vectors {widest}), "
        f"{platform.system()}, Python {platform.python_version()}, NumPy {np.__version__}, chainrule {cr.__version__}"
    )


def page(
    results: list[Result],
    firsts: list[First],
    points: list[Point],
    starts: Restarts | None,
    rounds: int,
    versions: str,
) -> str:
    """Return everything below the head, as Markdown."""
    aimed = {library for result in results for library in result.row.aims}
    limit = ' For the bare products it is chainrule\'s time divided by theirs, "within".' if PRODUCTS in aimed else ""
    parts = [
        "## Against others",
        "![How many times as fast as each peer](performance.svg)",
        f"Measured on {_machine()}; {versions}.",
        ratios_table(results),
        "The ratio is the time of a step of the other divided by chainrule's: the median over "
        f"{rounds} rounds of the ratio within a round, and its range.{limit} A peer counts by its better figure, all "
        "cores or 1 thread, as the second column says; chainrule always has all cores (small networks use one).",
        "## How it was measured",
        _method(rounds),
        "Losses after the same number of steps, computed from the weights by NumPy in float64. They must agree within "
        f"{LOSS_TOLERANCE:g}, and each weight of the smallest networks within {WEIGHT_TOLERANCE:g}:",
        losses_table(results),
        *(f"**Differs**: {result.row.name}, {fault}" for result in results for fault in result.faults),
    ]
    if not all(result.row.is_example for result in results):
        parts += ["## Threads", threads_table(results)]
    if firsts:
        parts += ["## To the first result", _FIRST, first_table(firsts)]
    parts += [
        "## Memory",
        "Largest resident memory of each contestant, in MiB, with Python, its library and the data; the larger of its "
        "entries where there are several.",
        memory_table(results),
    ]
    if points:
        sizes = "-".join(map(str, BASE))
        parts += ["## Growth", f"Of a step of chainrule, {sizes} with batches of {BASE_BATCH} otherwise."]
        parts.append(growth_table(points))
    if starts:
        parts += ["## Restarts", _restarts(starts)]
    return "\n\n".join(parts) + "\n"


def _method(rounds: int) -> str:
    return (
        "Each contestant is a process of its own that gets the same float32 data (random, 10 full batches), the same "
        "initial weights, the same optimiser (Adam with rate 0.001 and its usual numbers; for demofox gradient descent "
        f"over the full batch) and the same order of batches, and is warm before it counts. In each of {rounds} "
        "rounds all train in turn from the initial weights, each so many steps that it takes about as long, with a "
        "pause between; only training is timed. chainrule is timed over the whole call of `fit`, with what that "
        "prepares. PyTorch trains in its usual loop with fused Adam, JAX in one jitted `scan` over the steps or "
        '("steps") one jitted call for each, scikit-learn by `MLPClassifier.fit` without penalty. The bare products '
        "are the matrix products of a step alone: forward, gradients of the weights, gradients of the inputs of all "
        "layers but the first, by `numpy.matmul` into given memory. The C++ is benchmarks/peers/demofox.cpp, by g++ "
        "with -march=native."
    )


_FIRST = (
    "From the start of a fresh process to the end of the first 10 steps, without the time that 10 steps take when "
    "warm; and after the comma what a second training of the same network takes beside its steps. Medians."
)


def _restarts(starts: Restarts) -> str:
    ratio = times(starts.at_once / starts.singly)
    return (
        f"`fit(restarts={starts.count})` of {starts.network} takes {ratio} times as long as {starts.count} trainings "
        f"one after the other ({time_of(starts.at_once)}, {time_of(starts.singly)}), on {cores()} cores."
    )
