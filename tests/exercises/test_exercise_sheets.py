"""Sheets: everything that is needed is on them, and no answer; answers come after, on pages of their own."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest
from by_hand import calculate

from chainrule.exercises import Exercise, exercise, exercises
from chainrule.exercises.sheet import BLANK, booklet, form
from chainrule.language import languages


@pytest.fixture(scope="module")
def one() -> Exercise:
    return exercise("2-2-1", activation="tanh", seed=7)


def test_a_sheet_shows_the_start_and_a_blank_for_each_number(one: Exercise) -> None:
    text = one.sheet().text()
    for start in ("i1     -0.3", "target_o1   1", "i2 → h1    0.8", "h1 → o1    0.5", "tanh", "rate=0.5", "(y - t)**2"):
        assert start in text
    for name in calculate(one):
        assert text.count(f"{name} ") >= 1
    assert text.count(BLANK) == len(calculate(one)) == 28


def test_no_answer_is_on_the_sheet(one: Exercise) -> None:
    text = one.sheet().text()
    for name, value in calculate(one).items():
        if name not in ("z_h1", "z_h2"):  # these are short decimals
            assert f"{value:.4f}" not in text


def test_blanks_come_in_the_order_of_calculation(one: Exercise) -> None:
    blanks = [
        name
        for table in one.sheet().sections[0].tables
        for row in table.rows
        for name, value in zip(row[::2], row[1::2], strict=False)
        if value == BLANK
    ]
    assert blanks == list(one.solution)
    place = blanks.index
    assert place("z_h1") < place("a_h1") < place("z_o1") < place("E") < place("dE/dz_o1") < place("dE/dz_h1")
    assert place("dE/dz_h1") < place("dE/dw1") < place("new w1")


@pytest.mark.parametrize(
    ("layers", "loss", "words"),
    [
        ("1-1", "half_squared_error", ["Each", "unit is sigmoid"]),
        ("2-2-2", "cross_entropy", ["hidden units is sigmoid, that of the output units softmax"]),
        ("2-2-2-1", "half_squared_error", ["z_h1_1", "1/2 * (y - t)**2"]),
        ("2-2-1", "huber", ["(delta = 1)"]),
    ],
)
def test_other_networks_have_their_own_words(layers: str, loss: str, words: list[str]) -> None:
    text = " ".join(exercise(layers, loss=loss, seed=2).sheet().text().split())
    assert all(word.lower() in text.lower() for word in words)


def test_what_an_optimiser_keeps_is_said() -> None:
    text = " ".join(exercise("1-1", optimizer="momentum").sheet().text().split())
    assert "v <- momentum * v - rate * g; w <- w + v" in text
    assert "This is step 1, before which v is 0." in text


def test_answers_follow_all_sheets_on_new_pages() -> None:
    document = booklet(exercises("2-2-1", count=3), answers=True)
    keys = [section.key for section in document.sections]
    assert len(set(keys)) == len(keys)
    assert [key for key in keys if key.startswith("sheet")] == keys[:3]
    begin = [section.key for section in document.sections if section.new_page]
    assert begin == ["sheet-2", "sheet-3", "answers-1", "answers-2", "answers-3"]


def test_steps_of_several_answers_are_told_apart() -> None:
    document = booklet(exercises("2-2-1", count=2), answers=True)
    steps = list(document.steps)
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert len({step.key for step in steps}) == len(steps)
    known = {step.key for step in steps}
    half = len(steps) // 2
    for number, step in enumerate(steps):
        assert set(step.uses) <= known
        assert all(key.endswith("-1" if number < half else "-2") for key in (step.key, *step.uses))


def test_the_worked_answers_have_the_numbers_of_a_calculation_by_hand(one: Exercise) -> None:
    document = booklet([one], answers=True)
    values = [step.value for step in document.steps]
    for value in calculate(one).values():
        assert any(abs(value - found) < 1e-12 for found in values)


def test_a_form_is_csv_with_the_names_of_the_sheet(one: Exercise) -> None:
    rows = list(csv.reader(io.StringIO(form([one]))))
    assert rows == [["name", "value"], *([name, ""] for name in one.solution)]
    rows = list(csv.reader(io.StringIO(form([one, one], answers=True))))
    assert rows[0] == ["exercise", "name", "value"]
    assert [row[0] for row in rows[1:]] == ["1"] * 28 + ["2"] * 28
    right = calculate(one)
    assert all(float(value) == pytest.approx(right[name], rel=1e-8) for _, name, value in rows[1:])


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_numbers(one: Exercise, language: str) -> None:
    text = one.sheet(language).text()
    assert text.count(BLANK) == 28
    assert "i2 → h1" in text
    grades = str(one.grade(calculate(one, slip="sign"), language))
    assert "-0.664037" in grades
    assert one.answers(language).text()


@pytest.mark.parametrize("kind", ["text", "md", "latex", "html", "json"])
def test_every_format_is_made(one: Exercise, kind: str) -> None:
    document = booklet([one, one], answers=True)
    assert len(document.render(kind)) > 2000


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
def test_latex_is_set_by_pdflatex(one: Exercise, tmp_path: Path) -> None:
    (tmp_path / "sheet.tex").write_text(booklet([one], answers=True).render("latex"), encoding="utf-8")
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "sheet.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "sheet.pdf").stat().st_size > 10_000
