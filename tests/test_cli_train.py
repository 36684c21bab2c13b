"""`chainrule train`: what it learns, says and writes, and what it refuses."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier

from chainrule import Dense, NetworkClassifier, NetworkRegressor, models, tables
from chainrule.cli import heldout, labelled
from chainrule.recipes import recipe_of
from command_line import QUICK, done, scores, write_iris


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_iris(tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sales") / "sales.csv"
    mixed_table().write_csv(path)
    return path


def mixed_table(rows: int = 400) -> pl.DataFrame:
    """A table whose target follows from a category, a date, a truth value and a number, all with gaps."""
    random = np.random.default_rng(0)
    shop = random.choice(["north", "south", "east"], rows)
    day = [datetime(2023, 1, 1) + timedelta(days=int(d)) for d in random.integers(0, 365, rows)]
    weekend = np.array([d.weekday() >= 5 for d in day])
    rain = random.random(rows) < 0.3
    size = random.normal(50, 10, rows)
    sales = 100 * (shop == "north") + 80 * weekend - 60 * rain + 2 * size + random.normal(0, 5, rows)
    gap = random.random((3, rows)) < 0.05
    return pl.DataFrame(
        {
            "shop": [None if g else str(s) for s, g in zip(shop, gap[0], strict=True)],
            "day": [d.strftime("%d.%m.%Y") for d in day],
            "rain": ["?" if g else str(r) for r, g in zip(rain, gap[1], strict=True)],
            "size": [None if g else s for s, g in zip(size, gap[2], strict=True)],
            "note": [f"note {k}" for k in range(rows)],
            "town": [f"town {k}" for k in random.integers(0, 15, rows)],
            "copies": random.integers(0, 4, rows),
            "country": ["Freedonia"] * rows,
            "sales": [None if k % 40 == 0 else s for k, s in enumerate(sales)],
        }
    )


# What it learns


def test_classes_are_learned(iris: Path) -> None:
    out = done("train", iris, "--target", "species", "--epochs", 60)
    network, baseline = scores(out, "accuracy")
    assert baseline == 33.3
    assert network >= 90
    assert scores(out, "log loss")[1] == 1.099
    for text in (
        "150 rows, 5 columns",
        "species, one of 3 classes: setosa, versicolor, virginica",
        "4: sepal length (cm)",
        "120 to train on, of which each network keeps another 20% to choose the best epoch by; 30 held out",
        "5 of 4-128-128-3, 21,731 parameters each",
        "60 epochs in ",
        ", the best after epoch ",
        "Stopped all epochs done",
        "Calibrated temperature 0.",
        "on 30 held-out rows",
        "always setosa",
        "95% interval",
    ):
        assert text in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_a_number_is_learned(tmp_path: Path) -> None:
    data = load_diabetes()
    frame = pl.DataFrame(data.data, schema=[str(name) for name in data.feature_names])
    frame.with_columns(progression=pl.Series(data.target)).write_parquet(tmp_path / "diabetes.parquet")
    words = ("--target", "progression", "--epochs", 60, "--ensemble", 2)
    out = done("train", tmp_path / "diabetes.parquet", *words)
    assert "progression, a number" in out
    network, baseline = scores(out, "R²")
    assert network > 0.25
    assert abs(baseline) < 0.1
    for name in ("RMSE", "MAE"):
        network, baseline = scores(out, name)
        assert network < 0.9 * baseline


def test_a_mixed_table_is_learned_and_told(sales: Path, tmp_path: Path) -> None:
    out = done("train", sales, "--target", "sales", "--epochs", 60, "--ensemble", 2, "--out", tmp_path / "m")
    for line in (
        r"Numbers +2: size, copies",
        r"Categories +3: shop, rain, town",
        r"Dates +1: day",
        r"Left out +note \(nearly every row has its own text\), country \(always",
        r"Dropped +10 rows without a target",
        r"Rows +312 to train on, .* 78 held out",
    ):
        assert re.search(line, re.sub(r"\n +", " ", out)), out
    assert scores(out, "R²")[0] > 0.7
    predicted = models.load(tmp_path / "m").predict(tables.read(sales))["sales"].to_numpy()
    known = mixed_table()["sales"].to_numpy()
    assert np.corrcoef(predicted[~np.isnan(known)], known[~np.isnan(known)])[0, 1] > 0.85


# What the estimator does is what the command does


def training_rows(path: Path, target: str, weights: str | None = None) -> tuple[heldout.Rows, Any]:
    data = labelled.read(path, target, weights)
    return heldout.split(data.rows, data.target, 0)[0], data.target


@pytest.mark.parametrize("ensemble", [None, 1, 3])
def test_the_model_says_what_the_estimator_says_to_the_bit(iris: Path, tmp_path: Path, ensemble: int | None) -> None:
    words = () if ensemble is None else ("--ensemble", ensemble)
    done("train", iris, "--target", "species", "--epochs", 8, *words, "--out", tmp_path / "m")
    rows, kind = training_rows(iris, "species")
    estimator = NetworkClassifier(epochs=8, ensemble=ensemble, random_state=0).fit(rows.frame, rows.y)
    predicted = models.load(tmp_path / "m").predict(tables.read(iris))
    every = tables.recognise_target(tables.read(iris), "species")[0].drop("species")
    np.testing.assert_array_equal(predicted[:, 1:].to_numpy(), estimator.predict_proba(every))
    assert predicted["species"].to_list() == [kind.labels[k] for k in estimator.predict(every)]


def test_numbers_from_a_mixed_table_with_weights_are_the_estimators_to_the_bit(sales: Path, tmp_path: Path) -> None:
    words = ("--weights", "copies", "--epochs", 8, "--rate", 0.01, "--out", tmp_path / "m")
    out = done("train", sales, "--target", "sales", *words)
    rows, _ = training_rows(sales, "sales", "copies")
    assert rows.weights is not None
    assert (rows.weights > 0).all()
    assert re.search(r"Dropped +10 rows without a target, \d+ rows of weight 0", out)
    assert re.search(r"Weights +copies", out)
    estimator = NetworkRegressor(epochs=8, rate=0.01, random_state=0).fit(rows.frame, rows.y, rows.weights)
    model = models.load(tmp_path / "m")
    assert model.table is not None
    assert "copies" not in [column.name for column in model.table.columns]
    assert model.table.codes[-1] == 16
    np.testing.assert_array_equal(model.predict(rows.frame)["sales"].to_numpy(), estimator.predict(rows.frame))


def test_plain_is_one_network_on_scaled_columns(iris: Path, tmp_path: Path) -> None:
    done("train", iris, "--target", "species", "--recipe", "plain", "--epochs", 5, "--out", tmp_path / "m")
    rows, _ = training_rows(iris, "species")
    plain = recipe_of("plain", "classes").changed(as_it_is=False)
    estimator = NetworkClassifier(recipe=plain, epochs=5, random_state=0).fit(rows.frame, rows.y)
    model = models.load(tmp_path / "m")
    assert model.temperature is None
    assert model.net.architecture.sizes == "4-100-3"
    np.testing.assert_array_equal(model.predict(rows.frame)[:, 1:].to_numpy(), estimator.predict_proba(rows.frame))


def test_rows_of_another_table_choose_the_epoch(iris: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(iris)
    frame[::3].select(reversed(frame.columns)).write_csv(tmp_path / "v.csv")
    words = ("--epochs", 8, "--ensemble", 2, "--validate", tmp_path / "v.csv", "--out", tmp_path / "m")
    out = done("train", iris, "--target", "species", *words)
    assert "120 to train on; 50 of v.csv to choose the best epoch by; 30 held out" in " ".join(out.split())
    rows, kind = training_rows(iris, "species")
    other = frame[::3]
    given = {"X_val": other.drop("species"), "y_val": kind.encode(other["species"])}
    estimator = NetworkClassifier(epochs=8, ensemble=2, random_state=0).fit(rows.frame, rows.y, **given)
    predicted = models.load(tmp_path / "m").predict(rows.frame)
    np.testing.assert_array_equal(predicted[:, 1:].to_numpy(), estimator.predict_proba(rows.frame))


def test_folds_are_scored_and_all_rows_trained_with(iris: Path, tmp_path: Path) -> None:
    words = ("--folds", 3, "--epochs", 8, "--ensemble", 2, "--out", tmp_path / "m")
    out = done("train", iris, "--target", "species", *words)
    frame, kind = tables.recognise_target(tables.read(iris), "species")
    rows = heldout.rows_of(frame, kind, None)
    found, guessed = [], []
    for training, part in heldout.folds(rows, kind, 3, 0):
        estimator = NetworkClassifier(epochs=8, ensemble=2, random_state=0).fit(training.frame, training.y)
        found.append(estimator.score(part.frame, part.y))
        guessed.append(DummyClassifier().fit(training.y[:, None], training.y).score(part.y[:, None], part.y))
    assert scores(out, "accuracy") == (round(100 * np.mean(found), 1), round(100 * np.mean(guessed), 1))
    assert re.search(rf"accuracy .* {100 * np.std(found, ddof=1):.1f}%\s*\n", out)
    assert "mean of 3 folds" in out
    assert "standard deviation" in out
    assert "150 in 3 folds to score by, then all to train on" in " ".join(out.split())
    whole = NetworkClassifier(epochs=8, ensemble=2, random_state=0).fit(rows.frame, rows.y)
    predicted = models.load(tmp_path / "m").predict(rows.frame)
    np.testing.assert_array_equal(predicted[:, 1:].to_numpy(), whole.predict_proba(rows.frame))


# Options


def test_the_same_seed_gives_the_same_file(iris: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        words = ("--epochs", 3, "--seed", seed, "--report", tmp_path / f"{name}.html", "--out", tmp_path / name)
        done("train", iris, "--target", "species", *words)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c
    pages = [(tmp_path / f"{name}.html").read_text().replace(f"{name}.html", "") for name in "ab"]
    assert pages[0].replace("/a<", "/b<") == pages[1]


def test_options_reach_the_training(iris: Path, tmp_path: Path) -> None:
    words = "--hidden 5,4 --activation tanh --epochs 2 --batch-size 7 --optimizer momentum --rate 0.05 --seed 3"
    log, out = tmp_path / "log.csv", tmp_path / "m"
    said = done("train", iris, "--target", "species", *words.split(), "--ensemble", 2, "--log", log, "--out", out)
    assert "2 of 4-5-4-3" in said
    loaded = models.load(out)
    assert loaded.net.architecture.layers[1] == Dense(4, "tanh")
    assert len(loaded.networks) == 2
    assert loaded.net.seed == 3
    expected = {
        "optimizer": "momentum",
        "rate": 0.05,
        "batch_size": 7,
        "epochs": 2,
        "hidden": [5, 4],
        "recipe": "default",
    }
    assert {name: loaded.training[name] for name in expected} == expected
    written = pl.read_csv(log)
    assert written["epoch"].to_list() == [0, 1, 0, 1]
    assert written["network"].to_list() == [1, 1, 2, 2]
    assert {"cost", "validation_cost", "rate"} <= set(written.columns)


def test_every_option_changes_the_weights(iris: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(iris)
    frame = frame.with_columns(w=pl.Series([1, 2, 3] * 50))
    frame.write_csv(tmp_path / "weighted.csv")
    frame[::2].write_csv(tmp_path / "validate.csv")

    def learned(*words: object) -> bytes:
        base = ("--hidden", 4, "--epochs", 2, "--ensemble", 1)
        done("train", tmp_path / "weighted.csv", "--target", "species", *base, *words, "--out", tmp_path / "m")
        return b"".join(net.vector.tobytes() for net in models.load(tmp_path / "m").networks)

    options = ["--hidden 5", "--activation tanh", "--epochs 3", "--batch-size 7", "--rate 0.1", "--optimizer adamw"]
    options += ["--recipe plain", "--ensemble 2", "--restarts 3", "--weights w", "--folds 2", "--seed 1"]
    found = [learned(*option.split()) for option in ("", *options)]
    found.append(learned("--validate", tmp_path / "validate.csv"))
    assert found[0] == learned()
    assert len(set(found)) == len(found)


def test_time_ends_a_training(iris: Path) -> None:
    out = done("train", iris, "--target", "species", *QUICK, "--epochs", 100_000_000, "--max-seconds", 0.01)
    assert "Stopped 0.01 seconds are over" in " ".join(out.split())


def test_more_options_than_the_defaults_are_in_the_command(iris: Path, tmp_path: Path) -> None:
    page = tmp_path / "a page.html"
    done("train", iris, "--target", "species", "--epochs", 1, "--ensemble", 1, "--report", page)
    command = f"chainrule train {iris} --target species --epochs 1 --ensemble 1 --report &#x27;{page}&#x27;"
    assert re.sub("<[^>]*>", "", page.read_text()).count(command) == 1
