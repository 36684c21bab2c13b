"""A calculation: the equations of a network in the order in which they are run. It is what slips change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chainrule.equations import Equation, Expr, Ref, rebuild, walk
from chainrule.simplify import simplify

Array = npt.NDArray[np.float64]

LEARNING = "learning"
tidy = lru_cache(maxsize=20_000)(simplify)


@dataclass(frozen=True)
class Rounding:
    """Rounds what equations give: to float32, to so many decimals, or to so many significant digits.

    `part` is the pass whose equations are rounded, by default all.
    """

    kind: Literal["float32", "decimals", "significant"]
    digits: int = 0
    part: str | None = None

    def __call__(self, array: Array) -> Array:
        """Return the rounded values, in float64.

        >>> Rounding("significant", 2)(np.array([0.0123, -456.0, 0.0]))
        array([ 1.2e-02, -4.6e+02,  0.0e+00])
        """
        if self.kind == "float32":
            return array.astype(np.float32).astype(np.float64)
        if self.kind == "decimals":
            return np.asarray(np.round(array, self.digits))
        return significant(array, self.digits)


def significant(array: Array, digits: int) -> Array:
    """Return values rounded to so many significant digits; what is not finite stays as it is."""
    unit = 10.0 ** (magnitude(array) - digits + 1)
    return np.where(np.isfinite(array), np.round(array / unit) * unit, array)


def magnitude(array: Any) -> Array:
    """Return the power of ten of the first digit of each value; 0 for 0 and what is not finite."""
    size = np.abs(np.asarray(array, np.float64))
    counted = np.isfinite(size) & (size > 0)
    return np.asarray(np.floor(np.log10(np.where(counted, size, 1.0))))


@dataclass(frozen=True)
class Calculation:
    """Equations in their order, and how they are run.

    `rounding` is applied to what each equation gives, `once` are the arrays computed in the first step only,
    and `extra` states beside those of the program, 0 at the start. A `value` that was fitted to somebody's numbers
    takes `freedom` bits of what matching them is worth.
    """

    equations: tuple[Equation, ...]
    rounding: Rounding | None = None
    once: frozenset[str] = frozenset()
    extra: tuple[Ref, ...] = ()
    value: str = ""
    freedom: float = 0.0

    @cached_property
    def definitions(self) -> Mapping[str, Equation]:
        """The equation of each array that is computed, by name."""
        return {equation.target.name: equation for equation in self.equations if not equation.update}

    @cached_property
    def updates(self) -> tuple[Equation, ...]:
        """What the optimiser does."""
        return tuple(equation for equation in self.equations if is_learned(equation))

    def value_of(self, name: str) -> Expr | None:
        """Return the right side of an array's equation, or None if it has none."""
        equation = self.definitions.get(name)
        return equation.value if equation else None

    @cached_property
    def backward(self) -> tuple[Equation, ...]:
        """The equations of the derivatives."""
        return tuple(eq for eq in self.definitions.values() if eq.part == "backward")

    @cached_property
    def forward(self) -> tuple[Equation, ...]:
        """The equations up to the cost."""
        return tuple(eq for eq in self.definitions.values() if eq.part == "forward")

    def reading_updates(self) -> dict[str, Expr]:
        """Return the right sides that come after an update of what they read, with the update written out in them."""
        updates: dict[Any, Expr] = {}
        found: dict[str, Expr] = {}
        for equation in self.equations:
            if is_learned(equation):
                updates[equation.target] = equation.value
            elif (value := swap(equation.value, updates)) != equation.value:
                found[equation.target.name] = value
        return found

    def with_values(self, values: Mapping[str, Expr]) -> Calculation:
        """Return the calculation with other right sides for some arrays."""

        def changed(equation: Equation) -> Equation:
            value = None if equation.update else values.get(equation.target.name)
            return equation if value is None else replace(equation, value=value)

        return replace(self, equations=tuple(map(changed, self.equations)))

    def with_updates(self, change: Callable[[Equation], Expr]) -> Calculation:
        """Return the calculation with other right sides for what the optimiser does."""

        def changed(equation: Equation) -> Equation:
            return replace(equation, value=change(equation)) if is_learned(equation) else equation

        return replace(self, equations=tuple(map(changed, self.equations)))

    def each_and_all(self, values: Mapping[str, Expr | None]) -> Iterator[Calculation]:
        """Yield the calculation with each of some changes, then with all of them: at one layer, or everywhere."""
        kept = {name: value for name, value in values.items() if value is not None and value != self.value_of(name)}
        for name, value in kept.items():
            yield self.with_values({name: value})
        if len(kept) > 1:
            yield self.with_values(kept)


def is_learned(equation: Equation) -> bool:
    """Tell whether an equation is an optimiser's update; a running mean is none."""
    return equation.update and equation.part == LEARNING


def swap(expr: Expr, changes: Mapping[Any, Expr]) -> Expr:
    """Return `expr` with other expressions in the place of some of its parts.

    >>> from chainrule.parsing import parse_expression
    >>> print(swap(parse_expression("a * (1 - a)"), {Ref("a"): Ref("z")}))
    z * (1 - z)
    """
    found = changes.get(expr)
    return rebuild(expr, lambda child: swap(child, changes)) if found is None else found


def reads(expr: Expr, name: str) -> bool:
    """Tell whether an array has a part in an expression."""
    return any(isinstance(node, Ref) and node.name == name for node in walk(expr))
