"""Model files that somebody made: each is a model, or is refused in one sentence before it does any harm."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from chainrule import Dense, Network, models
from chainrule.errors import InputError
from chainrule.tables import TableEncoder, recognise_target


def change_description(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    with safe_open(path, framework="numpy") as file:
        description = json.loads(file.metadata()[models.KEY])
    changed = change(description)
    text = changed if isinstance(changed, str) else json.dumps(description)
    save_file(load_file(path), path, metadata={models.KEY: text})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A model of a table with a number, a category and a date, whose target is a number."""
    frame = pl.DataFrame(
        {
            "x": [1.0, None, 2, 3, 5, 8],
            "c": ["a", "b"] * 3,
            "when": ["2024-01-02", "2024-02-03", "2024-04-04", "2023-05-05", "2023-06-06", "2022-07-07"],
            "y": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5],
        }
    )
    frame, target = recognise_target(frame, "y")
    encoder = TableEncoder.fit(frame, target)
    assert [column.kind for column in encoder.columns] == ["number", "category", "date"]
    net = Network(len(encoder.input_names), [Dense(2), Dense(1)])
    models.save(tmp_path / "m", net, encoder)
    return tmp_path / "m"


def test_a_short_file_makes_no_large_network(saved: Path) -> None:
    layers = [{"type": "Dense", "units": 12_000}] * 3
    change_description(
        saved, lambda d: d["network"].update(layers=[{**d["network"]["layers"][0], **x} for x in layers])
    )
    tracemalloc.start()
    with pytest.raises(InputError, match="its arrays do not fit its network"):
        models.load(saved)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    "change",
    [
        lambda d: "[" * 100_000,
        lambda d: '{"format": ' + "[" * 5000 + "]" * 5000 + "}",
        lambda d: d.update(format=0),
        lambda d: d.update(format=1.5),
        lambda d: d.update(format=True),
        lambda d: d.update(format=float("inf")),
        lambda d: d.update(training=3),
        lambda d: d.update(versions=None),
        lambda d: d["network"].update(inputs=10**400),
        lambda d: d["network"].update(inputs=float("nan")),
        lambda d: d["network"].update(seed=[]),
        lambda d: d["network"].update(dtype={}),
        lambda d: d["network"].update(layers={"a": 1}),
        lambda d: d.update(network=[]),
        lambda d: d["table"].update(columns=3),
        lambda d: d["table"].update(columns=[]),
        lambda d: d["table"].update(left_out=[]),
        lambda d: d["table"].update(left_out={"a": 3}),
        lambda d: d["table"].update(target=None),
        lambda d: d["table"]["target"].update(scale="1"),
        lambda d: d["table"]["target"].update(scale=0),
        lambda d: d["table"]["target"].update(mean=10**400),
        lambda d: d["table"]["target"].update(mean=float("nan")),
        lambda d: d["table"]["target"].update(name=3),
        lambda d: d["table"]["columns"][0].update(name=None),
        lambda d: d["table"]["columns"][0].update(fill="a"),
        lambda d: d["table"]["columns"][0].update(scale=-1),
        lambda d: d["table"]["columns"][0].update(scale=True),
        lambda d: d["table"]["columns"][0].update(flag=1),
        lambda d: d["table"]["columns"][1].update(values="ab"),
        lambda d: d["table"]["columns"][1].update(values=["a", 1]),
        lambda d: d["table"]["columns"][1].update(values=["a", "a"]),
        lambda d: d["table"]["columns"][1].update(missing=None),
        lambda d: d["table"]["columns"][2].update(format="%Q"),
        lambda d: d["table"]["columns"][2].update(cycles=["moon"]),
        lambda d: d["table"]["columns"][2].update(cycles=3),
        lambda d: d["table"]["columns"][2].update(counts=[3]),
        lambda d: d["table"]["columns"][2]["counts"][0].update(name="weeks"),
        lambda d: d["table"]["columns"][2]["counts"][0].update(mean="a"),
        lambda d: d["table"]["columns"][2]["counts"][0].update(scale=0),
    ],
)
def test_a_description_of_nonsense_is_refused(saved: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    change_description(saved, change)
    with pytest.raises(InputError, match=rf"^{saved} (cannot be used|is damaged): ") as error:
        models.load(saved)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_a_table_of_another_network_is_refused(saved: Path) -> None:
    change_description(saved, lambda d: d["table"]["columns"].pop(0))
    with pytest.raises(InputError, match=r"its table has \d+ inputs, but its network \d+"):
        models.load(saved)
    target = {"kind": "classes", "name": "y", "labels": ["u", "v"]}
    change_description(saved, lambda d: d["table"].update(target=target))
    with pytest.raises(InputError, match=r"its table has"):
        models.load(saved)


@pytest.mark.parametrize(("dtype", "size"), [("BF16", 2), ("F8_E4M3", 1), ("F8_E5M2", 1)])
def test_numbers_of_kinds_that_numpy_lacks_are_refused(tmp_path: Path, dtype: str, size: int) -> None:
    path = tmp_path / "m"
    models.save(path, Network(1, [Dense(1, bias=None)]))
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    tensor = {"dtype": dtype, "shape": [1, 1], "data_offsets": [0, size]}
    header = json.dumps({"__metadata__": metadata, "parameters/w1": tensor}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(size))
    with pytest.raises(InputError, match=r"is damaged|is no model file"):
        models.load(path)


# Destinations


@pytest.mark.skipif(os.name == "nt", reason="no pipes with a name")
def test_only_a_file_that_may_be_written_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "kept").chmod(0o444)
    (tmp_path / "link").symlink_to(os.devnull)
    for name, message in (("pipe", "is no regular file"), ("kept", "is read-only"), ("link", "is no regular file")):
        with pytest.raises(InputError, match=message):
            models.save(tmp_path / name, Network(1, [Dense(1)]))
    assert (tmp_path / "kept").read_text() == "kept"
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        models.save(tmp_path / name, Network(1, [Dense(1)]))
    with pytest.raises(InputError, match=r"cannot be read|there is no file"):
        models.load(tmp_path / name)


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    net = Network(1, [Dense(1)])
    models.save(tmp_path / ("x" * 255), net)
    np.testing.assert_array_equal(models.load(tmp_path / ("x" * 255)).net.vector, net.vector)


def test_a_temporary_file_that_stays_does_not_hide_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def fail_too(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "fsync", fail)
    monkeypatch.setattr(Path, "unlink", fail_too)
    with pytest.raises(InputError, match="No space left on device"):
        models.save(tmp_path / "m", Network(1, [Dense(1)]))
