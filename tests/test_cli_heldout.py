"""Which rows are held out, which fold each is in, what an estimator becomes as a model, and small tables."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from chainrule import NetworkClassifier
from chainrule.cli import bar, fitting, heldout, packing
from chainrule.tables import Classes, Quantity
from command_line import QUICK, done, run


def rows_of(labels: list[int]) -> heldout.Rows:
    return heldout.Rows(pl.DataFrame({"row": range(len(labels))}), np.array(labels), np.arange(len(labels)))


def numbers(rows: heldout.Rows) -> list[int]:
    return rows.frame["row"].to_list()


@given(st.lists(st.integers(0, 4), min_size=10, max_size=60), st.integers(0, 2**63 - 1), st.booleans())
def test_every_row_is_trained_with_or_held_out(labels: list[int], seed: int, classes: bool) -> None:
    rows, target = rows_of(labels), Classes("y", list("abcde")) if classes else Quantity("y")
    training, part = heldout.split(rows, target, seed)
    assert sorted(numbers(training) + numbers(part)) == list(range(len(labels)))
    assert numbers(training) == sorted(numbers(training))
    once = sum(labels.count(label) == 1 for label in set(labels)) if classes else 0
    assert len(part) == -(-(len(labels) - once) // 5)
    if classes and once:
        assert {label for label in labels if labels.count(label) == 1} <= set(training.y.tolist())


@given(st.lists(st.integers(0, 4), min_size=10, max_size=40), st.integers(2, 10), st.booleans())
def test_every_row_is_in_one_fold(labels: list[int], count: int, classes: bool) -> None:
    rows, target = rows_of(labels), Classes("y", list("abcde")) if classes else Quantity("y")
    every = []
    for training, part in heldout.folds(rows, target, count, 3):
        assert sorted(numbers(training) + numbers(part)) == list(range(len(labels)))
        every += numbers(part)
    assert sorted(every) == list(range(len(labels)))


def test_classes_have_their_share_in_each_part() -> None:
    rows, target = rows_of([0] * 10 + [1] * 90), Classes("y", ["rare", "common"])
    training, part = heldout.split(rows, target, seed=0)
    assert [np.count_nonzero(one.y == 0) for one in (training, part)] == [8, 2]
    assert [np.count_nonzero(part.y == 0) for _, part in heldout.folds(rows, target, 5, 0)] == [2] * 5


# Small and odd tables


@pytest.mark.parametrize("words", [(), ("--folds", 3), ("--folds", 10), ("--ensemble", 5), ("--recipe", "plain")])
@pytest.mark.parametrize("labels", [["a"] * 9 + ["b"], ["a", "b"] * 5, ["a", "b", "c"] * 3 + ["a"]])
def test_ten_rows_are_enough(tmp_path: Path, words: tuple[object, ...], labels: list[str]) -> None:
    pl.DataFrame({"x": [k**1.5 for k in range(10)], "y": labels}).write_csv(tmp_path / "t.csv")
    files = ("--out", tmp_path / "m", "--report", tmp_path / "p.html")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, *words, *files)
    assert len(done("predict", tmp_path / "m", tmp_path / "t.csv").splitlines()) == 11
    done("evaluate", tmp_path / "m", tmp_path / "t.csv", "--report", tmp_path / "q.html")


def test_classes_of_weight_0_are_as_if_they_were_not_there(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": np.arange(30) ** 1.5, "y": ["a", "b", "c"] * 10, "w": [1, 1, 0] * 10})
    frame.write_csv(tmp_path / "t.csv")
    words = ("--target", "y", *QUICK, "--weights", "w", "--out", tmp_path / "m")
    assert "one of 2 classes: a, b" in done("train", tmp_path / "t.csv", *words)
    assert done("predict", tmp_path / "m", tmp_path / "t.csv").startswith("y,P(y=a),P(y=b)\n")
    assert "is the table that the model was made from" in run("evaluate", tmp_path / "m", tmp_path / "t.csv").err


def test_an_immense_number_held_out_is_no_reason_to_fail(tmp_path: Path) -> None:
    y = [k**1.5 for k in range(30)]
    target = Quantity("y")
    (part,) = [part for _, part in [heldout.split(rows_of(list(range(30))), target, 0)]]
    y[int(part.places[0])] = 1e200
    pl.DataFrame({"x": range(30), "y": y}).write_csv(tmp_path / "t.csv")
    files = ("--report", tmp_path / "p.html", "--out", tmp_path / "m")
    out = done("train", tmp_path / "t.csv", "--target", "y", *QUICK, *files)
    assert "MAE" in out
    assert "R²" not in out
    assert (tmp_path / "m").exists()


def test_a_row_held_out_is_told_by_its_place_in_the_table(tmp_path: Path) -> None:
    x = [float(k) for k in range(30)]
    (part,) = [part for _, part in [heldout.split(rows_of(list(range(30))), Quantity("y"), 0)]]
    place = int(part.places[-1])
    x[place] = 1e200
    pl.DataFrame({"x": x, "y": [k**1.5 for k in range(30)]}).write_csv(tmp_path / "t.csv")
    result = run("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--recipe", "plain")
    assert result.code == 2
    assert f"column 'x' holds 1e+200 in row {place + 1}, immensely far" in result.err


@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_numbers_of_any_size_have_a_page(tmp_path: Path, scale: float) -> None:
    y = np.arange(30) ** 1.5
    pl.DataFrame({"x": y, "y": y * scale}).write_csv(tmp_path / "t.csv")
    done("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--report", tmp_path / "p.html", "--out", tmp_path / "m")
    pl.DataFrame({"x": [1.0], "y": [scale]}).write_csv(tmp_path / "one.csv")
    result = run("evaluate", tmp_path / "m", tmp_path / "one.csv", "--report", tmp_path / "q.html")
    assert result.code == 0
    assert "R²" not in result.out
    assert "MAE" in result.out


# Estimators as models


def test_a_packed_estimator_has_its_networks_and_its_temperature() -> None:
    data = load_iris()
    estimator: Any = NetworkClassifier(ensemble=3, epochs=2, hidden=(4,), random_state=0).fit(data.data, data.target)
    packed = packing.pack(estimator, Classes("y", list("abc")))
    assert list(packed.networks) == estimator.networks_
    assert packed.temperature == estimator.temperature_
    assert packed.table is not None
    assert packed.table.columns == estimator.encoder_.columns


def test_a_log_is_the_same_whether_somebody_watches_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pl.DataFrame({"x": range(20), "y": [k**1.5 for k in range(20)]}).write_csv(tmp_path / "t.csv")
    logs = []
    for watched in (False, True):
        monkeypatch.setattr(fitting, "somebody_watches", lambda watched=watched: watched)
        words = ("--recipe", "plain", "--hidden", 2, "--epochs", 1200, "--log", tmp_path / "log.csv")
        done("train", tmp_path / "t.csv", "--target", "y", *words)
        logs.append((tmp_path / "log.csv").read_text())
    assert logs[0] == logs[1]
    assert logs[0].count("\n") == 1201


def test_a_bar_counts_the_epochs_of_all_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    data = load_iris()
    one = bar.Bar(6)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", io.StringIO())
        estimator = NetworkClassifier(ensemble=2, epochs=3, hidden=(4,), random_state=0).set_callbacks(one)
        counted = []
        begun = bar._bar

        def noted() -> Any:
            shown = begun()
            counted.append(shown)
            return shown

        patch.setattr(bar, "_bar", noted)
        watched = estimator.fit(data.data, data.target)
    (shown,) = counted
    assert shown.tasks[0].completed == 6
    alone = NetworkClassifier(ensemble=2, epochs=3, hidden=(4,), random_state=0).fit(data.data, data.target)
    for net, other in zip(watched.networks_, alone.networks_, strict=True):
        np.testing.assert_array_equal(net.vector, other.vector)  # who watches changes nothing
