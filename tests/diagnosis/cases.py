"""Seeded cases for diagnosis: each slip put into random networks, correct numbers, and noise.

``python tests/diagnosis/cases.py`` prints how many of them are diagnosed.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.diagnosis import SLIPS, Diagnosis, diagnose
from chainrule.diagnosis.calculation import Rounding, significant
from chainrule.diagnosis.diagnosing import Case
from chainrule.diagnosis.fitted_changes import scaled, with_penalty, with_rate
from chainrule.diagnosis.patterns import tops
from chainrule.equations import Const

# Rounding is told from other slips by its digits, so that it has cases of its own below.
ROUNDING = ("rounded", "float32")
STATEFUL = {
    "momentum_sign",
    "stale_state",
    "state_not_kept",
    "momentum_damped",
    "uncorrected",
    "steps_miscounted",
    "epsilon_in_root",
    "root_left_out",
    "betas_exchanged",
}
AVERAGES = {"average_unscaled", "average_exchanged", "square_left_out"}
STATEFUL |= AVERAGES
ADAM = {"uncorrected", "steps_miscounted", "epsilon_in_root", "root_left_out", "betas_exchanged"} | AVERAGES
# Their changes are found in the numbers, so that the cases choose a value of their own.
FITTED: dict[str, Callable[[Case], list[Any]]] = {
    "another_rate": lambda case: [
        with_rate(case.right, case.context, case.optimizer.rate * factor) for factor in (0.1, 0.5, 2, 7)
    ],
    "penalty_added": lambda case: list(
        with_penalty(
            case.right, case.context, [n for n, p in case.context.parameters.items() if p.is_weight], Const(0.02)
        )
    ),
    "factor": lambda case: [
        scaled(case.right, set(tops(case.right, case.context)), Const(factor)) for factor in (0.7, 5, -7)
    ],
}
MULTISTEP = STATEFUL - {"square_left_out"} | {"accumulated", "stale_activations"}


@dataclass
class Problem:
    """What `diagnose` is asked, but for the numbers."""

    net: cr.Network
    x: Any
    t: Any
    options: dict[str, Any] = field(default_factory=dict)

    def case(self) -> Case:
        options = self.options
        return Case(
            self.net,
            self.x,
            self.t,
            options.get("optimizer"),
            options.get("steps", 1),
            options.get("sample_weight"),
            options.get("training", False),
        )

    def diagnose(self, theirs: Any, **more: Any) -> Diagnosis:
        return diagnose(self.net, self.x, self.t, theirs, **self.options, **more)


def problem(rng: np.random.Generator, slip: str = "") -> Problem:
    """A random small network and batch, of a kind in which the slip can be made."""
    crossed = slip in ("extra_slope", "softmax_diagonal", "softmax_axis", "log_base") or (
        not slip and rng.random() < 0.3
    )
    loss, last = _ending(rng, slip, crossed)
    inputs, outputs = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    widths = [int(rng.integers(2, 5)) for _ in range(int(rng.integers(1, 3)))]
    if slip in ("transposed", "slope_of_layer", "wrong_input"):
        widths, inputs = [3] * 2, 3
    if slip in ("deltas_kept", "stale_activations"):
        widths = [3, int(rng.integers(2, 4))]
    layers: list[Any] = []
    for width in widths:
        hidden = "relu" if slip == "in_place" else str(rng.choice(["sigmoid", "tanh"]))
        bias = "layer" if slip == "bias_shared" and rng.random() < 0.5 else "unit"
        layers.append(cr.Dense(width, hidden, bias=bias, train_bias=slip != "bias_trained"))
        if slip.startswith("dropout"):
            layers.append(cr.Dropout(0.3))
        if slip == "statistics_constant":
            layers.append(cr.LayerNorm())
    if slip == "path_left_out":
        layers.append(cr.Residual([cr.Dense(widths[-1], "tanh")]))
    layers.append(cr.Dense(outputs, last))
    penalised = slip.startswith("penalty") or rng.random() < 0.1
    if slip in ("penalty_added", "factor"):
        penalised = False
    net = cr.Network(
        inputs,
        layers,
        loss,
        penalties=[cr.L2(0.1)] if penalised else [],
        reduction="sum" if slip == "batch_mean" else "mean",
        dtype="float64",
        seed=int(rng.integers(1000)),
    )
    net.set_parameters({name: rng.normal(0.1, 0.7, value.shape) for name, value in net.parameters.items()})
    rows = 1 if slip == "in_place" else int(rng.integers(2, 5))
    x = rng.normal(0, 1, (rows, inputs))
    kind = net.architecture.loss.targets
    t = rng.integers(outputs, size=rows) if kind == "distribution" else rng.uniform(0, 1, (rows, outputs))
    return Problem(net, x, t, _options(rng, slip, rows))


def _ending(rng: np.random.Generator, slip: str, crossed: bool) -> tuple[str, str]:
    if slip == "softmax_diagonal":
        return str(rng.choice(["cross_entropy", "half_squared_error"])), "softmax"
    if slip == "softmax_axis":
        return "cross_entropy", "softmax"
    if crossed:
        return ("cross_entropy", "softmax") if rng.random() < 0.5 else ("binary_cross_entropy", "sigmoid")
    loss = str(rng.choice(["half_squared_error", "squared_error"]))
    return loss, str(rng.choice(["sigmoid", "tanh", "identity"]))


def _options(rng: np.random.Generator, slip: str, rows: int) -> dict[str, Any]:
    optimizer: Any = cr.GradientDescent(float(rng.choice([0.1, 0.3, 0.5])))
    if slip in ADAM:
        optimizer = cr.Adam(0.01, epsilon=1e-3)
    elif slip in STATEFUL:
        optimizer = cr.Momentum(0.1, 0.8)
    options: dict[str, Any] = {"optimizer": optimizer}
    if slip in MULTISTEP:
        options["steps"] = int(rng.integers(2, 4))
    if slip.startswith("dropout"):
        options["training"] = True
    if slip == "weights_ignored":
        options["sample_weight"] = rng.uniform(0.5, 2, rows)
    return options


def shown_arrays(rng: np.random.Generator, arrays: dict[str, Any], parameters: Any) -> dict[str, Any]:
    """What somebody would print: the gradients, everything, or the parameters after the update."""
    gradients = {f"d_{name}" for name in parameters}
    everything = {name for name in arrays if name not in ("x", "t", "s", "rate", "step") and name[:4] != "old_"}
    choice = rng.integers(3)
    names = [gradients, everything - set(parameters), gradients | set(parameters)][choice]
    return {name: arrays[name] for name in arrays if name in names}


def with_slip(rng: np.random.Generator, key: str, digits: int) -> tuple[Problem, dict[str, Any]] | None:
    """A problem and numbers with the slip made in one of its ways, or None if it changes no number here."""
    asked = problem(rng, key)
    case = asked.case()
    ways = FITTED[key](case) if key in FITTED else list(SLIPS[key].changes(case.right, case.context))
    if not ways:
        return None
    wrong = case.runner.run(ways[int(rng.integers(len(ways)))])
    names = shown_arrays(rng, case.arrays, asked.net.parameters)
    theirs = {name: significant(np.asarray(wrong[name]), digits) for name in names}
    finite = key == "square_left_out" or all(np.isfinite(value).all() for value in theirs.values())
    far = [_far_apart(theirs[name], case.arrays[name], digits) for name in names]
    return (asked, theirs) if finite and sum(far) >= 2 else None


def _far_apart(theirs: Any, right: Any, digits: int) -> int:
    """How many numbers differ by ten units of their last digit or more: what a person would call wrong."""
    unit = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(theirs), 1e-12))) - digits + 1)
    return int((np.abs(theirs - right) > 10 * unit).sum())


def slip_cases(key: str, digits: int, count: int) -> Iterator[tuple[Problem, dict[str, Any]]]:
    """So many cases with one slip."""
    rng = np.random.default_rng([list(SLIPS).index(key), digits])
    made, tries = 0, 0
    while made < count and tries < 20 * count:
        tries += 1
        case = with_slip(rng, key, digits)
        if case:
            made += 1
            yield case


def is_first(diagnosis: Diagnosis, key: str) -> bool:
    """Whether the slip is what is named first, perhaps with others that give the same numbers."""
    first = diagnosis.explanations[:1]
    return any(named.keys == (key,) for explanation in first for named in explanation.named)


def rate_of_slips(digits: int, count: int) -> dict[str, list[bool]]:
    """For each slip, whether it was first in each case."""
    found: dict[str, list[bool]] = defaultdict(list)
    for key in SLIPS:
        if key not in ROUNDING:
            for asked, theirs in slip_cases(key, digits, count):
                found[key].append(is_first(asked.diagnose(theirs, digits=digits), key))
    return found


def agreements(count: int) -> list[bool]:
    """Whether correct numbers agree: as computed, rounded, and in float32."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng([seed, 1])
        kinds = [key for key in SLIPS if key not in ROUNDING]
        asked = problem(rng, kinds[seed % len(kinds)] if seed % 2 else "")
        case = asked.case()
        names = shown_arrays(rng, case.arrays, asked.net.parameters)
        exact = {name: np.array(case.arrays[name]) for name in names}
        single = case.runner.run(type(case.right)(case.right.equations, Rounding("float32")))
        versions = [
            exact,
            {name: np.round(value, 4) for name, value in exact.items()},
            {name: significant(value, 5) for name, value in exact.items()},
            {name: np.asarray(single[name], np.float32) for name in names},
        ]
        found += [asked.diagnose(version).agrees for version in versions]
    return found


