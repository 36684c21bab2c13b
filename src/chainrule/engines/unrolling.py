"""Tiny networks, unit by unit: a program in which every unit and every weight has a name of its own.

``z1[n,j] = sum(i, x[n,i] * w1[i,j]) + b1[j]`` becomes ``z1_0[n] = x_0[n] * w1_0_0 + x_1[n] * w1_1_0 + b1_0`` and so
on: the same equations, without unit indices. What comes out is a program like any other; its parameters are plain
numbers, which stay in the registers of the processor for as long as training runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from chainrule.engines.statements import NotCompilableError, is_literal
from chainrule.equations import (
    Call,
    Const,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    Size,
    add_up,
    call,
    rebuild,
    walk,
)
from chainrule.program import Program

# Programs of more operations than this keep their loops (docs/log.md).
UNROLL_TO = 700


@dataclass(frozen=True)
class Unrolled:
    """The program without unit indices, and where each of its arrays stands in the arrays of the original."""

    program: Program
    homes: Mapping[str, tuple[str, tuple[int, ...]]]


def unroll(program: Program) -> Unrolled | None:
    """Return a program unit by unit, or None where it is too large or picks elements by computed indices.

    Networks with sizes that are arguments are not unrolled either: those of other widths share their program.
    """
    if not all(isinstance(size, str) or is_literal(size) for size in program.sizes.values()):
        return None
    computed = any(
        not isinstance(index, Index | Const)
        for equation in program.equations
        for node in walk(equation.value)
        if isinstance(node, Ref)
        for index in node.indices
    )
    if computed or sum(_operations(program, eq) for eq in program.equations if not eq.update) > UNROLL_TO:
        return None
    return _Unrolling(program).run()


def _operations(program: Program, equation: Equation) -> int:
    def size(indices: tuple[str, ...]) -> int:
        return prod(extent for index in indices if isinstance(extent := program.sizes[index], int))

    def count(expr: Expr) -> int:
        times = size(expr.indices) if isinstance(expr, Reduce) else 1
        inside = sum(count(child) for child in _parts(expr))
        return times * (inside + isinstance(expr, Call))

    return size(equation.target.index_names) * max(1, count(equation.value))


def _parts(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Call(_, args):
            return args
        case Reduce(_, _, body):
            return (body,)
    return ()


class _Unrolling:
    def __init__(self, program: Program):
        self.program = program
        self.homes: dict[str, tuple[str, tuple[int, ...]]] = {}

    def run(self) -> Unrolled:
        program = self.program
        inputs = tuple(element for ref in program.inputs for element in self._elements(ref))
        states = tuple(element for ref in program.states for element in self._elements(ref))
        equations = tuple(element for equation in program.equations for element in self._equation(equation))
        sizes = {index: size for index, size in program.sizes.items() if isinstance(size, str)}
        return Unrolled(Program(inputs, states, equations, sizes), self.homes)

    def _units(self, indices: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(index for index in indices if isinstance(self.program.sizes[index], int))

    def _places(self, indices: tuple[str, ...]) -> Iterator[dict[str, int]]:
        """Yield each choice of places for the unit indices among `indices`."""
        units = self._units(indices)
        sizes = [size for index in units if isinstance(size := self.program.sizes[index], int)]
        for places in product(*map(range, sizes)):
            yield dict(zip(units, places, strict=True))

    def _elements(self, ref: Ref) -> Iterator[Ref]:
        for places in self._places(ref.index_names):
            element = self._element(ref, places)
            if element.name in self.homes:
                raise NotCompilableError(f"two arrays have an element {element.name}")
            self.homes[element.name] = (ref.name, tuple(places.values()))
            yield element

    def _element(self, ref: Ref, places: Mapping[str, int]) -> Ref:
        fixed = [int(index.value) if isinstance(index, Const) else places.get(str(index)) for index in ref.indices]
        rows = tuple(index for index, place in zip(ref.indices, fixed, strict=True) if place is None)
        return Ref("_".join([ref.name, *(str(place) for place in fixed if place is not None)]), rows)

    def _equation(self, equation: Equation) -> Iterator[Equation]:
        if not equation.update:
            list(self._elements(equation.target))
        for places in self._places(equation.target.index_names):
            target = self._element(equation.target, places)
            yield replace(equation, target=target, value=self._expression(equation.value, places))

    def _expression(self, expr: Expr, places: Mapping[str, int]) -> Expr:
        match expr:
            case Ref():
                return self._element(expr, places)
            case Index(name) if name in places:
                return Const(places[name])
            case Size(index) if isinstance(size := self.program.sizes[index], int):
                return Const(size)
            case Reduce(kind, indices, body):
                return self._reduction(kind, indices, body, places)
        return rebuild(expr, lambda child: self._expression(child, places))

    def _reduction(self, kind: str, indices: tuple[str, ...], body: Expr, places: Mapping[str, int]) -> Expr:
        terms = [self._expression(body, {**places, **inner}) for inner in self._places(indices)]
        if kind == "max":
            value = terms[0]
            for term in terms[1:]:
                value = call("maximum", value, term)
        else:
            value = add_up(terms)
        if kind == "mean" and len(terms) > 1:
            value = value / len(terms)
        batch = tuple(index for index in indices if index not in self._units(indices))
        return Reduce(kind, batch, value) if batch else value
