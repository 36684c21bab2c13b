"""The language: indexed equations, built by Python operators and printed as they are read.

An equation such as ``z1[n,j] = sum(i, x[n,i] * w1[i,j]) + b1[j]`` says what an array holds, element by
element. Six kinds of expression are all there is: `Const`, `Index`, `Size`, `Ref`, `Call` and `Reduce`.
Arithmetic, comparisons and choices are calls of functions like any other; what a function computes and
what its derivative is stands in `chainrule.functions`. `chainrule.parsing` reads the text back.

The spelling decides what a name is: ``n``, ``i`` or ``j1`` between brackets is an index; ``N`` is the size
of the index ``n``; ``E`` is the cost, so that ``e`` is not an index.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Union

from chainrule.errors import FormulaError

INDEX_NAME = re.compile(r"[a-df-z][0-9]*")
SIZE_NAME = re.compile(r"[A-DF-Z][0-9]*")
REDUCTIONS = ("sum", "mean", "max")

# How tightly an operator binds, loosest first; a name or a call binds tighter than all of them.
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_BINDING = {**dict.fromkeys(COMPARISONS, 1), "+": 2, "-": 2, "*": 3, "/": 3, "neg": 4, "**": 5}
_ATOM = 6
_FLAT_TERMS = 16

Number = int | float
Operand = Union["Expr", Number]


class Expr:
    """An expression; the operators of Python build larger ones.

    >>> x, w = ref("x", "n", "i"), ref("w", "i", "j")
    >>> print(total("i", x * w) - 1)
    sum(i, x[n,i] * w[i,j]) - 1
    """

    __slots__ = ()

    def __add__(self, other: Operand) -> Expr:
        return call("+", self, other)

    def __radd__(self, other: Operand) -> Expr:
        return call("+", other, self)

    def __sub__(self, other: Operand) -> Expr:
        return call("-", self, other)

    def __rsub__(self, other: Operand) -> Expr:
        return call("-", other, self)

    def __mul__(self, other: Operand) -> Expr:
        return call("*", self, other)

    def __rmul__(self, other: Operand) -> Expr:
        return call("*", other, self)

    def __truediv__(self, other: Operand) -> Expr:
        return call("/", self, other)

    def __rtruediv__(self, other: Operand) -> Expr:
        return call("/", other, self)

    def __pow__(self, other: Operand) -> Expr:
        return call("**", self, other)

    def __rpow__(self, other: Operand) -> Expr:
        return call("**", other, self)

    def __neg__(self) -> Expr:
        return call("neg", self)

    def __lt__(self, other: Operand) -> Expr:
        return call("<", self, other)

    def __le__(self, other: Operand) -> Expr:
        return call("<=", self, other)

    def __gt__(self, other: Operand) -> Expr:
        return call(">", self, other)

    def __ge__(self, other: Operand) -> Expr:
        return call(">=", self, other)

    def __str__(self) -> str:
        return _print(self)


@dataclass(frozen=True, slots=True)
class Const(Expr):
    """A number: Python's own int or float, whatever kind it was given as."""

    value: Number
    __str__ = Expr.__str__

    def __post_init__(self) -> None:
        if not abs(self.value) < math.inf:
            raise FormulaError(f"a number of an equation must be finite, not {self.value!r}")
        # A NumPy scalar here would turn float32 arrays into float64 ones, and print with its type.
        if type(self.value) not in (int, float):
            plain = int(self.value) if isinstance(self.value, Integral) else float(self.value)
            object.__setattr__(self, "value", plain)


@dataclass(frozen=True, slots=True)
class Index(Expr):
    """The value of an index where it is bound, counted from 0."""

    name: str
    __str__ = Expr.__str__


@dataclass(frozen=True, slots=True)
class Size(Expr):
    """The size of an index: `Size("n")`, printed ``N``, is the number of rows of the whole batch."""

    index: str
    __str__ = Expr.__str__


