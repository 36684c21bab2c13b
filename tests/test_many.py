"""Many networks at once, and restarts: each as if alone."""

import math
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError, TrainingError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
T = np.sin(X.sum(axis=1))


def network(seed=0, **settings):
    return cr.Network(3, [cr.Dense(4, "tanh"), cr.BatchNorm(), cr.Dense(1)], seed=seed, **settings)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_each_ends_as_if_trained_alone(engine):
    together, alone = [network(seed) for seed in range(5)], [network(seed) for seed in range(5)]
    histories = cr.fit_many(together, X, T, epochs=6, engine=engine, threads=3)
    for one, other, history in zip(together, alone, histories, strict=True):
        expected = other.fit(X, T, epochs=6, engine=engine)
        assert one.vector.tobytes() == other.vector.tobytes()
        assert history.cost == expected.cost
        assert all(np.array_equal(one.states[name], other.states[name]) for name in one.states)


def test_networks_may_differ_in_shape_and_settings_reach_all():
    nets = [cr.Network(3, [cr.Dense(units, "tanh"), cr.Dense(1)]) for units in (2, 5)]
    histories = cr.fit_many(nets, X, T, optimizer="momentum", epochs=3, validation=(X, T), sample_weight=np.ones(40))
    assert [len(history.validation_cost) for history in histories] == [3, 3]
    assert [type(net.optimizer).__name__ for net in nets] == ["Momentum", "Momentum"]


def test_restarts_keep_the_best_of_what_each_start_gives_alone():
    net = network(seed=7)
    history = net.fit(X, T, epochs=5, restarts=4)
    assert [start.seed for start in history.starts] == [7, 8, 9, 10]
    for start in history.starts:
        alone = network(seed=start.seed)
        alone.fit(X, T, epochs=5)
        assert start.cost == alone.loss(X, T)
    best = history.starts[history.best_start]
    assert best.cost == min(start.cost for start in history.starts)
    twin = network(seed=best.seed)
    twin.fit(X, T, epochs=5)
    assert net.vector.tobytes() == twin.vector.tobytes()
    assert all(np.array_equal(net.states[name], twin.states[name]) for name in net.states)


def test_the_first_start_has_the_present_parameters():
    net = network()
    net.set_parameters({name: value * 0 + 0.1 for name, value in net.parameters.items()})
    twin = cr.Network.from_config(net.config)
    twin.vector[...] = net.vector
    history = net.fit(X, T, epochs=2, restarts=2)
    assert history.starts[0].history.cost == twin.fit(X, T, epochs=2).cost


def test_starts_are_compared_by_the_same_validation_data():
    history = network().fit(X, T, epochs=3, restarts=3, validation_fraction=0.25)
    lasts = [start.history.validation_cost[-1] for start in history.starts]
    assert [start.cost for start in history.starts] == pytest.approx(lasts)
    assert history.best_start == int(np.argmin(lasts))


def test_a_start_that_diverges_is_reported_and_another_kept():
    net = cr.Network(1, [cr.Dense(1)], "squared_error", dtype="float64")
    net.set_parameters({"w1": [[1e200]]})
    history = net.fit([[1.0]], [1.0], optimizer=cr.GradientDescent(0.1), epochs=3, restarts=2)
    assert history.best_start == 1
    assert history.starts[0].cost == math.inf
    assert history.starts[0].history is None
    assert "no longer finite" in history.starts[0].error
    assert abs(net.parameters["w1"].item()) < 10
    assert repr(history.starts[0]) == "Start(seed=0, cost=inf)"


def test_where_all_diverge_it_is_said():
    with pytest.raises(TrainingError, match=r"each of the 2 starts diverged\. The first: the cost is no longer finite"):
        network().fit(X, T * 1e6, optimizer=cr.GradientDescent(1e20), epochs=50, restarts=2)
    with pytest.raises(TrainingError, match="no longer finite"):
        cr.fit_many([network(1), network(2)], X, T * 1e6, optimizer=cr.GradientDescent(1e20), epochs=50)


NET = network()
BAD = [
    (([], {}), "a list of networks, not"),
    ((NET, {}), "a list of networks, not"),
    (([NET, 3], {}), "a list of networks, not"),
    (([NET, NET], {}), "stands twice"),
    (([NET], {"log": "x.csv"}), "log is for the training of one network"),
    (([NET], {"callbacks": [print]}), "callbacks is for the training of one network"),
    (([NET], {"restarts": 3}), "restarts is for the training of one network"),
    (([NET], {"epoch": 3}), "unknown setting 'epoch': did you mean 'epochs'"),
    (([NET], {"threads": 0}), "threads must be a whole number of at least 1"),
]


@pytest.mark.parametrize(("given", "message"), BAD, ids=lambda value: str(value)[-40:])
def test_what_cannot_be_is_refused(given, message):
    networks, settings = given
    with pytest.raises(InputError, match=message):
        cr.fit_many(networks, X, T, **settings)


def test_a_log_and_callbacks_are_not_for_restarts(tmp_path):
    for settings in ({"log": tmp_path / "log.csv"}, {"callbacks": lambda *_: None}):
        with pytest.raises(InputError, match="a log and callbacks are for one training"):
            network().fit(X, T, restarts=2, **settings)
    assert not (tmp_path / "log.csv").exists()


def test_all_end_when_they_are_told_to(monkeypatch):
    """As a key press of Ctrl-C does, which reaches the thread that waits."""
    from chainrule import many

    waited = many.wait

    def interrupted(futures, timeout):
        monkeypatch.setattr(many, "wait", waited)
        raise KeyboardInterrupt

    monkeypatch.setattr(many, "wait", interrupted)
    before = threading.active_count()
    histories = cr.fit_many([network(seed) for seed in range(3)], X, T, epochs=10**6, engine="reference", log_every=1)
    assert {history.stopped for history in histories} == {"interrupted"}
    assert threading.active_count() == before
