"""Each optimiser's update by hand: from a parameter, its gradient and the step to the new parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Update = Callable[[Any, Any, float, int], Any]


class ByHand:
    """The updates of one parameter; `kept` is what an optimiser remembers from step to step."""

    def __init__(self, **numbers: float):
        self.numbers = numbers
        self.kept: dict[str, Any] = {}

    def __call__(self, w: Any, g: Any, rate: float, step: int) -> Any:
        return w + self.change(w, g, rate, step)

    def averaged(self, name: str, old_share: float, new: Any) -> Any:
        self.kept[name] = old_share * self.kept.get(name, np.zeros_like(new)) + new
        return self.kept[name]

    def change(self, w: Any, g: Any, rate: float, step: int) -> Any:
        raise NotImplementedError


class GradientDescent(ByHand):
    def change(self, w: Any, g: Any, rate: float, step: int) -> Any:
        return -rate * g


class Momentum(ByHand):
    def change(self, w: Any, g: Any, rate: float, step: int) -> Any:
        return self.averaged("velocity", self.numbers.get("momentum", 0.9), -rate * g)


class Nesterov(ByHand):
    """The parameters stand where the velocity leads to; the published form keeps them one step behind."""

    def change(self, w: Any, g: Any, rate: float, step: int) -> Any:
        mu = self.numbers.get("momentum", 0.9)
        behind = w - mu * self.kept.get("velocity", np.zeros_like(g))
        behind = behind + self.averaged("velocity", mu, -rate * g)
        return behind + mu * self.kept["velocity"] - w


class Adagrad(ByHand):
    def change(self, w: Any, g: Any, rate: float, step: int) -> Any:
        return -rate * g / (np.sqrt(self.averaged("squares", 1, g * g)) + self.numbers.get("epsilon", 1e-8))


class RMSprop(ByHand):
    def change(self, w: Any, g: Any, rate: float, step: int) -> Any:
        rho = self.numbers.get("decay", 0.9)
        squares = self.averaged("squares", rho, (1 - rho) * g * g)
        return -rate * g / (np.sqrt(squares) + self.numbers.get("epsilon", 1e-8))


class Adam(ByHand):
    def change(self, w: Any, g: Any, rate: float, step: int) -> Any:
        b1, b2 = self.numbers.get("beta1", 0.9), self.numbers.get("beta2", 0.999)
        mean = self.averaged("mean", b1, (1 - b1) * g) / (1 - b1**step)
        square = self.averaged("square", b2, (1 - b2) * g * g) / (1 - b2**step)
        return -rate * mean / (np.sqrt(square) + self.numbers.get("epsilon", 1e-8))


class AdamW(Adam):
    """Biases (no axis or one) do not decay."""

    def change(self, w: Any, g: Any, rate: float, step: int) -> Any:
        decay = self.numbers.get("weight_decay", 0.01) if np.ndim(w) == 2 else 0
        return super().change(w, g, rate, step) - rate * decay * w
