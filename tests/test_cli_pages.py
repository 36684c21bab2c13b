"""The page of `--report`: its numbers are scikit-learn's, its names do nothing, and it needs nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from chainrule import models, tables
from chainrule.cli import heldout
from command_line import QUICK, Page, done, number, write_iris

HOSTILE = "</style><script>alert(1)</script>"
LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
EMPTY = {"meta", "br", "wbr", "circle", "line", "rect", "link", "img", "input", "hr"}


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_iris(tmp_path_factory.mktemp("iris"))


def held_out(path: Path, target: str) -> heldout.Rows:
    frame, kind = tables.recognise_target(tables.read(path), target)
    return heldout.split(heldout.rows_of(frame, kind, None), kind, 0)[1]


def check_whole(text: str) -> None:
    """Assert that a page is a tree, asks for nothing from elsewhere, and has each id once."""
    page = Page(text)
    opened: list[str] = []
    for end, tag, closed in re.findall(r"<(/?)([a-zA-Z0-9]+)[^<>]*?(/?)>", re.sub("(?s)<style>.*?</style>", "", text)):
        if end:
            assert opened.pop() == tag
        elif not closed and tag not in EMPTY:
            opened.append(tag)
    assert opened == []
    assert not {"script", "link", "img", "iframe", "object", "a", "form"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("href", "src")]
    assert "url(" not in text
    assert "@import" not in text
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert "default-src 'none'; style-src 'unsafe-inline'" in {given.get("content") for _, given in page.elements}
    assert "prefers-color-scheme:dark" in text


def test_the_numbers_of_classes_are_those_of_scikit_learn(
    iris: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = ("--out", "m", "--report", "p.html")
    out = done("train", iris, "--target", "species", "--epochs", 12, "--ensemble", 2, *files)
    assert "Report p.html" in " ".join(out.split())
    text = (tmp_path / "p.html").read_text()
    check_whole(text)
    page, rows = Page(text), held_out(iris, "species")
    predicted = models.load(tmp_path / "m").predict(rows.frame)
    labels = ["setosa", "versicolor", "virginica"]
    truth, answers = [labels[k] for k in rows.y], predicted["species"].to_list()
    probabilities = predicted[:, 1:].to_numpy()

    assert page.number("scores", "accuracy") == pytest.approx(metrics.accuracy_score(truth, answers), abs=5e-4)
    assert page.number("scores", "log loss") == pytest.approx(metrics.log_loss(truth, probabilities), abs=5e-4)
    assert page.number("scores", "accuracy", 3) == pytest.approx(1 / 3, abs=5e-4)
    cells = [[0 if cell == "·" else int(cell) for cell in line[1:]] for line in page.tables["confusion"][1:]]
    assert cells == metrics.confusion_matrix(truth, answers).tolist()
    for label, value in zip(labels, metrics.recall_score(truth, answers, average=None), strict=True):
        assert page.number("classes", label, 3) == pytest.approx(value, abs=5e-4)
    right = np.array([a == t for a, t in zip(answers, truth, strict=True)]).astype(int)
    came, stated = calibration_curve(right, probabilities.max(axis=1), n_bins=10)
    found = [[number(cell) for cell in line] for line in page.tables["calibration"][1:]]
    np.testing.assert_allclose([line[:2] for line in found], np.column_stack([stated, came]), atol=5e-5)
    assert sum(line[2] for line in found) == 30
    assert {line[0] for line in page.tables["importance"][1:]} == set(rows.frame.columns)
    assert [line[0] for line in page.tables["columns"][1:]] == rows.frame.columns
    for said in (
        "chainrule train",
        "On 30 rows that were held out; 120 were trained with.",
        "12 epochs",
        "temperature",
    ):
        assert said in page.text


def test_the_numbers_of_numbers_are_those_of_scikit_learn(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2))
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "only": ["one"] * 200, "y": 2 * x[:, 0] - 1000})
    frame.write_csv(tmp_path / "t.csv")
    files = ("--out", tmp_path / "m", "--report", tmp_path / "p.html")
    done("train", tmp_path / "t.csv", "--target", "y", "--recipe", "plain", "--epochs", 40, "--rate", 0.01, *files)
    text = (tmp_path / "p.html").read_text()
    check_whole(text)
    page, rows = Page(text), held_out(tmp_path / "t.csv", "y")
    predicted = models.load(tmp_path / "m").predict(rows.frame)["y"].to_numpy()
    assert page.number("scores", "R²") == pytest.approx(metrics.r2_score(rows.y, predicted), abs=5e-4)
    rmse = metrics.root_mean_squared_error(rows.y, predicted)
    assert page.number("scores", "RMSE") == pytest.approx(rmse, rel=5e-4)
    found = [number(line[1]) for line in page.tables["residuals"][1:]]
    np.testing.assert_allclose(found, np.quantile(rows.y - predicted, LEVELS, method="inverted_cdf"), rtol=1e-3)
    assert page.tables["importance"][1][0] == "a"
    assert page.tables["left-out"][1] == ["only", "always one"]
    assert "The answer “always the mean, −1" in page.text.replace("-", "−")
    assert "Loss of training rows." in page.text  # nothing validates


def test_folds_have_a_page(iris: Path, tmp_path: Path) -> None:
    done("train", iris, "--target", "species", *QUICK, "--folds", 3, "--report", tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    check_whole(text)
    page = Page(text)
    assert sum(sum(0 if c == "·" else int(c) for c in line[1:]) for line in page.tables["confusion"][1:]) == 150
    assert page.tables["scores"][0][2] == "standard deviation"
    assert "Mean over 3 folds of 150 rows" in page.text
    assert "2 times for each of 3 models, on 150 of the rows above" in page.text


def test_weights_of_numbers_are_repeated_rows_on_a_page(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=200)
    frame = pl.DataFrame({"x": x, "y": x + random.normal(size=200), "w": random.integers(1, 9, 200)})
    frame.write_csv(tmp_path / "t.csv")
    files = ("--out", tmp_path / "m", "--report", tmp_path / "p.html")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--weights", "w", *files)
    page = Page((tmp_path / "p.html").read_text())
    labelled, kind = tables.recognise_target(tables.read(tmp_path / "t.csv"), "y")
    rows = heldout.split(heldout.rows_of(labelled, kind, "w"), kind, 0)[1]
    assert rows.weights is not None
    times = rows.weights.astype(int)
    y = np.repeat(rows.y, times)
    predicted = np.repeat(models.load(tmp_path / "m").predict(rows.frame)["y"].to_numpy(), times)
    assert page.number("scores", "R²") == pytest.approx(metrics.r2_score(y, predicted), abs=5e-4)
    found = [number(line[1]) for line in page.tables["residuals"][1:]]
    np.testing.assert_allclose(found, np.quantile(y - predicted, LEVELS, method="inverted_cdf"), rtol=1e-3)


def test_a_class_that_one_fold_had_not_keeps_its_place(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": [k**1.5 for k in range(60)], "y": [*["a", "b"] * 29, "rare", "b"]})
    frame.write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--folds", 3, "--report", tmp_path / "p.html")
    page = Page((tmp_path / "p.html").read_text())
    assert page.number("classes", "rare") == 1
    assert "other classes" not in page.text
    assert [line[0] for line in page.tables["confusion"][1:]] == ["a", "b", "rare"]


def test_a_score_without_a_best_is_not_drawn(tmp_path: Path) -> None:
    pl.DataFrame({"x": range(30), "y": [k**1.5 for k in range(30)]}).write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--out", tmp_path / "m")
    pl.DataFrame({"x": [1], "y": [1.0]}).write_csv(tmp_path / "one.csv")
    for table, drawn in (("t.csv", True), ("one.csv", False)):
        done("evaluate", tmp_path / "m", tmp_path / table, "--report", tmp_path / "q.html")
        text = (tmp_path / "q.html").read_text()
        check_whole(text)
        assert (">baseline</text>" in text) == drawn
    assert Page(text).tables["scores"][1][2] == "–"
    assert "these rows have no score to measure it by" in text


def test_importance_of_very_many_columns_is_said_to_be_left_out(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frame = pl.DataFrame({f"x{k}": random.normal(size=20) for k in range(501)}).with_columns(y=random.normal(size=20))
    frame.write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--report", tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    check_whole(text)
    assert "was not measured: the table has more than 500 columns" in text


def test_a_saved_model_has_a_page(iris: Path, tmp_path: Path) -> None:
    done("train", iris, "--target", "species", *QUICK, "--out", tmp_path / "m")
    done("evaluate", tmp_path / "m", iris, "--report", tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    check_whole(text)
    page = Page(text)
    assert "The model m on 150 rows." in page.text
    assert "is the table that the model was made from" in page.text
    assert "chainrule evaluate" in page.text
    assert "most epochs" in page.text
    assert "How it was trained" not in page.text


# Hostile names


def test_names_do_nothing_to_a_page(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    names = [HOSTILE, "\u202eevil", "a&b\"'>", "x" * 500, "new\nline \x1b[31m\x00", "größe ☃"]
    frame = pl.DataFrame({name: random.normal(size=120) for name in names})
    frame = frame.with_columns(pl.Series("category", random.choice([HOSTILE, "</td>", "b"], 120)))
    labels = np.array([HOSTILE, "]]><!--", "y" * 500])[
        (frame[HOSTILE] > 0).cast(int).to_numpy() + random.integers(0, 2, 120)
    ]
    table = tmp_path / "t <b>&.parquet"
    frame.with_columns(pl.Series("</title>" + HOSTILE, labels)).write_parquet(table)
    files = ("--out", tmp_path / "m", "--report", tmp_path / "p.html")
    out = done("train", table, "--target", "</title>" + HOSTILE, *QUICK, *files)
    assert "\x1b" not in out
    text = (tmp_path / "p.html").read_text()
    check_whole(text)
    assert text.count("</style>") == 1
    assert "\x1b" not in text
    page = Page(text)
    assert f"Predicting </title>{HOSTILE}" in page.text
    assert page.number("columns", HOSTILE, 2) == 1
    assert "yyy…" in page.text
    assert "y" * 130 not in page.text
    said = done("evaluate", tmp_path / "m", table, "--report", tmp_path / "q.html")
    assert "\x1b" not in said
    check_whole((tmp_path / "q.html").read_text())


def test_many_classes_and_columns_are_folded_away(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    place = random.integers(0, 60, 1500)
    frame = pl.DataFrame({f"x{k}": place + random.normal(0, 0.2 + k, 1500) for k in range(30)})
    frame.with_columns(y=pl.Series([f"class {k}" for k in place])).write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--report", tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text()
    check_whole(text)
    page = Page(text)
    assert "confusion" not in page.tables
    assert len(page.tables["pairs"]) == 21
    assert len(page.tables["classes"]) == 51
    assert "10 more columns" in page.text
    assert len(text) < 100_000
