"""Tables to arrays and back; the oracles are scikit-learn's transformers and the standard library's dates."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule.errors import InputError
from chainrule.styles import Style
from chainrule.tables import Category, Classes, Date, Number, Quantity, TableEncoder, read, recognise_target

MIXED = """\
name;age;sex;smoker;joined;ticket;planet;price
Ann;31;f;True;2021-02-03;A1;Earth;10.5
Bob;?;m;false;2022-12-31;A2;Earth;11
Cid;45; m ;TRUE;2023-07-04;A3;Earth;
Dora;52;f;False;;A4;Earth;13.5
Eve;29;f;true;2024-02-29;A5;Earth;12
Finn;NA;m;False;2021-03-05;A6;Earth;9.25
"""


@pytest.fixture
def mixed(tmp_path: Path) -> pl.DataFrame:
    path = tmp_path / "mixed.csv"
    path.write_text(MIXED)
    return read(path)


def fit(frame: pl.DataFrame, target: str) -> tuple[pl.DataFrame, TableEncoder]:
    frame, kind = recognise_target(frame, target)
    return frame, TableEncoder.fit(frame, kind)


def through_json(encoder: TableEncoder) -> TableEncoder:
    return TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict(), allow_nan=False)))


# Reading


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", ["csv", "tsv", "txt", "CSV"])
def test_csv_of_every_separator_is_read(tmp_path: Path, separator: str, suffix: str) -> None:
    path = tmp_path / f"table.{suffix}"
    rows = ["a|b", ' 1 |"x, y; z"', "", "NaN|?", "3|n/a"]
    path.write_text("\ufeff" + "\n".join(row.replace("|", separator) for row in rows) + "\n", encoding="utf-8")
    assert read(path).to_dict(as_series=False) == {"a": ["1", None, "3"], "b": ["x, y; z", None, None]}


def test_parquet_keeps_its_types_and_loses_its_blanks(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pl.DataFrame(
        {
            "n": [1, None],
            "day": [date(2024, 1, 2), None],
            "text": [" a ", "NA"],
            "kind": pl.Series(["u", "v"], dtype=pl.Categorical),
        }
    ).write_parquet(path)
    frame = read(path)
    assert frame.to_dict(as_series=False) == {
        "n": [1, None],
        "day": [date(2024, 1, 2), None],
        "text": ["a", None],
        "kind": ["u", "v"],
    }
    assert frame["kind"].dtype == pl.String


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "there is no file"),
        ("table.xlsx", b"PK", "known are .csv, .tsv, .txt and .parquet"),
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\n", "is empty"),
        ("header.csv", b"a,b\n", "is empty"),
        ("header.parquet", b"not parquet at all", "cannot be read as a table"),
        ("twice.csv", b"a,b,a\n1,2,3\n", "2 columns named 'a'"),
        ("long.csv", b"a,b\n1,2\n1,2,3\n", "line 3 has 3 cells, the header 2"),
        ("latin.csv", "a,b\nM\xfcller,1\n".encode("latin-1"), "it is not UTF-8 text"),
        ("quote.csv", b'a,b\n"x,1\n', "a quoted text in it never ends"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)


def test_a_column_without_a_name_is_named_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "index.csv"
    path.write_text(",a\n0,x\n1,y\n")
    assert read(path).columns == ["column 1", "a"]


# Recognising


def test_kinds_of_columns(mixed: pl.DataFrame) -> None:
    frame, encoder = fit(mixed, "price")
    assert len(frame) == 5
    assert [(column.name, column.kind) for column in encoder.columns] == [
        ("age", "number"),
        ("sex", "category"),
        ("joined", "date"),
    ]
    assert encoder.left_out == {
        "name": "nearly every row has its own text",
        "smoker": "no text stands in 3 rows",
        "ticket": "nearly every row has its own text",
        "planet": "always Earth",
    }


@pytest.mark.parametrize("name", ["id", "Id", "PassengerId", "customer_id", "index", "column 1"])
def test_the_number_of_a_row_is_left_out(name: str) -> None:
    frame = pl.DataFrame({name: range(10), "x": range(10), "y": [0.5 * k for k in range(10)]})
    _, encoder = fit(frame, "y")
    assert encoder.left_out == {name: "numbers the rows"}


def test_an_identifier_that_comes_back_is_a_number() -> None:
    _, encoder = fit(pl.DataFrame({"shop id": [1, 2] * 5, "y": [0.5 * k for k in range(10)]}), "y")
    assert encoder.input_names == ["shop id"]


@pytest.mark.parametrize("name", ["paid", "humid", "kid", "INDEXED"])
def test_a_name_that_only_sounds_like_an_identifier_stays(name: str) -> None:
    _, encoder = fit(pl.DataFrame({name: range(10), "y": [0.5 * k for k in range(10)]}), "y")
    assert encoder.input_names == [name]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "b", "a", "b"], ["a", "b"]),
        ([True, False, False, True], [False, True]),
        (["1", "0", "0", "1"], [0, 1]),
        ([1.0, 0.0, 0.0, 1.0], [0, 1]),
        (["1.0", "0.0", "0", "1"], [0, 1]),
        ([3, 1, 2] * 3, [1, 2, 3]),
        ([3, 1, 2] * 2, None),  # six rows are too few for three numbered classes
        ([0.5, 1, 1, 0.5], None),
        (list(range(21)) * 21, None),
        (list(range(20)) * 20, list(range(20))),
        (["10", "9"] * 2, [9, 10]),
    ],
)
def test_kind_of_target(values: list[object], expected: list[object] | None) -> None:
    _, target = recognise_target(pl.DataFrame({"y": values}), "y")
    if expected is None:
        assert target == Quantity("y")
    else:
        assert isinstance(target, Classes)
        assert target.labels == expected
        assert [type(label) for label in target.labels] == [type(label) for label in expected]


def test_one_text_makes_a_column_text_in_every_part_of_the_rows() -> None:
    frame = pl.DataFrame({"x": [*"1122331122", "ten"], "z": range(11), "y": [0.5 * k for k in range(11)]})
    frame, target = recognise_target(frame, "y")
    encoder = TableEncoder.fit(frame[:10], target)
    assert encoder.input_names == ["z", "x=1", "x=2", "x other"]
    assert encoder.inputs(frame)[10, 1:].tolist() == [0, 0, 1]


def test_infinity_is_refused_by_its_row_in_the_file() -> None:
    frame = pl.DataFrame({"x": ["1", "2", "-inf", "4"], "y": [None, 0.5, 1.5, 2.5]})
    with pytest.raises(InputError, match="column 'x' must hold finite numbers, but row 3 holds -inf"):
        recognise_target(frame, "y")


def test_numbers_that_floats_cannot_tell_apart_are_no_classes() -> None:
    _, target = recognise_target(pl.DataFrame({"y": ["9" * 25, "1"] * 3}), "y")
    assert target == Quantity("y")


def test_a_long_constant_is_told_short() -> None:
    frame = pl.DataFrame({"x": ["a long text\nof two lines, and more"] * 4, "z": range(4), "y": [1.5, 2, 3, 4]})
    _, encoder = fit(frame, "y")
    assert encoder.left_out == {"x": "always a long text of two [...]"}


def test_rows_without_a_target_are_dropped() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3, 4], "y": ["0.5", None, "1.5", "2.5"]})
    kept, _ = recognise_target(frame, "y")
    assert kept.to_dict(as_series=False) == {"x": [1, 3, 4], "y": [0.5, 1.5, 2.5]}
    kept, _ = recognise_target(pl.DataFrame({"y": [0.5, math.nan, 1.5]}), "y")
    assert kept["y"].to_list() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([None, None], "has no values"),
        ([7, 7, 7], "is always 7: there is nothing to learn"),
        (["a", None, "a"], "is always 'a'"),
        ([1.5, math.inf, 2.5], "must hold finite numbers, but row 2 holds inf"),
        (["a", "b", "c", "d"], "has 4 different texts in 4 rows"),
        ([date(2024, 1, 1), date(2024, 1, 2)], "a target is a class or a number"),
        ([1e200, -1e200, 1.5], "too large to be scaled"),
    ],
)
def test_a_column_that_can_be_no_target_is_refused(values: list[object], message: str) -> None:
    frame = pl.DataFrame({"x": range(len(values)), "the target": values})
    with pytest.raises(InputError, match=message) as error:
        fit(frame, "the target")
    assert "'the target'" in str(error.value)


def test_an_unknown_target_names_the_nearest_column(mixed: pl.DataFrame) -> None:
    with pytest.raises(InputError, match="did you mean 'price'"):
        recognise_target(mixed, "prize")


def test_a_table_of_useless_columns_is_refused() -> None:
    with pytest.raises(InputError, match=r"no column can predict 'y'; left out: 'one' \(always 1\)"):
        fit(pl.DataFrame({"one": [1, 1, 1], "y": [0.5, 1.0, 2.0]}), "y")
    with pytest.raises(InputError, match="there is no other"):
        fit(pl.DataFrame({"y": [0.5, 1.0, 2.0]}), "y")


# Numbers


def test_numbers_are_scaled_as_by_scikit_learn() -> None:
    values = np.array([[3.0], [np.nan], [1.0], [8.0], [np.nan], [2.5]])
    pipeline = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    expected = pipeline.fit_transform(values)
    number = Number.fit(pl.Series("x", values[:, 0]))
    found = number.transform(pl.Series("x", values[:, 0]))
    assert number.inputs == ["x", "x missing"]
    np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=1e-14)
    np.testing.assert_array_equal(found[:, 1], np.isnan(values[:, 0]))


def test_a_real_table_is_scaled_as_by_scikit_learn() -> None:
    data = load_breast_cancer()
    frame = pl.DataFrame(data.data, schema=list(data.feature_names)).with_columns(y=data.target)
    frame, encoder = fit(frame, "y")
    np.testing.assert_allclose(encoder.inputs(frame), StandardScaler().fit_transform(data.data), atol=1e-12)
    np.testing.assert_array_equal(encoder.targets(frame), data.target)
    assert encoder.input_names == list(data.feature_names)


def test_only_the_training_rows_are_learned_from() -> None:
    frame, target = recognise_target(pl.DataFrame({"x": [0.0, 2.0, 100.0], "y": [1.0, 3.0, 900.5]}), "y")
    encoder = TableEncoder.fit(frame[:2], target)
    np.testing.assert_allclose(encoder.inputs(frame), [[-1], [1], [99]])
    np.testing.assert_allclose(encoder.targets(frame), [[-1], [1], [898.5]])


def test_a_missing_number_is_filled_even_if_training_had_none() -> None:
    number = Number.fit(pl.Series("x", [1.0, 2.0, 6.0]))
    assert number.transform(pl.Series("x", [None], dtype=pl.String)).tolist() == [[(2 - 3) / number.scale]]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pl.Series("x", ["1", "abc"]), "column 'x' must hold numbers, but row 2 holds 'abc'"),
        (pl.Series("x", ["inf", "1"]), "column 'x' must hold finite numbers, but row 1 holds 'inf'"),
        (pl.Series("x", [date(2024, 1, 1)]), "column 'x' must hold numbers, not Date"),
        (pl.Series("x", [1e300]), "column 'x' holds 1e.300 in row 1, immensely far"),
    ],
)
def test_what_is_no_number_is_refused(column: pl.Series, message: str) -> None:
    _, encoder = fit(pl.DataFrame({"x": [1.0, 2.0, 6.0], "y": [0.5, 0.7, 0.8]}), "y")
    with pytest.raises(InputError, match=message):
        encoder.inputs(column.to_frame())


def test_numbers_too_large_to_scale_are_refused() -> None:
    with pytest.raises(InputError, match="too large to be scaled"):
        Number.fit(pl.Series("x", [1e200, -1e200]))


@pytest.mark.parametrize("value", [1e154, 1e160, 1e200, 1e308, math.inf])
def test_the_input_of_an_immense_number_is_that_of_a_large_one(value: float) -> None:
    clipped = Number.fit(pl.Series("x", [1.0, 2.0, 3.0, 4.0, 5.0]), Style(robust=True))
    for sign in (1, -1):
        assert clipped.input_of(sign * value) == pytest.approx(clipped.input_of(sign * 1e9)) == pytest.approx(3 * sign)
    assert clipped.input_of(clipped.center) == 0


# Categories


def test_categories_are_encoded_as_by_scikit_learn() -> None:
    random = np.random.default_rng(0)
    values = random.choice([f"v{k:02}" for k in range(60)], size=400, p=np.arange(1, 61) / np.arange(1, 61).sum())
    oracle = OneHotEncoder(
        min_frequency=3, max_categories=31, handle_unknown="infrequent_if_exist", sparse_output=False
    ).fit(values.reshape(-1, 1))
    category = Category.fit(pl.Series("c", values))
    asked = [*values, "never seen"]
    found = category.transform(pl.Series("c", asked))
    np.testing.assert_array_equal(found, oracle.transform(np.array(asked).reshape(-1, 1)))
    assert category.inputs[-1] == "c other"
    assert found.shape[1] == 31
    rare = {value for value in values if np.count_nonzero(values == value) < 3}
    assert {"never seen", *rare} <= set(category.unseen(pl.Series("c", asked)))
    assert not set(category.unseen(pl.Series("c", asked))) & set(category.values)


def test_missing_and_unseen_categories() -> None:
    category = Category.fit(pl.Series("c", ["b", "a", None, "b", "a", "a", "b"]))
    assert category.inputs == ["c=a", "c=b", "c missing"]
    column = pl.Series("c", ["a", None, "new", "b"])
    assert category.transform(column).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert category.unseen(column) == ["new"]
    full = Category.fit(pl.Series("c", ["b", "a", "b", "a", "a", "b"]))
    assert full.transform(pl.Series("c", [None, "b"])).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("written", [["True", "False"], ["TRUE", "FALSE"], ["true", "false"], [True, False]])
def test_truth_values_are_the_same_however_written(written: list[object]) -> None:
    category = Category.fit(pl.Series("c", [True, False] * 3))
    assert category.inputs == ["c=false", "c=true"]
    assert category.transform(pl.Series("c", written)).tolist() == [[0, 1], [1, 0]]


def test_digits_in_a_category_column_match_numbers_in_a_table_to_predict() -> None:
    category = Category.fit(pl.Series("c", ["1", "2", "A"] * 3))
    assert category.transform(pl.Series("c", [2, 1])).tolist() == [[0, 1, 0], [1, 0, 0]]


# Dates


@pytest.mark.parametrize(
    ("form", "with_time"),
    [
        ("%Y-%m-%d", False),
        ("%d.%m.%Y", False),
        ("%d/%m/%Y", False),
        ("%m/%d/%Y", False),
        ("%Y-%m-%d %H:%M", True),
        ("%Y-%m-%dT%H:%M:%S", True),
        ("%Y-%m-%dT%H:%M:%S.250000", True),
        ("%Y-%m-%dT%H:%M:%SZ", True),
    ],
)
def test_dates_are_taken_apart(form: str, with_time: bool) -> None:
    moments = [datetime(2021, 2, 13, 6, 30), datetime(2023, 12, 31, 18, 0), datetime(2024, 2, 29, 23, 59)]
    column = pl.Series("when", [moment.strftime(form) for moment in moments])
    learned = Date.fit(column)
    x = learned.transform(column)
    named = dict(zip(learned.inputs, x.T, strict=True))

    def scaled(values: list[float]) -> np.ndarray:
        return StandardScaler().fit_transform(np.reshape(values, (-1, 1)))[:, 0]

    np.testing.assert_allclose(named["when year"], scaled([m.year for m in moments]), atol=1e-12)
    for part, turns in {
        "month": [(m.month - 1) / 12 for m in moments],
        "weekday": [m.weekday() / 7 for m in moments],
        "day of the year": [(m.timetuple().tm_yday - 1) / 366 for m in moments],
    }.items():
        angles = 2 * np.pi * np.array(turns)
        np.testing.assert_allclose(named[f"when {part} sine"], np.sin(angles), atol=1e-12)
        np.testing.assert_allclose(named[f"when {part} cosine"], np.cos(angles), atol=1e-12)
    assert ("when hour sine" in named) == with_time
    if with_time:
        hours = 2 * np.pi * np.array([6.5, 18, 23 + 59 / 60]) / 24
        np.testing.assert_allclose(named["when hour sine"], np.sin(hours), atol=1e-4)
    days = [(m - datetime(2000, 1, 1)).total_seconds() // (1 if with_time else 86400) for m in moments]
    np.testing.assert_allclose(named["when days"], scaled(days), atol=1e-5)


def test_dates_of_a_parquet_file_and_of_a_csv_file_are_the_same() -> None:
    days = [date(2021, 2, 13), None, date(2023, 12, 31), date(2024, 2, 29)]
    text = pl.Series("when", [None if day is None else day.strftime("%d.%m.%Y") for day in days])
    dates = pl.Series("when", days)
    learned = Date.fit(text)
    assert learned.inputs[:2] == ["when days", "when days missing"]
    assert sum("missing" in name for name in learned.inputs) == 1
    np.testing.assert_array_equal(learned.transform(dates), learned.transform(text))
    np.testing.assert_array_equal(Date.fit(dates).transform(text), learned.transform(text))


def test_a_date_is_read_as_in_training() -> None:
    learned = Date.fit(pl.Series("when", ["13/04/2024", "03/05/2024", "03/06/2023"]))
    assert learned.format == "%d/%m/%Y"
    ambiguous = learned.transform(pl.Series("when", ["03/05/2024"]))
    np.testing.assert_array_equal(ambiguous, learned.transform(pl.Series("when", [date(2024, 5, 3)])))
    with pytest.raises(InputError, match="column 'when' must hold dates written as %d/%m/%Y, but row 1 holds 'soon'"):
        learned.transform(pl.Series("when", ["soon"]))
    with pytest.raises(InputError, match="column 'when' must hold dates, not Int64"):
        learned.transform(pl.Series("when", [3]))


def test_an_offset_is_dropped_as_a_zone_is() -> None:
    texts = pl.Series("when", ["2024-01-01T00:30:00+02:00", "2023-06-30T23:00:00.5+0530", "2022-02-03T04:05:06Z", None])
    clocks = [
        datetime(2024, 1, 1, 0, 30),
        datetime(2023, 6, 30, 23, 0, 0, 500_000),
        datetime(2022, 2, 3, 4, 5, 6),
        None,
    ]
    learned = Date.fit(texts)
    np.testing.assert_array_equal(learned.transform(texts), learned.transform(pl.Series("when", clocks)))


# Targets back


@pytest.mark.parametrize(
    ("trained", "asked", "places"),
    [
        ([0, 1, 0, 1], ["1.0", "0", "1e0", "0.5", "one", None], [1, 0, 1, None, None, None]),
        (["0.0", "1.0"] * 2, [1, 0], [1, 0]),
        ([0, 1, 0, 1], [True, False], [1, 0]),
        ([False, True] * 2, ["True", "FALSE", "false", "yes"], [1, 0, 0, None]),
        ([False, True] * 2, [1, 0, 2], [1, 0, None]),
        (["True", "False"] * 2, [True, False, None], [1, 0, None]),
        (["TRUE", "False", "maybe"] * 2, ["true", "maybe", "no"], [2, 1, None]),
    ],
)
def test_a_class_is_the_same_however_it_is_written(
    trained: list[object], asked: list[object], places: list[int | None]
) -> None:
    _, target = recognise_target(pl.DataFrame({"y": trained}), "y")
    assert isinstance(target, Classes)
    known = dict(zip(target.labels, range(target.outputs), strict=True))
    assert [known.get(label) for label in target.read(pl.Series("y", asked)).to_list()] == places


def test_outputs_are_turned_back_into_classes() -> None:
    classes = Classes("kind", ["no", "yes"])
    assert classes.encode(pl.Series("kind", ["yes", "no"])).tolist() == [1, 0]
    decoded = classes.decode(np.array([[0.25, 0.75], [0.875, 0.125]], np.float32))
    assert decoded.write_csv() == "kind,P(kind=no),P(kind=yes)\nyes,0.25,0.75\nno,0.875,0.125\n"
    with pytest.raises(InputError, match="unknown class in column 'kind' 'yess': did you mean 'yes'"):
        classes.encode(pl.Series("kind", ["yess"]))


@given(st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 6)), min_size=2, max_size=20))
def test_a_quantity_comes_back(values: list[float]) -> None:
    column = pl.Series("y", values)
    quantity = Quantity("y").fit(column)
    back = quantity.decode(quantity.encode(column))["y"].to_numpy()
    np.testing.assert_allclose(back, values, atol=1e-9, rtol=1e-9)


# The whole


def test_missing_columns_are_named(mixed: pl.DataFrame) -> None:
    _, encoder = fit(mixed, "price")
    with pytest.raises(InputError, match=r"lacks columns that the model was trained on: 'age', 'joined'$"):
        encoder.inputs(mixed.drop("age", "joined"))


def test_columns_of_no_use_and_the_target_may_be_absent_and_order_is_free(mixed: pl.DataFrame) -> None:
    _, encoder = fit(mixed, "price")
    reordered = mixed.select("joined", "sex", "age")
    np.testing.assert_array_equal(encoder.inputs(reordered), encoder.inputs(mixed))


def test_unseen_categories_are_reported(mixed: pl.DataFrame) -> None:
    frame, encoder = fit(mixed, "price")
    assert encoder.unseen(frame) == {"sex": ["m"]}  # in two rows of five
    frame = pl.concat([frame, frame])  # each value in at least three rows
    encoder = TableEncoder.fit(frame, encoder.target)
    assert encoder.unseen(frame) == {}
    assert encoder.unseen(frame.with_columns(sex=pl.lit("x"))) == {"sex": ["x"]}


def test_iris_as_text_equals_iris_as_numbers(tmp_path: Path) -> None:
    data = load_iris()
    numbers = pl.DataFrame(data.data, schema=["a", "b", "c", "d"]).with_columns(kind=data.target_names[data.target])
    numbers.write_csv(tmp_path / "iris.csv")
    from_text, from_numbers = fit(read(tmp_path / "iris.csv"), "kind"), fit(numbers, "kind")
    np.testing.assert_array_equal(from_text[1].inputs(from_text[0]), from_numbers[1].inputs(from_numbers[0]))
    assert from_text[1] == from_numbers[1]
    assert from_text[1].target == Classes("kind", ["setosa", "versicolor", "virginica"])


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=6).filter(
    lambda word: "inf" not in word.lower()  # an infinite number is refused
)


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """A table of numbers, categories and dates with gaps; its target is a number, texts or truth values."""
    rows = draw(st.integers(4, 25))

    def column(values: st.SearchStrategy[object], gaps: bool = True) -> list[object]:
        cells = st.one_of(st.none(), values) if gaps else values
        return draw(st.lists(cells, min_size=rows, max_size=rows))

    vocabulary = draw(st.lists(WORDS, min_size=2, max_size=4, unique=True))
    frame = pl.DataFrame(
        {
            "number": pl.Series(column(st.floats(-1e9, 1e9)), dtype=pl.Float64),
            "category": pl.Series(column(st.sampled_from(vocabulary)), dtype=pl.String),
            "truth": pl.Series(column(st.booleans()), dtype=pl.Boolean),
            "moment": pl.Series(
                column(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))), dtype=pl.Datetime("us")
            ),
            "anchor": [float(row) for row in range(rows)],
        }
    )
    labels = draw(st.sampled_from([[False, True], [f"of {word}" for word in vocabulary[:2]], [0.25, 0.5]]))
    return frame.with_columns(y=pl.Series([labels[row % 2] for row in range(rows)]))


@given(tables())
def test_an_encoder_survives_json_exactly(frame: pl.DataFrame) -> None:
    frame, encoder = fit(frame, "y")
    again = through_json(encoder)
    assert again == encoder
    assert again.to_dict() == encoder.to_dict()
    np.testing.assert_array_equal(again.inputs(frame), encoder.inputs(frame))
    np.testing.assert_array_equal(again.targets(frame), encoder.targets(frame))


@given(tables(), st.data())
def test_one_row_is_encoded_as_in_the_whole_table(frame: pl.DataFrame, data: st.DataObject) -> None:
    frame, encoder = fit(frame, "y")
    row = data.draw(st.integers(0, len(frame) - 1))
    np.testing.assert_array_equal(encoder.inputs(frame[row : row + 1])[0], encoder.inputs(frame)[row])


@given(tables())
def test_inputs_are_finite_and_named(frame: pl.DataFrame) -> None:
    frame, encoder = fit(frame, "y")
    x = encoder.inputs(frame)
    assert x.shape == (len(frame), len(encoder.input_names))
    assert np.isfinite(x).all()
    assert len(set(encoder.input_names)) == len(encoder.input_names)
