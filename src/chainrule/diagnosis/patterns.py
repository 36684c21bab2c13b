"""What slips look for in the equations: activations, deltas, sums over paths, gradients of weights and biases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from chainrule.architecture import COST, Architecture
from chainrule.builder import BATCH, OUTPUT, Parameter
from chainrule.derive import derive, gradient_name
from chainrule.diagnosis.calculation import Calculation, reads, swap, tidy
from chainrule.diagnosis.fitting import Evidence
from chainrule.equations import (
    Call,
    Equation,
    Expr,
    Reduce,
    Ref,
    Size,
    fresh_index,
    refs,
    substitute_indices,
    total,
    walk,
)
from chainrule.optimizers import Optimizer
from chainrule.program import Extent, Program
from chainrule.simplify import ONE, ZERO
from chainrule.split import is_split_off

_SPARES = 2


@dataclass(frozen=True)
class Activated:
    """An equation ``a = f(z)`` for each element alone; `value` is f(z) with `z` as its only array."""

    a: Ref
    z: Ref
    value: Expr

    @property
    def slope(self) -> Expr:
        """The derivative of the activation, in `z` and `a`."""
        return _slope(self)


@dataclass(frozen=True)
class BatchSum:
    """In the equation of a parameter's derivative, the sum over the batch of `delta`, or of a product with it."""

    name: str
    node: Reduce
    delta: Ref


@dataclass(frozen=True)
class WeightGradient(BatchSum):
    """The sum over the batch of `delta` times what `came` in."""

    came: Ref


@dataclass(frozen=True)
class Paths:
    """In the equation of a hidden unit's derivative, the sum over the paths ``delta * weight``."""

    name: str
    target: Ref
    node: Reduce
    delta: Ref
    weight: Ref


