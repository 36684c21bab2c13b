"""What a network is made of, and the memory that training it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.engines.buffers import training_bytes
from chainrule.engines.compiled import module_of

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer


def summary_of(net: Network, batch_size: int, optimizer: Optimizer) -> str:
    """Return the text of `Network.summary`."""
    lines = [repr(net)]
    layers = dict.fromkeys(parameter.layer for parameter in net.architecture.parameters)
    for layer in layers:
        names = [parameter.ref.name for parameter in net.architecture.parameters if parameter.layer == layer]
        shapes = ", ".join(f"{name} {net.parameters[name].shape}" for name in names)
        count = sum(net.parameters[name].size for name in names)
        lines.append(f"layer {layer}: {shapes}: {count:,} parameters")
    taken = training_bytes(net, module_of(net, optimizer), optimizer, batch_size)
    lines.append(
        f"{net.vector.size:,} parameters in {_bytes(net.vector.nbytes)}; training with {type(optimizer).__name__} in "
        f"batches of {batch_size} takes {_bytes(taken)} beside them and the data"
    )
    return "\n".join(lines)


def _bytes(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    for unit in ("kB", "MB", "GB"):
        count_in_unit = count / 1000
        if count_in_unit < 1000:
            return f"{count_in_unit:.1f} {unit}"
        count = round(count_in_unit)
    return f"{count:,} GB"
