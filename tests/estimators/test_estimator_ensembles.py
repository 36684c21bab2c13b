"""An ensemble: each network is validated with rows of its own, and together they are trained with all."""

from __future__ import annotations

import numpy as np
from estimator_cases import blobs, line, small

from chainrule.estimators.calibration import fit_temperature
from chainrule.estimators.splitting import set_aside


def test_each_turn_sets_other_rows_aside_until_all_had_theirs():
    classes = np.arange(50) % 2
    parts = [set_aside(50, 0.2, 3, classes, turn)[1] for turn in range(5)]
    assert all(len(part) == 10 for part in parts)
    assert len(set(np.concatenate(parts))) >= 48  # the first row of each class always stays
    again = set_aside(50, 0.2, 3, classes, 5)[1]
    assert not any(np.array_equal(again, part) for part in parts)
    for turn in range(7):
        training, aside = set_aside(50, 0.2, 3, None, turn)
        assert sorted([*training, *aside]) == list(range(50))


def test_the_best_epochs_of_the_networks_are_chosen_by_different_rows():
    X, y = line()
    fitted = small("numbers", ensemble=3, recipe="default", epochs=8).fit(X, y)
    costs = [tuple(history.validation_cost) for history in fitted.histories_]
    assert len(set(costs)) == 3
    rows = [round(0.8 * len(X))] * 3
    assert [history.steps for history in fitted.histories_] == [8 * -(-count // 16) for count in rows]


def test_the_default_recipe_is_an_ensemble_and_the_plain_one_is_not():
    X, y = blobs()
    for recipe, count in (("default", 5), ("plain", 1)):
        assert len(small(ensemble=None, recipe=recipe, epochs=2).fit(X, y).networks_) == count


def test_the_temperature_is_that_of_what_each_network_says_of_rows_it_does_not_know():
    X, y = blobs(90)
    fitted = small(ensemble=3, recipe="default", epochs=3).fit(X, y)
    raw, targets = [], []
    for turn, net in enumerate(fitted.networks_):
        aside = set_aside(90, 0.2, 0, y, turn)[1]
        p = net.predict(fitted._encoding.inputs(X[aside])).astype(float)
        raw.append(p / p.sum(axis=1, keepdims=True))
        targets.append(np.eye(3)[y[aside]])
    assert np.isclose(fitted.temperature_, fit_temperature(np.concatenate(raw), np.concatenate(targets)), rtol=1e-6)
