"""Model files: one safetensors file with the weights, and everything else as JSON in its metadata."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError, shown
from chainrule.files import check_destination, reason, replace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.architecture import Architecture
    from chainrule.network import Network
    from chainrule.tables import TableEncoder

FORMAT = 2
"""The version of the metadata; raise it when other code cannot read it. Format 1 was never released."""

KEY = "chainrule"
PARAMETER, STATE = "parameters/", "states/"


@dataclass(frozen=True)
class Model:
    """What a model file holds."""

    net: Network
    table: TableEncoder | None = None
    """How the rows of a table become inputs, and outputs predictions; None for a network of arrays."""
    training: dict[str, Any] = field(default_factory=dict)
    """How it was trained, for people to read."""
    versions: dict[str, str] = field(default_factory=dict)
    """The versions of the libraries that wrote the file."""


def save(
    path: str | Path,
    net: Network,
    table: TableEncoder | None = None,
    training: Mapping[str, Any] | None = None,
) -> None:
    """Write a network, and what belongs to it, to one safetensors file.

    An existing file is replaced at once and as a whole: whatever happens, either the old file is there or
    the new one. `training` is anything that JSON can hold. Raises InputError if the file cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    description = {
        "format": FORMAT,
        "network": net.config,
        "table": table.to_dict() if table else None,
        "training": dict(training or {}),
        "versions": _versions(),
    }
    content = to_bytes(_tensors(net), metadata={KEY: json.dumps(description, allow_nan=False)})
    replace(check_destination(path), content)


def load(path: str | Path) -> Model:
    """Return what `save` wrote.

    Raises InputError if there is no such file, it is no model file or damaged, was written by a newer
    version, or its arrays do not fit its network.
    """
    from safetensors import SafetensorError, safe_open

    path = existing(path, "model")
    try:
        with safe_open(path, framework="numpy") as file:
            description = _description(path, file.metadata() or {})
            try:
                return _model(description, file)
            except InputError as error:
                raise InputError(f"{path} cannot be used: {error}") from error
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
                raise _damaged(path) from error
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: {reason(error)}") from error
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is no model file, or not the whole of one") from error


def existing(path: str | Path, what: str) -> Path:
    """Return the path if it is that of a file, else raise InputError; `what` the file should be, "model"."""
    path = Path(path)
    try:
        folder, found = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise InputError(f"{shown(str(path))} cannot be read: {reason(error)}") from error
    if folder:
        raise InputError(f"{path} is a folder: name a {what} file in it")
    if not found:
        raise InputError(f"there is no file {path}")
    return path


def _description(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    if KEY not in metadata:
        raise InputError(f"{path} is a safetensors file, but no model that chainrule wrote")
    try:
        description: dict[str, Any] = json.loads(metadata[KEY])
        written = description["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path) from error
    if type(written) is not int or written < 1:
        raise _damaged(path)
    if written > FORMAT:
        raise InputError(
            f"{path} was written by a newer chainrule, in format {written}; this version reads format {FORMAT}: "
            "install a newer version"
        )
    if written < FORMAT:
        raise InputError(f"{path} was written by a version before the first release, in format {written}: train again")
    return description


def _model(description: dict[str, Any], file: Any) -> Model:
    """Return the model in an open safetensors file.

    Its arrays are compared by their shapes before anything is made: a short file may describe a huge network.
    """
    from chainrule.network import Network

    network, training, versions = (description[key] for key in ("network", "training", "versions"))
    if not isinstance(training, dict) or not isinstance(versions, dict):
        raise TypeError("the training and the versions are told by name")
    _compare(_needed(Network.architecture_from(network)), file)
    table = _table(description["table"]) if description["table"] is not None else None
    net = Network.from_config(network)
    tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    for prefix, put in ((PARAMETER, net.set_parameters), (STATE, net.set_states)):
        put({n.removeprefix(prefix): values for n, values in tensors.items() if n.startswith(prefix)})
    if table:
        _check_sizes(table, net)
    return Model(net, table, training, versions)


def _table(data: dict[str, Any]) -> TableEncoder:
    from chainrule.tables import TableEncoder

    return TableEncoder.from_dict(data)


def _check_sizes(table: TableEncoder, net: Network) -> None:
    for what, of_table, of_net in (
        ("inputs", len(table.input_names), net.inputs),
        ("outputs", table.target.outputs, net.outputs),
    ):
        if of_table != of_net:
            raise InputError(f"its table has {of_table} {what}, but its network {of_net}")


def _needed(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's arrays by the names they have in a file."""
    named = {PARAMETER: architecture.parameters, STATE: architecture.running}
    return {
        prefix + array.ref.name: architecture.shape_of(array.ref)
        for prefix, arrays in named.items()
        for array in arrays
    }


def _compare(needed: dict[str, tuple[int, ...]], file: Any) -> None:
    found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  it is no dict
    for name in sorted(needed.keys() | found.keys()):
        if needed.get(name) != found.get(name):
            has, needs = (_shape(shapes.get(name)) for shapes in (found, needed))
            raise InputError(f"its arrays do not fit its network: {shown(name)[1:-1]} has {has}, but needs {needs}")


def _tensors(net: Network) -> dict[str, NDArray[Any]]:
    import numpy as np

    named = {PARAMETER: net.parameters, STATE: net.states}
    return {
        prefix + name: np.asarray(values, order="C")
        for prefix, arrays in named.items()
        for name, values in arrays.items()
    }


def _shape(shape: tuple[int, ...] | None) -> str:
    return "no array" if shape is None else f"shape {shape}"


def _versions() -> dict[str, str]:
    import numpy as np

    from chainrule import __version__

    return {"chainrule": __version__, "python": platform.python_version(), "numpy": np.__version__}


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged: its description of the model cannot be read")
