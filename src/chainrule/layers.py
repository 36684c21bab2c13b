"""Layers: each says in equations what it computes. A new one is one class with a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from chainrule.activations import ACTIVATIONS, Activation, as_activation
from chainrule.builder import Builder, Recipe
from chainrule.column_layer import Columns
from chainrule.equations import Equation, Ref
from chainrule.errors import FormulaError, InputError, shown, unknown
from chainrule.initializers import Init, as_init
from chainrule.parsing import parse_program
from chainrule.ranges import check_number, check_yes_no, whole

__all__ = [
    "ACTIVATIONS",
    "LAYERS",
    "AnyLayer",
    "BatchNorm",
    "Columns",
    "Dense",
    "Dropout",
    "Layer",
    "LayerNorm",
    "Residual",
]

# Names that networks and other layers number by themselves.
_TAKEN = {"drop", "mask", "r", "clip", "norm"}
# The size at which a formula is tried where it is not known: no element that it picks is too far out.
_ANY_SIZE = 2**20
_BIASES = {"unit": " + b[j]", "layer": " + b", None: ""}


class AnyLayer(Protocol):
    """What a network needs of a layer."""

    def build(self, builder: Builder, x: Ref, output: str | None = None) -> Ref:
        """Add the layer's equations for the input `x`; return its output, named `output` if given."""
        ...

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that make the layer again, as JSON can hold them."""
        ...


def as_layers(what: str, given: Sequence[AnyLayer]) -> tuple[AnyLayer, ...]:
    """Return layers as a tuple; raises `InputError` if there is none, or something else among them."""
    layers = tuple(given) if isinstance(given, Sequence) else ()
    if not layers or any(not hasattr(layer, "build") or isinstance(layer, type) for layer in layers):
        raise InputError(f"{what} must be a list of layers, as in [Dense(2, 'sigmoid')], not {shown(given)}")
    return layers


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: ``z[n,j] = sum(i, x[n,i] * w[i,j]) + b[j]``, ``a = activation(z)``.

    Parameters
    ----------
    units : number of units; the weights have shape (inputs, units).
    activation : name, `Activation`, or its configuration. Default "identity".
    bias : "unit", one a unit, shape (units,); "layer", one for all, shape (); None.
    train_bias : False keeps the bias at its start value.
    init : initialiser of the weights; by default the one that suits the activation.
    bias_init : initialiser of the bias, default "zeros".

    Raises `InputError` for a size below 1 or an unknown name.

    >>> Dense(3, "tanh").units
    3
    """

    units: int
    activation: str | Activation = "identity"
    bias: Literal["unit", "layer"] | None = "unit"
    train_bias: bool = True
    init: Init | str | None = None
    bias_init: Init | str = "zeros"

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", whole("the units of a Dense layer", self.units))
        as_activation(self.activation)
        check_yes_no("train_bias", self.train_bias)
        if not isinstance(self.bias, str | None) or self.bias not in _BIASES:
            raise InputError(f"bias is 'unit' (one a unit), 'layer' (one for all) or None, not {shown(self.bias)}")
        as_init(self.bias_init)
        as_init(self.init or "zeros")

    def build(self, builder: Builder, x: Ref, output: str | None = None) -> Ref:
        """Add ``z`` and ``a``."""
        activation = as_activation(self.activation)
        parameters = {"w": as_init(self.init or activation.init)}
        if self.bias:
            parameters["b"] = as_init(self.bias_init)
        recipe = Recipe(
            formula=f"z[n,j] = sum(i, x[n,i] * w[i,j]){_BIASES[self.bias]}",
            origin=f"Dense({self.units}, {activation.name!r})",
            units=self.units,
            parameters=parameters,
            frozen=frozenset() if self.train_bias else frozenset("b"),
            activation=activation,
        )
        return builder.layer(recipe, x, output)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {
            "units": self.units,
            "activation": as_activation(self.activation).config,
            "bias": self.bias,
            "train_bias": self.train_bias,
            "init": _init_config(self.init),
            "bias_init": _init_config(self.bias_init),
        }


