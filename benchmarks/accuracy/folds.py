"""Which rows train and which test: the same for all methods, fixed by the number of the fold."""

import zlib

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from accuracy.table import Table

TRAINING_PART = 0.7
MOST_TRAINING_ROWS = 50_000
# Tables with fewer rows than the first number are split as often as the second says.
_FOLDS = ((1_000, 5), (3_000, 3), (10_000, 2))


def fold_count(table: Table) -> int:
    return next((count for rows, count in _FOLDS if table.rows < rows), 1)


def split(table: Table, target: pd.Series, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the training and of the test rows; all that do not train test."""
    rows = np.arange(len(target))
    training = min(int(TRAINING_PART * len(target)), MOST_TRAINING_ROWS)
    classes = target if table.is_classification else None
    train, test = train_test_split(rows, train_size=training, random_state=fold, stratify=classes)
    return np.sort(train), np.sort(test)


def fingerprint(rows: np.ndarray) -> str:
    """Return a short sum over the positions, so that records can show that all had the same."""
    return f"{zlib.crc32(rows.astype('<i8').tobytes()):08x}"
