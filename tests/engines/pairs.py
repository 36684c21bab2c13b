"""A network, its data and how it is trained: the same training for any engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import chainrule as cr

ROWS = 50
X = np.random.default_rng(5).normal(size=(ROWS, 4))
WIDE_X = np.random.default_rng(6).normal(size=(ROWS, 20))
WEIGHTS = np.random.default_rng(7).uniform(0.2, 2, ROWS)


def targets(kind: str, outputs: int, rows: int) -> Any:
    random = np.random.default_rng(8)
    match kind:
        case "probabilities":
            return random.uniform(size=(rows, outputs))
        case "distribution":
            return random.dirichlet(np.ones(outputs), rows)
        case "counts":
            return random.poisson(1.5, (rows, outputs))
    return random.normal(size=(rows, outputs))


@dataclass
class Setup:
    """Everything that a training is; targets are made for the loss unless they are given."""

    layers: list[Any]
    optimizer: cr.GradientDescent | Any = field(default_factory=lambda: cr.GradientDescent(0.1))
    loss: str | cr.Loss = "half_squared_error"
    x: Any = field(default_factory=lambda: X)
    t: Any = None
    network: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.t is None:
            net = self.net()
            self.t = targets(net.architecture.loss.targets, net.outputs, len(self.x))

    def net(self) -> cr.Network:
        """Return the network, each time the same."""
        settings = {"dtype": "float64", "seed": 3, **self.network}
        net = cr.Network(self.x.shape[1], self.layers, self.loss, **settings)
        net.vector += 0.1 * np.random.default_rng(1).normal(size=net.vector.size).astype(net.dtype)
        return net

    def fit(self, engine: str, **settings: Any) -> tuple[cr.Network, cr.History]:
        """Train a new network."""
        net = self.net()
        given = {"epochs": 2, "batch_size": 16, "threads": 1, **self.training, **settings}
        return net, net.fit(self.x, self.t, optimizer=self.optimizer, engine=engine, **given)
