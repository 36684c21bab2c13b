"""The gradient check: derived equations against oracles that use the forward equations alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.checks.differences import DIFFERENCES_TOLERANCE, FLOOR, Differences
from chainrule.checks.dual import dual_gradients
from chainrule.derive import gradient_name
from chainrule.engines.reference import Plan, first_not_finite
from chainrule.errors import InputError
from chainrule.program import Program, picking_arrays
from chainrule.ranges import whole

if TYPE_CHECKING:
    from chainrule.network import Network

Array = npt.NDArray[np.float64]

DUAL_TOLERANCE = 1e-10
# Above so many elements an array is checked along random directions instead of element by element.
ELEMENT_BY_ELEMENT = 1000
PROJECTIONS = 8


@dataclass(frozen=True)
class ParameterCheck:
    """How one array of derivatives fared.

    Attributes
    ----------
    name : the parameter, or "x".
    checked : derivatives compared, one an element or one a random direction.
    differences, dual : worst relative error against each oracle, |a - b| / max(|a|, 1e-3), in float64.
    kinks : derivatives left out of the comparison with differences since a kink lies between the points.
    rounding : worst relative error that computing in the network's own dtype adds; 0 for float64.
    """

    name: str
    checked: int
    differences: float
    dual: float
    kinks: int
    rounding: float

    @property
    def ok(self) -> bool:
        """Whether both oracles agree with the derived equations."""
        return self.differences <= DIFFERENCES_TOLERANCE and self.dual <= DUAL_TOLERANCE


@dataclass(frozen=True)
class GradientReport:
    """The result of `check_gradients`; `str` prints it as a table with what it means."""

    network: str
    dtype: str
    projected: bool
    parameters: tuple[ParameterCheck, ...]

    @property
    def ok(self) -> bool:
        """Whether every derivative agrees with both oracles."""
        return all(check.ok for check in self.parameters)

    def __str__(self) -> str:
        how = f"arrays of more than {ELEMENT_BY_ELEMENT:,} along {PROJECTIONS} random directions"
        how = how if self.projected else "element by element"
        rounded = self.dtype != "float64"
        lines = [
            f"gradient check of {self.network}, {how}:",
            "worst relative error against two oracles that know the forward equations only",
            "",
            f"{'':12}{'checked':>8}{'dual':>10}{'differences':>13}{'at a kink':>11}" + (f"{self.dtype:>10}" * rounded),
        ]
        for check in self.parameters:
            compared = f"{check.differences:.1e}" if check.kinks < check.checked else "-"
            lines.append(
                f"{check.name:12}{check.checked:8d}{check.dual:10.1e}{compared:>13}{check.kinks:11d}"
                + (f"{check.rounding:10.1e}" * rounded)
                + ("" if check.ok else "  WRONG")
            )
        return "\n".join([*lines, "", *self._remarks()])

    @staticmethod
    def _why(wrong: list[ParameterCheck]) -> str:
        dual = any(not check.dual <= DUAL_TOLERANCE for check in wrong)
        differences = any(not check.differences <= DIFFERENCES_TOLERANCE for check in wrong)
        if dual and differences:
            return "Both oracles disagree with the derived equations: a derivative is wrong"
        if dual:
            return "Dual numbers disagree, and are exact: a derivative is wrong by too little for differences to see"
        return "Differences alone disagree: a strongly curved cost or cancellation misleads them"

    def _remarks(self) -> list[str]:
        wrong = [check for check in self.parameters if not check.ok]
        remarks = []
        if wrong:
            names = ", ".join(check.name for check in wrong)
            remarks.append(f"WRONG: {names}. {self._why(wrong)}.")
        else:
            remarks.append("All derivatives agree.")
        kinks = sum(check.kinks for check in self.parameters)
        if kinks:
            remarks.append(
                f"{kinks} at a kink (as relu at 0): the slope differs on the two sides, so that differences across "
                "it mean nothing. They are left out there; dual numbers, which take one side, still compare them."
            )
        if self.dtype != "float64":
            remarks.append(
                f"The comparison is made in float64. Computing in {self.dtype} alone changes derivatives by the "
                "last column; that is rounding, no mistake."
            )
        return remarks


def check_gradients(
    net: Network,
    x: Any,
    t: Any,
    sample_weight: Any = None,
    *,
    inputs: bool = False,
    training: bool = False,
    step: int = 1,
) -> GradientReport:
    """Compare the derived gradients of `net` with dual numbers and with central differences.

    Parameters
    ----------
    x, t, sample_weight : a batch as for `Network.gradients`; small ones are enough.
    inputs : check dE/dx too.
    training, step : as in training, with that step's dropout and the batch's own statistics.

    Parameters that only choose elements, as ``at`` of `Columns` does, have no slope and are left out.
    Arrays of more than 1,000 elements are checked along random directions. Returns a report; its `ok`
    says whether all is well.

    >>> import chainrule as cr
    >>> net = cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)], dtype="float64")
    >>> cr.check_gradients(net, [[0.5, -1.0]], [[0.2]]).ok
    True
    """
    picking = picking_arrays(net.program())
    names = (*(name for name in net.parameters if name not in picking), *(["x"] if inputs else []))
    own = net.gradients(x, t, sample_weight, inputs=inputs, training=training, step=step)
    arrays = net.given(x, t, sample_weight, step=whole("step", step) if training else None)
    arrays = {**arrays, **net.parameters, **net.states}
    exact = {name: np.asarray(value, np.float64) if name != "N" else value for name, value in arrays.items()}
    if net.architecture.loss.targets == "distribution":
        # Rounded to float32 the rows sum to 1 no longer.
        exact["t"] = exact["t"] / exact["t"].sum(axis=1, keepdims=True)
    program = net.program(names, weighted=sample_weight is not None, training=training)
    derived = _derived(program, exact, names)
    differences = Differences(program, exact)
    checks = []
    for name in names:
        compare = _compare_projected if _is_large(derived[name]) else _compare_elements
        slopes, duals, compared, kinks = compare(program, exact, name, derived[name], differences)
        checks.append(
            ParameterCheck(
                name,
                compared.size,
                _worst(compared[~kinks], slopes[~kinks]),
                _worst(compared, duals),
                int(kinks.sum()),
                _worst(derived[name], np.asarray(own[name], np.float64)) if net.dtype != np.float64 else 0.0,
            )
        )
    projected = any(map(_is_large, derived.values()))
    return GradientReport(repr(net), net.dtype.name, projected, tuple(checks))


def _is_large(derived: Array) -> bool:
    return derived.size > ELEMENT_BY_ELEMENT


def _derived(program: Program, arrays: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Array]:
    states = {state.name: arrays[state.name].copy() for state in program.states}
    with np.errstate(all="ignore"):
        run = Plan(program).run({**arrays, **states})
    if where := first_not_finite(program, run):
        raise InputError(f"there is nothing to check: for this batch the value of an equation is not finite, {where}")
    return {name: np.asarray(run[gradient_name(name)]) for name in names}


# What the oracles give, what the derived equations give, and where a kink spoils the differences.
Compared = tuple[Array, Array, Array, npt.NDArray[np.bool_]]


def _compare_elements(
    program: Program, arrays: Mapping[str, Any], name: str, derived: Array, differences: Differences
) -> Compared:
    slopes, kinks = differences.gradient(name)
    return slopes, dual_gradients(program, arrays, (name,))[name], derived, kinks


def _compare_projected(
    program: Program, arrays: Mapping[str, Any], name: str, derived: Array, differences: Differences
) -> Compared:
    """Compare along random directions of +1 and -1, so that no element can hide (Rademacher)."""
    rng = np.random.default_rng(0)
    rows: list[tuple[float, float, float, bool]] = []
    for _ in range(PROJECTIONS):
        direction = rng.choice([-1.0, 1.0], derived.shape) / np.sqrt(max(1, derived.size))
        difference = differences.along({name: direction})
        dual = dual_gradients(program, arrays, (name,), {name: direction})[name]
        rows.append((difference.slope, float(dual), float(np.sum(derived * direction)), difference.kink))
    slopes, duals, own, kinks = (np.array(column) for column in zip(*rows, strict=True))
    return slopes, duals, own, kinks.astype(bool)


def _worst(derived: Array, other: Array) -> float:
    error = np.abs(derived - other) / np.maximum(np.abs(derived), FLOOR)
    return float(np.max(error, initial=0.0)) if not np.isnan(error).any() else float("nan")
