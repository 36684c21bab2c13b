"""Weights are repetition; classes may weigh more."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from estimator_cases import RECIPES, blobs, people_frame, problem, small
from scipy import sparse
from sklearn.tree import DecisionTreeClassifier

_WHOLE = {"batch_size": 10**6, "validation_fraction": 0.0, "dropout": 0.0, "epochs": 12}


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("kind", ["classes", "numbers"])
@pytest.mark.parametrize("as_sparse", [False, True])
def test_whole_number_weights_are_repeated_rows(kind, recipe, as_sparse):
    X, y = problem(kind)
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    container = sparse.csr_array if as_sparse else np.asarray
    weighted = small(kind, recipe=recipe, **_WHOLE).fit(container(X), y, sample_weight=weights)
    repeated = small(kind, recipe=recipe, **_WHOLE).fit(container(X.repeat(weights, 0)), y.repeat(weights))
    predict = "predict_proba" if kind == "classes" else "predict"
    first, second = getattr(weighted, predict)(X), getattr(repeated, predict)(X)
    np.testing.assert_allclose(first, second, rtol=2e-4)
    unweighted = small(kind, recipe=recipe, **_WHOLE).fit(container(X), y)
    assert np.abs(getattr(unweighted, predict)(X) - first).max() > 1e-2


def test_they_are_for_the_columns_of_a_table_too():
    X, y = people_frame(40)
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    rows = np.arange(len(y)).repeat(weights)
    weighted = small(**_WHOLE).fit(X, y, sample_weight=weights)
    repeated = small(**_WHOLE).fit(X[rows], np.array(y)[rows])
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=2e-4)


def test_weights_do_not_make_unique_texts_a_category():
    X = {"name": [f"person {row}" for row in range(40)], "age": np.arange(40) % 7}
    fitted = small(recipe="default").fit(pl.DataFrame(X), np.arange(40) % 2, sample_weight=np.full(40, 3))
    assert fitted.encoder_.left_out == {"name": "nearly every row has its own text"}
    assert fitted.encoder_.input_names[:1] == ["age"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_fractions_scale(recipe):
    X, y = blobs()
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y))
    first, second = (small(recipe=recipe, **_WHOLE).fit(X, y, sample_weight=w * weights) for w in (1, 8))
    np.testing.assert_allclose(first.predict_proba(X), second.predict_proba(X), rtol=1e-4)


@pytest.mark.parametrize("recipe", RECIPES)
def test_rows_of_weight_0_are_not_there_even_in_batches_with_a_part_set_aside(recipe):
    X, y = blobs()
    X_more, y_more = np.vstack([X, X[::-1] + 100]), np.concatenate([y, y])
    weights = np.repeat([1.0, 0.0], len(y))
    with_them = small(recipe=recipe, validation_fraction=0.2).fit(X_more, y_more, sample_weight=weights)
    without = small(recipe=recipe, validation_fraction=0.2).fit(X, y)
    np.testing.assert_array_equal(with_them.predict_proba(X), without.predict_proba(X))


def test_weights_of_the_validation_rows_decide_the_best_epoch_and_the_temperature():
    X, y = blobs()
    X_val, y_val = blobs(seed=5)
    wrong = np.vstack([X_val, X_val]), np.concatenate([y_val, (y_val + 1) % 3])
    weights = np.repeat([1, 0], len(y_val))
    weighted = small().fit(X, y, X_val=wrong[0], y_val=wrong[1], sample_weight_val=weights)
    right = small().fit(X, y, X_val=X_val, y_val=y_val)
    assert weighted.temperature_ == pytest.approx(right.temperature_, abs=1e-5)
    assert weighted.validation_scores_ == pytest.approx(right.validation_scores_, abs=1e-6)


def test_classes_by_a_dictionary_and_balanced():
    X, y = blobs(90)
    keep = (y == 0) | (np.arange(90) % 4 == 0)
    X, y = X[keep], y[keep]
    by_hand = len(y) / (3 * np.bincount(y))
    balanced = small(class_weight="balanced", **_WHOLE).fit(X, y)
    by_dictionary = small(class_weight=dict(enumerate(by_hand)), **_WHOLE).fit(X, y)
    by_rows = small(**_WHOLE).fit(X, y, sample_weight=by_hand[y])
    np.testing.assert_allclose(balanced.predict_proba(X), by_dictionary.predict_proba(X), rtol=1e-5)
    np.testing.assert_allclose(balanced.predict_proba(X), by_rows.predict_proba(X), rtol=1e-5)


def test_the_rows_to_validate_with_have_the_weights_of_the_training_classes():
    X, y = blobs()
    only_one = y == 1
    heavy = small(class_weight={1: 5.0}).fit(X, y, X_val=X[only_one], y_val=y[only_one])
    light = small(class_weight={1: 5.0}).fit(
        X, y, X_val=X[only_one], y_val=y[only_one], sample_weight_val=np.full(only_one.sum(), 2.0)
    )
    assert heavy.validation_scores_ == pytest.approx(light.validation_scores_)


def test_a_class_of_weight_0_is_not_trained_with():
    X, y = blobs()
    without = small(class_weight={2: 0}, epochs=30).fit(X, y)
    assert without.classes_.tolist() == [0, 1, 2]
    assert without.predict_proba(X)[:, 2].max() < 0.2


def test_balanced_classes_are_those_of_rows_with_weight():
    X, y = blobs(90)
    weights = np.where(y == 2, 0.0, 1.0 + (y == 1))
    balanced = small(class_weight="balanced", recipe="plain", **_WHOLE).fit(X, y, sample_weight=weights)
    by_rows = small(recipe="plain", **_WHOLE).fit(X, y, sample_weight=np.where(y == 2, 0.0, 1.0))
    assert balanced.classes_.tolist() == [0, 1, 2]
    np.testing.assert_allclose(balanced.predict_proba(X), by_rows.predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("kind", ["classes", "numbers"])
@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**1020])
def test_weights_beyond_float32_are_parts_of_the_largest(kind, scale):
    X, y = problem(kind)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y))
    parts = weights / weights.max()
    first, second = (small(kind).fit(X, y, sample_weight=w) for w in (parts, scale * weights))
    predict = "predict_proba" if kind == "classes" else "predict"
    np.testing.assert_array_equal(getattr(first, predict)(X), getattr(second, predict)(X))


def test_weights_of_classes_may_name_more_than_the_rows_have():
    X, y = blobs()
    for given in ({0: 1, 1: 1, 2: 1, 9: 1}, {2: 5}):
        assert small(class_weight=given).fit(X, y).classes_.tolist() == [0, 1, 2]
    first = y < 2
    batches = small(class_weight={2: 5}).partial_fit(X[first], y[first], classes=[0, 1, 2])
    assert batches.classes_.tolist() == [0, 1, 2]


def test_a_class_of_rows_without_weight_stays_one_as_in_scikit_learn():
    X, y = blobs()
    weights = (y > 0) * 1.0
    expected = DecisionTreeClassifier().fit(X, y, sample_weight=weights).classes_.tolist()
    assert small().fit(X, y, sample_weight=weights).classes_.tolist() == expected == [0, 1, 2]
