"""The reference engine, against loops over every element."""

from __future__ import annotations

from typing import Any

import array_api_strict
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chainrule.derive import derive
from chainrule.engines.reference import Plan
from chainrule.equations import COMPARISONS, Equation, Ref, ref
from chainrule.functions import FUNCTIONS
from chainrule.parsing import parse, parse_program
from chainrule.program import Program
from oracle import as_array, evaluator, run
from strategies import Case, arrays_for, programs

NAMESPACES = {"numpy": np, "strict": array_api_strict}
FLOAT32 = {"numpy": np.dtype("float32"), "strict": array_api_strict.float32}
SIZES: dict[str, int | str] = {"n": "N", "m": "N", "i": 2, "j": 2, "k": 3, "l": 3}
INPUTS = "x[n,i] t[n,k] c[n] rate"
STATES = "w[i,j] v[k,i] b[j] h[i,k,j] s"


def program(text: str, inputs: str = INPUTS, states: str = STATES) -> Program:
    given, kept = (tuple(parse(f"{name} = 0").target for name in names.split()) for names in (inputs, states))
    return Program(given, kept, parse_program(text), SIZES)


def arrays(rows: int = 3, seed: int = 0) -> dict[str, Any]:
    return arrays_for(program(""), rows, 3, seed)


def computed(program: Program, given: dict[str, Any], namespace: Any = np, dtype: str = "float64") -> dict[str, Any]:
    """Run the reference engine on copies of the arrays."""
    copies = {name: moved(value, namespace, dtype) for name, value in given.items()}
    with np.errstate(all="ignore"):
        return dict(Plan(program, namespace=namespace).run(copies))


def moved(value: Any, namespace: Any, dtype: str) -> Any:
    if isinstance(value, int):
        return value
    value = np.array(value)
    return namespace.asarray(value if value.dtype.kind == "i" else value.astype(dtype), copy=True)


def loops(program: Program, given: dict[str, Any]) -> dict[str, np.ndarray]:
    """Run the loops over every element; a case that rounding decides is left out."""
    evaluation = evaluator(program, given)
    found = evaluation.run(program.equations)
    assume(not evaluation.ties)
    return {name: as_array(values) for name, values in found.items()}


def assert_same(found: dict[str, Any], expected: dict[str, np.ndarray]) -> None:
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        tolerance = 1e-12 * max(1.0, float(np.abs(value).max()))
        np.testing.assert_allclose(np.asarray(found[name]), value, rtol=1e-12, atol=tolerance, err_msg=name)


@settings(max_examples=200)
@given(programs())
def test_every_array_is_that_of_the_loops(case: Case) -> None:
    assert_same(computed(case.program, case.arrays), loops(case.program, case.arrays))


@settings(max_examples=100)
@given(programs())
def test_an_array_namespace_without_anything_of_numpy_gives_the_same(case: Case) -> None:
    assert_same(computed(case.program, case.arrays, array_api_strict), loops(case.program, case.arrays))


@settings(max_examples=80)
@given(programs(depth=2))
def test_derived_equations_are_those_of_the_loops(case: Case) -> None:
    derived = derive(case.program, case.learned)
    expected = loops(derived, case.arrays)
    assert_same(computed(derived, case.arrays), expected)
    assert_same(computed(derived, case.arrays, array_api_strict), expected)


@settings(max_examples=100)
@given(programs(), st.sampled_from(sorted(NAMESPACES)))
def test_float32_stays_float32(case: Case, name: str) -> None:
    derived = derive(case.program, ("w", "b"))
    found = computed(derived, case.arrays, NAMESPACES[name], "float32")
    wrong = {key: value.dtype for key, value in found.items() if key not in "Nc" and value.dtype != FLOAT32[name]}
    assert not wrong


