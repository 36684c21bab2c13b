"""The reference engine: any program on an array namespace, planned once and run many times.

A plan turns each equation into one nested function of the arrays. Products under a sum become matrix
products, everything else broadcasts. It is the measure for all other engines, so it stays simple.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.equations import (
    COMPARISONS,
    Call,
    Const,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    Size,
    free_indices,
    refs,
    walk,
)
from chainrule.functions import function
from chainrule.program import Program

# Arrays by name while a program runs; the sizes known only then stand in it too, by their own name (N).
Arrays = MutableMapping[str, Any]
Compute = Callable[[Arrays], Any]
Axes = tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """How to compute an expression, and which index each axis of the result belongs to."""

    compute: Compute
    axes: Axes


class Plan:
    """A program, or some of its equations, ready to run.

    Parameters
    ----------
    program : the program.
    equations : those to run, in order; all of them if left out. What they read must be in the arrays.
    namespace : NumPy or another namespace of the Python array API standard, as `array_api_compat.torch`.

    >>> from chainrule.parsing import parse_program
    >>> from chainrule.equations import ref
    >>> p = Program((ref("x", "n", "i"),), (), parse_program("y[n] = sum(i, x[n,i]**2)"), {"n": "N", "i": 2})
    >>> Plan(p).run({"x": np.array([[3.0, 4.0]]), "N": 1})["y"]
    array([25.])
    """

    def __init__(self, program: Program, equations: Iterable[Equation] | None = None, namespace: Any = np):
        planner = _Planner(program, namespace)
        chosen = program.equations if equations is None else equations
        self._planner = planner
        self._inputs = [given.name for given in program.inputs]
        self._steps = [(eq.target.name, planner.equation(eq), eq.update) for eq in chosen]

    def run(self, arrays: Arrays) -> Arrays:
        """Compute every equation into `arrays`, which holds the inputs, the states and ``N``; return it.

        Inputs of whole numbers become floating ones; states are written in place. Infinities and NaN pass
        through as IEEE 754 has them; call it under ``np.errstate(all="ignore")`` where warnings about them are
        not wanted.
        """
        for name in self._inputs:
            if name in arrays:
                arrays[name] = self._planner.as_float(arrays[name], arrays)
        for name, compute, update in self._steps:
            if update:
                arrays[name][...] = compute(arrays)
            else:
                arrays[name] = compute(arrays)
        return arrays


def first_not_finite(program: Program, arrays: Arrays) -> str | None:
    """Return the first equation of a run whose value is not finite, with its origin, or None."""
    for equation in program.equations:
        if not equation.update and not np.isfinite(arrays[equation.target.name]).all():
            return f"{equation.origin}: {equation}"
    return None


class _Planner:
    def __init__(self, program: Program, namespace: Any):
        self.xp = namespace
        self.sizes = program.sizes
        self.float_types: dict[Any, bool] = {}
        self.states = {state.name for state in program.states}
        # The ufuncs' own methods are twice as fast on small arrays.
        add_up, largest = (np.add.reduce, np.maximum.reduce) if namespace is np else (namespace.sum, namespace.max)
        self.sum: Callable[[Any, tuple[int, ...]], Any] = lambda array, axes: add_up(array, axis=axes)
        self.max: Callable[[Any, tuple[int, ...]], Any] = lambda array, axes: largest(array, axis=axes)

    def equation(self, equation: Equation) -> Compute:
        """Return what computes the array, its axes in the order of the left side."""
        order = equation.target.index_names
        node = self.expression(equation.value, order)
        compute = self._aligned(node, order)
        lacks_an_index = len(node.axes) < len(order)
        if lacks_an_index or _is_number(equation.value):
            compute = self._spread(compute, order)
        reads_a_state = any(ref.name in self.states for ref in refs(equation.value))
        if reads_a_state and not equation.update and (lacks_an_index or _may_be_a_view(equation.value)):
            spread = compute  # written in place later, the state must not change this value too
            return lambda arrays: self.xp.asarray(spread(arrays), copy=True)
        return compute

    def expression(self, expr: Expr, order: Axes) -> Node:
        """Plan an expression; its axes come in the order in which `order` names them."""
        if _is_number(expr):
            return self._numeric(expr)
        match expr:
            case Index(name):
                size = self._size(name).compute
                return Node(lambda arrays: self.xp.arange(size(arrays), dtype=self._float(arrays)), (name,))
            case Ref():
                return self._reference(expr, order)
            case Reduce():
                return self._reduction(expr, order)
            case Call():
                return self._call(expr, order)
        raise TypeError(f"not an expression of the language: {expr!r}")

    def _size(self, index: str) -> Node:
        size = self.sizes[index]
        return Node((lambda arrays: arrays[size]) if isinstance(size, str) else (lambda arrays: size), ())

    def _reference(self, expr: Ref, order: Axes) -> Node:
        name = expr.name
        if len(expr.index_names) == len(expr.indices) == len(set(expr.index_names)):
            return self._ordered(Node(lambda arrays: arrays[name], expr.index_names), order)
        # A computed index: every index becomes an array of whole numbers, and they broadcast.
        axes = tuple(index for index in order if index in free_indices(expr))
        places = [self._aligned(self.expression(index, order), axes) for index in expr.indices]

        def pick(arrays: Arrays) -> Any:
            array = arrays[name]
            where = tuple(self._place(place(arrays), size) for place, size in zip(places, array.shape, strict=True))
            return self._spread_to(arrays, array[where], axes)

        return Node(pick, axes)

    def _place(self, value: Any, size: int) -> Any:
        """Return whole numbers from 0 to below the size."""
        if not hasattr(value, "dtype"):
            return min(max(int(value), 0), size - 1)
        return self.xp.clip(self.xp.astype(value, self.xp.int64), 0, size - 1)

    def _call(self, expr: Call, order: Axes) -> Node:
        xp, value = self.xp, function(expr.function).value
        if expr.function == "where":
            return self._choice(expr, order)
        axes, computes = self._together(expr.args, order)
        if expr.function in COMPARISONS:
            one, two = computes
            return Node(lambda arrays: self._as_float(value(xp, one(arrays), two(arrays)), arrays), axes)
        if len(computes) == 1:
            (only,) = computes
            return Node(lambda arrays: value(xp, only(arrays)), axes)
        left, right = computes
        return Node(lambda arrays: value(xp, left(arrays), right(arrays)), axes)

    def _numeric(self, expr: Expr) -> Node:
        """Plan what numbers and sizes alone make: a number of Python's own, which leaves the type of arrays alone."""
        if isinstance(expr, Const):
            return Node(lambda arrays: expr.value, ())
        if not any(isinstance(node, Size | Reduce) for node in walk(expr)):
            constant = float(self._number(expr, {}))
            return Node(lambda arrays: constant, ())
        return Node(lambda arrays: float(self._number(expr, arrays)), ())

    def _float(self, arrays: Arrays) -> Any:
        """Return the floating type of the arrays of a run."""
        for value in arrays.values():
            if hasattr(value, "dtype") and self._is_float(value.dtype):
                return value.dtype
        return self.xp.float64

    def as_float(self, value: Any, arrays: Arrays) -> Any:
        """Return an array of the floating type, or a number of Python's own as it is."""
        if not hasattr(value, "dtype") or self._is_float(value.dtype):
            return value
        return self._as_float(value, arrays)

    def _is_float(self, dtype: Any) -> bool:
        if dtype not in self.float_types:
            self.float_types[dtype] = bool(self.xp.isdtype(dtype, "real floating"))
        return self.float_types[dtype]

    def _as_float(self, value: Any, arrays: Arrays) -> Any:
        return self.xp.astype(self.xp.asarray(value), self._float(arrays))

    def _number(self, expr: Expr, arrays: Arrays) -> Any:
        """Compute a number from numbers and sizes, as IEEE 754 has it."""
        match expr:
            case Const(value):
                return np.float64(value)
            case Size(index):
                return np.float64(self._size(index).compute(arrays))
            case Reduce(kind, indices, body):
                times = [self._size(index).compute(arrays) for index in indices] if kind == "sum" else []
                return math.prod(times, start=self._number(body, arrays))
            case Call(name, args):
                with np.errstate(all="ignore"):
                    return np.float64(function(name).value(np, *(self._number(arg, arrays) for arg in args)))
        raise TypeError(f"not a number: {expr}")

    def _choice(self, expr: Call, order: Axes) -> Node:
        xp = self.xp
        condition, first, second = expr.args
        comparison = isinstance(condition, Call) and condition.function in COMPARISONS
        if not comparison:
            condition = Call("!=", (condition, Const(0)))
        assert isinstance(condition, Call)
        compare = function(condition.function).value
        axes, (left, right, one, two) = self._together((*condition.args, first, second), order)

        def choose(arrays: Arrays) -> Any:
            test = xp.asarray(compare(xp, left(arrays), right(arrays)))
            values = one(arrays), two(arrays)
            if not any(hasattr(value, "dtype") for value in values):
                values = self._as_float(values[0], arrays), values[1]
            return xp.where(test, *values)

        return Node(choose, axes)

    def _together(self, exprs: Sequence[Expr], order: Axes) -> tuple[Axes, list[Compute]]:
        """Plan several expressions so that their results broadcast against each other."""
        nodes = [self.expression(expr, order) for expr in exprs]
        axes = tuple(index for index in order if any(index in node.axes for node in nodes))
        return axes, [self._aligned(node, axes) for node in nodes]

    def _reduction(self, expr: Reduce, order: Axes) -> Node:
        inside = (*order, *expr.indices)
        if expr.kind == "max":
            node = self.expression(expr.body, inside)
            return self._along(node, [index for index in expr.indices if index in node.axes], self.max)
        factors = [self.expression(factor, inside) for factor in _factors(expr.body)]
        node = self._contract(factors, set(expr.indices), inside)
        absent = [index for index in expr.indices if not any(index in factor.axes for factor in factors)]
        if expr.kind == "mean":
            for index in expr.indices:
                if index not in absent:
                    node = self._scaled(node, index, lambda value, size: value / size)
        else:
            for index in absent:
                node = self._scaled(node, index, lambda value, size: value * size)
        return node

    def _scaled(self, node: Node, index: str, scale: Callable[[Any, Any], Any]) -> Node:
        size = self._size(index).compute
        return Node(lambda arrays: scale(node.compute(arrays), size(arrays)), node.axes)

    def _along(self, node: Node, indices: Iterable[str], operation: Callable[[Any, tuple[int, ...]], Any]) -> Node:
        axes = tuple(node.axes.index(index) for index in indices)
        if not axes:
            return node
        compute = node.compute
        kept = tuple(index for index in node.axes if index not in indices)
        return Node(lambda arrays: operation(compute(arrays), axes), kept)

    def _contract(self, factors: list[Node], summed: set[str], order: Axes) -> Node:
        """Sum a product: factor by factor, each index as soon as no later factor has it."""
        factors = self._merge(factors, order)
        while len(factors) > 1:
            left, right, *rest = factors
            later = {index for node in rest for index in node.axes}
            factors = [self._product_of_two(left, right, summed - later, order), *rest]
        return self._along(factors[0], [index for index in factors[0].axes if index in summed], self.sum)

    def _merge(self, factors: list[Node], order: Axes) -> list[Node]:
        """Multiply element by element where one factor has all indices of the other."""
        merged: list[Node] = []
        for factor in sorted(factors, key=lambda node: -len(node.axes)):
            for place, host in enumerate(merged):
                if set(factor.axes) <= set(host.axes):
                    merged[place] = self._times(host, factor, order)
                    break
            else:
                merged.append(factor)
        return merged

    def _times(self, left: Node, right: Node, order: Axes) -> Node:
        axes = tuple(index for index in order if index in left.axes or index in right.axes)
        one, two = self._aligned(left, axes), self._aligned(right, axes)
        return Node(lambda arrays: one(arrays) * two(arrays), axes)

    def _product_of_two(self, left: Node, right: Node, summed: set[str], order: Axes) -> Node:
        both = [index for index in left.axes if index in right.axes]
        inner = [index for index in both if index in summed]
        shared = [index for index in both if index not in summed]
        left = self._along(left, [i for i in left.axes if i in summed and i not in both], self.sum)
        right = self._along(right, [i for i in right.axes if i in summed and i not in both], self.sum)
        rows = [index for index in left.axes if index not in both]
        columns = [index for index in right.axes if index not in both]
        if inner and not shared and max(len(inner), len(rows), len(columns)) > 1:
            return self._tensor_product(left, right, inner, (*rows, *columns), order)
        if not inner or (shared and not (rows and columns)) or max(len(inner), len(rows), len(columns)) > 1:
            return self._along(self._times(left, right, order), inner, self.sum)
        if rows and columns and order.index(rows[0]) > order.index(columns[0]):
            left, right, rows, columns = right, left, columns, rows
        one = self._permuted(left, (*shared, *rows, *inner))
        two = self._permuted(right, (*shared, *inner, *columns))
        product = Node(lambda arrays: one(arrays) @ two(arrays), (*shared, *rows, *columns))
        return self._ordered(product, order)

    def _tensor_product(self, left: Node, right: Node, inner: list[str], axes: Axes, order: Axes) -> Node:
        """A matrix product over several indices at once."""
        places = tuple(tuple(node.axes.index(index) for index in inner) for node in (left, right))
        one, two, xp = left.compute, right.compute, self.xp
        return self._ordered(Node(lambda arrays: xp.tensordot(one(arrays), two(arrays), axes=places), axes), order)

    def _ordered(self, node: Node, order: Axes) -> Node:
        axes = tuple(index for index in order if index in node.axes)
        return Node(self._permuted(node, axes), axes)

    def _permuted(self, node: Node, axes: Axes) -> Compute:
        if node.axes == axes:
            return node.compute
        places = tuple(node.axes.index(index) for index in axes)
        compute, xp = node.compute, self.xp
        if len(places) == 2:
            return lambda arrays: compute(arrays).T
        return lambda arrays: xp.permute_dims(compute(arrays), places)

    def _aligned(self, node: Node, axes: Axes) -> Compute:
        """Return `node` with an axis of length 1 for each index it lacks; leading ones may be missing."""
        permuted = self._permuted(node, tuple(index for index in axes if index in node.axes))
        if not node.axes or axes[len(axes) - len(node.axes) :] == tuple(i for i in axes if i in node.axes):
            return permuted
        places = tuple(slice(None) if index in node.axes else None for index in axes)
        return lambda arrays: permuted(arrays)[places]

    def _spread(self, compute: Compute, axes: Axes) -> Compute:
        """Return the array repeated to its full size, for a value that lacks an index of the left side."""
        return lambda arrays: self._spread_to(arrays, compute(arrays), axes)

    def _spread_to(self, arrays: Arrays, value: Any, axes: Axes) -> Any:
        shape = tuple(self._size(index).compute(arrays) for index in axes)
        return self.xp.broadcast_to(self._as_float(value, arrays), shape)


def _is_number(expr: Expr) -> bool:
    """Tell whether no array and no index has a part in the value."""
    return not any(isinstance(node, Ref | Index) for node in walk(expr))


def _may_be_a_view(expr: Expr) -> bool:
    """Tell whether the value may be the very array that it was made from."""
    match expr:
        case Ref():
            return True
        case Call("stop", (arg,)):
            return _may_be_a_view(arg)
        case Reduce(_, indices, body):
            return not set(indices) & set(free_indices(body)) and _may_be_a_view(body)
    return False


def _factors(expr: Expr) -> list[Expr]:
    """Split a product; a divisor becomes a factor of its own."""
    match expr:
        case Call("*", (left, right)):
            return [*_factors(left), *_factors(right)]
        case Call("/", (left, right)):
            return [*_factors(left), Call("/", (Const(1), right))]
        case Call("neg", (arg,)):
            return [Const(-1), *_factors(arg)]
    return [expr]
