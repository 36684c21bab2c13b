"""How what the documents claim without figures is measured: by hand, beside the network's own values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp
from typing import Any

import numpy as np

from chainrule.examples.records import Setup, evaluate

Matrix = list[list[float]]
Layers = list[tuple[Matrix, list[float]]]

MU = 0.9


def difference(ours: str, theirs: str) -> Callable[[Setup], float]:
    """Return the measure of how far two expressions in the network's named values are apart."""

    def measure(setup: Setup) -> float:
        values = setup.values()
        return apart(evaluate(ours, values), evaluate(theirs, values))

    return measure


def not_passed_between(first: int, second: int, figures: Mapping[str, str]) -> Callable[[Setup], float]:
    """Return the measure of how many printed figures do not lie between the values after two numbers of updates."""

    def measure(setup: Setup) -> float:
        setup.train(first)
        before = setup.values()
        setup.train(second - first)
        after = setup.values()
        values = {value: sorted((evaluate(value, before), evaluate(value, after))) for value in figures}
        return sum(not values[value][0] < float(figure) < values[value][1] for value, figure in figures.items())

    return measure


def apart(ours: Any, theirs: Any) -> float:
    """Return the largest difference between the elements of two arrays.

    >>> apart([1.0, 2.0], [1.0, 2.5])
    0.5
    """
    return float(np.max(np.abs(np.asarray(ours) - np.asarray(theirs))))


def sigmoid(x: float) -> float:
    """Return 1 / (1 + e^-x).

    >>> sigmoid(0.0)
    0.5
    """
    return 1 / (1 + exp(-x))


def miss_after_training(setup: Setup) -> float:
    """Train for the example's epochs, and return how far the farthest output is from its target."""
    setup.train(setup.example.epochs)
    return apart(setup.net.predict(setup.x), setup.t)


def one_epoch_by_hand(setup: Setup) -> float:
    """Learn one sample after the other, unit by unit, and compare all weights and biases after an epoch."""
    example, trained = setup.example, setup.net.parameters
    numbers = range(1, len(example.sizes))
    layers: Layers = [(trained[f"w{k}"].tolist(), trained[f"b{k}"].tolist()) for k in numbers]
    for inputs, targets in zip(setup.x.tolist(), setup.t.tolist(), strict=True):
        _learn(layers, inputs, targets, example.rate, example.bias_rate or example.rate)
    setup.train(1)
    return max(
        max(apart(w, trained[f"w{k}"]), apart(b, trained[f"b{k}"])) for k, (w, b) in zip(numbers, layers, strict=True)
    )


def _learn(layers: Layers, inputs: list[float], targets: list[float], rate: float, bias_rate: float) -> None:
    """Update all weights and biases in place by one sample."""
    outputs = [inputs]
    for w, b in layers:
        came = outputs[-1]
        outputs.append([sigmoid(sum(came[i] * w[i][j] for i in range(len(w))) + b[j]) for j in range(len(b))])
    deltas: Matrix = []
    slopes = [y - t for y, t in zip(outputs[-1], targets, strict=True)]
    for (w, _), y in zip(reversed(layers), reversed(outputs[1:]), strict=True):
        delta = [s * out * (1 - out) for s, out in zip(slopes, y, strict=True)]
        slopes = [sum(row[j] * delta[j] for j in range(len(delta))) for row in w]
        deltas.insert(0, delta)
    # Only now, for the deltas are those of the weights of the forward pass.
    for (w, b), came, delta in zip(layers, outputs[:-1], deltas, strict=True):
        for j, d in enumerate(delta):
            b[j] -= bias_rate * d
            for i, row in enumerate(w):
                row[j] -= rate * d * came[i]


def update_rule(setup: Setup) -> float:
    """Compare every weight and bias after one update with w - alpha dE/dw."""
    names = list(setup.net.parameters)
    before = setup.values()
    setup.train(1)
    alpha = setup.example.rate
    return max(apart(before[p] - alpha * before[f"d_{p}"], setup.net.parameters[p]) for p in names)


def first_layer_by_paths(setup: Setup) -> float:
    """Compare dJ/dw1[i,j] with the product along its own y_j and x_i, summed over the paths k."""
    ends = _path_ends(setup)
    return apart(setup.values()["d_w1"], [[x * end for end in ends] for x in setup.x[0].tolist()])


def first_layer_as_printed(setup: Setup) -> float:
    """Compare dJ/dw1[i,j] with the printed formula, which sums over all y_j and all x_i."""
    return apart(setup.values()["d_w1"], sum(setup.x[0].tolist()) * sum(_path_ends(setup)))


def _path_ends(setup: Setup) -> list[float]:
    """Return of each first hidden unit j all factors of dJ/dw1[i,j] but the last, x_i."""
    v = setup.values()
    y, z, (p,), (a,) = (v[name][0].tolist() for name in ("a1", "a2", "y", "t"))
    w2, w3 = v["w2"].tolist(), v["w3"][:, 0].tolist()
    return [
        (p - a) * p * (1 - p)
        * sum(w3[k] * z[k] * (1 - z[k]) * w2[j][k] for k in range(len(z)))
        * y[j] * (1 - y[j])
        for j in range(len(y))
    ]  # fmt: skip


def equal_units(setup: Setup) -> float:
    """Start from equal weights, train, and return how far the hidden units' weights have come apart."""
    net = setup.net
    net.set_parameters({name: np.full(value.shape, 0.5) for name, value in net.parameters.items()})
    setup.train(setup.example.epochs)
    return max(float(np.ptp(net.parameters[name], axis=1).max()) for name in ("w1", "w2"))


def momentum_by_hand(setup: Setup) -> float:
    """Compare some steps of Momentum with V := mu V - alpha dJ/dW, W := W + V."""
    from chainrule import Momentum

    alpha, steps = setup.example.rate, 5
    hand = setup.example.set_up().net
    velocity: dict[str, Any] = dict.fromkeys(hand.parameters, 0.0)
    for _ in range(steps):
        slopes = hand.gradients(setup.x, setup.t)
        velocity = {name: MU * v - alpha * slopes[name] for name, v in velocity.items()}
        hand.set_parameters({name: w + velocity[name] for name, w in hand.parameters.items()})
    settings = {**setup.example.fit_settings(), "optimizer": Momentum(alpha, MU)}
    setup.net.fit(setup.x, setup.t, epochs=steps, **settings)
    return max(apart(w, setup.net.parameters[name]) for name, w in hand.parameters.items())
