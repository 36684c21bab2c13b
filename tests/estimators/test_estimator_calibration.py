"""The temperature: what an independent minimisation finds, and on which rows."""

from __future__ import annotations

import numpy as np
import pytest
from estimator_cases import blobs, small
from scipy.optimize import minimize
from scipy.special import expit, log_expit, log_softmax, softmax

from chainrule.calibrated import tempered
from chainrule.estimators.calibration import PRIOR, fit_temperature
from chainrule.estimators.splitting import set_aside


def _made_up(rows: int = 200, seed: int = 0):
    """Return weighted inputs that are four times too sure, and classes."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, 3))
    classes = [rng.choice(3, p=p) for p in softmax(z, axis=1)]
    return 4 * z, np.eye(3)[classes], rng.uniform(0.5, 2, rows)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("separate", [False, True])
def test_it_is_what_scipy_finds_from_the_weighted_inputs(weighted, separate):
    z, targets, weights = _made_up()
    w = weights if weighted else np.ones(len(z))

    def cost(u):
        logs = log_softmax(z / np.exp(u[0]), axis=1)
        likelihood = targets * logs
        if separate:
            likelihood = targets * log_expit(z / np.exp(u[0])) + (1 - targets) * log_expit(-z / np.exp(u[0]))
        return u[0] ** 2 / (2 * PRIOR**2) - w @ likelihood.sum(axis=1)

    expected = np.exp(minimize(cost, [0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}).x[0])
    p = expit(z) if separate else softmax(z, axis=1)
    found = fit_temperature(p, targets, weights if weighted else None, separate=separate)
    assert found == pytest.approx(expected, rel=1e-4)
    right = expit(z / found) if separate else softmax(z / found, axis=1)
    np.testing.assert_allclose(tempered(p, found, separate=separate), right, rtol=1e-9)


def test_weights_are_repetition():
    z, targets, _ = _made_up()
    weights = np.random.default_rng(0).integers(0, 4, len(z))
    p = softmax(z, axis=1)
    repeated = fit_temperature(p.repeat(weights, 0), targets.repeat(weights, 0))
    assert fit_temperature(p, targets, weights) == pytest.approx(repeated)


def test_many_rows_decide_and_few_hardly_do():
    z, targets, _ = _made_up(20_000)
    assert fit_temperature(softmax(z, axis=1), targets) == pytest.approx(4, rel=0.05)
    right = np.eye(2)[[0, 1] * 4]
    assert 0.5 < fit_temperature(0.9 * right + 0.1 * (1 - right), right) < 1


@pytest.mark.parametrize("separate", [False, True])
def test_probabilities_at_the_ends_stay_numbers(separate):
    p = np.array([[1.0, 0.0], [0.0, 1.0], [1e-40, 1 - 1e-40], [0.5, 0.5]])
    for temperature in (0.05, 1, 20):
        q = tempered(p, temperature, separate=separate)
        assert np.isfinite(q).all()
        assert (q[3] == 0.5).all()
        assert (q.argmax(axis=1)[:3] == p.argmax(axis=1)[:3]).all()
    assert np.isfinite(fit_temperature(p, 1 - p.round(), separate=separate))


def test_the_classifier_fits_it_on_the_rows_set_aside():
    X, y = blobs(120)
    classifier = small(epochs=30, validation_fraction=0.3).fit(X, y)
    raw = small(epochs=30, validation_fraction=0.3, calibrate=False).fit(X, y)
    assert raw.temperature_ is None
    _, aside = set_aside(120, 0.3, 0, y)
    expected = fit_temperature(raw.predict_proba(X[aside]), np.eye(3)[y[aside]])
    assert classifier.temperature_ == pytest.approx(expected)
    np.testing.assert_allclose(classifier.predict_proba(X), tempered(raw.predict_proba(X), expected))
    np.testing.assert_array_equal(classifier.predict(X), raw.predict(X))


def test_an_ensemble_has_one_of_its_mean_and_several_labels_one_for_all():
    X, y = blobs(120)
    ensemble = small(ensemble=3).fit(X, y)
    raw = small(ensemble=3, calibrate=False).fit(X, y)
    np.testing.assert_allclose(
        ensemble.predict_proba(X), tempered(raw.predict_proba(X), ensemble.temperature_), rtol=1e-6
    )
    labels = np.column_stack([y == 0, y == 1]).astype(int)
    several, plain = (small(calibrate=choice).fit(X, labels) for choice in (True, False))
    expected = tempered(plain.predict_proba(X), several.temperature_, separate=True)
    np.testing.assert_allclose(several.predict_proba(X), expected)


def test_rows_to_validate_with_that_all_networks_share_count_once_by_their_mean():
    X, y = blobs(90)
    X_val, y_val = blobs(30, seed=2)
    fitted, raw = (
        small(ensemble=3, epochs=10, calibrate=choice).fit(X, y, X_val=X_val, y_val=y_val) for choice in (True, False)
    )
    expected = fit_temperature(raw.predict_proba(X_val), np.eye(3)[y_val])
    assert fitted.temperature_ == pytest.approx(expected, rel=1e-5)


def test_rows_that_several_networks_set_aside_count_once():
    X, y = blobs(60)
    fitted = small(ensemble=4, epochs=10, validation_fraction=0.5).fit(X, y)
    raw, targets, asides = [], [], [set_aside(60, 0.5, 0, y, turn)[1] for turn in range(4)]
    for net, aside in zip(fitted.networks_, asides, strict=True):
        p = net.predict(fitted._encoding.inputs(X[aside])).astype(float)
        raw.append(p / p.sum(axis=1, keepdims=True))
        targets.append(np.eye(3)[y[aside]])
    places = np.concatenate(asides)
    times = np.bincount(places)[places]
    assert times.max() > 1
    expected = fit_temperature(np.concatenate(raw), np.concatenate(targets), 1 / times)
    assert fitted.temperature_ == pytest.approx(expected, rel=1e-5)
