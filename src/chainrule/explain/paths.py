"""The whole chain of one derivative: every path from the cost back to a parameter, with all its factors."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from chainrule.equations import Expr, Ref, add_up
from chainrule.explain.derivation import Deriver
from chainrule.explain.document import Line, Part
from chainrule.explain.terms import MOST_TERMS, Shown, multiply

# So many branches are followed at most; the paths that are likely to be large come first.
_MOST_BRANCHES = 200


@dataclass(frozen=True)
class Path:
    """A path from the end: the signs of its factors, the factors, their product so far, and where it has come."""

    signs: tuple[Expr, ...]
    factors: tuple[Expr, ...]
    product: float
    arrived: Ref


class Paths:
    """Finds the largest paths that lead from the cost to one element."""

    def __init__(self, deriver: Deriver):
        self.deriver = deriver

    def largest(self, derivative: Ref) -> list[Path]:
        """Return whole paths, the largest first, as many as a sum shows."""
        order = count()
        start = Path((), (), 1.0, derivative)
        waiting = [(-math.inf, next(order), start)]
        found: list[Path] = []
        for _ in range(_MOST_BRANCHES):
            if not waiting or len(found) == MOST_TERMS:
                break
            _, _, path = heapq.heappop(waiting)
            branches = list(self._branches(path))
            if not branches:
                found.append(path)
            for branch in branches:
                if branch.product != 0:
                    size = abs(branch.product * self._value(branch.arrived))
                    heapq.heappush(waiting, (-size, next(order), branch))
        return found

    def _branches(self, path: Path) -> Iterator[Path]:
        """Yield a path longer by one factor, for each term of what arrives; nothing where it begins."""
        links = self.deriver.links(path.arrived)
        for arrived, sign, factor in links or ():
            value = self.deriver.elements.value(factor, self.deriver.arrays)
            yield Path((sign, *path.signs), (factor, *path.factors), path.product * value, arrived)

    def _value(self, one: Ref) -> float:
        return self.deriver.elements.value(one, self.deriver.arrays)

    def parts(self, derivative: Ref, label: str, rest: str) -> tuple[list[Part], list[Line]]:
        """Return the paths as parts of a step, and the lines that add them up."""
        parts, total = [], self._value(derivative)
        for number, path in enumerate(self.largest(derivative), 1):
            numbers = [self.deriver.elements.numbers(one, self.deriver.arrays) for one in path.factors]
            values = [Shown(self.deriver.elements.value(one, {})) for one in numbers]
            first = Shown(self._value(path.arrived))
            result = first.value * path.product
            lines = (
                Line("chain", multiply([path.arrived, *path.signs])),
                Line("formula", multiply([path.arrived, *path.factors])),
                Line("numbers", multiply([first, *values])),
                Line("result", Shown(result)),
            )
            parts.append(Part(label.format(number=number), lines, result))
        shown = math.fsum(part.value for part in parts)
        left = total - shown
        sums: list[Expr] = [Shown(part.value) for part in parts]
        if abs(left) > 1e-12 * max(abs(total), abs(shown)):
            parts.append(Part(rest, (), left))
            sums = [Shown(shown), Shown(left)]
        lines_of_sum = [Line("numbers", add_up(sums))] if len(sums) > 1 else []
        return parts, [*lines_of_sum, Line("result", Shown(total))]