@dataclass(frozen=True)
class Dropout:
    """While training, each value is kept with probability 1 - `rate` and then divided by it, else 0.

    Srivastava et al. 2014, in the "inverted" form that leaves prediction alone. The masks come from
    `chainrule.draws`: the same on every engine. Raises `InputError` unless 0 <= rate < 1.
    """

    rate: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_number("the rate of Dropout", self.rate, least=0, below=1))

    def build(self, builder: Builder, x: Ref, output: str | None = None) -> Ref:
        """Add the product with a mask, or nothing but a name when not training."""
        training = builder.training
        recipe = Recipe(
            formula="drop[n,i] = x[n,i] * mask[n,i]" if training else "drop[n,i] = x[n,i]",
            origin=f"Dropout({self.rate})",
            mask=("mask", self.rate) if training else None,
            numbered=False,
        )
        return builder.layer(recipe, x, output)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {"rate": self.rate}


@dataclass(frozen=True)
class LayerNorm:
    """Each sample is brought to mean 0 and variance 1 over its units, then scaled and shifted.

    ``z[n,i] = scale[i] * (x[n,i] - mu[n]) / sqrt(var[n] + epsilon) + shift[i]`` (Ba, Kiros and Hinton
    2016), then the activation.
    """

    activation: str | Activation = "identity"
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        as_activation(self.activation)
        object.__setattr__(self, "epsilon", check_number("epsilon", self.epsilon, above=0))

    def build(self, builder: Builder, x: Ref, output: str | None = None) -> Ref:
        """Add mean, variance, ``z`` and ``a``."""
        recipe = Recipe(
            formula=f"""
                mu[n] = mean(i, x[n,i])
                q[n] = mean(i, (x[n,i] - mu[n])**2)
                z[n,i] = scale[i] * (x[n,i] - mu[n]) / sqrt(q[n] + {self.epsilon!r}) + shift[i]
            """,
            origin="LayerNorm",
            parameters={"scale": Init("constant", 1.0), "shift": Init("zeros")},
            activation=as_activation(self.activation),
        )
        return builder.layer(recipe, x, output)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {"activation": as_activation(self.activation).config, "epsilon": self.epsilon}


@dataclass(frozen=True)
class BatchNorm:
    """Each unit is brought to mean 0 and variance 1 over the batch, then scaled and shifted.

    Ioffe and Szegedy 2015. While training, ``mean`` and ``var`` follow the batches' mean and variance
    (divided by N) with weight `momentum` on the old value; otherwise they take the batch's place. Then the
    activation.
    """

    activation: str | Activation = "identity"
    momentum: float = 0.9
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        as_activation(self.activation)
        object.__setattr__(self, "epsilon", check_number("epsilon", self.epsilon, above=0))
        momentum = check_number("the momentum of BatchNorm", self.momentum, least=0, below=1)
        object.__setattr__(self, "momentum", momentum)

    def build(self, builder: Builder, x: Ref, output: str | None = None) -> Ref:
        """Add the batch's mean and variance, or the running ones, ``z`` and ``a``."""
        keep, take = self.momentum, round(1 - self.momentum, 12)
        normalised = "z[n,i] = scale[i] * (x[n,i] - {}[i]) / sqrt({}[i] + {!r}) + shift[i]"
        formula = f"""
            mu[i] = mean(n, x[n,i])
            q[i] = mean(n, (x[n,i] - mu[i])**2)
            mean[i] <- {keep!r} * mean[i] + {take!r} * mu[i]
            var[i] <- {keep!r} * var[i] + {take!r} * q[i]
            {normalised.format("mu", "q", self.epsilon)}
        """
        recipe = Recipe(
            formula=formula if builder.training else normalised.format("mean", "var", self.epsilon),
            origin="BatchNorm",
            parameters={"scale": Init("constant", 1.0), "shift": Init("zeros")},
            running={"mean": Init("zeros"), "var": Init("constant", 1.0)},
            activation=as_activation(self.activation),
        )
        return builder.layer(recipe, x, output)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        activation = as_activation(self.activation).config
        return {"activation": activation, "momentum": self.momentum, "epsilon": self.epsilon}


@dataclass(frozen=True)
class Residual:
    """Adds its input to what its layers make of it (He et al. 2016); both must have the same size."""

    layers: Sequence[AnyLayer]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", as_layers("the layers of Residual", self.layers))

    def build(self, builder: Builder, x: Ref, output: str | None = None) -> Ref:
        """Add the inner layers and the sum."""
        inner = x
        for layer in self.layers:
            inner = layer.build(builder, inner)
        if builder.size(inner) != builder.size(x):
            raise InputError(
                f"Residual adds its input of {builder.size(x)} units to {builder.size(inner)} units from its "
                f"last layer; give that layer {builder.size(x)}"
            )
        name = output or builder.free_name("r")
        target = Ref(name, inner.indices)
        result = builder.add(Equation(target, inner + Ref(x.name, inner.indices), origin="Residual"))
        builder.weighted, builder.last = result, None
        return result

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {"layers": [layer_config(layer) for layer in self.layers]}


