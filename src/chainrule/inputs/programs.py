"""The equations that move an input: a network's own, dE/dx by the chain rule, an optimiser's update of x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.architecture import COST
from chainrule.builder import BATCH, OUTPUT, Parameter
from chainrule.derive import derive, gradient_name
from chainrule.equations import Equation, Ref, ref, rename_arrays
from chainrule.initializers import Init
from chainrule.parsing import parse_program
from chainrule.program import Extent, Program

if TYPE_CHECKING:
    from chainrule.inputs.penalties import Penalty
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer

X = "x"
ORIGIN = "inputs"
DISTANCES = {"inf": "max({i}, abs(change[n,{i}]))", "2": "sqrt(sum({i}, change[n,{i}]**2))"}
"""How far an input is from where it began, by norm."""

_TINY = 1e-300  # a gradient of zero has no direction: it is left as it is


def unit_index(net: Network) -> str:
    """Return the index of a network's inputs, as in ``x[n,i]``."""
    return net.program(cost=False).declared(X).index_names[-1]


def cost_program(net: Network, penalties: Sequence[Penalty] = ()) -> Program:
    """Return the equations of each sample's ``cost[n]`` with its penalties, and of dE/dx, where E is their sum.

    The sum and not the mean, so that the derivative at one sample does not depend on how many there are.
    """
    program = net.program(penalties=False)
    i = unit_index(net)
    sizes: dict[str, Extent] = dict(program.sizes)
    given: list[Ref] = []
    lines, terms = [], ["c[n]"]
    for penalty in penalties:
        p = replace(program, sizes=sizes).fresh_index("p")
        for name, array in penalty.given.items():
            given.append(ref(name, *(i, p)[: array.ndim]))
            if array.ndim == 2:
                sizes[p] = array.shape[1]
        lines += [line.format(i=i, p=p) for line in penalty.lines]
        terms.append(f"{penalty.strength!r} * {penalty.term}")
    lines += ["cost[n] = " + " + ".join(terms), "E = sum(n, cost[n])"]
    return _derived(program, lines, given, sizes)


def output_program(net: Network, array: str = OUTPUT) -> Program:
    """Return the equations of ``score[n]``, the element of `array` that ``pick[n,k]`` chooses, and of d_x."""
    program = net.program(cost=False)
    units = program.declared(array).index_names[-1]
    lines = [f"score[n] = sum({units}, pick[n,{units}] * {array}[n,{units}])", "E = sum(n, score[n])"]
    return _derived(program, lines, [ref("pick", BATCH, units)], dict(program.sizes))


def _derived(program: Program, lines: Sequence[str], given: Sequence[Ref], sizes: dict[str, Extent]) -> Program:
    kept = [equation for equation in program.equations if equation.target.name != COST]
    added = parse_program("\n".join(lines), ORIGIN)
    whole = replace(program, inputs=(*program.inputs, *given), equations=(*kept, *added), sizes=sizes)
    return derive(whole, [X])


def descent(program: Program, optimizer: Optimizer) -> Program:
    """Return `program` with x as a state that the optimiser updates as it would a weight, kept within bounds."""
    return _moving(program, optimizer, "2", (), ())


def ascent(program: Program, optimizer: Optimizer, norm: str, targeted: bool) -> Program:
    """Return `program` with the steps of fast gradient sign and projected gradient methods.

    The optimiser is given a direction in place of the gradient: of all changes within the budget the one along which
    the cost rises (or, `targeted`, falls) fastest to first order; inputs whose bounds leave them nowhere to go have no
    part in it. Then x is brought back within the budget.
    """
    i = program.declared(X).index_names[-1]
    sign = "" if targeted else "-"
    if norm == "inf":
        direction = [f"direction[n,{i}] = {sign}budget[n] * sign(d_x[n,{i}])"]
        back = [f"x[n,{i}] <- minimum(maximum(x[n,{i}], origin[n,{i}] - budget[n]), origin[n,{i}] + budget[n])"]
    else:
        direction = [
            f"free[n,{i}] = d_x[n,{i}] * (low[n,{i}] < high[n,{i}])",
            f"slope[n] = sqrt(sum({i}, free[n,{i}]**2))",
            f"direction[n,{i}] = {sign}budget[n] * free[n,{i}] / maximum(slope[n], {_TINY})",
        ]
        back = [
            f"reach[n] = sqrt(sum({i}, (x[n,{i}] - origin[n,{i}])**2))",
            f"shrink[n] = minimum(1, budget[n] / maximum(reach[n], {_TINY}))",
            f"x[n,{i}] <- origin[n,{i}] + (x[n,{i}] - origin[n,{i}]) * shrink[n]",
        ]
    return _moving(program, optimizer, norm, direction, back)


def _moving(
    program: Program, optimizer: Optimizer, norm: str, direction: Sequence[str], back: Sequence[str]
) -> Program:
    """Return `program` with its input as a state: distance, direction, the optimiser's update, the way back."""
    x = program.declared(X)
    i = x.index_names[-1]
    parameter = Parameter(x, Init("zeros"), layer=0)
    updates = optimizer.equations([parameter])
    if direction:
        updates = [rename_arrays(equation, {gradient_name(X): "direction"}) for equation in updates]
    measured = [f"change[n,{i}] = x[n,{i}] - origin[n,{i}]", f"distance[n] = {DISTANCES[norm].format(i=i)}"]
    inside = f"x[n,{i}] <- minimum(maximum(x[n,{i}], low[n,{i}]), high[n,{i}])"
    bounded = [ref(name, BATCH, i) for name in ("origin", "low", "high")]
    scalars = [Ref(name) for name in optimizer.scalars(1, 1)]
    budget = [ref("budget", BATCH)] if direction else []
    return replace(
        program,
        inputs=(*(given for given in program.inputs if given.name != X), *bounded, *budget, *scalars),
        states=(*program.states, x, *optimizer.states_of(parameter).values()),
        equations=(
            *program.equations,
            *_learning([*measured, *direction]),
            *updates,
            *_learning([*back, inside]),
        ),
    )


def _learning(lines: Sequence[str]) -> list[Equation]:
    return [replace(equation, part="learning") for equation in parse_program("\n".join(lines), ORIGIN)]
