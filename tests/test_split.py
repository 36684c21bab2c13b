"""Splitting: the same program, in which each value worth keeping has a name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from chainrule.equations import Call, Equation, Expr, children, ref, refs, walk
from chainrule.functions import FUNCTIONS
from chainrule.parsing import parse, parse_program
from chainrule.program import Program
from chainrule.split import Splitter, is_split_off
from oracle import run
from strategies import Case, programs


def split(text: str, taken: tuple[str, ...] = ()) -> list[str]:
    splitter = Splitter(taken)
    return [str(part) for equation in parse_program(text) for part in splitter.split(equation)]


def split_program(program: Program) -> Program:
    splitter = Splitter({eq.target.name for eq in program.equations})
    return replace(program, equations=tuple(part for eq in program.equations for part in splitter.split(eq)))


def choices(expr: Expr) -> list[Expr]:
    """Return what the choices of an expression choose from, outermost first."""
    if isinstance(expr, Call) and expr.function == "where":
        return list(expr.args[1:])
    return [found for child in children(expr) for found in choices(child)]


@settings(max_examples=200)
@given(programs())
def test_a_split_program_has_the_same_values(case: Case) -> None:
    whole, parts = run(case.program, case.arrays), run(split_program(case.program), case.arrays)
    for name, expected in whole.items():
        np.testing.assert_allclose(parts[name], expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=100)
@given(programs())
def test_no_value_is_named_twice_and_no_name_given_twice(case: Case) -> None:
    made = [eq for eq in split_program(case.program).equations if is_split_off(eq.target.name)]
    assert len({eq.value for eq in made}) == len(made)
    assert len({eq.target.name for eq in made}) == len(made)


@settings(max_examples=100)
@given(programs())
def test_nothing_is_named_inside_a_choice(case: Case) -> None:
    before = [found for eq in case.program.equations for found in choices(eq.value)]
    after = [found for eq in split_program(case.program).equations for found in choices(eq.value)]
    assert set(after) <= set(before)
    assert not any(is_split_off(used.name) for found in after for used in refs(found))


@settings(max_examples=100)
@given(programs())
def test_what_is_named_says_its_origin_and_is_followed_by_its_use(case: Case) -> None:
    splitter = Splitter(())
    for equation in case.program.equations:
        *parts, last = splitter.split(equation)
        assert last.target == equation.target
        assert all(part.origin == equation.origin for part in parts)
        used = {node.name for part in [*parts, last] for node in refs(part.value)}
        assert {part.target.name for part in parts} <= used


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.isidentifier() and name not in ("where", "stop")])
def test_a_function_whose_derivative_uses_its_value_is_named(name: str) -> None:
    args = ", ".join(["x[n]", "w[n]"][: len(FUNCTIONS[name].derivatives)])
    parts = split(f"a[n] = 2 * {name}({args})")
    kept = [f"a_{name}[n] = {name}({args})"] if FUNCTIONS[name].keeps_value else []
    assert parts[:-1] == kept


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a[n] = sigmoid(x[n])", ["a[n] = sigmoid(x[n])"]),
        ("a[n] = x[n] * sigmoid(x[n])", ["a_sigmoid[n] = sigmoid(x[n])", "a[n] = x[n] * a_sigmoid[n]"]),
        ("z[n,j] = sum(i, x[n,i] * w[i,j]) + b[j]", ["z[n,j] = sum(i, x[n,i] * w[i,j]) + b[j]"]),
        ("E = -1/2 * mean(n, x[n])", ["E = -1/2 * mean(n, x[n])"]),
        ("E = 2 * sum(n, x[n]) / 3", ["E = 2 * sum(n, x[n]) / 3"]),
        ("E = rate * sum(n, x[n])", ["E_sum = sum(n, x[n])", "E = rate * E_sum"]),
        ("E = rate / 2 - sum(n, x[n]) / N", ["E = rate / 2 - sum(n, x[n]) / N"]),
        ("E = log(sum(n, x[n]))", ["E_sum = sum(n, x[n])", "E = log(E_sum)"]),
        (
            "y[n,k] = exp(z[n,k] - stop(max(k, z[n,k]))) / sum(k, exp(z[n,k] - stop(max(k, z[n,k]))))",
            [
                "y_max[n] = max(k, z[n,k])",
                "y_exp[n,k] = exp(z[n,k] - stop(y_max[n]))",
                "y_sum[n] = sum(k, y_exp[n,k])",
                "y[n,k] = y_exp[n,k] / y_sum[n]",
            ],
        ),
        ("a[n] = exp(x[n])\nb[n] = 1 + exp(x[n])", ["a[n] = exp(x[n])", "b_exp[n] = exp(x[n])", "b[n] = 1 + b_exp[n]"]),
        (
            "b[n] = 1 + exp(x[n])\nc[n] = 2 * exp(x[n])",
            ["b_exp[n] = exp(x[n])", "b[n] = 1 + b_exp[n]", "c[n] = 2 * b_exp[n]"],
        ),
        ("a[n] = where(x[n] > 0, sqrt(x[n]), 0)", ["a[n] = where(x[n] > 0, sqrt(x[n]), 0)"]),
        (
            "a[n] = where(x[n,0] > 0, log(sum(i, x[n,i])), 0)",
            ["a[n] = where(x[n,0] > 0, log(sum(i, x[n,i])), 0)"],
        ),
        ("a[n] = 1 + exp(2)", ["a[n] = 1 + exp(2)"]),
    ],
)
def test_formulas_split_as_a_textbook_writes_them(text: str, parts: list[str]) -> None:
    assert split(text) == parts


def test_names_that_are_taken_are_numbered_on() -> None:
    assert split("a[n] = 1 + exp(x[n])", taken=("a_exp",))[0] == "a_exp2[n] = exp(x[n])"
    twice = split("a[n] = exp(x[n]) + exp(2 * x[n])")
    assert [part.split("[")[0] for part in twice] == ["a_exp", "a_exp2", "a"]


def test_a_split_update_stays_an_update_and_its_parts_are_not() -> None:
    update = parse("w[i] <- w[i] - rate * exp(g[i])")
    part, last = Splitter(()).split(update)
    assert not part.update
    assert last == Equation(ref("w", "i"), parse("w[i] = w[i] - rate * w_exp[i]").value, update=True)


def test_a_value_kept_is_not_confused_with_one_in_other_indices() -> None:
    parts = split("a[n,i] = exp(x[n]) * exp(x[i])")
    assert parts == ["a_exp[n] = exp(x[n])", "a_exp2[i] = exp(x[i])", "a[n,i] = a_exp[n] * a_exp2[i]"]
    assert all(len(list(walk(parse(part).value))) > 1 for part in parts)
