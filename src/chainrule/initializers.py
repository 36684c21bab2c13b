"""Start values of parameters: one entry a method, all seeded."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chainrule.errors import InputError, unknown
from chainrule.ranges import check_number

Array = npt.NDArray[np.float64]


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return how many values a unit adds up and how many units one value reaches."""
    return (shape[0], shape[-1]) if len(shape) > 1 else (1, 1)


# Each takes the generator, the shape and the value, where the method has one.
INITIALIZERS: dict[str, Callable[[np.random.Generator, tuple[int, ...], float], Array]] = {
    "zeros": lambda rng, shape, value: np.zeros(shape),
    "constant": lambda rng, shape, value: np.full(shape, value),
    "uniform": lambda rng, shape, value: value * rng.uniform(-1, 1, shape),
    "normal": lambda rng, shape, value: value * rng.standard_normal(shape),
    "he": lambda rng, shape, value: math.sqrt(2 / _fans(shape)[0]) * rng.standard_normal(shape),
    "glorot": lambda rng, shape, value: rng.uniform(-1, 1, shape) * math.sqrt(6 / sum(_fans(shape))),
    "blocks": lambda rng, shape, value: np.floor(np.arange(float(math.prod(shape))).reshape(shape) / value),
    "lecun": lambda rng, shape, value: math.sqrt(1 / _fans(shape)[0]) * rng.standard_normal(shape),
}
_DEFAULT_VALUE = {"constant": 0.0, "uniform": 0.5, "normal": 0.1, "blocks": 1.0}


@dataclass(frozen=True)
class Init:
    """How a parameter starts.

    Parameters
    ----------
    method : "zeros"; "constant", "uniform" (between -value and value) or "normal" (standard deviation
        `value`); "he" (normal with variance 2/fan_in; He et al. 2015), "glorot" (uniform with variance
        2/(fan_in + fan_out); Glorot and Bengio 2010), "lecun" (normal with variance 1/fan_in; LeCun et al.
        1998); "blocks" (element number k is k // value: a constant that picks the columns of an input).
    value : for the four that take one; 0, 0.5, 0.1 and 1 if left out.

    Raises `InputError` for an unknown method, or a value given to a method that takes none.

    >>> Init("constant", 0.5).draw(np.random.default_rng(0), (2,))
    array([0.5, 0.5])
    """

    method: str
    value: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.method, str) or self.method not in INITIALIZERS:
            raise unknown("initialiser", self.method, INITIALIZERS)
        if self.value is None:
            return
        if self.method not in _DEFAULT_VALUE:
            raise InputError(f"the initialiser {self.method} takes no value, but {self.value!r} was given")
        least = -math.inf if self.method == "constant" else 0
        check_number(f"the value of the initialiser {self.method}", self.value, least=least)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return start values of the given shape, float64."""
        value = _DEFAULT_VALUE.get(self.method, 0.0) if self.value is None else self.value
        return INITIALIZERS[self.method](rng, shape, value)


def as_init(given: Init | str) -> Init:
    """Return an initialiser given as itself or by name."""
    return given if isinstance(given, Init) else Init(given)
