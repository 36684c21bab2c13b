"""Learning-rate schedules: the rate at each update, counted from 1, of a training of `total` updates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from chainrule.ranges import check_number, whole

_RATE = "the learning rate"


class Schedule(Protocol):
    """A learning rate that changes while training."""

    def at(self, step: int, total: int) -> float:
        """Return the rate for update `step` (1 is the first) of `total`."""
        ...


@dataclass(frozen=True)
class Constant:
    """The same rate throughout.

    >>> Constant(0.5).at(7, total=10)
    0.5
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(_RATE, self.rate, least=0)

    def at(self, step: int, total: int) -> float:
        """Return the rate."""
        return self.rate


@dataclass(frozen=True)
class Step:
    """The rate is multiplied by `factor` after every `every` updates."""

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_number(_RATE, self.rate, least=0)
        check_number("factor", self.factor, least=0)
        whole("every", self.every)

    def at(self, step: int, total: int) -> float:
        """Return ``rate * factor ** ((step - 1) // every)``."""
        return self.rate * _power(self.factor, (step - 1) // self.every)


@dataclass(frozen=True)
class Exponential:
    """The rate is multiplied by `factor` at each update after the first."""

    rate: float
    factor: float

    def __post_init__(self) -> None:
        check_number(_RATE, self.rate, least=0)
        check_number("factor", self.factor, least=0)

    def at(self, step: int, total: int) -> float:
        """Return ``rate * factor ** (step - 1)``."""
        return self.rate * _power(self.factor, step - 1)


@dataclass(frozen=True)
class InverseScaling:
    """The rate falls with a power of the update's number; 0.5 suits gradient descent (Robbins and Monro 1951)."""

    rate: float
    power: float = 0.5

    def __post_init__(self) -> None:
        check_number(_RATE, self.rate, least=0)
        check_number("power", self.power, least=0)

    def at(self, step: int, total: int) -> float:
        """Return ``rate / step ** power``."""
        return self.rate * _power(step, -self.power)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from `rate` at the first update to `end` at the last (Loshchilov and Hutter 2017)."""

    rate: float
    end: float = 0.0

    def __post_init__(self) -> None:
        check_number(_RATE, self.rate, least=0)
        check_number("end", self.end, least=0)

    def at(self, step: int, total: int) -> float:
        """Return the rate on the cosine."""
        return _between(self.rate, self.end, (step - 1) / max(1, total - 1))


@dataclass(frozen=True)
class OneCycle:
    """Up to `rate` along a cosine for the `rise` part of all updates, then down (Smith and Topin 2018).

    It starts at ``rate / start_divisor`` and ends at ``rate / end_divisor``.
    """

    rate: float
    rise: float = 0.3
    start_divisor: float = 25.0
    end_divisor: float = 1e5

    def __post_init__(self) -> None:
        check_number(_RATE, self.rate, least=0)
        check_number("rise, a part of all updates,", self.rise, above=0, below=1)
        check_number("start_divisor", self.start_divisor, least=1)
        check_number("end_divisor", self.end_divisor, least=1)

    def at(self, step: int, total: int) -> float:
        """Return the rate on the cycle."""
        top = max(1, min(round(self.rise * (total - 1)), total - 2))
        if step - 1 <= top:
            return _between(self.rate / self.start_divisor, self.rate, (step - 1) / top)
        return _between(self.rate, self.rate / self.end_divisor, (step - 1 - top) / max(1, total - 1 - top))


@dataclass(frozen=True)
class WarmUp:
    """Rises evenly from near 0 during the first `steps` updates, then follows another schedule from its start.

    >>> [WarmUp(Constant(1.0), 4).at(step, total=10) for step in (1, 2, 4, 5)]
    [0.25, 0.5, 1.0, 1.0]
    """

    schedule: Schedule
    steps: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", as_schedule(self.schedule))
        whole("the steps of a warm-up", self.steps)

    def at(self, step: int, total: int) -> float:
        """Return a growing part of the schedule's first rate, then its rates."""
        if step <= self.steps:
            return self.schedule.at(1, max(1, total - self.steps)) * step / self.steps
        return self.schedule.at(step - self.steps, max(1, total - self.steps))


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf


def _between(start: float, end: float, part: float) -> float:
    """Return the place on half a cosine from `start` to `end`."""
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, part))) / 2


def as_schedule(given: float | Schedule) -> Schedule:
    """Return a schedule; a number is a constant rate."""
    if isinstance(given, int | float | type) or not hasattr(given, "at"):
        return Constant(given)  # type: ignore[arg-type]  # which refuses what is no number
    return given
