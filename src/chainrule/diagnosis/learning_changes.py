"""Changes of what an optimiser does, of when it does it, and of the digits kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from chainrule.builder import BATCH
from chainrule.derive import gradient_name
from chainrule.diagnosis.calculation import LEARNING, Calculation, Rounding, is_learned, reads, swap, tidy
from chainrule.diagnosis.patterns import Context, slope_in, weight_gradients
from chainrule.equations import Call, Const, Equation, Expr, Reduce, Ref, Size, call, rebuild, walk
from chainrule.optimizers import BIAS_RATE, RATE, STEP
from chainrule.simplify import ONE, ZERO

_RATES = (Ref(RATE), Ref(BIAS_RATE))
_DIGITS = range(2, 7)


def _parameter_of(equation: Equation, context: Context) -> str | None:
    """Return the parameter that an update is for: it writes the parameter or one of its states."""
    if context.optimizer is None:
        return None
    for name, parameter in context.parameters.items():
        states = (state.name for state in context.optimizer.states_of(parameter).values())
        if equation.target.name in (name, *states):
            return name
    return None


def updated_weights(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Each parameter updated as soon as its gradient is there, so that earlier layers see the new one."""
    moved: dict[str, list[Equation]] = {}
    for equation in calculation.updates:
        name = _parameter_of(equation, context)
        if name is not None and not reads(equation.value, "clip"):
            moved.setdefault(gradient_name(name), []).append(equation)
    gone = {id(equation) for equations in moved.values() for equation in equations}
    order: list[Equation] = []
    for equation in calculation.equations:
        if id(equation) not in gone:
            order += [equation, *moved.get(equation.target.name, ())]
    yield replace(calculation, equations=tuple(order))


def _with_rates(calculation: Calculation, change: Callable[[Expr], Expr]) -> Calculation:
    return with_swapped(calculation, {rate: change(rate) for rate in _RATES})


def with_swapped(calculation: Calculation, changes: Mapping[Any, Expr]) -> Calculation:
    """Return the calculation with other expressions for some in what the optimiser does."""
    return calculation.with_updates(lambda equation: swap(equation.value, changes))


