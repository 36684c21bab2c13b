"""Model files: one safetensors file with the weights, and everything else as JSON in its metadata."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.network import Network
    from chainrule.tables import TableEncoder

FORMAT = 1
"""The version of the metadata. A file of a newer one is refused, so raise it when older code cannot read it."""

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
    _replace(check_destination(path), content)


def load(path: str | Path) -> Model:
    """Return what `save` wrote.

    Raises InputError if there is no such file, it is no model file or damaged, was written by a newer
    version, or its arrays do not fit its network.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a model file in it")
    if not path.exists():
        raise InputError(f"there is no file {path}")
    metadata, tensors = _read(path)
    description = _description(path, metadata)
    try:
        return _model(description, tensors)
    except InputError as error:
        raise InputError(f"{path} cannot be used: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path) from error


def check_destination(path: str | Path) -> Path:
    """Return the path if a model file can be written there, else raise InputError: before a long training."""
    path = Path(path).resolve()
    if path.is_dir():
        raise InputError(f"{path} is a folder: name the model file to write in it")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} to write {path.name} to")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path.name} cannot be written: there is no permission to write to {path.parent}")
    return path


def _description(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    if KEY not in metadata:
        raise InputError(f"{path} is a safetensors file, but no model that chainrule wrote")
    try:
        description: dict[str, Any] = json.loads(metadata[KEY])
        written = int(description["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if written > FORMAT:
        raise InputError(
            f"{path} was written by a newer chainrule, in format {written}; this version reads format {FORMAT}: "
            "install a newer version"
        )
    return description


def _model(description: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Model:
    from chainrule.network import Network

    net = Network.from_config(description["network"])
    _put(tensors, net)
    table = _table(description["table"]) if description["table"] is not None else None
    return Model(net, table, description["training"], description["versions"])


def _table(data: dict[str, Any]) -> TableEncoder:
    from chainrule.tables import TableEncoder

    return TableEncoder.from_dict(data)


def _tensors(net: Network) -> dict[str, NDArray[Any]]:
    import numpy as np

    named = {PARAMETER: net.parameters, STATE: net.states}
    return {
        prefix + name: np.asarray(values, order="C")
        for prefix, arrays in named.items()
        for name, values in arrays.items()
    }


def _put(tensors: dict[str, NDArray[Any]], net: Network) -> None:
    needed = {name: values.shape for name, values in _tensors(net).items()}
    found = {name: values.shape for name, values in tensors.items()}
    for name in sorted(needed.keys() | found.keys()):
        if needed.get(name) != found.get(name):
            has, needs = (_shape(shapes.get(name)) for shapes in (found, needed))
            raise InputError(f"its arrays do not fit its network: {name} has {has}, but needs {needs}")
    for prefix, put in ((PARAMETER, net.set_parameters), (STATE, net.set_states)):
        put({n.removeprefix(prefix): values for n, values in tensors.items() if n.startswith(prefix)})


def _shape(shape: tuple[int, ...] | None) -> str:
    return "no array" if shape is None else f"shape {shape}"


def _read(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in sorted(file.keys())}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is no model file, or not the whole of one") from error


def _replace(path: Path, content: bytes) -> None:
    """Write to a file beside `path`, make sure it is on the disk, and only then give it the name."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def _versions() -> dict[str, str]:
    import numpy as np

    from chainrule import __version__

    return {"chainrule": __version__, "python": platform.python_version(), "numpy": np.__version__}


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged: its description of the model cannot be read")
