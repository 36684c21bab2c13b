"""Deep networks for the experiments with gradients, and the norm of each layer's gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.data import FloatArray
from chainrule.history import norm
from chainrule.initializers import Init
from chainrule.layers import Dense
from chainrule.network import Network

if TYPE_CHECKING:
    from chainrule.losses import Loss

WIDTH = 16


def deep(depth: int, activation: str, loss: Loss | str, last: str, seed: int, dtype: str) -> Network:
    """Return a network of `depth` Dense layers: hidden ones of `WIDTH` units, and one output."""
    hidden = [Dense(WIDTH, activation) for _ in range(depth - 1)]
    return Network(2, [*hidden, Dense(1, last)], loss, dtype=dtype, seed=seed)


def start_from(net: Network, init: Init, factor: float = 1.0) -> None:
    """Draw the weights of all layers anew from the network's seed, times `factor`; biases become 0."""
    for number, (name, values) in enumerate(net.parameters.items()):
        drawn = factor * init.draw(np.random.default_rng([net.seed, number]), values.shape)
        net.set_parameters({name: drawn if values.ndim > 1 else np.zeros_like(values)})


def layer_norms(net: Network, x: FloatArray, t: FloatArray) -> FloatArray:
    """Return for each layer the Euclidean norm of its gradient, weights and bias together."""
    gradients = list(net.gradients(x, t).values())
    return np.array([norm(*gradients[k : k + 2]) for k in range(0, len(gradients), 2)])
