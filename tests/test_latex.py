"""Equations as LaTeX: the forms of a textbook, always balanced, never ambiguous."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from chainrule.derive import derive
from chainrule.equations import Call, Const, Equation, Expr, Index, Reduce, Ref, Size, ref, walk
from chainrule.functions import FUNCTIONS
from chainrule.latex import latex
from chainrule.parsing import parse, parse_expression
from strategies import Case, equations, programs

BRACKETS = re.compile(r"\\left\(|\\right\)|\\left\||\\right\||\\begin\{cases\}|\\end\{cases\}|(?<!\\)[{}]")
PAIRS = {"{": "}", r"\left(": r"\right)", r"\left|": r"\right|", r"\begin{cases}": r"\end{cases}"}
COMMANDS = """frac sum max min left right leftarrow ln sqrt sigma mathrm operatorname partial cdot text sin cos sinh
cosh tanh arctan begin end le ge ne eta mu beta alpha delta epsilon rho"""


def read(text: str) -> Expr:
    return parse_expression(text, ("n", "i", "j", "k"))


def assert_no_double_scripts(text: str) -> None:
    """What stands on top of a symbol, or below it, stands in one group: ``x^{1}^{2}`` is an error in LaTeX."""
    while "{" in (flat := re.sub(r"(?<!\\)\{[^{}]*\}", "G", text)):
        assert not re.search(r"\^G(_G)?\^|_G(\^G)?_", flat), text
        text = flat


def assert_balanced(text: str) -> None:
    waiting = []
    for bracket in BRACKETS.findall(text):
        if bracket in PAIRS:
            waiting.append(PAIRS[bracket])
        else:
            assert waiting, text
            assert waiting.pop() == bracket, text
    assert not waiting, text
    assert_no_double_scripts(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w1[i,j]", "w^{(1)}_{ij}"),
        ("b12[j]", "b^{(12)}_{j}"),
        ("x[n,i]", "x_{ni}"),
        ("E", "E"),
        ("N", "N"),
        ("I2", "I_{2}"),
        ("rate", r"\eta"),
        ("d_z1[n,j]", r"\frac{\partial E}{\partial z^{(1)}_{nj}}"),
        ("v[c[n],j]", "v_{c_{n},j}"),
        ("x[n,0]", "x_{n,0}"),
        ("2 * x", r"2\,x"),
        ("x * 2", r"x \cdot 2"),
        ("2 * 3", r"2 \cdot 3"),
        ("x / y", r"\frac{x}{y}"),
        ("1/2 * x", r"\frac{1}{2}\,x"),
        ("(x + 1) * (y - 1)", r"\left(x + 1\right)\,\left(y - 1\right)"),
        ("x - (y - 1)", r"x - \left(y - 1\right)"),
        ("x - y - 1", "x - y - 1"),
        ("(x + y) / 2", r"\frac{x + y}{2}"),
        ("x**2", "x^{2}"),
        ("(-x)**2", r"\left(-x\right)^{2}"),
        ("-x**2", "-x^{2}"),
        ("(-2)**x", r"\left(-2\right)^{x}"),
        ("(x + 1)**y", r"\left(x + 1\right)^{y}"),
        ("(x**2)**3", r"\left(x^{2}\right)^{3}"),
        ("(x / y)**2", r"\left(\frac{x}{y}\right)^{2}"),
        ("x1[n]**2", r"\left(x^{(1)}_{n}\right)^{2}"),
        ("d_y**2", r"\left(\frac{\partial E}{\partial y}\right)^{2}"),
        ("exp(x)**2", r"\left(e^{x}\right)^{2}"),
        ("x * -y", r"x\,\left(-y\right)"),
        ("x - -2", r"x - \left(-2\right)"),
        ("-(x + y)", r"-\left(x + y\right)"),
        ("-(-x)", r"-\left(-x\right)"),
        ("exp(x)", "e^{x}"),
        ("sqrt(x + 1)", r"\sqrt{x + 1}"),
        ("abs(x)", r"\left|x\right|"),
        ("sum(i, x[n,i] * w[i,j])", r"\sum_{i} x_{ni}\,w_{ij}"),
        ("sum(i, x[i] + 1)", r"\sum_{i} \left(x_{i} + 1\right)"),
        ("sum(i, x[i]) * 2", r"\left(\sum_{i} x_{i}\right) \cdot 2"),
        ("mean(n, x[n])", r"\frac{1}{N} \sum_{n} x_{n}"),
        ("max(i, k, x[i])", r"\max_{i,k} x_{i}"),
        ("sum(i, x[i]) + 1", r"\sum_{i} x_{i} + 1"),
        ("1e-7 * x", r"10^{-7}\,x"),
        ("x * 1e-7", r"x \cdot 10^{-7}"),
        ("1e-7**x", r"\left(10^{-7}\right)^{x}"),
        ("(x > 0) * y", r"[x > 0]\,y"),
        ("x <= y", r"[x \le y]"),
        ("where(x > 0, x, 0)", r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"),
        ("where(x, y, 0)", r"\begin{cases} y & \text{if } x \\ 0 & \text{otherwise} \end{cases}"),
    ],
)
def test_expressions_read_as_in_a_textbook(text: str, expected: str) -> None:
    assert latex(read(text)) == expected


def test_an_equation_and_an_update_have_their_signs() -> None:
    assert latex(parse("b1[j] = 2")) == "b^{(1)}_{j} = 2"
    assert latex(parse("b1[j] <- 2")) == r"b^{(1)}_{j} \leftarrow 2"
    assert latex(parse("a[n] = where(x[n] > 0, x[n], 0)")).count("&") == 2


@settings(max_examples=200)
@given(equations())
def test_every_equation_of_known_functions_has_balanced_latex(equation: Equation) -> None:
    calls = [node for node in walk(equation.value) if isinstance(node, Call)]
    known = all(node.function in FUNCTIONS for node in calls)
    if known and all(len(node.args) == len(FUNCTIONS[node.function].derivatives) for node in calls):
        assert_balanced(latex(equation))


@settings(max_examples=100)
@given(programs())
def test_derived_programs_have_balanced_latex_of_known_commands(case: Case) -> None:
    for equation in derive(case.program, case.learned).equations:
        text = latex(equation)
        assert_balanced(text)
        assert set(re.findall(r"(?<!\\)\\([a-zA-Z]+)", text)) <= {*COMMANDS.split()}


@settings(max_examples=100)
@given(programs(depth=2, computed=0))
def test_different_costs_have_different_latex(case: Case) -> None:
    """Putting brackets around every part of a sum or product changes nothing that the brackets did not say."""
    expr = case.program.equations[-1].value
    turned = next((swapped(node) for node in walk(expr) if swapped(node) != node), None)
    if turned is not None:
        original = next(node for node in walk(expr) if swapped(node) != node)
        assert latex(original) != latex(turned)


def swapped(node: Expr) -> Expr:
    """Return `a - (b - c)` for `(a - b) - c`, and so on: another value from the same signs in the same order."""
    match node:
        case Call("-", (Call("-" | "+" as inner, (one, two)), three)):
            return Call(inner, (one, Call("-", (two, three)))) if inner == "-" else node
        case Call("*", (Call("+" | "-" as inner, (one, two)), three)):
            return Call(inner, (one, Call("*", (two, three))))
        case Call("**", (Call("**" | "*" | "+" as inner, (one, two)), three)):
            return Call(inner, (one, Call("**", (two, three))))
        case Call("neg", (Call("+" | "-" as inner, (one, two)),)):
            return Call(inner, (Call("neg", (one,)), two))
        case Reduce(kind, indices, Call("+" | "-" as inner, (one, two))):
            return Call(inner, (Reduce(kind, indices, one), two))
    return node


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sum(i, x[n,i]) * y[n]", "sum(i, x[n,i] * y[n])"),
        ("sum(i, x[n,i]) + y[n]", "sum(i, x[n,i] + y[n])"),
        ("max(i, x[n,i]) * y[n]", "max(i, x[n,i] * y[n])"),
        ("sum(i, x[n,i])**2", "sum(i, x[n,i]**2)"),
        ("(x - y) - z", "x - (y - z)"),
        ("x * (y / z)", "x * y / z"),
        ("(x * y)**2", "x * y**2"),
        ("(-x)**2", "-x**2"),
        ("x1**2", "x12"),
        ("w[i,j]", "w[i,j + 0]"),
        ("2 * 3", "23"),
        ("2**3 * 4", "2**(3 * 4)"),
        ("x**y**z", "(x**y)**z"),
        ("where(x > 0, 1, 2) + y", "where(x > 0, 1, 2 + y)"),
        ("-(x * y) + z", "-(x * y + z)"),
    ],
)
def test_what_differs_looks_different(one: str, other: str) -> None:
    assert latex(read(one)) != latex(read(other))


def test_what_was_split_off_says_so_on_top() -> None:
    assert latex(ref("y_max", "n")) == r"y^{\mathrm{max}}_{n}"
    assert latex(ref("m_w1", "i")) == r"m^{w^{(1)}}_{i}"
    assert latex(ref("y_exp2", "n")) != latex(ref("y_exp", "n"))
    assert_balanced(latex(Ref("d_w_x_y_3")))


def test_each_kind_of_node_alone() -> None:
    nodes = [Const(-1.5), Index("j12"), Size("k"), Ref("a"), Reduce("mean", ("i", "j1"), Const(1))]
    found = [latex(node) for node in nodes]
    assert found == ["-1.5", "j_{12}", "K", "a", r"\frac{1}{IJ_{1}} \sum_{i,j_{1}} 1"]
