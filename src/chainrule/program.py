"""A program: what is given, what is learned, what is computed; checked before anything reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chainrule.equations import (
    INDEX_NAME,
    REDUCTIONS,
    Call,
    Const,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    Size,
    children,
    free_indices,
    fresh_index,
    refs,
    shifted,
)
from chainrule.errors import FormulaError, nearest
from chainrule.functions import wrong_call
from chainrule.ranges import whole

# The size of an index: a number, or the name of one that is known only when the program runs.
Extent = int | str


@dataclass(frozen=True)
class Program:
    """Equations in the order of calculation, with the arrays they start from.

    Parameters
    ----------
    inputs : arrays and scalars given at each run, as references with their indices: ``x[n,i]``, ``rate``.
    states : arrays kept from run to run and written by ``<-``: parameters, momentum, running means.
    equations : each array is defined by one of them, before it is used.
    sizes : for each index its size; ``"N"`` for the rows of a batch, known at the run.
    distributions : arrays whose last index sums to 1, as the targets of cross-entropy do.

    Raises `FormulaError` where an equation does not fit, naming what the user wrote.
    """

    inputs: tuple[Ref, ...]
    states: tuple[Ref, ...]
    equations: tuple[Equation, ...]
    sizes: Mapping[str, Extent]
    distributions: frozenset[str] = field(default=frozenset())

    def __post_init__(self) -> None:
        _Check(self).run()

    def __str__(self) -> str:
        return "\n".join(map(str, self.equations))

    def declared(self, name: str) -> Ref:
        """Return the array `name` with the indices of its definition."""
        return self.declarations()[name]

    def declarations(self) -> dict[str, Ref]:
        """Return every array by name, with the indices of its definition."""
        given = {ref.name: ref for ref in (*self.inputs, *self.states)}
        return given | {eq.target.name: eq.target for eq in self.equations if not eq.update}

    def fresh_index(self, base: str) -> str:
        """Return an index that is neither one of this program nor the name of one of its arrays: `base`, or p1, ..."""
        taken = {*self.sizes, *self.declarations()}
        return base if base not in taken else fresh_index(base, taken)

    def needed_for(self, roots: Iterable[str]) -> tuple[Equation, ...]:
        """Return the equations that the arrays `roots` depend on, and nothing else."""
        needed = set(roots)
        kept = []
        for equation in reversed(self.equations):
            if equation.target.name in needed and not equation.update:
                kept.append(equation)
                needed.update(ref.name for ref in refs(equation.value))
        return tuple(reversed(kept))


def picking_arrays(program: Program) -> set[str]:
    """Return the arrays whose values choose elements of others: a small change of them changes nothing, or all."""
    indices = (index for equation in program.equations for used in refs(equation.value) for index in used.indices)
    return {used.name for index in indices for used in refs(index)}


class _Check:
    def __init__(self, program: Program):
        self.program = program
        self.defined: dict[str, Ref] = {}

    def run(self) -> None:
        program = self.program
        for index, size in program.sizes.items():
            if not INDEX_NAME.fullmatch(index):
                raise FormulaError(f"an index is a small letter other than e, with or without a number; not {index!r}")
            if not isinstance(size, str):
                whole(f"the size of the index {index}", size)
        for given in (*program.inputs, *program.states):
            self._define(given, Equation(given, given))
        writable = {state.name for state in program.states}
        for equation in program.equations:
            self._equation(equation, writable)

    def _fail(self, equation: Equation, message: str) -> FormulaError:
        where = f"{equation.origin}: " if equation.origin and equation.origin != str(equation) else ""
        return FormulaError(f"{where}in '{equation}': {message}")

    def _define(self, target: Ref, equation: Equation) -> None:
        if target.name in self.defined:
            raise self._fail(equation, f"{target.name} is defined twice")
        if target.name in self.program.sizes:
            raise self._fail(equation, f"{target.name} is an index of this program; give the array another name")
        self._plain(equation)
        for index in target.index_names:
            if index not in self.program.sizes:
                raise self._fail(equation, f"the index {index} has no size; known: {', '.join(self.program.sizes)}")
        self.defined[target.name] = target

    def _plain(self, equation: Equation) -> None:
        target = equation.target
        if len(set(target.index_names)) < len(target.indices):
            raise self._fail(equation, "the left side takes plain indices, each once")

    def _equation(self, equation: Equation, writable: set[str]) -> None:
        target = equation.target
        loose = [index for index in free_indices(equation.value) if index not in target.index_names]
        if loose:
            raise self._fail(equation, _loose(loose[0]))
        for node, bound in _scopes(equation.value, target.index_names):
            self._node(equation, node, bound)
        if not equation.update:
            self._define(target, equation)
        elif target.name not in writable:
            raise self._fail(equation, f"only a parameter or state takes '<-'; {target.name} is neither")
        else:
            self._plain(equation)
            self._reference(equation, target)

    def _node(self, equation: Equation, node: Expr, bound: tuple[str, ...]) -> None:
        match node:
            case Ref():
                self._reference(equation, node)
            case Size(index) if index not in self.program.sizes:
                raise self._fail(equation, f"{index.upper()} is the size of the index {index}, which is not known here")
            case Reduce(kind) if kind not in REDUCTIONS:
                raise self._fail(equation, f"unknown reduction {kind}; known: {', '.join(REDUCTIONS)}")
            case Reduce(kind, ()):
                raise self._fail(equation, f"{kind} needs an index here, as in {kind}(i, x[n,i])")
            case Reduce(kind, indices, _):
                for index in indices:
                    if index in bound:
                        raise self._fail(equation, f"the index {index} of {kind} is in use around it; take another")
                    if index not in self.program.sizes:
                        pair = "; the larger of two values is maximum(a, b)" if kind == "max" else ""
                        raise self._fail(equation, f"the index {index} of {kind} has no size{pair}")
            case Call(name, args):
                if mistake := wrong_call(name, len(args)):
                    raise self._fail(equation, mistake)

    def _reference(self, equation: Equation, used: Ref) -> None:
        known = self.defined.get(used.name)
        if known is None and used.name in self.program.sizes and not used.indices:
            raise self._fail(equation, _loose(used.name))
        if known is None:
            later = any(eq.target.name == used.name for eq in self.program.equations)
            near = nearest(used.name, self.defined)
            hint = "it is defined further down" if later else f"did you mean {near}?" if near else "not defined"
            raise self._fail(equation, f"unknown name {used.name}: {hint}")
        if len(known.indices) != len(used.indices):
            raise self._fail(equation, f"{used} has {len(used.indices)} indices, {known} has {len(known.indices)}")
        for own, index in zip(known.index_names, used.indices, strict=True):
            if isinstance(index, Const) and not self._is_place(index, own):
                last = self._size(own)
                to = f"to {last - 1}" if isinstance(last, int) else "up"
                raise self._fail(equation, f"{used}: elements of {known} count from 0 {to} in whole numbers")
            if isinstance(index, Index) and self._size(index.name) != self._size(own):
                sizes = f"{index.name} runs to {self._size(index.name)}, {own} in {known} to {self._size(own)}"
                raise self._fail(equation, f"sizes differ in {used}: {sizes}")
            if (part := shifted(index)) and not self._is_within(*part, own):
                raise self._fail(
                    equation, f"{used} runs past the end of {known}, where {own} has {self._size(own)} places"
                )

    def _is_place(self, constant: Const, index: str) -> bool:
        size = self._size(index)
        return constant.value == int(constant.value) >= 0 and (isinstance(size, str) or constant.value < (size or 0))

    def _is_within(self, name: str, shift: int, index: str) -> bool:
        size, places = self._size(name), self._size(index)
        return isinstance(size, int) and isinstance(places, int) and size + shift <= places

    def _size(self, index: str) -> Extent | None:
        return self.program.sizes.get(index)


def _loose(index: str) -> str:
    return f"the index {index} stands on the right only; sum over it or write it left"


def _scopes(expr: Expr, bound: tuple[str, ...]) -> Iterator[tuple[Expr, tuple[str, ...]]]:
    """Yield each part of `expr` with the indices that are bound where it stands."""
    yield expr, bound
    inside = (*bound, *expr.indices) if isinstance(expr, Reduce) else bound
    for child in children(expr):
        yield from _scopes(child, inside)
