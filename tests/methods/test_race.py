"""``chainrule race``, and what is under it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.cli.app import run
from chainrule.methods import METHODS, growth
from chainrule.methods.race import race
from chainrule.methods.tasks import digits, example, xor


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


def test_all_start_from_the_same_and_the_network_stays():
    task = xor()
    before = task.net.vector.copy()
    courses = race(task, [kind() for kind in METHODS.values()], epochs=3)
    assert len({course.cost[0] for course in courses}) == 1
    assert np.array_equal(task.net.vector, before)
    assert all(len(course.cost) == len(course.evaluations) == len(course.seconds) == 3 for course in courses)
    again = race(task, [kind() for kind in METHODS.values()], epochs=3)
    assert [course.cost for course in courses] == [course.cost for course in again]


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
    assert "give a table too" in ran(capsys, "race", model)[2]


def test_growth_is_measured_and_drawn(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "_SECONDS", 0.0)
    picture = tmp_path / "growth.svg"
    code, out, err = ran(capsys, "race", "--growth", "--most", "400", "--out", picture)
    assert (code, err) == (0, "")
    assert "dual_numbers: slope" in out
    assert picture.exists()


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
        (["mazur", "--methods", "genetics"], "unknown method 'genetics'"),
        (["mazur", "--seconds", "0"], "--seconds must be a number above 0"),
        (["mazur", "--goal", "-1"], "--goal must be a number above 0"),
        (["mazur", "--seed", "-1"], "the seed must be a whole number"),
        (["mazur", "--out", "none/a.png"], "there is no folder"),
        (["mazur", "--out", "a.pdx", "--goal", "0.29"], "ends in no format of pictures"),
        (["--growth", "--methods", "genetic"], "the method genetic computes no gradient"),
        (["--growth", "--most", "3"], "--most must be a whole number of at least 100"),
    ],
)
def test_what_does_not_fit_is_one_sentence(capsys, arguments, message):
    code, _, err = ran(capsys, "race", *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
