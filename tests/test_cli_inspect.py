"""``chainrule inspect``: what is in a file is what was put into it."""

from __future__ import annotations

from pathlib import Path

import pytest

import chainrule as cr
from chainrule import models
from command_line import done, refused, write_iris


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("inspected")
    write_iris(made)
    files = ("--out", made / "m", "--checkpoint", made / "c")
    done("train", made / "iris.csv", "--target", "species", "--epochs", 3, "--ensemble", 2, "--hidden", 5, *files)
    return made


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_model_of_a_table(folder: Path) -> None:
    out, model = words(done("inspect", folder / "m")), models.load(folder / "m")
    assert "Network 2 of 4-5-3" in out
    assert "loss cross_entropy" in out
    assert "Target species, one of 3 classes: setosa, versicolor, virginica" in out
    assert "Columns 4: sepal length (cm) (number)" in out
    assert "Trained on iris.csv, 120 rows" in out
    assert "hidden 5, activation selu" in out
    assert f"accuracy {model.training['scores']['accuracy']:.6g}" in out
    assert f"Fingerprint {model.fingerprint}" in out
    assert f"chainrule {cr.__version__}" in out


def test_a_checkpoint(folder: Path) -> None:
    out = words(done("inspect", folder / "c"))
    assert "Trainings 2" in out
    assert "On record 3, 3 of 3 epochs" in out
    assert "Standing all epochs done" in out
    assert "Optimiser AdamW(rate=Cosine(rate=0.003" in out


def test_a_network_of_arrays(tmp_path: Path) -> None:
    models.save(tmp_path / "n", cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)]))
    out = words(done("inspect", tmp_path / "n"))
    assert "Network 2-3-1, 13 parameters, float32, loss half_squared_error" in out
    assert "Target" not in out


def test_what_is_neither_is_refused(folder: Path, tmp_path: Path) -> None:
    assert "is no model file" in refused("inspect", folder / "iris.csv")
    assert "there is no file" in refused("inspect", tmp_path / "none")
    assert "is a folder" in refused("inspect", tmp_path)
