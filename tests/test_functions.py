"""Each entry of the table of functions against mathematics done elsewhere."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import product

import array_api_strict
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from chainrule.checks.dual import RULES, Dual
from chainrule.engines.reference import Plan
from chainrule.equations import COMPARISONS, REDUCTIONS, Call, Const, Equation, Ref, refs
from chainrule.errors import InputError
from chainrule.functions import FUNCTIONS, function
from chainrule.latex import latex
from chainrule.program import Program
from oracle import STEP, Evaluator

EXPECTED: dict[str, Callable[..., float]] = {
    "+": lambda x, u: math.fsum((x, u)),
    "-": lambda x, u: math.fsum((x, -u)),
    "*": lambda x, u: math.prod((x, u)),
    "/": lambda x, u: x / u,
    "**": math.pow,
    "neg": lambda x: math.copysign(x, -math.copysign(1, x)),
    "<": lambda x, u: x < u,
    "<=": lambda x, u: x <= u,
    ">": lambda x, u: x > u,
    ">=": lambda x, u: x >= u,
    "==": lambda x, u: x == u,
    "!=": lambda x, u: x != u,
    "where": lambda c, x, u: x if c else u,
    "stop": lambda x: x,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
    "abs": math.fabs,
    "sign": lambda x: math.copysign(1, x) if x else 0,
    "maximum": max,
    "minimum": min,
    "sin": math.sin,
    "cos": math.cos,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "arctan": math.atan,
    "erf": math.erf,
    "sigmoid": lambda x: float(scipy.special.expit(x)),
    "softplus": lambda x: float(np.logaddexp(0, x)),
    "relu": lambda x: max(x, 0.0),
}
POSITIVE = {"log", "sqrt", "**"}
FAR = (-30.0, -3.25, -1.0, -0.5, -1e-9, 0.0, 1e-9, 0.3, 1.0, 2.5, 20.0)
KINKED = sorted(name for name, entry in FUNCTIONS.items() if entry.kink)
SMOOTH = sorted(set(FUNCTIONS) - set(KINKED) - {"where", "stop", "**"})


def grid(name: str) -> list[tuple[float, ...]]:
    """Return arguments in the domain of a function, kinks among them."""
    count = len(FUNCTIONS[name].derivatives)
    if name == "where":
        return [(c, x, u) for c in (0.0, 1.0) for x, u in product(FAR, FAR)]
    points = product(FAR, repeat=count)
    positive = [point for point in points if not (name in POSITIVE and point[0] <= 0)]
    inside = [point for point in positive if not (name == "log1p" and point[0] <= -1)]
    return [point for point in inside if not (name == "/" and point[1] == 0)]


def roomy(name: str) -> list[tuple[float, ...]]:
    """Return arguments with room around them in the domain of a function."""
    least = {"log": 0, "sqrt": 0, "/": 1}
    return [point for point in grid(name) if name not in least or abs(point[least[name]]) > 1e-3]


def value(name: str, *args: float) -> float:
    return float(FUNCTIONS[name].value(np, *map(np.float64, args)))


def slope(name: str, which: int, *args: float) -> float:
    """Evaluate the derivative formula of the table with an evaluator that knows no derivatives."""
    entry = FUNCTIONS[name]
    known = {**dict(zip(entry.arguments, args, strict=True)), "y": value(name, *args)}
    evaluator = Evaluator({}, {key: {(): number} for key, number in known.items()})
    return float(evaluator.value(entry.slopes[which], {}))


def difference(name: str, which: int, args: tuple[float, ...], sides: tuple[float, float]) -> float:
    """Return the slope of the value itself between two points around `args`."""
    step = 1e-6 * max(1.0, abs(args[which]))
    ends = [[*args[:which], args[which] + side * step, *args[which + 1 :]] for side in sides]
    low, high = (value(name, *end) for end in ends)
    return (high - low) / (ends[1][which] - ends[0][which])


def test_every_function_is_tested_here_and_has_a_dual_rule() -> None:
    assert set(EXPECTED) == set(FUNCTIONS)
    assert set(RULES) == set(FUNCTIONS) - {"stop"}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("namespace", [np, array_api_strict], ids=["numpy", "strict"])
def test_the_value_is_that_of_the_mathematics_library(name: str, namespace: object) -> None:
    points = grid(name)
    columns = [namespace.asarray(np.array(column)) for column in zip(*points, strict=True)]
    if name == "where":
        columns[0] = columns[0] != 0
    found = np.asarray(FUNCTIONS[name].value(namespace, *columns), np.float64)
    expected = [EXPECTED[name](*point) for point in points]
    np.testing.assert_allclose(found, np.array(expected, np.float64), rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {*COMPARISONS, "where"}))
@pytest.mark.parametrize("namespace", [np, array_api_strict], ids=["numpy", "strict"])
def test_float32_stays_float32(name: str, namespace: object) -> None:
    count = len(FUNCTIONS[name].derivatives)
    arrays = [namespace.asarray(np.array([0.5, 2.0], np.float32)) for _ in range(count)]
    assert FUNCTIONS[name].value(namespace, *arrays).dtype == namespace.float32


@pytest.mark.parametrize("name", SMOOTH)
def test_the_derivatives_are_the_slopes_of_the_value(name: str) -> None:
    for point in roomy(name):
        for which in range(len(point)):
            expected = difference(name, which, point, (-1, 1))
            tolerance = 1e-6 * max(1, abs(value(name, *point)))
            assert slope(name, which, *point) == pytest.approx(expected, rel=1e-6, abs=tolerance)


@pytest.mark.parametrize("name", KINKED)
def test_away_from_the_kink_the_derivatives_are_the_slopes_of_the_value(name: str) -> None:
    for point in grid(name):
        if abs(kink(name, *point)) > 1e-3:
            for which in range(len(point)):
                assert slope(name, which, *point) == pytest.approx(difference(name, which, point, (-1, 1)), abs=1e-6)


def kink(name: str, *args: float) -> float:
    entry = FUNCTIONS[name]
    known = {key: {(): number} for key, number in zip(entry.arguments, args, strict=True)}
    assert entry.kink_value is not None
    return float(Evaluator({}, known).value(entry.kink_value, {}))


@given(st.floats(0.05, 5), st.floats(-4, 4))
def test_the_derivatives_of_a_power_are_its_slopes(x: float, u: float) -> None:
    assert slope("**", 0, x, u) == pytest.approx(((x + STEP * 1j) ** (u + 0j)).imag / STEP, rel=1e-10)
    assert slope("**", 1, x, u) == pytest.approx((x ** complex(u, STEP)).imag / STEP, rel=1e-10, abs=1e-12)


@given(st.floats(-5, -0.05), st.integers(-4, 4))
def test_a_whole_power_of_a_negative_number_has_its_slope(x: float, u: int) -> None:
    assert slope("**", 0, x, u) == pytest.approx(difference("**", 0, (x, u), (-1, 1)), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", RULES)
def test_the_table_and_the_dual_rules_agree(name: str) -> None:
    points = [point for point in grid(name) if abs(point[0]) < 25]
    columns = [np.array(column) for column in zip(*points, strict=True)]
    for which in range(len(columns)):
        if name == "where" and which == 0:
            continue
        duals = [Dual(x, np.full((len(points), 1), float(place == which))) for place, x in enumerate(columns)]
        with np.errstate(all="ignore"):
            found = RULES[name](*duals)
        np.testing.assert_allclose(found.value, [value(name, *point) for point in points], rtol=1e-12, atol=1e-300)
        slopes = [slope(name, which, *point) for point in points]
        np.testing.assert_allclose(found.slope[:, 0], slopes, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", KINKED)
def test_at_the_kink_the_value_jumps_or_the_slopes_of_both_sides_differ(name: str) -> None:
    at = (0.0, 0.0)[: len(FUNCTIONS[name].derivatives)]
    assert kink(name, *at) == 0
    around = [value(name, near, *at[1:]) for near in (-1e-6, 0, 1e-6)]
    left, right = difference(name, 0, at, (-1, 0)), difference(name, 0, at, (0, 1))
    assert abs(left - right) > 0.5 or max(around) - min(around) > 0.5


@pytest.mark.parametrize("name", KINKED)
def test_the_kink_changes_sign_where_the_function_has_two_forms(name: str) -> None:
    other = (0.7,) * (len(FUNCTIONS[name].derivatives) - 1)
    middle = other[0] if other else 0.0
    assert kink(name, middle - 0.1, *other) < 0 < kink(name, middle + 0.1, *other)


@pytest.mark.parametrize("name", SMOOTH)
def test_a_function_without_a_kink_has_one_slope_everywhere(name: str) -> None:
    for point in roomy(name):
        left, right = difference(name, 0, point, (-1, 0)), difference(name, 0, point, (0, 1))
        assert left == pytest.approx(right, rel=2e-3, abs=1e-3)


@pytest.mark.parametrize("name", [name for name, entry in FUNCTIONS.items() if entry.reflected])
@given(x=st.floats(-30, 30))
def test_a_reflected_value_is_the_value_at_minus_x(name: str, x: float) -> None:
    evaluator = Evaluator({}, {"y": {(): value(name, x)}, "x": {(): x}})
    reflection = FUNCTIONS[name].reflection
    assert reflection is not None
    assert evaluator.value(reflection, {}) == pytest.approx(value(name, -x), abs=1e-15)


FAR_OUT = [("sigmoid", -1e4, 0), ("sigmoid", 1e4, 1), ("softplus", -1e4, 0), ("softplus", 1e4, 1e4), ("tanh", 1e4, 1)]


@pytest.mark.parametrize(("name", "far", "expected"), FAR_OUT)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_the_values_are_the_limits(name: str, far: float, expected: float, dtype: type) -> None:
    with np.errstate(over="ignore"):
        assert FUNCTIONS[name].value(np, dtype(far)) == expected


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"where", "stop"}))
def test_nan_passes_through_every_function_of_numbers(name: str) -> None:
    if name in COMPARISONS:
        return
    count = len(FUNCTIONS[name].derivatives)
    assert math.isnan(FUNCTIONS[name].value(np, *[np.float64("nan")] * count))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_latex_has_every_argument(name: str) -> None:
    args = tuple(map(Ref, ("x", "u", "v")))[: len(FUNCTIONS[name].derivatives)]
    text = latex(Call(name, args))
    assert all(text.count(arg.name) >= 1 for arg in args)


@pytest.mark.parametrize("name", [name for name, entry in FUNCTIONS.items() if entry.written])
def test_what_is_written_out_has_the_same_value(name: str) -> None:
    entry = FUNCTIONS[name]
    for x in (-1.5, -0.25, 0.75, 2.0):
        if name != "log1p" or x > -1:
            written = Plan(Program((), (), (Equation(Ref("y"), entry.written_for([Const(x)])),), {})).run({})["y"]
            assert math.isclose(written, entry.value(np, np.float64(x)), rel_tol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_formulas_use_the_arguments_and_the_value_and_nothing_else(name: str) -> None:
    entry = FUNCTIONS[name]
    used = {node.name for slope in entry.slopes for node in refs(slope)}
    assert used <= {*entry.arguments, "y"}
    assert entry.keeps_value == ("y" in used)
    assert function(name) is entry


def test_an_unknown_function_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'sigmiod'.*did you mean 'sigmoid'"):
        function("sigmiod")
    with pytest.raises(InputError) as caught:
        function("arcsin")
    assert not re.search(r"[+*/<>=]", str(caught.value))


def test_no_function_has_the_name_of_a_reduction() -> None:
    assert not set(REDUCTIONS) & set(FUNCTIONS)
