"""Which of the training rows are set aside to validate, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InputError

Places = NDArray[np.intp]


def set_aside(
    rows: int, fraction: float, seed: int, classes: NDArray[Any] | None = None, turn: int = 0
) -> tuple[Places, Places]:
    """Return the rows to train with and those to validate, both in their order.

    Of one order of the rows each `turn` sets aside places evenly spread, and the next turn those one before them. After
    ``1 / fraction`` turns, to the nearest whole number, a new round begins in another order. By then all rows were set
    aside if that number and the part are whole; else some were not, or some twice. With `classes`, a number for each
    row, each class has its share in the part set aside to within a row, and keeps a row to train with at least.

    >>> training, aside = set_aside(10, 0.2, seed=0, classes=np.array([0] * 5 + [1] * 5))
    >>> len(training), (aside < 5).tolist()
    (8, [True, False])
    """
    count = round(rows * fraction)
    round_, turn = divmod(turn, max(1, round(1 / fraction)))
    order = np.random.default_rng([seed, 1 + round_]).permutation(rows)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
        ordered = classes[order]
        order = order[1:][ordered[1:] == ordered[:-1]]  # the first of each class stays
    count = min(count, len(order), rows - 1)
    first = ((np.arange(count) + 0.5) * len(order) / max(count, 1)).astype(np.intp)
    picked = order[(first - turn) % max(len(order), 1)]
    chosen = np.zeros(rows, bool)
    chosen[picked] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def check_parts(training: Places, aside: Places, fraction: float) -> None:
    """Raise `InputError` if there is nothing in one of the parts."""
    if not len(training) or not len(aside):
        rows = len(training) + len(aside)
        raise InputError(
            f"validation_fraction={fraction:g} of {rows} rows leaves {len(training)} to train, {len(aside)} aside"
        )
