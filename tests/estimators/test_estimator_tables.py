"""Whatever holds rows: arrays, sparse matrices, tables of three libraries, with texts, dates and gaps."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from estimator_cases import ESTIMATORS, RECIPES, blobs, people, people_frame, problem, small
from scipy import sparse
from sklearn.base import clone

_LONG = {"epochs": 60, "hidden": (16,), "validation_fraction": 0.0, "dropout": 0.0}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_table_of_everything_is_learned_without_a_pipeline(recipe):
    X, y = people_frame(200)
    classifier = small(recipe=recipe, **_LONG).fit(X, y)
    assert classifier.score(X, y) > 0.9
    assert classifier.feature_names_in_.tolist() == X.columns
    assert classifier.n_features_in_ == 5


def _pandas(columns):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    return frame.astype({"age": "Int64", "member": "boolean", "town": "category", "height": "float64"}).assign(
        since=pd.to_datetime(frame["since"])
    )


def _arrow(columns):
    return pytest.importorskip("pyarrow").table(columns)


@pytest.mark.parametrize("make", [_pandas, _arrow], ids=["pandas", "pyarrow"])
def test_libraries_of_tables_give_the_same_network(make):
    columns = people()
    y = columns.pop("target")
    of_polars = small().fit(pl.DataFrame(columns), y)
    of_other = small().fit(make(columns), y)
    np.testing.assert_array_equal(of_polars.predict_proba(pl.DataFrame(columns)), of_other.predict_proba(make(columns)))
    np.testing.assert_array_equal(of_polars.predict_proba(make(columns)), of_other.predict_proba(pl.DataFrame(columns)))


def test_rows_of_objects_are_columns_of_their_kinds():
    columns = people()
    y = columns.pop("target")
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    frame = pl.DataFrame(columns, schema_overrides={"age": pl.Float64})
    for given in (rows, np.array(rows, dtype=object)):
        classifier = small().fit(given, y)
        expected = small().fit(frame.rename(dict(zip(frame.columns, ["x0", "x1", "x2", "x3", "x4"], strict=True))), y)
        np.testing.assert_array_equal(classifier.predict_proba(given), expected.predict_proba(expected_frame(frame)))


def expected_frame(frame):
    return frame.rename(dict(zip(frame.columns, [f"x{k}" for k in range(5)], strict=True)))


def test_kinds_of_columns_of_polars():
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=k) for k in range(40)]
    frame = pl.DataFrame(
        {
            "enum": pl.Series(["a", "b"] * 20, dtype=pl.Enum(["a", "b"])),
            "category": pl.Series(["c", None, "d", "d"] * 10, dtype=pl.Categorical),
            "decimal": [Decimal(k) / 10 for k in range(40)],
            "day": days,
            "zoned": pl.Series(days).cast(pl.Datetime("us")).dt.replace_time_zone("Europe/Berlin"),
            "duration": [datetime.timedelta(minutes=k) for k in range(40)],
            "time": [datetime.time(k % 24) for k in range(40)],
            "list": [[k] for k in range(40)],
            "nothing": [None] * 40,
        }
    )
    classifier = small(epochs=2, validation_fraction=0.0).fit(frame, [0, 1] * 20)
    encoder = classifier._encoding.encoder
    kinds = {column.name: column.kind for column in encoder.columns}
    assert kinds == {
        "enum": "category", "category": "category", "decimal": "number", "day": "date", "zoned": "date",
        "duration": "number", "time": "number",
    }  # fmt: skip
    assert encoder.left_out == {"list": "holds List(Int64)", "nothing": "no values"}
    assert encoder.columns[5].center == pytest.approx(19.5 * 60)
    assert classifier.predict(frame).shape == (40,)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array(["2024-01-01", "NaT", "2024-05-01"], dtype="datetime64[ns]"), pl.Datetime),
        (np.array([1, 2, 3], dtype="timedelta64[h]"), pl.Float64),
        (np.array(["a", "b", "c"]), pl.String),
        (np.array([True, None, False], dtype=object), pl.Boolean),
        (np.array([datetime.date(2024, 1, 1), None, np.datetime64("2024-02-01")], dtype=object), pl.Datetime),
        (np.array([1, Decimal("2.5"), float("nan")], dtype=object), pl.Float64),
        (np.array([1, "1", None], dtype=object), pl.String),
        (np.array([np.timedelta64(1, "s"), datetime.timedelta(1), datetime.time(1)], dtype=object), pl.Float64),
    ],
)
def test_arrays_of_anything_become_columns(values, dtype):
    from chainrule.estimators.frames import table_of_array

    (column,) = table_of_array(values.reshape(-1, 1), ["x0"])
    assert column.dtype == dtype
    missing = [value is None or value != value for value in values.tolist()]
    assert column.is_null().to_list() == missing


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("kind", ["classes", "numbers"])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array, sparse.lil_array])
def test_sparse_matrices_are_the_arrays_they_stand_for(kind, recipe, make):
    X, y = problem(kind)
    X[X < 0.3] = 0
    dense, given = small(kind, recipe=recipe).fit(X, y), small(kind, recipe=recipe).fit(make(X), y)
    np.testing.assert_array_equal(dense.predict(X), given.predict(make(X)))


def test_in_the_plain_recipe_a_table_of_numbers_is_its_matrix():
    X, y = blobs()
    frame = pl.DataFrame(X, schema=["a", "b"])
    np.testing.assert_array_equal(
        small(recipe="plain").fit(X, y).predict_proba(X), small(recipe="plain").fit(frame, y).predict_proba(frame)
    )
    classifier = small(recipe="plain").fit(frame.with_columns(pl.Series("c", np.arange(60) % 2 == 0)), y)
    assert classifier.network_.inputs == 3


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("gap", [np.nan, None])
def test_gaps_in_a_matrix_become_inputs_of_their_own(recipe, gap):
    X, y = blobs()
    X = X.astype(object if gap is None else float)
    X[::7, 0] = gap
    classifier = small(recipe=recipe, epochs=40).fit(X, y)
    assert "x0 missing" in classifier._encoding.input_names
    assert classifier.score(X, y) > 0.8


@pytest.mark.parametrize("recipe", RECIPES)
def test_categories_and_gaps_never_seen_in_training_are_predicted(recipe):
    X, y = people_frame()
    full = X.drop_nulls()
    classifier = small(recipe=recipe).fit(full, np.array(y)[X.with_row_index().drop_nulls()["index"].to_numpy()])
    new = full[:3].with_columns(town=pl.Series(["Paris", None, "Ulm"]), age=pl.Series([None, 3, 4], dtype=pl.Int64))
    assert np.isfinite(classifier.predict_proba(new)).all()


def test_columns_are_known_by_name():
    X, y = people_frame()
    classifier = small(epochs=2).fit(X, y)
    with pytest.raises(ValueError, match="must be in the same order"):
        classifier.predict(X[:, ::-1])
    with pytest.raises(ValueError, match="yet now missing"):
        classifier.predict(X.drop("age"))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        classifier.predict(X.to_numpy())


def test_strange_numbers_of_numpy_are_numbers():
    X, y = blobs()
    expected = small(epochs=2).fit(X.astype(np.float32), y).predict_proba(X.astype(np.float32))
    for dtype in (">f8", np.longdouble):
        given = X.astype(np.float32).astype(dtype)
        np.testing.assert_allclose(small(epochs=2).fit(given, y).predict_proba(given), expected, rtol=1e-4)
    whole = small(epochs=2).fit(X.astype(np.float16), y)
    assert np.isfinite(whole.predict_proba(X.astype(np.float16))).all()


def test_targets_from_any_library():
    X, y = blobs()
    words = np.array(["a", "b", "c"])[y]
    expected = small(epochs=2).fit(X, words).predict(X)
    pd = pytest.importorskip("pandas")
    for given in (
        words.tolist(),
        words.astype(object),
        pl.Series(words),
        pd.Series(words),
        pd.Series(words, dtype="category"),
    ):
        np.testing.assert_array_equal(small(epochs=2).fit(X, given).predict(X), expected)


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_a_clone_is_the_same_and_unfitted(kind):
    X, y = problem(kind)
    fitted = small(kind).fit(X, y)
    twin = clone(fitted)
    assert not hasattr(twin, "networks_")
    np.testing.assert_array_equal(twin.fit(X, y).predict(X), fitted.predict(X))
    assert ESTIMATORS[kind] is type(twin)


TOWNS = [f"town {place:02d}" for place in range(12)]


def _of_towns(rows, towns=TOWNS):
    town = np.array(towns)[np.arange(rows) % len(towns)]
    effect = dict(zip(TOWNS, np.linspace(70, 130, len(TOWNS)), strict=True))
    age = np.random.default_rng(0).normal(size=rows)
    return pl.DataFrame({"town": town, "age": age}), np.array([effect[name] for name in town.tolist()])


def _says_of_towns(estimator):
    """Return what is predicted for each town, and for one that was never seen."""
    return estimator.predict(pl.DataFrame({"town": [*TOWNS, "Paris"], "age": [0.0] * 13}))


_OF_TOWNS = {"hidden": (16,), "epochs": 40, "validation_fraction": 0.0}


def test_a_value_of_many_that_was_never_seen_is_like_the_mean_of_the_others():
    for seed in range(4):
        *known, unseen = _says_of_towns(small("numbers", random_state=seed, **_OF_TOWNS).fit(*_of_towns(120)))
        np.testing.assert_allclose(known, np.linspace(70, 130, 12), atol=2)
        assert abs(unseen - 100) < 6
    X, y = _of_towns(120)
    weights = np.where(y < 80, 50, 1)
    heavy = small("numbers", random_state=0, **_OF_TOWNS).fit(X, y, sample_weight=weights)
    assert _says_of_towns(heavy)[-1] < 85


def test_what_was_trained_once_is_not_forgotten_by_later_trainings_without_it():
    X, y = _of_towns(120)
    late, late_y = _of_towns(60, TOWNS[:6])
    for goes_on in ("fit", "partial_fit"):
        regressor = small("numbers", warm_start=True, **_OF_TOWNS).fit(X, y)
        before = _says_of_towns(regressor)
        getattr(regressor.set_params(rate=1e-6, epochs=1), goes_on)(late, late_y)
        np.testing.assert_allclose(_says_of_towns(regressor)[:12], before[:12], atol=0.1)


def test_a_value_that_comes_late_is_learned_from_there():
    stream = small("numbers", hidden=(16,))
    X, y = _of_towns(120)
    for _ in range(40):
        stream.partial_fit(X, y)
    assert abs(_says_of_towns(stream)[-1] - 100) < 6
    both, late = pl.concat([X, X.with_columns(town=pl.lit("Paris"))]), np.concatenate([y, np.full(120, 130)])
    for _ in range(20):
        stream.partial_fit(both, late)
    np.testing.assert_allclose(_says_of_towns(stream), [*np.linspace(70, 130, 12), 130], atol=4)
