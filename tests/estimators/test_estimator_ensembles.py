"""An ensemble: each network is validated with rows of its own, and together they are trained with all."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from estimator_cases import blobs, line, small

from chainrule.estimators import InterruptedWarning
from chainrule.estimators.calibration import fit_temperature
from chainrule.estimators.chosen import Chosen
from chainrule.estimators.fitting import Fitting
from chainrule.estimators.members import worth_keeping
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


@pytest.mark.parametrize("turn", range(6))
def test_few_rows_of_many_classes_can_be_set_aside(turn):
    classes = np.array([0, 1, 3, 4, 0, 1, 2, 4])
    training, aside = set_aside(8, 0.2, 0, classes, turn)
    assert sorted([*training, *aside]) == list(range(8))
    assert set(classes[training]) == set(classes)
    assert len(aside) == 2


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


def test_networks_that_had_hardly_begun_when_ctrl_c_came_are_left_out():
    def members(*courses):
        return [
            SimpleNamespace(number=k, history=SimpleNamespace(epochs=n, stopped=s)) for k, (n, s) in enumerate(courses)
        ]

    kept = worth_keeping(members((100, "interrupted"), (60, "interrupted"), (3, "interrupted"), (3, "all epochs")))
    assert [member.number for member in kept] == [0, 1, 3]


class _Interrupts:
    """Presses Ctrl-C after an epoch, counted through all networks."""

    def __init__(self, epoch):
        self.left = epoch

    def setup(self, estimator, context): ...
    def teardown(self, estimator, context): ...
    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        self.left -= context.task_name == "epoch"
        if not self.left:
            self.left = -1
            raise KeyboardInterrupt


def _interrupted(X, y, epoch, **changes):
    """Return an ensemble of three, trained one after another until Ctrl-C came."""
    fitted = small(ensemble=3, recipe="default", epochs=40, threads=1, **changes).set_callbacks(_Interrupts(epoch))
    with pytest.warns(InterruptedWarning, match=r"interrupted after 40 epochs.* is kept, in \d of 3 networks"):
        return fitted.fit(X, y)


def test_an_interrupted_ensemble_is_calibrated_by_the_rows_of_those_it_keeps():
    X, y = blobs(90)
    fitted = _interrupted(X, y, 45)
    assert fitted.interrupted_
    assert [history.epochs for history in fitted.histories_] == [40, 40]
    whole = small(ensemble=3, recipe="default", epochs=40, threads=1).fit(X, y)
    assert not whole.interrupted_
    whole.networks_ = [whole.networks_[0], whole.networks_[2]]
    asides = [set_aside(90, 0.2, 0, y, turn)[1] for turn in (0, 2)]
    raw = [net.predict(whole._encoding.inputs(X[rows])) for net, rows in zip(whole.networks_, asides, strict=True)]
    raw = np.concatenate(raw).astype(float)
    targets = np.eye(3)[np.concatenate([y[rows] for rows in asides])]
    expected = fit_temperature(raw / raw.sum(axis=1, keepdims=True), targets)
    assert np.isclose(fitted.temperature_, expected, rtol=1e-6)


@pytest.mark.parametrize(("ensemble", "starts", "threads", "share"), [(1, 1, 2, 6), (5, 1, 2, 2), (3, 2, 4, 3)])
def test_networks_that_wait_for_one_another_share_the_time(ensemble, starts, threads, share):
    estimator = small(ensemble=ensemble, n_restarts=starts, threads=threads, max_seconds=6)
    assert Fitting(estimator, Chosen.of(estimator, "classes"), 0).settings(False).stop_seconds == share


def test_a_warm_start_goes_on_with_the_networks_that_ctrl_c_left_and_begins_the_others_anew():
    X, y = blobs(90)
    fitted = _interrupted(X, y, 85, warm_start=True)  # the third network had hardly begun
    kept = [net.vector.copy() for net in fitted.networks_]
    assert len(kept) == 2
    fitted.set_params(epochs=2, rate=0.0).set_callbacks().fit(X, y)
    assert [history.epochs for history in fitted.histories_] == [2, 2, 2]
    for net, before in zip(fitted.networks_, kept, strict=False):
        np.testing.assert_array_equal(net.vector, before)
    assert not fitted.interrupted_


def test_networks_that_are_left_keep_the_rows_set_aside_for_them(monkeypatch):
    X, y = blobs(90)
    seen = []

    def scorer(estimator, rows, targets):
        seen.append(rows)
        return 0.0

    fitted = small(ensemble=3, warm_start=True, scoring=scorer, epochs=1, threads=1, random_state=None)
    with monkeypatch.context() as patch:
        patch.setattr("chainrule.estimators.base.worth_keeping", lambda members: members[1:])
        kept = [net.vector.copy() for net in fitted.fit(X, y).networks_]
    before, seen[:] = list(seen), []
    fitted.set_params(rate=0.0).fit(X, y)
    np.testing.assert_array_equal(seen, before)
    np.testing.assert_array_equal([net.vector for net in fitted.networks_[1:]], kept)


def test_one_network_is_kept_with_a_warning_too():
    with pytest.warns(InterruptedWarning, match="interrupted after 3 epochs; what was learned until then is kept$"):
        fitted = small().set_callbacks(_Interrupts(3)).fit(*blobs())
    assert fitted.interrupted_


def test_a_share_of_the_time_is_said_to_be_one():
    X, y = blobs()
    fitted = small(ensemble=2, threads=1, epochs=10**6, max_seconds=0.02).fit(X, y)
    assert {history.stopped for history in fitted.histories_} == {"its share of 0.02 seconds is over"}


def test_rows_are_encoded_once_however_many_networks_are_trained_with_them(monkeypatch):
    from chainrule.tables import TableEncoder

    X, y = blobs(60)
    rows, inputs = [], TableEncoder.inputs
    monkeypatch.setattr(TableEncoder, "inputs", lambda self, frame: rows.append(len(frame)) or inputs(self, frame))
    small(ensemble=3, calibrate=False, scoring="accuracy", epochs=1).fit(X, y)
    assert rows == [60]
    rows.clear()
    small(ensemble=3, calibrate=False, epochs=1).fit(X, y, X_val=X[:20], y_val=y[:20])
    assert sorted(rows) == [20, 60]
