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
# Groups of slices: a power of two, each of at least so many rows.
_GROUPS, _GROUP_ROWS = 16, 48
_LINE = 16  # numbers that a line of memory holds, so that groups of slices do not share one


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


def groups(module: Module, batch: int) -> int:
    """Return in how many groups the slices of a batch are summed: more can share the work, and have more to add up."""
    slices = math.ceil(batch / slice_rows(module, batch))
    wanted = 1 << max(0, (batch // _GROUP_ROWS).bit_length() - 1)
    return min(_GROUPS, wanted, slices)


def own_length(module: Module, batch: int) -> int:
    """Return how many numbers a group of slices has for itself, in whole lines of memory."""
    return (module.memory.elements(module.memory.own, batch) + 2 * _LINE - 1) // _LINE * _LINE


def work_length(module: Module, batch: int) -> int:
    """Return how many numbers the workspace has; it is never empty."""
    return module.memory.elements(module.memory.work, batch) + _LINE


def precision(net: Network) -> str:
    """Return what generated source calls the network's type of numbers."""
    return "single" if net.dtype == np.float32 else "double"


def running(net: Network) -> Any:
    """Return the running means of a network, one after the other."""
    return np.concatenate([state.ravel() for state in net.states.values()])


def lengths(net: Network, module: Module, optimizer: Optimizer, batch: int) -> dict[str, int]:
    """Return the number of elements of each array that a training needs beside its data and the parameters.

    The batches' copies of inputs are listed by the inputs' names.
    """
    parameters = net.vector.size
    inputs = [given for given in net.program(training=True).inputs if given.index_names[:1] == (BATCH,)]
    return {
        **{f"{given.name}_batch": batch * math.prod(net.architecture.shape_of(given)) for given in inputs},
        "s_batch": batch,
        "gradients": parameters,
        **{f"state_{name}": parameters for name in optimizer.state},
        RUNNING: sum(state.size for state in net.states.values()),
        "work": work_length(module, batch),
        "own": own_length(module, batch) * groups(module, batch),
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
