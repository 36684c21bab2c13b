"""Together with the rest of scikit-learn: searches, pipelines, folds, calibration, routing of metadata, displays."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from estimator_cases import blobs, line, people_frame, small
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def test_a_search_over_parameters():
    X, y = blobs()
    search = GridSearchCV(small(), {"rate": [1e-5, 0.05], "recipe": ["plain", "default"]}, cv=2).fit(X, y)
    assert search.best_params_["rate"] == 0.05
    assert search.score(X, y) > 0.8


def test_folds_and_scores():
    X, y = blobs()
    scores = cross_val_score(small(epochs=30), X, y, cv=3, scoring="neg_log_loss", error_score="raise")
    assert (scores > -0.7).all()
    assert cross_val_predict(small(), X, y, cv=2, method="predict_proba").shape == (60, 3)
    both = cross_validate(small("numbers", epochs=60), *line(), cv=2, scoring=["r2", "neg_mean_absolute_error"])
    assert both["test_r2"].min() > 0.5


def test_at_the_end_of_a_pipeline_with_columns():
    X, y = people_frame()
    full = X.drop_nulls()
    target = np.array(y)[X.with_row_index().drop_nulls()["index"].to_numpy()]
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), ["age", "height"]), ("texts", OneHotEncoder(sparse_output=True), ["town"])],
        sparse_threshold=1.0,
    )
    pipeline = make_pipeline(columns, small(recipe="plain", epochs=100)).fit(full, target)
    assert pipeline.score(full, target) > 0.7


def test_a_pipeline_passes_rows_to_validate_with():
    X, y = blobs()
    X_val, y_val = blobs(seed=2)
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = small(epochs=4).set_fit_request(X_val=True, y_val=True, sample_weight=True)
        pipeline = Pipeline(
            [("scale", StandardScaler().set_fit_request(sample_weight=False)), ("net", classifier)],
            transform_input=["X_val"],
        )
        pipeline.fit(X, y, X_val=X_val, y_val=y_val, sample_weight=np.ones(60))
        scaled = StandardScaler().fit(X)
        alone = small(epochs=4).fit(
            scaled.transform(X), y, X_val=scaled.transform(X_val), y_val=y_val, sample_weight=np.ones(60)
        )
    assert pipeline[-1].validation_scores_ == alone.validation_scores_


def test_weights_are_routed_through_folds():
    X, y = blobs()
    weights = np.random.default_rng(0).integers(1, 3, 60)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_validate(
            routed, X, y, cv=2, params={"sample_weight": weights}, return_estimator=True, return_indices=True
        )
    for fold, (train, test) in enumerate(zip(scores["indices"]["train"], scores["indices"]["test"], strict=True)):
        alone = small().fit(X[train], y[train], sample_weight=weights[train])
        np.testing.assert_array_equal(scores["estimator"][fold].network_.vector, alone.network_.vector)
        assert scores["test_score"][fold] == alone.score(X[test], y[test], weights[test])


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibration_by_scikit_learn(method):
    X, y = blobs(90)
    calibrated = CalibratedClassifierCV(small(epochs=30), method=method, cv=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    assert calibrated.score(X, y) > 0.8


def test_inside_other_estimators():
    X, y = blobs()
    voting = VotingClassifier([("net", small(epochs=30)), ("line", LogisticRegression())], voting="soft").fit(X, y)
    assert voting.score(X, y) > 0.8
    x, t = line()
    assert BaggingRegressor(small("numbers", epochs=60), n_estimators=2, random_state=0).fit(x, t).score(x, t) > 0.5
    assert (
        TransformedTargetRegressor(small("numbers", epochs=60), func=np.log, inverse_func=np.exp).fit(x, t).score(x, t)
        > 0.5
    )
    two = np.column_stack([y, y[::-1]])
    assert MultiOutputClassifier(small()).fit(X, two).predict(X).shape == two.shape
    importance = permutation_importance(small("numbers", epochs=60).fit(x, t), x, t, n_repeats=2, random_state=0)
    assert importance.importances_mean[0] > importance.importances_mean[1]


def test_predictions_are_arrays_whatever_output_is_set():
    X, y = people_frame()
    with sklearn.config_context(transform_output="polars"):
        assert isinstance(small(epochs=2).fit(X, y).predict(X), np.ndarray)


def test_it_shows_itself():
    classifier = small()
    assert "hidden=(8,)" in repr(classifier)
    assert "NetworkClassifier" in classifier._repr_html_()
