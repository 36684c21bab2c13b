"""Networks for the tests of inputs: random smooth ones with classes, one that knows the digits, ones for a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from hypothesis import strategies as st

import chainrule as cr
from chainrule import tables
from chainrule.recipes import recipe_of
from chainrule.styles import Style
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
    if draw(st.booleans()):
        layers.insert(0, cr.Columns(3, "tanh", numbers=draw(st.integers(0, inputs)), waves=2))
    last, loss = ("sigmoid", "binary_cross_entropy") if classes == 1 else ("softmax", "cross_entropy")
    net = cr.Network(inputs, [*layers, cr.Dense(classes, last)], loss, dtype=dtype)
    random = np.random.default_rng(draw(st.integers(0, 9999)))
    places = {name: value.copy() for name, value in net.parameters.items() if name.startswith("at")}
    randomise(net, random)
    net.set_parameters(places)  # these are whole numbers, and stay
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


@cache
def flats(encoding: str) -> tuple[cr.Network, tables.TableEncoder, pl.DataFrame]:
    """A table in which a flat is dear if it is large enough for its district and heating, with a model of it.

    "plain": numbers scaled, a place for each value of a category. "robust": numbers clipped, `heating` as one code,
    and the recipe's first layer, with waves of the numbers and learned rows of the codes.
    """
    random = np.random.default_rng(0)
    rooms, size = random.integers(1, 6, 300), random.uniform(20, 120, 300)
    district, heating = (
        random.choice(["centre", "edge"], 300),
        random.choice(["gas", "none", "oil", "pump", "wood"], 300),
    )
    built = [f"20{year:02d}-05-01" for year in random.integers(0, 24, 300)]
    least = np.where(district == "centre", 80, 120) + np.where(heating == "none", 30, 0)
    price = np.where(size + 15 * rooms > least, "dear", "cheap")
    columns = {"size": size, "rooms": rooms, "district": district, "heating": heating, "built": built, "price": price}
    frame, target = tables.recognise_target(pl.DataFrame(columns), "price")
    style = Style(robust=True, one_hot=2, codes=True) if encoding == "robust" else Style()
    encoder = tables.TableEncoder.fit(frame, target, style)
    recipe = recipe_of("default", "classes").changed(hidden=(16,))
    layers: list[Any] = [cr.Dense(8, "tanh"), cr.Dense(2, "softmax")]
    if encoding == "robust":
        layers = recipe.layers(encoder, 2, "softmax")
    net = cr.Network(len(encoder.input_names), layers, "cross_entropy")
    net.fit(encoder.inputs(frame), encoder.targets(frame), epochs=40, optimizer=cr.Adam(0.02), engine="reference")
    return net, encoder, frame