HARD = {
    "a number": "y = 3",
    "a number for every element": "y[n,k] = 3",
    "a sum of a number": "y = 2 * sum(i, 3) + 1",
    "a sum over an index the value lacks": "y[n] = sum(i, k, x[n,0]) + mean(k, x[n,1]) + max(k, l, x[n,0])",
    "a size": "y = N + K / N",
    "functions of sizes": "y[n] = log(N) * x[n,0] + maximum(N, 2) + relu(N - 2) + sqrt(K) + where(N > 2, 1, 2)",
    "division by a size that is zero": "y[n] = x[n,0] + where(N > 3, 1 / (N - 3), 7)",
    "a choice of two numbers": "y[n] = where(x[n,0] > 0, 1, 2)",
    "the value of an index": "y[n,i] = i * x[n,i] + n",
    "functions of an index": "y[k] = exp(k) + sqrt(k) + k**2 + k / 2 + where(k == 1, 5, 6) + maximum(k, 1)",
    "comparisons of numbers": "y[n] = (2 > 1) + (x[n,0] != x[n,1]) * (i_ >= 0)".replace("i_", "n"),
    "a comparison in a product": "y[n] = sum(i, (x[n,i] > 0) * x[n,i])",
    "a choice by a number": "y[n] = where(x[n,0], 1.5, x[n,1])",
    "a transposed array": "y[j,i] = w[i,j]",
    "transposed by a product": "y[k,n] = sum(i, x[n,i] * v[k,i])",
    "three axes in another order": "y[j,i,k] = h[i,k,j] * b[i]",
    "a product of three arrays": "y[n,k] = sum(i, j, x[n,i] * w[i,j] * v[k,j])",
    "a product that keeps an index of both": "y[n,i] = sum(j, k, h[i,k,j] * x[n,j] * t[n,k])",
    "batched products": "y[k,i,l] = sum(j, h[i,k,j] * h[i,l,j])",
    "a square": "y = sum(n, i, x[n,i] * x[n,i])",
    "a divisor in a sum": "y[n] = sum(i, x[n,i] / (1 + b[i]**2) / 3)",
    "minus in a sum": "y[n] = sum(i, -x[n,i] * -b[i])",
    "an outer product": "y[n,m] = sum(i, x[n,i] * x[m,i])",
    "all pairs": "y = sum(n, m, i, (x[n,i] - x[m,i])**2)",
    "a diagonal": "y[i] = w[i,i] + h[i,0,i]",
    "rows chosen": "y[n,i] = v[c[n],i] * v[c[n],0]",
    "rows and columns chosen": "y[n,m] = t[n,c[m]] + t[c[n] - c[n],0]",
    "one element": "y = w[0,1] * b[1]",
    "a place counted backwards": "y[i,j] = w[I - 1 - i,j] + w[j,J - 1 - i]",
    "a maximum over both": "y = max(n, i, x[n,i]) + max(i, max(n, x[n,i]))",
    "a mean over both": "y = mean(n, i, x[n,i] * 2)",
    "a scalar input": "y[n] = rate * x[n,0]**2",
    "powers": "y[n] = x[n,0]**2 + x[n,0]**3 + (1 + x[n,0]**2)**0.5 + 2**x[n,0] + x[n,0]**(-1)",
    "a state that lacks an index": "y[n,i,j] = w[i,j]",
    "whole numbers as numbers": "y[n] = c[n] * x[n,0] + tanh(c[n]) / 2 + mean(n_, c[n_]) + c[n]**(-1 * 0)".replace(
        "n_", "m"
    ),
    "functions of sums of numbers": "y[n] = tanh(sum(i, 0.25)) * x[n,0] + exp(mean(k, N)) + max(k, 3) + sum(i, k, N)",
}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("name", NAMESPACES)
@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_what_is_hard_to_run_is_right_and_of_the_right_type(text: str, name: str, rows: int) -> None:
    checked, given = program(text), arrays(rows)
    if rows == 3 and "N - 3" in text:
        given = arrays(4)
    assert_same(computed(checked, given, NAMESPACES[name]), run(checked, given))
    if "x[" in text or "w[" in text:
        assert computed(checked, given, NAMESPACES[name], "float32")["y"].dtype == NAMESPACES[name].float32


ARGUMENTS = (
    ("x[n,i]", "2", "b[i]"),
    ("N", "x[n,0]", "1"),
    ("(i + 1)", "(i + 2)", "K"),
    ("2", "K", "N"),
    ("0.5", "2", "3"),
    ("sum(j, 2)", "mean(k, N)", "max(l, 0.5)"),
    ("(c[n] + 1)", "(c[n] - 4)", "c[n]"),
)


@pytest.mark.parametrize("name", NAMESPACES)
@pytest.mark.parametrize("function", sorted(set(FUNCTIONS)))
def test_every_function_runs_on_arrays_numbers_sizes_and_indices(function: str, name: str) -> None:
    count = len(FUNCTIONS[function].derivatives)
    form = "({} {} {})" if function in (*COMPARISONS, "+", "-", "*", "/", "**") else ""
    calls = []
    for args in ARGUMENTS:
        infix = form.format(args[0], function, args[1])
        calls.append(infix or f"{function}({', '.join(args[:count])})")
    checked = program("\n".join(f"y{number}[n,i] = {text}" for number, text in enumerate(calls)))
    given = {**arrays(2), "x": np.array([[0.5, 1.5], [2.5, 0.25]])}
    assert_same(computed(checked, given, NAMESPACES[name]), run(checked, given))


