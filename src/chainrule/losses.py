"""Losses and penalties: one formula each, in the output ``y``, the target ``t`` and the weighted input ``z``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from chainrule.activations import ACTIVATIONS, Activation, as_activation
from chainrule.builder import BATCH, Builder
from chainrule.equations import Call, Const, Equation, Expr, Number, Reduce, Ref, add_up, call, rebuild, ref, total
from chainrule.errors import InputError, shown, unknown
from chainrule.formulas import Formula, as_name
from chainrule.ranges import check_number
from chainrule.simplify import simplify

# What the targets of a loss must be: any number; 0 to 1; rows that sum to 1 (or labels); at least 0.
TargetKind = Literal["numbers", "probabilities", "distribution", "counts"]
Reduction = Literal["mean", "sum"]


def _set_strength(penalty: Penalty) -> None:
    strength = check_number(f"the strength of {type(penalty).__name__}", penalty.strength, least=0)
    object.__setattr__(penalty, "strength", strength)


@dataclass(frozen=True)
class L1:
    """Adds `strength` times the sum of the absolute weights to the cost. Biases are left alone."""

    strength: float

    def __post_init__(self) -> None:
        _set_strength(self)

    def term(self, w: Ref) -> Expr:
        """Return what one array of weights adds."""
        return self.strength * total(" ".join(w.index_names), call("abs", w))


@dataclass(frozen=True)
class L2:
    """Adds half of `strength` times the sum of the squared weights to the cost. Biases are left alone.

    So that its part of each derivative is ``strength * w`` (Krogh and Hertz 1992).
    """

    strength: float

    def __post_init__(self) -> None:
        _set_strength(self)

    def term(self, w: Ref) -> Expr:
        """Return what one array of weights adds."""
        return self.strength / 2 * total(" ".join(w.index_names), w**2)


Penalty = L1 | L2


def as_penalties(given: Sequence[Penalty]) -> tuple[Penalty, ...]:
    """Return penalties as a tuple; raises `InputError` for anything else."""
    if not isinstance(given, Sequence) or not all(isinstance(penalty, Penalty) for penalty in given):
        raise InputError(f"penalties must be a list such as [L2(0.01)], not {shown(given)}")
    return tuple(given)


PENALTIES: dict[str, type[L1] | type[L2]] = {"L1": L1, "L2": L2}


class Loss:
    """What an output costs.

    Parameters
    ----------
    name : how it is called in configurations and errors.
    formula : in ``y`` (output), ``t`` (target) and ``z`` (weighted input of the last layer). Where it differs
        from unit to unit it is summed over the outputs; ``sum``, ``mean`` and ``max`` without an index run
        over them too. ``log(y)`` and ``log(1 - y)`` take the exact form of the last activation, if it has one.
    targets : what the targets must be, see `TargetKind`; checked before training.
    activations : the built-in activations that the last layer may have; any if left out. One's own is
        always taken.
    parameters : numbers for the other names of the formula.

    The cost of a batch is the mean over its samples, weighted by the sample weights if given.
    Raises `FormulaError` for a formula that cannot be read or uses an unknown name.

    >>> Loss("log_cosh", "log(cosh(y - t))")
    Loss('log_cosh', 'log(cosh(y - t))')
    """

    def __init__(
        self,
        name: str,
        formula: str,
        *,
        targets: TargetKind = "numbers",
        activations: Sequence[str] = (),
        **parameters: Number,
    ):
        if targets not in get_args(TargetKind):
            raise unknown("kind of targets", targets, get_args(TargetKind))
        self.name = as_name("a loss", name)
        self.targets: TargetKind = targets
        self.activations = (activations,) if isinstance(activations, str) else tuple(activations)
        for activation in self.activations:
            as_activation(activation)
        self.formula = Formula(f"loss {name}", formula, ("y", "t", "z"), parameters)

    def __repr__(self) -> str:
        numbers = "".join(f", {key}={value!r}" for key, value in self.formula.parameters.items())
        return f"Loss({self.name!r}, {self.formula.text!r}{numbers})"

    @property
    def config(self) -> str | dict[str, Any]:
        """The name of a built-in loss, or all of one's own."""
        return self.name if LOSSES.get(self.name) is self else self.arguments

    @property
    def arguments(self) -> dict[str, Any]:
        """What makes the loss again."""
        return {
            "name": self.name,
            "formula": self.formula.text,
            "targets": self.targets,
            "activations": list(self.activations),
            **self.formula.parameters,
        }

    def build(
        self, builder: Builder, y: Ref, weighted: bool, reduction: Reduction, penalties: Sequence[Penalty]
    ) -> None:
        """Add the cost of each sample ``c`` and of the batch with its penalties, ``E``."""
        units = y.index_names[-1]
        origin = f"loss {self.name}"
        values: dict[str, Expr] = {"y": y, "t": Ref("t", y.indices), "z": builder.weighted}
        value = _exact_logarithms(self.formula.expand(values, units), y, builder)
        if self.formula.runs_over_units():
            value = total(units, value)
        builder.taken.update(("c", "E"))
        cost = builder.add(Equation(ref("c", BATCH), value, origin=origin))
        weights = [parameter.ref for parameter in builder.parameters if parameter.is_weight]
        terms = [penalty.term(weight) for penalty in penalties for weight in weights]
        value = add_up([_over_samples(cost, weighted, reduction), *terms])
        builder.add(Equation(Ref("E"), value, origin=origin))

    def check_activation(self, last: Activation | None) -> None:
        """Raise `InputError` if a built-in last activation does not give what the loss can take."""
        name = last.name if last else "none"
        built_in = last is None or ACTIVATIONS.get(name) is last
        if self.activations and built_in and name not in self.activations:
            right = " or ".join(map(repr, self.activations))
            raise InputError(f"the loss {self.name} needs a last layer with activation {right}, not {name!r}")


