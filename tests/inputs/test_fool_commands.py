"""`chainrule dream` and `chainrule fool`: pictures, paths, rows of tables, refusals."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from inputs_networks import flats

from chainrule import models, tables
from chainrule.cli import main
from chainrule.inputs.rows import change_row


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: object, code: int = 0) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert int(exit.value.code or 0) == code, err
        if code:
            assert out == ""
            assert re.fullmatch(r"chainrule: .+\n", err)
        return " ".join((err if code else out).split())

    return run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A table and a model of it, as files."""
    path, model = (tmp_path_factory.mktemp("flats") / name for name in ("flats.csv", "flats.safetensors"))
    net, encoder, frame = flats("plain")
    frame.write_csv(path)
    models.save(model, net, encoder)
    return path, model


def test_dreams_are_drawn_judged_and_their_path_written(run: Any, tmp_path: Path) -> None:
    said = run("dream", "--classes", "0,3", "--steps", 60, "--out", tmp_path / "d.png", "--path", tmp_path / "d.csv")
    assert "takes 2 of 2 for their digit" in said
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "d.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 61
    assert float(rows[60]["probability_of_target"]) > 0.5 > float(rows[0]["probability_of_target"])
    assert {(row["row"], row["target"]) for row in rows} == {("0", "0"), ("1", "3")}


def test_digits_are_fooled_drawn_and_their_path_written(run: Any, tmp_path: Path) -> None:
    said = run(
        "fool", "--method", "fgsm", "--classes", "1,7", "--out", tmp_path / "f.png", "--path", tmp_path / "f.csv"
    )
    fooled, of = map(int, re.search(r"(\d+) of (\d+) samples are fooled within 0.3", said).groups())  # type: ignore[union-attr]
    assert fooled >= 0.95 * of
    assert "a 1 taken for" in said
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "f.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["row"], row["label"]) for row in rows} == {("0", "1"), ("1", "7")}


@pytest.mark.parametrize(("ending", "start"), [(".svg", b"<?xml"), (".pdf", b"%PDF"), ("", b"\x89PNG")])
def test_a_picture_may_be_what_matplotlib_can_write(run: Any, tmp_path: Path, ending: str, start: bytes) -> None:
    run("dream", "--classes", "0", "--steps", 1, "--out", tmp_path / f"d{ending}")
    assert (tmp_path / f"d{ending}").read_bytes().startswith(start)


def test_accuracy_against_budget_is_drawn_and_written(run: Any, tmp_path: Path) -> None:
    words = ("--method", "fgsm", "--out", tmp_path / "c.png", "--path", tmp_path / "c.csv")
    said = run("fool", "--curve", *words)
    assert "budget, norm inf recognised budget, norm 2 recognised" in said
    assert "0.03 9" in said
    with (tmp_path / "c.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["norm"] for row in rows] == ["inf"] * 11 + ["2"] * 11
    assert float(rows[10]["accuracy"]) < 0.05 < 0.9 < float(rows[0]["accuracy"])


def test_one_norm_may_be_drawn_alone(run: Any, tmp_path: Path) -> None:
    said = run("fool", "--curve", "--norm", 2, "--method", "fgsm", "--path", tmp_path / "c.csv")
    assert "budget, norm 2 recognised" in said
    assert "norm inf" not in said
    assert {line.split(",")[0] for line in (tmp_path / "c.csv").read_text().splitlines()} == {"norm", "2"}


@pytest.mark.parametrize("row", [1, 2, 3])
def test_what_would_change_the_answer_for_a_row_is_told(run: Any, files: tuple[Path, Path], row: int) -> None:
    path, model = files
    said = run("fool", model, path, "--row", row)
    loaded = models.load(model)
    assert loaded.table
    assert said == " ".join(str(change_row(loaded.net, loaded.table, tables.read(path), row)).split())
    assert re.match(
        rf"Row {row} is taken for \w+ \(.*?\), (as the table says|but the table says \w+); it would be", said
    )


def test_an_ensemble_is_told_as_predict_tells_it(run: Any, files: tuple[Path, Path], tmp_path: Path) -> None:
    path, ensemble = files[0], tmp_path / "three.safetensors"
    net, encoder, frame = flats("plain")
    model = models.Model(net, encoder, others=[net.twin(1), net.twin(2)], temperature=0.5)
    model.save(ensemble)
    label, *probabilities = model.predict(frame[[4]]).row(0)
    said = run("fool", ensemble, path, "--row", 5)
    assert f"Row 5 is taken for {label} ({max(probabilities):.1%})" in said
    assert said == " ".join(str(change_row(model, encoder, tables.read(path), 5)).split())


REFUSED: list[tuple[tuple[object, ...], str]] = [
    (("dream", "--classes", "0,ten"), "--classes must be different digits"),
    (("dream", "--classes", "3,3"), "--classes must be different digits"),
    (("dream", "--rate", "-1"), "the learning rate must be a number of at least 0"),
    (("dream", "--out", "a.docx"), "let its name end in .png, .svg or .pdf"),
    (("dream", "--out", "nowhere/a.png"), "there is no folder"),
    (("dream", "--seed", "-1"), "the seed must be a whole number"),
    (("fool", "--budget", "0"), "--budget must be a number above 0"),
    (("fool", "--norm", "3"), "unknown norm '3'"),
    (("fool", "--method", "pdg"), "did you mean 'pgd'"),
    (("fool", "--row", "3"), "--row needs a MODEL and a TABLE"),
    (("fool", "--out", "a.png", "--path", "a.png"), "are the same file"),
    (("fool", "--curve", "--budget", "1"), "--budget with --curve needs a --norm"),
    (("fool", "none.safetensors"), "there is no file none.safetensors"),
    (("fool", "MODEL"), "give a table and with --row the number of a row"),
    (("fool", "MODEL", "TABLE"), "give a table and with --row the number of a row"),
    (("fool", "MODEL", "TABLE", "--row", "301"), "--row must be from 1 to 300"),
    (("fool", "--curve", "--classes", "3"), "--classes chooses which digits to show"),
    *[
        (("fool", "MODEL", "TABLE", "--row", "1", *option), f"{option[0]} is for digits, not for a row of a table")
        for option in (
            ("--out", "a.png"),
            ("--path", "a.csv"),
            ("--norm", "2"),
            ("--method", "fgsm"),
            ("--classes", "3"),
            ("--curve",),
            ("--seed", "0"),
        )
    ],
]


@pytest.mark.parametrize(("words", "sentence"), REFUSED)
def test_what_does_not_fit_is_said(
    run: Any, files: tuple[Path, Path], words: tuple[object, ...], sentence: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    names = {"TABLE": files[0], "MODEL": files[1]}
    assert sentence in run(*(names.get(str(word), word) for word in words), code=2)
    assert not list(tmp_path.iterdir())
