"""What does not fit is said in a sentence, with the values, as a ValueError."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from estimator_cases import RECIPES, blobs, line, people_frame, problem, small
from sklearn.exceptions import NotFittedError

import chainrule as cr
from chainrule.errors import InputError, TrainingError


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"hidden": "64"}, "hidden must be sizes such as"),
        ({"hidden": (64, 0)}, "must be a whole number of at least 1, not 0"),
        ({"hidden": (2.5,)}, "not 2.5"),
        ({"activation": "rellu"}, "did you mean 'relu'"),
        ({"hidden": [cr.Dense(3)], "activation": "relu"}, "the layers given say both themselves"),
        ({"loss": "crossentropy"}, "did you mean 'cross_entropy'"),
        ({"loss": "y - q"}, "q"),
        ({"recipe": "defualt"}, "unknown recipe 'defualt': did you mean 'default'"),
        ({"recipe": ["plain"]}, "unknown recipe"),
        ({"optimizer": "adamm"}, "unknown optimiser 'adamm': did you mean 'adam'"),
        ({"optimizer": "adam", "weight_decay": 0.1}, "weight_decay is for AdamW; Adam has none"),
        ({"rate": "fast"}, "the learning rate must be a number of at least 0, not 'fast'"),
        ({"rate": -1}, "not -1"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, not 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1, not 2.5"),
        ({"dropout": 1}, "dropout must be a number of at least 0 and below 1, not 1"),
        ({"weight_decay": -1}, "weight_decay must be a number of at least 0, not -1"),
        ({"validation_fraction": 1.0}, "validation_fraction must be a number of at least 0 and below 1, not 1.0"),
        ({"validation_fraction": 1e-9}, "of 60 rows leaves 60 to train, 0 aside"),
        ({"patience": 0}, "patience must be a whole number of at least 1, not 0"),
        ({"scoring": "acuracy"}, "acuracy"),
        ({"scoring": "accuracy", "validation_fraction": 0.0}, "scoring needs rows to validate with"),
        ({"ensemble": 0}, "ensemble must be a whole number of at least 1, not 0"),
        ({"n_restarts": 1.5}, "n_restarts must be a whole number of at least 1, not 1.5"),
        ({"verbose": "x"}, "verbose must be True or False, not 'x'"),
        ({"callbacks": 3}, "callbacks must be a function of the network and the history, or a list of such, not 3"),
        ({"warm_start": 1}, "warm_start must be True or False, not 1"),
        ({"engine": "gpu"}, "unknown engine 'gpu'"),
        ({"threads": 0}, "threads must be a whole number of at least 1, not 0"),
        ({"max_seconds": -1}, "max_seconds must be a number of at least 0, not -1"),
        ({"random_state": -1}, "random_state must be a whole number of at least 0, not -1"),
        ({"random_state": "seed"}, "seed"),
    ],
)
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_parameters(kind, choice, sentence):
    estimator = small(kind, **choice)
    with pytest.raises(ValueError, match=sentence):
        estimator.fit(*problem(kind))
    with pytest.raises(NotFittedError):
        estimator.predict(problem(kind)[0])


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"smoothing": 1}, "smoothing must be a number of at least 0 and below 1, not 1"),
        ({"smoothing": 0.1, "loss": "huber"}, "smoothing is part of the loss cross_entropy; leave it out for huber"),
        ({"calibrate": None}, "calibrate must be True or False, not None"),
        ({"class_weight": "balance"}, "class_weight must be 'balanced' or a dictionary"),
        ({"class_weight": {0: -1}}, "the weight of class 0 must be a number of at least 0, not -1"),
        ({"class_weight": {9: 1}}, r"class_weight has the class 9, which is not among \[0, 1, 2\]"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, "0 for every row"),
    ],
)
def test_parameters_of_the_classifier(choice, sentence):
    with pytest.raises(ValueError, match=sentence):
        small(**choice).fit(*blobs())


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda X: X[:, 0], "Expected 2D array, got 1D array"),
        (lambda X: X[:0], "minimum of 1 is required"),
        (lambda X: np.where(X > 2, np.inf, X), "infinity"),
        (lambda X: X * 1e200, "float32|immensely|too large"),
        (lambda X: X.astype(complex), "Complex data not supported"),
        (lambda X: [[1, 2], [3]], "inhomogeneous|sequence"),
        (lambda X: "rows", "Expected 2D array"),
        (lambda X: pl.DataFrame(X).lazy(), "X is a LazyFrame, which has no rows yet"),
        (lambda X: pl.DataFrame(X)[:0], "minimum of 1 is required"),
        (lambda X: pl.DataFrame(), "minimum of 1 is required"),
        (lambda X: pl.DataFrame({"a": [1.0, np.inf] * 30}), "finite|infinity"),
        (lambda X: X[:-1], "X has 59 rows, y has 60"),
        (lambda X: None, "Expected 2D array, got scalar array instead:\narray=None"),
        (lambda X: [[10**400, 1.0]] * 60, "column 'x0' holds 1000.* in row 1: numbers must be below 1.8e308"),
    ],
)
def test_rows(recipe, make, sentence):
    X, y = blobs()
    with pytest.raises(ValueError, match=sentence):
        small(recipe=recipe).fit(make(X), y)


@pytest.mark.parametrize(
    ("kind", "make", "sentence"),
    [
        ("classes", lambda y: None, "requires y to be passed"),
        ("classes", lambda y: y + 0.5, "Unknown label type: continuous"),
        ("classes", lambda y: np.where(y == 1, np.nan, y), "Input y contains NaN"),
        ("classes", lambda y: np.where(y == 1, None, y.astype(str)), "there is no label in row"),
        (
            "classes",
            lambda y: np.array(["a", 1] * 30, dtype=object),
            "mixes labels of the kinds int, str|Unknown label",
        ),
        ("classes", lambda y: np.column_stack([y, y]), "y has 2 columns of classes"),
        ("classes", lambda y: np.zeros((60, 2, 2)), "dim 3|Found array"),
        ("numbers", lambda y: np.where(y > 500, np.nan, y), "Input y contains NaN"),
        ("numbers", lambda y: np.where(y > 500, np.inf, y), "Input y contains infinity"),
        ("numbers", lambda y: ["a"] * 60, "could not convert string to float"),
        ("numbers", lambda y: y * 1e300, "infinity|too large to be scaled"),
        ("numbers", lambda y: np.zeros((60, 0)), "y must have shape|minimum of 1"),
    ],
)
def test_targets(kind, make, sentence):
    X, y = problem(kind)
    with pytest.raises(ValueError, match=sentence):
        small(kind).fit(X, make(y))


def test_targets_that_a_loss_cannot_take():
    X, y = line()
    with pytest.raises(InputError, match="this loss takes targets of at least 0"):
        small("numbers", loss="poisson").fit(X, y - 1000)
    with pytest.raises(InputError, match="this loss takes targets from 0 to 1"):
        small("numbers", loss="binary_cross_entropy").fit(X, y)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ([1] * 59, "sample_weight.shape"),
        ([-1.0] * 60, "Negative values"),
        ([0] * 60, "at least one non-zero"),
        ([np.nan] * 60, "contains NaN"),
        (np.ones((60, 2)), "1D"),
    ],
)
def test_weights(weights, sentence):
    with pytest.raises(ValueError, match=sentence):
        small().fit(*blobs(), sample_weight=weights)


def test_rows_to_validate_with():
    X, y = blobs()
    for given, sentence in (
        ({"X_val": X}, "X_val is given without y_val"),
        ({"y_val": y}, "y_val is given without X_val"),
        ({"sample_weight_val": y}, "sample_weight_val is given without X_val and y_val"),
        ({"X_val": X[:, :1], "y_val": y}, "X has 1 features"),
        ({"X_val": X, "y_val": y + 1}, "y has the class 3 in row .*, not among"),
        ({"X_val": X, "y_val": y[:5]}, "X has 60 rows, y has 5"),
        (
            {"X_val": X, "y_val": y.astype(str).astype(object)},
            "labels of the kind str, but the classes are of the kind int",
        ),
    ):
        with pytest.raises(ValueError, match=sentence):
            small().fit(X, y, **given)
    texts = np.array(["a", "b", "c"], dtype=object)[y]
    with pytest.raises(InputError, match="y has labels of the kind int, but the classes are of the kind str"):
        small().fit(X, texts, X_val=X, y_val=y)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_rows_to_predict(kind, recipe):
    X, y = problem(kind)
    estimator = small(kind, recipe=recipe)
    for method in ("predict", "score", "explain") if kind == "numbers" else ("predict", "predict_proba"):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(estimator, method)(X, *([y] if method == "score" else []))
    estimator.fit(X, y)
    with pytest.raises(ValueError, match="X has 1 features"):
        estimator.predict(X[:, :1])
    if recipe == "plain":
        with pytest.raises(ValueError, match="infinity or a value too large for dtype"):
            estimator.predict(X * 1e200)
        with pytest.raises(InputError, match="X has gaps or columns that are not numbers"):
            estimator.predict(np.where(X > 1, np.nan, X))
    else:
        assert np.isfinite(estimator.predict(np.where(X > 1, np.nan, X)).astype(float)).all()
        np.testing.assert_array_equal(estimator.predict(X * 1e200), estimator.predict(X * 1e30))
        with pytest.raises(InputError, match="column 'x0' must hold numbers, but row 1 holds 'a'"):
            estimator.predict([["a", "b"]])


def test_columns_of_which_nothing_can_be_learned():
    with pytest.raises(InputError, match="no column of X can be learned from; left out: 'x0'"):
        small().fit(np.ones((60, 2)), blobs()[1])
    with pytest.raises(InputError, match="n_samples=1"):
        small("numbers").fit([[1.0]], [2.0])


def test_partial_fit():
    X, y = blobs()
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        small().partial_fit(X, y)
    classifier = small().partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="the classes of the first call were"):
        classifier.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="not among"):
        classifier.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="class_weight='balanced' needs all rows at once"):
        small(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="leave patience out"):
        small(patience=3).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"does not know how many updates there will be, which Cosine"):
        small(rate=cr.Cosine(0.1)).partial_fit(X, y, classes=[0, 1, 2])


def test_a_first_batch_that_fails_leaves_nothing_behind():
    X, y = blobs()
    fresh = small(recipe="plain", optimizer="gradient_descent", rate=1e38)
    with pytest.raises(TrainingError):
        fresh.partial_fit(X * 1e30, y, classes=[0, 1, 2])
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    with pytest.raises(ValueError, match="classes must be passed"):
        fresh.partial_fit(X, y)


def test_warm_start_with_something_else():
    X, y = blobs()
    classifier = small(warm_start=True).fit(X, y)
    for changed in ({"hidden": (9,)}, {"ensemble": 2}, {"loss": "half_squared_error", "smoothing": 0.0}):
        with pytest.raises(ValueError, match="warm_start goes on with the networks of the last training"):
            small(warm_start=True).fit(X, y).set_params(**changed).fit(X, y)
    with pytest.raises(ValueError, match="n_restarts starts anew"):
        small(warm_start=True, n_restarts=2).fit(X, y).fit(X, y)
    with pytest.raises(ValueError, match="not among"):
        classifier.fit(X, y + 1)


def test_several_labels_have_no_class_weights():
    X, y = blobs()
    with pytest.raises(InputError, match="class_weight is for classes, not for several labels at once"):
        small(class_weight="balanced").fit(X, np.eye(3, dtype=int)[y])


def test_a_training_that_diverges_says_where():
    X, y = line()
    with pytest.raises(TrainingError, match="no longer finite"):
        small("numbers", optimizer="gradient_descent", rate=1e30).fit(X, y)
    fitted = small("numbers").fit(X, y)
    with pytest.raises(TrainingError, match="no longer finite"):
        fitted.set_params(optimizer="gradient_descent", rate=1e30, ensemble=2).fit(X, y)
    with pytest.raises(NotFittedError):
        fitted.predict(X)


def test_a_table_with_a_column_twice():
    pd = pytest.importorskip("pandas")
    X, y = blobs()
    for name in ("a", 1):
        with pytest.raises(InputError, match=f"X has 2 columns named {name!r}: give each its own name"):
            small().fit(pd.DataFrame(X, columns=[name, name]), y)
    with pytest.raises(TypeError, match="Feature names are only supported if all input features have string names"):
        small().fit(pd.DataFrame(X, columns=["a", 1]), y)
    assert not hasattr(small().fit(pd.DataFrame(X), y), "feature_names_in_")


def test_a_table_of_another_shape_at_prediction():
    X, y = people_frame()
    classifier = small(epochs=2).fit(X, y)
    with pytest.raises(InputError, match="column 'age' must hold numbers"):
        classifier.predict(X.with_columns(age=pl.lit("old")))
    with pytest.raises(InputError, match="column 'since' must hold dates"):
        classifier.predict(X.with_columns(since=pl.lit(3)))


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_predictions_that_are_not_finite(kind):
    X, y = problem(kind)
    fitted = small(kind, recipe="plain").fit(X, y)
    far = np.vstack([X[:3], np.full((2, 2), 3e38)])
    for method in ("predict", "predict_proba") if kind == "classes" else ("predict",):
        with pytest.raises(InputError, match=r"the prediction for row 4 is not a finite number: the row is too far"):
            getattr(fitted, method)(far)
