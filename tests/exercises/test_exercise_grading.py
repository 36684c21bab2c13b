"""Grades: right is right however it was rounded, an error counts once, and it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from by_hand import SLIPS, calculate, written
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import InputError
from chainrule.exercises import Exercise, exercise
from chainrule.exercises.grading import Grades
from chainrule.exercises.marking import Verdict

NETWORKS = (
    ("2-2-1", "tanh", "half_squared_error"),
    ("2-2-2", "sigmoid", "half_squared_error"),
    ("2-2-1", "softplus", "squared_error"),
    ("2-2-2", "sigmoid", "binary_cross_entropy"),
    ("3-2-2-1", "tanh", "squared_error"),
    ("1-1", "sigmoid", "half_squared_error"),
)
networks = st.builds(
    lambda kind, seed: exercise(kind[0], activation=kind[1], loss=kind[2], seed=seed),
    st.sampled_from(NETWORKS),
    st.integers(0, 10**4),
)


@pytest.fixture(scope="module")
def one() -> Exercise:
    return exercise("2-2-1", activation="tanh", seed=7)


def names(grades: Grades, verdict: Verdict) -> list[str]:
    return [mark.name for mark in grades.marks if mark.verdict is verdict]


@settings(max_examples=40)
@given(networks, st.integers(3, 12))
def test_right_numbers_have_full_marks_however_they_are_rounded(one: Exercise, digits: int) -> None:
    grades = one.grade(written(calculate(one), digits))
    assert names(grades, Verdict.RIGHT) == list(one.solution)
    assert grades.points == grades.total == len(one.solution)
    assert grades.diagnosis is None


@settings(max_examples=40)
@given(networks, st.integers(3, 6))
def test_rounding_on_the_way_is_no_error(one: Exercise, digits: int) -> None:
    """Each number is calculated from rounded ones, so that the last may differ from the exact value by much more."""
    grades = one.grade(written(calculate(one, digits), digits))
    assert names(grades, Verdict.RIGHT) == list(one.solution)


@settings(max_examples=40)
@given(networks, st.data(), st.sampled_from([4, 6, None]))
def test_an_error_counts_once(one: Exercise, data: st.DataObject, digits: int | None) -> None:
    """One number is off by a fifth; all that is calculated from it, rightly, counts as right."""
    right = calculate(one)
    name = data.draw(st.sampled_from(list(right)))
    answers = written(calculate(one, digits, errors={name: 0.2 * right[name]}), digits or 9)
    grades = one.grade(answers)
    assert names(grades, Verdict.WRONG) == [name]
    assert grades.points == grades.total - 1
    for mark in grades.marks:
        if mark.verdict is Verdict.CARRIED:
            assert mark.own == pytest.approx(float(answers[mark.name]), rel=0.02)
        assert mark.exact == pytest.approx(right[mark.name], rel=1e-9)


def test_an_error_is_carried_to_all_that_follows_and_to_nothing_else(one: Exercise) -> None:
    grades = one.grade(written(calculate(one, errors={"a_h1": 0.1}), 7))
    carried = {"z_o1", "a_o1", "E", "dE/dz_o1", "dE/dw5", "dE/dw6", "dE/db3", "dE/dz_h1", "dE/dz_h2"}
    carried |= {f"dE/dw{k}" for k in range(1, 5)} | {"dE/db1", "dE/db2"}
    carried |= {f"new w{k}" for k in range(1, 7)} | {f"new b{k}" for k in range(1, 4)}
    assert names(grades, Verdict.WRONG) == ["a_h1"]
    assert set(names(grades, Verdict.CARRIED)) == carried
    assert names(grades, Verdict.RIGHT) == ["z_h1", "z_h2", "a_h2"]


def test_a_wrong_number_beside_right_ones_that_do_not_use_it(one: Exercise) -> None:
    answers = written(calculate(one), 6) | {"a_h1": "-0.5"}
    grades = one.grade(answers)
    assert names(grades, Verdict.WRONG) == ["a_h1"]
    assert names(grades, Verdict.CARRIED) == []
    assert grades.points == grades.total - 1


def test_the_cost_may_be_calculated_from_a_wrong_output() -> None:
    """The program takes cross-entropy in the weighted input, a student in the output that is written down."""
    one = exercise("2-2-2", loss="binary_cross_entropy", seed=3)
    answers = calculate(one, errors={"a_o1": 0.05})
    grades = one.grade(written(answers, 7))
    assert names(grades, Verdict.WRONG) == ["a_o1"]
    assert "E" in names(grades, Verdict.CARRIED)


@pytest.mark.parametrize(("digits", "is_right"), [(2, False), (3, True), (4, True)])
def test_three_digits_are_needed(one: Exercise, digits: int, is_right: bool) -> None:
    right = calculate(one)
    for name in ("a_h1", "E", "dE/dw1", "new w5"):
        text = f"{right[name]:.{digits}g}"
        (mark,) = (mark for mark in one.grade({name: text}).marks if mark.given)
        assert (mark.verdict is Verdict.RIGHT) == is_right
        assert mark.is_coarse == (not is_right)
    assert ("too few digits" in str(one.grade({"a_h1": f"{right['a_h1']:.{digits}g}"}))) == (not is_right)


@pytest.mark.parametrize(("off", "is_coarse"), [(0.0, True), (0.1, False), (-0.1, False)])
def test_only_what_more_digits_would_mend_has_too_few(one: Exercise, off: float, is_coarse: bool) -> None:
    right = calculate(one)["a_o1"]  # -0.628271
    text = f"{np.trunc(right * 10) / 10 + off:.1f}"
    (mark,) = (mark for mark in one.grade({"a_o1": text}).marks if mark.given)
    assert mark.verdict is Verdict.WRONG
    assert mark.is_coarse == is_coarse


@pytest.mark.parametrize("text", ["nan", "-inf", float("nan"), np.float32("inf")])
def test_what_is_not_finite_is_given_and_wrong(one: Exercise, text: object) -> None:
    grades = one.grade({**written(calculate(one), 6), "a_h1": text})
    assert names(grades, Verdict.WRONG) == ["a_h1"]
    assert grades.points == 27
    assert grades.diagnosis
    assert grades.diagnosis.first
    assert grades.diagnosis.first.called == "a_h1 (a1[0,0])"
    assert str(grades)
    assert names(one.grade({"a_h1": None, "E": "", "z_h1": np.ma.masked}), Verdict.MISSING) == list(one.solution)


def test_a_nan_that_follows_a_nan_is_carried_forward(one: Exercise) -> None:
    answers: dict[str, object] = dict(written(calculate(one), 6))
    after = ("z_o1", "a_o1", "E", "dE/dz_o1", "dE/dw5", "dE/dw6", "dE/db3")
    grades = one.grade(answers | dict.fromkeys(("a_h1", *after), "nan"))
    assert names(grades, Verdict.WRONG) == ["a_h1"]
    assert names(grades, Verdict.CARRIED) == list(after)


def test_a_nan_in_a_file_is_wrong_and_an_empty_cell_missing(one: Exercise, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,value\na_h1,nan\nE,\na_h2,________\n", encoding="utf-8")
    assert names(one.grade(tmp_path / "a.csv"), Verdict.WRONG) == ["a_h1"]


def test_a_number_may_be_cut_off_where_others_round(one: Exercise) -> None:
    right = calculate(one)
    cut = {name: f"{np.trunc(value * 1e6) / 1e6:.6f}" for name, value in right.items()}
    assert one.grade(cut).points == 28


def test_short_decimals_need_no_zeros(one: Exercise) -> None:
    """The first weighted inputs are exact with two decimals."""
    assert names(one.grade({"z_h1": "-.8", "z_h2": -1.39}), Verdict.RIGHT) == ["z_h1", "z_h2"]
    assert names(one.grade({"z_h1": "-0.79"}), Verdict.WRONG) == ["z_h1"]


def test_zero_is_not_met_by_rounding() -> None:
    one = next(
        e for e in (exercise("2-3-1", activation="relu", seed=k) for k in range(30)) if 0 in calculate(e).values()
    )
    dead = [name for name, value in calculate(one).items() if value == 0]
    grades = one.grade(dict.fromkeys(dead, "0"))
    assert names(grades, Verdict.RIGHT) == dead
    assert names(one.grade(dict.fromkeys(dead, "0.01")), Verdict.RIGHT) == []


def test_what_is_missing_is_said_and_passed_over(one: Exercise) -> None:
    answers = calculate(one)
    for name in ("a_h1", "E", "dE/dz_o1"):
        del answers[name]
    grades = one.grade(written(answers, 6) | {"E": " ", "a_h1": None})
    assert names(grades, Verdict.MISSING) == ["a_h1", "E", "dE/dz_o1"]
    assert grades.points == 25
    assert one.grade({}).points == 0


def test_numbers_may_be_of_any_kind(one: Exercise) -> None:
    right = calculate(one)
    given = {"E": np.float64(right["E"]), "a_h1": f"{right['a_h1']:.4f}".replace(".", ",").replace("-", "−")}
    given |= {"dE / dw1": f"{right['dE/dw1']:.4e}", "Z_H1": "-0.80"}
    assert names(one.grade(given), Verdict.RIGHT) == ["z_h1", "a_h1", "E", "dE/dw1"]


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("digits", [None, 4])
def test_a_slip_costs_its_own_numbers_and_is_named(one: Exercise, slip: str, digits: int | None) -> None:
    grades = one.grade(written(calculate(one, digits, slip), digits or 7))
    first = {"bias": "z_h1", "slope": "dE/dz_h1", "last slope": "dE/dz_o1", "sign": "new w1",
             "updated weights": "dE/dz_h1", "input": "dE/dw5"}  # fmt: skip
    key = {"bias": "bias_missing", "slope": "slope_missing", "last slope": "slope_missing", "sign": "ascent",
           "updated weights": "updated_weights", "input": "input_left_out"}  # fmt: skip
    assert grades.first_wrong
    assert grades.first_wrong.name == first[slip]
    wrong = {"bias": 3, "slope": 2, "last slope": 1, "sign": 9, "updated weights": 2, "input": 6}
    assert len(names(grades, Verdict.WRONG)) == wrong[slip]
    assert len(names(grades, Verdict.RIGHT)) + len(names(grades, Verdict.CARRIED)) == 28 - wrong[slip]
    assert grades.diagnosis
    assert any(key[slip] in named.keys for found in grades.diagnosis.explanations for named in found.named)
    assert "Diagnosis:" in str(grades)


@pytest.mark.parametrize("slip", ["slope", "sign", "updated weights", "input"])
@pytest.mark.parametrize("digits", [None, 4])
def test_a_slip_is_named_after_an_error_in_arithmetic(one: Exercise, slip: str, digits: int | None) -> None:
    """Nothing fits the whole calculation any more, but each number fits those before it."""
    titles = {"slope": "the derivative of the activation missing", "sign": "the gradient added", "input": "its input",
              "updated weights": "updated"}  # fmt: skip
    grades = one.grade(written(calculate(one, digits, slip, errors={"a_h2": 0.1}), digits or 6))
    text = " ".join(str(grades).split())
    assert "The first error is a_h2" in text
    (said,) = [sentence for sentence in text.split(". ") if sentence.startswith("Diagnosis")]
    assert titles[slip] in said
    assert "a_h2" not in said


@pytest.mark.parametrize("name", ["z_h1", "E", "dE/dz_o1", "dE/dw5", "new b2"])
@pytest.mark.parametrize("by", [0.1234, -0.031])
def test_an_error_in_arithmetic_is_called_no_slip(one: Exercise, name: str, by: float) -> None:
    assert "no common mistake" in str(one.grade(written(calculate(one, errors={name: by}), 5)))


def test_an_odd_error_is_called_odd(one: Exercise) -> None:
    assert "no common mistake" in str(one.grade(written(calculate(one, errors={"a_h2": 0.1234567}), 8)))


@pytest.mark.parametrize(("times", "right"), [(-1, "0.0826467"), (10, "0.082646")])
def test_a_slip_of_the_pen_is_called_one(one: Exercise, times: float, right: str) -> None:
    answers = written(calculate(one), 6)
    text = " ".join(str(one.grade({**answers, "dE/dw1": f"{float(answers['dE/dw1']) * times:.6g}"})).split())
    assert "Diagnosis: dE/dw1 is given as" in text
    assert f"dE/dw1 is {right}" in text
    assert "perhaps a slip of the pen" in text


def test_the_elements_of_an_equation_are_said_in_the_names_of_the_sheet(one: Exercise) -> None:
    text = str(one.grade(written(calculate(one, slip="slope"), 7)))
    assert "As calculated: d_z1[n,j] = d_a1[n,j]\n" in text
    assert text.count("In it d_z1[0,0] is dE/dz_h1, and so on.") == 1


def test_grades_say_what_counts(one: Exercise) -> None:
    text = str(one.grade(written(calculate(one, 5, "slope"), 5)))
    for words in ("26 of 28 points", "The first error is dE/dz_h1", "right, error carried forward", "seed 7"):
        assert words in text


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"a_h3": 1}, "did you mean 'a_h2'"),
        ({7: 1}, "unknown name of a number 7"),
        ({"E": "one"}, "E must be a number such as -0.1234, not 'one'"),
        ({"E": "1.2.3"}, "E must be a number"),
        ({"E": True}, "E must be a number"),
        ({"E": [1.0]}, "E must be a number"),
        ({"E": "1e999"}, "E must be a finite number"),
        ({"E": 10**400}, "E must be a finite number, not 1000"),
        ({"E": 10**5000}, "E must be a finite number, not a int, which is more than float64 can hold"),
        ({"E": 1, "e": 1}, "E is given twice"),
        (["E"], "answers are numbers by name"),
        (None, "answers are numbers by name"),
    ],
)
def test_what_are_no_answers_is_refused(one: Exercise, answers: object, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        one.grade(answers)
    assert sentence in str(error.value)


@pytest.mark.parametrize("language", ["xx", []])
def test_an_unknown_language_is_refused_at_once(one: Exercise, language: Any) -> None:
    for asked in (lambda: one.grade({}, language=language), lambda: one.sheet(language)):
        with pytest.raises(InputError, match="unknown language"):
            asked()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, float, np.array])
def test_numbers_have_the_digits_of_their_kind(one: Exercise, kind: Any) -> None:
    assert one.grade({name: kind(value) for name, value in one.solution.items()}).points == 28
    assert one.grade({name: kind(1.02 * value) for name, value in one.solution.items()}).points < 28


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("given", [1e308, 1.7e308, "-1.7e308", "0e999999999"])
def test_the_largest_numbers_are_wrong(one: Exercise, given: object) -> None:
    grades = one.grade(written(calculate(one), 6) | {"a_h1": given})
    assert names(grades, Verdict.WRONG) == ["a_h1"]
    assert str(grades)


def test_what_is_exact_leaves_no_room_in_what_follows(one: Exercise) -> None:
    """The second weighted input is -1.39; were it rounded, its tanh might be off by 0.002."""
    right = calculate(one)["a_h2"]
    assert names(one.grade({"z_h2": "-1.39", "a_h2": f"{right:.6f}"}), Verdict.RIGHT) == ["z_h2", "a_h2"]
    for off in (0.001, -0.001):
        grades = one.grade({"z_h2": "-1.39", "a_h2": f"{right + off:.6f}"})
        assert names(grades, Verdict.WRONG) == ["a_h2"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("name,value\n", "is empty"),
        ("name,number\nE,1\n", "must have the columns name and value"),
        ("E\n1\n", "must have the columns name and value"),
        ("name,value\nE,1\nE,2\n", "has 'E' twice"),
        ("name,value\nE,one\n", "E must be a number"),
        ("name,value\nq,1\n", "unknown name of a number 'q'"),
        ("exercise,name,value\nx,E,1\n", "must hold whole numbers"),
        ("exercise,name,value\n0,E,1\n", "must hold whole numbers"),
        (f"exercise,name,value\n{'9' * 5000},E,1\n", "must hold whole numbers"),
        ("exercise,name,value\n1,E,1\n2,E,1\n", "the answers to one exercise, but has those to 2"),
        ("name,value\n,1\n", "with a name; not"),
    ],
)
def test_what_is_no_file_of_answers_is_refused(one: Exercise, tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as error:
        one.grade(tmp_path / "a.csv")
    assert sentence in str(error.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_of_spreadsheets_are_read(one: Exercise, tmp_path: Path, separator: str) -> None:
    rows = [separator.join(("Name", "Value"))]
    for name, text in written(calculate(one), 6).items():
        rows.append(separator.join((name, text if separator == "," else text.replace(".", ","))))
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*rows, ""]).encode())
    assert one.grade(tmp_path / "a.csv").points == 28
    assert one.grade(str(tmp_path / "a.csv")).points == 28
