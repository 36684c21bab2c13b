"""``chainrule race``, and what is under it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.cli.app import run
from chainrule.cli.tabled import Growing
from chainrule.errors import InputError
from chainrule.methods import METHODS, growth
from chainrule.methods import race as race_module
from chainrule.methods.picture import picture_of_race
from chainrule.methods.race import race
from chainrule.methods.tasks import digits, example, of_network, xor


def ran(capsys, *arguments):
    code = run([str(argument) for argument in arguments])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_mazur_is_raced_and_drawn(capsys, tmp_path):
    picture = tmp_path / "race.png"
    code, out, err = ran(capsys, "race", "mazur", "--goal", "0.1", "--out", picture)
    assert (code, err) == (0, "")
    for name in METHODS:
        assert name in out
    assert out.count("yes") == len(METHODS)
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert picture.stat().st_size < 60_000
    assert "8 trained weights, 1 row" in " ".join(out.split())


def test_a_row_is_printed_as_soon_as_its_method_ends(capsys, monkeypatch):
    seen, really = [], race_module.run

    def run(task, method, **given):
        seen.append((method.name, capsys.readouterr().out))
        return really(task, method, **given)

    monkeypatch.setattr(race_module, "run", run)
    assert ran(capsys, "race", "mazur", "--goal", "0.1", "--methods", "genetic,perturbation")[0] == 0
    assert [name for name, _ in seen] == ["genetic", "genetic", "perturbation", "perturbation"]  # each warms up first
    assert "There" in seen[0][1]
    assert "yes" in seen[2][1]


def test_lines_of_a_race_and_of_a_table_end_in_no_space(capsys):
    table = Growing(("a", "two\nlines", "c"), (1, 8, 1))
    table.add("x")
    table.add("1", "2")
    table.add("y", "3", "4")
    assert capsys.readouterr().out.splitlines() == [
        "a       two  c",
        "      lines",
        "─" * 14,
        "x         1  2",
        "y         3  4",
    ]


def test_every_step_is_written(capsys, tmp_path):
    file = tmp_path / "race.csv"
    chosen = ["--goal", "0.1", "--methods", "backpropagation,genetic", "--csv", file]
    code, _, err = ran(capsys, "race", "mazur", *chosen)
    assert (code, err) == (0, "")
    numbers = pl.read_csv(file)
    assert numbers.columns == ["method", "evaluations", "seconds", "cost"]
    first = numbers.filter(pl.col("method") == "backpropagation")
    assert first["evaluations"].to_list() == list(range(3, 94, 3))
    assert first["cost"][-1] <= 0.1
    assert set(numbers["method"]) == {"backpropagation", "genetic"}
    assert (first["seconds"].diff().drop_nulls() > 0).all()


def test_a_long_course_is_drawn_by_some_of_its_points():
    steps = 20_000
    course = race_module.Course(METHODS["genetic"](), [1 / k for k in range(1, steps + 1)])
    course.evaluations, course.seconds = list(range(1, steps + 1)), [0.1 * k for k in range(1, steps + 1)]
    for axes in picture_of_race("long", [course], 0.1).axes:
        x = axes.lines[0].get_xdata()
        assert len(x) < 250
        assert (x[0] / x[-1]) == pytest.approx(1 / steps)


def test_all_start_from_the_same_and_the_network_stays():
    task = xor()
    before = task.net.vector.copy()
    courses = race(task, [kind() for kind in METHODS.values()], epochs=3)
    assert len({course.cost[0] for course in courses}) == 1
    assert np.array_equal(task.net.vector, before)
    assert all(len(course.cost) == len(course.evaluations) == len(course.seconds) == 3 for course in courses)
    again = race(task, [kind() for kind in METHODS.values()], epochs=3)
    assert [course.cost for course in courses] == [course.cost for course in again]


def steep():
    """Return a task of which gradient descent diverges."""
    return replace(xor(), net=cr.Network(2, [cr.Dense(1)]), optimizer=cr.GradientDescent(100.0), goal=0.126)


def test_a_method_that_diverges_ends_its_own_course_alone():
    courses = race(steep(), ["backpropagation", "perturbation"], epochs=500)
    assert "no longer finite" in courses[0].failed
    assert not courses[0].reached
    assert courses[1].failed == ""
    assert len(courses[1].cost) > len(courses[0].cost)
    assert picture_of_race("xor", courses, 0.1)


def test_a_method_that_diverges_is_told(capsys, monkeypatch):
    monkeypatch.setattr("chainrule.methods.tasks.xor", lambda seed: steep())
    code, out, err = ran(capsys, "race", "xor", "--methods", "backpropagation,perturbation")
    assert code == 0
    assert re.search(r"backpropagation .* diverged", out)
    assert re.search(r"perturbation .* yes", out)
    assert re.fullmatch(r"chainrule: backpropagation: .* no longer finite.*\n", err)


def test_ctrl_c_ends_a_race_and_writes_nothing(monkeypatch, tmp_path):
    def press(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.methods.engine.SearchEngine._compute", press)
    with pytest.raises(KeyboardInterrupt):
        race(xor(), ["backpropagation", "genetic"], epochs=3)


def test_a_cost_that_is_not_finite_at_the_start_cannot_be_raced():
    net = cr.Network(1, [cr.Dense(1)], dtype="float64")
    with pytest.raises(InputError, match="the cost of a task is inf, from which none can race"):
        of_network("a task", net, [[1e200]], [-1e200], cr.Adam(), 0)


def test_the_digits_are_a_task():
    task = digits()
    assert (task.net.architecture.sizes, len(task.x)) == ("64-16-10", 1797)
    (course,) = race(task, [METHODS["backpropagation"]()], epochs=2)
    assert course.cost[1] < course.cost[0]
    assert not course.reached
    assert example("demofox-2").goal == 1e-3


def test_a_model_is_raced_on_its_table(capsys, tmp_path):
    rng = np.random.default_rng(0)
    size = rng.normal(10, 2, 40)
    pl.DataFrame({"size": size, "price": 3 * size}).write_csv(tmp_path / "table.csv")
    model = tmp_path / "m.model"
    made = ["--target", "price", "--hidden", "4", "--epochs", "2", "--out", model]
    assert ran(capsys, "train", tmp_path / "table.csv", *made)[0] == 0
    chosen = ["--methods", "backpropagation, perturbation", "--seconds", "0.2"]
    code, out, err = ran(capsys, "race", model, tmp_path / "table.csv", *chosen)
    assert (code, err) == (0, "")
    assert "perturbation" in out
    assert "genetic" not in out
    assert "Adam(rate=0.01" in out  # and not what the model was trained with
    goal, start = (float(found) for found in re.search(r"cost (\S+) from (\S+),", out).groups())
    assert goal == pytest.approx(start / 10, rel=0.02)
    assert "give a table too" in ran(capsys, "race", model)[2]


@pytest.mark.parametrize("command", ["race", "explain"])
def test_an_example_takes_no_table(capsys, tmp_path, command):
    (tmp_path / "iris.csv").write_text("a,b\n1,2\n")
    code, _, err = ran(capsys, command, "mazur", tmp_path / "iris.csv")
    assert (code, err) == (2, "chainrule: mazur has its own samples; leave the table out\n")


def test_growth_is_measured_and_drawn(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "_SECONDS", 0.0)
    picture = tmp_path / "growth.svg"
    code, out, err = ran(capsys, "race", "--growth", "--most", "400", "--out", picture)
    assert (code, err) == (0, "")
    assert "dual_numbers: slope" in out
    assert picture.exists()
    numbers = tmp_path / "growth.csv"
    assert ran(capsys, "race", "--growth", "--most", "100", "--csv", numbers)[0] == 0
    found = pl.read_csv(numbers)
    assert found.columns == ["method", "weights", "seconds"]
    assert found["weights"].to_list() == [10, 34, 100] * 3


def test_growth_prints_each_number_as_it_is_measured(capsys, monkeypatch):
    monkeypatch.setattr(growth, "_SECONDS", 0.0)
    seen, really = [], growth._seconds

    def seconds(net, method):
        seen.append(capsys.readouterr().out)
        return really(net, method)

    monkeypatch.setattr(growth, "_seconds", seconds)
    assert ran(capsys, "race", "--growth", "--most", "100")[0] == 0
    assert seen[0].splitlines()[1].startswith("weights")
    assert len(seen) == 9
    assert all(seen)


def test_what_is_told_nowhere_else_is_in_the_help(capsys):
    words = " ".join(ran(capsys, "race", "--help")[1].split())
    for told in ("0.005 for xor, 0.1 for digits, 0.001 for a published example", "a tenth of its cost", "Adam(0.01)"):
        assert told in words


def test_the_networks_measured_are_of_10_to_100_000_weights():
    weights = [growth.weights_of(width) for width in growth.INPUTS]
    assert weights[0] == 10
    assert weights[-1] == 100_000
    assert cr.Network(9, [cr.Dense(growth.HIDDEN), cr.Dense(1)]).vector.size == growth.weights_of(9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mazzur"], "unknown task 'mazzur': did you mean 'mazur'?"),
        (["none.model"], "give a table too"),
        (["xor", "some.csv"], "xor has its own samples; leave the table out"),
        (["mazur", "--csv", "none/a.csv"], "there is no folder"),
        (["mazur", "--methods", "genetics"], "unknown method 'genetics'"),
        (["mazur", "--seconds", "0"], "--seconds must be a number above 0"),
        (["mazur", "--goal", "-1"], "--goal must be a number above 0"),
        (["mazur", "--seed", "-1"], "the seed must be a whole number"),
        (["mazur", "--out", "none/a.png"], "there is no folder"),
        (["mazur", "--out", "a.pgf"], "let its name end in .png, .svg or .pdf"),
        (["mazur", "--out", "a.png", "--csv", "a.png"], "--out and --csv are the same file"),
        (["mazur", "--methods", ""], "unknown method ''"),
        (["mazur", "--methods", "genetic,"], "unknown method ''"),
        (["mazur", "--methods", "genetic,genetic"], "--methods names genetic twice"),
        (["mazur", "--most", "500"], "--most is for --growth"),
        (["mazur", "--growth"], "NAME is of a race"),
        (["--growth", "--goal", "0.1"], "--goal is of a race"),
        (["--growth", "--seconds", "1"], "--seconds is of a race"),
        (["--growth", "--methods", "genetic"], "the method genetic computes no gradient"),
        (["--growth", "--most", "3"], "--most must be a whole number of at least 100"),
    ],
)
def test_what_does_not_fit_is_one_sentence(capsys, arguments, message):
    code, _, err = ran(capsys, "race", *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
