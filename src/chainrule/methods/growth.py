"""How the cost of one gradient grows with the number of weights, measured."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.engines.choice import choose_engine
from chainrule.engines.standing import Engine
from chainrule.layers import Dense
from chainrule.methods.method import Method
from chainrule.network import Network
from chainrule.optimizers import GradientDescent
from chainrule.settings import Settings
from chainrule.threads import one_thread
from chainrule.trainer import Trainer

HIDDEN, ROWS = 3, 32
INPUTS = (1, 9, 31, 98, 331, 998, 3331, 9998, 33331)
"""With 3 hidden units and an output these are networks of 10, 34, 100, 301, 1000, 3001, ... and 100,000 weights."""
LARGE = 1000
"""From so many weights on the products of matrices take most of the time."""

_SECONDS = 0.2
_UNTIL_LARGE = 10**9


def weights_of(inputs: int) -> int:
    """Return the number of weights, biases among them.

    >>> weights_of(1), weights_of(33331)
    (10, 100000)
    """
    return (inputs + 1) * HIDDEN + HIDDEN + 1


@dataclass(frozen=True)
class Growth:
    """The seconds of one gradient by the number of weights, for one method."""

    method: str
    weights: tuple[int, ...]
    seconds: tuple[float, ...]

    def slope(self, least: int = 0) -> float:
        """Return the slope of log(seconds) against log(weights), of networks with at least so many weights.

        >>> round(Growth("any", (10, 100, 1000), (1.0, 100.0, 1e4)).slope(), 9)
        2.0
        """
        chosen = [pair for pair in zip(self.weights, self.seconds, strict=True) if pair[0] >= least]
        if len(chosen) < 2:
            return math.nan
        logs = np.log(np.array(chosen))
        return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def measure(
    methods: Sequence[Method], inputs: Sequence[int] = INPUTS, tell: Callable[[Method, int, float], None] | None = None
) -> list[Growth]:
    """Measure methods on networks of 3 hidden units (tanh) and an output, with 32 samples in float64.

    It is the processor's time on one thread, which other programs hardly change: that of one step, or the mean of as
    many as fit into a fifth of a second after the first. One network after the other is measured by all methods;
    `tell` is called with the method, the weights and the seconds of each.
    """
    found: list[list[float]] = []
    for width in inputs:
        found.append([])
        for method in methods:
            net = Network(width, [Dense(HIDDEN, "tanh"), Dense(1)], dtype="float64")
            found[-1].append(_seconds(net, method))
            if tell:
                tell(method, net.vector.size, found[-1][-1])
    weights = tuple(map(weights_of, inputs))
    return [
        Growth(method.name, weights, times) for method, times in zip(methods, zip(*found, strict=True), strict=True)
    ]


def _seconds(net: Network, method: Method) -> float:
    rng = np.random.default_rng(0)
    data = net.given(rng.normal(size=(ROWS, net.inputs)), rng.normal(size=(ROWS, net.outputs)))
    many = _UNTIL_LARGE
    settings = Settings(epochs=many, batch_size=None, log_every=many, engine="reference", method=method)
    engine, _ = choose_engine(Trainer(net, GradientDescent(1e-6), settings, data, None).training)
    with one_thread(), np.errstate(all="ignore"):
        return _step_seconds(engine)


def _step_seconds(engine: Engine) -> float:
    """Return the processor's time for one step: of many short ones, or of a single long one."""
    started = time.process_time()
    engine.advance(1)
    first = time.process_time() - started
    if first > _SECONDS:
        return first
    started, steps = time.process_time(), 0
    while not steps or time.process_time() - started < _SECONDS:
        steps += 1
        engine.advance(1 + steps)
    return (time.process_time() - started) / steps
