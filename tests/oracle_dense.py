"""Backpropagation through Dense layers by hand, in plain loops over NumPy arrays; nothing of chainrule.

It follows the textbook: weighted inputs and activations forward, then the delta of each layer from the last
to the first (Rumelhart, Hinton and Williams 1986).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any
Parameters = dict[str, Array]


def activate(name: str, z: Array) -> Array:
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    if name == "sigmoid":
        return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
    return {"tanh": np.tanh, "relu": lambda v: np.where(v > 0, v, 0.0), "identity": lambda v: v}[name](z)


def slope(name: str, z: Array) -> Array:
    """The derivative of an activation that acts on each unit alone."""
    if name == "sigmoid":
        return activate("sigmoid", z) * activate("sigmoid", -z)
    if name == "tanh":
        return 1 / np.cosh(z) ** 2
    return np.where(z > 0, 1.0, 0.0) if name == "relu" else np.ones_like(z)


def forward(layers: list[str], parameters: Parameters, x: Array) -> tuple[list[Array], list[Array]]:
    """Return the weighted inputs of each layer, and the activations with `x` in front."""
    weighted, activations = [], [np.asarray(x, float)]
    for number, name in enumerate(layers, start=1):
        rows, w = activations[-1], parameters[f"w{number}"]
        z = np.zeros((len(rows), w.shape[1]))
        for n in range(len(rows)):
            for j in range(w.shape[1]):
                z[n, j] = math.fsum(rows[n, i] * w[i, j] for i in range(w.shape[0]))
        weighted.append(z + parameters.get(f"b{number}", 0.0))
        activations.append(activate(name, weighted[-1]))
    return weighted, activations


def costs(loss: str, y: Array, t: Array) -> Array:
    """The cost of each sample."""
    if loss == "cross_entropy":
        return -(t * np.log(y)).sum(axis=1)
    return ((y - t) ** 2).sum(axis=1) / (2 if loss == "half_squared_error" else 1)


def shares(rows: int, weight: Array | None, reduction: str) -> Array:
    """How much of each sample's cost is in the batch's."""
    s = np.ones(rows) if weight is None else np.asarray(weight, float)
    return s if reduction == "sum" else s / s.sum()


def cost(
    layers: list[str],
    loss: str,
    parameters: Parameters,
    x: Array,
    t: Array,
    weight: Any = None,
    reduction: str = "mean",
) -> float:
    y = forward(layers, parameters, x)[1][-1]
    return float(math.fsum(shares(len(y), weight, reduction) * costs(loss, y, t)))


def gradients(
    layers: list[str],
    loss: str,
    parameters: Parameters,
    x: Array,
    t: Array,
    weight: Any = None,
    reduction: str = "mean",
) -> Parameters:
    """Return dE/d(parameter) by name, and dE/dx as ``"x"``."""
    weighted, activations = forward(layers, parameters, x)
    y, share = activations[-1], shares(len(x), weight, reduction)[:, None]
    if loss == "cross_entropy":  # after softmax
        delta = share * (y - t)
    else:
        factor = 1 if loss == "half_squared_error" else 2
        delta = share * factor * (y - t) * slope(layers[-1], weighted[-1])
    found: Parameters = {}
    for number in range(len(layers), 0, -1):
        before, w = activations[number - 1], parameters[f"w{number}"]
        d_w = np.zeros_like(w)
        for i in range(w.shape[0]):
            for j in range(w.shape[1]):
                d_w[i, j] = math.fsum(before[:, i] * delta[:, j])
        found[f"w{number}"] = d_w
        if f"b{number}" in parameters:
            one_a_unit = np.ndim(parameters[f"b{number}"]) == 1
            found[f"b{number}"] = delta.sum(axis=0) if one_a_unit else delta.sum()
        back = np.zeros_like(before)
        for n in range(len(before)):
            for i in range(w.shape[0]):
                back[n, i] = math.fsum(delta[n, :] * w[i, :])
        delta = back if number == 1 else back * slope(layers[number - 2], weighted[number - 2])
    return {**found, "x": delta}
