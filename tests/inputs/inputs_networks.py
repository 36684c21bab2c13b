"""Networks for the tests of inputs: random smooth ones with classes, and one that knows the digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from random_networks import randomise

SMOOTH = ("tanh", "sigmoid", "softplus", "gelu")


@dataclass(frozen=True)
class Case:
    net: cr.Network
    x: Any
    labels: Any


@st.composite
def classifiers(draw: st.DrawFn, activations: tuple[str, ...] = SMOOTH, dtype: str = "float64") -> Case:
    """A random network with classes, and samples with the labels it gives them."""
    inputs, classes, rows = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 5))
    layers: list[Any] = []
    for _ in range(draw(st.integers(0, 2))):
        hidden = cr.Dense(draw(st.integers(2, 6)), draw(st.sampled_from(activations)))
        layers.append(draw(st.sampled_from([hidden, cr.LayerNorm("tanh"), cr.BatchNorm(), cr.Dropout(0.5)])))
    last, loss = ("sigmoid", "binary_cross_entropy") if classes == 1 else ("softmax", "cross_entropy")
    net = cr.Network(inputs, [*layers, cr.Dense(classes, last)], loss, dtype=dtype)
    random = np.random.default_rng(draw(st.integers(0, 9999)))
    randomise(net, random)
    x = random.normal(0, 1, (rows, inputs))
    y = net.predict(x)
    return Case(net, x, (y[:, 0] > 0.5).astype(int) if classes == 1 else y.argmax(axis=1))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@cache
def digits() -> tuple[cr.Network, Any]:
    """The network of the command line, and its data."""
    from chainrule.cli import digits

    data = digits.load()
    return digits.train(data, seed=0), data
