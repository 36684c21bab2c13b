"""Dreams: the optimiser's steps by hand, bounds, penalties, and a judge of another kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs_networks import Case, classifiers, digits, softmax
from sklearn.linear_model import LogisticRegression

import chainrule as cr
from chainrule.errors import InputError, TrainingError
from chainrule.inputs import dream
from chainrule.inputs.penalties import neighbours

W = np.array([[1.0, -0.5], [0.3, 0.8], [-0.2, 0.4]])


def one_layer() -> cr.Network:
    net = cr.Network(3, [cr.Dense(2, "softmax")], "cross_entropy", dtype="float64")
    net.set_parameters({"w1": W})
    return net


def slope_by_hand(x: Any, t: Any, smoothness: float, size: float) -> Any:
    side = np.zeros_like(x)
    for one in range(2):
        side[:, one] -= 2 * (x[:, one + 1] - x[:, one])
        side[:, one + 1] += 2 * (x[:, one + 1] - x[:, one])
    return (softmax(x @ W) - t) @ W.T + smoothness * side + 2 * size * x


def test_gradient_descent_of_x_is_that_by_hand() -> None:
    start, t = np.array([[0.4, 0.5, 0.6], [0.1, 0.9, 0.2]]), np.eye(2)
    found = dream(one_layer(), [0, 1], start=start, steps=5, rate=0.3, optimizer="gradient_descent",
                  penalties={"smoothness": 0.2, "size": 0.1})  # fmt: skip
    x = start.copy()
    for _ in range(5):
        x = np.clip(x - 0.3 * slope_by_hand(x, t, 0.2, 0.1), 0, 1)
    np.testing.assert_allclose(found.x, x, atol=1e-14)
    np.testing.assert_allclose(found.path["distance"][-1], np.linalg.norm(x - start, axis=1))
    np.testing.assert_allclose(found.y, softmax(x @ W))
    np.testing.assert_allclose(found.path["probability_of_target"][-1], softmax(x @ W)[[0, 1], [0, 1]])


def test_adam_on_x_is_adam_by_hand() -> None:
    x, t, m, v = np.array([[0.4, 0.5, 0.6]]), np.eye(2)[:1], 0.0, 0.0
    found = dream(one_layer(), 0, start=x, steps=8, bounds=None, penalties=())
    for step in range(1, 9):
        g = slope_by_hand(x, t, 0, 0)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        x = x - 0.05 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(found.x, x, atol=1e-13)


@settings(max_examples=25)
@given(classifiers(), st.sampled_from(["adam", "gradient_descent", "nesterov"]), st.integers(0, 99))
def test_x_stays_within_bounds_and_the_seed_decides(case: Case, optimizer: str, seed: int) -> None:
    target = list(range(max(2, case.net.outputs)))
    settings: dict[str, Any] = {"steps": 4, "bounds": (-0.5, 2), "optimizer": optimizer, "seed": seed}
    one, again = (dream(case.net, target, **settings) for _ in range(2))
    assert (one.x == again.x).all()
    assert (one.x >= -0.5).all()
    assert (one.x <= 2).all()
    assert one.path["cost_with_penalties"].shape == (5, len(target))


def test_a_judge_trained_separately_takes_the_dreams_for_their_class() -> None:
    net, data = digits()
    judge = LogisticRegression(max_iter=2000).fit(data.x, data.labels)
    for like in (None, data.x):
        dreamt = dream(net, range(10), like=like)
        assert (net.predict(dreamt.x).argmax(axis=1) == range(10)).all()
        assert (judge.predict(dreamt.x) == range(10)).sum() >= 8
        cost = dreamt.path["cost_with_penalties"]
        assert (cost[-1] < cost[0]).all()


def test_like_the_digits_means_more_like_the_nearest_digit_of_the_class() -> None:
    net, data = digits()

    def nearness(x: Any) -> float:
        """How far each dream agrees in pattern with the training digit of its class that it agrees with most."""
        found = []
        for digit, dreamt in enumerate(x):
            known = data.x[data.labels == digit]
            found.append(max(np.corrcoef(dreamt, one)[0, 1] for one in known))
        return float(np.mean(found))

    bare, plain, like = (
        dream(net, range(10), **how).x for how in ({"penalties": ()}, {}, {"like": data.x})
    )  # fmt: skip
    assert nearness(like) > 0.9 > 0.8 > nearness(plain) > nearness(bare)


def test_unlikeness_is_the_distance_of_mahalanobis() -> None:
    random = np.random.default_rng(0)
    like, start = random.normal(size=(50, 3)) @ random.normal(size=(3, 3)) + 2, np.array([[0.4, 0.5, 0.6]])
    found = dream(one_layer(), 0, start=start, steps=1, bounds=None, like=like, penalties={"unlikeness": 2.0})
    covariance = np.cov(like.T)
    covariance = 0.9 * covariance + 0.1 * np.trace(covariance) / 3 * np.eye(3)
    apart = start[0] - like.mean(axis=0)
    wanted = -np.log(softmax(start @ W)[0, 0]) + 2 * apart @ np.linalg.inv(covariance) @ apart / 3
    assert found.path["cost_with_penalties"][0, 0] == pytest.approx(wanted)


def test_smoothness_that_cannot_be_held_is_refused() -> None:
    net = cr.Network(12_288, [cr.Dense(2, "softmax")], "cross_entropy")
    with pytest.raises(InputError, match=r"smoothness of 12,288 inputs in shape \(64, 64, 3\) takes a matrix"):
        dream(net, [0], penalties=["smoothness"], shape=(64, 64, 3))


def test_penalties_smooth_and_shrink() -> None:
    net, _ = digits()
    plain, smooth, small = (dream(net, [3], penalties=names) for names in ((), ["smoothness"], ["size"]))
    rough = [((dreamt.x @ neighbours((8, 8))) ** 2).sum() for dreamt in (plain, smooth)]
    ink = [(dreamt.x**2).sum() for dreamt in (plain, small)]
    assert rough[1] < 0.5 * rough[0]
    assert ink[1] < 0.5 * ink[0]


def test_numbers_may_be_dreamt_of_too() -> None:
    net = cr.Network(4, [cr.Dense(5, "tanh"), cr.Dense(2)], seed=2)
    dreamt = dream(net, [0.3, -0.2], bounds=None, penalties=(), steps=500)
    np.testing.assert_allclose(net.predict(dreamt.x), [[0.3, -0.2]], atol=1e-3)
    assert dreamt.probability is None
    assert "the cost from" in str(dreamt)
    assert dreamt.path.csv().startswith("row,step,cost_with_penalties,distance\n0,0,")


def test_one_output_has_two_classes() -> None:
    net = cr.Network(2, [cr.Dense(1, "sigmoid")], "binary_cross_entropy", dtype="float64")
    net.set_parameters({"w1": [[2.0], [-1.0]]})
    dreamt = dream(net, [0, 1], bounds=(-1, 1))
    assert (net.predict(dreamt.x)[:, 0] > 0.5).tolist() == [False, True]
    assert (dreamt.path["probability_of_target"][-1] > 0.5).all()


def test_neighbours_of_a_picture_lie_beside_and_below() -> None:
    x = np.arange(6.0).reshape(2, 3) ** 2
    wanted = [*np.diff(x, axis=0).ravel(), *np.diff(x, axis=1).ravel()]
    np.testing.assert_array_equal(x.ravel() @ neighbours((2, 3)), wanted)


def test_pictures_and_paths_are_written(tmp_path: Any) -> None:
    dreamt = dream(digits()[0], [1, 2], steps=3)
    dreamt.save(tmp_path / "d.png")
    dreamt.path.save(tmp_path / "d.csv")
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")
    lines = (tmp_path / "d.csv").read_text().splitlines()
    assert lines[0] == "row,target,step,cost_with_penalties,probability_of_target,distance"
    assert [line.split(",")[:3] for line in lines[1:]] == [
        [str(row), str(target), str(step)] for row, target in enumerate((1, 2)) for step in range(4)
    ]
    assert "2 inputs in 3 steps: mean cost from" in str(dreamt)
    with pytest.raises(InputError, match=r"inputs of shape \(3,\) are no pictures"):
        dream(one_layer(), 0, steps=1).save(tmp_path / "e.png")


def test_a_rate_that_is_too_large_is_said() -> None:
    net = cr.Network(2, [cr.Dense(1)], dtype="float64")
    net.set_parameters({"w1": [[1.0], [2.0]]})
    with pytest.raises(TrainingError, match=r"the cost of row 0 is .* take a lower rate"):
        dream(net, [[1.0]], rate=1e200, optimizer="gradient_descent", bounds=None, penalties=(), start=[[1.0, 3.0]])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"target": 2}, "target must be classes from 0 to 1, not 2"),
    ({"target": [0.2, 0.9]}, "rows sum to 1"),
    ({"target": []}, "target is empty"),
    ({"start": "nois"}, "did you mean 'noise'"),
    ({"start": [[0.1, 0.2]]}, r"start must have shape \(3,\) or \(rows, 3\)"),
    ({"start": np.zeros((3, 3)), "target": [0, 1]}, "start has 3 rows, but target 2"),
    ({"start": [[0.1, 0.2, 3]]}, "start must lie within the bounds, from 0 to 1"),
    ({"steps": 0}, "steps must be a whole number of at least 1"),
    ({"rate": -1}, "the learning rate must be a number of at least 0"),
    ({"penalties": ["smoothnes"]}, "did you mean 'smoothness'"),
    ({"penalties": "size"}, "penalties must be names"),
    ({"penalties": {"size": -1}}, "the strength of size must be a number of at least 0"),
    ({"penalties": ["unlikeness"]}, "needs samples: give them as like="),
    ({"like": [[1.0, 2.0]]}, r"must have shape \(batch, 3\)"),
    ({"like": [[1.0, 2.0, 3.0]]}, "like must hold samples that differ"),
    ({"bounds": (2, 1)}, "the lowest and then the highest"),
    ({"shape": (2, 2)}, r"of the 3 inputs of the network, but \(2, 2\) is of 4"),
    ({"optimizer": "adm"}, "did you mean 'adam'"),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_what_does_not_fit_is_said(wrong: dict[str, Any], sentence: str) -> None:
    given = {"net": one_layer(), "target": 0, **wrong}
    with pytest.raises(InputError, match=sentence):
        dream(**given)
