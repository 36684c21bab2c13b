"""Calls of compiled functions with arrays and numbers, as the engine calls its modules."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.engines.machine import entry_of

REALS = {"single": np.float32, "double": np.float64}


def run(source: str, precision: str, *arguments: Any, thread: int = 0, entry: str = "go") -> None:
    """Run `entry` of a source; its last parameter is the number of the thread, the others are `arguments`."""
    block = np.array([_word(argument) for argument in arguments], np.int64)
    entry_of(source, precision, entry)(block.ctypes.data, thread)


def _word(argument: Any) -> int:
    if isinstance(argument, np.ndarray):
        assert argument.flags.c_contiguous
        return int(argument.ctypes.data)
    return int(np.float64(argument).view(np.int64)) if isinstance(argument, float) else int(argument)
