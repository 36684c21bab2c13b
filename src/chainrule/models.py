"""Model files: one safetensors file with the weights, and everything else as JSON in its metadata."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError, shown
from chainrule.files import check_destination, digest, existing, reason, replace

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from chainrule.architecture import Architecture
    from chainrule.network import Network
    from chainrule.tables import TableEncoder

FORMAT = 2
"""The version of the metadata; raise it when other code cannot read it. Format 1 was never released."""

KEY = "chainrule"
PARAMETER, STATE = "parameters/", "states/"
ENGINES = ("reference", "compiled")


@dataclass(frozen=True)
class Model:
    """What a model file holds.

    Parameters
    ----------
    net : the network, of an ensemble the first.
    table : how the rows of a table become inputs, and outputs predictions; None for a network of arrays.
    training : how it was trained, for people to read; anything that JSON can hold.
    versions : of the libraries that wrote the file.
    others : the other networks of an ensemble, of the same equations; what all say is averaged.
    temperature : by which logarithms of probabilities are divided, None for as they are.
    fingerprint : of the table that it was made from, see `chainrule.cli.packing`; "" if there is none.
    """

    net: Network
    table: TableEncoder | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    others: Sequence[Network] = ()
    temperature: float | None = None
    fingerprint: str = ""

    @property
    def networks(self) -> list[Network]:
        """All networks."""
        return [self.net, *self.others]

    def outputs(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return the mean of what the networks say, shape (rows, outputs), float64: of classes the probabilities.

        The same as an estimator of `chainrule.estimators` with these networks, to the bit.
        """
        import numpy as np

        from chainrule.calibrated import shares, tempered
        from chainrule.tables import Classes
        from chainrule.threads import one_thread_for

        with one_thread_for(len(x)):
            found = np.asarray(np.mean([net.predict(x) for net in self.networks], axis=0, dtype=np.float64))
        if self.table is None or not isinstance(self.table.target, Classes):
            return found
        probabilities = shares(found)
        return probabilities if self.temperature is None else tempered(probabilities, self.temperature)

    def predict(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the prediction for each row of a table: of classes the most probable, then the probability of each.

        Raises InputError for a table that does not fit, a network of arrays, and a prediction that is not finite.
        """
        if self.table is None:
            raise InputError("the model was not trained on a table")
        return self.table.target.decode(self.outputs(self.table.inputs(frame)))

    def save(self, path: str | Path) -> None:
        """Write the model to one safetensors file; `versions` are those of now.

        An existing file is replaced at once and as a whole: whatever happens, either the old file is there or the new
        one. Raises InputError if the file cannot be written.
        """
        from safetensors.numpy import save as to_bytes

        tensors = {name: array for k, net in enumerate(self.networks) for name, array in _tensors(net, k).items()}
        description = {
            "format": FORMAT,
            "network": self.net.config,
            "engine": self.net.engine,
            "others": [[net.seed, net.engine] for net in self.others],
            "temperature": self.temperature,
            "table": self.table.to_dict() if self.table else None,
            "fingerprint": self.fingerprint,
            "training": dict(self.training),
            "versions": versions(),
            "digest": digest(tensors),
        }
        content = to_bytes(tensors, metadata={KEY: json.dumps(description, allow_nan=False)})
        replace(check_destination(path), content)


def save(
    path: str | Path,
    net: Network,
    table: TableEncoder | None = None,
    training: Mapping[str, Any] | None = None,
) -> None:
    """Write a network, and what belongs to it, to one file, as `Model.save` does."""
    Model(net, table, training or {}).save(path)


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

    config, training, versions = (description[key] for key in ("network", "training", "versions"))
    if not isinstance(training, dict) or not isinstance(versions, dict):
        raise TypeError("the training and the versions are told by name")
    engines = [description["engine"], *(engine for _, engine in description["others"])]
    if not all(engine in ENGINES for engine in engines) or not isinstance(description["fingerprint"], str):
        raise ValueError("no engine or fingerprint that this version writes")
    _compare(_needed(Network.architecture_from(config)), len(engines), file)
    _check_arrays(description["digest"], file)
    table = _table(description["table"]) if description["table"] is not None else None
    net = Network.from_config(config)
    networks = [net, *(net.twin(seed) for seed, _ in description["others"])]
    for number, (one, engine) in enumerate(zip(networks, engines, strict=True)):
        one.engine = engine
        _fill(one, number, file)
    if table:
        _check_sizes(table, net)
    temperature = _temperature(description["temperature"])
    return Model(net, table, training, versions, networks[1:], temperature, description["fingerprint"])


def _check_arrays(written: str, file: Any) -> None:
    if digest({name: file.get_tensor(name) for name in file.keys()}) != written:  # noqa: SIM118  it is no dict
        raise InputError("its arrays are not those that were written: it is damaged")


def _fill(net: Network, number: int, file: Any) -> None:
    for kind, arrays, put in ((PARAMETER, net.parameters, net.set_parameters), (STATE, net.states, net.set_states)):
        put({name: file.get_tensor(_prefix(number) + kind + name) for name in arrays})


def _temperature(given: Any) -> float | None:
    if given is not None and not (type(given) in (int, float) and 0 < given < math.inf):
        raise InputError(f"it has {shown(given)} as temperature")
    return given if given is None else float(given)


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


def _prefix(number: int) -> str:
    """Return what the names of the arrays of an ensemble's network begin with: 2/, 3/, ...; those of the first do not.

    >>> _prefix(0), _prefix(1)
    ('', '2/')
    """
    return f"{number + 1}/" if number else ""


def _needed(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's arrays by the names they have in a file."""
    named = {PARAMETER: architecture.parameters, STATE: architecture.running}
    return {
        prefix + array.ref.name: architecture.shape_of(array.ref)
        for prefix, arrays in named.items()
        for array in arrays
    }


def _compare(needed: dict[str, tuple[int, ...]], networks: int, file: Any) -> None:
    """Raise InputError unless the file has the arrays of so many networks that each need these, and no others."""
    found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  it is no dict
    if networks > 1 and len(found) != networks * len(needed):  # before so many names are made
        raise InputError(f"it has {len(found)} arrays, but its {networks} networks need {networks * len(needed)}")
    needed = {_prefix(number) + name: shape for number in range(networks) for name, shape in needed.items()}
    for name in sorted(needed.keys() | found.keys()):
        if needed.get(name) != found.get(name):
            has, needs = (_shape(shapes.get(name)) for shapes in (found, needed))
            raise InputError(f"its arrays do not fit its network: {shown(name)[1:-1]} has {has}, but needs {needs}")


def _tensors(net: Network, number: int) -> dict[str, NDArray[Any]]:
    import numpy as np

    named = {PARAMETER: net.parameters, STATE: net.states}
    return {
        _prefix(number) + kind + name: np.asarray(values, order="C")
        for kind, arrays in named.items()
        for name, values in arrays.items()
    }


def _shape(shape: tuple[int, ...] | None) -> str:
    return "no array" if shape is None else f"shape {shape}"


def versions() -> dict[str, str]:
    """Return the versions of what a model is made with."""
    import numpy as np

    from chainrule import __version__

    return {"chainrule": __version__, "python": platform.python_version(), "numpy": np.__version__}


def _damaged(path: Path) -> InputError:
    return InputError(f"{path} is damaged: its description of the model cannot be read")
