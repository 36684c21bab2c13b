"""`chainrule predict`: chunks of rows, files that are whole or not there, and what does not fit."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from chainrule import Dense, Network, models, tables
from chainrule.cli.rows_out import write_parquet
from command_line import QUICK, done, refused, run, write_iris


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_iris(tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def model(iris: Path) -> Path:
    path = iris.with_name("m")
    done("train", iris, "--target", "species", "--epochs", 60, "--ensemble", 2, "--out", path)
    trained = models.load(path)
    for net in trained.networks:  # as after a long training: then a row's answer hangs on no other
        net.engine = "compiled"
    trained.save(path)
    return path


def test_predictions_are_a_table_of_their_own(iris: Path, model: Path) -> None:
    result = run("predict", model, iris)
    assert result.code == 0
    assert result.err == ""
    frame = pl.read_csv(io.StringIO(result.out))
    names = ["setosa", "versicolor", "virginica"]
    assert frame.columns == ["species", *(f"P(species={name})" for name in names)]
    probabilities = frame[:, 1:].to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert frame["species"].to_list() == [names[k] for k in probabilities.argmax(axis=1)]
    assert (frame["species"] == pl.read_csv(iris)["species"]).mean() > 0.9
    assert frame.equals(models.load(model).predict(tables.read(iris)))  # every digit is printed


def test_probabilities_can_be_left_out(iris: Path, model: Path) -> None:
    out = done("predict", model, iris, "--no-probabilities")
    assert out.splitlines()[:2] == ["species", "setosa"]
    assert len(out.splitlines()) == 151


def test_one_row_is_predicted_as_in_the_whole_table(iris: Path, model: Path, tmp_path: Path) -> None:
    whole = done("predict", model, iris).splitlines()
    pl.read_csv(iris)[77:78].drop("species").write_csv(tmp_path / "one.csv")
    header, row = done("predict", model, tmp_path / "one.csv").splitlines()
    assert header == whole[0]
    name, *numbers = row.split(",")
    expected_name, *expected = whole[78].split(",")
    assert name == expected_name
    np.testing.assert_allclose([float(v) for v in numbers], [float(v) for v in expected], rtol=1e-4)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_many_chunks_are_one_pass(iris: Path, model: Path, tmp_path: Path, ending: str) -> None:
    table = iris
    if ending == ".parquet":
        table = tmp_path / "iris.parquet"
        pl.read_csv(iris).write_parquet(table, row_group_size=40)
    expected = models.load(model).predict(tables.read(iris))
    assert pl.read_csv(io.StringIO(done("predict", model, table, "--chunk", 7))).equals(expected)
    for out in ("p.csv", "p.parquet"):
        assert done("predict", model, table, "--chunk", 7, "--out", tmp_path / out) == ""
        read = pl.read_csv if out.endswith("csv") else pl.read_parquet
        assert read(tmp_path / out).equals(expected)
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("out", ["p.csv", "p.parquet"])
def test_a_table_that_fails_in_the_middle_leaves_the_old_file(
    iris: Path, model: Path, tmp_path: Path, out: str
) -> None:
    frame = pl.read_csv(iris).with_columns(pl.col("petal length (cm)").cast(pl.String))
    frame[100, "petal length (cm)"] = "long"
    frame.write_csv(tmp_path / "t.csv")
    (tmp_path / out).write_text("old")
    said = refused("predict", model, tmp_path / "t.csv", "--chunk", 7, "--out", tmp_path / out)
    assert "column 'petal length (cm)' must hold numbers, but row 101 holds 'long'" in said
    assert (tmp_path / out).read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_what_fails_in_predicting_is_no_failure_in_writing(tmp_path: Path) -> None:
    def parts() -> Iterator[pl.DataFrame]:
        yield pl.DataFrame({"x": [1]})
        raise pl.exceptions.ComputeError("not so")

    with pytest.raises(pl.exceptions.ComputeError, match="not so"):
        write_parquet(tmp_path / "p.parquet", parts())
    assert list(tmp_path.iterdir()) == []


def test_a_long_row_is_told_by_its_line(model: Path, iris: Path, tmp_path: Path) -> None:
    lines = iris.read_text().splitlines()
    lines[11] += ",7"
    (tmp_path / "t.csv").write_text("\n".join(lines))
    result = run("predict", model, tmp_path / "t.csv", "--chunk", 4)
    assert result.code == 2
    assert "t.csv cannot be read as a table: line 12 has 6 cells, the header 5" in result.err


@pytest.mark.parametrize("out", ["p.csv", "p.parquet"])
def test_an_interruption_leaves_no_half_file(
    iris: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", press)
    assert run("predict", model, iris, "--out", tmp_path / out).code == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("p.txt", "--out must end in .csv or .parquet, not p.txt"),
        ("none/p.csv", "there is no folder"),
        ("p.csv --chunk 0", "--chunk must be a whole number of at least 1, not 0"),
        ("iris.csv", "--out would overwrite the table iris.csv"),
    ],
)
def test_destinations_are_checked_before_any_work(
    iris: Path, model: Path, monkeypatch: pytest.MonkeyPatch, out: str, message: str
) -> None:
    monkeypatch.chdir(iris.parent)
    monkeypatch.setattr(models, "load", None)
    assert message in refused("predict", model, iris.name, "--out", *out.split())


def test_the_model_is_not_overwritten(iris: Path, model: Path, tmp_path: Path) -> None:
    link = tmp_path / "p.csv"
    link.symlink_to(model)
    assert "--out would overwrite the model" in refused("predict", model, iris, "--out", link)


def test_tables_that_do_not_fit_the_model_are_refused(iris: Path, model: Path, tmp_path: Path) -> None:
    table, frame = tmp_path / "t.csv", pl.read_csv(iris)
    frame.drop("petal length (cm)").write_csv(table)
    assert "the table lacks columns that the model was trained on: 'petal length (cm)'" in refused(
        "predict", model, table
    )
    frame.with_columns(pl.lit("long").alias("petal length (cm)")).write_csv(table)
    assert "column 'petal length (cm)' must hold numbers, but row 1 holds 'long'" in refused("predict", model, table)
    assert "there is no file" in refused("predict", tmp_path / "none", table)
    assert "is no model file" in refused("predict", table, table)
    models.save(tmp_path / "bare", Network(4, [Dense(1)]))
    assert "was not trained on a table" in refused("predict", tmp_path / "bare", table)
    for content, message in ((b"", "is empty"), (b"x\n", "is empty"), (b"x\n\xff\n", "it is not UTF-8")):
        table.write_bytes(content)
        assert message in refused("predict", model, table)


def test_unseen_categories_are_said_beside_the_predictions(tmp_path: Path) -> None:
    frame = pl.DataFrame({"c": ["u", "v"] * 20, "x": range(40), "y": ["no", "yes"] * 20})
    frame.write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--out", tmp_path / "m")
    pl.DataFrame({"c": ["v", "w"], "x": [1, 2]}).write_csv(tmp_path / "new.csv")
    result = run("predict", tmp_path / "m", tmp_path / "new.csv")
    assert result.code == 0
    assert len(result.out.splitlines()) == 3
    assert result.err == "chainrule: column 'c' holds what training had not, or too rarely: w\n"
    pl.DataFrame({"c": [f"w{k:02}" for k in range(50)] * 2, "x": [1] * 100}).write_csv(tmp_path / "new.csv")
    result = run("predict", tmp_path / "m", tmp_path / "new.csv", "--chunk", 7)
    told = "w00, w01, w02, w03, w04, w05 and others"
    assert result.err == f"chainrule: column 'c' holds what training had not, or too rarely: {told}\n"


def test_what_counts_as_other_is_said_too(tmp_path: Path) -> None:
    towns = [f"town {k}" for k in range(12)]  # more than have an input each: they are coded
    frame = pl.DataFrame({"c": [*towns * 20, "rare", "rare"], "y": [k**1.5 for k in range(242)]})
    frame.write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--out", tmp_path / "m")
    for asked, told in ((["town 3", "new"], "new"), (["rare", "town 1"], "rare")):
        pl.DataFrame({"c": asked}).write_csv(tmp_path / "new.csv")
        result = run("predict", tmp_path / "m", tmp_path / "new.csv")
        assert result.err == f"chainrule: column 'c' holds what training had not, or too rarely: {told}\n"
    pl.DataFrame({"c": towns}).write_csv(tmp_path / "new.csv")
    assert run("predict", tmp_path / "m", tmp_path / "new.csv").err == ""


def test_dates_whose_form_only_the_whole_column_tells_are_read_at_once(tmp_path: Path) -> None:
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(80)]
    frame = pl.DataFrame({"day": days, "y": [k**1.5 for k in range(80)]})
    frame.write_parquet(tmp_path / "t.parquet")
    done("train", tmp_path / "t.parquet", "--target", "y", *QUICK, "--out", tmp_path / "m")
    written = frame.with_columns(pl.col("day").dt.strftime("%d/%m/%Y"))
    written.write_csv(tmp_path / "t.csv")
    by_texts, by_dates = (
        done("predict", tmp_path / "m", tmp_path / f"t.{kind}", "--chunk", 7) for kind in ("csv", "parquet")
    )
    numbers = [[float(line) for line in text.splitlines()[1:]] for text in (by_texts, by_dates)]
    np.testing.assert_allclose(*numbers, rtol=1e-5)


def test_durations_times_and_zones_are_learned_as_estimators_do(tmp_path: Path) -> None:
    rows = range(60)
    frame = pl.DataFrame(
        {
            "took": [timedelta(seconds=k * 7 % 31) for k in rows],
            "at": [time(k % 24, k) for k in rows],
            "when": pl.Series([k * 10**10 for k in rows]).cast(pl.Datetime("us", "Asia/Tokyo")),
            "y": [k * 7 % 31 + 0.5 for k in rows],
        }
    )
    frame.write_parquet(tmp_path / "t.parquet")
    out = done("train", tmp_path / "t.parquet", "--target", "y", *QUICK, "--out", tmp_path / "m")
    assert "2: took, at" in out
    assert len(done("predict", tmp_path / "m", tmp_path / "t.parquet").splitlines()) == 61
