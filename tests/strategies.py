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
INDICES = ("n", "i", "j", "k", "a", "x12", "z0")
ARRAYS = ("x", "w1", "d_w1", "b", "rate", "y_max", "E", "exp", "where", "sum1", "none", "i_", "ab")
FUNCTION_NAMES = ("exp", "log", "where", "maximum", "stop", "no_such_function")
index_names = st.sampled_from(INDICES) | st.from_regex(INDEX_NAME, fullmatch=True)
array_names = st.sampled_from(ARRAYS) | st.from_regex(r"[a-z][a-z_0-9]{1,8}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name) and name not in REDUCTIONS and not INDEX_NAME.fullmatch(name)
)
size_names = st.sampled_from(INDICES) | st.from_regex(SIZE_NAME, fullmatch=True).map(str.lower)
numbers = (
    st.integers(-20, 20)
    | st.floats(-10, 10)
    | st.floats(-1e300, 1e300)
    | st.integers(-(10**299), 10**299)
    | st.sampled_from([0.0, -0.0, 5e-324, -1e-300, 1e15, 1e16, 10**15, 0.1, 1e22])
)


@dataclass
class Scribe:
    """Writes expressions of every kind that the language can print, sensible or not."""

    draw: Draw

    def expression(self, bound: tuple[str, ...], deepest: int) -> Expr:
        """Return an expression with `bound` as the indices in scope."""
        kinds = ["infix", "infix", "neg", "call", "reduce", "element"] if deepest else []
        match self.draw(st.sampled_from([*kinds, "leaf", "index"])):
            case "infix":
                sides = (self.expression(bound, deepest - 1), self.expression(bound, deepest - 1))
                return Call(self.draw(st.sampled_from(INFIX)), sides)
            case "neg":
                return call("neg", self.expression(bound, deepest - 1))
            case "call":
                return Call(self.draw(st.sampled_from(FUNCTION_NAMES)), self.several(bound, deepest - 1))
            case "element":
                return Ref(self.array(bound), self.several(bound, deepest - 1))
            case "reduce":
                indices = tuple(self.draw(st.lists(index_names, max_size=3, unique=True)))
                body = self.expression(tuple(dict.fromkeys((*bound, *indices))), deepest - 1)
                return Reduce(self.draw(st.sampled_from(REDUCTIONS)), indices, body)
            case "index" if bound:
                return Index(self.draw(st.sampled_from(bound)))
        return self.leaf(bound)

    def several(self, bound: tuple[str, ...], deepest: int) -> tuple[Expr, ...]:
        return tuple(self.expression(bound, deepest) for _ in range(self.draw(st.integers(1, 3))))

    def leaf(self, bound: tuple[str, ...]) -> Expr:
        match self.draw(st.sampled_from(["number", "size", "array"])):
            case "number":
                return Const(self.draw(numbers))
            case "size":
                return Size(self.draw(size_names))
        return Ref(self.array(bound))

    def array(self, bound: tuple[str, ...]) -> str:
        """Return a name that does not read as an index in scope."""
        name = self.draw(array_names)
        return "w1" if name in bound else name


@st.composite
def readable(draw: Draw, bound: tuple[str, ...] = (), deepest: int = 5) -> Expr:
    """Return any expression that the language can print."""
    return Scribe(draw).expression(bound, deepest)


@st.composite
def equations(draw: Draw) -> Equation:
    """Return any equation that the language can print."""
    indices = tuple(draw(st.lists(index_names, max_size=3, unique=True)))
    scribe = Scribe(draw)
    return Equation(ref(scribe.array(indices), *indices), scribe.expression(indices, 5), update=draw(st.booleans()))


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

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


GIVEN = {"x": "ni", "t": "nk", "c": "n", "rate": ""}
KEPT = {"w": "ij", "v": "ki", "b": "j", "h": "ikj", "s": ""}
# ``c`` holds whole numbers and only chooses places.
VALUES = {name: own for name, own in {**GIVEN, **KEPT}.items() if name != "c"}
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
        if not free:
            return self.leaf(scope)
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
    writer = Writer(draw, sizes, VALUES)
    written = []
    for number in range(draw(st.integers(0, computed))):
        scope = "".join(draw(st.lists(st.sampled_from("nikjm"), max_size=3, unique=True)))
        name = f"a{number + 1}"
        written.append(Equation(ref(name, *scope), writer.expression(scope, depth), origin=f"layer {number + 1}"))
        writer.arrays = {**writer.arrays, name: scope}
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
