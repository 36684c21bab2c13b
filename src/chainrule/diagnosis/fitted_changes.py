"""Changes by a value that is found in somebody's numbers: another learning rate, a penalty, one factor for all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from numbers import Real

import numpy as np

from chainrule.architecture import COST
from chainrule.derive import gradient_name
from chainrule.diagnosis.calculation import Calculation, tidy
from chainrule.diagnosis.fitting import Fitted, fitted
from chainrule.diagnosis.learning_changes import with_swapped
from chainrule.diagnosis.patterns import Context, tops
from chainrule.equations import Const, Expr, Ref, total
from chainrule.optimizers import BIAS_RATE, RATE, GradientDescent, Momentum

_USUAL = (-1.0, 0.1, 0.5, 2.0, 10.0)
_USUAL_FREEDOM = 3.0
_FEWEST = 3
"""So many numbers must be wrong for a penalty to be their reason: any one is off by some part of its weight."""
_FEWEST_ALIKE = 2
"""So many numbers of an array must have an unusual factor: any one has some."""


def with_value(calculation: Calculation, value: Fitted) -> Calculation:
    """Return a calculation that says which value was found for it."""
    return replace(calculation, value=value.text, freedom=value.freedom)


# The learning rate


def another_rate(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Another learning rate in all updates."""
    evidence, rate = context.evidence, getattr(context.optimizer, "rate", None)
    if evidence is None or not isinstance(rate, Real):
        return
    moved = set(context.parameters)
    begin = evidence.of({name: evidence.start[name] for name in moved})
    numbers = evidence.numbers
    value = fitted(evidence, evidence.at(moved), numbers.values - begin, (numbers.right - begin) / float(rate))
    if value is None or value.number <= 0:
        return
    found = [value] if evidence.steps == 1 else _rates_near(value.number)
    yield from (with_value(with_rate(calculation, context, each.number), each) for each in found)


def with_rate(calculation: Calculation, context: Context, rate: float) -> Calculation:
    """Return the calculation with another learning rate; one of the biases' own changes with it."""
    changes: dict[Expr, Expr] = {Ref(RATE): Const(rate)}
    own, given = getattr(context.optimizer, "bias_rate", None), getattr(context.optimizer, "rate", None)
    if isinstance(own, Real) and isinstance(given, Real):
        changes[Ref(BIAS_RATE)] = Const(rate / float(given) * float(own))
    return with_swapped(calculation, changes)


def _rates_near(estimate: float) -> Iterator[Fitted]:
    """Yield the rates of one digit near an estimate: after several steps, division gives no more than that."""
    power = math.floor(math.log10(estimate))
    for exponent in (power - 1, power, power + 1):
        for digit in range(1, 10):
            rate = float(f"{digit}e{exponent}")
            if estimate / 2.5 <= rate <= 2.5 * estimate:
                yield Fitted(f"{rate:g}", Const(rate), rate, _USUAL_FREEDOM)


# A penalty


def penalty_added(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The derivative of a sum of squares added for each weight, in a network that has no penalty."""
    evidence = context.evidence
    if evidence is None or context.architecture.penalties or evidence.steps > 1:
        return
    numbers = evidence.numbers
    if int(numbers.wrong.sum()) < _FEWEST:
        return
    for names in _penalised(context):
        difference, weights = (
            numbers.values - numbers.right,
            evidence.of({gradient_name(name): evidence.start[name] for name in names}),
        )
        value = fitted(evidence, evidence.at({gradient_name(name) for name in names}), difference, weights)
        if value is None and isinstance(context.optimizer, GradientDescent | Momentum):
            moved = evidence.of({name: evidence.start[name] for name in names})
            rate = evidence.right.get(RATE, np.ones(()))
            value = fitted(evidence, evidence.at(set(names)), difference, -moved * rate)
        if value is not None:
            for changed in with_penalty(calculation, context, names, value.expr):
                yield with_value(changed, value)


def _penalised(context: Context) -> Iterator[list[str]]:
    weights = [name for name, parameter in context.parameters.items() if parameter.is_weight]
    yield weights
    if len(context.parameters) > len(weights):
        yield list(context.parameters)


def with_penalty(
    calculation: Calculation, context: Context, names: Sequence[str], strength: Expr
) -> Iterator[Calculation]:
    """Yield the calculation with a penalty in the gradients, and with one in the cost too."""
    values: dict[str, Expr] = {}
    for name in names:
        value = calculation.value_of(gradient_name(name))
        if value is not None:
            values[gradient_name(name)] = value + strength * context.parameters[name].ref
    if not values:
        return
    yield calculation.with_values(values)
    cost = calculation.value_of(COST)
    if cost is not None:
        for name in names:
            ref = context.parameters[name].ref
            squares = total(" ".join(ref.index_names), ref**2) if ref.indices else ref**2
            cost = cost + strength / Const(2) * squares
        yield calculation.with_values({**values, COST: cost})


# One factor


def one_factor(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """All numbers of an array, or all derivatives, multiplied by one factor."""
    evidence = context.evidence
    if evidence is None:
        return
    numbers = evidence.numbers
    first = numbers.array_of(int(np.argmax(numbers.wrong)))
    wrong = {part.name for part in numbers.parts if evidence.at({part.name}).any()}
    chosen = evidence.at({first})
    value = fitted(evidence, chosen, numbers.values, numbers.right)
    if value is None:
        return
    if value.number in _USUAL:
        value = replace(value, freedom=_USUAL_FREEDOM)
    elif chosen.sum() < _FEWEST_ALIKE:
        return
    begin = set(tops(calculation, context))
    for names in ({first}, begin, wrong, wrong & {gradient_name(name) for name in context.parameters}):
        changed = scaled(calculation, names, value.expr)
        if changed is not None:
            yield with_value(changed, value)


def scaled(calculation: Calculation, names: set[str], factor: Expr) -> Calculation | None:
    """Return the calculation with some arrays multiplied by a factor, or None if one of them is not computed."""
    if not names or not names <= set(calculation.definitions):
        return None
    return calculation.with_values({name: tidy(factor * calculation.definitions[name].value) for name in names})
