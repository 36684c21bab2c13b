"""Comparing numbers to their rounding, and how much a match is worth.

A number that differs from the right one by D, and is known to half a unit h of its last digit, is met by a wrong
guess about once in 1 + D/h: so many values of its size could as well have been printed. A match on it is therefore
worth log2(1 + D/h) bits, and the bits of several numbers add up; a value that occurs several times counts once.
Trying many slips makes it likely that one of them matches by chance: with H of them tried, a match must be worth
more than log2(H) bits, and `MARGIN` more, so that noise is explained in fewer than one case in 2**MARGIN. H counts
different sets of numbers, and leaves out those that spoil a number that is right: they could not have matched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chainrule.diagnosis.calculation import Array
from chainrule.diagnosis.reading import Part, element

MARGIN = 8
ROUNDING = 1e-12
"""Two programs in float64 differ by no more than this part of an array's largest element."""
SAME = 1e-9
_TINY = 1e-300  # keeps from dividing by 0
_SINGLE = 4  # an order of sums of one's own may double the rounding of float32, and double it again
Mask = npt.NDArray[np.bool_]


class Numbers:
    """The given numbers in the order of calculation, beside those of the right calculation.

    `right` are the arrays of the right calculation, `in_single` those of the same in float32.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        order: Mapping[str, int],
        right: Mapping[str, Array],
        in_single: Mapping[str, Array],
    ):
        self.parts = sorted(parts, key=lambda part: (order[part.name], int(part.places[0])))
        self.shapes = {part.name: np.shape(right[part.name]) for part in parts}
        self.values = np.concatenate([part.values for part in self.parts])
        self.half_units = np.concatenate([part.half_units for part in self.parts])
        self.right = self.pick(right)
        largest = [np.max(np.abs(right[part.name]), initial=0.0) for part in self.parts]
        self.scale = self._spread(largest)
        apart = [np.max(np.abs(right[part.name] - in_single[part.name]), initial=0.0) for part in self.parts]
        self.single_rounding = _SINGLE * self._spread(apart)
        single = self._spread([float(part.single) for part in self.parts])
        self.tolerance = self.half_units + ROUNDING * self.scale + single * self.single_rounding + _TINY

    def _spread(self, per_part: Sequence[float]) -> Array:
        return np.repeat(np.array(per_part, np.float64), [part.values.size for part in self.parts])

    def pick(self, arrays: Mapping[str, Array]) -> Array:
        """Return the numbers of a calculation that stand where the given ones do."""
        picked = [np.asarray(arrays[part.name]).ravel()[part.places] for part in self.parts]
        return np.concatenate(picked)

    def matches(self, predicted: Array) -> Mask:
        """Tell which numbers a calculation explains, to their rounding."""
        return np.asarray(np.abs(predicted - self.values) <= self.tolerance) | _not_finite_alike(predicted, self.values)

    def differs(self, predicted: Array) -> Mask:
        """Tell which numbers differ from the right calculation by more than arithmetic does."""
        return ~self.same(predicted, self.right)

    def same(self, one: Array, other: Array) -> Mask:
        """Tell which numbers of two calculations are the same."""
        near = np.abs(one - other) <= SAME * np.maximum(np.abs(other), ROUNDING * self.scale)
        return np.asarray(near) | _not_finite_alike(one, other)

    @cached_property
    def wrong(self) -> Mask:
        """Which given numbers are not those of the right calculation."""
        return ~self.matches(self.right)

    def bits(self, matched: Mask) -> float:
        """Return what it is worth that these of the wrong numbers are met."""
        return self._worth(matched, np.abs(self.values - self.right) / self.tolerance)

    def bits_of_closeness(self, matched: Mask) -> float:
        """Return what it is worth that numbers are as near to the right ones as float32 is."""
        return self._worth(matched, np.abs(self.right) / (self.tolerance + self.single_rounding))

    def _worth(self, matched: Mask, times: Array) -> float:
        chosen = np.flatnonzero(matched & self.wrong)
        found: dict[str, float] = {}
        for place in chosen:
            if not np.isfinite(self.values[place]):
                continue  # much gives a NaN, so that meeting one proves little
            value = f"{self.values[place]:.12g}"
            found[value] = max(found.get(value, 0.0), math.log2(1 + times[place]))
        return sum(found.values())

    def _at(self, place: int) -> tuple[Part, int]:
        for part in self.parts:
            if place < part.values.size:
                return part, place
            place -= part.values.size
        raise IndexError(place)

    def label(self, place: int) -> str:
        """Return the name of one number with its element."""
        part, within = self._at(place)
        return element(part.name, int(part.places[within]), self.shapes[part.name])

    def called(self, place: int) -> str:
        """Return what one number is called by a name of their own, or nothing."""
        part, within = self._at(place)
        if not part.alias or part.values.size == 1:
            return part.alias
        return element(part.alias, int(part.places[within]), self.shapes[part.name])

    def array_of(self, place: int) -> str:
        """Return the array that a number is of."""
        return self._at(place)[0].name

    @cached_property
    def first_wrong(self) -> Mask:
        """The numbers of the first array, in the order of calculation, that is not right."""
        first = self.array_of(int(np.argmax(self.wrong)))
        return np.concatenate([np.full(part.values.size, part.name == first) for part in self.parts])


def _not_finite_alike(one: Array, other: Array) -> Mask:
    """Tell where both are NaN, or the same infinity."""
    return np.asarray((np.isnan(one) & np.isnan(other)) | (np.isinf(one) & (one == other)))


def log2_choices(total: int, chosen: int) -> float:
    """Return log2 of the number of ways to choose so many of a total."""
    return math.log2(math.comb(total, chosen))


def enough(bits: float, tried: int, margin: float = MARGIN) -> bool:
    """Tell whether a match is worth more than chance would give among so many tried."""
    return bits > math.log2(max(1, tried)) + margin
