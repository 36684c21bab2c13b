"""``chainrule exercise`` and ``chainrule grade``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from by_hand import calculate, written

from chainrule.cli import main
from chainrule.exercises import exercises

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit:
            main([str(word) for word in words])
        return (int(exit.value.code or 0), *capsys.readouterr())

    return call


def test_the_same_words_print_the_same_sheet(call: Call) -> None:
    words = ["exercise", "--layers", "2-2-1", "--activation", "tanh", "--seed", "7"]
    code, out, err = call(*words)
    assert (code, err) == (0, "")
    assert call(*words)[1] == out
    assert call(*words[:-1], 8)[1] != out
    assert "i1 → h1    0.1" in out
    assert "Answers" not in out


@pytest.mark.parametrize("ending", [".txt", ".md", ".tex", ".html", ".csv"])
def test_a_file_is_written_in_the_format_of_its_name(call: Call, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"sheet{ending}"
    assert call("exercise", "--count", 2, "--answers", "--out", path) == (0, "", "")
    sign = {".txt": "Exercise 2 of 2", ".md": "## Exercise", ".tex": r"\documentclass", ".html": "<!doctype html>",
            ".csv": "exercise,name,value"}  # fmt: skip
    assert sign[ending].lower() in path.read_text(encoding="utf-8").lower()


def test_a_filled_form_has_full_marks(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    options = ["--layers", "2-3-1", "--activation", "tanh", "--loss", "squared_error", "--seed", 3, "--rate"]
    assert call("exercise", *options, 0.2, "--answers", "--out", path)[0] == 0
    code, out, _ = call("grade", path, *options, 0.2)
    assert code == 0
    assert "39 of 39 points" in out
    assert "39 of 39 points" in call("grade", path)[1]
    assert "39 of 39 points" in call("grade", path, "--layers", "2-3-1", "--seed", 3)[1]
    code, out, err = call("grade", path, *options, 0.3)
    assert (code, out) == (2, "")
    assert err == f"chainrule: {path} was made with --rate 0.2, not with 0.3\n"
    code, _, err = call("grade", path, "--seed", 0)
    assert (code, err) == (2, f"chainrule: {path} was made with --seed 3, not with 0\n")


def test_a_form_says_by_which_options_it_was_made(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "form.csv"
    call("exercise", "--activation", "tanh", "--seed", 7, "--count", 2, "--out", path)
    head = path.read_text(encoding="utf-8").splitlines()[0]
    assert head == (
        "# chainrule exercise --layers 2-2-1 --activation tanh --loss half_squared_error "
        "--optimizer gradient_descent --seed 7 --count 2"
    )
    assert call("grade", path, "--rate", 0.3)[2] == f"chainrule: {path} was made with --rate (left out), not with 0.3\n"
    path.write_text(f'"{head}",,\nexercise,name,value\n2,E,\n', encoding="utf-8")  # as a spreadsheet writes it
    assert "seed 8" in call("grade", path)[1]
    path.write_text("# chainrule exercise --seed x\nname,value\nE,1\n", encoding="utf-8")
    assert "the first line of" in call("grade", path)[2]


def test_a_file_without_options_is_marked_with_those_of_the_command(call: Call, tmp_path: Path) -> None:
    (numbers,) = (written(calculate(one), 6) for one in exercises("2-2-1", activation="tanh", seed=7))
    rows = "\n".join(f"{name},{value}" for name, value in numbers.items())
    (tmp_path / "a.csv").write_text(f"name,value\n{rows}\n", encoding="utf-8")
    assert "28 of 28" in call("grade", tmp_path / "a.csv", "--activation", "tanh", "--seed", 7)[1]


def test_a_class_is_marked_together(call: Call, tmp_path: Path) -> None:
    students = exercises("2-2-1", seed=5, count=3)
    slips = ("", "bias", "sign")
    rows = [
        (number, name, value)
        for number, (one, slip) in enumerate(zip(students, slips, strict=True), start=1)
        for name, value in written(calculate(one, 5, slip), 5).items()
    ]
    pl.DataFrame(rows, schema=["exercise", "name", "value"], orient="row").write_csv(tmp_path / "a.csv")
    code, out, _ = call("grade", tmp_path / "a.csv", "--seed", 5, "--count", 3)
    assert code == 0
    for words in ("28/28", "25/28", "19/28", "Exercise 2 (seed 6)", "26 of 28"):
        assert (words in out) == (words != "26 of 28")
    code, out, _ = call("grade", tmp_path / "a.csv", "--seed", 5, "--count", 3, "--format", "csv")
    table = pl.read_csv(out.encode())
    assert table.columns == ["exercise", "name", "given", "right", "mark"]
    assert table.filter(pl.col("mark") == "wrong").height == 3 + 9


def test_one_file_of_a_class_is_marked_alone(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("exercise,name,value\n2,E,\n", encoding="utf-8")
    code, out, _ = call("grade", tmp_path / "a.csv", "--count", 30, "--seed", 9)
    assert code == 0
    assert "0 of 28 points" in out
    assert "seed 10" in out
    assert "seed 9" not in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("exercise --layers 2", "such as 2-2-1"),
        ("exercise --activation tahn", "did you mean 'tanh'"),
        ("exercise --loss nothing", "unknown loss"),
        ("exercise --optimizer nothing", "unknown optimi"),
        ("exercise --rate 0", "--rate must be a number above 0"),
        ("exercise --rate nan", "--rate must be a number above 0"),
        ("exercise --seed -1", "the seed must be"),
        ("exercise --seed x", "--seed"),
        ("exercise --count 0", "count must be"),
        ("exercise --format pdf", "unknown format 'pdf'"),
        ("exercise --out {folder}/sheet.pdf", "must end in one of"),
        ("exercise --out {folder}/none/sheet.md", "no folder"),
        ("exercise --out {folder} --format md", "is a folder"),
        ("exercise --language xx", "unknown language"),
        ("grade {folder}/none.csv", "there is no file"),
        ("grade {folder}/empty.csv", "is empty"),
        ("grade {folder}/two.csv", "answers to exercise 2, but the last one is 1"),
        ("grade {folder}/two.csv --count 2 --layers 1-1", "unknown name of a number 'z_h1'"),
        ("grade {folder}/two.csv --count 2 --language xx", "unknown language"),
    ],
)
def test_bad_words_are_refused_in_one_sentence(call: Call, tmp_path: Path, words: str, sentence: str) -> None:
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "two.csv").write_text("exercise,name,value\n2,z_h1,1\n", encoding="utf-8")
    code, out, err = call(*words.replace("{folder}", str(tmp_path)).split())
    assert (code, out) == (2, "")
    assert re.fullmatch(r"chainrule: .+\n", err)
    assert sentence in err
