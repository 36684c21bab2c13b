"""A program is checked before it runs; each mistake is answered with its origin and with what would be right."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.equations import Const, Equation, Expr, Index, Reduce, Ref, Size, ref, refs
from chainrule.errors import InputError
from chainrule.parsing import parse, parse_program
from chainrule.program import Program
from strategies import Case, programs

SIZES: dict[str, int | str] = {"n": "N", "i": 2, "j": 3, "k": 3}
INPUTS = ("x[n,i]", "c[n]", "rate")
STATES = ("w[i,j]", "b[j]")
ORIGIN = "layer 2 (Dense)"


def given_arrays(*texts: str) -> tuple[Ref, ...]:
    return tuple(parse(f"{text} = 0").target for text in texts)


def program(*equations: Equation, **changes: Any) -> Program:
    fields = {"inputs": given_arrays(*INPUTS), "states": given_arrays(*STATES), "sizes": SIZES, **changes}
    return Program(equations=equations, **fields)


def refused(*equations: Equation, **changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        program(*equations, **changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x[n,i] = 1", "x is defined twice"),
        ("w[i,j] = 1", "w is defined twice"),
        ("y[n] = 1\ny[n] = 2", "y is defined twice"),
        ("y[n] = x[n,0]\nx[n,i] <- x[n,i] + 1", "only a parameter or state takes '<-'; x is neither"),
        ("y = 1\ny <- 2", "y is neither"),
        ("nowhere <- 2", "nowhere is neither"),
        ("y[n] = z[n]\nz[n] = 1", "unknown name z: it is defined further down"),
        ("y[n] = y[n] + 1", "unknown name y"),
        ("y[n] = xx[n,0]", "unknown name xx: did you mean x?"),
        ("y = raet", "unknown name raet: did you mean rate?"),
        ("y = 2 * totally_different", "unknown name totally_different"),
        ("y[n] = x[q[n],0]", "unknown name q"),
        ("y[m] = 1", "the index m has no size; known: n, i, j, k"),
        ("y = sum(m, 1)", "the index m of sum has no size"),
        ("y = max(m, rate)", "; the larger of two values is maximum(a, b)"),
        ("y = M", "M is the size of the index m"),
        ("y[n] = x[n,i]", "the index i stands on the right only; sum over it or write it left"),
        ("y[n] = x[n,0] * sum(i, x[n,i]) + i", "the index i stands on the right only"),
        ("y = v[n]", "unknown name v"),
        ("y[n] = x[n,n]", "sizes differ in x[n,n]: n runs to N, i in x[n,i] to 2"),
        ("y[n,j] = x[n,j]", "sizes differ in x[n,j]: j runs to 3, i in x[n,i] to 2"),
        ("y = sum(n, b[n])", "sizes differ in b[n]: n runs to N, j in b[j] to 3"),
        ("y[n] = x[n]", "x[n] has 1 indices, x[n,i] has 2"),
        ("y[n] = x", "x has 0 indices, x[n,i] has 2"),
        ("y[n] = rate[n]", "rate[n] has 1 indices, rate has 0"),
        ("y = sigmoidd(rate)", "did you mean 'sigmoid'?"),
        ("y = max1(rate)", "max1"),
        ("y = exp(rate, rate)", "exp takes 1 value, not 2"),
        ("y = maximum(rate)", "maximum takes 2 values, not 1"),
        ("y = where(rate > 0, 1)", "where takes 3 values, not 2"),
        ("y[n] = sum(x[n,0])", "sum needs an index here, as in sum(i, x[n,i])"),
        ("y[n] = max(x[n,0])", "max needs an index here"),
        ("y[n] = sum(n, x[n,0])", "the index n of sum is in use around it; take another"),
        ("y = sum(i, mean(i, 1))", "the index i of mean is in use around it"),
        ("y = sum(i, exp(2 * max(n, i, x[n,i])))", "the index i of max is in use around it"),
        ("w[i,j] <- x[i,j]", "sizes differ in x[i,j]"),
        ("w[j,i] <- 1", "sizes differ in w[j,i]: j runs to 3, i in w[i,j] to 2"),
        ("w[i] <- 1", "w[i] has 1 indices, w[i,j] has 2"),
        ("w[i,j] <- b[k]", "the index k stands on the right only"),
        ("y[n] = x[n,2]", "0 to 1"),
        ("y[n] = x[n,-1]", "0 to 1"),
        ("y[n] = x[n,0.5]", "0 to 1"),
    ],
)
def test_each_mistake_is_answered_with_its_origin_its_equation_and_what_is_right(text: str, said: str) -> None:
    equations = parse_program(text, origin=ORIGIN)
    message = refused(*equations)
    assert message.startswith(ORIGIN)
    assert said in message
    assert any(f"'{equation}'" in message for equation in equations)


def test_without_an_origin_the_equation_stands_alone() -> None:
    assert refused(parse("y = x")).startswith("in 'y = x': ")
    assert refused(*parse_program("y=x")).count("y") < 4


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"inputs": given_arrays("x[n,i]", "x[n]")}, "x is defined twice"),
        ({"inputs": given_arrays("x[n,i]"), "states": given_arrays("x[n,i]")}, "x is defined twice"),
        ({"inputs": given_arrays("x[n,m]")}, "the index m has no size"),
        ({"inputs": (ref("x", "n", "n"),)}, "plain indices, each once"),
        ({"inputs": (Ref("x", (Const(0),)),)}, "plain indices, each once"),
        ({"sizes": {"e": 2}}, "not 'e'"),
        ({"sizes": {"nn": 2}}, "not 'nn'"),
        ({"sizes": {"N": 2}}, "not 'N'"),
        ({"sizes": {"n": 0}}, "0"),
        ({"sizes": {"n": -1}}, "-1"),
        ({"sizes": {"n": 2.5}}, "2.5"),
    ],
)
def test_what_is_given_is_checked_too(arrays: dict[str, Any], said: str) -> None:
    assert said in refused(**{"inputs": (), "states": (), **arrays})


@pytest.mark.parametrize(
    "equation",
    [
        Equation(Ref("w", (Const(0), Index("j"))), Const(1), update=True),
        Equation(Ref("w", (Index("j"), Index("j"))), Const(1), update=True),
        Equation(Ref("y", (ref("c", "n"),)), Const(1)),
        Equation(Ref("y"), Reduce("sum", ("i", "i"), ref("w", "i", "j"))),
        Equation(Ref("y"), Reduce("product", ("i",), Const(1))),
        Equation(ref("n", "n"), Const(1)),
    ],
    ids=[
        "an element updated",
        "a diagonal updated",
        "a computed place",
        "an index twice",
        "no such reduction",
        "an index",
    ],
)
def test_what_python_can_build_but_the_language_cannot_say_is_refused(equation: Equation) -> None:
    refused(equation)


@pytest.mark.parametrize(
    "text",
    [
        "y[n,k] = x[n,0] + b[k]",
        "y[j,k] = b[j] * b[k]",
        "y[n] = x[c[n],0] + c[n]",
        "y[n] = x[n,I - 1]",
        "y = sum(j, b[j]) + sum(j, b[j]**2)",
        "y[n] = n / N",
        ["w[i,j] <- w[i,k - k] + rate * K", "False else w[i,j]"][0].replace("k - k", "0"),
        "b[k] <- b[k] + 1",
        "y[n] = exp(x[n,1])\nE = mean(n, y[n])\nb[j] <- b[j] - E",
    ],
)
def test_what_is_right_is_taken(text: str) -> None:
    assert str(program(*parse_program(text))) == text


@given(programs())
def test_a_program_prints_as_text_that_makes_it_again(case: Case) -> None:
    source = case.program
    assert Program(source.inputs, source.states, parse_program(str(source), origin="cost"), source.sizes)
    assert [str(eq) for eq in parse_program(str(source))] == str(source).splitlines()


@given(programs(), st.data())
def test_what_is_needed_is_exactly_what_is_reached(case: Case, data: st.DataObject) -> None:
    equations = case.program.equations
    root = data.draw(st.sampled_from([eq.target.name for eq in equations]))
    by_name = {eq.target.name: eq for eq in equations}
    reached, waiting = set(), [root]
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in reached:
            reached.add(name)
            waiting += [used.name for used in refs(by_name[name].value)]
    assert case.program.needed_for([root]) == tuple(eq for eq in equations if eq.target.name in reached)


def test_updates_are_never_needed_for_a_value() -> None:
    checked = program(*parse_program("y = rate\nb[j] <- b[j] - y\nE = sum(j, b[j])"))
    assert [str(eq) for eq in checked.needed_for(["E", "b"])] == ["E = sum(j, b[j])"]


def test_every_array_is_declared_with_the_indices_of_its_definition() -> None:
    checked = program(*parse_program("y[n,k] = x[n,0] + b[k]\nb[k] <- 0"))
    assert checked.declared("b") == ref("b", "j")
    assert {str(found) for found in checked.declarations().values()} == {*INPUTS, *STATES, "y[n,k]"}


def test_sizes_that_are_the_same_letter_need_not_be_the_same_index() -> None:
    sizes: dict[str, int | str] = {"n": "N", "m": "M", "i": 2}
    message = refused(parse("y[m] = x[m,0]"), inputs=given_arrays("x[n,i]"), states=(), sizes=sizes)
    assert re.search(r"m runs to M, n in x\[n,i\] to N", message)


def nested(depth: int) -> Expr:
    expr: Expr = ref("rate")
    for _ in range(depth):
        expr = expr + Size("n")
    return expr


def test_a_long_sum_is_checked() -> None:
    assert program(Equation(Ref("y"), nested(90)))
