"""A table in chunks is the table: whatever its cells hold, wherever a chunk ends."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import tables
from chainrule.cli.chunks import chunks
from chainrule.errors import InputError
from chainrule.tables import Number, Quantity, TableEncoder

ENCODER = TableEncoder([Number("a", 0.0, 0.0, 1.0, False)], Quantity("y"), {})
CELLS = st.sampled_from(["", "1", "x", "a b", "two\nlines", 'a "quote"', "semi;colon", "\n\n", "é☃", "NA", " 3 "])


@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12),
    st.integers(1, 5),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_chunks_together_are_the_table(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], size: int, end: str, marked: bool
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows([["a", "b", "c"], *rows])
    path = tmp_path_factory.getbasetemp() / "chunks.csv"
    path.write_bytes((b"\xef\xbb\xbf" if marked else b"") + (end + text.getvalue()).encode())
    expected = tables.read(path)
    parts = list(chunks(path, ENCODER, size))
    assert pl.concat(parts).equals(expected)
    assert max(map(len, parts)) <= size


@given(st.lists(st.sampled_from(["1", "", "x"]), min_size=1, max_size=12), st.integers(1, 5))
def test_blank_lines_of_a_single_column_are_gaps(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "single.csv"
    path.write_text("a\n" + "".join(f"{row}\n" for row in rows))
    assert pl.concat(chunks(path, ENCODER, size)).equals(tables.read(path))


def test_blank_lines_end_no_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n\n\n\n \n\n\n3,4\n")
    assert pl.concat(chunks(path, ENCODER, 2)).equals(tables.read(path))


@pytest.mark.parametrize(
    "content",
    [
        *("", "\n\n", "a,b\n", "a,b\n\n\n", '"a', "a,a\n1,2\n", "a,b\n1,2\n1,2,3\n", 'a,b\n"1,2\n'),
        "\n\na,b\n" + "1,2\n" * 10 + "1,2,3\n",
        'a,"b\nc"\n' + '1,"2\n3"\n\n' * 10 + "1,2,3\n",
    ],
)
@pytest.mark.parametrize("size", [1, 4, 100])
def test_what_is_no_table_is_refused_as_by_read(tmp_path: Path, content: str, size: int) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(InputError) as expected:
        tables.read(path)
    with pytest.raises(InputError) as found:
        list(chunks(path, ENCODER, size))
    assert str(found.value) == str(expected.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("no")
    for name, message in (("t.parquet", "no Parquet file"), ("t.xlsx", "there is no file"), (".", "is a folder")):
        with pytest.raises(InputError, match=message):
            list(chunks(tmp_path / name, ENCODER, 7))
