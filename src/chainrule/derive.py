"""The chain rule: forward equations in, backward equations out.

Each equation is taken from its result back to the arrays on its right side. On the way the derivative of
every function met (its entry in `chainrule.functions`) is multiplied on; a sum lets the derivative through
and leaves its index free; arriving at an array, all indices that the array does not carry are summed over.
An array used in several places gets the sum of what arrives (Linnainmaa 1970; Rumelhart, Hinton and
Williams 1986).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from chainrule.equations import (
    Call,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    Size,
    add_up,
    call,
    free_indices,
    fresh_index,
    rebuild,
    ref,
    refs,
    substitute,
    substitute_indices,
    total,
    walk,
)
from chainrule.errors import FormulaError, unknown
from chainrule.functions import function
from chainrule.program import Program
from chainrule.simplify import ONE, ZERO, Knowledge, simplify
from chainrule.split import is_split_off

# A condition under which a part of a formula counts, and whether it must hold or fail.
Guard = tuple[Expr, bool]


def gradient_name(name: str) -> str:
    """Return the name of dE/d`name`: ``d_w1``."""
    return f"d_{name}"


def derive(program: Program, wrt: Iterable[str], of: str = "E") -> Program:
    """Add to `program` the equations for the derivatives of the scalar `of` with respect to the arrays `wrt`.

    The new arrays are named ``d_`` and the name of the array, and have its indices. Equations that no
    derivative asked for needs are not there. An array of `wrt` that `of` does not depend on has derivative 0.
    Raises `InputError` for a name that the program does not have, `FormulaError` if `of` is no scalar.

    >>> from chainrule.equations import ref
    >>> from chainrule.parsing import parse_program
    >>> p = Program((ref("x", "n"),), (ref("w"),), parse_program(
    ...     "a[n] = sigmoid(w * x[n])\\nE = mean(n, a[n]**2)"), {"n": "N"})
    >>> for equation in derive(p, ["w"]).equations[2:]:
    ...     print(equation)
    d_a[n] = 2 * a[n] / N
    d_w = sum(n, d_a[n] * a[n] * (1 - a[n]) * x[n])
    """
    return _Derivation(program, tuple(wrt), of).run()


class _Derivation:
    def __init__(self, program: Program, wrt: tuple[str, ...], of: str):
        self.program = program
        self.of = of
        self.wrt = wrt
        self.declared = program.declarations()
        for name in (of, *wrt):
            if name not in self.declared:
                raise unknown("array of the program", name, self.declared)
        if self.declared[of].indices:
            raise FormulaError(f"only a number can be derived, not {self.declared[of]}; sum or average it first")
        self.sizes = dict(program.sizes)
        self.taken = {*program.sizes, *self.declared}
        forward = program.needed_for([of])
        self.active = _depending_on(set(wrt), forward)
        self.order = [eq for eq in forward if eq.target.name in self.active]
        self.knowledge = Knowledge.of(program.equations, program.distributions)
        self.arrived: dict[str, list[Expr]] = {of: [ONE]}
        self.inline: dict[str, Expr] = {of: ONE}
        self.backward: list[Equation] = []
        self.finished: set[str] = set()
        self.kept = 0
        # What the user wrote, for each array: where it is made, or else first used.
        self.origins = {eq.target.name: eq.origin for eq in program.equations if not eq.update}
        for equation in program.equations:
            for used in refs(equation.value):
                self.origins.setdefault(used.name, equation.origin)

    def run(self) -> Program:
        learned = set(self.wrt) - {eq.target.name for eq in self.order}
        first_use: dict[str, int] = {}
        for position, equation in enumerate(self.order):
            for used in refs(equation.value):
                first_use.setdefault(used.name, position)
        for position, equation in reversed(list(enumerate(self.order))):
            self._finish(equation.target.name)
            self._propagate(equation)
            # Weights and biases follow the layer that uses them, once no layer before it does.
            for name in dict.fromkeys(used.name for used in refs(equation.value)):
                if name in learned and first_use[name] == position:
                    self._finish(name)
        for name in self.wrt:
            self._finish(name)
        forward = [equation for equation in self.program.equations if not equation.update]
        needed = {gradient_name(name) for name in self.wrt}
        backward: list[Equation] = []
        for equation in reversed(self.backward):
            if equation.target.name in needed:
                backward.append(equation)
                needed.update(used.name for used in refs(equation.value))
        return replace(self.program, equations=(*forward, *reversed(backward), *self._updates()), sizes=self.sizes)

    def _updates(self) -> list[Equation]:
        """Return the updates, which come last so that derivatives see the states that the forward pass saw."""
        written: set[str] = set()
        for equation in self.program.equations:
            late = [used for used in refs(equation.value) if used.name in written and not equation.update]
            if late:
                raise FormulaError(f"'{equation}' reads {late[0]} after its update, which cannot be derived")
            if equation.update:
                written.add(equation.target.name)
        return [equation for equation in self.program.equations if equation.update]

    def _finish(self, name: str) -> None:
        """All contributions to dE/d`name` are in: write its equation, or keep it to be put in place."""
        if name == self.of or name in self.finished:
            return
        self.finished.add(name)
        value = add_up(self.arrived.get(name, [ZERO]))
        value = self._apart(simplify(value, self.knowledge), set(self.declared[name].index_names))
        if name not in self.wrt and self._stays_inline(name, value):
            self.inline[name] = value
            return
        target = Ref(gradient_name(name), self.declared[name].indices)
        self.backward.append(Equation(target, value, origin=self.origins.get(name, ""), part="backward"))

    def _apart(self, expr: Expr, scope: set[str]) -> Expr:
        """Rename the index of a reduction that stands where the same index is in use already."""
        if not isinstance(expr, Reduce):
            return rebuild(expr, lambda child: self._apart(child, scope))
        fresh = {index: self._fresh(index) for index in expr.indices if index in scope}
        body = self._rename(expr.body, {old: Index(new) for old, new in fresh.items()})
        indices = tuple(fresh.get(index, index) for index in expr.indices)
        return Reduce(expr.kind, indices, self._apart(body, scope | set(indices)))

    def _stays_inline(self, name: str, value: Expr) -> bool:
        """A number needs no name; nor does the derivative of a value that was split off a formula."""
        if all(not isinstance(node, Ref | Reduce) for node in walk(value)):
            return True
        return is_split_off(name) and not any(isinstance(node, Reduce) for node in walk(value))

    def _propagate(self, equation: Equation) -> None:
        target = equation.target
        adjoint = self.inline.get(target.name, Ref(gradient_name(target.name), target.indices))
        if adjoint == ZERO:
            return
        for leaf, slope, bound, guards in self._paths(equation.value, adjoint, target, (), ()):
            self._arrive(leaf, slope, (*target.index_names, *bound), guards)

    def _paths(
        self, expr: Expr, adjoint: Expr, value: Ref | None, bound: tuple[str, ...], guards: tuple[Guard, ...]
    ) -> Iterator[tuple[Ref, Expr, tuple[str, ...], tuple[Guard, ...]]]:
        """Yield each use of an array that matters, with the derivative that arrives there.

        `value` is the name of this expression's own value where it has one.
        """
        match expr:
            case Ref(name):
                if name in self.active:
                    yield expr, adjoint, bound, guards
            case Call("where", (condition, first, second)):
                yield from self._paths(first, adjoint, None, bound, (*guards, (condition, True)))
                yield from self._paths(second, adjoint, None, bound, (*guards, (condition, False)))
            case Call(name, args):
                entry = function(name)
                inside = dict(zip(entry.arguments, args, strict=True)) | {"y": value or self._named(expr)}
                for arg, slope in zip(args, entry.slopes, strict=True):
                    if slope != ZERO and any(used.name in self.active for used in refs(arg)):
                        yield from self._paths(arg, adjoint * substitute(slope, inside), None, bound, guards)
            case Reduce("max", indices, body):
                yield from self._maximum(expr, adjoint, value or expr, bound, guards)
            case Reduce(kind, indices, body):
                for index in indices if kind == "mean" else ():
                    adjoint = adjoint / Size(index)
                yield from self._paths(body, adjoint, None, (*bound, *indices), guards)

    def _maximum(
        self, expr: Reduce, adjoint: Expr, value: Expr, bound: tuple[str, ...], guards: tuple[Guard, ...]
    ) -> Iterator[tuple[Ref, Expr, tuple[str, ...], tuple[Guard, ...]]]:
        """The derivative goes to the largest element, in equal parts where several are equal."""
        fresh: dict[str, Expr] = {index: Index(self._fresh(index)) for index in expr.indices}
        over = " ".join(str(index) for index in fresh.values())
        element: Expr = expr.body
        if not isinstance(element, Ref):
            # Rounded once, so that the largest element is equal to the maximum to the last bit.
            element = self._kept(element)
            value = Reduce("max", tuple(over.split()), self._rename(element, fresh))
        ties = total(over, call("==", self._rename(element, fresh), value))
        share = call("==", element, value) / ties
        yield from self._paths(expr.body, adjoint * share, None, (*bound, *expr.indices), guards)

    def _kept(self, value: Expr) -> Ref:
        """Give a value an equation of its own among the backward ones."""
        self.kept += 1
        kept = ref(f"kept_{self.kept}", *free_indices(value))
        self.backward.append(Equation(kept, value, origin="a maximum", part="backward"))
        return kept

    def _named(self, expr: Expr) -> Expr:
        return self.knowledge.names.get(expr, expr)

    def _fresh(self, index: str) -> str:
        new = fresh_index(index, self.taken)
        self.taken.add(new)
        self.sizes[new] = self.sizes[index]
        return new

    def _arrive(self, leaf: Ref, slope: Expr, around: tuple[str, ...], guards: tuple[Guard, ...]) -> None:
        """Add what arrives at one use of an array, in the indices of the array's definition."""
        for condition, holds in reversed(guards):
            slope = call("where", condition, *((slope, ZERO) if holds else (ZERO, slope)))
        own = self.declared[leaf.name].index_names
        mapping: dict[str, Expr] = {}
        for mine, used in zip(own, leaf.indices, strict=True):
            if isinstance(used, Index) and used.name not in mapping:
                mapping[used.name] = Index(mine)
        summed = [index for index in around if index not in mapping]
        for index in summed:
            if index in own:
                mapping[index] = Index(self._fresh(index))
        slope = self._rename(slope, mapping)
        # An index that was computed, or used twice, picks elements: only those count.
        for mine, used in zip(own, leaf.indices, strict=True):
            place = self._rename(used, mapping)
            if place != Index(mine):
                slope = slope * call("==", place, Index(mine))
        over = [self._rename(Index(index), mapping) for index in summed]
        part = simplify(total(" ".join(map(str, over)), slope) if over else slope, self.knowledge)
        if part != ZERO:
            self.arrived.setdefault(leaf.name, []).append(part)

    def _rename(self, expr: Expr, mapping: dict[str, Expr]) -> Expr:
        renamed, invented = substitute_indices(expr, mapping, self.taken)
        for new, old in invented.items():
            self.sizes[new] = self.sizes[old]
        return renamed


def _depending_on(names: set[str], equations: Iterable[Equation]) -> set[str]:
    """Return `names` and every array computed from them."""
    active = set(names)
    for equation in equations:
        if any(used.name in active for used in refs(equation.value)):
            active.add(equation.target.name)
    return active
