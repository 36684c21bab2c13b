"""Where an answer first changes along a line: seen on a grid, then closed in on. No derivative has a part in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from chainrule.data import FloatArray

POINTS = 1000
"""A line is looked at in so many places, evenly spaced."""
_PARTS = 32
_ROUNDS = 8  # 32**8 is 1e12: what is left of an interval is below the digits that are printed

Flips = Callable[[FloatArray], npt.NDArray[np.bool_]]
"""Whether the answer is another one, at each of several places."""


def first_flip(
    flips: Flips, start: float, end: float, also: FloatArray | None = None, is_whole: bool = False
) -> float | None:
    """Return the place nearest to `start`, on the way to `end`, that flips; None if none that is looked at does.

    Looked at are 1,000 places evenly spaced and those of `also` that lie between; then what lies before the first
    that flips is divided again and again. Where `is_whole`, only whole numbers count, each of up to 1,000.

    >>> first_flip(lambda places: places > 2.5, 1, 9)
    2.5000000000...
    >>> first_flip(lambda places: places > 2.5, 1, 9, is_whole=True)
    3.0
    """
    before, found, grid = start, None, np.linspace(start, end, POINTS + 1)
    if also is not None:
        grid = np.concatenate([grid, also[(also - start) * (also - end) < 0]])
    for _ in range(_ROUNDS):
        grid = np.unique(np.round(grid) if is_whole else grid)
        grid = grid[np.abs(grid - start) > abs(before - start)]
        grid = grid[np.argsort(np.abs(grid - start))]
        flipped = flips(grid) if len(grid) else np.zeros(0, np.bool_)
        if not flipped.any():
            break
        first = int(flipped.argmax())
        before, found = float(grid[first - 1]) if first else before, float(grid[first])
        grid = np.linspace(before, found, _PARTS + 1)
    return found