def ascent(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The gradient added instead of subtracted."""
    yield _with_rates(calculation, lambda rate: -rate)


def rate_twice(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The learning rate multiplied on twice: in the step, or on the finished step."""
    yield _with_rates(calculation, lambda rate: rate * rate)
    yield _with_steps(calculation, context, lambda step: Ref(RATE) * step)


def _with_steps(calculation: Calculation, context: Context, change: Callable[[Expr], Expr]) -> Calculation:
    """Change by what parameters move, and leave the optimiser's states alone."""

    def changed(equation: Equation) -> Expr:
        if equation.target.name not in context.parameters:
            return equation.value
        return tidy(equation.target + change(equation.value - equation.target))

    return calculation.with_updates(changed)


def rate_left_out(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The learning rate left out."""
    yield _with_rates(calculation, lambda _: ONE)


def rate_and_batch(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The learning rate divided by the samples again, or multiplied by them."""
    yield _with_rates(calculation, lambda rate: rate / Size(BATCH))
    yield _with_rates(calculation, lambda rate: rate * Size(BATCH))


def bias_frozen(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Biases that are not updated."""
    biases = [name for name, parameter in context.parameters.items() if not parameter.is_weight]
    for chosen in [[name] for name in biases] + ([biases] if len(biases) > 1 else []):
        kept = (eq for eq in calculation.equations if not (is_learned(eq) and eq.target.name in chosen))
        yield replace(calculation, equations=tuple(kept))


def bias_trained(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Biases updated that should keep their start values."""
    frozen = [replace(p, trainable=True) for p in context.architecture.parameters if not p.trainable]
    if context.optimizer is None or context.optimizer.clip_norm is not None:
        return
    added = tuple(context.optimizer.equations(frozen))
    states = tuple(state for p in frozen for state in context.optimizer.states_of(p).values())
    yield replace(calculation, equations=calculation.equations + added, extra=calculation.extra + states)


def _with_states(calculation: Calculation, context: Context, change: Callable[[Equation, Ref], Expr]) -> Calculation:
    """Change how the optimiser's own arrays follow from what they were."""

    def changed(equation: Equation) -> Expr:
        return equation.value if equation.target.name in context.parameters else change(equation, equation.target)

    return calculation.with_updates(changed)


def momentum_sign(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """What is kept of the step before with the other sign."""
    yield _with_states(calculation, context, lambda eq, state: swap(eq.value, {state: -state}))


def state_not_kept(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """What should be kept from step to step begun anew at each."""
    yield _with_states(calculation, context, lambda eq, state: tidy(swap(eq.value, {state: ZERO})))


def stale_state(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Parameters moved by the optimiser's state of the step before."""
    stepping = [equation for equation in calculation.updates if equation.target.name in context.parameters]
    rest = [equation for equation in calculation.equations if equation not in stepping]
    first = next((place for place, equation in enumerate(rest) if is_learned(equation)), len(rest))
    yield replace(calculation, equations=(*rest[:first], *stepping, *rest[first:]))


def momentum_damped(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The gradient scaled by 1 - momentum, as in a running mean."""
    momentum = getattr(context.optimizer, "momentum", None)
    if momentum is not None:
        damped = {rate: Const(round(1 - momentum, 12)) * rate for rate in _RATES}
        yield _with_states(calculation, context, lambda eq, _: swap(eq.value, damped))


def _with_averages(
    calculation: Calculation, change: Callable[[Const, Ref, Const, Expr], Expr]
) -> Iterator[Calculation]:
    """Yield the calculation with running averages changed: those of each kind of state, and all."""
    kinds: dict[str, dict[str, Expr]] = {}
    for equation in calculation.updates:
        match equation.value:
            case Call("+", (Call("*", (Const() as kept, Ref() as old)), Call("*", (Const() as new, added)))):
                if old == equation.target:
                    kind = equation.target.name.partition("_")[0]
                    kinds.setdefault(kind, {})[equation.target.name] = change(kept, old, new, added)
    everything = {name: value for values in kinds.values() for name, value in values.items()}
    for values in [*kinds.values(), everything] if len(kinds) > 1 else kinds.values():

        def changed(equation: Equation, values: dict[str, Expr] = values) -> Expr:
            return tidy(values.get(equation.target.name, equation.value))

        yield calculation.with_updates(changed)


def average_unscaled(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """A running average to which the whole new value is added, not 1 - beta of it."""
    yield from _with_averages(calculation, lambda kept, old, _, added: kept * old + added)


def average_exchanged(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The two factors of a running average in each other's place."""
    yield from _with_averages(calculation, lambda kept, old, new, added: new * old + kept * added)


def square_left_out(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The average of the squares taken of the gradient itself."""

    def bare(expr: Expr) -> Expr:
        match expr:
            case Call("**", (base, Const(2))):
                return base
        return rebuild(expr, bare)

    yield _with_states(calculation, context, lambda equation, _: bare(equation.value))


def _corrections(calculation: Calculation) -> list[Expr]:
    """Return what Adam divides by against the start from 0: ``1 - beta**step``."""
    found: dict[Expr, None] = {}
    for equation in calculation.updates:
        for node in walk(equation.value):
            match node:
                case Call("-", (Const(1), Call("**", (Const(), Ref(name))))) if name == STEP:
                    found[node] = None
    return list(found)


def uncorrected(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Adam without bias correction, of both averages or of one."""
    found = _corrections(calculation)
    for chosen in [found, *([each] for each in found)]:
        gone: dict[Expr, Expr] = dict.fromkeys(chosen, ONE)
        yield with_swapped(calculation, gone)


def steps_miscounted(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Steps counted from 0, from 2, or not at all."""
    step = Ref(STEP)
    for counted in (step - 1, step + 1, ONE):
        yield with_swapped(calculation, {step: counted})


def epsilon_in_root(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The small number that keeps from dividing by 0 added under the root."""

    def moved(expr: Expr) -> Expr:
        match expr:
            case Call("+", (Call("sqrt", (inner,)), Const() as epsilon)):
                return call("sqrt", inner + epsilon)
        return rebuild(expr, moved)

    yield calculation.with_updates(lambda equation: moved(equation.value))


def root_left_out(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The root of the mean square left out."""

    def bare(expr: Expr) -> Expr:
        return expr.args[0] if isinstance(expr, Call) and expr.function == "sqrt" else rebuild(expr, bare)

    yield calculation.with_updates(lambda equation: bare(equation.value))


def betas_exchanged(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The two decay rates of Adam in each other's place."""
    one, two = (getattr(context.optimizer, name, None) for name in ("beta1", "beta2"))
    if one is None or two is None:
        return
    pairs: dict[Expr, Expr] = {Const(one): Const(two), Const(two): Const(one)}
    # The optimiser's formula holds 1 - beta computed already, or as it is written.
    yield with_swapped(calculation, pairs | _complements(pairs))


def _complements(pairs: Mapping[Expr, Expr]) -> dict[Expr, Expr]:
    return {tidy(1 - old): tidy(1 - new) for old, new in pairs.items()}


def accumulated(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Gradients added to those of the steps before."""
    equations: list[Equation] = []
    kept: list[Ref] = []
    learned = {gradient_name(name) for name in context.parameters}
    for equation in calculation.equations:
        target = equation.target
        if target.name in learned and not equation.update:
            before = Ref(f"old_{target.name}", target.indices)
            kept.append(before)
            equations.append(replace(equation, value=equation.value + before))
            equations.append(Equation(before, target, update=True, origin=equation.origin, part=LEARNING))
        else:
            equations.append(equation)
    yield replace(calculation, equations=tuple(equations), extra=calculation.extra + tuple(kept))


def in_place(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Weights set to 0 by the backward pass, through a second name for the same array."""
    sources = {gradient.delta.name: gradient.name for gradient in weight_gradients(calculation, context)}
    added: dict[str, Equation] = {}
    for activated in context.activations:
        delta = gradient_name(activated.z.name)
        slope = slope_in(calculation, activated)
        if not (isinstance(slope, Call) and slope.function in (">", ">=") and delta in sources):
            continue
        weight = context.parameters[sources[delta].removeprefix("d_")].ref
        dead = Reduce("max", (BATCH,), call("<=", activated.z, ZERO))
        added[delta] = Equation(weight, weight * (1 - dead), update=True, part=LEARNING)
    for chosen in [{name} for name in added] + ([set(added)] if len(added) > 1 else []):
        equations = []
        for equation in calculation.equations:
            equations.append(equation)
            if equation.target.name in chosen:
                equations.append(added[equation.target.name])
        yield replace(calculation, equations=tuple(equations))


def in_float32(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Every value rounded to float32."""
    yield replace(calculation, rounding=Rounding("float32"))


def rounded(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Every value, or those of the forward pass, rounded to some digits before they are used."""
    kinds: tuple[Literal["decimals", "significant"], ...] = ("decimals", "significant")
    for part in (None, "forward"):
        for kind in kinds:
            for digits in _DIGITS:
                yield replace(calculation, rounding=Rounding(kind, digits, part))
