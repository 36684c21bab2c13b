"""The language: built by operators, printed, walked, renamed."""

from __future__ import annotations

import copy
import operator
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.equations import (
    Call,
    Const,
    Expr,
    Index,
    Reduce,
    Ref,
    Size,
    call,
    children,
    free_indices,
    fresh_index,
    lift,
    rebuild,
    ref,
    refs,
    rename_arrays,
    rename_indices,
    substitute,
    substitute_indices,
    total,
    walk,
)
from chainrule.parsing import parse, parse_expression
from oracle import Evaluator, elements
from strategies import Writer, readable

x, w = ref("x", "n", "i"), ref("w", "i", "j")
SIZES = dict.fromkeys("ijkn", 2)
OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def in_scope(text: str) -> Expr:
    return parse_expression(text, "ijkn")


def scopes_in_use(expr: Expr, bound: frozenset[str] = frozenset()) -> bool:
    """Tell whether a reduction takes an index that is in use around it."""
    if isinstance(expr, Reduce):
        return bool(bound & set(expr.indices)) or scopes_in_use(expr.body, bound | set(expr.indices))
    return any(scopes_in_use(child, bound) for child in children(expr))


@pytest.mark.parametrize("sign", OPERATORS)
@given(number=st.integers(-5, 5) | st.floats(-5, 5))
def test_python_operators_build_calls(sign: str, number: float) -> None:
    apply = OPERATORS[sign]
    assert apply(x, w) == Call(sign, (x, w))
    assert apply(x, number) == Call(sign, (x, Const(number)))
    if sign in "+-**/":
        assert apply(number, x) == Call(sign, (Const(number), x))


def test_minus_builds_a_call_but_a_negative_number_stays_a_number() -> None:
    assert -x == Call("neg", (x,))
    assert -Const(3) == Const(-3)
    assert call("neg", 2.5) == Const(-2.5)
    assert lift(x) is x


@pytest.mark.parametrize(
    ("number", "plain"),
    [(np.float32(0.5), 0.5), (np.float64(-1e-3), -1e-3), (np.int64(3), 3), (True, 1), (Fraction(1, 4), 0.25)],
)
def test_any_kind_of_number_becomes_one_of_pythons_own(number: Any, plain: float) -> None:
    for const in (Const(number), (x * number).args[1]):
        assert type(const.value) is type(plain)
        assert const == Const(plain)
        assert str(const) == str(Const(plain))


def test_whole_floats_print_as_whole_numbers_up_to_where_they_are_exact() -> None:
    texts = [str(Const(value)) for value in (2.0, -3.0, 0.1, 999999999999999.0, 1e15, 1e300)]
    assert texts == ["2", "-3", "0.1", "999999999999999", "1000000000000000.0", "1e+300"]


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (total("i", x * w) + ref("b", "j"), "sum(i, x[n,i] * w[i,j]) + b[j]"),
        (x - (w - 1), "x[n,i] - (w[i,j] - 1)"),
        ((x - w) - 1, "x[n,i] - w[i,j] - 1"),
        (x / (w * 2), "x[n,i] / (w[i,j] * 2)"),
        ((x**2) ** 3, "(x[n,i]**2)**3"),
        (x ** (w**2), "x[n,i]**w[i,j]**2"),
        (-(x**2), "-x[n,i]**2"),
        ((-x) ** 2, "(-x[n,i])**2"),
        (Const(-2) ** x, "(-2)**x[n,i]"),
        (2 ** Const(-2), "2**(-2)"),
        (call("neg", -x), "-(-x[n,i])"),
        (x - Const(-1), "x[n,i] - -1"),
        (Const(1) / Const(2) * x, "1/2 * x[n,i]"),
        (x * (Const(1) / Const(2)), "x[n,i] * (1/2)"),
        ((x < w) < 1, "(x[n,i] < w[i,j]) < 1"),
        (call("==", x + 1, w), "x[n,i] + 1 == w[i,j]"),
        (call("where", x > 0, x, -x), "where(x[n,i] > 0, x[n,i], -x[n,i])"),
        (Reduce("max", ("i", "j"), x + w) / Size("n"), "max(i, j, x[n,i] + w[i,j]) / N"),
        (Ref("v", (ref("c", "n"), Index("j"))) * Index("j"), "v[c[n],j] * j"),
        (Ref("v", (Index("j") + 1, Const(0))), "v[j + 1,0]"),
        (Const(2.0) * Const(0.1) + Const(1e-30) - Const(1e20), "2 * 0.1 + 1e-30 - 1e+20"),
        (Size("i12") + Ref("E"), "I12 + E"),
    ],
)
def test_expressions_print_with_the_brackets_they_need_and_no_others(expr: Expr, text: str) -> None:
    assert str(expr) == text
    assert in_scope(text) == expr


def test_an_equation_and_an_update_print_as_they_are_read() -> None:
    assert str(parse("b[j]=b[j]+1")) == "b[j] = b[j] + 1"
    assert str(parse("b[j]<-b[j]+1")) == "b[j] <- b[j] + 1"


