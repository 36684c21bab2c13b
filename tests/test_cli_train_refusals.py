"""`chainrule train` given what does not fit, and ended by Ctrl-C."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from chainrule import models, tables
from command_line import QUICK, done, refused, run, write_iris


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_iris(tmp_path_factory.mktemp("iris"))


# What it refuses


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--target specie", "unknown column 'specie': did you mean 'species'?"),
        ("--target species --hidden 3,x", "--hidden must be whole numbers with commas between them, such as 64,64"),
        ("--target species --hidden 3,0", "a layer of --hidden must be a whole number of at least 1, not 0"),
        ("--target species --hidden 32,100000000", "--hidden gives 5 networks of together 18,000,006,415 weights"),
        ("--target species --ensemble 10000", "--ensemble gives 10,000 networks of together 217,310,000 weights"),
        ("--target species --activation rellu", "unknown activation 'rellu': did you mean 'relu'?"),
        ("--target species --optimizer adm", "unknown optimizer 'adm': did you mean 'adam'?"),
        ("--target species --recipe plane", "unknown recipe 'plane': did you mean 'plain'?"),
        ("--target species --epochs 0", "--epochs must be a whole number of at least 1, not 0"),
        ("--target species --batch-size -1", "--batch-size must be a whole number of at least 1, not -1"),
        ("--target species --rate 0", "--rate must be a number above 0, not 0"),
        ("--target species --rate nan", "--rate must be a number above 0, not nan"),
        ("--target species --rate inf", "--rate must be a number above 0, not inf"),
        ("--target species --seed -1", "--seed must be a whole number of at least 0, not -1"),
        ("--target species --seed 9999999999999999999", "--seed must be a whole number of at most"),
        ("--target species --ensemble 0", "--ensemble must be a whole number of at least 1, not 0"),
        ("--target species --restarts 0", "--restarts must be a whole number of at least 1, not 0"),
        ("--target species --max-seconds -1", "--max-seconds must be a number above 0, not -1"),
        ("--target species --checkpoint-seconds 5", "--checkpoint-seconds says how often a checkpoint is written:"),
        ("--target species --validate iris.csv", "iris.csv cannot validate: its rows are those of the table"),
        ("--target species --folds 1", "--folds must be a whole number of at least 2, not 1"),
        ("--target species --folds 151", "--folds must be at most 150, the rows with a target, not 151"),
        ("--target species --weights speces", "unknown column 'speces': did you mean 'species'?"),
        ("--target species --weights species", "--weights and --target are the same column 'species'"),
        ("--target species --validate none.csv", "there is no file none.csv"),
        ("--target species --report page.pdf", "--report must end in .html or .htm, not page.pdf"),
        ("--target species --report /no/such/folder/p.html", "there is no folder"),
        ("--target species --out /no/such/folder/m", "there is no folder"),
        ("--target species --out iris.csv", "--out would overwrite the table iris.csv"),
        ("--target species --log ./iris.csv", "--log would overwrite the table iris.csv"),
        ("--target species --validate v.csv --out v.csv", "--out would overwrite the table to validate with v.csv"),
    ],
)
def test_what_does_not_fit_is_refused(iris: Path, monkeypatch: pytest.MonkeyPatch, words: str, message: str) -> None:
    monkeypatch.chdir(iris.parent)
    assert message in refused("train", iris.name, *words.split())
    assert [path.name for path in iris.parent.iterdir()] == ["iris.csv"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("x,y\n", "is empty"),
        ("x,y\n1,2\n", "target 'y' is always"),
        ("x,y\n" + "1,5\n2,5\n" * 20, "target 'y' is always 5: there is nothing to learn"),
        ("x,y\n" + "1,\n" * 20, "target 'y' has no values"),
        ("x,y\n" + "1,a\n2,b\n" * 3, "6 rows with a target: training needs at least 10"),
        ("x,y\n" + "1,a\n1,b\n" * 10, "no column can predict 'y'; left out: 'x' (always 1)"),
    ],
)
def test_a_table_to_learn_nothing_from_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "table.csv").write_text(content)
    assert message in refused("train", tmp_path / "table.csv", "--target", "y")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, None], "column 'w' must hold a weight of at least 0 for each row, but row 2 has none"),
        ([1.0, -2.0], "column 'w' must hold a weight of at least 0 for each row, but row 2 has -2"),
        (["1", "much"], "column 'w' must hold numbers, but row 2 holds 'much'"),
        (["1", "inf"], "column 'w' must hold finite numbers, but row 2 holds 'inf'"),
        ([0.0, 0.0], "column 'w' gives each row the weight 0: there is nothing to learn from"),
        ([0.0, 0.0, 0.0, 1.0, 1.0], "8 rows with a target and a weight above 0: training needs at least 10"),
        ([0.0, 1.0], "target 'y' is always 'b': there is nothing to learn from a constant"),
    ],
)
def test_weights_that_are_none_are_refused(tmp_path: Path, weights: list[Any], message: str) -> None:
    rows = 20
    frame = pl.DataFrame({"x": np.arange(rows) ** 1.5, "y": ["a", "b"] * 10, "w": (weights * rows)[:rows]})
    frame.write_csv(tmp_path / "t.csv")
    assert message in refused("train", tmp_path / "t.csv", "--target", "y", "--weights", "w")


def test_a_wrong_row_is_told_by_its_place_beside_rows_of_weight_0(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": ["1", "2", "inf", "inf"] + ["3"] * 16, "y": ["a", "b"] * 10, "w": [1, 1, 0] + [1] * 17})
    frame.write_csv(tmp_path / "t.csv")
    said = refused("train", tmp_path / "t.csv", "--target", "y", "--weights", "w")
    assert "column 'x' must hold finite numbers, but row 4 holds" in said


def test_more_folds_than_rows_with_a_weight_are_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": np.arange(20) ** 1.5, "y": ["a", "b"] * 10, "w": [0] * 4 + [1] * 16})
    frame.write_csv(tmp_path / "t.csv")
    said = refused("train", tmp_path / "t.csv", "--target", "y", "--weights", "w", "--folds", 18)
    assert "--folds must be at most 16, the rows with a target and a weight above 0, not 18" in said


def test_classes_that_weights_leave_too_rare_are_refused(tmp_path: Path) -> None:
    labels = [f"class {k % 10}" for k in range(20)]
    frame = pl.DataFrame({"x": np.arange(20) ** 1.5, "y": labels, "w": [0] * 10 + [1] * 10})
    frame.write_csv(tmp_path / "t.csv")
    said = refused("train", tmp_path / "t.csv", "--target", "y", "--weights", "w")
    assert "target 'y' has 10 different texts in 10 rows" in said


def test_a_table_that_cannot_validate_is_refused(iris: Path, tmp_path: Path) -> None:
    table, frame = tmp_path / "v.csv", pl.read_csv(iris)
    frame = frame.with_columns(constant=pl.lit("same"))
    frame.write_csv(tmp_path / "t.csv")

    def said(other: pl.DataFrame) -> str:
        other.write_csv(table)
        return refused("train", tmp_path / "t.csv", "--target", "species", "--validate", table)

    assert "v.csv cannot validate: it lacks the column 'species'" in said(frame.drop("species"))
    assert "trained on: 'sepal width (cm)'" in said(frame.drop("sepal width (cm)"))
    frame[0, "species"] = "?"
    wrong = frame.with_columns(pl.lit("long").alias("petal length (cm)"))
    assert "column 'petal length (cm)' must hold numbers, but row 2 holds 'long'" in said(wrong)
    assert "unknown class in column 'species' 'tulip'" in said(frame.with_columns(species=pl.lit("tulip")))
    assert "it has no row with a target, a value of 'species'" in said(frame.with_columns(species=pl.lit("?")))
    frame.drop("constant").write_csv(table)  # it was left out anyway
    assert "149 of v.csv" in done("train", tmp_path / "t.csv", "--target", "species", *QUICK, "--validate", table)


def test_the_rows_of_the_training_in_another_file_cannot_validate(iris: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(iris)
    frame.select(reversed(frame.columns)).write_parquet(tmp_path / "v.parquet")
    said = refused("train", iris, "--target", "species", "--validate", tmp_path / "v.parquet")
    assert "v.parquet cannot validate: its rows are those of the table to train with" in said


def test_a_training_that_diverges_is_said_in_one_sentence(tmp_path: Path) -> None:
    pl.DataFrame({"x": range(50), "y": [k**1.5 for k in range(50)]}).write_csv(tmp_path / "t.csv")
    words = ("--optimizer", "gradient_descent", "--rate", 1e6, "--out", tmp_path / "m")
    result = run("train", tmp_path / "t.csv", "--target", "y", *words)
    assert result.code == 2
    assert re.fullmatch(r"chainrule: the .*cost .*finite[^.;]+: a lower --rate helps\n", result.err)
    assert not (tmp_path / "m").exists()


def test_where_a_training_diverges_is_said(tmp_path: Path) -> None:
    pl.DataFrame({"x": range(50), "y": [k**1.5 for k in range(50)]}).write_csv(tmp_path / "t.csv")
    words = ("--recipe", "plain", "--optimizer", "gradient_descent", "--batch-size", 5, "--rate", 1e30)
    err = run("train", tmp_path / "t.csv", "--target", "y", *words).err
    where = r"chainrule: the cost is no longer finite at step \d+ \(epoch 0\) with learning rate 1e\+30"
    assert re.fullmatch(where + r": a lower --rate helps\n", err), err


# Ctrl-C


@pytest.fixture
def pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C as soon as networks are being trained."""

    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.many.wait", press)


