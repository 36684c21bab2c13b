"""Lines of a worked example evaluated as they are printed, in intervals: a rounded number is all that rounds to it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

POWER = r"10\^(?:\((−\d+)\)|(\d+))"
NUMBER = re.compile(rf"(\d+(?:\.\d+)?)(?: · {POWER})?(?![.\d])|{POWER}")
_JUXTAPOSED = re.compile(r"(?<=[\w)]) (?=\()")


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`."""

    low: float
    high: float

    @staticmethod
    def of(value: Any) -> Interval:
        return value if isinstance(value, Interval) else Interval(float(value), float(value))

    def __add__(self, other: Any) -> Interval:
        other = Interval.of(other)
        return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Any) -> Interval:
        return self + -Interval.of(other)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __mul__(self, other: Any) -> Interval:
        other = Interval.of(other)
        corners = [_times(one, two) for one in (self.low, self.high) for two in (other.low, other.high)]
        return Interval(min(corners), max(corners))

    def __truediv__(self, other: Any) -> Interval:
        other = Interval.of(other)
        if other.low <= 0 <= other.high:
            return Interval(-math.inf, math.inf)
        return self * Interval(1 / other.high, 1 / other.low)

    def __pow__(self, other: Any) -> Interval:
        power = Interval.of(other)
        if self.low > 0:
            corners = [_raised(one, two) for one in (self.low, self.high) for two in (power.low, power.high)]
            return Interval(min(corners), max(corners))
        corners = [one**power.low for one in (self.low, self.high)]
        low = 0.0 if power.low % 2 == 0 and self.low <= 0 <= self.high else min(corners)
        return Interval(low, max(corners))

    def __radd__(self, other: Any) -> Interval:
        return Interval.of(other) + self

    def __rsub__(self, other: Any) -> Interval:
        return Interval.of(other) - self

    def __rmul__(self, other: Any) -> Interval:
        return Interval.of(other) * self

    def __rtruediv__(self, other: Any) -> Interval:
        return Interval.of(other) / self

    def holds(self, value: float, slack: float) -> bool:
        return self.low - slack <= value <= self.high + slack


def _times(one: float, other: float) -> float:
    return 0.0 if 0.0 in (one, other) else one * other


def _raised(base: float, power: float) -> float:
    try:
        return float(base**power)
    except OverflowError:
        return math.inf


def rising(function: Callable[[float], float]) -> Callable[[Any], Interval]:
    """Return a function that rises everywhere, for intervals."""

    def apply(x: Any) -> Interval:
        x = Interval.of(x)
        return Interval(function(x.low), function(x.high))

    return apply


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _abs(x: Any) -> Interval:
    x = Interval.of(x)
    sizes = abs(x.low), abs(x.high)
    return Interval(0.0 if x.low <= 0 <= x.high else min(sizes), max(sizes))


def _largest(*args: Any) -> Interval:
    parts = [Interval.of(arg) for arg in args]
    return Interval(max(part.low for part in parts), max(part.high for part in parts))


def _smallest(*args: Any) -> Interval:
    parts = [Interval.of(arg) for arg in args]
    return Interval(min(part.low for part in parts), min(part.high for part in parts))


FUNCTIONS = {
    "EULER": Interval(math.e, math.e),
    "ln": rising(_log),
    "sqrt": rising(lambda x: math.sqrt(max(x, 0.0))),
    "tanh": rising(math.tanh),
    "arctan": rising(math.atan),
    "relu": rising(lambda x: max(x, 0.0)),
    "σ": rising(lambda x: 1 / (1 + math.exp(-x)) if x > -700 else 0.0),
    "softplus": rising(lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x)))),
    "erf": rising(math.erf),
    "sinh": rising(lambda x: math.sinh(max(min(x, 700), -700))),
    "cosh": lambda x: rising(lambda size: math.cosh(min(size, 700)))(_abs(x)),
    "abs": _abs,
    "max": _largest,
    "min": _smallest,
}


def evaluate(text: str, uncertainty: Callable[[str], float]) -> Interval | None:
    """Return what a line of numbers may amount to; None if it says more than arithmetic, such as a condition."""
    if re.search(r"[\[\]<>≤≥=≠?∞_∑]|NaN| if |sign", text):
        return None
    code = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    code = re.sub(r"\be\^", "EULER^", code).replace("√(", "sqrt(")
    code = NUMBER.sub(lambda found: _number(found, uncertainty), code)
    code = _JUXTAPOSED.sub("*", code).replace("−", "-").replace("·", "*").replace("^", "**")
    return Interval.of(eval(code, {"__builtins__": {}, "Interval": Interval, **FUNCTIONS}))


def _number(found: re.Match[str], uncertainty: Callable[[str], float]) -> str:
    digits, *powers = found.groups()
    power = next(filter(None, powers), "")
    text = (digits or "1") + (f"e{power.replace('−', '-')}" if power else "")
    value = float(text)
    # A whole number may be one of the formula's own, which is exact; a rounded one has decimals.
    around = 0.0 if "." not in text and "e" not in text else uncertainty(text)
    return f"Interval({value - around!r}, {value + around!r})"
