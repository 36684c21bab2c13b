"""`chainrule evaluate`: the scores of a saved model on a table whose truth is known."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import metrics

from chainrule import Dense, Network, models, tables
from command_line import QUICK, done, refused, run, scores, write_iris


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_iris(tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def model(iris: Path) -> Path:
    path = iris.with_name("m")
    done("train", iris, "--target", "species", "--epochs", 30, "--ensemble", 2, "--out", path)
    return path


@pytest.fixture(scope="module")
def other(iris: Path) -> Path:
    """Rows that are not those of the training in their order."""
    path = iris.with_name("other.csv")
    pl.read_csv(iris).sample(90, seed=1, shuffle=True).write_csv(path)
    return path


def test_classes_are_scored_as_scikit_learn_does(model: Path, other: Path) -> None:
    out = done("evaluate", model, other)
    frame = tables.read(other)
    predicted = models.load(model).predict(frame)
    accuracy = metrics.accuracy_score(frame["species"], predicted["species"])
    loss = metrics.log_loss(frame["species"].to_list(), predicted[:, 1:].to_numpy())
    assert scores(out, "accuracy")[0] == pytest.approx(100 * accuracy, abs=0.05)
    assert scores(out, "log loss")[0] == pytest.approx(loss, abs=0.0005)
    assert "on 90 rows" in out
    assert "2 of 4-128-128-3" in out
    cells = metrics.confusion_matrix(frame["species"], predicted["species"])
    for label, line in zip(("setosa", "versicolor", "virginica"), cells, strict=True):
        assert re.search(rf"{label} +{' +'.join(map(str, line))} *\n", out)
    assert re.search(r"virginica +\d+ +[\d.]+% +[\d.]+% +[01]\.\d{3}", out)
    assert max(map(len, out.splitlines())) <= 80


def test_everything_is_there_as_json(model: Path, other: Path) -> None:
    said = json.loads(done("evaluate", model, other, "--json"))
    frame = tables.read(other)
    predicted = models.load(model).predict(frame)
    truth, answers = frame["species"].to_list(), predicted["species"].to_list()
    assert said["rows"] == 90
    assert said["target"] == "species"
    assert said["scores"]["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(truth, answers))
    assert said["scores"]["log loss"]["value"] == pytest.approx(metrics.log_loss(truth, predicted[:, 1:].to_numpy()))
    for one in said["scores"].values():
        assert one["low"] <= one["value"] <= one["high"]
    assert said["confusion"] == metrics.confusion_matrix(truth, answers).tolist()
    precision, recall, f1, rows = metrics.precision_recall_fscore_support(truth, answers)
    for place, one in enumerate(said["classes"]):
        found = (one["precision"], one["recall"], one["f1"], one["rows"])
        assert found == pytest.approx((precision[place], recall[place], f1[place], rows[place]))


def test_numbers_and_two_classes_have_their_scores(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=80)
    frame = pl.DataFrame({"x": x, "number": 3 * x + random.normal(size=80), "label": x + random.normal(size=80) > 0})
    frame.write_parquet(tmp_path / "t.parquet")
    for target, names in (("number", ["R²", "RMSE", "MAE"]), ("label", ["accuracy", "log loss", "AUC"])):
        table, model = tmp_path / f"{target}.parquet", tmp_path / f"{target}.m"
        frame.select("x", target).write_parquet(table)
        done("train", table, "--target", target, *QUICK, "--out", model)
        said = json.loads(done("evaluate", model, table, "--json"))
        assert list(said["scores"]) == names
        predicted = models.load(model).predict(frame)
        if target == "label":
            expected = metrics.roc_auc_score(frame["label"], predicted[:, 2].to_numpy())
            assert said["scores"]["AUC"]["value"] == pytest.approx(expected)
            assert said["guess"] in ("always True", "always False")
        else:
            expected = metrics.r2_score(frame["number"], predicted["number"])
            assert said["scores"]["R²"]["value"] == pytest.approx(expected)


def test_the_guess_is_that_of_the_training(model: Path, iris: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(iris).filter(pl.col("species") == "virginica")
    frame.write_csv(tmp_path / "t.csv")
    assert scores(done("evaluate", model, tmp_path / "t.csv"), "accuracy")[1] == 0.0  # always setosa


def test_the_table_of_the_training_is_recognised(model: Path, iris: Path, other: Path, tmp_path: Path) -> None:
    assert "is the table that the model was made from" in run("evaluate", model, iris).err
    assert run("evaluate", model, other).err == ""
    frame = pl.read_csv(iris)
    again = frame.with_columns(more=1).select(reversed([*frame.columns, "more"]))
    again.write_parquet(tmp_path / "t.parquet")  # the same values in another file
    assert "is the table that the model was made from" in run("evaluate", model, tmp_path / "t.parquet").err


def test_classes_that_training_had_not_are_mistakes(model: Path, iris: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(iris).with_columns(
        pl.when(pl.int_range(pl.len()) < 30).then(pl.lit("tulip")).otherwise("species").alias("species")
    )
    frame[40, "species"] = "?"
    frame.write_csv(tmp_path / "t.csv")
    result = run("evaluate", model, tmp_path / "t.csv")
    assert result.err == "chainrule: 30 rows have classes that training had not\n"
    assert scores(result.out, "accuracy")[0] <= 100 * 119 / 149 + 0.05
    assert re.search(r"Dropped +1 row without a target", result.out)
    assert re.search(r"\nother +30 +0 +0 *\n", result.out)
    said = json.loads(done("evaluate", model, tmp_path / "t.csv", "--json"))
    assert said["confusion"][-1] == [30, 0, 0]


def labelled_by(labels: list[object], rows: int = 80) -> pl.DataFrame:
    """A table that tells the classes apart, each of which stands in many rows."""
    places = np.arange(rows) % len(labels)
    x = places + np.random.default_rng(0).normal(0, 0.1, rows)
    return pl.DataFrame({"x": x, "y": pl.Series([labels[place] for place in places])})


@pytest.mark.parametrize("labels", [["a", "b", "c"], ["0.0", "1.0"], ["3", "4"], ["True", "False"], ["yes", "TRUE"]])
def test_the_table_of_the_training_is_scored_whatever_its_labels(tmp_path: Path, labels: list[object]) -> None:
    labelled_by(labels).write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", "--epochs", 40, "--ensemble", 1, "--out", tmp_path / "m")
    result = run("evaluate", tmp_path / "m", tmp_path / "t.csv")
    assert scores(result.out, "accuracy")[0] > 90
    assert result.err.count("\n") == 1
    assert "is the table that the model was made from" in result.err


@pytest.mark.parametrize(("trained", "asked"), [("csv", "parquet"), ("parquet", "csv")])
def test_truth_values_are_the_same_in_all_files(tmp_path: Path, trained: str, asked: str) -> None:
    frame = labelled_by([False, True])
    frame.write_parquet(tmp_path / "t.parquet")
    frame.with_columns(y=pl.Series([str(y) for y in frame["y"].to_list()])).write_csv(tmp_path / "t.csv")
    frame[1:].write_parquet(tmp_path / "v.parquet")
    pl.read_csv(tmp_path / "t.csv")[1:].write_csv(tmp_path / "v.csv")
    words = ("--target", "y", "--epochs", 40, "--ensemble", 1, "--validate", tmp_path / f"v.{asked}")
    done("train", tmp_path / f"t.{trained}", *words, "--out", tmp_path / "m")
    result = run("evaluate", tmp_path / "m", tmp_path / f"t.{asked}")
    assert scores(result.out, "accuracy")[0] > 90
    assert "training had not" not in result.err


def test_a_wrong_cell_is_told_by_its_row_in_the_file(model: Path, iris: Path, tmp_path: Path) -> None:
    frame = pl.concat([pl.read_csv(iris)] * 70).with_columns(pl.col("petal length (cm)").cast(pl.String))
    frame[0, "species"] = frame[1, "species"] = "?"
    for row in (2, 10_400):
        wrong = frame.clone()
        wrong[row, "petal length (cm)"] = "long"
        wrong.write_csv(tmp_path / "t.csv")
        said = refused("evaluate", model, tmp_path / "t.csv")
        assert f"column 'petal length (cm)' must hold numbers, but row {row + 1} holds 'long'" in said


def test_immense_numbers_are_no_reason_to_fail(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": range(40), "y": [k**1.5 for k in range(40)]})
    frame.write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--out", tmp_path / "m")
    frame[3, "y"] = 1e200
    frame.write_csv(tmp_path / "u.csv")
    said = done("evaluate", tmp_path / "m", tmp_path / "u.csv", "--json", "--report", tmp_path / "p.html")
    assert list(json.loads(said, parse_constant=pytest.fail)["scores"]) == ["MAE"]


def test_many_classes_are_told_by_the_worst(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    place = random.integers(0, 25, 600)
    frame = pl.DataFrame({"x": place + random.normal(0, 0.2, 600), "y": [f"class {k:02}" for k in place]})
    frame.write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--out", tmp_path / "m")
    result = run("evaluate", tmp_path / "m", tmp_path / "t.csv")
    assert "The 20 of 25 classes that are told worst:" in result.out
    assert re.search(r"Confused +class \d\d for class \d\d: \d+", result.out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("none.csv", "there is no file none.csv"),
        ("unlabelled.csv", "unlabelled.csv lacks the column 'species', the truth to score by"),
        ("empty.csv", "empty.csv has no value of 'species', the truth to score by"),
        ("narrow.csv", "the table lacks columns that the model was trained on: 'sepal width (cm)'"),
        ("iris.csv --report page.txt", "--report must end in .html or .htm, not page.txt"),
        ("iris.csv --report m", "--report must end in .html or .htm, not m"),
    ],
)
def test_what_does_not_fit_is_refused(
    model: Path, iris: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, message: str
) -> None:
    frame = pl.read_csv(iris)
    monkeypatch.chdir(tmp_path)
    frame.write_csv("iris.csv")
    frame.drop("species").write_csv("unlabelled.csv")
    frame.with_columns(species=pl.lit("NA")).write_csv("empty.csv")
    frame.drop("sepal width (cm)").write_csv("narrow.csv")
    assert message in refused("evaluate", model, *words.split())


def test_files_that_are_read_are_not_overwritten(model: Path, iris: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.symlink_to(model)
    assert "--report would overwrite the model" in refused("evaluate", model, iris, "--report", page)
    models.save(tmp_path / "bare", Network(4, [Dense(3, "softmax")], loss="cross_entropy"))
    assert "was not trained on a table" in refused("evaluate", tmp_path / "bare", iris)
