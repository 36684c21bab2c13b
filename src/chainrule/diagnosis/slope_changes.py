"""Changes of the derivatives of activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.derive import gradient_name
from chainrule.diagnosis.calculation import Calculation, swap, tidy
from chainrule.diagnosis.forward_changes import OTHERS, slope_of
from chainrule.diagnosis.patterns import (
    Activated,
    Context,
    batch_sums,
    outer_of,
    slope_in,
    tops,
)
from chainrule.equations import Call, Const, Expr, Ref, call, rebuild
from chainrule.simplify import ONE


def _with_slopes(
    calculation: Calculation, context: Context, change: Callable[[Activated, Expr], Expr | None]
) -> Iterator[Calculation]:
    """Yield the calculation with the derivative of the activation changed, at each layer and at all."""
    values: dict[str, Expr | None] = {}
    for activated in context.activations:
        slope = slope_in(calculation, activated)
        if slope is None or slope == ONE:
            continue
        new = change(activated, slope)
        if new is not None:
            values[gradient_name(activated.z.name)] = tidy(outer_of(activated) * new)
    yield from calculation.each_and_all(values)


def slope_missing(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The derivative of the activation left out."""
    yield from _with_slopes(calculation, context, lambda *_: ONE)


def slope_at_output(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The derivative of the activation taken at its output, f'(a) for f'(z)."""

    def moved(activated: Activated, slope: Expr) -> Expr:
        at_output = swap(activated.value, {activated.z: activated.a})
        return swap(activated.slope, {activated.z: activated.a, activated.a: at_output})

    yield from _with_slopes(calculation, context, moved)


def slope_at_input(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """A formula for the output of an activation, such as a (1 - a), used on its input."""
    yield from _with_slopes(calculation, context, lambda act, slope: swap(slope, {act.a: act.z}))


def slope_of_another(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The derivative of another activation, as a formula for its output or taken at the input."""
    for function in OTHERS:

        def by_output(act: Activated, _: Expr, function: str = function) -> Expr:
            return slope_of(function, act.a, act.z)

        def by_input(act: Activated, _: Expr, function: str = function) -> Expr:
            return slope_of(function, call(function, act.z), act.z)

        yield from _with_slopes(calculation, context, by_output)
        if function != "relu":
            yield from _with_slopes(calculation, context, by_input)


def slope_in_part(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """One factor of the derivative alone, or its sign turned."""
    for side in (0, 1):

        def part(_: Activated, slope: Expr, side: int = side) -> Expr | None:
            return slope.args[side] if isinstance(slope, Call) and slope.function == "*" else None

        yield from _with_slopes(calculation, context, part)
    yield from _with_slopes(calculation, context, lambda _, slope: -slope)


def slope_plus(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """A plus for the minus in the derivative: 1 + a**2, a (1 + a)."""

    def plus(expr: Expr) -> Expr:
        expr = rebuild(expr, plus)
        return expr.args[0] + expr.args[1] if isinstance(expr, Call) and expr.function == "-" else expr

    yield from _with_slopes(calculation, context, lambda _, slope: plus(slope))


def slope_square(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The square in the derivative left out: 1 - a."""

    def bare(expr: Expr) -> Expr:
        match expr:
            case Call("**", (base, Const(2))):
                return base
        return rebuild(expr, bare)

    yield from _with_slopes(calculation, context, lambda _, slope: bare(slope))


def slope_twice(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The derivative of the activation multiplied on twice."""
    yield from _with_slopes(calculation, context, lambda _, slope: slope**2)


def slope_of_layer(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The derivative taken at the values of another layer."""
    for other in context.activations:

        def elsewhere(act: Activated, slope: Expr, other: Activated = other) -> Expr | None:
            size = context.size(act.a.index_names[-1])
            if other.a == act.a or context.size(other.a.index_names[-1]) != size:
                return None
            return swap(slope, {act.a: Ref(other.a.name, act.a.indices), act.z: Ref(other.z.name, act.z.indices)})

        yield from _with_slopes(calculation, context, elsewhere)


def extra_slope(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The derivative of the last activation where cross-entropy has cancelled it."""
    for activated in _last(context):
        name = gradient_name(activated.z.name)
        value = tops(calculation, context).get(name)
        if value is not None:
            slope = activated.a * (1 - activated.a) if activated is context.softmax else activated.slope
            if slope != ONE:
                yield calculation.with_values({name: tidy(value * slope)})


def _last(context: Context) -> Iterator[Activated]:
    if context.softmax:
        yield context.softmax
    yield from (activated for activated in context.activations if activated.a == context.output)


def softmax_diagonal(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Of the softmax's derivatives only those of an output by its own weighted input."""
    softmax = context.softmax
    if softmax is None:
        return
    name, y = gradient_name(softmax.z.name), softmax.a
    own = y * (1 - y)
    if gradient_name(y.name) in calculation.definitions:
        yield calculation.with_values({name: outer_of(softmax) * own})
    elif name in tops(calculation, context):
        target = Ref("t", y.indices)
        value = calculation.definitions[name].value
        yield calculation.with_values({name: tidy(swap(value, {y - target: -target * (1 - y)}))})


def delta_without_slope(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The gradients of weights and biases from the delta before the derivative of the activation."""
    before = {gradient_name(act.z.name): gradient_name(act.a.name) for act in context.activations}
    values: dict[str, Expr | None] = {}
    for found in batch_sums(calculation, context):
        outer = before.get(found.delta.name)
        if outer in calculation.definitions and outer is not None:
            value = calculation.definitions[found.name].value
            values[found.name] = swap(value, {found.delta: Ref(outer, found.delta.indices)})
    yield from calculation.each_and_all(values)
