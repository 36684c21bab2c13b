"""Dual numbers: forward-mode derivatives of the forward equations, by rules written down here alone.

A dual number a + b e, with e * e = 0, carries a value and its derivative in a direction (Clifford 1873;
Wengert 1964). Nothing of `chainrule.derive`, of the derivatives in `chainrule.functions` or of an engine is
used, so that a mistake there cannot hide itself. Each expression becomes an array with one axis for every
index in scope and, for the derivative, a last axis for the directions: slow, and simple enough to believe.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations import Call, Const, Expr, Index, Reduce, Ref, Size
from chainrule.program import Program

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dual:
    """A value and its derivatives; `slope` has one more axis than `value`, for the directions."""

    value: Array
    slope: Array


def _chain(x: Dual, value: Array, factor: Array) -> Dual:
    return Dual(value, factor[..., None] * x.slope)


def _power(x: Dual, u: Dual) -> Dual:
    value = x.value**u.value
    by_base = (u.value * x.value ** (u.value - 1))[..., None] * x.slope
    if not u.slope.any():
        return Dual(value, by_base + np.zeros_like(u.slope))
    by_exponent = np.where(x.value > 0, value * np.log(np.where(x.value > 0, x.value, 1.0)), 0.0)
    return Dual(value, by_base + by_exponent[..., None] * u.slope)


def _compare(test: Callable[[Array, Array], Any]) -> Callable[[Dual, Dual], Dual]:
    def compared(x: Dual, u: Dual) -> Dual:
        value = np.asarray(test(x.value, u.value), np.float64)
        return Dual(value, np.zeros_like(x.slope + u.slope))

    return compared


def _choose(c: Dual, x: Dual, u: Dual) -> Dual:
    test = c.value != 0
    return Dual(np.where(test, x.value, u.value), np.where(test[..., None], x.slope, u.slope))


def _sigmoid(values: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(values / 2))


def _erf(x: Dual) -> Dual:
    from scipy.special import erf

    return _chain(x, erf(x.value), 2 / math.sqrt(math.pi) * np.exp(-(x.value**2)))


RULES: dict[str, Callable[..., Dual]] = {
    "+": lambda x, u: Dual(x.value + u.value, x.slope + u.slope),
    "-": lambda x, u: Dual(x.value - u.value, x.slope - u.slope),
    "*": lambda x, u: Dual(x.value * u.value, x.slope * u.value[..., None] + x.value[..., None] * u.slope),
    "/": lambda x, u: Dual(
        x.value / u.value, (x.slope * u.value[..., None] - x.value[..., None] * u.slope) / u.value[..., None] ** 2
    ),
    "**": _power,
    "neg": lambda x: Dual(-x.value, -x.slope),
    "<": _compare(np.less),
    "<=": _compare(np.less_equal),
    ">": _compare(np.greater),
    ">=": _compare(np.greater_equal),
    "==": _compare(np.equal),
    "!=": _compare(np.not_equal),
    "where": _choose,
    "exp": lambda x: _chain(x, np.exp(x.value), np.exp(x.value)),
    "expm1": lambda x: _chain(x, np.expm1(x.value), np.exp(x.value)),
    "log": lambda x: _chain(x, np.log(x.value), 1 / x.value),
    "log1p": lambda x: _chain(x, np.log1p(x.value), 1 / (1 + x.value)),
    "sqrt": lambda x: _chain(x, np.sqrt(x.value), 0.5 * x.value**-0.5),
    "abs": lambda x: _chain(x, np.abs(x.value), np.where(x.value > 0, 1.0, np.where(x.value < 0, -1.0, 0.0))),
    "sign": lambda x: _chain(x, np.sign(x.value), np.zeros_like(x.value)),
    "maximum": lambda x, u: _choose(Dual(np.asarray(x.value >= u.value, float), x.slope), x, u),
    "minimum": lambda x, u: _choose(Dual(np.asarray(x.value <= u.value, float), x.slope), x, u),
    "sin": lambda x: _chain(x, np.sin(x.value), np.cos(x.value)),
    "cos": lambda x: _chain(x, np.cos(x.value), -np.sin(x.value)),
    "sinh": lambda x: _chain(x, np.sinh(x.value), np.cosh(x.value)),
    "cosh": lambda x: _chain(x, np.cosh(x.value), np.sinh(x.value)),
    "tanh": lambda x: _chain(x, np.tanh(x.value), np.cosh(np.clip(x.value, -300, 300)) ** -2.0),
    "arctan": lambda x: _chain(x, np.arctan(x.value), 1 / (1 + x.value**2)),
    "erf": _erf,
    "sigmoid": lambda x: _chain(x, _sigmoid(x.value), _sigmoid(x.value) * _sigmoid(-x.value)),
    "softplus": lambda x: _chain(x, np.logaddexp(0, x.value), _sigmoid(x.value)),
    "relu": lambda x: _chain(x, np.where(x.value > 0, x.value, 0.0), np.where(x.value > 0, 1.0, 0.0)),
}


def dual_gradients(
    program: Program, arrays: Mapping[str, Any], names: tuple[str, ...], directions: Mapping[str, Array] | None = None
) -> dict[str, Array]:
    """Return dE/d(array) for each of `names`, or its product with one direction each.

    Parameters
    ----------
    program : forward equations that end in ``E``.
    arrays : inputs and states, with ``N``.
    directions : if given, one array for each name; the result for a name is then one number, the
        derivative of E along it.
    """
    found = {}
    for name in names:
        start = np.asarray(arrays[name], np.float64)
        if directions is None:
            slope = np.eye(start.size).reshape(*start.shape, start.size)
        else:
            slope = np.asarray(directions[name], np.float64)[..., None]
        with np.errstate(all="ignore"):
            slopes = _Evaluation(program, arrays, {name: slope}).cost().slope
        found[name] = slopes.reshape(start.shape if directions is None else ())
    return found


class _Evaluation:
    def __init__(self, program: Program, arrays: Mapping[str, Any], slopes: Mapping[str, Array]):
        self.program, self.arrays = program, arrays
        width = next(iter(slopes.values())).shape[-1]
        self.nothing = np.zeros(width)
        given = [*program.inputs, *program.states]
        self.duals = {ref.name: self._given(arrays[ref.name], slopes.get(ref.name)) for ref in given}

    def _given(self, value: Any, slope: Array | None) -> Dual:
        value = np.asarray(value, np.float64)
        return Dual(value, np.zeros((*value.shape, len(self.nothing))) if slope is None else slope)

    def cost(self) -> Dual:
        for equation in self.program.needed_for(["E"]):
            scope = equation.target.index_names
            dual = self._evaluate(equation.value, scope)
            shape = tuple(self._size(index) for index in scope)
            value = np.broadcast_to(dual.value, shape)
            self.duals[equation.target.name] = Dual(value, np.broadcast_to(dual.slope, (*shape, len(self.nothing))))
        return self.duals["E"]

    def _size(self, index: str) -> int:
        size = self.program.sizes[index]
        return int(self.arrays[size]) if isinstance(size, str) else size

    def _evaluate(self, expr: Expr, scope: tuple[str, ...]) -> Dual:
        """Return the expression with one axis, perhaps of length 1, for every index of `scope`."""
        flat = (1,) * len(scope)
        match expr:
            case Const(value):
                return self._given(np.full(flat, float(value)), None)
            case Size(index):
                return self._given(np.full(flat, float(self._size(index))), None)
            case Index(name):
                shape = [1] * len(scope)
                shape[scope.index(name)] = self._size(name)
                return self._given(np.arange(self._size(name)).reshape(shape), None)
            case Ref(name, indices):
                dual = self.duals[name]
                if not indices:
                    return Dual(dual.value.reshape(flat), dual.slope.reshape(*flat, -1))
                found = [self._evaluate(index, scope).value.astype(int) for index in indices]
                # A computed index is held within the array.
                places = tuple(np.clip(at, 0, size - 1) for at, size in zip(found, dual.value.shape, strict=True))
                return Dual(dual.value[places], dual.slope[places])
            case Call("stop", (arg,)):
                return self._given(self._evaluate(arg, scope).value, None)
            case Call(name, args):
                return RULES[name](*(self._evaluate(arg, scope) for arg in args))
            case Reduce(kind, indices, body):
                return self._reduce(kind, indices, self._evaluate(body, (*scope, *indices)), scope)
        raise TypeError(f"not an expression of the language: {expr!r}")

    def _reduce(self, kind: str, indices: tuple[str, ...], inside: Dual, scope: tuple[str, ...]) -> Dual:
        sizes = tuple(self._size(index) for index in indices)
        outer = np.broadcast_shapes(inside.value.shape[: len(scope)], inside.slope.shape[: len(scope)])
        value = np.broadcast_to(inside.value, (*outer, *sizes)).reshape(*outer, -1)
        slope = np.broadcast_to(inside.slope, (*outer, *sizes, len(self.nothing))).reshape(*outer, value.shape[-1], -1)
        if kind == "sum":
            return Dual(value.sum(-1), slope.sum(-2))
        if kind == "mean":
            return Dual(value.mean(-1), slope.mean(-2))
        largest = value.max(-1)
        ties = value == largest[..., None]
        share = ties / ties.sum(-1, keepdims=True)
        return Dual(largest, (slope * share[..., None]).sum(-2))
