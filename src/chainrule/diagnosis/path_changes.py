"""Changes of how derivatives come back through the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.architecture import COST
from chainrule.builder import BATCH
from chainrule.derive import gradient_name
from chainrule.diagnosis.calculation import Calculation, swap
from chainrule.diagnosis.patterns import Context, Paths, at_place, sums_over_paths, tops
from chainrule.equations import Call, Const, Expr, Index, Reduce, Ref, call, rebuild, substitute_indices, total
from chainrule.simplify import ZERO

MOST_PLACES = 8
"""Of a sum over more units, only the first and the last are tried alone."""


def _with_sums(
    calculation: Calculation, context: Context, change: Callable[[Paths], Expr | None]
) -> Iterator[Calculation]:
    values: dict[str, Expr | None] = {}
    for paths in sums_over_paths(calculation, context):
        new = change(paths)
        values[paths.name] = None if new is None else swap(calculation.definitions[paths.name].value, {paths.node: new})
    yield from calculation.each_and_all(values)


def one_path(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """One unit of the next layer, in place of the sum over all."""
    widest = max((context.size(p.node.indices[0]) for p in sums_over_paths(calculation, context)), default=0)
    places = list(range(min(widest, MOST_PLACES))) if widest <= MOST_PLACES else [0]
    for place in places:

        def only(paths: Paths, place: int = place) -> Expr | None:
            return at_place(paths.node, paths.node.indices[0], Const(place)) if place < _width(paths, context) else None

        yield from _with_sums(calculation, context, only)
    yield from _with_sums(
        calculation, context, lambda p: at_place(p.node, p.node.indices[0], Const(_width(p, context) - 1))
    )


def _width(paths: Paths, context: Context) -> int:
    return context.size(paths.node.indices[0])


def running_sum(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The sum of each hidden unit begun with that of the unit before."""

    def running(paths: Paths) -> Expr:
        unit = paths.target.index_names[-1]
        spare = context.spare(unit, paths.node, paths.target)
        earlier, _ = substitute_indices(paths.node, {unit: Index(spare)}, set())
        return total(spare, call("<=", Index(spare), Index(unit)) * earlier)

    yield from _with_sums(calculation, context, running)


def deltas_kept(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """A list of deltas that is never emptied, so that those of the layer after the next stand first in it."""
    found = list(sums_over_paths(calculation, context))
    listed: list[Ref] = []
    values: dict[str, Expr | None] = {}
    for paths in found:
        if listed:
            entry = _entry([*listed, paths.delta], Index(paths.node.indices[0]), context)
            value = calculation.definitions[paths.name].value
            values[paths.name] = swap(value, {paths.node: total(paths.node.indices[0], entry * paths.weight)})
        listed.append(paths.delta)
    yield from calculation.each_and_all(values)


def _entry(deltas: list[Ref], place: Expr, context: Context) -> Expr:
    """Return the element at `place` of several layers' deltas, one layer after the other."""
    first, *rest = deltas
    width = context.size(first.index_names[-1])
    here = Ref(first.name, (Index(BATCH), call("minimum", place, Const(width - 1))))
    if not rest:
        return here
    after = _entry(rest, call("maximum", place - width, Const(0)), context)
    return call("where", call("<", place, Const(width)), here, after)


def weights_left_out(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Deltas handed back without the weights they came through."""
    yield from _with_sums(calculation, context, lambda p: total(p.node.indices[0], p.delta))


def path_left_out(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """One of several ways from a value to the cost left out."""
    learned = {gradient_name(name) for name in context.parameters}
    begin = tops(calculation, context)
    for equation in calculation.backward:
        name, value = equation.target.name, equation.value
        if name in learned or name in begin or not isinstance(value, Call) or value.function not in ("+", "-"):
            continue
        first, second = value.args
        yield calculation.with_values({name: first})
        yield calculation.with_values({name: second if value.function == "+" else -second})


def statistics_constant(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The mean and the variance of a normalisation taken for constants."""
    averaged = [
        name for name, eq in context.forward.items() if isinstance(eq.value, Reduce) and eq.value.kind == "mean"
    ]
    gradients = [gradient_name(name) for name in averaged]
    yield from calculation.each_and_all({name: ZERO for name in gradients if name in calculation.definitions})


def transposed(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """A square matrix of weights, or of their gradients, with rows for columns."""
    square = set()
    for name, parameter in context.parameters.items():
        sizes = {context.size(index) for index in parameter.ref.index_names}
        if len(parameter.ref.indices) == 2 and len(sizes) == 1 and sizes != {1}:
            square.add(name)

    def turned(expr: Expr) -> Expr:
        if isinstance(expr, Ref) and expr.name in square:
            return Ref(expr.name, expr.indices[::-1])
        return rebuild(expr, turned)

    learned = {gradient_name(name) for name in context.parameters}
    for equations in (calculation.backward, calculation.forward):
        changed = {eq.target.name: turned(eq.value) for eq in equations}
        yield from calculation.each_and_all({n: v for n, v in changed.items() if n not in {*learned, COST}})
    results: dict[str, Expr | None] = {}
    for name in square:
        equation = calculation.definitions[gradient_name(name)]
        one, two = equation.target.index_names
        spares = context.spare(one, equation.value, equation.target)
        step, _ = substitute_indices(equation.value, {one: Index(spares)}, set())
        step, _ = substitute_indices(step, {two: Index(one)}, set())
        results[equation.target.name], _ = substitute_indices(step, {spares: Index(two)}, set())
    yield from calculation.each_and_all(results)
