"""Formulas of users: expanded to the letters of a program, or refused with the formula's name."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from chainrule.equations import ref
from chainrule.errors import FormulaError
from chainrule.formulas import Formula
from refusal import attempt

Z = ref("z1", "n", "j")


def expand(text, **numbers):
    return str(Formula("it", text, ("x",), numbers).expand({"x": Z}, "j"))


@pytest.mark.parametrize(
    ("text", "numbers", "expanded"),
    [
        ("x", {}, "z1[n,j]"),
        ("x * sigmoid(slope * x)", {"slope": 1.5}, "z1[n,j] * sigmoid(1.5 * z1[n,j])"),
        ("exp(x) / sum(exp(x))", {}, "exp(z1[n,j]) / sum(j, exp(z1[n,j]))"),
        ("x - stop(max(x))", {}, "z1[n,j] - stop(max(j, z1[n,j]))"),
        ("x - mean(x)", {}, "z1[n,j] - mean(j, z1[n,j])"),
        ("(1 - s) * x + s * x**2", {"s": 0}, "z1[n,j]"),
        ("k * x / k", {"k": 1}, "z1[n,j]"),
        ("k", {"k": -2}, "-2"),
        ("where(x > 0, x, slope * x)", {"slope": 0.25}, "where(z1[n,j] > 0, z1[n,j], 0.25 * z1[n,j])"),
    ],
)
def test_names_become_elements_and_numbers(text, numbers, expanded):
    assert expand(text, **numbers) == expanded


@pytest.mark.parametrize(
    ("text", "runs"),
    [("x", True), ("sum(x)", False), ("sum(x) + x", True), ("k", False), ("max(x * mean(x))", False), ("-x**2", True)],
)
def test_what_stands_outside_every_reduction_runs_over_the_units(text, runs):
    numbers = {"k": 2} if "k" in text else {}
    assert Formula("it", text, ("x",), numbers).runs_over_units() is runs


WORDS = "x y k 2 1e400 0x1 1_0 ( ) + - * / ** sum( max( where( exp( foo( , < == = := [n] lambda ' N E e . % \\ # é None"
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\0"])


@given(st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=20)), st.floats())
def test_any_text_is_a_formula_or_a_formula_error(text, number):
    formula, refusal = attempt(lambda: Formula("it", text, ("x", "y"), {"k": number}))
    if refusal:
        assert refusal.startswith("it")
    else:
        assert formula.expand({"x": Z, "y": Z}, "j") is not None


@pytest.mark.parametrize(
    "text", ["(" * 300 + "x" + ")" * 300, "-" * 5000 + "x", "+".join(["x"] * 50_000), "x" * 200_000]
)
def test_formulas_of_any_length_end_in_a_sentence(text):
    _, refusal = attempt(lambda: Formula("it", text, ("x",)))
    assert refusal is None or len(refusal) < 500


def test_a_long_formula_does_not_flood_the_screen():
    with pytest.raises(FormulaError) as error:
        Formula("it", "foo(x) + " * 100 + "x", ("x",))
    assert len(str(error.value)) < 500
