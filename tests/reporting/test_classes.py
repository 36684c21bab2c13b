"""Confusion, the scores of each class and calibration, against scikit-learn; importance of columns against its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reporting_answers import of_classes, of_numbers
from sklearn import metrics
from sklearn.calibration import calibration_curve

from chainrule import Dense, Network
from chainrule.models import Model
from chainrule.reporting.answers import Answers, ask, constant_of
from chainrule.reporting.classes import calibration, confusion, most_confused, per_class
from chainrule.reporting.importance import importance
from chainrule.reporting.scores import values
from chainrule.tables import Quantity, TableEncoder


@given(st.integers(0, 50), st.integers(2, 5), st.booleans())
def test_classes_are_told_as_scikit_learn_tells_them(seed: int, classes: int, weighted: bool) -> None:
    answers = of_classes(50, classes, seed, weighted)
    t, y, w = answers.actual, answers.predicted, answers.weights
    expected = metrics.confusion_matrix(t, y, labels=range(classes), sample_weight=w)
    np.testing.assert_allclose(confusion(answers)[:-1], expected)
    assert not confusion(answers)[-1].any()
    found = np.array([(one.precision, one.recall, one.f1) for one in per_class(answers)]).T
    options = {"labels": range(classes), "average": None, "sample_weight": w, "zero_division": 0}
    measures = (metrics.precision_score, metrics.recall_score, metrics.f1_score)
    np.testing.assert_allclose(found, [measure(t, y, **options) for measure in measures])


@given(st.integers(0, 50), st.integers(2, 4))
def test_bins_of_probabilities_are_those_of_scikit_learn(seed: int, classes: int) -> None:
    answers = of_classes(120, classes, seed)
    if classes == 2:
        stated, true = answers.outputs[:, 1], answers.actual
    else:
        stated, true = answers.outputs.max(axis=1), (answers.actual == answers.predicted).astype(int)
    found = calibration(answers)
    came, said = calibration_curve(true, stated, n_bins=10)
    np.testing.assert_allclose(found.true, came)
    np.testing.assert_allclose(found.stated, said)
    assert found.rows.sum() == 120
    assert found.error == pytest.approx((found.rows @ np.abs(came - said)) / 120)


def test_weights_are_repeated_rows() -> None:
    answers = of_classes(50, 3)
    times = np.random.default_rng(0).integers(0, 4, 50)
    weighted = replace(answers, weights=times.astype(float))
    rows = np.repeat(np.arange(50), times)
    repeated = replace(answers, actual=answers.actual[rows], outputs=answers.outputs[rows])
    assert values(weighted) == pytest.approx(values(repeated))
    np.testing.assert_allclose(confusion(weighted), confusion(repeated))
    assert calibration(weighted).error == pytest.approx(calibration(repeated).error)
    assert [one.f1 for one in per_class(weighted)] == pytest.approx([one.f1 for one in per_class(repeated)])


def test_what_is_confused_most_comes_first() -> None:
    outputs = np.eye(3)[[1, 1, 2, 2, 0, 2]]
    answers = replace(of_classes(6, 3), actual=np.array([0, 0, 1, 1, -1, 0]), outputs=outputs)
    assert most_confused(answers, 2) == [("class 0", "class 1", 2.0), ("class 1", "class 2", 2.0)]
    assert confusion(answers)[-1].tolist() == [1, 0, 0]


def test_an_unknown_class_counts_against_the_one_that_it_is_taken_for() -> None:
    answers = replace(of_classes(4, 2), actual=np.array([0, 0, -1, 1]), outputs=np.eye(2)[[0, 0, 0, 1]])
    first, second = per_class(answers)
    assert (first.precision, first.recall) == (pytest.approx(2 / 3), 1)
    assert (second.precision, second.recall) == (1, 1)
    three = replace(of_classes(4, 3), actual=np.array([0, 0, -1, 1]), outputs=np.eye(3)[[0, 0, 0, 1]])
    assert calibration(three).error == pytest.approx(1 / 4)


# Importance


def a_model(rows: int = 300) -> tuple[Model, pl.DataFrame, Answers]:
    """A network that adds up: 3 times the first column, once the second, nothing of the third."""
    random = np.random.default_rng(0)
    frame = pl.DataFrame({name: random.normal(size=rows) for name in "abc"})
    y = 3 * frame["a"] + frame["b"]
    encoder = TableEncoder.fit(frame.with_columns(y=y), Quantity("y"))
    net = Network(3, [Dense(1)], dtype="float64")
    scales = [column.scale for column in encoder.columns]
    net.set_parameters({"w1": np.array([[3.0], [1.0], [0.0]]) * np.array(scales)[:, None] / encoder.target.scale})
    model = Model(net, encoder)
    actual = y.to_numpy()
    return model, frame, Answers(encoder.target, actual, ask(model, frame), constant_of(actual, None, None))


def test_importance_is_the_loss_when_a_column_is_shuffled() -> None:
    model, frame, answers = a_model()
    assert values(answers)["R²"] == pytest.approx(1, abs=1e-3)
    found = importance([(model, frame, answers)], repeats=10)
    assert found is not None
    assert found.score == "R²"
    assert (found.rows, found.models, found.repeats) == (300, 1, 10)
    # A shuffled column with the share v of the variance makes an error of 2 v.
    assert found.loss["a"] == pytest.approx(2 * 0.9, abs=0.15)
    assert found.loss["b"] == pytest.approx(2 * 0.1, abs=0.05)
    assert found.loss["c"] == 0
    assert found.deviation["a"] > found.deviation["b"] > found.deviation["c"] == 0
    assert importance([(model, frame, answers)], repeats=10) == found
    two = importance([(model, frame[:150], part(answers, 0, 150)), (model, frame[150:], part(answers, 150, 300))], 2)
    assert two is not None
    assert (two.rows, two.models, two.repeats) == (300, 2, 2)


def test_a_column_that_a_fold_leaves_out_changes_nothing_there() -> None:
    model, frame, answers = a_model()
    assert model.table is not None
    halves = [(frame[:150], part(answers, 0, 150)), (frame[150:], part(answers, 150, 300))]
    fewer = Model(Network(2, [Dense(1)], dtype="float64"), replace(model.table, columns=model.table.columns[1:]))
    one = importance([(model, *halves[0])])
    both = importance([(model, *halves[0]), (fewer, *halves[1])])
    assert one is not None
    assert both is not None
    assert both.loss["a"] == pytest.approx(one.loss["a"] / 2)


def test_rows_without_a_score_are_not_counted() -> None:
    model, frame, answers = a_model()
    found = importance([(model, frame[:299], part(answers, 0, 299)), (model, frame[299:], part(answers, 299, 300))])
    assert found is not None
    assert (found.rows, found.models) == (299, 1)


def part(answers: Answers, start: int, stop: int) -> Answers:
    return replace(answers, actual=answers.actual[start:stop], outputs=answers.outputs[start:stop])


def test_importance_is_measured_on_some_of_many_rows() -> None:
    found = importance([a_model(5000)], repeats=1)
    assert found is not None
    assert found.rows == 2000


def test_importance_of_what_has_no_score_is_none() -> None:
    model, frame, answers = a_model()
    assert importance([(model, frame[:1], part(answers, 0, 1))]) is None
    assert of_numbers().guess().startswith("always the mean, ")
