"""The equations of many networks at once: members of a population that differ in some of their parameters.

An index for the members is given to these parameters and to every array that depends on them. What does not depend
on them is computed once, and taken from there. The result is a program like any other: the reference engine
makes products of matrices of it, for all members at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.architecture import COST
from chainrule.engines.reference import Plan
from chainrule.equations import Equation, Expr, Index, Ref, rebuild, refs
from chainrule.methods.blocks import MEMBERS, blocks_of, elements
from chainrule.program import Program

Array = npt.NDArray[Any]


def member_index(program: Program) -> str:
    """Return an index for the members of a population that the program does not use."""
    return program.fresh_index("p")


def varied(program: Program, names: Iterable[str]) -> Program:
    """Return the equations of the costs of a population whose members differ in the arrays `names`.

    Of the program's cost ``E``, only equations that depend on `names` are there; other arrays are inputs.

    >>> from chainrule import Dense, Network
    >>> print(varied(Network(2, [Dense(3, "tanh"), Dense(1)]).program(), ["w2"]))
    z2[p,n,k] = sum(j, a1[n,j] * w2[p,j,k]) + b2[k]
    y[p,n,k] = z2[p,n,k]
    c[p,n] = sum(k, 1/2 * (y[p,n,k] - t[n,k])**2)
    E[p] = mean(n, c[p,n])
    """
    index = member_index(program)
    different = set(names)

    def widen(expr: Expr) -> Expr:
        expr = rebuild(expr, widen)
        if isinstance(expr, Ref) and expr.name in different:
            return Ref(expr.name, (Index(index), *expr.indices))
        return expr

    equations = []
    for equation in program.needed_for([COST]):
        if any(used.name in different for used in refs(equation.value)):
            different.add(equation.target.name)
            target = Ref(equation.target.name, (Index(index), *equation.target.indices))
            equations.append(replace(equation, target=target, value=widen(equation.value)))
    given = [widen(ref) for name, ref in program.declarations().items() if name in set(names)]
    return of_members(program, equations, [ref for ref in given if isinstance(ref, Ref)], index)


def of_members(program: Program, equations: Iterable[Equation], given: Iterable[Ref], index: str) -> Program:
    """Return equations as a program of their own; arrays of `program` that they read are inputs."""
    own = {ref.name: ref for ref in given}
    equations = tuple(equations)
    made = {equation.target.name for equation in equations}
    read = {used.name for equation in equations for used in refs(equation.value)} - made - own.keys()
    known = program.declarations()
    inputs = (*own.values(), *(known[name] for name in known if name in read))
    return Program(inputs, (), equations, {**program.sizes, index: MEMBERS})


class VariedCost:
    """The costs of members that differ from a network in the arrays `names`."""

    def __init__(self, program: Program, names: Iterable[str]):
        self.names = tuple(names)
        self.program = varied(program, self.names)
        self._plan = Plan(self.program)
        self._shared = [ref.name for ref in self.program.inputs if ref.name not in self.names]
        self._depends = any(equation.target.name == COST for equation in self.program.equations)

    def blocks(self, count: int, rows: int) -> list[slice]:
        """Return parts of a population of `count` that are evaluated at once, so that they fit in a cache."""
        return blocks_of(count, elements(self.program, rows))

    def costs(self, arrays: Mapping[str, Any], members: Mapping[str, Array]) -> Array:
        """Return the cost of each member; `arrays` has all that the members share, after a forward pass."""
        count = len(members[self.names[0]])
        if not self._depends:
            return np.full(count, arrays[COST])
        shared = {name: arrays[name] for name in self._shared}
        run = self._plan.run({**shared, **members, "N": arrays["N"], MEMBERS: count})
        return np.asarray(run[COST])
