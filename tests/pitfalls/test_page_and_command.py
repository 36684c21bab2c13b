"""What all experiments share: the page made by them, the command, files, refusals."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.cli.tabled import show
from chainrule.errors import InputError
from chainrule.pitfalls import PITFALLS, Finding, Table, pitfall
from chainrule.pitfalls.finding import written
from chainrule.pitfalls.page import PAGE, page, picture, picture_name, section
from chainrule.pitfalls.page import main as page_main
from chainrule.trainer import Trainer

DOCS = Path(__file__).parents[2] / "docs"
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[-+]\d+)?")
QUICK = "slow-start"
# How many cells of a row of the table follow from numbers of the file: quotients, differences and counts.
DERIVED = {"vanishing": 1, "slow-start": 1, "learning-rate": 3, "local-minimum": 1}


def as_number(text: str) -> float:
    return float(text.replace(",", "").rstrip("."))


MADE_BY = "write it again: python -m chainrule.pitfalls.page docs"


def test_the_page_is_made_by_the_experiments(found):
    there, here = (DOCS / PAGE).read_text(encoding="utf-8"), page(map(found, PITFALLS))
    assert NUMBER.sub("#", there) == NUMBER.sub("#", here), MADE_BY


@pytest.mark.parametrize("name", PITFALLS)
def test_the_numbers_of_the_page_are_those_of_the_experiments(found, name):
    """They may differ by a few last digits between machines."""
    _, begin, there = (DOCS / PAGE).read_text(encoding="utf-8").partition(f"## {found(name).title}\n")
    there, here = begin + there.partition("\n## ")[0], section(found(name))
    numbers = [[as_number(text) for text in NUMBER.findall(one)] for one in (there, here)]
    np.testing.assert_allclose(*numbers, rtol=found(name).repeats_to, err_msg=MADE_BY)


def test_every_experiment_has_a_picture_and_they_are_small():
    pictures = [DOCS / f"pitfalls-{name}.png" for name in PITFALLS]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    assert sum(path.stat().st_size for path in pictures) < 400_000
    assert set(DOCS.glob("pitfalls-*")) == set(pictures)


@pytest.mark.parametrize("name", PITFALLS)
def test_each_says_what_to_see_in_two_sentences_and_a_picture(found, name):
    finding = found(name)
    assert isinstance(finding, Finding)
    assert repr(finding) == f"{type(finding).__name__}(seed=0)"
    assert len(finding.sentences) == 2
    for sentence in finding.sentences:
        assert re.fullmatch(r"[A-Z0-9].*[^.]\.", sentence)
        assert ". " not in sentence
        assert sentence in str(finding)
    for table in (finding.table, finding.data):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}
    figure = finding.plot()
    for axes in figure.axes:
        assert axes.get_title()
        assert axes.get_xlabel()
    assert figure.axes[0].get_ylabel()
    assert any(axes.get_legend() for axes in figure.axes) or figure.legends


def test_a_picture_of_the_page_is_a_small_png(found):
    content = picture(found(QUICK))
    assert content.startswith(b"\x89PNG")
    assert len(content) < 60_000
    assert picture_name(found(QUICK)) == "pitfalls-slow-start.png"


def test_the_same_seed_gives_the_same_bits_and_another_one_others(found):
    again, other = cr.pitfalls.exploding(seed=0), cr.pitfalls.exploding(seed=1)
    assert again.data == found("exploding").data
    assert other.data != again.data


def test_functions_carry_the_names_of_the_command():
    for name, entry in PITFALLS.items():
        assert getattr(cr.pitfalls, name.replace("-", "_")) is entry.show
        assert "seed" in (entry.show.__doc__ or "")


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True, 2**70])
@pytest.mark.parametrize("name", PITFALLS)
def test_a_seed_that_is_none_is_refused_at_once(name, seed):
    with pytest.raises(InputError, match="the seed must be a whole number"):
        PITFALLS[name].show(seed)


def test_unknown_names_are_told_the_nearest():
    with pytest.raises(InputError, match="did you mean 'vanishing'"):
        pitfall("vanshing")


def test_tables_write_numbers_in_full(tmp_path):
    table = Table(("a", "b"), (("x, y", 0.1 + 0.2), ("z", 3)))
    table.to_csv(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["a", "b"], ["x, y", "0.30000000000000004"], ["z", "3"]]
    with pytest.raises(InputError, match="there is no folder"):
        table.to_csv(tmp_path / "none" / "t.csv")


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    return int(exit.value.code or 0), out, err


def test_show_lists_the_names(capsys):
    code, out, err = run(capsys, "show")
    assert (code, err) == (0, "")
    assert all(name in out for name in PITFALLS)


def test_show_prints_table_and_sentences_and_writes_files(capsys, tmp_path, found):
    picture, numbers = tmp_path / "a.png", tmp_path / "a.csv"
    code, out, err = run(capsys, "show", QUICK, "--seed", 5, "--out", picture, "--csv", numbers)
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    finding = found(QUICK)
    assert all(sentence in words for sentence in finding.sentences)
    assert all(cell in out for row in finding.table.written() for cell in row)
    assert picture.read_bytes().startswith(b"\x89PNG")
    rows = numbers.read_text(encoding="utf-8").splitlines()
    assert rows[0] == ",".join(finding.data.columns)
    assert len(rows) == len(finding.data.rows) + 1


@pytest.mark.parametrize("name", PITFALLS)
def test_tables_fit_80_columns_without_a_broken_word(capsys, monkeypatch, found, name):
    monkeypatch.setenv("COLUMNS", "80")
    table = found(name).table
    show(table.columns, table.written())
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)
    words = set(" ".join(lines).split())
    assert {word for cells in (table.columns, *table.written()) for cell in cells for word in cell.split()} <= words


def test_no_line_of_the_command_ends_in_a_space(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run(capsys, "show", QUICK)
    assert all(len(line) <= 80 and line == line.rstrip() for line in out.splitlines())


@pytest.mark.parametrize("name", PITFALLS)
def test_the_file_has_the_numbers_of_the_table(found, name):
    """Each number of the table is one of the file's, or of two of them: a quotient or a difference."""
    finding = found(name)
    cells = [cell for row in finding.data.rows for cell in row if not isinstance(cell, str)]
    texts = {written(float(cell)) for cell in cells} | {written(cell) for cell in cells}
    missing = [cell for row in finding.table.rows for cell in row if not isinstance(cell, str)]
    missing = [cell for cell in missing if written(cell) not in texts]
    assert len(missing) <= len(finding.table.rows) * DERIVED.get(name, 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["vanshing"], "did you mean 'vanishing'"),
        ([QUICK, "--seed", "-1"], "the seed must be"),
        ([QUICK, "--seed", "x"], "seed"),
        ([QUICK, "--out", "none/a.png"], "there is no folder"),
        ([QUICK, "--csv", "none/a.csv"], "there is no folder"),
        ([QUICK, "--out", "a.eps"], "let its name end in .png, .svg or .pdf"),
        ([QUICK, "--out", "a.png", "--csv", "./a.png"], "--out and --csv are the same file"),
        (["--seed", "-1"], "the seed must be"),
        (["--csv", "a.csv"], "need the NAME"),
        ([QUICK, "more"], "more"),
    ],
)
def test_show_refuses_in_one_sentence(capsys, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "show", *words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["slow-start", "exploding", "local-minimum", "vanishing"])
def test_ctrl_c_ends_an_experiment_and_writes_nothing(capsys, monkeypatch, tmp_path, name):
    def press(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "_record", press)
    assert run(capsys, "show", name, "--csv", tmp_path / "a.csv") == (130, "", "")
    assert not list(tmp_path.iterdir())


def test_the_page_needs_a_folder(capsys, monkeypatch, tmp_path):
    for words, sentence in (([], "required: folder"), ([str(tmp_path / "none")], "is no folder")):
        monkeypatch.setattr("sys.argv", ["page", *words])
        with pytest.raises(SystemExit) as end:
            page_main()
        assert end.value.code == 2
        assert sentence in capsys.readouterr().err
