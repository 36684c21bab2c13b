"""Forward mode: from the equations of a network to those of its derivatives along directions (Wengert 1964).

``dot_a`` is the derivative of the array ``a`` along a direction of one parameter: the second part of a dual number
whose first part is ``a``. It has an index more than ``a``, for many directions at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from chainrule.architecture import COST
from chainrule.equations import Call, Equation, Expr, Index, Reduce, Ref, add_up, call, free_indices, refs, substitute
from chainrule.functions import function
from chainrule.methods.varied import member_index, of_members
from chainrule.program import Program
from chainrule.simplify import ONE, ZERO, Knowledge, simplify


def tangent_name(name: str) -> str:
    """Return the name of the derivative of an array along a direction."""
    return f"dot_{name}"


def tangents(program: Program, name: str) -> Program:
    """Return the equations of the derivatives of the cost ``E`` along directions of the array `name`.

    They read the arrays of a forward pass, and the directions as ``dot_`` and the name.

    >>> from chainrule import Dense, Network
    >>> print(tangents(Network(2, [Dense(3, "tanh"), Dense(1)]).program(), "w1"))
    dot_z1[p,n,j] = sum(i, x[n,i] * dot_w1[p,i,j])
    dot_a1[p,n,j] = (1 - a1[n,j]**2) * dot_z1[p,n,j]
    dot_z2[p,n,k] = sum(j, w2[j,k] * dot_a1[p,n,j])
    dot_y[p,n,k] = dot_z2[p,n,k]
    dot_c[p,n] = sum(k, 1/2 * (2 * (y[n,k] - t[n,k]) * dot_y[p,n,k]))
    dot_E[p] = mean(n, dot_c[p,n])
    """
    return _Tangents(program, name).run()


class _Tangents:
    def __init__(self, program: Program, name: str):
        self.program, self.name = program, name
        self.index = Index(member_index(program))
        self.knowledge = Knowledge.of(program.equations, program.distributions)
        self.active = {name}
        self.equations: list[Equation] = []

    def run(self) -> Program:
        for equation in self.program.needed_for([COST]):
            if not any(used.name in self.active for used in refs(equation.value)):
                continue
            terms = self._terms(equation.value, equation.target)
            if terms:
                self.active.add(equation.target.name)
                target = self._tangent(equation.target)
                self.equations.append(Equation(target, add_up(terms), origin=equation.origin))
        given = self._tangent(self.program.declared(self.name))
        found = of_members(self.program, self.equations, [given], self.index.name)
        # A maximum that takes no part in the derivative has one nevertheless, for nobody.
        return of_members(self.program, found.needed_for([tangent_name(COST)]), [given], self.index.name)

    def _tangent(self, ref: Ref) -> Ref:
        return Ref(tangent_name(ref.name), (self.index, *ref.indices))

    def _terms(self, expr: Expr, whole: Ref | None = None) -> list[Expr]:
        """Return the terms of the derivative of an expression, which is the value of the array `whole` if given."""
        match expr:
            case Ref(name):
                return [self._tangent(expr)] if name in self.active else []
            case Reduce("max"):
                return self._largest(expr, whole)
            case Reduce(kind, indices, body):
                return [Reduce(kind, indices, term) for term in self._terms(body)]
            case Call("stop"):
                return []
            case Call("where", (condition, one, other)):
                sides = self._terms(one), self._terms(other)
                if not any(sides):
                    return []
                return [call("where", condition, *(add_up(side) if side else ZERO for side in sides))]
            case Call(name, args):
                return self._chain(name, args, expr if whole is None else whole)
        return []

    def _chain(self, name: str, args: Sequence[Expr], value: Expr) -> list[Expr]:
        """Return slope times derivative of the argument, for each argument of a function."""
        entry, found = function(name), []
        names = {**dict(zip(entry.arguments, args, strict=True)), "y": value}
        for arg, formula in zip(args, entry.slopes, strict=True):
            terms = self._terms(arg)
            if not terms:
                continue
            slope = simplify(substitute(formula, names), self.knowledge)
            if slope != ZERO:
                found += [_times(slope, term) for term in terms]
        return found

    def _largest(self, expr: Reduce, whole: Ref | None) -> list[Expr]:
        """Return the derivative of a maximum: that of its largest element, or the mean of those of equal ones."""
        terms = self._terms(expr.body)
        if not terms:
            return []
        # Named, so that an element is compared with itself and not with what rounds otherwise.
        body = expr.body if isinstance(expr.body, Ref) else self._named(expr.body)
        top = whole or self._named(Reduce("max", expr.indices, body))
        is_top = call("==", body, top)
        count = Reduce("sum", expr.indices, is_top)
        return [Reduce("sum", expr.indices, is_top * term) / count for term in terms]

    def _named(self, expr: Expr) -> Ref:
        taken = {tangent_name(equation.target.name) for equation in self.program.equations}
        taken |= {equation.target.name for equation in self.equations}
        free = next(name for k in count(1) if (name := f"dot_kept{k}") not in taken)
        target = Ref(free, tuple(Index(index) for index in free_indices(expr)))
        self.equations.append(Equation(target, expr))
        return target


def _times(slope: Expr, term: Expr) -> Expr:
    return term if slope == ONE else -term if slope == -ONE else slope * term
