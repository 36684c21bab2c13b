"""The memory of a compiled training: how large each array is, and the arrays themselves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.builder import BATCH
from chainrule.engines.codegen import Module
from chainrule.engines.layout import RUNNING
from chainrule.engines.processor import LINE, LINE_BYTES

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer

# Groups of slices: two if each has this many rows, and a power of two if each has that many; and the rows of a slice
# at most (docs/log.md).
_TWO_FROM, _MORE_FROM, _MOST_GROUPS, SLICE_ROWS = 48, 100, 16, 256


def groups(batch: int) -> int:
    """Return in how many groups the slices of a batch are summed, which is how many threads can share them.

    It is fixed by the batch, so that sums do not depend on the threads; more groups have more to add up.
    """
    most = min(_MOST_GROUPS, 1 << max(0, (batch // _MORE_FROM).bit_length() - 1))
    return max(most, 2 if batch >= 2 * _TWO_FROM else 1)


def slices(batch: int) -> int:
    """Return in how many slices of rows a batch is worked on, each small enough to stay near its core."""
    return groups(batch) * math.ceil(batch / (groups(batch) * SLICE_ROWS))


def own_length(module: Module, batch: int) -> int:
    """Return how many numbers a group of slices has for itself, in whole lines of memory."""
    return module.memory.elements(module.memory.own, batch) + LINE


def work_length(module: Module, batch: int) -> int:
    """Return how many numbers the workspace has; it is never empty."""
    return module.memory.elements(module.memory.work, batch) + LINE


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
        "own": own_length(module, batch) * groups(batch),
    }


def kept_length(net: Network, optimizer: Optimizer) -> int:
    """Return how many numbers are kept from an epoch's start, to go back to if training diverges."""
    return net.vector.size * (1 + len(optimizer.state)) + sum(state.size for state in net.states.values())


def training_bytes(net: Network, module: Module, optimizer: Optimizer, batch: int) -> int:
    """Return the memory that a training takes beside its data and the parameters, in bytes."""
    numbers = sum(lengths(net, module, optimizer, batch).values()) + kept_length(net, optimizer)
    return numbers * net.dtype.itemsize


def arrays(net: Network, module: Module, optimizer: Optimizer, batch: int) -> dict[str, Any]:
    """Return the arrays, all 0, and where what they hold begins."""
    made: dict[str, Any] = {"offsets": np.array(module.memory.offsets(batch), np.int64)}
    for name, length in lengths(net, module, optimizer, batch).items():
        array = zeros(length, net.dtype)
        made[name] = array.reshape(batch, -1) if name.endswith("_batch") and name != "s_batch" else array
    return made


def zeros(length: int, dtype: Any) -> Any:
    """Return an array of zeros that begins at a line of memory: vectors within it then lie in one line each."""
    spare = LINE_BYTES // dtype.itemsize
    array = np.zeros(length + spare, dtype)
    first = -(array.ctypes.data // dtype.itemsize) % spare
    return array[first : first + length]
