"""Optimisers: each is its state and its update, as formulas in ``w`` (a parameter) and ``g`` (its derivative)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar

from chainrule.builder import Parameter
from chainrule.derive import gradient_name
from chainrule.equations import Const, Equation, Expr, Ref, add_up, call, lift, substitute, total
from chainrule.errors import unknown
from chainrule.parsing import parse
from chainrule.ranges import check_number
from chainrule.schedules import Schedule, as_schedule
from chainrule.simplify import fold

__all__ = [
    "OPTIMIZERS",
    "Adagrad",
    "Adam",
    "AdamW",
    "GradientDescent",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
]

RATE, BIAS_RATE, STEP, GRADIENT_NORM = "rate", "bias_rate", "step", "norm"


@dataclass(frozen=True)
class Optimizer:
    """What all optimisers share.

    A subclass names its `state` arrays, one of each for every parameter and 0 at the start, and writes its
    `update` as assignments in the order of calculation. The formulas know ``w``, ``g``, the state, ``rate``,
    ``step`` (1 at the first update) and the optimiser's own numbers.

    Parameters
    ----------
    rate : learning rate, a number or a schedule.
    clip_norm : if given, the gradient of all parameters together is scaled down to this Euclidean norm
        where it is longer (Pascanu, Mikolov and Bengio 2013).

    Raises `InputError` for numbers out of range.
    """

    rate: float | Schedule
    clip_norm: float | None = field(default=None, kw_only=True)

    state: ClassVar[tuple[str, ...]] = ()
    update: ClassVar[str] = ""
    numbers: ClassVar[tuple[str, ...]] = ()

    def __str__(self) -> str:
        """Return the name with the numbers that are set."""
        numbers = [f"{one.name}={value}" for one in fields(self) if (value := getattr(self, one.name)) is not None]
        return f"{type(self).__name__}({', '.join(sorted(numbers, key=lambda text: not text.startswith('rate')))})"

    def __post_init__(self) -> None:
        as_schedule(self.rate)
        if self.clip_norm is not None:
            check_number("clip_norm", self.clip_norm, above=0)
        for name in self.numbers:
            if name == "epsilon":
                check_number(name, getattr(self, name), above=0)
            else:
                averages = name in ("momentum", "decay", "beta1", "beta2")
                check_number(name, getattr(self, name), least=0, below=1 if averages else math.inf)

    def scalars(self, step: int, total_steps: int) -> dict[str, float]:
        """Return the numbers that the update at `step` (1 is the first) is given."""
        return {RATE: float(as_schedule(self.rate).at(step, total_steps)), STEP: float(step)}

    def states_of(self, parameter: Parameter) -> dict[str, Ref]:
        """Return the state arrays of one parameter: ``m`` of ``w1`` is ``m_w1``."""
        return {name: Ref(f"{name}_{parameter.ref.name}", parameter.ref.indices) for name in self.state}

    def equations(self, parameters: Iterable[Parameter]) -> list[Equation]:
        """Return the updates of the trainable parameters, clipping first."""
        trained = [parameter for parameter in parameters if parameter.trainable]
        clipping, gradients = self._clipped([parameter.ref for parameter in trained])
        return [
            *clipping,
            *(eq for p, g in zip(trained, gradients, strict=True) for eq in self._update(p, g)),
        ]

    def _update(self, parameter: Parameter, gradient: Expr) -> list[Equation]:
        names = {"w": parameter.ref, **self.states_of(parameter)}
        values = {**self._values(parameter), **names, "g": gradient}
        equations = []
        for line in self.update.strip().splitlines():
            formula = parse(line.strip())
            value = fold(substitute(formula.value, values))
            target, name = names[formula.target.name], type(self).__name__
            equations.append(Equation(target, value, update=True, origin=name, part="learning"))
        return equations

    def _values(self, parameter: Parameter) -> dict[str, Expr]:
        """Return the optimiser's own numbers as they apply to one parameter."""
        return {name: Const(getattr(self, name)) for name in self.numbers}

    def _clipped(self, refs: Sequence[Ref]) -> tuple[list[Equation], list[Expr]]:
        gradients: list[Expr] = [Ref(gradient_name(ref.name), ref.indices) for ref in refs]
        if self.clip_norm is None or not refs:
            return [], gradients
        squares = []
        for ref, gradient in zip(refs, gradients, strict=True):
            value = total(" ".join(ref.index_names), gradient**2) if ref.indices else gradient**2
            squares.append(Equation(Ref(f"square_{ref.name}"), value))
        norm, scale = Ref(GRADIENT_NORM), Ref("clip")
        length = call("sqrt", add_up([square.target for square in squares]))
        tiny = Const(1e-30)  # a gradient of zero is left as it is
        clip = call("minimum", Const(1), lift(self.clip_norm) / call("maximum", norm, tiny))
        equations = [*squares, Equation(norm, length), Equation(scale, clip)]
        marked = [replace(equation, origin="clip_norm", part="backward") for equation in equations]
        return marked, [scale * gradient for gradient in gradients]


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    r"""Plain gradient descent: :math:`w \leftarrow w - \eta\, \partial E/\partial w` (Cauchy 1847).

    `bias_rate` is a separate learning rate for biases (parameters with one index or none).

    >>> GradientDescent(0.5).rate
    0.5
    """

    rate: float | Schedule = 0.1
    bias_rate: float | Schedule | None = None

    update: ClassVar[str] = "w <- w - rate * g"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bias_rate is not None:
            as_schedule(self.bias_rate)

    def scalars(self, step: int, total_steps: int) -> dict[str, float]:
        """Return the rate, and the biases' own if there is one."""
        scalars = super().scalars(step, total_steps)
        if self.bias_rate is not None:
            scalars[BIAS_RATE] = float(as_schedule(self.bias_rate).at(step, total_steps))
        return scalars

    def _values(self, parameter: Parameter) -> dict[str, Expr]:
        own_rate = self.bias_rate is not None and not parameter.is_weight
        return {RATE: Ref(BIAS_RATE)} if own_rate else {}