@given(readable(("i", "j")))
def test_walk_visits_each_part_once_and_rebuild_without_change_gives_the_same(expr: Expr) -> None:
    assert rebuild(expr, lambda child: child) == expr
    assert list(walk(expr)) == [expr, *(node for child in children(expr) for node in walk(child))]
    assert list(refs(expr)) == [node for node in walk(expr) if isinstance(node, Ref)]


@given(readable(("i", "j")))
def test_equal_expressions_have_equal_hashes_and_texts(expr: Expr) -> None:
    again = rebuild(expr, lambda child: child)
    assert hash(again) == hash(expr)
    assert str(again) == str(expr)


@given(readable(("i", "j")))
def test_expressions_can_be_copied_and_sent_to_other_processes(expr: Expr) -> None:
    assert pickle.loads(pickle.dumps(expr)) == copy.deepcopy(expr) == expr


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("sum(i, x[n,i] * w[i,j])", "nj"),
        ("sum(i, x[n,i]) + x[n,i]", "ni"),
        ("sum(i, j, w[i,j])", ""),
        ("v[c[n],j] * k", "njk"),
        ("max(j, v[c[j],n])", "n"),
        ("N * sum(i, I)", ""),
    ],
)
def test_free_indices_are_those_no_reduction_binds(text: str, free: str) -> None:
    assert free_indices(in_scope(text)) == tuple(free)


def test_a_fresh_index_is_new() -> None:
    assert fresh_index("k", {"k"}) == "k1"
    assert fresh_index("k12", {"k", "k1", "k2"}) == "k3"


def test_substitution_renames_what_a_reduction_would_capture() -> None:
    taken = {"i", "j", "n"}
    changed, invented = substitute_indices(in_scope("sum(i, w[i,j]) * i"), {"j": Index("i"), "i": Index("n")}, taken)
    assert str(changed) == "sum(i1, w[i1,i]) * n"
    assert invented == {"i1": "i"}
    assert "i1" in taken


@given(st.data(), st.tuples(*[st.sampled_from("ijkn")] * 4))
def test_substituted_indices_mean_the_value_at_the_other_place(data: st.DataObject, images: tuple[str, ...]) -> None:
    expr = Writer(data.draw, dict.fromkeys("ijkn", "N"), {"x": "ni", "w": "ij", "c": "n"}).expression("ijk", 3)
    mapping = dict(zip("ijkn", images, strict=True))
    changed, invented = substitute_indices(expr, {old: Index(new) for old, new in mapping.items()}, set("ijkn"))
    at = {"i": 0, "j": 1, "k": 1, "n": 0}
    arrays = {
        "x": elements([[0.5, -1.25], [2.0, 3.5]]),
        "w": elements([[1.5, -0.5], [0.75, 4.0]]),
        "c": elements([1, 0]),
    }
    evaluator = Evaluator(SIZES | dict.fromkeys(invented, 2), arrays)
    moved = {old: at[new] for old, new in mapping.items()}
    assert evaluator.value(changed, at) == evaluator.value(expr, moved)


@given(st.data())
def test_substitution_never_captures(data: st.DataObject) -> None:
    expr = Writer(data.draw, dict.fromkeys("ijkn", "N"), {"x": "ni", "w": "ij", "c": "n"}).expression("i", 3)
    changed, _ = substitute_indices(expr, {"i": Index("j")}, set("ijkn"))
    assert free_indices(changed) == tuple("j" if index == "i" else index for index in free_indices(expr))
    assert not scopes_in_use(changed, frozenset("j"))


def test_names_of_a_formula_are_replaced_everywhere_but_not_arrays_with_indices() -> None:
    expr = parse_expression("x * max(x) + x[n]", "n")
    assert str(substitute(expr, {"x": ref("z", "n", "j")})) == "z[n,j] * max(z[n,j]) + x[n]"


def test_putting_a_number_behind_a_minus_gives_what_its_text_reads_as() -> None:
    expr = substitute(parse_expression("-alpha * x"), {"alpha": Const(2)})
    assert parse_expression(str(expr)) == expr


def test_renaming_indices_changes_free_and_bound_ones_and_sizes() -> None:
    expr = in_scope("sum(i, x[n,i] * w[i,j]) * N * J + i")
    forth = {"i": "j", "j": "i", "n": "k", "k": "n"}
    assert str(rename_indices(expr, forth)) == "sum(j, x[k,j] * w[j,i]) * K * I + j"
    assert rename_indices(rename_indices(expr, forth), forth) == expr


def test_renaming_arrays_changes_both_sides_and_keeps_the_rest() -> None:
    equation = parse("a[n] <- a[n] + v[c[n]] + exp(b)", origin="layer 1")
    renamed = rename_arrays(equation, {"a": "a2", "c": "c2", "exp": "no"})
    assert str(renamed) == "a2[n] <- a2[n] + v[c2[n]] + exp(b)"
    assert renamed.origin == "layer 1"