def silences(count: int) -> list[bool]:
    """Whether nothing is claimed of noise: of all numbers, of one array, of one number; with 3 to 9 digits."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng([seed, 2])
        asked = problem(rng)
        case = asked.case()
        names = list(shown_arrays(rng, case.arrays, asked.net.parameters))
        if seed % 3:
            names = [str(rng.choice(names))]
        digits = int(rng.integers(3, 10))
        scale = {name: np.std(case.arrays[name]) + np.abs(np.mean(case.arrays[name])) for name in names}
        theirs = {name: significant(rng.normal(0, scale[name], np.shape(case.arrays[name])), digits) for name in names}
        if seed % 3 == 2:
            (name,) = names
            kept = rng.integers(theirs[name].size)
            theirs[name] = np.where(
                np.arange(theirs[name].size).reshape(theirs[name].shape) == kept, theirs[name], np.nan
            )
        diagnosis = asked.diagnose(theirs, digits=digits)
        found.append(not diagnosis.explanations and not diagnosis.misprints)
    return found


def main(count: int) -> None:
    for digits in (9, 4):
        started = time.perf_counter()
        found = rate_of_slips(digits, count)
        cases = [one for each in found.values() for one in each]
        seconds = (time.perf_counter() - started) / len(cases)
        print(f"{digits} digits: right slip first in {np.mean(cases):.1%} of {len(cases)}, {seconds:.2f} s each")
        for key, each in found.items():
            if not all(each):
                print(f"    {key}: {np.mean(each):.0%} of {len(each)}")
        if missing := [key for key in SLIPS if key not in found and key not in ROUNDING]:
            print(f"    no cases: {', '.join(missing)}")
    right = agreements(2 * count)
    print(f"correct numbers agree in {np.mean(right):.1%} of {len(right)}")
    silent = silences(20 * count)
    print(f"nothing is claimed of noise in {np.mean(silent):.1%} of {len(silent)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