@dataclass(frozen=True, slots=True)
class Ref(Expr):
    """One element of an array; an index may itself be computed, as in ``v[c[n],j]``.

    A computed index is rounded towards 0, and held within the array where it lies outside.
    """

    name: str
    indices: tuple[Expr, ...] = ()
    __str__ = Expr.__str__

    @property
    def index_names(self) -> tuple[str, ...]:
        """The names of the indices that are plain."""
        return tuple(index.name for index in self.indices if isinstance(index, Index))


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A function or operator of `chainrule.functions`, applied to each element."""

    function: str
    args: tuple[Expr, ...]
    __str__ = Expr.__str__


@dataclass(frozen=True, slots=True)
class Reduce(Expr):
    """A sum, mean or maximum of `body` over `indices`.

    Without indices it is written in a formula such as ``max(x)`` and runs over the units of a layer;
    a program holds no such reduction.
    """

    kind: str
    indices: tuple[str, ...]
    body: Expr
    __str__ = Expr.__str__


@dataclass(frozen=True, slots=True)
class Equation:
    """`target = value` defines an array; `target <- value` (`update`) writes a new value into a state.

    `origin` names the layer, loss or formula that the user wrote; errors quote it. `part` is the pass it is of:
    "forward", "backward" or, for what an optimiser does, "learning".
    """

    target: Ref
    value: Expr
    update: bool = False
    origin: str = ""
    part: str = field(default="forward", compare=False)

    def __str__(self) -> str:
        return f"{self.target} {'<-' if self.update else '='} {self.value}"


def lift(value: Operand) -> Expr:
    """Return a number as a `Const`, an expression as it is."""
    return value if isinstance(value, Expr) else Const(value)


def call(function: str, *args: Operand) -> Expr:
    """Apply a function or operator by name; minus a number is a number, as it is when read."""
    lifted = tuple(lift(arg) for arg in args)
    if function == "neg" and isinstance(lifted[0], Const):
        return replace(lifted[0], value=-lifted[0].value)
    return Call(function, lifted)


def ref(name: str, *indices: str) -> Ref:
    """Refer to an array by plain indices: ``ref("x", "n", "i")`` is ``x[n,i]``."""
    return Ref(name, tuple(Index(index) for index in indices))


def total(indices: str, body: Operand) -> Reduce:
    """Sum over indices separated by spaces: ``total("i j", body)``."""
    return Reduce("sum", tuple(indices.split()), lift(body))


def shifted(index: Expr) -> tuple[str, int] | None:
    """Return the name and the shift of an index such as ``i + 2``; None for any other expression."""
    match index:
        case Call("+", (Index(name), Const(shift))) if shift == int(shift) >= 0:
            return name, int(shift)
    return None


def add_up(terms: Sequence[Expr]) -> Expr:
    """Return the sum of terms; many are added in pairs, so that no expression nests as deep as they are many."""
    if len(terms) > _FLAT_TERMS:
        half = len(terms) // 2
        return add_up(terms[:half]) + add_up(terms[half:])
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


def children(expr: Expr) -> tuple[Expr, ...]:
    """Return the expressions directly inside `expr`."""
    match expr:
        case Ref(_, indices):
            return indices
        case Call(_, args):
            return args
        case Reduce(_, _, body):
            return (body,)
    return ()


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return `expr` with `change` applied to each of its children."""
    match expr:
        case Ref(name, indices) if indices:
            return Ref(name, tuple(change(index) for index in indices))
        case Call(function, args):
            return call(function, *(change(arg) for arg in args))
        case Reduce(kind, indices, body):
            return Reduce(kind, indices, change(body))
    return expr


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield `expr` and everything inside it, from the outside in."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def refs(expr: Expr) -> Iterator[Ref]:
    """Yield every reference to an array in `expr`, in reading order."""
    return (node for node in walk(expr) if isinstance(node, Ref))


def free_indices(expr: Expr) -> tuple[str, ...]:
    """Return the indices that `expr` depends on and does not bind, in the order of their appearance."""
    found: dict[str, None] = {}
    if isinstance(expr, Index):
        found[expr.name] = None
    for child in children(expr):
        found.update(dict.fromkeys(free_indices(child)))
    if isinstance(expr, Reduce):
        for index in expr.indices:
            found.pop(index, None)
    return tuple(found)


