"""Changes of the forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from chainrule.derive import gradient_name
from chainrule.diagnosis.calculation import Calculation, swap, tidy
from chainrule.diagnosis.patterns import Context
from chainrule.equations import Call, Const, Expr, Ref, call, refs, walk
from chainrule.simplify import ONE, ZERO


def bias_missing(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The weighted input without its bias."""
    biases = {p.ref: ZERO for p in context.architecture.parameters if not p.is_weight}
    yield from _forward(calculation, lambda value: tidy(swap(value, biases)), biases)


def _forward(
    calculation: Calculation, change: Callable[[Expr], Expr], having: Mapping[Ref, Expr]
) -> Iterator[Calculation]:
    chosen = [eq for eq in calculation.forward if eq.target.name.startswith("z") and set(refs(eq.value)) & set(having)]
    yield from calculation.each_and_all({eq.target.name: change(eq.value) for eq in chosen})


OTHERS = ("sigmoid", "tanh", "relu")
"""The activations that are most often taken for another."""


def slope_of(function: str, a: Expr, z: Expr) -> Expr:
    """Return the derivative of an activation as it is written by hand, in its value `a`."""
    slopes: dict[str, Expr] = {"sigmoid": a * (1 - a), "tanh": 1 - a**2, "relu": z > 0}
    return slopes[function]


def activation_missing(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The weighted input passed on as it is."""
    yield from calculation.each_and_all({act.a.name: act.z for act in context.activations})


def activation_function(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Another activation, with the derivative of the right one, or with its own."""
    for function in OTHERS:
        applied = {act.a.name: call(function, act.z) for act in context.activations}
        yield from calculation.each_and_all(applied)
        for act in context.activations:
            outer = Ref(gradient_name(act.a.name), act.a.indices)
            if outer.name in calculation.definitions and gradient_name(act.z.name) in calculation.definitions:
                own = {gradient_name(act.z.name): outer * slope_of(function, act.a, act.z)}
                yield calculation.with_values({act.a.name: applied[act.a.name], **own})


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
