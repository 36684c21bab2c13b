"""Changes of the forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chainrule.derive import gradient_name
from chainrule.diagnosis.calculation import Calculation, swap, tidy
from chainrule.diagnosis.patterns import Context
from chainrule.equations import (
    Call,
    Const,
    Expr,
    Index,
    Ref,
    call,
    refs,
    substitute,
    substitute_indices,
    total,
    walk,
)
from chainrule.functions import function
from chainrule.simplify import ONE


def bias_missing(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The weighted input without its bias."""
    biases = {p.ref for p in context.architecture.parameters if not p.is_weight}

    def without(value: Expr) -> Expr:
        match value:
            case Call("+", (rest, Ref() as bias)) | Call("+", (Ref() as bias, rest)) if bias in biases:
                return rest
        return value

    yield from calculation.each_and_all({eq.target.name: without(eq.value) for eq in calculation.forward})


OTHERS = ("sigmoid", "tanh", "relu")
"""The activations that are most often taken for another."""


def slope_of(name: str, a: Expr, z: Expr) -> Expr:
    """Return the derivative of an activation as it is written by hand, in its value `a`.

    >>> print(slope_of("tanh", Ref("a"), Ref("z")))
    1 - a**2
    """
    (slope,) = function(name).slopes
    return substitute(slope, {"x": z, "y": a})


def activation_missing(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The weighted input passed on as it is."""
    yield from calculation.each_and_all({act.a.name: act.z for act in context.activations})


def activation_function(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Another activation, with the derivative of the right one, or with its own."""
    for name in OTHERS:
        applied = {act.a.name: call(name, act.z) for act in context.activations}
        yield from calculation.each_and_all(applied)
        for act in context.activations:
            outer = Ref(gradient_name(act.a.name), act.a.indices)
            if outer.name in calculation.definitions and gradient_name(act.z.name) in calculation.definitions:
                own = {gradient_name(act.z.name): outer * slope_of(name, act.a, act.z)}
                yield calculation.with_values({act.a.name: applied[act.a.name], **own})


def softmax_axis(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The softmax's sum taken over the samples, or over the whole array; the cost from that output, or as it was."""
    softmax = context.softmax
    if softmax is None:
        return
    z, y = softmax.z, softmax.a
    spares = {index: context.spare(index, z) for index in y.index_names}
    sample, unit = y.index_names
    for over in ([sample], [sample, unit]):
        inside, _ = substitute_indices(call("exp", z), {index: Index(spares[index]) for index in over}, set())
        wrong = {y.name: call("exp", z) / total(" ".join(spares[index] for index in over), inside)}
        yield calculation.with_values(wrong)
        cost = calculation.value_of("c")
        if cost is not None:
            loss = context.architecture.loss
            printed = loss.formula.expand({"y": y, "t": Ref("t", y.indices), "z": z}, unit)
            printed = total(unit, printed) if loss.formula.runs_over_units() else printed
            yield calculation.with_values({**wrong, "c": printed})


def sigmoid_sign(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """A sign in the sigmoid: 1 - e^-z below the line, or e^z."""
    plain: dict[str, Expr | None] = {}
    mirrored: dict[str, Expr | None] = {}
    for equation in calculation.forward:
        for node in walk(equation.value):
            if isinstance(node, Call) and node.function == "sigmoid":
                z = node.args[0]
                plain[equation.target.name] = swap(equation.value, {node: 1 / (1 - call("exp", -z))})
                mirrored[equation.target.name] = swap(equation.value, {node: call("sigmoid", -z)})
    yield from calculation.each_and_all(plain)
    yield from calculation.each_and_all(mirrored)


def dropout_unscaled(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """What dropout keeps is not divided by the probability of keeping it."""
    kept = {mask: Const(round(1 - rate, 12)) * mask for mask, rate in context.architecture.masks}
    parts = {"forward": calculation.forward, "backward": calculation.backward}
    changed = {
        part: {eq.target.name: swap(eq.value, kept) for eq in equations if set(refs(eq.value)) & set(kept)}
        for part, equations in parts.items()
    }
    yield calculation.with_values({**changed["forward"], **changed["backward"]})
    yield calculation.with_values(changed["forward"])
    yield calculation.with_values(changed["backward"])


def dropout_backward(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The derivative passes where dropout let nothing pass."""
    gone = {mask: ONE for mask, _ in context.architecture.masks}
    changed = {
        eq.target.name: tidy(swap(eq.value, gone)) for eq in calculation.backward if set(refs(eq.value)) & set(gone)
    }
    yield from calculation.each_and_all(changed)


def stale_activations(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Hidden units that are not computed again after an update."""
    hidden = [activated for activated in context.activations if activated.a != context.output]
    yield replace(calculation, once=frozenset(array.name for act in hidden for array in (act.a, act.z)))
