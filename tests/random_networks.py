"""Random networks with everything a network can have, and a batch that fits each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import numpy as np

import chainrule as cr
from chainrule.activations import ACTIVATIONS
from chainrule.losses import LOSSES

SWISH = cr.Activation("swish", "x * sigmoid(slope * x)", slope=1.5)
CENTRED = cr.Activation("centred", "tanh(x - mean(x))")
LOG_COSH = cr.Loss("log_cosh", "log(cosh(y - t))")
FURTHEST = cr.Loss("furthest", "sum((y - t)**2) + max(y)")
GATE = "gate[n,j] = sigmoid(sum(i, x[n,i] * u[i,j]) + c[j]) * x[n,j]"
SCALED = "scaled[n,j] = v * x[n,j] / (1 + abs(x[n,j]))"

ALL_ACTIVATIONS = (*ACTIVATIONS, SWISH, CENTRED)
ALL_LOSSES = (*LOSSES, LOG_COSH, FURTHEST, cr.loss("cross_entropy", smoothing=0.1), cr.loss("huber", delta=0.3))


@dataclass(frozen=True)
class Case:
    """A network, a batch for it, and the mode to run it in."""

    net: cr.Network
    x: Any
    t: Any
    sample_weight: Any
    mode: dict[str, Any]


def last_activations(loss: str | cr.Loss) -> tuple[Any, ...]:
    """Return the activations that a last layer may have under this loss."""
    own = loss if isinstance(loss, cr.Loss) else LOSSES[loss]
    return own.activations or ALL_ACTIVATIONS


def targets(rng: np.random.Generator, loss: str | cr.Loss, rows: int, outputs: int) -> Any:
    """Return targets of the kind that the loss takes."""
    kind = (loss if isinstance(loss, cr.Loss) else LOSSES[loss]).targets
    if kind == "distribution":
        return rng.dirichlet(np.ones(outputs), rows)
    if kind == "probabilities":
        return rng.uniform(0, 1, (rows, outputs))
    if kind == "counts":
        return rng.poisson(1.5, (rows, outputs))
    return rng.normal(0, 1, (rows, outputs))


def randomise(net: cr.Network, rng: np.random.Generator) -> None:
    """Give every parameter and running mean a value of its own; none stays at 0 or 1."""
    net.set_parameters({name: rng.normal(0.2, 0.6, value.shape) for name, value in net.parameters.items()})
    net.set_states({name: rng.uniform(0.3, 1.5, value.shape) for name, value in net.states.items()})


@st.composite
def dense(draw: st.DrawFn, units: int | None = None, activation: Any = None) -> cr.Dense:
    """A Dense layer with any bias, perhaps frozen."""
    return cr.Dense(
        draw(st.integers(1, 4)) if units is None else units,
        draw(st.sampled_from(ALL_ACTIVATIONS)) if activation is None else activation,
        bias=draw(st.sampled_from(["unit", "layer", None])),
        train_bias=draw(st.booleans()),
    )


def norms(activation: Any = None) -> st.SearchStrategy[Any]:
    """Both normalisations."""
    activations = st.sampled_from(ALL_ACTIVATIONS) if activation is None else st.just(activation)
    return st.one_of(
        st.builds(cr.LayerNorm, activations, st.sampled_from([1e-5, 1e-2])),
        st.builds(cr.BatchNorm, activations, st.just(0.8), st.sampled_from([1e-5, 1e-2])),
    )


def same_width() -> st.SearchStrategy[Any]:
    """Layers that keep the number of units."""
    return st.one_of(
        st.sampled_from([0.2, 0.5]).map(cr.Dropout),
        norms(),
        st.just(cr.Layer(GATE, {"u": "glorot", "c": "zeros"})),
        st.just(cr.Layer(SCALED, {"v": "glorot"})),
    )


@st.composite
def residual(draw: st.DrawFn, width: int) -> cr.Residual:
    """A skip over one to three layers."""
    inner = draw(st.lists(st.one_of(same_width(), dense()), max_size=2))
    return cr.Residual([*inner, draw(dense(units=width))])


@st.composite
def layer_lists(draw: st.DrawFn, inputs: int, last: tuple[Any, ...], free: bool) -> list[Any]:
    """Layers up to an output with one of the activations `last`, or with any last layer if `free`."""
    layers: list[Any] = []
    width = inputs
    for _ in range(draw(st.integers(0, 3))):
        layer = draw(st.one_of(dense(), same_width(), residual(width)))
        width = getattr(layer, "units", None) or width
        layers.append(layer)
    ending = draw(st.sampled_from(last))
    end = st.one_of(dense(activation=ending), norms(ending))
    return [*layers, draw(st.one_of(end, same_width(), residual(width)) if free else end)]


@st.composite
def cases(draw: st.DrawFn, losses: tuple[Any, ...] = ALL_LOSSES, dtype: str = "float64") -> Case:
    """A random network with a random batch."""
    loss = draw(st.sampled_from(losses))
    inputs, rows = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    last = last_activations(loss)
    layers = draw(layer_lists(inputs, last, free=last == ALL_ACTIVATIONS))
    net = cr.Network(
        inputs,
        layers,
        loss,
        penalties=draw(st.sampled_from([(), (cr.L2(0.3),), (cr.L1(0.2),), (cr.L1(0.1), cr.L2(0.2))])),
        reduction=draw(st.sampled_from(["mean", "sum"])),
        dtype=dtype,
        seed=draw(st.integers(0, 99)),
    )
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    randomise(net, rng)
    x = rng.normal(0, 1, (rows, inputs))
    if draw(st.integers(0, 9)) == 0:
        x[0] = 0  # without a bias, a layer's weighted input is then exactly 0: at the kink of a relu
    weights = rng.uniform(0.2, 3, rows) if draw(st.booleans()) else None
    training = draw(st.booleans())
    mode = {"training": True, "step": draw(st.integers(1, 50))} if training else {}
    return Case(net, x, targets(rng, loss, rows, net.outputs), weights, mode)
