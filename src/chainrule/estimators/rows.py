"""What an estimator is given as X: a matrix of numbers, or a table whose columns may hold anything."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InputError, shown

if TYPE_CHECKING:
    import polars as pl

Matrix = NDArray[Any]


def read_rows(estimator: Any, X: Any, *, reset: bool) -> Matrix | pl.DataFrame:
    """Return X as a matrix of numbers, shape (rows, features), where it is one, else as a table.

    Numbers may be missing (NaN), but not infinite. As scikit-learn's `validate_data` it notes the names and the number
    of the features in the estimator (`reset`), or holds them against those noted.

    Raises `ValueError` for what is no matrix or table, or not with these features.
    """
    if _is_frame(X):
        names = _features_of(estimator, X, reset)
        from chainrule.estimators.frames import table_of

        return table_of(X, names)
    if isinstance(X, list | tuple) and np.asarray(X).dtype.kind in "US":
        X = np.asarray(X, dtype=object)  # else numbers beside texts become texts
    from sklearn.utils.validation import validate_data

    array: Matrix = validate_data(
        estimator, X, reset=reset, accept_sparse="csr", dtype=None, ensure_all_finite="allow-nan"
    )
    if hasattr(array, "toarray"):
        array = array.toarray()
    if array.dtype.kind in "fiub":
        return array
    from chainrule.estimators.frames import table_of_array

    return table_of_array(array, feature_names(estimator))


def feature_names(estimator: Any) -> list[str]:
    """Return the names of the features, x0, x1, ... where there are none."""
    known = getattr(estimator, "feature_names_in_", None)
    return [f"x{place}" for place in range(estimator.n_features_in_)] if known is None else list(known)


def _is_frame(X: Any) -> bool:
    if isinstance(X, np.ndarray | list | tuple):
        return False
    import narwhals as nw  # scikit-learn has it too

    if nw.dependencies.is_into_dataframe(X):
        return True
    if isinstance(X, nw.LazyFrame) or nw.dependencies.is_polars_lazyframe(X):
        raise InputError("X is a LazyFrame, which has no rows yet: give X.collect()")
    return False


def _features_of(estimator: Any, X: Any, reset: bool) -> list[str]:
    """Note or compare the features of a data frame; return their names."""
    from narwhals.exceptions import DuplicateError
    from sklearn.utils.validation import validate_data

    rows, width = X.shape
    if not rows or not width:
        what = "sample" if not rows else "feature"
        raise InputError(
            f"Found array with 0 {what}(s) (shape={shown((rows, width))}) while a minimum of 1 is required."
        )
    try:
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    except DuplicateError as error:
        name, times = Counter(X.column_names if hasattr(X, "column_names") else X.columns).most_common(1)[0]
        raise InputError(f"X has {times} columns named {shown(name)}: give each its own name") from error
    return feature_names(estimator)
