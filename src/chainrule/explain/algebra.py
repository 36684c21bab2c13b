"""Equations as matrix algebra: ``Z1 = X W1 + b1`` for ``z1[n,j] = sum(i, x[n,i] * w1[i,j]) + b1[j]``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.equations import Call, Const, Equation, Expr, Reduce, Ref, Size, call, rebuild, refs

ONES = "1"


@dataclass(frozen=True, slots=True)
class Whole(Expr):
    """An array as a whole, by its name; `more` is the row that stands below it, or a column of ones, "1", behind it."""

    name: str
    more: str = ""
    __str__ = object.__str__


@dataclass(frozen=True, slots=True)
class Product(Expr):
    """A product of two matrices."""

    left: Expr
    right: Expr
    __str__ = object.__str__


@dataclass(frozen=True, slots=True)
class Elementwise(Expr):
    """A product element by element."""

    left: Expr
    right: Expr
    __str__ = object.__str__


@dataclass(frozen=True, slots=True)
class Transposed(Expr):
    """A matrix with rows and columns exchanged."""

    inside: Expr
    __str__ = object.__str__


@dataclass(frozen=True, slots=True)
class Grid(Expr):
    """The numbers of an array: a number, a row, or rows; of a large one its shape."""

    values: Any
    __str__ = object.__str__


def as_algebra(equation: Equation, sizes: Mapping[str, int]) -> Expr:
    """Return the right side of an equation as algebra of whole arrays, or as it is if it is none."""
    value = _with_sizes(equation.value, sizes)
    found = _whole(value, equation.target.index_names)
    return value if found is None else found


def _with_sizes(expr: Expr, sizes: Mapping[str, int]) -> Expr:
    match expr:
        case Call("/", (one, Size(index))) if sizes[index] == 1:
            return _with_sizes(one, sizes)
        case Size(index):
            return Const(sizes[index])
    return rebuild(expr, lambda child: _with_sizes(child, sizes))


def _whole(expr: Expr, target: tuple[str, ...]) -> Expr | None:
    match expr:
        case Const() | Size():
            return expr
        case Ref(name):
            # A row with one index for each column, and a number, are added to each row.
            own = expr.index_names
            return Whole(name) if len(own) == len(expr.indices) and own == target[len(target) - len(own) :] else None
        case Reduce("sum", (index,), Call("*", (Ref() as one, Ref() as other))) if len(target) == 2:
            return _product(index, one, other, target)
        case Call("*", (left, right)):
            sides = _whole(left, target), _whole(right, target)
            if sides[0] is None or sides[1] is None:
                return None
            numbers = any(not any(one.indices for one in refs(side)) for side in (left, right))
            return sides[0] * sides[1] if numbers else Elementwise(sides[0], sides[1])
        case Call("**", (Ref() as base, Const(2))) if base.indices:
            inside = _whole(base, target)
            return None if inside is None else Elementwise(inside, inside)
        case Call(_, args):
            parts = [_whole(arg, target) for arg in args]
            if any(part is None for part in parts):
                return None
            return call(expr.function, *(part for part in parts if part is not None))
    return None


def _product(index: str, one: Ref, other: Ref, target: tuple[str, ...]) -> Expr | None:
    row, column = target
    for left, right in ((one, other), (other, one)):
        if set(left.index_names) == {row, index} and set(right.index_names) == {index, column}:
            first = Whole(left.name) if left.index_names == (row, index) else Transposed(Whole(left.name))
            second = Whole(right.name) if right.index_names == (index, column) else Transposed(Whole(right.name))
            return Product(first, second)
    return None
