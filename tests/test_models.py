"""Model files: what is saved comes back exactly, and what is no model is refused in one sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import chainrule
from chainrule import Activation, BatchNorm, Dense, Dropout, LayerNorm, Loss, Network, Residual, models
from chainrule.errors import InputError
from chainrule.files import digest
from chainrule.tables import TableEncoder, recognise_target

NETWORKS: dict[str, Callable[[], Network]] = {
    "plain": lambda: Network(3, [Dense(4, "relu"), Dense(2, "softmax")], loss="cross_entropy", seed=7),
    "float64": lambda: Network(3, [Dense(2, "sigmoid")], dtype="float64"),
    "every layer": lambda: Network(
        3,
        [
            Dense(4, bias="layer", train_bias=False),
            BatchNorm("gelu"),
            Residual([Dense(4, "tanh"), Dropout(0.25), LayerNorm()]),
            Dense(1, bias=None),
        ],
        loss="huber",
    ),
    "own formulas": lambda: Network(
        3,
        [Dense(2, Activation("swish", "x * sigmoid(slope * x)", slope=1.5)), Dense(1)],
        loss=Loss("log_cosh", "log(cosh(y - t))"),
    ),
}


@pytest.fixture(params=NETWORKS)
def net(request: pytest.FixtureRequest) -> Network:
    """A network of which no number is a start value that another one would have by itself."""
    net = NETWORKS[request.param]()
    random = np.random.default_rng(1)
    net.set_parameters({name: random.normal(size=v.shape) for name, v in net.parameters.items()})
    net.set_states({name: 1 + random.random(v.shape) for name, v in net.states.items()})
    return net


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    models.save(path, NETWORKS["plain"]())
    return path


def rewrite(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the description in a model file."""
    with safe_open(path, framework="numpy") as file:
        description = json.loads(file.metadata()[models.KEY])
    changed = change(description)
    text = changed if isinstance(changed, str) else json.dumps(description)
    save_file(load_file(path), path, metadata={models.KEY: text})


