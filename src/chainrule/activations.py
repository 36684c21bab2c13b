"""Activations: one formula each, in the layer's weighted input ``x``."""

from __future__ import annotations

from typing import Any

from chainrule.equations import Number
from chainrule.errors import InputError, unknown
from chainrule.formulas import Formula, as_name
from chainrule.initializers import Init

_SHIFTED = "x - stop(max(x))"


class Activation:
    """What a layer does to its weighted input.

    Parameters
    ----------
    name : how it is called in configurations and errors.
    formula : in ``x``, the weighted input of one unit; ``sum(x)``, ``mean(x)``, ``max(x)`` run over the units.
    log, log1m : formulas for the logarithm of the value and of 1 minus the value that stay exact where the
        value rounds to 0 or 1; losses use them where they take such a logarithm.
    init : the initialiser of the weights of a layer with this activation.
    parameters : numbers for the other names of the formula.

    Raises `FormulaError` for a formula that cannot be read or uses an unknown name.

    >>> Activation("swish", "x * sigmoid(slope * x)", slope=1.5)
    Activation('swish', 'x * sigmoid(slope * x)', slope=1.5)
    """

    def __init__(
        self,
        name: str,
        formula: str,
        *,
        log: str | None = None,
        log1m: str | None = None,
        init: str = "glorot",
        **parameters: Number,
    ):
        self.name = as_name("an activation", name)
        self.init = Init(init).method
        self.formula = Formula(f"activation {name}", formula, ("x",), parameters)
        self.log = log and Formula(f"logarithm of {name}", log, ("x",), parameters)
        self.log1m = log1m and Formula(f"logarithm of 1 - {name}", log1m, ("x",), parameters)

    def __repr__(self) -> str:
        numbers = "".join(f", {key}={value!r}" for key, value in self.formula.parameters.items())
        return f"Activation({self.name!r}, {self.formula.text!r}{numbers})"

    @property
    def config(self) -> str | dict[str, Any]:
        """The name of a built-in activation, or all of one's own."""
        return self.name if ACTIVATIONS.get(self.name) is self else self.arguments

    @property
    def arguments(self) -> dict[str, Any]:
        """What makes the activation again."""
        texts = {"log": self.log and self.log.text, "log1m": self.log1m and self.log1m.text}
        kept = {key: text for key, text in texts.items() if text}
        return {
            "name": self.name,
            "formula": self.formula.text,
            "init": self.init,
            **kept,
            **self.formula.parameters,
        }


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("identity", "x"),
        Activation("sigmoid", "sigmoid(x)", log="-softplus(-x)", log1m="-softplus(x)"),
        Activation("tanh", "tanh(x)"),
        # Nair and Hinton 2010
        Activation("relu", "relu(x)", init="he"),
        # Maas, Hannun and Ng 2013
        Activation("leaky_relu", "where(x > 0, x, slope * x)", init="he", slope=0.01),
        # Clevert, Unterthiner and Hochreiter 2015
        Activation("elu", "where(x > 0, x, alpha * expm1(x))", init="he", alpha=1),
        # Klambauer et al. 2017; the two numbers are theirs
        Activation(
            "selu",
            "scale * where(x > 0, x, alpha * expm1(x))",
            init="lecun",
            scale=1.0507009873554805,
            alpha=1.6732632423543772,
        ),
        # Hendrycks and Gimpel 2016
        Activation("gelu", "x * (1 + erf(x / sqrt(2))) / 2", init="he"),
        # Elfwing, Uchibe and Doya 2017; Ramachandran, Zoph and Le 2017 (swish)
        Activation("silu", "x * sigmoid(x)", init="he"),
        # Misra 2019
        Activation("mish", "x * tanh(softplus(x))", init="he"),
        Activation("softplus", "softplus(x)", log="where(x < -30, x, log(softplus(x)))"),
        Activation(
            "softmax",
            f"exp({_SHIFTED}) / sum(exp({_SHIFTED}))",
            log=f"{_SHIFTED} - log(sum(exp({_SHIFTED})))",
        ),
    )
}


def activation(name: str, **parameters: Number) -> Activation:
    """Return a built-in activation with other numbers.

    >>> activation("leaky_relu", slope=0.2)
    Activation('leaky_relu', 'where(x > 0, x, slope * x)', slope=0.2)
    """
    built_in = as_activation(name)
    for key in parameters:
        if key not in built_in.formula.parameters:
            raise unknown(f"parameter of the activation {name}", key, built_in.formula.parameters)
    return Activation(**{**built_in.arguments, **parameters})


def _from_config(config: dict[str, Any]) -> Activation:
    try:
        return Activation(**config)
    except TypeError as error:
        raise InputError(f"not the configuration of an activation: {error}") from None


def as_activation(given: Activation | str | dict[str, Any]) -> Activation:
    """Return an activation given as itself, by name, or as its configuration.

    Raises `InputError` with the nearest known name.
    """
    if isinstance(given, Activation):
        return given
    if isinstance(given, dict):
        return _from_config(given)
    if not isinstance(given, str) or given not in ACTIVATIONS:
        raise unknown("activation", given, ACTIVATIONS)
    return ACTIVATIONS[given]
