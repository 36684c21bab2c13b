"""NetworkClassifier(hidden=(100,), recipe="plain") beside scikit-learn's MLPClassifier on its digits.

    python benchmarks/estimators.py

Both train the same network with Adam in batches of 200 for the same number of epochs. "fit" is the whole of it in a
fresh process, from the arrays to the fitted estimator, imports left out; machine code is kept from a run before, as
for anyone who trains a second time. "step" is what one more update takes: the difference of two fits of other lengths
in one process. Pairs run in turn, each method first in every other; medians of pairs.
"""

import json
import statistics
import subprocess
import sys

PAIRS = 7
BATCH, HIDDEN = 200, 100
SHORT, LONG = 50, 350

WORKER = f"""
import json, sys, time, warnings
from sklearn.datasets import load_digits

name, lengths = sys.argv[1], json.loads(sys.argv[2])
x, y = load_digits(return_X_y=True)
x = x / 16
if name == "chainrule":
    from chainrule import NetworkClassifier

    def made(epochs):
        return NetworkClassifier(hidden=({HIDDEN},), recipe="plain", epochs=epochs, batch_size={BATCH}, random_state=0)
else:
    from sklearn.neural_network import MLPClassifier

    def made(epochs):
        # Never content, so that it trains as many epochs as the other.
        return MLPClassifier(({HIDDEN},), batch_size={BATCH}, max_iter=epochs, n_iter_no_change=epochs, random_state=0)

warnings.simplefilter("ignore")
times = []
for epochs in lengths:
    estimator = made(epochs)
    started = time.perf_counter()
    estimator.fit(x, y)
    times.append(time.perf_counter() - started)
    assert estimator.n_iter_ == epochs, estimator.n_iter_
print(json.dumps([times, float(estimator.score(x, y))]))
"""

NAMES = ("chainrule", "MLPClassifier")


def seconds(name: str, lengths: list[int]) -> list[float]:
    """Return the seconds of fits of so many epochs, one after the other in a fresh process."""
    command = [sys.executable, "-c", WORKER, name, json.dumps(lengths)]
    times, score = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert score > 0.9, f"{name} has learned too little: {score}"
    return times


def pairs(measure) -> list[tuple[float, float]]:
    """Return what is measured of both, in pairs."""
    found = []
    for number in range(PAIRS):
        order = NAMES if number % 2 == 0 else NAMES[::-1]
        values = {name: measure(name) for name in order}
        found.append(tuple(values[name] for name in NAMES))
    return found


def step(name: str) -> float:
    """Return the microseconds of an update; a first fit warms the process up."""
    _, short, long = seconds(name, [SHORT, SHORT, LONG])
    return (long - short) / ((LONG - SHORT) * -(-1797 // BATCH)) * 1e6


def show(what: str, found: list[tuple[float, float]], unit: str) -> None:
    ours, theirs = (statistics.median(values) for values in zip(*found, strict=True))
    ratios = [other / own for own, other in found]
    print(
        f"{what}: {ours:.3g} {unit}, MLPClassifier {theirs:.3g} {unit}; {statistics.median(ratios):.2f} times "
        f"({min(ratios):.2f} to {max(ratios):.2f}, {PAIRS} pairs)",
        flush=True,
    )


def main() -> None:
    for name in NAMES:
        seconds(name, [SHORT])  # so that files and machine code are there
    for epochs in (100, 1000):
        show(f"fit of {epochs} epochs in a fresh process", pairs(lambda name, n=epochs: seconds(name, [n])[0]), "s")
    show(f"a step of 64-{HIDDEN}-10, {BATCH} rows", pairs(step), "µs")


if __name__ == "__main__":
    main()
