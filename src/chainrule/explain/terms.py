"""One element of an equation: its formula with indices in place, its value, and the lines in between.

`chainrule.equations` has no sign for a derivative of one quantity by another, nor for the largest of several numbers;
`Partial` and `Largest` are such signs, for print only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from chainrule.equations import Call, Const, Expr, Index, Reduce, Ref, Size, add_up, call, rebuild
from chainrule.functions import function

# A sum of more terms keeps its sign.
MOST_TERMS = 10
Arrays = Mapping[str, Any]
# Values of indices, all that an equation's left side needs.
Place = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shown(Const):
    """A number that came out of a calculation, which may be infinite or none at all."""

    __str__ = Expr.__str__

    def __post_init__(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Partial(Expr):
    """The derivative of one quantity with respect to another, as a sign."""

    of: Expr
    by: Expr
    __str__ = object.__str__


@dataclass(frozen=True, slots=True)
class Largest(Expr):
    """The largest of several values."""

    args: tuple[Expr, ...]
    __str__ = object.__str__


@dataclass(frozen=True)
class Elements:
    """Puts numbers in place of indices, given their `sizes`."""

    sizes: Mapping[str, int]

    def at(self, expr: Expr, place: Place) -> Expr:
        """Return an expression with indices replaced; sums of at most `MOST_TERMS` are written out."""
        match expr:
            case Index(name):
                return Const(place[name]) if name in place else expr
            case Size(index):
                return Const(self.sizes[index])
            case Call("stop", (one,)):  # it says something to the chain rule alone
                return self.at(one, place)
            case Call("/", (one, Size(index))) if self.sizes[index] == 1:
                return self.at(one, place)
            case Reduce(kind, indices, body):
                if self.count(indices) > MOST_TERMS:
                    return Reduce(kind, indices, self.at(body, place))
                terms = [self.at(body, {**place, **bound}) for bound in self.places(indices)]
                return _reduced(kind, terms)
        return rebuild(expr, lambda child: self.at(child, place))

    def count(self, indices: Sequence[str]) -> int:
        """Return over how many places indices run."""
        return math.prod(self.sizes[index] for index in indices)

    def places(self, indices: Sequence[str]) -> Iterator[dict[str, int]]:
        """Yield all places of indices, the last one fastest."""
        for places in product(*(range(self.sizes[index]) for index in indices)):
            yield dict(zip(indices, places, strict=True))

    def numbers(self, expr: Expr, arrays: Arrays) -> Expr:
        """Return an expression with numbers in place of its elements, and of sums that are not written out."""
        if isinstance(expr, Ref | Reduce):
            return Shown(self.value(expr, arrays))
        if isinstance(expr, Largest):
            return Largest(tuple(self.numbers(arg, arrays) for arg in expr.args))
        return rebuild(expr, lambda child: self.numbers(child, arrays))

    def value(self, expr: Expr, arrays: Arrays) -> float:
        """Return what an expression amounts to."""
        with np.errstate(all="ignore"):
            return float(self._values(expr, arrays, {}))

    def values_over(self, indices: Sequence[str], expr: Expr, arrays: Arrays) -> Any:
        """Return what an expression amounts to at all places of some indices, in the order of `places`."""
        with np.errstate(all="ignore"):
            found = self._values(expr, arrays, self._grids(indices))
        return np.broadcast_to(found, [self.sizes[index] for index in indices]).ravel()

    def _grids(self, indices: Sequence[str]) -> dict[str, Any]:
        grids = np.meshgrid(*(np.arange(self.sizes[index]) for index in indices), indexing="ij", sparse=True)
        return dict(zip(indices, grids, strict=True))

    def _values(self, expr: Expr, arrays: Arrays, grids: Mapping[str, Any]) -> Any:
        match expr:
            case Const(number):
                return np.float64(number)
            case Index(name):
                return grids[name]
            case Size(index):
                return np.float64(self.sizes[index])
            case Ref(name, indices):
                places = tuple(np.asarray(self._values(index, arrays, grids)).astype(int) for index in indices)
                return np.asarray(arrays[name], np.float64)[places]
            case Reduce(kind, indices, body):
                parts = self.values_over(indices, body, arrays)
                return parts.max() if kind == "max" else parts.mean() if kind == "mean" else parts.sum()
            case Largest(args):
                return max(self._values(arg, arrays, grids) for arg in args)
            case Call(name, args):
                found = function(name).value(np, *(self._values(arg, arrays, grids) for arg in args))
                return np.asarray(found, np.float64)  # a comparison is a number here
        raise TypeError(f"nothing to calculate: {expr!r}")


def _reduced(kind: str, terms: list[Expr]) -> Expr:
    if kind == "max":
        return Largest(tuple(terms)) if len(terms) > 1 else terms[0]
    total = add_up(terms)
    return total / len(terms) if kind == "mean" and len(terms) > 1 else total


def element(array: Ref, place: Place) -> Ref:
    """Return one element of an array given with its indices."""
    return Ref(array.name, tuple(Const(place[index]) for index in array.index_names))


def place_of(one: Ref) -> tuple[int, ...]:
    """Return the numbers of an element's indices."""
    return tuple(int(index.value) for index in one.indices if isinstance(index, Const))


