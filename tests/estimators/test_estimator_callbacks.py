"""Callbacks of both kinds: functions of the network and its history, and those of scikit-learn."""

from __future__ import annotations

import pytest
from estimator_cases import blobs, problem, small
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Recorder:
    """Notes what it is told, and ends the training when it is told to."""

    def __init__(self, ends_after=None):
        self.told, self.ends_after, self.fitted = [], ends_after, []

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.told.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.told.append(("end", context.task_name, context.task_id))
        if fitted_estimator is not None and context.task_name == "epoch":
            self.fitted.append((fitted_estimator, fitted_estimator.predict(X)))
        return context.task_name == "epoch" and context.task_id == self.ends_after


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_functions_see_each_epoch_and_may_end_it(kind):
    seen = []

    def watch(net, history):
        seen.append((net, history.epoch[-1]))
        return len(seen) == 3

    estimator = small(kind, callbacks=[watch]).fit(*problem(kind))
    assert [epoch for _, epoch in seen] == [0, 1, 2]
    assert seen[0][0] is estimator.network_
    assert estimator.n_iter_ == 3
    assert small(kind, callbacks=lambda net, history: None).fit(*problem(kind)).n_iter_ == 5


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_the_tasks_of_scikit_learn(kind):
    recorder = Recorder()
    X, y = problem(kind)
    estimator = small(kind, epochs=3).set_callbacks(recorder).fit(X, y)
    epochs = [(when, "epoch", number) for number in range(3) for when in ("begin", "end")]
    assert recorder.told == ["setup", ("begin", "fit", 0), *epochs, ("end", "fit", 0), "teardown"]
    predictions = [predicted for _, predicted in recorder.fitted]
    assert len(predictions) == 3
    assert all((fitted.predict(X) == predicted).all() for fitted, predicted in recorder.fitted)
    assert not hasattr(estimator, "_callback_fit_ctx")


def test_they_may_end_the_training_too():
    recorder = Recorder(ends_after=1)
    classifier = small(validation_fraction=0.0).set_callbacks(recorder).fit(*blobs())
    assert classifier.n_iter_ == 2
    assert recorder.told[-3:] == [("end", "epoch", 1), ("end", "fit", 0), "teardown"]


def test_an_epoch_that_patience_prevents_is_ended_as_an_empty_task():
    recorder = Recorder()
    small(recipe="plain", rate=0.0, patience=2, epochs=9).set_callbacks(recorder).fit(*blobs())
    assert recorder.told.count(("begin", "epoch", 3)) == recorder.told.count(("end", "epoch", 3)) == 1
    assert len(recorder.fitted) == 3


def test_the_networks_of_an_ensemble_are_tasks():
    recorder = Recorder()
    small(ensemble=2, epochs=2).set_callbacks(recorder).fit(*blobs())
    for number in range(2):
        assert recorder.told.count(("begin", "network", number)) == 1
        assert recorder.told.count(("end", "network", number)) == 1
    assert sum(task[:2] == ("end", "epoch") for task in recorder.told) == 4


def test_teardown_comes_after_an_error_too():
    recorder = Recorder()

    def fail(net, history):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        small(callbacks=[fail]).set_callbacks(recorder).fit(*blobs())
    assert recorder.told[-1] == "teardown"


def test_a_progress_bar_and_a_monitor(capsys):
    monitor = ScoringMonitor(scoring="accuracy")
    X, y = blobs()
    classifier = small(epochs=4, validation_fraction=0.0).set_callbacks(ProgressBar(), monitor).fit(X, y)
    assert "NetworkClassifier" in capsys.readouterr().out
    rows = monitor.get_logs().data
    assert [row["task_name"] for row in rows] == ["fit", *["epoch"] * 4]
    assert rows[0]["accuracy"] == pytest.approx(classifier.score(X, y))
    assert rows[-1]["accuracy"] == pytest.approx(classifier.score(X, y))


def test_callbacks_work_in_a_pipeline_in_a_search(capsys):
    monitor = ScoringMonitor(scoring="accuracy")
    X, y = blobs()
    pipeline = make_pipeline(StandardScaler(), small(epochs=2).set_callbacks(monitor))
    search = GridSearchCV(pipeline, {"networkclassifier__hidden": [(2,), (3,)]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)
    assert "NetworkClassifier" in capsys.readouterr().out
    rows = monitor.get_logs().data
    assert sum(row["task_name"] == "epoch" for row in rows) == 2 * (2 * 2 + 1)


def test_what_is_no_callback():
    X, y = blobs()
    with pytest.raises(ValueError, match="a callback is a function of the network and the history, not 3"):
        small(callbacks=[3]).fit(X, y)
    with pytest.raises(ValueError, match="callbacks are for one network, but there are 2"):
        small(callbacks=[print], ensemble=2).fit(X, y)
    with pytest.raises(TypeError):
        small().set_callbacks(print)
