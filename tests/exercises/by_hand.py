"""A student: one training step by NumPy, from the formulas of a textbook, with a slip, or rounding on the way.

It knows the units' names and nothing of the package but the exercise's start values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

ACTIVATIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "identity": (lambda z: z, np.ones_like),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: z * (z > 0), lambda z: (z > 0) * 1.0),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1, 0.01)),
}
LOSSES: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "half_squared_error": (lambda y, t: (y - t) ** 2 / 2, lambda y, t: y - t),
    "squared_error": (lambda y, t: (y - t) ** 2, lambda y, t: 2 * (y - t)),
    "binary_cross_entropy": (
        lambda y, t: -t * np.log(y) - (1 - t) * np.log(1 - y),
        lambda y, t: (y - t) / (y * (1 - y)),
    ),
}
SLIPS = ("bias", "slope", "last slope", "sign", "updated weights", "input")
Numbers = dict[str, float]


def calculate(
    exercise: Any,
    digits: int | None = None,
    slip: str = "",
    errors: Mapping[str, float] | None = None,
) -> Numbers:
    """Return all numbers by their names on the sheet.

    Each is rounded to `digits` significant digits before it is used; one of `errors` is off by so much.
    """
    return _Student(exercise, digits, slip, errors or {}).numbers


class _Student:
    def __init__(self, exercise: Any, digits: int | None, slip: str, errors: Mapping[str, float]):
        self.digits, self.slip, self.errors, self.rate = digits, slip, errors, exercise.optimizer.rate
        net = exercise.net
        self.activations = [layer.activation.name for layer in net.architecture.layers]
        self.last = len(self.activations)
        self.w = [np.array(net.parameters[f"w{layer}"]) for layer in range(1, self.last + 1)]
        self.b = [np.array(net.parameters[f"b{layer}"]) for layer in range(1, self.last + 1)]
        self.cost, self.slope = LOSSES[net.architecture.loss.name]
        self.x, self.t = exercise.x[0], exercise.t[0]
        self.numbers: Numbers = {}
        self._forward()
        self._backward()
        self._update()

    def _write(self, names: list[str], values: Any) -> Any:
        written = []
        for name, value in zip(names, np.ravel(values, order="F"), strict=True):
            value = float(value) + self.errors.get(name, 0)
            self.numbers[name] = value if self.digits is None else float(f"{value:.{self.digits}g}")
            written.append(self.numbers[name])
        return np.reshape(written, np.shape(values), order="F")

    def _units(self, sign: str, layer: int) -> list[str]:
        kind = "o" if layer == self.last else "h" if self.last == 2 else f"h{layer}_"
        return [f"{sign}_{kind}{j + 1}" for j in range(self.w[layer - 1].shape[1])]

    def _counted(self, sign: str, arrays: list[Any], layer: int) -> list[str]:
        before = sum(array.size for array in arrays[: layer - 1])
        return [f"{sign}{before + k + 1}" for k in range(arrays[layer - 1].size)]

    def _forward(self) -> None:
        self.z, self.a = [], [self.x]
        for layer, (w, b, activation) in enumerate(zip(self.w, self.b, self.activations, strict=True), start=1):
            z = self.a[-1] @ w + (0 if self.slip == "bias" else b)
            self.z.append(self._write(self._units("z", layer), z))
            self.a.append(self._write(self._units("a", layer), ACTIVATIONS[activation][0](self.z[-1])))
        self._write(["E"], np.array([np.sum(self.cost(self.a[-1], self.t))]))

    def _backward(self) -> None:
        outer = self.slope(self.a[-1], self.t)
        self.d_w, self.d_b = [], []
        for layer in range(self.last, 0, -1):
            slope = self._slope(layer)
            delta = self._write(self._units("dE/dz", layer), outer * slope)
            came = np.ones_like(self.a[layer - 1]) if self.slip == "input" else self.a[layer - 1]
            d_w = self._write(self._counted("dE/dw", self.w, layer), np.outer(came, delta))
            self.d_w.insert(0, d_w)
            self.d_b.insert(0, self._write(self._counted("dE/db", self.b, layer), delta))
            weights = self.w[layer - 1]
            outer = (weights - self.rate * d_w if self.slip == "updated weights" else weights) @ delta

    def _slope(self, layer: int) -> Any:
        if self.slip == ("last slope" if layer == self.last else "slope"):
            return 1
        return self._slope_of(self.activations[layer - 1], self.z[layer - 1], self.a[layer])

    @staticmethod
    def _slope_of(activation: str, z: Any, a: Any) -> Any:
        """Return the derivative by the output, as one does by hand, where there is such a formula."""
        by_output = {"sigmoid": lambda: a * (1 - a), "tanh": lambda: 1 - a**2}
        return by_output[activation]() if activation in by_output else ACTIVATIONS[activation][1](z)

    def _update(self) -> None:
        sign = 1 if self.slip == "sign" else -1
        for layer in range(1, self.last + 1):
            for name, old, new in (("w", self.w, self.d_w), ("b", self.b, self.d_b)):
                changed = old[layer - 1] + sign * self.rate * new[layer - 1]
                self._write(self._counted(f"new {name}", old, layer), changed)


def written(numbers: Numbers, digits: int) -> dict[str, str]:
    """Return numbers as they stand on a sheet."""
    return {name: f"{value:.{digits}g}" for name, value in numbers.items()}
