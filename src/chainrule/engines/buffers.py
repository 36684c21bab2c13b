"""The memory of a compiled training: how large each array is, and the arrays themselves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.builder import BATCH
from chainrule.engines.codegen import Module
from chainrule.engines.layout import RUNNING

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer

# Slices of a batch: eight or four of at least 32 rows, or as many as hold at most 256; of 64 and more rows where
# products are so large that the BLAS copies its operands first (docs/log.md).
_SLICES, _LEAST_ROWS, _MOST_ROWS = (8, 4), 32, 256
_LEAST_ROWS_OF_LARGE, _LARGE = 64, 1_000_000
_LINE = 16  # numbers that a line of memory holds, so that slices do not share one


def slice_rows(module: Module, batch: int) -> int:
    """Return the rows of a slice of a batch: fixed by the program, so that sums do not depend on the threads."""
    if not module.is_sliced:
        return batch
    sizes = module.memory.sizes
    weights = max((int(sizes[one]) * int(sizes[two]) for one, two in module.memory.products), default=0)
    least = _LEAST_ROWS_OF_LARGE if _LEAST_ROWS * weights > _LARGE else _LEAST_ROWS
    for count in _SLICES:
        if batch >= count * least:
            return min(_MOST_ROWS, math.ceil(batch / count))
    return least


def slices(module: Module, batch: int) -> int:
    """Return into how many slices a batch is cut."""
    return math.ceil(batch / slice_rows(module, batch))


def own_length(module: Module, batch: int) -> int:
    """Return how many numbers a slice has for itself, in whole lines of memory."""
    return (module.memory.elements(module.memory.own, batch) + 2 * _LINE - 1) // _LINE * _LINE


def lengths(net: Network, module: Module, optimizer: Optimizer, batch: int) -> dict[str, int]:
    """Return the number of elements of each array that a training needs beside its data and the parameters.

    The batches' copies of inputs are listed by the inputs' names.
    """
    memory, parameters = module.memory, net.vector.size
    inputs = [given for given in net.program(training=True).inputs if given.index_names[:1] == (BATCH,)]
    return {
        **{f"{given.name}_batch": batch * math.prod(net.architecture.shape_of(given)) for given in inputs},
        "s_batch": batch,
        "gradients": parameters,
        **{f"state_{name}": parameters for name in optimizer.state},
        RUNNING: sum(state.size for state in net.states.values()),
        "work": memory.elements(memory.work, batch) + _LINE,
        "own": own_length(module, batch) * slices(module, batch),
    }


def kept_length(net: Network, optimizer: Optimizer) -> int:
    """Return how many numbers are kept from an epoch's start, to go back to if training diverges."""
    return net.vector.size * (1 + len(optimizer.state)) + sum(state.size for state in net.states.values())


def training_bytes(net: Network, module: Module, optimizer: Optimizer, batch: int) -> int:
    """Return the memory that a training takes beside its data and the parameters, in bytes."""
    numbers = sum(lengths(net, module, optimizer, batch).values()) + kept_length(net, optimizer)
    return numbers * net.dtype.itemsize


def arrays(net: Network, module: Module, optimizer: Optimizer, batch: int) -> dict[str, Any]:
    """Return the arrays, all 0."""
    made: dict[str, Any] = {}
    for name, length in lengths(net, module, optimizer, batch).items():
        array = np.zeros(length, net.dtype)
        made[name] = array.reshape(batch, -1) if name.endswith("_batch") and name != "s_batch" else array
    return made
