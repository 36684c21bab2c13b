"""Equations taken apart, so that each sum or maximum is a statement of its own; which of them are products.

Nothing here knows a layer, a loss or an optimiser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from math import prod

from chainrule.equations import (
    Call,
    Const,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    Size,
    free_indices,
    rebuild,
    ref,
    refs,
)
from chainrule.errors import FormulaError
from chainrule.program import Extent, Program

# Sizes up to this stand in the source as numbers, so that the compiler unrolls; larger ones are arguments.
LITERAL_TO = 16
# A product is computed in tiles if one of its sizes is an argument and the other at least this; docs/log.md.
PRODUCT_FROM = 2
# A product by a matrix of at least so many elements is cut by columns for all rows at once, instead of by rows: each
# core then has its part of the matrix near, and there are no sums of slices to add up.
LARGE_FROM = 65_536


class NotCompilableError(FormulaError):
    """The program says something that generated source cannot; the reference engine can."""


@dataclass(frozen=True)
class Statement:
    """One assignment: element by element (`over` empty), or a sum or maximum over the indices `over`.

    `rows` says how the batch takes part: "each" (the target has a value for each row), "summed" (over the
    rows), or "none".
    """

    equation: Equation
    kind: str
    over: tuple[str, ...]
    body: Expr
    rows: str
    chosen: tuple[tuple[str, Expr], ...] = ()  # indices of the target for which each row says its own value

    @property
    def name(self) -> str:
        """The array that is assigned."""
        return self.equation.target.name

    @property
    def target(self) -> Ref:
        """The left side."""
        return self.equation.target

    @property
    def place(self) -> Ref:
        """The element that a value is written or added to, with the index that its row chooses."""
        chosen = dict(self.chosen)
        return Ref(self.name, tuple(chosen.get(str(index), index) for index in self.target.indices))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The arrays that are read."""
        return frozenset(
            used.name for used in (*refs(self.body), *(ref for _, index in self.chosen for ref in refs(index)))
        )


def is_literal(extent: Extent) -> bool:
    """Whether a size stands in the source as a number."""
    return isinstance(extent, int) and extent <= LITERAL_TO


def take_apart(program: Program) -> list[Statement]:
    """Return the program's statements in order, each sum and maximum by itself."""
    return [statement for equation in program.equations for statement in _Apart(program.sizes, equation).run()]


class _Apart:
    def __init__(self, sizes: Mapping[str, Extent], equation: Equation):
        self.sizes, self.equation = sizes, equation
        self.parts: list[Statement] = []
        self.named = 0

    def run(self) -> list[Statement]:
        value = self.equation.value
        if isinstance(value, Reduce) and value.kind != "mean" and not self.equation.update:
            self._reduce(value, self.equation.target)
        else:
            self._emit(self.equation, "each", (), self._without_sums(value))
        return self.parts

    def _without_sums(self, expr: Expr) -> Expr:
        """Return the expression with a name in place of each sum or maximum."""
        if not isinstance(expr, Reduce):
            return rebuild(expr, self._without_sums)
        order = self.equation.target.index_names
        own = free_indices(expr)
        indices = [index for index in order if index in own] + [index for index in own if index not in order]
        self.named += 1
        target = ref(f"{self.equation.target.name}_part{self.named}", *indices)
        self._reduce(replace(expr, kind="sum") if expr.kind == "mean" else expr, target)
        result: Expr = target
        for index in expr.indices if expr.kind == "mean" else ():
            result = result / Size(index)
        return result

    def _reduce(self, expr: Reduce, target: Ref) -> None:
        body = self._without_sums(expr.body)
        units = tuple(index for index in expr.indices if not self._is_batch(index))
        batch = tuple(index for index in expr.indices if self._is_batch(index))
        if units and batch:
            own = (*batch, *target.index_names)
            inner = ref(f"{target.name}_row", *own)
            self._emit(Equation(inner, Reduce(expr.kind, units, body)), expr.kind, units, body)
            body, units = inner, ()
        shown = Reduce(expr.kind, units or batch, body)
        self._emit(replace(self.equation, target=target, value=shown, update=False), expr.kind, units or batch, body)

    def _emit(self, equation: Equation, kind: str, over: tuple[str, ...], body: Expr) -> None:
        if any(self._is_batch(index) for index in equation.target.index_names):
            rows = "each"
        else:
            rows = "summed" if any(self._is_batch(index) for index in over) else "none"
        chosen = self._chosen(equation.target, body) if kind == "sum" and rows == "summed" else {}
        body = _without_choices(body, chosen)
        shown = equation if over else replace(equation, value=body)
        self.parts.append(Statement(shown, kind, over, body, rows, tuple(chosen.items())))

    def _chosen(self, target: Ref, body: Expr) -> dict[str, Expr]:
        """Return the indices that ``(c[n] == r)`` in a sum over rows leaves one value: the others get nothing."""
        chosen: dict[str, Expr] = {}
        for factor in _factors(body):
            match factor:
                case Call("==", (place, Index(name))) if name in target.index_names and name not in chosen:
                    if all(self._is_batch(index) for index in free_indices(place)):
                        chosen[name] = place
        return chosen

    def _is_batch(self, index: str) -> bool:
        return isinstance(self.sizes[index], str)


