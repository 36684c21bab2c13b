"""Random numbers computed from their place instead of drawn in a row: dropout masks, and the order of an epoch.

Whether element `k` of layer `layer` is kept at update `step`, and where the row `k` of an epoch comes from, depends
on these numbers and the seed alone, so that every engine, in every order, and JavaScript, get the same. In 32-bit
unsigned arithmetic:

    mix(h)   = h ^= h >> 16;  h *= 0x7FEB352D;  h ^= h >> 15;  h *= 0x846CA68B;  h ^= h >> 16
    key(a,b) = mix(mix(mix(mix(seed % 2**32) ^ seed // 2**32) ^ a) ^ b)
    u(k)     = mix(key ^ mix(k))
    mask     = 1 / (1 - rate) if u >= rate * 2**32 else 0, of key(step, layer), layers counted from 1
    order    = 0, 1, ...; for k from the last row down to 1, rows k and u * (k + 1) // 2**32 change places,
               of key(epoch, 0)

`mix` is the "lowbias32" hash of C. Wellons (2018); `k` counts the elements of a mask row by row. The order is that
of Fisher and Yates (Durstenfeld 1964).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt


def dropout_mask(
    seed: int, step: int, layer: int, shape: tuple[int, ...], rate: float, dtype: npt.DTypeLike = np.float64
) -> npt.NDArray[Any]:
    """Return an array of `shape` that is 0 with probability `rate` and ``1 / (1 - rate)`` elsewhere.

    >>> dropout_mask(seed=0, step=1, layer=1, shape=(2, 4), rate=0.5)
    array([[0., 0., 2., 2.],
           [0., 0., 2., 0.]])
    """
    kept = _draws(seed, step, layer, int(np.prod(shape))) >= np.uint64(math.ceil(rate * 2**32))
    return np.where(kept, 1 / (1 - rate), 0.0).reshape(shape).astype(dtype)


def shuffled(seed: int, epoch: int, rows: int) -> npt.NDArray[np.int64]:
    """Return the numbers of the rows in the order of an epoch.

    >>> shuffled(seed=0, epoch=0, rows=5).tolist()
    [3, 4, 0, 1, 2]
    """
    places = np.arange(1, rows + 1, dtype=np.uint64)
    others = ((_draws(seed, epoch, 0, rows).astype(np.uint64) * places) >> np.uint64(32)).tolist()
    order = list(range(rows))
    for k in range(rows - 1, 0, -1):
        other = others[k]
        order[k], order[other] = order[other], order[k]
    return np.array(order)


def _draws(seed: int, one: int, two: int, count: int) -> npt.NDArray[np.uint32]:
    key = _mix(np.array([seed & 0xFFFFFFFF], dtype=np.uint32))
    for part in (seed >> 32, one, two):
        key = _mix(key ^ np.uint32(part & 0xFFFFFFFF))
    return _mix(key ^ _mix(np.arange(count, dtype=np.uint32)))


def _mix(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    values = values ^ (values >> np.uint32(16))
    values = values * np.uint32(0x7FEB352D)
    values = values ^ (values >> np.uint32(15))
    values = values * np.uint32(0x846CA68B)
    return values ^ (values >> np.uint32(16))