@pytest.mark.usefixtures("pressed")
def test_an_interrupted_training_is_kept_and_not_scored(iris: Path, tmp_path: Path) -> None:
    files = ("--out", tmp_path / "m", "--log", tmp_path / "log.csv", "--report", tmp_path / "p.html")
    result = run("train", iris, "--target", "species", "--epochs", 10_000, "--hidden", 4, *files)
    assert result.code == 130
    assert "Stopped interrupted" in " ".join(result.out.split())
    assert "accuracy" not in result.out
    assert re.fullmatch(r"chainrule: interrupted: .*/m has \d networks?, after .* epochs?, not scored.*\n", result.err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "m"]
    kept = models.load(tmp_path / "m")
    assert kept.training["stopped"] == ["interrupted"]
    assert kept.training["scores"] == {}
    assert kept.predict(tables.read(iris)).height == 150


@pytest.mark.usefixtures("pressed")
def test_an_interruption_with_nothing_to_keep_is_said(iris: Path, tmp_path: Path) -> None:
    words = ("train", iris, "--target", "species", "--epochs", 10_000)
    result = run(*words)
    assert result.code == 130
    assert result.err == "chainrule: interrupted: nothing was kept, since there is no --out\n"
    result = run(*words, "--folds", 3, "--out", tmp_path / "m")
    assert result.code == 130
    assert result.err == "chainrule: interrupted: nothing was written\n"
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_while_the_page_is_made_leaves_the_model(
    iris: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.cli.pages.importance", press)
    files = ("--out", tmp_path / "m", "--report", tmp_path / "p.html")
    result = run("train", iris, "--target", "species", *QUICK, *files)
    assert result.code == 130
    assert result.err == f"chainrule: interrupted: {tmp_path / 'm'} has 1 network; the page was not written\n"
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert "accuracy" in models.load(tmp_path / "m").training["scores"]


@pytest.mark.parametrize("with_model", [True, False])
def test_an_interruption_while_scoring_leaves_what_was_trained(
    iris: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_model: bool
) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    files = ("--log", tmp_path / "l.csv", "--report", tmp_path / "p.html", "--checkpoint", tmp_path / "c")
    out = ("--out", tmp_path / "m") if with_model else ()
    words = ("train", iris, "--target", "species", *QUICK, "--ensemble", 2, *files, *out)
    with monkeypatch.context() as patch:
        patch.setattr("chainrule.cli.course.score", press)
        result = run(*words)
    assert result.code == 130
    has = f"{tmp_path / 'm'} has 2 networks, not scored; " if with_model else ""
    assert result.err == f"chainrule: interrupted: {has}the page was not written\n"
    assert (tmp_path / "l.csv").exists()
    if with_model:
        left = models.load(tmp_path / "m")
        assert left.training["scores"] == {}
        (tmp_path / "c").unlink()
        done(*words)
        whole = models.load(tmp_path / "m")
        assert [net.vector.tobytes() for net in left.networks] == [net.vector.tobytes() for net in whole.networks]
        assert {**whole.training, "scores": {}} == left.training
