"""The simplest evaluator there is: loops over all index values, one Python number at a time.

It shares nothing with the library but the six kinds of expression. Given a complex number with a tiny
imaginary part it carries a derivative along (the complex step), exact to rounding and without any rule.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from scipy.special import erf

from chainrule.equations import COMPARISONS, Call, Const, Equation, Expr, Index, Reduce, Ref, Size
from chainrule.program import Program

Number = Any
Elements = dict[tuple[int, ...], Number]
STEP = 1e-30


def _real(x: Number) -> float:
    return x.real if isinstance(x, complex) else x


def _either(real: Callable[[float], float], imaginary: Callable[[complex], complex]) -> Callable[[Number], Number]:
    return lambda x: imaginary(x) if isinstance(x, complex) else real(x)


def _sign(x: Number) -> float:
    return float((_real(x) > 0) - (_real(x) < 0))


def _power(x: Number, u: Number) -> Number:
    if not isinstance(u, complex) and u == int(u) and abs(u) <= 64:
        return x ** int(u)
    return cmath.exp(u * cmath.log(x)) if isinstance(x, complex) or isinstance(u, complex) else float(x) ** u


def _sigmoid(x: Number) -> Number:
    return cmath.exp(x) / (1 + cmath.exp(x)) if isinstance(x, complex) else 1 / (1 + math.exp(-x))


def _softplus(x: Number) -> Number:
    return cmath.log(1 + cmath.exp(x)) if isinstance(x, complex) else math.log1p(math.exp(-abs(x))) + max(x, 0.0)


SCALARS: dict[str, Callable[..., Number]] = {
    "+": lambda x, u: x + u,
    "-": lambda x, u: x - u,
    "*": lambda x, u: x * u,
    "/": lambda x, u: x / u,
    "**": _power,
    "neg": lambda x: -x,
    "<": lambda x, u: float(_real(x) < _real(u)),
    "<=": lambda x, u: float(_real(x) <= _real(u)),
    ">": lambda x, u: float(_real(x) > _real(u)),
    ">=": lambda x, u: float(_real(x) >= _real(u)),
    "==": lambda x, u: float(_real(x) == _real(u)),
    "!=": lambda x, u: float(_real(x) != _real(u)),
    "stop": _real,
    "exp": _either(math.exp, cmath.exp),
    "expm1": _either(math.expm1, lambda x: cmath.exp(x) - 1),
    "log": _either(math.log, cmath.log),
    "log1p": _either(math.log1p, lambda x: cmath.log(1 + x)),
    "sqrt": _either(math.sqrt, cmath.sqrt),
    "abs": lambda x: _sign(x) * x,
    "sign": _sign,
    "maximum": lambda x, u: x if _real(x) >= _real(u) else u,
    "minimum": lambda x, u: x if _real(x) <= _real(u) else u,
    "sin": _either(math.sin, cmath.sin),
    "cos": _either(math.cos, cmath.cos),
    "sinh": _either(math.sinh, cmath.sinh),
    "cosh": _either(math.cosh, cmath.cosh),
    "tanh": _either(math.tanh, cmath.tanh),
    "arctan": _either(math.atan, cmath.atan),
    "erf": _either(math.erf, lambda x: complex(erf(x))),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "relu": lambda x: x if _real(x) > 0 else 0.0,
}


class Evaluator:
    """Evaluates expressions of one program; `arrays` maps each name to its elements."""

    def __init__(self, sizes: Mapping[str, int], arrays: Mapping[str, Elements]):
        self.sizes = sizes
        self.arrays = dict(arrays)
        self.ties = 0  # comparisons that another rounding could decide otherwise

    def value(self, expr: Expr, at: Mapping[str, int]) -> Number:
        match expr:
            case Const(value):
                return value
            case Index(name):
                return at[name]
            case Size(index):
                return self.sizes[index]
            case Ref(name, indices):
                return self.arrays[name][tuple(int(_real(self.value(index, at))) for index in indices)]
            case Call("where", (condition, first, second)):
                return self.value(first if _real(self.value(condition, at)) else second, at)
            case Call(name, args):
                values = [self.value(arg, at) for arg in args]
                if name in COMPARISONS and math.isclose(*map(_real, values), rel_tol=1e-12):
                    summed = any(isinstance(arg, Reduce) and arg.kind != "max" for arg in args)
                    self.ties += summed or values[0] != values[1]
                return SCALARS[name](*values)
            case Reduce(kind, indices, body):
                return _reduced(kind, [self.value(body, {**at, **place}) for place in self.places(indices)])
        raise AssertionError(expr)

    def places(self, indices: Sequence[str]) -> Iterator[dict[str, int]]:
        for values in product(*(range(self.sizes[index]) for index in indices)):
            yield dict(zip(indices, values, strict=True))

    def array(self, equation: Equation) -> Elements:
        places = self.places(equation.target.index_names)
        return {tuple(at.values()): self.value(equation.value, at) for at in places}

    def run(self, equations: Sequence[Equation]) -> dict[str, Elements]:
        for equation in equations:
            self.arrays[equation.target.name] = self.array(equation)
        return self.arrays


def _reduced(kind: str, values: list[Number]) -> Number:
    if kind == "max":
        top = max(map(_real, values))
        slope = np.mean([value.imag for value in values if _real(value) == top])
        return complex(top, slope) if slope else top
    return sum(values) if kind == "sum" else sum(values) / len(values)


def elements(array: Any) -> Elements:
    """Return the elements of an array as Python numbers."""
    return {place: value.item() for place, value in np.ndenumerate(np.asarray(array))}


def as_array(found: Elements) -> np.ndarray:
    """Return elements as an array."""
    shape = tuple(1 + max(place) for place in zip(*found, strict=True))
    result = np.empty(shape)
    for place, value in found.items():
        result[place] = value
    return result


def evaluator(program: Program, arrays: Mapping[str, Any]) -> Evaluator:
    """Return an evaluator of `program` at `arrays`, which has ``N`` among them."""
    sizes = {index: arrays[size] if isinstance(size, str) else size for index, size in program.sizes.items()}
    given = {ref.name: elements(arrays[ref.name]) for ref in (*program.inputs, *program.states)}
    return Evaluator(sizes, given)


def run(program: Program, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return every array of `program` after its equations."""
    return {name: as_array(found) for name, found in evaluator(program, arrays).run(program.equations).items()}


def gradient(program: Program, arrays: Mapping[str, Any], name: str) -> np.ndarray:
    """Return dE/d`name` by one complex step for each element."""
    given = np.asarray(arrays[name], float)
    result = np.empty(given.shape)
    forward = program.needed_for(["E"])
    for place in np.ndindex(given.shape):
        evaluation = evaluator(program, arrays)
        evaluation.arrays[name][place] += complex(0, STEP)
        cost = evaluation.run(forward)["E"][()]
        result[place] = cost.imag / STEP if isinstance(cost, complex) else 0.0
    return result
