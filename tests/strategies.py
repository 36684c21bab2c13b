"""Hypothesis strategies: text-like expressions of every kind, and programs with arrays to run them on."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.equations import (
    COMPARISONS,
    INDEX_NAME,
    REDUCTIONS,
    SIZE_NAME,
    Call,
    Const,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    Size,
    call,
    ref,
    total,
)
from chainrule.program import Program

Draw = Callable[..., Any]

INFIX = ("+", "-", "*", "/", "**", *COMPARISONS)
index_names = st.from_regex(INDEX_NAME, fullmatch=True)
array_names = st.from_regex(r"[a-z][a-z_0-9]{1,8}|E", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name) and name not in REDUCTIONS and not INDEX_NAME.fullmatch(name)
)
function_names = st.sampled_from(["exp", "log", "where", "maximum", "stop", "no_such_function"])
constants = (
    st.integers(-20, 20)
    | st.floats(-10, 10)
    | st.floats(-1e300, 1e300)
    | st.integers(-(10**299), 10**299)
    | st.sampled_from([0.0, -0.0, 5e-324, -1e-300, 1e15, 1e16, 10**15, 0.1, 1e22])
).map(Const)


def readable(bound: tuple[str, ...], deepest: int = 5) -> st.SearchStrategy[Expr]:
    """Return expressions of every kind that the language can print, with `bound` as the indices in scope."""
    leaves = [constants, st.from_regex(SIZE_NAME, fullmatch=True).map(lambda name: Size(name.lower()))]
    leaves.append(array_names.map(Ref))
    if bound:
        leaves.append(st.sampled_from(bound).map(Index))
    if not deepest:
        return st.one_of(leaves)
    inner = st.deferred(lambda: readable(bound, deepest - 1))
    indices = st.lists(st.sampled_from(bound).map(Index) | inner if bound else inner, min_size=1, max_size=3)
    return st.one_of(
        *leaves,
        st.builds(Ref, array_names, indices.map(tuple)),
        st.builds(lambda name, x, u: call(name, x, u), st.sampled_from(INFIX), inner, inner),
        inner.map(lambda x: call("neg", x)),
        st.builds(Call, function_names, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        _reductions(bound, deepest),
    )


@st.composite
def _reductions(draw: Draw, bound: tuple[str, ...], deepest: int) -> Expr:
    indices = tuple(draw(st.lists(index_names, max_size=3, unique=True)))
    body = draw(readable(tuple(dict.fromkeys((*bound, *indices))), deepest - 1))
    return Reduce(draw(st.sampled_from(REDUCTIONS)), indices, body)


@st.composite
def equations(draw: Draw) -> Equation:
    """Return any equation that the language can print."""
    indices = tuple(draw(st.lists(index_names, max_size=3, unique=True)))
    return Equation(ref(draw(array_names), *indices), draw(readable(indices)), update=draw(st.booleans()))


@dataclass(frozen=True)
class Case:
    """A program that ends in ``E``, with arrays to run it on."""

    program: Program
    arrays: dict[str, Any]

    @property
    def learned(self) -> tuple[str, ...]:
        """The names of the states and of the input ``x``."""
        return (*(state.name for state in self.program.states), "x")

    def __repr__(self) -> str:
        return f"{self.program}\nwith {self.program.sizes}, {self.arrays}"


GIVEN = {"x": "ni", "t": "nk", "c": "n", "rate": ""}
KEPT = {"w": "ij", "v": "ki", "b": "j", "h": "ikj", "s": ""}
# Functions of any number whose values stay small, and whose arguments stay where they are smooth.
UNARY: tuple[Callable[[Expr], Expr], ...] = (
    *(lambda x, name=name: call(name, x) for name in ("tanh", "sigmoid", "sin", "cos", "arctan", "erf", "softplus")),
    *(lambda x, name=name: call(name, x) for name in ("relu", "abs", "sign", "stop", "neg")),
    *(lambda x, name=name: call(name, call("tanh", x)) for name in ("exp", "expm1", "sinh", "cosh")),
    lambda x: call("log", 1.5 + x**2),
    lambda x: call("log1p", x**2),
    lambda x: call("sqrt", 0.5 + x**2),
    lambda x: call("sin", x) ** 3,
    lambda x: (1.5 + call("cos", x)) ** -1.5,
    lambda x: 2 ** call("tanh", x),
    lambda x: 1 / (1 + x**2),
)
BINARY: tuple[Callable[[Expr, Expr], Expr], ...] = (
    *(lambda x, u, name=name: call(name, x, u) for name in ("+", "-", "*", "maximum", "minimum")),
    lambda x, u: x / (1 + u**2),
    lambda x, u: (1.5 + call("sin", x)) ** call("tanh", u),
    lambda x, u: x * (1 - u) - u * (1 - x),
)


@dataclass
class Writer:
    """Writes random expressions over known arrays; every value is finite and every index in range."""

    draw: Draw
    sizes: dict[str, int | str]
    arrays: dict[str, str]

    def expression(self, scope: str, depth: int) -> Expr:
        """Return an expression in the indices `scope`."""
        kinds = ["leaf"] if not depth else ["leaf", "unary", "binary", "binary", "reduce", "reduce", "choice"]
        match self.draw(st.sampled_from(kinds)):
            case "unary":
                return self.draw(st.sampled_from(UNARY))(self.expression(scope, depth - 1))
            case "binary":
                both = (self.expression(scope, depth - 1), self.expression(scope, depth - 1))
                return self.draw(st.sampled_from(BINARY))(*both)
            case "reduce":
                return self.reduction(scope, depth)
            case "choice":
                first, second = (self.expression(scope, depth - 1) for _ in range(2))
                return call("where", self.comparison(scope, depth - 1), first, second)
        return self.leaf(scope)

    def comparison(self, scope: str, depth: int) -> Expr:
        sides = (self.expression(scope, depth), self.expression(scope, depth))
        return call(self.draw(st.sampled_from(COMPARISONS)), *sides)

    def reduction(self, scope: str, depth: int) -> Expr:
        free = [index for index in self.sizes if index not in scope]
        taken = "".join(self.draw(st.lists(st.sampled_from(free), min_size=1, max_size=2, unique=True)))
        body = self.expression(scope + taken, depth - 1)
        return Reduce(self.draw(st.sampled_from(REDUCTIONS)), tuple(taken), body)

    def leaf(self, scope: str) -> Expr:
        match self.draw(st.sampled_from(["array"] * 8 + ["number", "index", "size", "comparison"])):
            case "number":
                return Const(self.draw(st.sampled_from([0, 1, 2, -1, 0.5, 0.25, 3, -1.7])))
            case "index" if scope:
                return Index(self.draw(st.sampled_from(scope)))
            case "size":
                return Size(self.draw(st.sampled_from(sorted(self.sizes))))
            case "comparison":
                return call(self.draw(st.sampled_from(COMPARISONS)), self.array(scope), self.array(scope))
        return self.array(scope)

    def array(self, scope: str) -> Expr:
        name = self.draw(st.sampled_from(sorted(self.arrays)))
        return Ref(name, tuple(self.place(own, scope) for own in self.arrays[name]))

    def place(self, own: str, scope: str) -> Expr:
        """Return an index for an axis of the size of `own`: plain, chosen by an array, backwards or constant."""
        alike = [Index(index) for index in scope if self.sizes[index] == self.sizes[own]]
        computed: list[Expr] = [Const(0), *(Size(own) - 1 - index for index in alike)]
        if own == "k":
            computed += [ref("c", index) for index in scope if self.sizes[index] == "N"]
        return self.draw(st.sampled_from(alike * 4 + computed))


@st.composite
def programs(draw: Draw, depth: int = 3, computed: int = 3) -> Case:
    """Return a program of several equations over shared arrays, ending in ``E``."""
    few, many = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    sizes: dict[str, int | str] = {"n": "N", "m": "N"}
    sizes |= dict.fromkeys("ijp", few) | dict.fromkeys("klq", many)
    writer = Writer(draw, sizes, {**GIVEN, **KEPT})
    written = []
    for number in range(draw(st.integers(0, computed))):
        scope = "".join(draw(st.lists(st.sampled_from("nikjm"), max_size=3, unique=True)))
        name = f"a{number + 1}"
        written.append(Equation(ref(name, *scope), writer.expression(scope, depth), origin=f"layer {number + 1}"))
        writer.arrays[name] = scope
    cost = writer.expression("", depth)
    for equation in written:
        names = " ".join(equation.target.index_names)
        cost = cost + (total(names, equation.target) if names else equation.target)
    written.append(Equation(Ref("E"), cost, origin="cost"))
    given, kept = (tuple(ref(name, *own) for name, own in table.items()) for table in (GIVEN, KEPT))
    program = Program(given, kept, tuple(written), sizes)
    return Case(program, arrays_for(program, draw(st.integers(1, 3)), many, draw(st.integers(0, 10**6))))


def arrays_for(program: Program, rows: int, choices: int, seed: int) -> dict[str, Any]:
    """Return random arrays for the inputs and states; ``c`` chooses among `choices`."""
    random = np.random.default_rng(seed)
    arrays: dict[str, Any] = {"N": rows}
    for given in (*program.inputs, *program.states):
        sizes = (program.sizes[index] for index in given.index_names)
        arrays[given.name] = random.normal(size=tuple(rows if size == "N" else int(size) for size in sizes))
    return arrays | {"c": random.integers(0, choices, rows)}
