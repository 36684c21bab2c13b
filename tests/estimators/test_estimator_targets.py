"""What is predicted: classes of any kind, several labels, numbers in their units, and losses of all sorts."""

from __future__ import annotations

import numpy as np
import pytest
from estimator_cases import RECIPES, blobs, line, small
from scipy import sparse
from sklearn.metrics import log_loss

import chainrule as cr


@pytest.mark.parametrize("labels", [["b", "a", "c"], [30, -1, 7], [0.0, 2.0, 1.0]])
def test_classes_are_sorted_and_come_back_as_they_were(labels):
    X, y = blobs()
    given = np.array(labels)[y]
    classifier = small(epochs=40).fit(X, given)
    assert classifier.classes_.tolist() == sorted(labels)
    assert classifier.predict(X).dtype == given.dtype
    assert classifier.score(X, given) > 0.9
    p = classifier.predict_proba(X)
    assert p.shape == (60, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(classifier.predict_log_proba(X), np.log(p))


def test_truth_values_are_classes():
    X, y = blobs(classes=2)
    classifier = small(epochs=40).fit(X, y == 1)
    assert classifier.classes_.tolist() == [False, True]
    assert classifier.predict(X).dtype == bool


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("as_sparse", [False, True])
def test_several_labels_at_once(recipe, as_sparse):
    X, y = blobs(120)
    labels = np.column_stack([y == 0, y != 1, X[:, 0] > 1]).astype(int)
    classifier = small(recipe=recipe, epochs=60).fit(X, sparse.csr_array(labels) if as_sparse else labels)
    assert classifier.network_.architecture.loss.name == "binary_cross_entropy"
    assert classifier.classes_.tolist() == [0, 1, 2]
    p = classifier.predict_proba(X)
    assert p.shape == (120, 3)
    np.testing.assert_array_equal(classifier.predict(X), (p > 0.5).astype(int))
    assert (classifier.predict(X) == labels).mean() > 0.9


@pytest.mark.parametrize("recipe", RECIPES)
def test_numbers_come_back_in_their_units(recipe):
    X, y = line()
    regressor = small("numbers", recipe=recipe, epochs=120, hidden=(16,), dropout=0.0).fit(X, y)
    assert regressor.score(X, y) > 0.9
    assert regressor.predict(X).shape == (60,)
    assert abs(regressor.predict(X).mean() - y.mean()) < 5


def test_several_numbers_of_different_size():
    X, y = line()
    both = np.column_stack([y, 1e-6 * X[:, 1]])
    regressor = small("numbers", epochs=120, hidden=(16,), dropout=0.0).fit(X, both)
    assert regressor.predict(X).shape == (60, 2)
    assert regressor.score(X, both) > 0.9
    column = small("numbers", epochs=2).fit(X, y[:, None])
    assert column.predict(X).shape == (60, 1)
    np.testing.assert_array_equal(column.predict(X).ravel(), small("numbers", epochs=2).fit(X, y).predict(X))


def test_a_constant_target_is_predicted():
    X, _ = line()
    regressor = small("numbers", recipe="plain", epochs=60).fit(X, np.full(60, 0.1 + 0.2))
    np.testing.assert_allclose(regressor.predict(X), 0.3, atol=0.2)


def test_scale_is_that_of_the_training_rows():
    X, y = line()
    regressor = small("numbers", validation_fraction=0.0).fit(X, y)
    assert regressor._target.mean == pytest.approx(y.mean())
    assert regressor._target.scale == pytest.approx(y.std())


@pytest.mark.parametrize(
    ("loss", "last"),
    [
        ("cross_entropy", "softmax"),
        ("binary_cross_entropy", "sigmoid"),
        ("half_squared_error", "softmax"),
        ("-sum(t * log(y))", "softmax"),
        ("log(1 + exp(-(2 * t - 1) * z))", "softmax"),
        (cr.Loss("focal", "-t * (1 - y)**2 * log(y)"), "softmax"),
        (cr.Loss("mine", "-(t * log(y) + (1 - t) * log(1 - y))", activations="sigmoid"), "sigmoid"),
    ],
)
def test_losses_of_a_classifier(loss, last):
    X, y = blobs()
    classifier = small(loss=loss, epochs=40, smoothing=None).fit(X, y)
    assert classifier.network_.architecture.layers[-1].activation == last
    assert classifier.score(X, y) > 0.8
    np.testing.assert_allclose(classifier.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "log(cosh(y - t))", cr.loss("huber", delta=2)])
def test_losses_of_a_regressor(loss):
    X, y = line()
    assert small("numbers", loss=loss, epochs=120, hidden=(16,), dropout=0.0).fit(X, y).score(X, y) > 0.8


def test_counts_by_poisson_and_parts_by_cross_entropies():
    X, _ = line(200)
    rng = np.random.default_rng(0)
    counts = rng.poisson(np.exp(1 + X[:, 0] / 2))
    regressor = small("numbers", loss="poisson", epochs=60, hidden=(16,)).fit(X, counts)
    assert (regressor.predict(X) > 0).all()
    assert regressor.score(X, counts) > 0.2
    part = 1 / (1 + np.exp(-X[:, 0]))
    of_parts = small("numbers", loss="binary_cross_entropy", epochs=60, hidden=(16,)).fit(X, part)
    assert of_parts.predict(X).min() > 0
    assert of_parts.score(X, part) > 0.8
    shares = np.column_stack([part, 1 - part])
    of_shares = small("numbers", loss="cross_entropy", epochs=60, hidden=(16,)).fit(X, shares)
    np.testing.assert_allclose(of_shares.predict(X).sum(axis=1), 1, rtol=1e-5)
    assert of_shares.score(X, shares) > 0.8


def test_smoothing_is_part_of_the_loss():
    X, y = blobs(classes=2)
    sure, smooth = (small(smoothing=part, epochs=80, calibrate=False).fit(X, y) for part in (0.0, 0.3))
    assert sure.network_.architecture.loss.formula.parameters["smoothing"] == 0
    assert smooth.network_.architecture.loss.formula.parameters["smoothing"] == 0.3
    assert log_loss(y, sure.predict_proba(X)) < log_loss(y, smooth.predict_proba(X))