def fresh_index(base: str, taken: set[str]) -> str:
    """Return an index named after `base` that is not in `taken`."""
    letter = base[0]
    number = 1
    while f"{letter}{number}" in taken:
        number += 1
    return f"{letter}{number}"


def substitute_indices(expr: Expr, mapping: Mapping[str, Expr], taken: set[str]) -> tuple[Expr, dict[str, str]]:
    """Replace free indices by other index expressions, renaming apart what a reduction would capture.

    Returns the new expression and, for each index invented on the way, the one whose size it has.
    Invented names are added to `taken`.
    """
    invented: dict[str, str] = {}

    def change(node: Expr, active: Mapping[str, Expr]) -> Expr:
        if isinstance(node, Index):
            return active.get(node.name, node)
        if isinstance(node, Reduce):
            inner = {name: value for name, value in active.items() if name not in node.indices}
            brought_in = {name for value in inner.values() for name in free_indices(value)}
            renamed = []
            for index in node.indices:
                if index in brought_in:
                    new = fresh_index(index, taken)
                    taken.add(new)
                    invented[new] = index
                    inner[index] = Index(new)
                    index = new
                renamed.append(index)
            return Reduce(node.kind, tuple(renamed), change(node.body, inner))
        return rebuild(node, lambda child: change(child, active))

    return change(expr, mapping), invented


def substitute(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """Put expressions in place of the names of a formula, which have no indices."""
    if isinstance(expr, Ref) and not expr.indices:
        return values.get(expr.name, expr)
    return rebuild(expr, lambda child: substitute(child, values))


def rename_indices(expr: Expr, names: Mapping[str, str]) -> Expr:
    """Write every index by another name, free or bound; different names must stay different."""
    match expr:
        case Index(name):
            return Index(names[name])
        case Size(index):
            return Size(names.get(index, index))
        case Reduce(kind, indices, body):
            return Reduce(kind, tuple(names[index] for index in indices), rename_indices(body, names))
    return rebuild(expr, lambda child: rename_indices(child, names))


def rename_arrays(equation: Equation, names: Mapping[str, str]) -> Equation:
    """Return the equation with arrays renamed, on both sides."""

    def change(expr: Expr) -> Expr:
        expr = rebuild(expr, change)
        return Ref(names.get(expr.name, expr.name), expr.indices) if isinstance(expr, Ref) else expr

    target = change(equation.target)
    assert isinstance(target, Ref)
    return replace(equation, target=target, value=change(equation.value))


def _binding(expr: Expr) -> int:
    if isinstance(expr, Call):
        return _BINDING.get(expr.function, _ATOM)
    if isinstance(expr, Const) and expr.value < 0:
        return _BINDING["neg"]
    return _ATOM


def _print(expr: Expr) -> str:
    match expr:
        case Const(value):
            return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
        case Index(name):
            return name
        case Size(index):
            return index.upper()
        case Ref(name, indices):
            return f"{name}[{','.join(map(str, indices))}]" if indices else name
        case Reduce(kind, indices, body):
            return f"{kind}({', '.join([*indices, str(body)])})"
        case Call("neg", (arg,)):
            return "-" + _bracket(arg, _BINDING["neg"] + 1)
        case Call("/", (Const(), Const())):
            return "/".join(map(str, expr.args))
        case Call(function, (left, right)) if function in _BINDING:
            own = _BINDING[function]
            right_first = function == "**"
            sides = _bracket(left, own + (right_first or own == 1)), _bracket(right, own + (not right_first))
            return ("**" if right_first else f" {function} ").join(sides)
        case Call(function, args):
            return f"{function}({', '.join(map(str, args))})"
    raise TypeError(f"not an expression of the language: {expr!r}")


def _bracket(expr: Expr, at_least: int) -> str:
    return str(expr) if _binding(expr) >= at_least else f"({expr})"
