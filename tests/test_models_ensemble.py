"""Model files of several networks: all of them come back, and files that somebody made are refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from chainrule import BatchNorm, Dense, Network, models
from chainrule.calibrated import shares, tempered
from chainrule.errors import InputError
from chainrule.files import digest
from chainrule.models import Model
from chainrule.tables import Classes, TableEncoder

FRAME = pl.DataFrame({"x": [1.0, 2.0, 3.0, 5.0, 8.0, 9.0], "y": ["a", "b", "c"] * 2})


def networks(count: int = 3) -> list[Network]:
    net = Network(1, [Dense(4), BatchNorm("relu"), Dense(3, "softmax")], loss="cross_entropy", seed=1)
    every = [net, *(net.twin(seed) for seed in range(5, 4 + count))]
    for one in every:
        one.set_states({name: 1 + np.random.default_rng(one.seed).random(v.shape) for name, v in one.states.items()})
    return every


@pytest.fixture
def model() -> Model:
    first, *others = networks()
    others[0].engine = "compiled"
    encoder = TableEncoder.fit(FRAME, Classes("y", ["a", "b", "c"]))
    return Model(first, encoder, {"seed": 1}, others=others, temperature=0.7, fingerprint="f" * 32)


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    model.save(tmp_path / "m")
    return tmp_path / "m"


def rewrite(path: Path, change: Callable[[dict[str, Any]], Any], arrays: Callable[[dict[str, Any]], Any] = id) -> None:
    with safe_open(path, framework="numpy") as file:
        description = json.loads(file.metadata()[models.KEY])
    tensors = load_file(path)
    change(description)
    arrays(tensors)
    description["digest"] = digest(tensors)
    save_file(tensors, path, metadata={models.KEY: json.dumps(description)})


def test_all_networks_come_back_exactly(model: Model, saved: Path) -> None:
    again = models.load(saved)
    assert [net.seed for net in again.networks] == [1, 5, 6]
    assert [net.engine for net in again.networks] == ["reference", "compiled", "reference"]
    for one, other in zip(again.networks, model.networks, strict=True):
        np.testing.assert_array_equal(one.vector, other.vector)
        for name, state in other.states.items():
            np.testing.assert_array_equal(one.states[name], state)
    assert again.temperature == 0.7
    assert again.fingerprint == "f" * 32
    assert again.training == {"seed": 1}
    assert again.predict(FRAME).equals(model.predict(FRAME))


def test_the_arrays_are_named_by_network(saved: Path) -> None:
    names = {name.partition("/")[0] for name in load_file(saved)}
    assert names == {"parameters", "states", "2", "3"}


def test_what_networks_say_is_averaged_and_tempered(model: Model) -> None:
    assert model.table is not None
    x = model.table.inputs(FRAME)
    mean = np.mean([net.predict(x) for net in model.networks], axis=0, dtype=np.float64)
    mean /= mean.sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(model.outputs(x), tempered(mean, 0.7))
    alone = Model(model.net, model.table)
    np.testing.assert_allclose(alone.outputs(x), model.net.predict(x), rtol=1e-6)


def test_a_network_of_arrays_has_outputs_but_no_tables() -> None:
    first, *others = networks()
    bare = Model(first, others=others)
    assert bare.outputs(np.ones((2, 1))).shape == (2, 3)
    with pytest.raises(InputError, match="was not trained on a table"):
        bare.predict(FRAME)


def test_a_prediction_that_is_not_finite_is_refused(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = np.full((6, 3), 0.3)
    outputs[4, 1] = np.nan
    monkeypatch.setattr(Network, "predict", lambda *_: outputs)
    with pytest.raises(InputError, match="for row 5 is not a finite number"):
        model.predict(FRAME)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("others"),
        lambda d: d.pop("engine"),
        lambda d: d.pop("temperature"),
        lambda d: d.pop("fingerprint"),
        lambda d: d.update(others=3),
        lambda d: d.update(others=[3]),
        lambda d: d.update(others="ab"),
        lambda d: d.update(others=[[5, "reference", 1], [6, "reference"]]),
        lambda d: d.update(others=[[5, "reference"]]),
        lambda d: d.update(others=[[5, "reference"]] * 3),
        lambda d: d.update(others=[[5, "reference"]] * 100_000),
        lambda d: d.update(others=[]),
        lambda d: d.update(others=[["5", "reference"], [6, "reference"]]),
        lambda d: d.update(others=[[-5, "reference"], [6, "reference"]]),
        lambda d: d.update(others=[[5, "quantum"], [6, "reference"]]),
        lambda d: d.update(others=[[5, []], [6, {}]]),
        lambda d: d.update(engine=None),
        lambda d: d.update(temperature=0),
        lambda d: d.update(temperature=-1.0),
        lambda d: d.update(temperature=True),
        lambda d: d.update(temperature="1"),
        lambda d: d.update(temperature=float("nan")),
        lambda d: d.update(temperature=float("inf")),
        lambda d: d.update(temperature=10**400),
        lambda d: d.update(fingerprint=3),
    ],
)
def test_a_description_of_nonsense_is_refused(saved: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    rewrite(saved, change)
    with pytest.raises(InputError, match=rf"^{saved} (cannot be used|is damaged): ") as error:
        models.load(saved)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("2/parameters/w1"), r"it has \d+ arrays, but its 3 networks need \d+"),
        (lambda t: t.update({"2/parameters/x": t.pop("2/parameters/w1")}), "2/parameters/w1 has no array"),
        (lambda t: t.update({"3/parameters/w1": np.zeros((2, 2), np.float32)}), r"has shape \(2, 2\), but needs"),
        (lambda t: t.update({"3/parameters/b3": np.full(3, np.nan, np.float32)}), "b3 must be finite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(saved: Path, change: Callable[[dict[str, Any]], Any], message: str) -> None:
    rewrite(saved, lambda d: None, change)
    with pytest.raises(InputError, match=message):
        models.load(saved)


def test_a_model_that_cannot_be_json_is_not_written(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Model(model.net, training={"cost": float("nan")}).save(tmp_path / "n")
    assert list(tmp_path.iterdir()) == []


def test_a_calibrated_prediction_needs_no_scikit_learn(saved: Path) -> None:
    program = f"""
import sys
import polars as pl
from chainrule import models
assert models.load({str(saved)!r}).predict(pl.DataFrame({{"x": [1.0, 2.0]}})).height == 2
sys.exit("sklearn" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_is_no_number_stays_none_in_the_shares() -> None:
    found = shares(np.array([[1.0, 3.0], [0.0, 0.0], [np.nan, 1.0]], np.float32))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[0.25, 0.75], [0.5, 0.5], [np.nan, np.nan]])
