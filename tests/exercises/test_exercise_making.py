"""Exercises: pleasant numbers, and the same ones for the same seed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from by_hand import LOSSES, SLIPS, calculate
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import InputError
from chainrule.exercises import Exercise, exercise, exercises
from chainrule.exercises.mistakes import mistakes

LAYERS = ("1-1", "2-1", "2-2-1", "2-2-2", "3-2-2", "2-3-1", "2-2-2-1", "4-3-2")


@st.composite
def made(draw: st.DrawFn) -> Exercise:
    loss = draw(st.sampled_from(sorted(LOSSES)))
    return exercise(
        draw(st.sampled_from(LAYERS)),
        activation=draw(st.sampled_from(("sigmoid", "tanh", "softplus"))),
        loss=loss,
        seed=draw(st.integers(0, 10**6)),
    )


@settings(max_examples=25)
@given(made())
def test_numbers_are_pleasant(one: Exercise) -> None:
    for array in (one.x, one.t, *one.net.parameters.values()):
        np.testing.assert_allclose(array * 20, np.round(array * 20), atol=1e-9)
        assert np.abs(array).max() <= (2 if array is one.t else 1)
    for name in one.net.parameters:
        array = one.net.parameters[name]
        assert np.all(array != 0)
        assert len(np.unique(array)) == array.size


@settings(max_examples=25)
@given(made())
def test_every_number_shows_in_a_few_digits(one: Exercise) -> None:
    for name, value in calculate(one).items():
        least = {"E": 0.005, "z": 0.05, "dE": 2e-4}.get(name.split("/")[0].split("_")[0], 0)
        assert abs(value) >= least, name


@settings(max_examples=25)
@given(made())
def test_the_answers_are_those_of_a_calculation_by_hand(one: Exercise) -> None:
    numbers = calculate(one)
    assert set(numbers) == set(one.solution)
    for name, value in one.solution.items():
        assert value == pytest.approx(numbers[name], rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_every_common_mistake_changes_a_number_visibly(slip: str, activation: str) -> None:
    for one in exercises("2-2-1", activation=activation, count=20):
        right, wrong = calculate(one), calculate(one, slip=slip)
        assert max(abs(wrong[name] - right[name]) / abs(right[name]) for name in right) > 0.02


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_saturation_is_measured_by_the_slope(seed: int) -> None:
    one = exercise("2-2-1", activation="tanh", seed=seed)
    numbers = calculate(one)
    for name in ("a_h1", "a_h2", "a_o1"):
        assert 1 - numbers[name] ** 2 >= 0.05


@pytest.mark.parametrize("seed", range(10))
def test_of_relus_at_least_half_are_alive(seed: int) -> None:
    numbers = calculate(exercise("2-4-1", activation="relu", seed=seed))
    weighted = [numbers[f"z_h{unit}"] for unit in range(1, 5)]
    assert sum(value > 0 for value in weighted) >= 2
    assert all(abs(value) >= 0.05 for value in weighted)
    for value, unit in zip(weighted, range(1, 5), strict=True):
        assert (numbers[f"dE/dz_h{unit}"] != 0) == (value > 0)


def test_the_same_seed_gives_the_same_exercise_and_another_another() -> None:
    one, same, other = (cr.exercise("2-2-1", activation="tanh", seed=seed) for seed in (7, 7, 8))
    assert str(one.sheet()) == str(same.sheet())
    assert one.net.vector.tolist() == same.net.vector.tolist()
    assert one.net.vector.tolist() != other.net.vector.tolist()


def test_the_stream_of_numbers_is_fixed() -> None:
    """A sheet that was handed out can be made again by any later version."""
    one = exercise("2-2-1", activation="tanh", seed=7)
    assert one.x.tolist() == [[-0.3, -0.9]]
    assert one.t.tolist() == [[1.0]]
    found = {name: value.tolist() for name, value in one.net.parameters.items()}
    assert found == {
        "w1": [[0.1, 0.6], [0.8, 0.9]],
        "b1": [-0.05, -0.4],
        "w2": [[0.5], [0.8]],
        "b2": [0.3],
    }


def test_another_process_makes_the_same_sheet() -> None:
    code = "import chainrule as cr; print(cr.exercise('2-3-1', seed=5).net.vector.tolist())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(exercise("2-3-1", seed=5).net.vector.tolist())


def test_a_class_has_the_seeds_one_after_the_other() -> None:
    many = exercises("2-2-1", seed=4, count=3)
    for one, seed in zip(many, (4, 5, 6), strict=True):
        assert one.seed == seed
        assert one.net.vector.tolist() == exercise("2-2-1", seed=seed).net.vector.tolist()


@pytest.mark.parametrize("activation", sorted(cr.activations.ACTIVATIONS))
@pytest.mark.parametrize("loss", sorted(cr.losses.LOSSES))
def test_every_activation_and_loss_makes_an_exercise_or_says_why_not(activation: str, loss: str) -> None:
    if activation == "softmax":
        with pytest.raises(InputError, match="softmax has its place"):
            exercise("2-2-2", activation=activation, loss=loss)
        return
    one = exercise("2-2-2", activation=activation, loss=loss, seed=1)
    grades = one.grade({name: f"{value:.5g}" for name, value in one.solution.items()})
    assert grades.points == grades.total


def test_an_activation_of_ones_own_is_as_good() -> None:
    swish = cr.Activation("swish", "x * sigmoid(x)")
    assert exercise("2-2-1", activation=swish, seed=1).solution["E"] > 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"layers": "2"}, "such as 2-2-1, not '2'"),
        ({"layers": "2-x-1"}, "such as 2-2-1, not '2-x-1'"),
        ({"layers": 3}, "such as 2-2-1, not 3"),
        ({"layers": "2-0-1"}, "of at least 1, not 0"),
        ({"layers": "9-9-9"}, "180 parameters: an exercise has at most 60"),
        ({"layers": f"{'9' * 5000}-1"}, "such as 2-2-1"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
        ({"loss": "squared_eror"}, "did you mean 'squared_error'"),
        ({"optimizer": "adm"}, "did you mean"),
        ({"seed": -1}, "the seed must be a whole number of at least 0"),
        ({"seed": 1.5}, "the seed must be a whole number"),
        ({"layers": "2-1", "loss": "cross_entropy"}, "2-1 has one output, and a softmax of one is always 1"),
    ],
)
def test_what_makes_no_exercise_is_refused(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        exercise(**arguments)
    assert sentence in str(error.value)


def test_the_mistakes_that_must_show_are_those_of_the_table_of_slips() -> None:
    found = Counter(mistake.name for mistake in mistakes(exercise("2-2-1", activation="tanh").course))
    # Rows for columns and no bias; no slope, and one at z; rows for columns, and updated weights.
    assert found == {"z1": 2, "z2": 1, "d_z2": 2, "d_a1": 1, "d_z1": 2}
    assert "d_a1" not in {mistake.name for mistake in mistakes(exercise("2-2-1", optimizer="momentum").course)}
    assert {mistake.name for mistake in mistakes(exercise("1-1").course)} == {"z1", "d_z1"}


@pytest.mark.parametrize("count", [0, -1, 1001, 1.0])
def test_a_class_has_a_size(count: object) -> None:
    with pytest.raises(InputError, match="count must be a whole number"):
        exercises(count=count)
