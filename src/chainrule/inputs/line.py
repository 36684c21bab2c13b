"""Integrals of derivatives along a line, on pieces that are halved where they are not yet exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.data import FloatArray
from chainrule.inputs.asking import IntArray

# Values and derivatives, shapes (points,) and (points, inputs), at points that belong to these rows.
Evaluate = Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]]

_NODES, _WEIGHTS = (np.array(part) for part in np.polynomial.legendre.leggauss(4))
_FIRST_PIECES = 8
_MOST_HALVINGS = 40
_ROUNDING = 1e-15
_MOST_PIECES = 4096
"""So many pieces of one line, and no more, are halved at once; of inputs by the thousand fewer."""
_ELEMENTS = 2**22


def integrate(
    evaluate: Evaluate, begin: FloatArray, end: FloatArray, tolerance: float
) -> tuple[FloatArray, FloatArray]:
    """Return, for each row, the parts due to each input, shape (rows, inputs), and the change of the value, (rows,).

    A part is the integral of the derivative along the line times the way of that input. On each piece of a line
    Gauss's four points are compared with the same on its halves, input by input, and the halves' sum with what the
    value changed by; the piece is done when both agree to within its share of `tolerance`, which counts in units of the
    value where that is above 1. A kink is so closed in on. A line of which too many pieces do not agree is left as it
    is then; whether its parts add up is for the caller to see.
    """
    inputs = begin.shape[1]
    size = max(16, 2**12 // inputs) if inputs <= 2**12 else 1
    blocks = [slice(first, first + size) for first in range(0, len(begin), size)]

    def part_of(block: slice) -> tuple[FloatArray, FloatArray]:
        first = block.start
        return _integrate(lambda x, rows: evaluate(x, rows + first), begin[block], end[block], tolerance)

    done = [part_of(block) for block in blocks]
    return np.concatenate([parts for parts, _ in done]), np.concatenate([difference for _, difference in done])


def _integrate(
    evaluate: Evaluate, begin: FloatArray, end: FloatArray, tolerance: float
) -> tuple[FloatArray, FloatArray]:
    most = max(_FIRST_PIECES, min(_MOST_PIECES, _ELEMENTS // begin.shape[1]))
    span = end - begin
    parts = np.zeros_like(begin)
    rows = np.repeat(np.arange(len(begin)), _FIRST_PIECES)
    left = np.tile(np.arange(_FIRST_PIECES) / _FIRST_PIECES, len(begin))
    width = 1 / _FIRST_PIECES
    every = np.arange(len(begin))
    ends = [evaluate(point, every)[0] for point in (begin, end)]
    difference = ends[1] - ends[0]
    allowed = tolerance * np.maximum(1, np.abs(ends).max(axis=0))
    sums = _gauss(evaluate, begin, span, rows, left, width)
    for _ in range(_MOST_HALVINGS):
        width /= 2
        twice = np.repeat(rows, 2)
        starts = np.stack([left, left + width], axis=1).ravel()
        halves = _gauss(evaluate, begin, span, twice, starts, width).reshape(len(rows), 2, -1)
        finer = halves.sum(axis=1)
        edges = [evaluate(begin[rows] + span[rows] * at[:, None], rows)[0] for at in (left, left + 2 * width)]
        defect = np.abs(finer.sum(axis=1) - (edges[1] - edges[0]))
        error = np.maximum(defect, np.abs(finer - sums).max(axis=1, initial=0))
        # A piece around a kink is narrow, but there are few of them: its share falls with the root of its width.
        rounding = _ROUNDING * (np.abs(edges[1]) + np.abs(finer).sum(axis=1))
        done = error <= 0.25 * allowed[rows] * np.sqrt(2 * width) + rounding
        done |= np.bincount(rows[~done], minlength=len(begin))[rows] > most
        np.add.at(parts, rows[done], finer[done])
        rows, left = twice[np.repeat(~done, 2)], starts[np.repeat(~done, 2)]
        sums = halves[~done].reshape(-1, begin.shape[1])
        if not len(rows):
            break
    np.add.at(parts, rows, sums)
    return parts, difference


def _gauss(
    evaluate: Evaluate, begin: FloatArray, span: FloatArray, rows: IntArray, left: FloatArray, width: float
) -> FloatArray:
    """Return the parts on each piece, shape (pieces, inputs)."""
    at = left[:, None] + width * (_NODES + 1) / 2
    owners = np.repeat(rows, len(_NODES))
    slopes = evaluate(begin[owners] + span[owners] * at.reshape(-1, 1), owners)[1]
    weighted = np.einsum("pqi,q->pi", slopes.reshape(*at.shape, -1), _WEIGHTS)
    parts: FloatArray = span[rows] * weighted * width / 2
    return parts
