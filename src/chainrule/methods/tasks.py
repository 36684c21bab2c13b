"""Tasks to race on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import InputError
from chainrule.methods.race import Task

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer

XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
XOR_GOAL, DIGITS_GOAL, EXAMPLE_GOAL = 0.005, 0.1, 1e-3
OWN = ("xor", "digits")


def xor(seed: int = 0) -> Task:
    """Return exclusive or for a 2-4-1 network of tanh and sigmoid with half the squared error.

    The goal, a cost of 0.005, is an output that is wrong by 0.1 on average.
    """
    from chainrule import Adam, Dense, Network

    net = Network(2, [Dense(4, "tanh"), Dense(1, "sigmoid")], seed=seed, dtype="float64")
    return Task("xor", net, *XOR, Adam(0.05), XOR_GOAL)


def digits(seed: int = 0) -> Task:
    """Return scikit-learn's 1,797 handwritten digits for a 64-16-10 network with cross-entropy, all at once.

    The goal is a cost of 0.1.
    """
    from sklearn.datasets import load_digits

    from chainrule import Adam, Dense, Network

    data = load_digits()
    net = Network(64, [Dense(16, "tanh"), Dense(10, "softmax")], loss="cross_entropy", seed=seed)
    return Task("digits", net, np.asarray(data.data) / 16, np.asarray(data.target), Adam(0.01), DIGITS_GOAL)


def example(name: str) -> Task:
    """Return a published example with its start values and its learning rate; the goal is a cost of 1e-3."""
    from chainrule.examples.running import example_named

    chosen = example_named(name)
    setup, settings = chosen.set_up(), chosen.fit_settings()
    return Task(name, setup.net, setup.x, setup.t, settings["optimizer"], EXAMPLE_GOAL)


def of_network(name: str, net: Network, x: Any, t: Any, optimizer: Optimizer, seed: int) -> Task:
    """Return a task for a network of any kind, which starts anew; its goal is a tenth of the cost at its start.

    Raises `InputError` if that cost is not finite.
    """
    fresh = net.twin(seed)
    cost = fresh.loss(x, t)
    if not np.isfinite(cost):
        raise InputError(
            f"from start weights of the seed {seed} the cost of {name} is {cost:g}, from which none can race"
        )
    return Task(name, fresh, x, t, optimizer, cost / 10)