@given(programs(), st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_one_plan_runs_batches_of_any_size(case: Case, batches: list[int]) -> None:
    plan = Plan(case.program)
    choices = case.program.sizes["k"]
    for rows in batches:
        given = arrays_for(case.program, rows, int(choices), seed=rows)
        found = dict(plan.run({name: np.array(value) if name != "N" else value for name, value in given.items()}))
        assert_same(found, loops(case.program, given))


def test_only_the_chosen_equations_run() -> None:
    checked = program("y = rate + 1\nz = y * 2\nE = z")
    found = Plan(checked, checked.needed_for(["z"])).run({"rate": np.array(1.0)})
    assert set(found) == {"rate", "y", "z"}
    assert found["z"] == 4


@pytest.mark.parametrize("name", NAMESPACES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_update_is_written_in_place(name: str, dtype: str) -> None:
    namespace = NAMESPACES[name]
    checked = program(
        "b[j] <- b[j] - rate * sum(n, x[n,j])\nw[i,j] <- w[j,i]\nw[j,i] <- w[i,j] + 1\ns <- s + 1\nb[j] <- 0.5"
    )
    given = {key: moved(value, namespace, dtype) for key, value in arrays().items()}
    before = {key: given[key] for key in ("b", "w", "s")}
    expected = np.asarray(given["w"]) + 1
    found = Plan(checked, namespace=namespace).run(given)
    assert all(found[key] is array for key, array in before.items())
    np.testing.assert_array_equal(np.asarray(found["w"]), expected)
    assert np.asarray(found["b"]).tolist() == [0.5, 0.5]
    assert found["b"].dtype == getattr(namespace, dtype)


ALIASES = [
    "w[i,j]",
    "w[j,i]",
    "stop(w[i,j])",
    "max(k, w[i,j])",
    "mean(k, w[i,j])",
    "max(k, stop(w[j,i]))",
    "where(1 > 0, w[i,j], b[i])",
    "maximum(w[i,j], w[i,j])",
    "sum(k, w[i,j]) / K",
    "b[j]",
    "b[i]",
    "w[i,0]",
    "w[0,0]",
    "s",
    "h[i,0,j]",
]


@pytest.mark.parametrize("name", NAMESPACES)
@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("left", ["y[i,j]", "y[j,i]", "y[n,i,j]", "y[i,j,n]"])
def test_an_array_keeps_its_value_when_the_state_it_came_from_changes(left: str, alias: str, name: str) -> None:
    updates = "w[i,j] <- 100\nb[j] <- 100\ns <- 100\nh[i,k,j] <- 100"
    found = computed(program(f"{left} = {alias}\n{updates}"), arrays(), NAMESPACES[name])
    assert float(np.abs(np.asarray(found["y"])).max()) < 50


def test_running_twice_gives_the_same_and_leaves_inputs_alone() -> None:
    checked = program("y[n,j] = sum(i, x[n,i] * w[i,j])\nz[n,i] = x[n,i]\nE = mean(n, sum(j, y[n,j]**2))")
    given = arrays()
    before = {name: np.array(value) for name, value in given.items()}
    first, second = computed(checked, given), computed(checked, given)
    assert all(np.array_equal(first[name], second[name]) for name in ("y", "z", "E"))
    assert all(np.array_equal(given[name], value) for name, value in before.items())


def test_infinity_and_nan_pass_through() -> None:
    checked = program("y[n] = exp(x[n,0]) + sum(i, x[n,i])\nz = max(n, x[n,1])")
    found = computed(checked, {**arrays(2), "x": np.array([[1e4, 0.0], [0.0, np.nan]])})
    assert np.isinf(found["y"][0])
    assert np.isnan(found["y"][1])
    assert np.isnan(found["z"])


def test_a_whole_batch_of_integers_is_computed_as_numbers() -> None:
    checked = program("y[n] = sum(i, x[n,i] / 2) + x[n,0]**(-1)")
    found = computed(checked, {**arrays(2), "x": np.array([[1, 2], [3, 4]])})
    np.testing.assert_allclose(found["y"], [2.5, 3.5 + 1 / 3])


def test_a_single_value_can_be_run_from_python_numbers() -> None:
    equation = Equation(ref("y", "n"), ref("x", "n") * Ref("rate"))
    checked = Program((ref("x", "n"), Ref("rate")), (), (equation,), {"n": "N"})
    found = Plan(checked).run({"x": np.array([1.0, 2.0]), "rate": 0.5, "N": 2})
    assert found["y"].tolist() == [0.5, 1.0]