@dataclass(frozen=True)
class Layer:
    """A layer as a formula, one equation on a line; ``x[n,i]`` is its input, its last equation the output.

    Names are numbered with the layer (``u`` becomes ``u1``), indices take the letters of the program.

    Parameters
    ----------
    formula : the equations.
    parameters : for each parameter its initialiser; its shape follows from its indices.
    units : size of the output's index, where it does not follow from the input.

    Raises `FormulaError` where the formula does not fit.

    >>> Layer("gate[n,j] = sigmoid(sum(i, x[n,i] * u[i,j])) * x[n,j]", parameters={"u": "glorot"}).units
    """

    formula: str
    parameters: Mapping[str, Init | str] = field(default_factory=dict)
    units: int | None = None

    def __post_init__(self) -> None:
        if self.units is not None:
            object.__setattr__(self, "units", whole("units", self.units))
        named = isinstance(self.parameters, Mapping) and all(isinstance(name, str) for name in self.parameters)
        if not isinstance(self.formula, str) or not named:
            raise FormulaError("a Layer is a text of equations and a mapping of parameters to initialisers")
        # Whatever is wrong with the formula itself is said here, not when a network is made of it.
        builder = Builder(self.units or _ANY_SIZE, training=False)
        self.build(builder, builder.input)
        builder.program()

    def build(self, builder: Builder, x: Ref, output: str | None = None) -> Ref:
        """Add the equations."""
        equations = parse_program(self.formula, self._origin)
        for equation in equations:
            if equation.update:
                raise FormulaError(f"{self._origin}: '{equation}' writes a state, and a formula has none")
        for name in (*self.parameters, *(equation.target.name for equation in equations)):
            if not name.isalpha() or name in _TAKEN:
                raise FormulaError(
                    f"{self._origin}: {name!r} cannot name an array here; take letters only, since the layer's number "
                    f"is added, and none of {', '.join(sorted(_TAKEN))}"
                )
        recipe = Recipe(
            formula=self.formula,
            origin=self._origin,
            units=self.units,
            parameters={name: as_init(init) for name, init in self.parameters.items()},
        )
        return builder.layer(recipe, x, output)

    @property
    def _origin(self) -> str:
        return f"Layer({self.formula.strip()!r})"

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        inits = {name: _init_config(init) for name, init in self.parameters.items()}
        return {"formula": self.formula, "parameters": inits, "units": self.units}


LAYERS: dict[str, type] = {
    cls.__name__: cls for cls in (Dense, Columns, Dropout, LayerNorm, BatchNorm, Residual, Layer)
}


def layer_config(layer: AnyLayer) -> dict[str, Any]:
    """Return a layer as JSON can hold it; `layer_from` makes it again.

    Raises `InputError` for a layer of a class of one's own, which nothing could make again.
    """
    if LAYERS.get(type(layer).__name__) is not type(layer):
        raise InputError(f"a {type(layer).__name__} is no layer of chainrule and cannot be saved; write it as a Layer")
    return {"type": type(layer).__name__, **layer.config}


def layer_from(config: Mapping[str, Any]) -> AnyLayer:
    """Make a layer of its configuration; raises `InputError` for an unknown type or argument."""
    arguments = dict(config)
    kind = arguments.pop("type", None)
    if kind not in LAYERS:
        raise unknown("layer", kind, LAYERS)
    if isinstance(arguments.get("activation"), dict):
        arguments["activation"] = as_activation(arguments["activation"])
    if "layers" in arguments:
        arguments["layers"] = tuple(layer_from(inner) for inner in arguments["layers"])
    for key in ("init", "bias_init"):
        if isinstance(arguments.get(key), dict):
            arguments[key] = Init(**arguments[key])
    if kind == "Layer":
        given = arguments.get("parameters", {})
        arguments["parameters"] = {n: Init(**i) if isinstance(i, dict) else i for n, i in given.items()}
    try:
        layer: AnyLayer = LAYERS[kind](**arguments)
    except TypeError as error:
        raise InputError(f"the layer {kind} cannot be made: {error}") from None
    return layer


def _init_config(init: Init | str | None) -> str | dict[str, Any] | None:
    return {"method": init.method, "value": init.value} if isinstance(init, Init) else init
