"""Pictures of trainings, and scikit-learn's own of what was learned."""

from __future__ import annotations

import sys

import matplotlib as mpl
import numpy as np
import pytest
from estimator_cases import blobs, line, small
from sklearn.exceptions import NotFittedError
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import ConfusionMatrixDisplay, PredictionErrorDisplay, RocCurveDisplay

import chainrule as cr


@pytest.fixture(autouse=True)
def _no_windows():
    backend = mpl.get_backend()
    mpl.use("Agg")
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
    mpl.use(backend)


def test_the_loss_of_training_and_validation():
    classifier = small().fit(*blobs())
    display = cr.LossCurveDisplay.from_estimator(classifier, linewidth=3)
    assert list(display.lines_) == ["training", "validation"]
    np.testing.assert_array_equal(display.lines_["training"].get_xydata()[:, 1], classifier.loss_curve_)
    assert display.lines_["validation"].get_linewidth() == 3
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "training",
        "validation",
        "best epoch",
    ]
    assert display.ax_.get_yscale() == "log"
    again = cr.LossCurveDisplay(classifier.history_).plot(display.ax_)
    assert again.figure_ is display.figure_


def test_the_gradients_of_each_layer():
    net = cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(3, "softmax")], loss="cross_entropy")
    history = net.fit(*blobs(), epochs=4)
    display = cr.GradientNormDisplay(history).plot()
    assert list(display.lines_) == ["layer 1", "layer 2"]
    assert display.ax_.get_ylabel() == "norm of the gradient"
    assert cr.GradientNormDisplay.from_estimator(small("numbers").fit(*line())).lines_


def test_without_matplotlib_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ValueError, match="pictures need matplotlib: pip install"):
        cr.LossCurveDisplay.from_estimator(small().fit(*blobs()))


def test_what_cannot_be_drawn():
    with pytest.raises(NotFittedError):
        cr.LossCurveDisplay.from_estimator(small())
    with pytest.raises(ValueError, match="LossCurveDisplay draws a History, as fit leaves it, not 3"):
        cr.LossCurveDisplay(3)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "auto"])
def test_where_one_class_ends(classes, method):
    X, y = blobs(classes=classes)
    display = DecisionBoundaryDisplay.from_estimator(small().fit(X, y), X, response_method=method, grid_resolution=9)
    assert display.response.shape[:2] == (9, 9)


def test_others_of_scikit_learn():
    X, y = blobs(classes=2)
    classifier = small().fit(X, y)
    assert RocCurveDisplay.from_estimator(classifier, X, y).roc_auc > 0.8
    assert ConfusionMatrixDisplay.from_estimator(classifier, X, y).confusion_matrix.sum() == 60
    x, t = line()
    assert PredictionErrorDisplay.from_estimator(small("numbers").fit(x, t), x, t).y_pred.shape == (60,)