def _over_samples(cost: Ref, weighted: bool, reduction: Reduction) -> Expr:
    weight = ref("s", BATCH)
    if reduction == "sum":
        return total(BATCH, weight * cost if weighted else cost)
    return total(BATCH, weight * cost) / total(BATCH, weight) if weighted else Reduce("mean", (BATCH,), cost)


def _exact_logarithms(expr: Expr, y: Ref, builder: Builder) -> Expr:
    """Put the last activation's own logarithms in place of ``log(y)`` and ``log(1 - y)``."""
    last = builder.last
    if last is None:
        return expr
    forms = {call("log", y): last.log, call("log", call("-", Const(1), y)): last.log1m}

    def change(node: Expr) -> Expr:
        form = forms.get(node) if isinstance(node, Call) else None
        if form:
            return form.expand({"x": builder.weighted}, y.index_names[-1])
        return rebuild(node, change)

    changed = change(expr)
    return expr if changed == expr else simplify(changed)


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss("half_squared_error", "1/2 * (y - t)**2"),
        Loss("squared_error", "(y - t)**2"),
        Loss("absolute_error", "abs(y - t)"),
        # Huber 1964
        Loss("huber", "where(abs(y - t) <= delta, 1/2 * (y - t)**2, delta * (abs(y - t) - delta / 2))", delta=1),
        Loss(
            "binary_cross_entropy",
            "-(t * log(y) + (1 - t) * log(1 - y))",
            targets="probabilities",
            activations=("sigmoid",),
        ),
        # Label smoothing: Szegedy et al. 2016
        Loss(
            "cross_entropy",
            "-(1 - smoothing) * sum(t * log(y)) - smoothing * mean(log(y))",
            targets="distribution",
            activations=("softmax",),
            smoothing=0,
        ),
        # y is the expected count; a constant in t alone is left out
        Loss("poisson", "y - t * log(y)", targets="counts", activations=("softplus", "sigmoid", "softmax")),
    )
}


# What the numbers of the built-in losses may be.
_RANGES: dict[str, dict[str, float]] = {"smoothing": {"least": 0, "below": 1}, "delta": {"above": 0}}


def loss(name: str, **parameters: Number) -> Loss:
    """Return a built-in loss with other numbers.

    >>> loss("cross_entropy", smoothing=0.1)
    Loss('cross_entropy', '-(1 - smoothing) * sum(t * log(y)) - smoothing * mean(log(y))', smoothing=0.1)
    """
    built_in = as_loss(name)
    for key in parameters:
        if key not in built_in.formula.parameters:
            raise unknown(f"parameter of the loss {name}", key, built_in.formula.parameters)
        check_number(f"{key} of the loss {name}", parameters[key], **_RANGES.get(key, {}))
    return Loss(**{**built_in.arguments, **parameters})


def as_loss(given: Loss | str | Mapping[str, Any]) -> Loss:
    """Return a loss given as itself, by name, or as its configuration.

    Raises `InputError` with the nearest known name.
    """
    if isinstance(given, Loss):
        return given
    if isinstance(given, Mapping):
        try:
            return Loss(**given)
        except TypeError as error:
            raise InputError(f"not the configuration of a loss: {error}") from None
    if not isinstance(given, str) or given not in LOSSES:
        raise unknown("loss", given, LOSSES)
    return LOSSES[given]