def _factors(body: Expr) -> tuple[Expr, ...]:
    if isinstance(body, Call) and body.function == "*":
        return tuple(factor for arg in body.args for factor in _factors(arg))
    return (body,)


def _without_choices(body: Expr, chosen: Mapping[str, Expr]) -> Expr:
    """Return a product without the factors that say which element a row belongs to."""
    if not chosen:
        return body
    choices = {Call("==", (place, Index(index))) for index, place in chosen.items()}
    kept = [factor for factor in _factors(body) if factor not in choices]
    return reduce(lambda product, factor: product * factor, kept) if kept else Const(1)


def product_of_two(body: Expr) -> tuple[Ref, Ref] | None:
    """Return the two arrays of a product of nothing else."""
    match body:
        case Call("*", (Ref() as left, Ref() as right)):
            return left, right
    return None


def is_product(statement: Statement, sizes: Mapping[str, Extent]) -> bool:
    """Whether a statement is a product of two matrices, one of them with a row for each sample, computed in tiles.

    The answer depends on a size only as far as the size is a literal, so that wider networks share their source.
    """
    pair = product_of_two(statement.body)
    if statement.kind != "sum" or pair is None or len(statement.over) != 1:
        return False
    used = (*statement.target.index_names, *statement.over)
    units = [size for index in used if isinstance(size := sizes[index], int)]
    if sum("n" in array.index_names for array in pair) != (1 if statement.rows == "each" else 2):
        return False
    plain = all(len(array.indices) == len(array.index_names) == 2 for array in pair)
    if not plain:
        return False
    rows_first = all(array.index_names[0] == "n" or "n" not in array.index_names for array in pair)
    if not (rows_first and len(units) == 2 and len(used) == 3):
        return False
    return any(not is_literal(size) for size in units) and min(units) >= PRODUCT_FROM


def is_large(statement: Statement, sizes: Mapping[str, Extent]) -> bool:
    """Whether a product has a matrix so large that it is used for all rows of the batch at once."""
    used = (*statement.target.index_names, *statement.over)
    return prod(size for index in used if isinstance(size := sizes[index], int)) >= LARGE_FROM


def operands(statement: Statement) -> tuple[Ref, Ref]:
    """Return the matrices of a product, first the one with the rows of the result."""
    pair = product_of_two(statement.body)
    assert pair
    return pair if statement.target.index_names[0] in pair[0].index_names else pair[::-1]


def turned_operand(statement: Statement) -> Ref | None:
    """Return the matrix that a product with a row for each sample needs transposed, if it does."""
    right = operands(statement)[1]
    return right if right.index_names != (*statement.over, statement.target.index_names[1]) else None
