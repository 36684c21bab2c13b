"""Changes of the gradients of weights and biases, and of what penalties add to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.architecture import COST
from chainrule.builder import BATCH
from chainrule.derive import gradient_name
from chainrule.diagnosis.calculation import Calculation, reads, swap, tidy
from chainrule.diagnosis.patterns import Context, at_place, batch_sums, bias_gradients, weight_gradients
from chainrule.equations import Const, Expr, Index, Reduce, Ref, Size, substitute_indices, total
from chainrule.simplify import ONE, ZERO

_FIRST_AND_LAST = (ZERO, Size(BATCH) - ONE)


def wrong_input(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The gradient of a weight with another layer's values in the place of its input, or without it."""
    found = list(weight_gradients(calculation, context))
    others = [context.program.inputs[0], *(ref for act in context.activations for ref in (act.z, act.a))]
    for other in dict.fromkeys(others):

        def taken(came: Ref, other: Ref = other) -> Expr | None:
            same = context.size(came.index_names[-1]) == context.size(other.index_names[-1])
            return Ref(other.name, came.indices) if same and len(came.indices) == 2 else None

        for gradient in found:
            new = taken(gradient.came)
            if new is not None and new != gradient.came:
                value = calculation.definitions[gradient.name].value
                yield calculation.with_values({gradient.name: swap(value, {gradient.came: new})})
    weighted = {act.a.name: act.z for act in context.activations}
    before: dict[str, Expr | None] = {}
    for gradient in found:
        if gradient.came.name in weighted:
            value = calculation.definitions[gradient.name].value
            before[gradient.name] = swap(
                value, {gradient.came: Ref(weighted[gradient.came.name].name, gradient.came.indices)}
            )
    yield calculation.with_values({name: value for name, value in before.items() if value is not None})


def input_left_out(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The gradient of a weight without its input: the delta alone."""
    found = weight_gradients(calculation, context)
    values = {g.name: swap(calculation.definitions[g.name].value, {g.came: ONE}) for g in found}
    yield from calculation.each_and_all(values)


def bias_input(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The bias changed inside the loop over the weights, by their gradients or as often as there are weights."""
    by_delta = {gradient.delta.name: gradient for gradient in weight_gradients(calculation, context)}
    found = [
        (bias, by_delta[bias.delta.name])
        for bias in bias_gradients(calculation, context)
        if bias.delta.name in by_delta
    ]

    def with_input(choose: Callable[[Ref], Expr]) -> dict[str, Expr | None]:
        return {
            bias.name: swap(
                calculation.definitions[bias.name].value,
                {bias.node: Reduce("sum", bias.node.indices, bias.delta * choose(weight.came))},
            )
            for bias, weight in found
        }

    yield from calculation.each_and_all(with_input(lambda came: total(came.index_names[-1], came)))
    yield from calculation.each_and_all(with_input(lambda came: Ref(came.name, (came.indices[0], Const(0)))))

    def last(came: Ref) -> Expr:
        return Ref(came.name, (came.indices[0], Const(context.size(came.index_names[-1]) - 1)))

    yield from calculation.each_and_all(with_input(last))
    yield from calculation.each_and_all(with_input(lambda came: Size(came.index_names[-1])))


def bias_batch(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The gradient of a bias from one sample, not summed over the batch."""
    values = {bias: calculation.definitions[bias.name].value for bias in bias_gradients(calculation, context)}
    for place in _FIRST_AND_LAST:
        yield from calculation.each_and_all(
            {bias.name: swap(value, {bias.node: at_place(bias.node, BATCH, place)}) for bias, value in values.items()}
        )


def one_sample(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The gradients of all parameters from the first or the last sample alone."""
    values = {each: calculation.definitions[each.name].value for each in batch_sums(calculation, context)}
    for place in _FIRST_AND_LAST:
        yield from calculation.each_and_all(
            {each.name: swap(value, {each.node: at_place(each.node, BATCH, place)}) for each, value in values.items()}
        )


def bias_shared(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """One bias for the whole layer where each unit has its own, or the reverse."""
    summed: dict[str, Expr | None] = {}
    averaged: dict[str, Expr | None] = {}
    single: dict[str, Expr | None] = {}
    for bias in bias_gradients(calculation, context):
        unit = bias.delta.index_names[-1]
        value = calculation.definitions[bias.name].value
        if unit in bias.node.indices:
            averaged[bias.name] = swap(value, {bias.node: bias.node / Size(unit)})
            single[bias.name] = swap(value, {bias.node: at_place(bias.node, unit, ZERO)})
            summed[bias.name] = swap(value, {bias.node: at_place(bias.node, unit, Const(context.size(unit) - 1))})
        else:
            spare = context.spare(unit, value, Ref("", (Index(unit),)))
            body, _ = substitute_indices(bias.delta, {unit: Index(spare)}, set())
            together = Reduce("sum", (*bias.node.indices, spare), body)
            summed[bias.name] = swap(value, {bias.node: together})
            averaged[bias.name] = swap(value, {bias.node: together / Size(unit)})
    for values in (summed, averaged, single):
        yield from calculation.each_and_all(values)


def all_weights(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """One weight's gradient summed over all units of both its layers."""
    values: dict[str, Expr | None] = {}
    for gradient in weight_gradients(calculation, context):
        value = calculation.definitions[gradient.name].value
        index, unit = gradient.came.index_names[-1], gradient.delta.index_names[-1]
        first = context.spare(index, value, gradient.node)
        second = context.spare(unit, value, Ref("", (Index(first),)))
        body, _ = substitute_indices(gradient.node.body, {index: Index(first), unit: Index(second)}, set())
        values[gradient.name] = swap(
            value, {gradient.node: Reduce("sum", (*gradient.node.indices, first, second), body)}
        )
    yield from calculation.each_and_all(values)


def _with_penalties(
    calculation: Calculation, context: Context, factor: Expr, biases: bool = False
) -> Iterator[Calculation]:
    """Yield the gradients with so many times more of what penalties add to each."""
    values: dict[str, Expr | None] = {}
    for name, parameter in context.parameters.items():
        value = calculation.value_of(gradient_name(name))
        added = context.penalty(parameter) if parameter.is_weight != biases else None
        if value is not None and added is not None:
            values[gradient_name(name)] = tidy(value + factor * added)
    yield from calculation.each_and_all(values)


def penalty_missing(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The penalty left out of the gradients, of the cost, or of both."""
    gradients = list(_with_penalties(calculation, context, Const(-1)))
    yield from gradients
    bare = context.architecture.program(penalties=False, weighted=context.weighted)
    cost = next((eq.value for eq in bare.equations if eq.target.name == COST), None)
    if gradients and cost is not None and reads(calculation.definitions[COST].value, "c"):
        yield calculation.with_values({COST: cost})
        yield gradients[-1].with_values({COST: cost})


def penalty_scaled(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The penalty's derivative doubled, halved, or divided by the samples."""
    for factor in (ONE, Const(-0.5), ONE / Size(BATCH) - 1):
        yield from _with_penalties(calculation, context, factor)


def penalty_on_biases(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The penalty on biases too."""
    yield from _with_penalties(calculation, context, ONE, biases=True)
