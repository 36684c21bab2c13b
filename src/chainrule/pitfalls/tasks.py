"""What the networks of the experiments learn, and training them from one look to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data import FloatArray

if TYPE_CHECKING:
    from chainrule.history import History
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer

RADIUS = float(np.sqrt(2 * np.log(2)))
"""Half of all points lie within this circle."""
RING = "100 points of a normal distribution in the plane; the target is 1 within the circle that holds half of them"


def ring(seed: int, samples: int = 100) -> tuple[FloatArray, FloatArray]:
    """Return points of the plane, shape (samples, 2), and 1 for each within the circle, else 0.

    >>> x, t = ring(seed=0)
    >>> x.shape, t.shape, sorted(set(t.tolist()))
    ((100, 2), (100,), [0.0, 1.0])
    """
    x = np.random.default_rng([seed, 100]).standard_normal((samples, 2))
    return x, (np.hypot(*x.T) < RADIUS).astype(np.float64)


def entropy(t: FloatArray) -> float:
    """Return the binary cross-entropy of the best constant output.

    >>> round(entropy(np.array([0.0, 1.0])), 3)
    0.693
    """
    share = float(t.mean())
    return float(-share * np.log(share) - (1 - share) * np.log(1 - share))


def train(
    net: Network, x: FloatArray, t: FloatArray, optimizer: Optimizer, updates: int, engine: str = "reference"
) -> History:
    """Train with all samples at once; raises `TrainingError` if the cost is no longer finite."""
    history = net.fit(x, t, optimizer=optimizer, epochs=updates, batch_size=None, progress=False, engine=engine)
    return history.whole()


def looks(
    net: Network, x: FloatArray, t: FloatArray, stops: Iterable[int], optimizer: Optimizer, engine: str = "reference"
) -> Iterator[int]:
    """Train, and hand over at each of the ascending numbers of updates.

    The optimiser must have no state, as gradient descent has none, since each stretch is a training of its own.
    """
    done = 0
    for stop in stops:
        if stop > done:
            train(net, x, t, optimizer, stop - done, engine)
        done = stop
        yield done


def spread(last: int, number: int) -> list[int]:
    """Return 0 and numbers of updates up to `last`, evenly spread on a logarithmic scale, each once.

    >>> spread(100, 5)
    [0, 1, 3, 10, 32, 100]
    """
    return [0, *sorted({round(value) for value in np.geomspace(1, last, number).tolist()})]
