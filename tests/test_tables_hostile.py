"""Tables that are not what they seem: odd paths, blank lines, other encodings, dates beyond the calendar."""

from __future__ import annotations

import io
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from chainrule.errors import InputError
from chainrule.tables import Category, Date, Quantity, TableEncoder, read, recognise_target


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_path_is_no_pattern(tmp_path: Path, suffix: str) -> None:
    for name, value in ((f"a[1].{suffix}", "right"), (f"a1.{suffix}", "wrong")):
        frame, out = pl.DataFrame({"x": [value]}), io.BytesIO()
        frame.write_csv(out) if suffix == "csv" else frame.write_parquet(out)
        (tmp_path / name).write_bytes(out.getvalue())
    assert read(tmp_path / f"a[1].{suffix}")["x"].to_list() == ["right"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_blank_lines_are_no_rows(tmp_path: Path, end: str) -> None:
    lines = ["", "  ", "a,b", "1,2", ",", "", '"x', "", 'y",4', "", "  ", "5,", "", ""]
    rows = read(write(tmp_path / "t.csv", end.join(lines))).rows()
    assert rows == [("1", "2"), (None, None), (f"x{end}{end}y", "4"), ("5", None)]


def test_in_one_column_an_empty_line_is_a_missing_value(tmp_path: Path) -> None:
    assert read(write(tmp_path / "t.csv", "\n\na\n1\n\n2\n"))["a"].to_list() == ["1", None, "2"]


def test_a_tab_at_the_start_of_a_line_is_a_cell(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "t.tsv", "\ta\n1\t2\n\t\n"))
    assert frame.columns == ["column 1", "a"]
    assert frame.rows() == [("1", "2"), (None, None)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "a,b\n1,2\n".encode("utf-16-le"), "it is not UTF-8 text"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16"), "it is not UTF-8 text"),
        ("t.csv", "a,b\n1,\0\n", "line 2 holds a NUL byte"),
        ("t.csv", "\n\na,b\n1,2\n\0,2\n", "line 5 holds a NUL byte"),
        ("t.csv", "a,b\n1,\xff\n".encode("latin-1"), "it is not UTF-8 text"),
        ("t.parquet", "a,b\n1,2\n", "it is no Parquet file"),
        ("t.csv", "\n\na,b\n1,2\n1,2,3\n", "line 5 has 3 cells, the header 2"),
        ("t.csv", 'a,b,c\n1,"x,\n",2\n\n3,4,5\n6\n7,8\n', "line 6 has 1 cell, the header 3"),
        ("t.csv", "a;b;c\r\n1;;\r\n1;\r\n", "line 3 has 2 cells, the header 3"),
        ("t.csv", 'a,b\n1,2\n"1,2\n', "a quoted text in it never ends"),
        ("t.csv", "a\x1b,a\x1b\n1,2\n", r"2 columns named 'a\x1b'"),
        ("x" * 300 + ".csv", None, "File name too long"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: str | bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        write(path, content)
    with pytest.raises(InputError) as error:
        read(path)
    assert message in str(error.value)


def test_a_parquet_file_of_another_name_is_told(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1.5, 2.5]}).write_parquet(tmp_path / "t.csv")
    with pytest.raises(InputError, match=r"it is a Parquet file: let its name end in \.parquet"):
        read(tmp_path / "t.csv")
    assert read(write(tmp_path / "u.csv", "PAR1,b\n1,2\n")).columns == ["PAR1", "b"]


def test_quotes_shorten_no_line(tmp_path: Path) -> None:
    rows = read(write(tmp_path / "t.csv", 'a,b\n5" and, 6"\n"x,y\n",2\n"z ""5"", w",3\n')).rows()
    assert rows == [('5" and', '6"'), ("x,y", "2"), ('z "5", w', "3")]


@pytest.mark.parametrize("dtype", [pl.Date, pl.Datetime("ms"), pl.Datetime("us")])
@pytest.mark.parametrize("sign", [1, -1])
def test_dates_beyond_the_calendar_are_refused(dtype: pl.DataType, sign: int) -> None:
    far = pl.Series("when", [0, sign * (2**31 - 1 if dtype == pl.Date else 2**62)])
    far = (far.cast(pl.Int32) if dtype == pl.Date else far).cast(dtype)
    frame = pl.DataFrame({"y": [0.5, 1.5]}).with_columns(far)
    learned = Date.fit(pl.Series("when", [date(2024, 1, 1), date(2024, 2, 2)]))
    category = Category.fit(pl.Series("when", ["a", "b"] * 3))
    for use in (lambda: recognise_target(frame, "y"), lambda: learned.transform(far), lambda: category.transform(far)):
        with pytest.raises(InputError, match="column 'when' must hold dates of the years 1 to 9999, but not so row 2"):
            use()


