"""The curvature of a cost: the Hessian of a small network, by differences of its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data import FloatArray
from chainrule.network import Network

STEP = 1e-5


def hessian(net: Network, x: Any, t: Any) -> FloatArray:
    """Return the second derivatives of the cost, shape (parameters, parameters), at the present parameters.

    Central differences of the gradient, for networks in float64; two gradients for each parameter.

    >>> from chainrule import Dense
    >>> net = Network(1, [Dense(1, bias=None)], dtype="float64")
    >>> hessian(net, [[3.0]], [0.0]).round(6)
    array([[9.]])
    """
    start = net.vector.copy()
    rows = []
    for k in range(start.size):
        sides = []
        for sign in (1, -1):
            net.vector[k] = start[k] + sign * STEP
            sides.append(gradient(net, x, t))
        net.vector[...] = start
        rows.append((sides[0] - sides[1]) / (2 * STEP))
    matrix = np.array(rows)
    return (matrix + matrix.T) / 2


def gradient(net: Network, x: Any, t: Any) -> FloatArray:
    """Return the gradient of all parameters in one vector, in the order of `Network.vector`."""
    return np.concatenate([values.ravel() for values in net.gradients(x, t).values()])


def curvatures(net: Network, x: Any, t: Any) -> FloatArray:
    """Return the eigenvalues of the Hessian in ascending order."""
    values: FloatArray = np.linalg.eigvalsh(hessian(net, x, t))
    return values
