"""What peers need done to a raw frame first: dates to numbers, gaps filled, categories to columns."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

FEWEST_ONE_HOT = 5
_NUMBERS = make_column_selector(dtype_include="number")
_TEXTS = make_column_selector(dtype_exclude="number")
_PARTS_OF_DATES = ("year", "month", "day", "dayofweek", "hour")


def numbers_and_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Replace each date by days since 1970 and its parts, and true and false by 1 and 0."""
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("bool").columns, "float64"))
    for column in frame.select_dtypes("datetime").columns:
        date = frame.pop(column)
        parts = {f"{column} {part}": getattr(date.dt, part).astype("float64") for part in _PARTS_OF_DATES}
        days = (date - pd.Timestamp(0)) / pd.Timedelta(days=1)
        frame = frame.assign(**{f"{column} days": days}, **parts)
    return frame


class AsCategories(TransformerMixin, BaseEstimator):
    """Gives texts the categories of the training rows, the most frequent ones if there are too many."""

    def __init__(self, most: int | None = None):
        self.most = most

    def fit(self, frame: pd.DataFrame, target: object = None) -> "AsCategories":
        self.categories_ = {column: frame[column].value_counts().index[: self.most] for column in _TEXTS(frame)}
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        made = {
            column: pd.Categorical(frame[column], categories=categories)
            for column, categories in self.categories_.items()
        }
        return frame.assign(**made)


def scaled_columns() -> Pipeline:
    """Numbers with mean 0 and variance 1, gaps as the median and a column that says so; a column for each category.

    Categories of fewer than five training rows share one.
    """
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=FEWEST_ONE_HOT, dtype=np.float64)
    columns = ColumnTransformer([("numbers", numbers, _NUMBERS), ("texts", texts, _TEXTS)])
    return make_pipeline(FunctionTransformer(numbers_and_texts), columns)


def categories(most: int | None = None) -> Pipeline:
    """Categories as such, for methods that take them and gaps."""
    return make_pipeline(FunctionTransformer(numbers_and_texts), AsCategories(most))


def categories_without_gaps() -> Pipeline:
    """Categories as such, gaps in numbers as the median and a column that says so."""
    fill = SimpleImputer(strategy="median", add_indicator=True)
    columns = ColumnTransformer([("numbers", fill, _NUMBERS)], remainder="passthrough", verbose_feature_names_out=False)
    return make_pipeline(*categories(), columns.set_output(transform="pandas"))