def test_the_first_and_the_last_date_are_read() -> None:
    days = pl.Series("when", [date(1, 1, 1), None, date(9999, 12, 31)])
    assert np.isfinite(Date.fit(days).transform(days)).all()


@pytest.mark.parametrize("values", [[["a"], ["b"]], [b"a", b"\xff"], [{"a": 1}, {"a": 2}]])
def test_lists_and_bytes_are_no_category(values: list[object]) -> None:
    category = Category.fit(pl.Series("c", ["a", "b"] * 3))
    for use in (category.transform, category.unseen):
        with pytest.raises(InputError, match="column 'c' must hold texts, not"):
            use(pl.Series("c", values))


def test_a_column_without_any_value_is_missing_values(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"x": [None, None], "c": [None, None]}).write_parquet(path)
    frame = pl.DataFrame({"x": [1.0, 2, 6] * 2, "c": ["a", "b"] * 3, "y": [0.5, 0.7, 0.8] * 2})
    kept, target = recognise_target(frame, "y")
    assert TableEncoder.fit(kept, target).inputs(read(path)).shape == (2, 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([2**53, 2**53 + 1] * 5, "differ only beyond the 16th digit, such as 9007199254740992 and 9007199254740993"),
        (["7", "987,12", "8,5", "9,25"], "has 4 different texts in 4 rows, such as '987,12': .* decimal comma"),
        (["2024-01-02", "2024-01-03", "2024-01-04"], "holds dates, which cannot be predicted"),
        ([date(2024, 1, 2), date(2024, 1, 3)], "holds dates, which cannot be predicted"),
        ([[1], [2]], "a target is a class or a number"),
    ],
)
def test_a_target_is_refused_with_what_it_holds(values: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        recognise_target(pl.DataFrame({"y": values}), "y")


def test_a_target_too_small_to_scale_is_refused() -> None:
    with pytest.raises(InputError, match=r"too close together to be scaled, such as 0\.0 and 1e-200"):
        Quantity("y").fit(pl.Series([0.0, 1e-200, 0.0]))


def test_a_prediction_beyond_floats_names_its_row() -> None:
    with pytest.raises(InputError, match="prediction of 'y' for row 2 is not a finite number"):
        Quantity("y", 0.0, 1e300).decode(np.array([[1.0], [1e30]], np.float32))


def test_numbers_at_the_end_of_floats_are_refused_without_a_warning() -> None:
    frame = pl.DataFrame({"x": [1e308, 1.2e308, None, -1e308] * 2, "y": [0.5, 1.5, 2.5, 3.5] * 2})
    frame, target = recognise_target(frame, "y")
    with pytest.raises(InputError, match="column 'x' holds numbers too large to be scaled"):
        TableEncoder.fit(frame, target)


def test_a_long_list_of_missing_columns_is_cut() -> None:
    frame = pl.DataFrame({f"c{k}\n": [1.0, 2, 3] for k in range(9)} | {"y": [0.5, 1.5, 2.5]})
    frame, target = recognise_target(frame, "y")
    with pytest.raises(InputError, match=r"trained on: 'c0\\n', .*'c5\\n' and 3 more$"):
        TableEncoder.fit(frame, target).inputs(pl.DataFrame({"y": [1]}))


def test_the_time_for_a_table_grows_only_as_its_columns_do(tmp_path: Path) -> None:
    def seconds(width: int) -> float:
        names = ",".join([*(f"c{k}" for k in range(width)), "y"])
        rows = [",".join([*(f"{(7 * k + row) % 11}.5" for k in range(width)), "uv"[row % 2]]) for row in range(10)]
        path = write(tmp_path / "t.csv", "\n".join([names, *rows]))
        started = time.perf_counter()
        frame, target = recognise_target(read(path), "y")
        assert TableEncoder.fit(frame, target).inputs(frame).shape == (10, width)
        return time.perf_counter() - started

    seconds(100)  # what is imported late is not counted
    assert seconds(4000) < 30 * min(seconds(400) for _ in range(2))
