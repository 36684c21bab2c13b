"""Changes where the derivatives begin: the error, its factors, means and sums."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.architecture import COST
from chainrule.builder import BATCH
from chainrule.diagnosis.calculation import Calculation, reads, swap, tidy
from chainrule.diagnosis.patterns import Context, batch_sums, tops
from chainrule.equations import Call, Const, Expr, Index, Reduce, Ref, Size, call, rebuild, total, walk
from chainrule.simplify import ONE
from chainrule.split import is_split_off

SAMPLE_COST = "c"


def negated_error(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The derivative of the cost with the other sign, or of its size."""
    begin = tops(calculation, context)
    yield calculation.with_values({name: tidy(-value) for name, value in begin.items()})
    output = context.output
    difference = call("-", output, Ref("t", output.indices))
    sized = {name: swap(value, {difference: call("abs", difference)}) for name, value in begin.items()}
    yield from calculation.each_and_all(sized)


def swapped_target(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Target and output in each other's place."""

    def exchanged(expr: Expr) -> Expr:
        if isinstance(expr, Ref) and expr.name in (context.output.name, "t"):
            return Ref("t" if expr.name == context.output.name else context.output.name, expr.indices)
        return rebuild(expr, exchanged)

    back = {name: exchanged(value) for name, value in tops(calculation, context).items()}
    yield calculation.with_values(back)
    cost = calculation.value_of(SAMPLE_COST)
    if cost is not None:
        yield calculation.with_values({SAMPLE_COST: exchanged(cost)})
        yield calculation.with_values({**back, SAMPLE_COST: exchanged(cost)})


def half(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The factor 1/2 of a squared error missing, or doubled."""
    cost = calculation.value_of(SAMPLE_COST)
    if cost is not None and any(isinstance(node, Call) and node.function == "**" for node in walk(cost)):
        yield from _scaled_cost(calculation, context, Const(2), SAMPLE_COST)
        yield from _scaled_cost(calculation, context, ONE / Const(2), SAMPLE_COST)


def log_base(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """A logarithm of another base in the cost: of 2, or of 10."""
    if "log(" in context.architecture.loss.formula.text:
        for base in (2, 10):
            yield from _scaled_cost(calculation, context, ONE / call("log", Const(base)), SAMPLE_COST)


def batch_sum(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """A sum over the batch for the mean."""
    if context.architecture.reduction == "mean":
        yield from _scaled_cost(calculation, context, context.batch_count)


def batch_mean(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The mean over the batch for a sum."""
    if context.architecture.reduction == "sum":
        yield from _scaled_cost(calculation, context, ONE / Size(BATCH))


def batch_twice(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Divided by the samples once more: where the derivatives begin, or in those of the parameters."""
    if context.architecture.reduction == "mean":
        yield from _scaled_cost(calculation, context, ONE / context.batch_count)
        yield from calculation.each_and_all(_divided_sums(calculation, context))


def late_mean(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Deltas of each sample without the mean, which the derivatives of the parameters take."""
    if context.architecture.reduction == "mean" and not context.weighted:
        begin = {name: tidy(value * Size(BATCH)) for name, value in tops(calculation, context).items()}
        yield calculation.with_values({**begin, **_divided_sums(calculation, context)})


def _divided_sums(calculation: Calculation, context: Context) -> dict[str, Expr]:
    found = batch_sums(calculation, context)
    return {g.name: swap(calculation.definitions[g.name].value, {g.node: g.node / Size(BATCH)}) for g in found}


def outputs_mean(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Divided by the outputs, beside the samples or in their place."""
    outputs = Size(context.output.index_names[-1])
    yield from _scaled_cost(calculation, context, ONE / outputs)
    if context.architecture.reduction == "mean":
        yield from _scaled_cost(calculation, context, context.batch_count / outputs)


def _scaled_cost(calculation: Calculation, context: Context, factor: Expr, of: str = COST) -> Iterator[Calculation]:
    """Yield the derivatives scaled, the cost scaled, and both; only what is averaged of the cost, not penalties."""
    begin = {name: tidy(value * factor) for name, value in tops(calculation, context).items()}
    yield calculation.with_values(begin)
    cost = calculation.value_of(of)
    if cost is None:
        return
    data = next((node for node in walk(cost) if of == SAMPLE_COST or _is_over_samples(node, context)), None)
    if data is None:
        return
    ahead = {of: tidy(swap(cost, {data: data * factor}))}
    yield calculation.with_values(ahead)
    yield calculation.with_values({**begin, **ahead})


def _is_over_samples(node: Expr, context: Context) -> bool:
    if isinstance(node, Ref) and is_split_off(node.name):
        node = context.forward[node.name].value
    return isinstance(node, Reduce) and reads(node, SAMPLE_COST)


def all_errors(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """The errors of all outputs added up for each of them."""
    unit = context.output.index_names[-1]

    def added(value: Expr) -> Expr:
        spare = context.spare(unit, value)
        return total(spare, _renamed(value, unit, spare))

    yield calculation.with_values({name: added(value) for name, value in tops(calculation, context).items()})


def _renamed(expr: Expr, old: str, new: str) -> Expr:
    if isinstance(expr, Reduce) and old in expr.indices:
        return expr
    if isinstance(expr, Index):
        return Index(new) if expr.name == old else expr
    return rebuild(expr, lambda child: _renamed(child, old, new))


def weights_ignored(calculation: Calculation, context: Context) -> Iterator[Calculation]:
    """Every sample counted alike, whatever its weight."""

    if not context.weighted:
        return

    def alike(expr: Expr) -> Expr:
        return ONE if isinstance(expr, Ref) and expr.name == "s" else rebuild(expr, alike)

    equations = [eq for eq in calculation.definitions.values() if reads(eq.value, "s")]
    yield calculation.with_values({eq.target.name: tidy(alike(eq.value)) for eq in equations})
    counted = {context.batch_count: Size(BATCH)}
    back = {eq.target.name: tidy(alike(swap(eq.value, counted))) for eq in equations if eq.part == "backward"}
    yield calculation.with_values(back)
