"""How good predictions are. The first measure of a kind ranks; it was fixed before any result was known."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import log_loss, r2_score, roc_auc_score, root_mean_squared_error
from sklearn.preprocessing import label_binarize

from accuracy.table import CLASSIFICATION, REGRESSION


@dataclass(frozen=True)
class Measure:
    name: str
    title: str
    higher_is_better: bool


ERROR = Measure("error", "error rate", False)
LOG_LOSS = Measure("log_loss", "log loss", False)
AUC = Measure("auc", "ROC AUC", True)
RMSE = Measure("rmse", "RMSE", False)
R2 = Measure("r2", "R²", True)
MEASURES = {CLASSIFICATION: (ERROR, LOG_LOSS, AUC), REGRESSION: (RMSE, R2)}


def class_scores(truth: np.ndarray, probabilities: np.ndarray, classes: np.ndarray) -> dict[str, float | None]:
    guesses = classes[probabilities.argmax(axis=1)]
    return {
        "error": float(np.mean(guesses != truth)),
        "log_loss": float(log_loss(truth, probabilities, labels=classes)),
        "auc": _auc(truth, probabilities, classes),
    }


def _auc(truth: np.ndarray, probabilities: np.ndarray, classes: np.ndarray) -> float | None:
    """Return that of the second class, or the mean of each class against the rest; None if one is not in the test."""
    if len(np.unique(truth)) < len(classes):
        return None
    if len(classes) == 2:
        return float(roc_auc_score(truth == classes[1], probabilities[:, 1]))
    return float(roc_auc_score(label_binarize(truth, classes=classes), probabilities, average="macro"))


def number_scores(truth: np.ndarray, guesses: np.ndarray) -> dict[str, float | None]:
    return {"rmse": float(root_mean_squared_error(truth, guesses)), "r2": float(r2_score(truth, guesses))}