@dataclass(frozen=True, eq=False)
class Context:
    """What slips may know of the network beside its equations, and of somebody's numbers where there are any."""

    architecture: Architecture
    program: Program
    optimizer: Optimizer | None
    weighted: bool
    rows: int
    evidence: Evidence | None = None

    @cached_property
    def sizes(self) -> dict[str, Extent]:
        """The sizes of the indices, with spare ones for the sums that slips add."""
        sizes = dict(self.program.sizes)
        taken = {*sizes, *self.program.declarations()}
        for index in self.program.sizes:
            for _ in range(_SPARES):
                spare = fresh_index(index, taken)
                taken.add(spare)
                sizes[spare] = sizes[index]
        return sizes

    def spare(self, index: str, *around: Expr) -> str:
        """Return an index of the same size that none of the expressions uses."""
        used = {str(name) for expr in around for name in _indices(expr)}
        mine = re.sub(r"\d+$", "", index)
        same = [
            name
            for name, size in self.sizes.items()
            if size == self.sizes[index] and name not in used and name not in self.program.sizes
        ]
        return next((name for name in same if name.startswith(mine)), same[0])

    def size(self, index: str) -> int:
        """Return the size of an index."""
        size = self.sizes[index]
        return size if isinstance(size, int) else self.rows

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters by name."""
        return {parameter.ref.name: parameter for parameter in self.architecture.parameters}

    @cached_property
    def forward(self) -> dict[str, Equation]:
        """The equations of the forward pass by name, as the network has them."""
        return {eq.target.name: eq for eq in self.program.equations if eq.part == "forward" and not eq.update}

    @cached_property
    def output(self) -> Ref:
        """The output, with its indices."""
        return self.forward[OUTPUT].target

    @cached_property
    def activations(self) -> tuple[Activated, ...]:
        """Arrays that are a function of another, each element alone; the identity is one."""
        return tuple(self._activations())

    def _activations(self) -> Iterator[Activated]:
        for equation in self.forward.values():
            if is_split_off(equation.target.name) or equation.target.name in ("c", COST):
                continue
            value = self._whole(equation.value)
            used = set(refs(value))
            alone = len(used) == 1 and not any(isinstance(node, Reduce) for node in walk(value))
            if alone and (z := used.pop()).indices == equation.target.indices and z.name in self.forward:
                yield Activated(equation.target, z, value)

    def _whole(self, value: Expr) -> Expr:
        """Put back what was split off."""
        parts = {
            used: self.forward[used.name].value
            for used in refs(value)
            if is_split_off(used.name) and self.forward.get(used.name, None) and self.forward[used.name].target == used
        }
        return self._whole(swap(value, parts)) if parts else value

    @cached_property
    def softmax(self) -> Activated | None:
        """The softmax of the output, if there is one: ``y = y_exp / y_sum``."""
        match self.forward[OUTPUT].value:
            case Call("/", (Ref(over), Ref(under))) if over in self.forward and under in self.forward:
                above, below = self.forward[over].value, self.forward[under].value
                if isinstance(above, Call) and above.function == "exp" and isinstance(below, Reduce):
                    z = next(used for used in refs(above) if used.indices == self.output.indices)
                    return Activated(self.output, z, self.forward[OUTPUT].value)
        return None

    @cached_property
    def beside_target(self) -> frozenset[str]:
        """The target, and what the forward pass computes of it on the way to the cost."""
        found = {"t"}
        for name, equation in self.forward.items():
            if name not in ("c", COST) and any(used.name in found for used in refs(equation.value)):
                found.add(name)
        return frozenset(found)

    @cached_property
    def batch_count(self) -> Expr:
        """By what a mean over the batch divides: the samples, or the sum of their weights."""
        for node in walk(self.forward[COST].value) if self.weighted else ():
            if isinstance(node, Call) and node.function == "/" and isinstance(node.args[1], Ref | Reduce):
                return node.args[1]
        return Size(BATCH)

    def penalty(self, parameter: Parameter) -> Expr | None:
        """Return what the penalties add to the derivative of a parameter, were it a weight."""
        terms = [penalty.term(parameter.ref) for penalty in self.architecture.penalties if parameter.ref.indices]
        if not terms:
            return None
        cost = Equation(Ref(COST), sum(terms[1:], terms[0]))
        program = derive(Program((), (parameter.ref,), (cost,), self.program.sizes), [parameter.ref.name])
        return program.equations[-1].value


def _indices(expr: Expr) -> Iterator[str]:
    for node in walk(expr):
        if isinstance(node, Reduce):
            yield from node.indices
        if isinstance(node, Ref):
            yield from node.index_names


def _slope(activated: Activated) -> Expr:
    """Derive ``sum(g * f(z))`` for z, and take g away: the general rules, for one layer alone."""
    a, z = activated.a, activated.z
    weight = Ref("g", a.indices)
    cost = Equation(Ref(COST), total(" ".join(a.index_names), weight * a))
    sizes: dict[str, Extent] = dict.fromkeys(a.index_names, "N")
    program = Program((z, weight), (), (Equation(a, activated.value), cost), sizes)
    derived = derive(program, [z.name]).equations[-1].value
    return tidy(swap(derived, {weight: ONE, Ref(gradient_name(a.name), a.indices): ONE}))


def tops(calculation: Calculation, context: Context) -> dict[str, Expr]:
    """Return the derivatives that begin at the cost: those whose equation reads the target."""
    return {
        equation.target.name: equation.value
        for equation in calculation.backward
        if any(used.name in context.beside_target for used in refs(equation.value))
    }


def slope_in(calculation: Calculation, activated: Activated) -> Expr | None:
    """Return by what the equation of ``d_z`` multiplies ``d_a``, or None if it is no such product."""
    value, outer = calculation.value_of(gradient_name(activated.z.name)), outer_of(activated)
    if value is None or not reads(value, outer.name):
        return None
    if any(isinstance(node, Reduce) and reads(node, outer.name) for node in walk(value)):
        return None
    return tidy(swap(value, {outer: ONE})) if tidy(swap(value, {outer: ZERO})) == ZERO else None


def outer_of(activated: Activated) -> Ref:
    """Return ``d_a``."""
    return Ref(gradient_name(activated.a.name), activated.a.indices)


def weight_gradients(calculation: Calculation, context: Context) -> Iterator[WeightGradient]:
    """Yield the sums over the batch of a delta and what came in."""
    for name, parameter in context.parameters.items():
        value = calculation.value_of(gradient_name(name))
        for node in walk(value) if value is not None and parameter.is_weight else ():
            match node:
                case Reduce("sum", indices, Call("*", (Ref() as one, Ref() as two))) if BATCH in indices:
                    delta, came = (one, two) if one.name.startswith("d_") else (two, one)
                    if delta.name.startswith("d_") and not came.name.startswith("d_"):
                        yield WeightGradient(gradient_name(name), node, delta, came)


def bias_gradients(calculation: Calculation, context: Context) -> Iterator[BatchSum]:
    """Yield the sums over the batch of a delta alone."""
    for name, parameter in context.parameters.items():
        value = calculation.value_of(gradient_name(name))
        for node in walk(value) if value is not None and not parameter.is_weight else ():
            match node:
                case Reduce("sum", indices, Ref(delta)) if BATCH in indices and delta.startswith("d_"):
                    assert isinstance(node.body, Ref)
                    yield BatchSum(gradient_name(name), node, node.body)


def batch_sums(calculation: Calculation, context: Context) -> list[BatchSum]:
    """Return the sums over the batch of all parameters."""
    return [*weight_gradients(calculation, context), *bias_gradients(calculation, context)]


def at_place(node: Reduce, index: str, place: Expr) -> Expr:
    """Return what a sum adds at one place of one of its indices."""
    body, _ = substitute_indices(node.body, {index: place}, set())
    rest = tuple(other for other in node.indices if other != index)
    return Reduce(node.kind, rest, body) if rest else body


def sums_over_paths(calculation: Calculation, context: Context) -> Iterator[Paths]:
    """Yield the sums over the units of the next layer."""
    learned = {gradient_name(name) for name in context.parameters}
    for equation in calculation.backward:
        for node in walk(equation.value) if equation.target.name not in learned else ():
            match node:
                case Reduce("sum", (_,), Call("*", (Ref() as one, Ref() as two))):
                    delta, weight = (one, two) if one.name.startswith("d_") else (two, one)
                    if delta.name.startswith("d_") and weight.name in context.parameters and len(weight.indices) == 2:
                        yield Paths(equation.target.name, equation.target, node, delta, weight)