@dataclass(frozen=True)
class Momentum(Optimizer):
    r"""Momentum: :math:`v \leftarrow \mu v - \eta g,\; w \leftarrow w + v` (Polyak 1964)."""

    rate: float | Schedule = 0.01
    momentum: float = 0.9

    state: ClassVar[tuple[str, ...]] = ("v",)
    numbers: ClassVar[tuple[str, ...]] = ("momentum",)
    update: ClassVar[str] = """
        v <- momentum * v - rate * g
        w <- w + v
    """


@dataclass(frozen=True)
class Nesterov(Optimizer):
    r"""Nesterov's momentum (1983), with the parameters kept at the point looked ahead to.

    :math:`v \leftarrow \mu v - \eta g,\; w \leftarrow w + \mu v - \eta g` (Sutskever et al. 2013).
    """

    rate: float | Schedule = 0.01
    momentum: float = 0.9

    state: ClassVar[tuple[str, ...]] = ("v",)
    numbers: ClassVar[tuple[str, ...]] = ("momentum",)
    update: ClassVar[str] = """
        v <- momentum * v - rate * g
        w <- w + momentum * v - rate * g
    """


@dataclass(frozen=True)
class Adagrad(Optimizer):
    r"""Adagrad: :math:`s \leftarrow s + g^2,\; w \leftarrow w - \eta g / (\sqrt{s} + \epsilon)` (Duchi et al. 2011)."""

    rate: float | Schedule = 0.01
    epsilon: float = 1e-8

    state: ClassVar[tuple[str, ...]] = ("s",)
    numbers: ClassVar[tuple[str, ...]] = ("epsilon",)
    update: ClassVar[str] = """
        s <- s + g**2
        w <- w - rate * g / (sqrt(s) + epsilon)
    """


@dataclass(frozen=True)
class RMSprop(Optimizer):
    r"""RMSprop: :math:`s \leftarrow \rho s + (1-\rho) g^2,\; w \leftarrow w - \eta g / (\sqrt{s} + \epsilon)`.

    Tieleman and Hinton 2012.
    """

    rate: float | Schedule = 0.001
    decay: float = 0.9
    epsilon: float = 1e-8

    state: ClassVar[tuple[str, ...]] = ("s",)
    numbers: ClassVar[tuple[str, ...]] = ("decay", "epsilon")
    update: ClassVar[str] = """
        s <- decay * s + (1 - decay) * g**2
        w <- w - rate * g / (sqrt(s) + epsilon)
    """


@dataclass(frozen=True)
class Adam(Optimizer):
    r"""Adam (Kingma and Ba 2015), with both bias corrections.

    .. math:: m \leftarrow \beta_1 m + (1-\beta_1) g,\quad v \leftarrow \beta_2 v + (1-\beta_2) g^2,\quad
       w \leftarrow w - \eta \frac{m / (1-\beta_1^k)}{\sqrt{v / (1-\beta_2^k)} + \epsilon}
    """

    rate: float | Schedule = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    state: ClassVar[tuple[str, ...]] = ("m", "v")
    numbers: ClassVar[tuple[str, ...]] = ("beta1", "beta2", "epsilon")
    update: ClassVar[str] = """
        m <- beta1 * m + (1 - beta1) * g
        v <- beta2 * v + (1 - beta2) * g**2
        w <- w - rate * (m / (1 - beta1**step)) / (sqrt(v / (1 - beta2**step)) + epsilon)
    """


@dataclass(frozen=True)
class AdamW(Adam):
    r"""Adam with weight decay outside the gradient (Loshchilov and Hutter 2019); biases do not decay.

    Its update is Adam's and :math:`- \eta \lambda w`.
    """

    weight_decay: float = 0.01

    numbers: ClassVar[tuple[str, ...]] = (*Adam.numbers, "weight_decay")
    update: ClassVar[str] = """
        m <- beta1 * m + (1 - beta1) * g
        v <- beta2 * v + (1 - beta2) * g**2
        w <- w - rate * (m / (1 - beta1**step)) / (sqrt(v / (1 - beta2**step)) + epsilon) - rate * weight_decay * w
    """

    def _values(self, parameter: Parameter) -> dict[str, Expr]:
        values = super()._values(parameter)
        return values if parameter.is_weight else {**values, "weight_decay": Const(0)}


def as_optimizer(given: Optimizer | str | None) -> Optimizer:
    """Return an optimiser given as itself, or by name with its default settings; `Adam()` for None.

    Raises `InputError` with the nearest known name.
    """
    if given is None:
        return Adam()
    if isinstance(given, Optimizer):
        return given
    if not isinstance(given, str) or given not in OPTIMIZERS:
        raise unknown("optimiser", given, OPTIMIZERS)
    return OPTIMIZERS[given]()


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "gradient_descent": GradientDescent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}