def terms_of(expr: Expr) -> list[Expr]:
    """Return the terms of a sum, each with its sign."""
    match expr:
        case Call("+", (left, right)):
            return [*terms_of(left), *terms_of(right)]
        case Call("-", (left, right)):
            return [*terms_of(left), *(call("neg", term) for term in terms_of(right))]
    return [expr]


def in_a_row(terms: Sequence[Expr]) -> Expr:
    """Return the sum of terms; those with a minus are subtracted.

    >>> from chainrule.parsing import parse_expression
    >>> print(in_a_row([parse_expression(text) for text in ("a", "-b", "c")]))
    a - b + c
    """
    result = terms[0]
    for term in terms[1:]:
        is_minus = isinstance(term, Call) and term.function == "neg"
        result = result - term.args[0] if isinstance(term, Call) and is_minus else result + term
    return result


def factors_of(expr: Expr) -> list[Expr]:
    """Return the factors of a product."""
    if isinstance(expr, Call) and expr.function == "*":
        return [factor for arg in expr.args for factor in factors_of(arg)]
    return [expr]


def multiply(factors: Sequence[Expr]) -> Expr:
    """Return the product of factors."""
    result = factors[0]
    for factor in factors[1:]:
        result = result * factor
    return result


def written_out(expr: Expr) -> Expr:
    """Return an expression with functions such as the sigmoid written in simpler ones."""
    expr = _rebuilt(expr, written_out)
    if isinstance(expr, Call) and (simpler := function(expr.function).written_for(expr.args)):
        return written_out(simpler)
    return expr


def evaluated(expr: Expr) -> Expr:
    """Return an expression of numbers with its innermost operations carried out, whole sums and products at once.

    >>> from chainrule.parsing import parse_expression
    >>> print(evaluated(parse_expression("1 / (1 + exp(-2 * 3))")))
    1 / (1 + exp(-6))
    """
    if isinstance(expr, Const):
        return expr
    chain = _chain(expr)
    if all(isinstance(part, Const) for part in chain):
        return Shown(Elements({}).value(expr, {}))
    return _rebuilt_chain(expr)


_CHAINS = {"+": ("+", "-"), "-": ("+", "-"), "*": ("*",)}


def _chain(expr: Expr) -> list[Expr]:
    """Return the parts of a whole sum or product, or the arguments of a function; signs are no operations."""
    match expr:
        case Call("neg", (arg,)):
            return _chain(arg) if not isinstance(arg, Const) else [arg]
        case Call(name, (left, *rest)):
            same = isinstance(left, Call) and left.function in _CHAINS.get(name, ())
            return [*(_chain(left) if same else [left]), *rest]
        case Largest(args):
            return list(args)
    return [expr]


def _rebuilt_chain(expr: Expr) -> Expr:
    """Return an expression with what stands in its chain evaluated, and the chain as it is."""
    if (
        isinstance(expr, Call)
        and isinstance(expr.args[0], Call)
        and expr.args[0].function in _CHAINS.get(expr.function, ())
    ):
        return call(expr.function, _rebuilt_chain(expr.args[0]), *map(evaluated, expr.args[1:]))
    return _rebuilt(expr, evaluated)


def _rebuilt(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    if isinstance(expr, Largest):
        return Largest(tuple(change(arg) for arg in expr.args))
    return rebuild(expr, change)
