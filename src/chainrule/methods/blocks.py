"""How many members of a population, or directions, are computed at once."""

from __future__ import annotations

import math

from chainrule.program import Program

MEMBERS = "members of a population"
"""The name of their number in the arrays of a run; no array can be called so."""

_MOST_ELEMENTS = 2**18


def elements(program: Program, rows: int) -> int:
    """Return about how many numbers one member needs at a time: its own parameters and its largest array."""

    def size(indices: tuple[str, ...]) -> int:
        extents = (program.sizes[index] for index in indices)
        return math.prod(1 if extent == MEMBERS else extent if isinstance(extent, int) else rows for extent in extents)

    own = [ref for ref in program.inputs if any(program.sizes[index] == MEMBERS for index in ref.index_names)]
    largest = max((size(equation.target.index_names) for equation in program.equations), default=1)
    return sum(size(ref.index_names) for ref in own) + largest


def blocks_of(count: int, each: int) -> list[slice]:
    """Cut `count` members into blocks that stay in the processor's cache.

    >>> blocks_of(5, 2**17)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    size = max(1, _MOST_ELEMENTS // max(1, each))
    return [slice(start, min(count, start + size)) for start in range(0, count, size)]