def test_a_network_comes_back_exactly(net: Network, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    models.save(path, net)
    again = models.load(path).net
    x = np.random.default_rng(0).normal(size=(5, 3))
    assert again.dtype == net.dtype
    assert str(again) == str(net)
    np.testing.assert_array_equal(again.predict(x), net.predict(x))
    for arrays, expected in ((again.parameters, net.parameters), (again.states, net.states)):
        assert list(arrays) == list(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(arrays[name], values)


def test_the_file_is_read_by_any_safetensors_reader(saved: Path) -> None:
    assert {name: values.shape for name, values in load_file(saved).items()} == {
        "parameters/w1": (3, 4),
        "parameters/b1": (4,),
        "parameters/w2": (4, 2),
        "parameters/b2": (2,),
    }


def test_the_same_model_is_the_same_bytes(saved: Path) -> None:
    other = saved.with_name("other")
    models.save(other, NETWORKS["plain"]())
    assert other.read_bytes() == saved.read_bytes()


def test_the_table_and_the_training_come_back(tmp_path: Path) -> None:
    frame = pl.DataFrame({"größe": [0.1, 0.2, 0.3, 1e-9], "y": [True, False, False, True]})
    frame, target = recognise_target(frame, "y")
    encoder = TableEncoder.fit(frame, target)
    training = {"rate": 0.1, "epochs": 3, "note": "naïve ☃"}
    net = Network(1, [Dense(2, "softmax")], loss="cross_entropy")
    models.save(tmp_path / "m", net, encoder, training)
    loaded = models.load(str(tmp_path / "m"))
    assert loaded.table == encoder
    assert loaded.training == training
    assert loaded.versions["numpy"] == np.__version__
    assert models.load(tmp_path / "m").table is not loaded.table


def test_a_bare_network_has_no_table(saved: Path) -> None:
    loaded = models.load(saved)
    assert loaded.table is None
    assert loaded.training == {}


# Writing


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_whole(saved: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    before = saved.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        models.save(saved, NETWORKS["float64"]())
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_the_content_is_on_the_disk_before_it_takes_the_name(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(file: int) -> None:
        done.append("on the disk")
        fsync(file)

    def noted_replace(path: Path, target: Path) -> Path:
        done.append("named")
        assert path.parent == target.parent
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    models.save(saved, NETWORKS["float64"]())
    assert done[:2] == ["on the disk", "named"]  # and then the folder's list of names, where that can be
    assert models.load(saved).net.dtype == np.float64


@pytest.mark.parametrize(
    ("name", "message"), [("", "is a folder"), ("none/model", "there is no folder .*none to write model to")]
)
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        models.save(tmp_path / name, NETWORKS["plain"]())


# Reading what is no model


def test_no_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*none"):
        models.load(tmp_path / "none")
    with pytest.raises(InputError, match="is a folder"):
        models.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x00" * 100])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no model file"):
        models.load(path)


def test_a_file_that_is_cut_off_is_refused(saved: Path) -> None:
    content = saved.read_bytes()
    for length in range(0, len(content), 97):
        saved.write_bytes(content[:length])
        with pytest.raises(InputError, match="is no model file"):
            models.load(saved)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_a_safetensors_file_of_others_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    save_file({"w": np.zeros(3)}, tmp_path / "m", metadata=metadata)
    with pytest.raises(InputError, match="no model that chainrule wrote"):
        models.load(tmp_path / "m")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: "{",
        lambda d: "[]",
        lambda d: "7",
        lambda d: d.pop("format"),
        lambda d: d.update(format="new"),
        lambda d: d.pop("network"),
        lambda d: d.pop("table"),
        lambda d: d.update(table={"columns": [{"kind": "number"}]}),
        lambda d: d.update(table={"columns": [], "target": {"kind": "colour"}, "left_out": {}}),
        lambda d: d.update(table=3),
    ],
)
def test_a_damaged_description_is_refused(saved: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    rewrite(saved, change)
    with pytest.raises(InputError, match="is damaged: its description of the model cannot be read"):
        models.load(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(network=None),
        lambda d: d["network"].pop("inputs"),
        lambda d: d["network"].pop("layers"),
        lambda d: d["network"].update(colour="red"),
        lambda d: d["network"].update(layers=[{"type": "Danse", "units": 2}]),
        lambda d: d["network"].update(loss=3),
        lambda d: d["network"]["layers"][0].update(units="many"),
    ],
)
def test_a_description_of_no_network_is_refused(saved: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    rewrite(saved, change)
    with pytest.raises(InputError, match=rf"^{saved} (cannot be used|is damaged)"):
        models.load(saved)


def test_a_newer_format_is_refused(saved: Path) -> None:
    rewrite(saved, lambda d: d.update(format=models.FORMAT + 1))
    with pytest.raises(InputError, match=r"by a newer chainrule, in format 3; this version reads format 2"):
        models.load(saved)


def test_a_format_that_was_never_released_is_refused(saved: Path) -> None:
    rewrite(saved, lambda d: d.update(format=1))
    with pytest.raises(InputError, match="before the first release, in format 1: train again"):
        models.load(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("parameters/b1"), r"parameters/b1 has no array, but needs shape \(4,\)"),
        (lambda t: t.update({"extra": np.zeros(2, np.float32)}), r"extra has shape \(2,\), but needs no array"),
        (
            lambda t: t.update({"parameters/w1": np.zeros((4, 3), np.float32)}),
            r"parameters/w1 has shape \(4, 3\), but needs shape \(3, 4\)",
        ),
        (lambda t: t.update({"parameters/b1": np.full(4, np.nan, np.float32)}), "b1 must be finite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(saved: Path, change: Callable[[dict[str, Any]], Any], message: str) -> None:
    with safe_open(saved, framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(saved)
    change(tensors)
    described = json.loads(metadata[models.KEY]) | {"digest": digest(tensors)}
    save_file(tensors, saved, metadata={models.KEY: json.dumps(described)})
    with pytest.raises(InputError, match=message) as error:
        models.load(saved)
    assert str(saved) in str(error.value)


def test_a_file_with_another_bit_is_refused(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[-7] ^= 1
    saved.write_bytes(content)
    with pytest.raises(InputError, match="its arrays are not those that were written: it is damaged"):
        models.load(saved)


def test_a_network_saves_itself(tmp_path):
    net = Network(3, [Dense(4, "tanh"), BatchNorm(), Dense(2)], seed=3)
    net.fit(np.ones((8, 3)), np.zeros((8, 2)), epochs=2)
    net.save(tmp_path / "n")
    again = chainrule.load(tmp_path / "n").net
    assert np.array_equal(again.vector, net.vector)
    assert np.array_equal(again.predict(np.ones((2, 3))), net.predict(np.ones((2, 3))))
