"""Scores are scikit-learn's; their intervals are those of other ways to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reporting_answers import of_classes, of_numbers
from scipy.stats import binomtest, bootstrap, norm
from sklearn import metrics
from sklearn.dummy import DummyClassifier, DummyRegressor

from chainrule.reporting.answers import Answers, merged
from chainrule.reporting.intervals import Z, effective_rows, wilson
from chainrule.reporting.scores import _MEASURES, FORMS, NAMES, Score, main_value, over_folds, score, values
from chainrule.tables import Classes


@given(st.integers(0, 100), st.integers(2, 4), st.booleans())
def test_scores_of_classes_are_those_of_scikit_learn(seed: int, classes: int, weighted: bool) -> None:
    answers = of_classes(60, classes, seed, weighted)
    t, p, w = answers.actual, answers.outputs, answers.weights
    expected = {
        "accuracy": metrics.accuracy_score(t, p.argmax(axis=1), sample_weight=w),
        "log loss": metrics.log_loss(t, p, labels=range(classes), sample_weight=w),
    }
    if classes == 2:
        expected["AUC"] = metrics.roc_auc_score(t, p[:, 1], sample_weight=w)
    assert values(answers) == pytest.approx(expected)
    assert main_value(answers) == values(answers)["accuracy"]
    dummy = DummyClassifier().fit(t[:, None], t, sample_weight=w)
    guessed = {one.name: one.baseline for one in score(answers)}
    assert guessed["accuracy"] == pytest.approx(dummy.score(t[:, None], t, sample_weight=w))
    prior = dummy.predict_proba(t[:, None])
    assert guessed["log loss"] == pytest.approx(metrics.log_loss(t, prior, labels=range(classes), sample_weight=w))


@given(st.integers(0, 100), st.booleans())
def test_scores_of_numbers_are_those_of_scikit_learn(seed: int, weighted: bool) -> None:
    answers = of_numbers(60, seed, weighted)
    t, y, w = answers.actual, answers.outputs, answers.weights
    expected = {
        "R²": metrics.r2_score(t, y, sample_weight=w),
        "RMSE": metrics.root_mean_squared_error(t, y, sample_weight=w),
        "MAE": metrics.mean_absolute_error(t, y, sample_weight=w),
    }
    assert values(answers) == pytest.approx(expected)
    dummy = DummyRegressor().fit(t[:, None], t, sample_weight=w)
    guessed = {one.name: one.baseline for one in score(answers)}
    assert guessed["R²"] == pytest.approx(dummy.score(t[:, None], t, sample_weight=w), abs=1e-9)


@given(st.integers(0, 50), st.sampled_from(list(_MEASURES)), st.booleans())
def test_what_is_measured_of_many_draws_is_the_score_of_each(seed: int, name: str, ties: bool) -> None:
    answers = of_classes(40, 2, seed) if name in ("log loss", "AUC") else of_numbers(40, seed)
    if ties:
        answers = replace(answers, outputs=answers.outputs.round(1))
    draws = np.random.default_rng(seed).integers(0, 4, (5, 40)).astype(float)
    found = _MEASURES[name](answers.actual, answers.outputs)(draws)
    expected = [values(replace(answers, weights=draw))[name] for draw in draws]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


# Intervals


@given(st.integers(1, 400), st.data())
def test_the_interval_of_a_share_is_wilsons(rows: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, rows))
    expected = binomtest(right, rows).proportion_ci(0.95, "wilson")
    assert wilson(right / rows, rows) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_bootstrap_is_near_that_of_scipy() -> None:
    answers = of_numbers(150)
    (mae,) = (one for one in score(answers) if one.name == "MAE")
    off = np.abs(answers.actual - answers.outputs)
    expected = bootstrap((off,), np.mean, method="percentile", n_resamples=2000, rng=0).confidence_interval
    assert (mae.low, mae.high) == pytest.approx((expected.low, expected.high), abs=0.02)
    (auc,) = (one for one in score(of_classes(150, 2)) if one.name == "AUC")
    assert auc.low is not None
    assert auc.high is not None
    assert 0.5 < auc.low < auc.value < auc.high <= 1


def test_intervals_repeat_and_shrink_with_rows() -> None:
    few, many = (score(of_numbers(rows)) for rows in (50, 20_000))
    assert few == score(of_numbers(50))
    for small, large in zip(few, many, strict=True):
        assert small.high - small.low > 5 * (large.high - large.low) > 0


def test_weights_count_as_fewer_rows() -> None:
    assert pytest.approx(norm.ppf(0.975)) == Z
    assert effective_rows(np.full(30, 2.5)) == pytest.approx(30)
    assert effective_rows(np.array([1.0] * 10 + [100.0])) < 2


# What the rows do not allow


def test_scores_that_rows_do_not_have_are_left_out() -> None:
    numbers = of_numbers(1)
    assert list(values(numbers)) == ["RMSE", "MAE"]
    assert main_value(numbers) is None
    classes = of_classes(30, 2)
    of_one = replace(classes, actual=np.zeros(30, int))
    assert list(values(of_one)) == ["accuracy", "log loss"]
    unknown = replace(classes, actual=np.full(30, -1))
    assert values(unknown) == {"accuracy": 0.0}
    assert [one.low for one in score(unknown)] == [0.0]


def test_one_row_has_no_interval() -> None:
    assert [(one.low, one.high) for one in score(of_numbers(1))] == [(None, None)] * 2
    assert all(one.low is not None for one in score(of_numbers(2)))


def test_scores_that_are_not_finite_are_left_out() -> None:
    numbers = of_numbers(30)
    actual = numbers.actual.copy()
    for immense in (1e200, 1.7e308):
        actual[3:5] = immense
        (mae,) = score(replace(numbers, actual=actual))
        assert mae.name == "MAE"
        assert mae.value == pytest.approx(2 * (immense / 30))
        assert np.isfinite([mae.value, mae.baseline, mae.low, mae.high]).all()
        assert main_value(replace(numbers, actual=actual)) is None
        assert [one.name for one in over_folds([numbers, replace(numbers, actual=actual)])] == ["MAE"]


def test_an_unknown_class_is_a_mistake_and_not_in_the_log_loss() -> None:
    answers = of_classes(40, 3)
    actual = answers.actual.copy()
    actual[:10] = -1
    found = values(replace(answers, actual=actual))
    rest = Answers(answers.target, answers.actual[10:], answers.outputs[10:], answers.constant)
    assert found["accuracy"] == pytest.approx(values(rest)["accuracy"] * 30 / 40)
    assert found["log loss"] == pytest.approx(values(rest)["log loss"])


def test_a_certain_mistake_has_a_finite_log_loss() -> None:
    answers = Answers(Classes("y", ["a", "b"]), np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]), np.full(2, 0.5))
    loss = score(answers)[1]
    assert loss.value == pytest.approx(-np.log(1e-15) / 2)
    assert np.isfinite([loss.low, loss.high]).all()


# Folds


def test_folds_have_a_mean_and_a_deviation() -> None:
    parts = [of_classes(40, 3, seed) for seed in range(4)]
    each = [values(part)["accuracy"] for part in parts]
    (first, *_) = over_folds(parts)
    assert (first.value, first.deviation) == pytest.approx((np.mean(each), np.std(each, ddof=1)))
    assert first.reach == f"± {first.deviation:.1%}"
    together = merged(parts, [part.actual for part in parts], parts[0].target)
    assert values(together)["accuracy"] == pytest.approx(np.mean(each))


def test_models_that_know_other_classes_are_put_together() -> None:
    target = Classes("y", ["a", "b", "c"])
    one = Answers(Classes("y", ["a", "c"]), np.array([0, -1]), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.5, 0.5]))
    two = Answers(target, np.array([1]), np.array([[0.1, 0.6, 0.3]]), np.array([0.0, 0.5, 0.5]))
    found = merged([one, two], [np.array([0, 1]), np.array([1])], target)
    assert found.actual.tolist() == [0, 1, 1]
    assert found.outputs.tolist() == [[0.9, 0, 0.1], [0.2, 0, 0.8], [0.1, 0.6, 0.3]]
    assert found.constant.tolist() == [0.25, 0.25, 0.5]


def test_the_ends_of_an_interval_have_as_many_digits() -> None:
    one = Score("RMSE", 45.0, 58.0, 83.0567, 1234.4)
    assert (one.said(), one.reach, one.said(one.baseline)) == ("45.00", "58.00 to 83.06", "1234")


def test_each_score_has_a_form_and_a_meaning() -> None:
    assert list(FORMS) == list(NAMES)
