"""Fooling against NumPy by hand, against what is known of lines, and within its budget for any network."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs_networks import Case, classifiers, digits, softmax

import chainrule as cr
from chainrule.errors import InputError
from chainrule.inputs import accuracy_curve, fool

ONE_LAYER = np.array([[1.0, -0.5, 0.2], [0.3, 0.8, -0.9]])
X = np.array([[1.2, -0.3], [0.4, 0.9], [-0.7, 0.1]])


def one_layer() -> cr.Network:
    net = cr.Network(2, [cr.Dense(3, "softmax")], "cross_entropy", dtype="float64")
    net.set_parameters({"w1": ONE_LAYER})
    return net


def line(dtype: str = "float64") -> cr.Network:
    net = cr.Network(2, [cr.Dense(1, "sigmoid")], "binary_cross_entropy", dtype=dtype)
    net.set_parameters({"w1": [[3.0], [-4.0]], "b1": [0.5]})
    return net


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_one_step_is_the_fast_gradient_method_by_hand(norm: str) -> None:
    labels = (X @ ONE_LAYER).argmax(axis=1)
    slope = (softmax(X @ ONE_LAYER) - np.eye(3)[labels]) @ ONE_LAYER.T
    way = np.sign(slope) if norm == "inf" else slope / np.linalg.norm(slope, axis=1, keepdims=True)
    found = fool(one_layer(), X, budget=0.3, norm=norm, method="fgsm", bisections=0)
    np.testing.assert_allclose(found.x, X + 0.3 * way, atol=1e-12)
    assert found.success.tolist() == (((X + 0.3 * way) @ ONE_LAYER).argmax(axis=1) != labels).tolist()


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_several_steps_are_projected_gradient_by_hand(norm: str) -> None:
    goals, x = np.array([1, 2, 0]), X.copy()
    found = fool(one_layer(), X, budget=0.25, norm=norm, target=goals, steps=7, bisections=0, bounds=(-1, 1.3))
    done = np.zeros(3, bool)
    for _ in range(7):
        slope = (softmax(x @ ONE_LAYER) - np.eye(3)[goals]) @ ONE_LAYER.T
        way = np.sign(slope) if norm == "inf" else slope / np.linalg.norm(slope, axis=1, keepdims=True)
        moved = x - 2.5 / 7 * 0.25 * way
        if norm == "inf":
            moved = np.clip(moved, X - 0.25, X + 0.25)
        else:
            far = np.linalg.norm(moved - X, axis=1, keepdims=True)
            moved = X + (moved - X) * np.minimum(1, 0.25 / far)
        moved = np.clip(moved, -1, 1.3)
        x = np.where(done[:, None], x, moved)
        done |= (x @ ONE_LAYER).argmax(axis=1) == goals
    np.testing.assert_allclose(found.x, x, atol=1e-12)
    assert found.success.tolist() == done.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", ["pgd", "fgsm"])
def test_the_smallest_budget_is_the_distance_to_a_line(method: str, dtype: str) -> None:
    net, x = line(dtype), np.random.default_rng(0).normal(size=(30, 2))
    away = np.abs(x @ [3.0, -4.0] + 0.5)
    for norm, length in (("2", 5.0), ("inf", 7.0)):
        found = fool(net, x, budget=4, norm=norm, method=method)
        assert found.success.all()
        np.testing.assert_allclose(found.distance, away / length, rtol=2e-3)


@settings(max_examples=25)
@given(classifiers((*("tanh", "relu", "gelu"),), dtype="float32"), st.sampled_from(["inf", "2"]),
       st.sampled_from(["fgsm", "pgd"]), st.floats(0.05, 3), st.integers(0, 3))  # fmt: skip
def test_what_is_found_stays_within_budget_and_bounds(
    case: Case, norm: str, method: str, budget: float, bisections: int
) -> None:
    low, high = case.x.min() - 0.1, case.x.max() + 0.1
    found = fool(
        case.net,
        case.x,
        budget=budget,
        norm=norm,
        method=method,
        bounds=(low, high),
        bisections=bisections,
        **({"steps": 6} if method == "pgd" else {}),
    )
    change = found.x - case.x
    far = np.abs(change).max(axis=1) if norm == "inf" else np.linalg.norm(change, axis=1)
    np.testing.assert_allclose(found.distance, far, atol=1e-12)
    assert (found.distance <= budget).all()
    assert (found.x >= low).all()
    assert (found.x <= high).all()
    y = case.net.predict(found.x)
    now = (y[:, 0] > 0.5).astype(int) if case.net.outputs == 1 else y.argmax(axis=1)
    assert (now == found.answers).all()
    assert (found.success == (now != case.labels)).all()


def test_the_samples_of_a_batch_do_not_know_of_each_other() -> None:
    net, data = digits()
    x = data.held_out[:6]
    together = fool(net, x, budget=0.3, bounds=(0, 1), steps=10, bisections=5)
    for row in range(6):
        alone = fool(net, x[row], budget=0.3, bounds=(0, 1), steps=10, bisections=5)
        np.testing.assert_allclose(alone.x[0], together.x[row], atol=1e-9)


def test_ten_times_the_search_finds_nothing_a_tenth_smaller() -> None:
    net, data = digits()
    x = data.held_out[net.predict(data.held_out).argmax(axis=1) == data.held_out_labels][:4]
    longer: dict[str, Any]
    for norm, budget, longer in (("inf", 0.3, {"steps": 20, "starts": 10}), ("2", 2.0, {"steps": 200})):
        short = fool(net, x, budget=budget, norm=norm, bounds=(0, 1), steps=20)
        long = fool(net, x, budget=budget, norm=norm, bounds=(0, 1), **longer)
        assert short.success.all()
        assert (short.distance <= 1.1 * long.distance).all()


def test_frozen_inputs_stay() -> None:
    low, high = np.array([-5.0, -0.3]), np.array([5.0, -0.3])
    found = fool(one_layer(), X[:1], budget=5, bounds=(low, high))
    assert found.success.all()
    assert found.x[0, 1] == X[0, 1]
    assert found.x[0, 0] != X[0, 0]


def test_frozen_inputs_have_no_part_in_the_direction() -> None:
    """The second input has the steeper slope: were it not left out, too little of a step would go along the first."""
    weights = [[3.0], [-400.0]]
    net = cr.Network(2, [cr.Dense(1, "sigmoid")], "binary_cross_entropy", dtype="float64")
    net.set_parameters({"w1": weights, "b1": [0.5]})
    low, high = np.array([-5.0, 0.0]), np.array([5.0, 0.0])
    for method in ("pgd", "fgsm"):
        found = fool(net, [[1.0, 0.0]], budget=2, norm="2", method=method, bounds=(low, high))
        assert found.success.all()
        assert found.distance[0] == pytest.approx(3.5 / 3, rel=2e-3)


def test_other_starts_are_drawn_from_the_seed_and_find_what_the_sample_itself_cannot() -> None:
    """The hidden unit is off at the sample, where the slope is 0, and the border lies where it is on."""
    net = cr.Network(1, [cr.Dense(1, "relu"), cr.Dense(1, "sigmoid")], "binary_cross_entropy", dtype="float64")
    net.set_parameters({"w1": [[5.0]], "b1": [-1.0], "w2": [[4.0]], "b2": [-1.0]})
    assert not fool(net, [[0.0]], budget=1).success[0]
    one, again, other = (fool(net, [[0.0]], budget=1, starts=8, seed=seed, bisections=0) for seed in (3, 3, 4))
    assert one.success[0]
    assert (one.x == again.x).all()
    assert (one.x != other.x).all()


def test_any_optimiser_may_take_the_steps() -> None:
    for optimizer in ("momentum", cr.Adam(0.1), cr.GradientDescent(cr.Cosine(0.2))):
        found = fool(line(), [[1.0, 0.0]], budget=2, optimizer=optimizer, rate=None, norm="2")
        assert found.success.all()
        assert found.distance[0] == pytest.approx(0.7, rel=0.02)


def test_the_path_begins_at_the_sample_and_ends_at_the_first_success() -> None:
    found = fool(one_layer(), X, budget=2, steps=20)
    distance = found.path["distance"]
    assert (distance[0] == 0).all()
    for row in range(3):
        steps = np.flatnonzero(~np.isnan(distance[:, row]))
        assert steps.tolist() == list(range(len(steps)))
        assert distance[steps[-1], row] == pytest.approx(found.distance[row])


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_each_column_of_a_path_means_one_thing(norm: str) -> None:
    net, data = digits()
    x = data.held_out[net.predict(data.held_out).argmax(axis=1) == data.held_out_labels][:12]
    aimed = fool(net, x[:3], budget=2, norm=norm, target=(net.predict(x[:3]).argmax(axis=1) + 1) % 10, bounds=(0, 1))
    for found in (fool(net, x, budget=2, norm=norm, bounds=(0, 1), steps=20), aimed):
        lines = list(csv.DictReader(io.StringIO(found.path.csv())))
        assert {int(line["row"]) for line in lines} == set(range(len(found.x)))
        for line in lines:
            row = int(line["row"])
            assert int(line["label"]) == found.labels[row]
            led = int(line["toward"] or -1)
            assert led == found.aims[row]
            for name in ("cost_of_toward", "probability_of_toward"):
                assert bool(line[name]) == (led >= 0)
            # The cost of a class is -log of its probability, whichever of the two was followed.
            whose = "label" if led < 0 else "toward"
            assert not line["cost_of_label" if led >= 0 else "cost_of_toward"]
            wanted = -np.log(float(line[f"probability_of_{whose}"]))
            assert float(line[f"cost_of_{whose}"]) == pytest.approx(wanted, rel=1e-6)
        first = [line for line in lines if line["step"] == "0"]
        chances = net.predict(found.original)[range(len(first)), found.labels]
        np.testing.assert_allclose([float(line["probability_of_label"]) for line in first], chances, rtol=1e-4)
    assert (aimed.aims >= 0).all()


def test_it_says_what_it_did() -> None:
    assert "class 1 is taken for class 0 after a change of 0.7" in str(fool(line(), [1.0, 0.0], budget=2, norm=2))
    assert "still taken for class 1: not fooled within 0.1" in str(fool(line(), [1.0, 0.0], budget=0.1))
    assert "1 of 2 samples are fooled within 0.1" in str(fool(line(), [[1.0, 0.0], [0.0, 0.11]], budget=0.1))
    several = fool(line(), [[1.0, 0.0], [0.0, 0.13], [0.0, 0.12]], budget=0.1, norm=2)
    assert "2 of 3 samples are fooled within 0.1 (pgd, norm 2): half of these 2 within 0.004" in str(several)
    assert "x[n,i] <- x[n,i] - rate * direction[n,i]" in fool(line(), [1.0, 0.0], budget=1).equations


def test_accuracy_falls_with_the_budget_as_the_smallest_budgets_say() -> None:
    net, data = digits()
    x, labels = data.held_out[:80], data.held_out_labels[:80]
    right = net.predict(x).argmax(axis=1) == labels
    curve = accuracy_curve(net, x, labels, [0, 0.05, 0.1, 0.2], bounds=(0, 1))
    far = fool(net, x[right], budget=0.3, bounds=(0, 1)).distance
    assert curve.accuracy[0] == right.mean()
    assert (np.diff(curve.accuracy) <= 0).all()
    wanted = [np.sum(far > budget) / len(x) for budget in curve.budgets]
    np.testing.assert_allclose(curve.accuracy, wanted, atol=0.03)
    assert curve.csv().splitlines()[0] == "budget,accuracy"


NUMBERS = cr.Network(2, [cr.Dense(1)])
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"budget": 0}, "budget must be a number above 0 and below 1e\\+30, not 0"),
    ({"budget": -1}, "budget must be a number above 0 and below 1e\\+30, not -1"),
    ({"norm": "1"}, "unknown norm '1'"),
    ({"norm": "ifn"}, "did you mean 'inf'"),
    ({"method": "fsgm"}, "did you mean 'fgsm'"),
    ({"net": NUMBERS}, "half_squared_error has numbers as targets and no classes"),
    ({"x": [[1.0, 2.0, 3.0]]}, r"x must have shape \(batch, 2\), not \(1, 3\)"),
    ({"x": [[0.2, 2.0]], "bounds": (0, 1)}, "from 0 to 1, but row 0, input 1 is 2"),
    ({"bounds": (1, 0)}, r"the lowest and then the highest value, not \(1, 0\)"),
    ({"bounds": 1}, r"bounds must be a pair such as \(0, 1\)"),
    ({"bounds": (0, [1, 2, 3])}, r"bounds must be numbers, or arrays of shape \(2,\) or \(3, 2\)"),
    ({"target": 3}, "target must be classes from 0 to 2, not 3"),
    ({"target": 0.5}, "target must be a class from 0 to 2"),
    ({"target": [0, 1]}, "one for each of the 3 rows of x, not 2"),
    ({"target": 0}, "row 0 is taken for class 0 already"),
    ({"labels": [1, 1, 1]}, "row 0 is not recognised to begin with: the network takes it for class 0, not 1"),
    ({"steps": 0}, "steps must be a whole number of at least 1"),
    ({"bisections": -1}, "bisections must be a whole number of at least 0"),
    ({"optimizer": cr.GradientDescent(0.1, clip_norm=1)}, "clip_norm would tie the samples to each other"),
    ({"optimizer": "gradient_decent"}, "did you mean 'gradient_descent'"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_what_does_not_fit_is_said(wrong: dict[str, Any], sentence: str) -> None:
    given = {"net": one_layer(), "x": X, "budget": 0.1, **wrong}
    with pytest.raises(InputError, match=sentence):
        fool(**given)


@pytest.mark.parametrize("budgets", [[], [0.2, 0.1], [-0.1, 0.1], 0.3])
def test_budgets_of_a_curve_rise(budgets: Any) -> None:
    with pytest.raises(InputError, match="budgets must be a list that rises"):
        accuracy_curve(one_layer(), X, [0, 1, 2], budgets)


def test_other_classes_are_aimed_at_only_where_they_are_nearer() -> None:
    net, data = digits()
    x = data.held_out[net.predict(data.held_out).argmax(axis=1) == data.held_out_labels][:20]
    settings: dict[str, Any] = {"budget": 0.3, "bounds": (0, 1), "steps": 20}
    plain, aimed = fool(net, x, rivals=0, **settings), fool(net, x, **settings)
    assert (plain.aims == -1).all()
    assert (aimed.distance <= plain.distance).all()
    won = aimed.aims >= 0
    assert won.any()
    assert (aimed.distance[won] < plain.distance[won]).all()
    assert (aimed.x[~won] == plain.x[~won]).all()


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_starts_lie_within_the_budget_and_fill_it(norm: str) -> None:
    from chainrule.inputs.attack import Samples
    from chainrule.inputs.search import _somewhere

    rows = 2000
    origin, budget = np.full((rows, 2), 0.5), np.where(np.arange(rows) % 2, 0.2, 0.6)
    samples = Samples(origin, np.zeros(rows, int), np.full(rows, -1), np.full((rows, 2), -9.0), np.full((rows, 2), 0.9))
    change = _somewhere(samples, budget, norm, np.random.default_rng(0)) - origin
    far = np.abs(change).max(axis=1) if norm == "inf" else np.linalg.norm(change, axis=1)
    assert (far <= budget).all()
    assert (far > 0).all()
    assert (change + origin <= 0.9).all()
    for most in (0.2, 0.6):
        assert far[budget == most].max() > 0.9 * most
    assert (change.min(axis=0) < -0.4).all()
    assert (change.max(axis=0) == 0.4).all()


def test_rivals_are_led_to_in_the_order_of_their_probability() -> None:
    from chainrule.inputs.fooling import as_samples
    from chainrule.inputs.search import Search

    net, data = digits()
    x = data.held_out[:5]
    search = Search(net, norm="inf", method="pgd", targeted=False, steps=5, rate=None, optimizer="gradient_descent",
                    starts=1, rivals=9, seed=0)  # fmt: skip
    ranks = list(search._goals(as_samples(net, x, None, None, (0, 1))))
    wanted = np.argsort(-net.predict(x), axis=1, kind="stable")[:, 1:]
    np.testing.assert_array_equal(np.stack(ranks, axis=1), wanted)


def test_other_starts_fool_where_the_sample_itself_has_no_slope() -> None:
    """At the middle of a flat top no derivative leads anywhere; from beside it one does."""
    bump = cr.Activation("bump", "maximum(0, x**2 - 1)")
    net = cr.Network(1, [cr.Dense(1, bump), cr.Dense(1, "sigmoid")], "binary_cross_entropy", dtype="float64")
    net.set_parameters({"w1": [[1.0]], "w2": [[9.0]], "b2": [-1.0]})
    assert not fool(net, [0.0], budget=1.5, bisections=0).success[0]
    assert fool(net, [0.0], budget=1.5, bisections=0, starts=30).success[0]


def test_some_rows_are_taken_as_if_they_had_been_asked_alone() -> None:
    found = fool(one_layer(), X, budget=2, steps=10)
    some, alone = found.take([2, 0]), fool(one_layer(), X[[2, 0]], budget=2, steps=10)
    np.testing.assert_allclose(some.x, alone.x, atol=1e-12)
    assert (some.labels == alone.labels).all()
    assert [line.split(",")[:4] for line in some.path.csv().splitlines()] == [
        line.split(",")[:4] for line in alone.path.csv().splitlines()
    ]
