"""`chainrule dream` and `chainrule fool`: pictures, paths, rows of tables, refusals."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule import models, tables
from chainrule.cli import main
from chainrule.errors import InputError
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
def flats(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A table in which a flat is dear if it is large enough for its district, with a model of it."""
    random = np.random.default_rng(0)
    rooms, size = random.integers(1, 6, 300), random.uniform(20, 120, 300)
    district = random.choice(["centre", "edge"], 300)
    built = [f"20{year:02d}-05-01" for year in random.integers(0, 24, 300)]
    dear = np.where(size + 15 * rooms > np.where(district == "centre", 80, 140), "dear", "cheap")
    frame = pl.DataFrame({"size": size, "rooms": rooms, "district": district, "built": built, "price": dear})
    path, model = (tmp_path_factory.mktemp("flats") / name for name in ("flats.csv", "flats.safetensors"))
    frame.write_csv(path)
    frame, target = tables.recognise_target(tables.read(path), "price")
    encoder = tables.TableEncoder.fit(frame, target)
    net = cr.Network(len(encoder.input_names), [cr.Dense(8, "tanh"), cr.Dense(2, "softmax")], "cross_entropy")
    net.fit(encoder.inputs(frame), encoder.targets(frame), epochs=40, optimizer=cr.Adam(0.02), engine="reference")
    models.save(model, net, encoder)
    return path, model


def test_dreams_are_drawn_judged_and_their_path_written(run: Any, tmp_path: Path) -> None:
    said = run("dream", "--classes", "0,3", "--steps", 60, "--out", tmp_path / "d.png", "--path", tmp_path / "d.csv")
    assert "takes 2 of 2 for their digit" in said
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "d.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 61
    assert float(rows[60]["probability"]) > 0.5 > float(rows[0]["probability"])


def test_digits_are_fooled_drawn_and_their_path_written(run: Any, tmp_path: Path) -> None:
    said = run(
        "fool", "--method", "fgsm", "--classes", "1,7", "--out", tmp_path / "f.png", "--path", tmp_path / "f.csv"
    )
    fooled, of = map(int, re.search(r"(\d+) of (\d+) samples are fooled within 0.3", said).groups())  # type: ignore[union-attr]
    assert fooled >= 0.95 * of
    assert "a 1 taken for" in said
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "f.csv").read_text().startswith("row,step,cost,probability,distance\n0,0,")


def test_accuracy_against_budget_is_drawn_and_written(run: Any, tmp_path: Path) -> None:
    words = ("--method", "fgsm", "--out", tmp_path / "c.png", "--path", tmp_path / "c.csv")
    said = run("fool", "--curve", *words)
    assert "norm inf 0: 9" in said
    assert "norm 2 0: 9" in said
    with (tmp_path / "c.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["norm"] for row in rows] == ["inf"] * 11 + ["2"] * 11
    assert float(rows[10]["accuracy"]) < 0.05 < 0.9 < float(rows[0]["accuracy"])


@pytest.mark.parametrize("row", [1, 2, 3, 4, 5])
def test_the_changes_named_for_a_row_change_the_answer(run: Any, flats: tuple[Path, Path], row: int) -> None:
    path, model = flats
    said = run("fool", model, path, "--row", row)
    loaded, frame = models.load(model), tables.read(path)
    encoder = loaded.table
    assert encoder is not None

    def answer(values: dict[str, Any]) -> str:
        changed = frame[[row - 1]].with_columns(pl.Series(name, [value]) for name, value in values.items())
        return str(encoder.target.decode(loaded.net.predict(encoder.inputs(changed)))["price"][0])

    before, _, after = re.match(r"Row \d is taken for (\w+) \((.*?)\); it would be (\w+) if", said).groups()  # type: ignore[union-attr]
    assert answer({}) == before
    found = change_row(loaded.net, encoder, frame, row)
    numbers = {change.column: change.after for change in found.numbers}
    assert answer(numbers) == after != before
    assert all(f"{change}" in said for change in found.numbers)
    if "rooms" in numbers:
        assert numbers["rooms"] == int(numbers["rooms"])
    for change, other in found.categories:
        assert answer({change.column: change.after}) == other != before
    assert "dates stay (built)" in said
    assert "Categories are only ever changed as a whole" in said


def test_no_smaller_change_of_the_one_column_does_it(flats: tuple[Path, Path]) -> None:
    path, model = flats
    loaded, frame = models.load(model), tables.read(path)
    assert loaded.table
    for row in range(1, 9):
        found = change_row(loaded.net, loaded.table, frame, row)
        if [change.column for change in found.numbers] != ["size"]:
            continue
        (change,) = found.numbers
        between = np.linspace(float(change.before), float(change.after), 102)[1:-5]
        many = frame[[row - 1] * len(between)].with_columns(pl.Series("size", between))
        answers = loaded.table.target.decode(loaded.net.predict(loaded.table.inputs(many)))["price"]
        assert set(answers) == {found.label}


def test_a_row_that_numbers_cannot_change_says_so(flats: tuple[Path, Path]) -> None:
    path, model = flats
    loaded, frame = models.load(model), tables.read(path)
    assert loaded.table
    found = change_row(loaded.net, loaded.table, frame, 1, budget=1e-6)
    assert found.answer is None
    assert "no change of its numbers within the table's range and the budget changes that" in str(found)


REFUSED: list[tuple[tuple[object, ...], str]] = [
    (("dream", "--classes", "0,ten"), "--classes must be different digits"),
    (("dream", "--classes", "3,3"), "--classes must be different digits"),
    (("dream", "--rate", "-1"), "the learning rate must be a number of at least 0"),
    (("dream", "--out", "a.docx"), "let its name end in .png or .svg"),
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
    (("fool", "MODEL", "TABLE", "--row", "1", "--out", "a.png"), "--out is for digits"),
]


@pytest.mark.parametrize(("words", "sentence"), REFUSED)
def test_what_does_not_fit_is_said(
    run: Any, flats: tuple[Path, Path], words: tuple[object, ...], sentence: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    names = {"TABLE": flats[0], "MODEL": flats[1]}
    assert sentence in run(*(names.get(str(word), word) for word in words), code=2)
    assert not list(tmp_path.iterdir())


def test_a_number_has_no_answer_that_could_change(flats: tuple[Path, Path]) -> None:
    frame, target = tables.recognise_target(tables.read(flats[0]), "size")
    encoder = tables.TableEncoder.fit(frame, target)
    net = cr.Network(len(encoder.input_names), [cr.Dense(1)])
    with pytest.raises(InputError, match="'size' is a number, not a class"):
        change_row(net, encoder, frame, 1)
