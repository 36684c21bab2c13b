"""Random masks for dropout, computed from their place instead of drawn in a row.

Whether element `k` of layer `layer` is kept at update `step` depends on these numbers and the seed alone, so
that every engine, in every order, and JavaScript, get the same masks. In 32-bit unsigned arithmetic:

    mix(h) = h ^= h >> 16;  h *= 0x7FEB352D;  h ^= h >> 15;  h *= 0x846CA68B;  h ^= h >> 16
    key    = mix(mix(mix(mix(seed % 2**32) ^ seed // 2**32) ^ step) ^ layer)
    u(k)   = mix(key ^ mix(k))
    mask   = 1 / (1 - rate) if u >= rate * 2**32 else 0

`mix` is the "lowbias32" hash of C. Wellons (2018); `k` counts the elements of the batch row by row.
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
    key = np.array([seed & 0xFFFFFFFF], dtype=np.uint32)
    for part in (seed >> 32, step, layer):
        key = _mix(key) ^ np.uint32(part & 0xFFFFFFFF)
    elements = np.arange(int(np.prod(shape)), dtype=np.uint32)
    kept = _mix(_mix(key) ^ _mix(elements)) >= np.uint64(math.ceil(rate * 2**32))
    return np.where(kept, 1 / (1 - rate), 0.0).reshape(shape).astype(dtype)


def _mix(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    values = values ^ (values >> np.uint32(16))
    values = values * np.uint32(0x7FEB352D)
    values = values ^ (values >> np.uint32(15))
    values = values * np.uint32(0x846CA68B)
    return values ^ (values >> np.uint32(16))
