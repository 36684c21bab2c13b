"""Early stopping: the best parameters are given back, and said."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(12, 2)), RNG.normal(size=(12, 1))
V, TV = RNG.normal(size=(8, 2)), RNG.normal(size=(8, 1))


def network(*layers, **settings):
    layers = layers or (cr.Dense(8, "tanh"), cr.Dense(1))
    return cr.Network(2, layers, **{"dtype": "float64", "seed": 2, **settings})


def test_the_weights_of_the_lowest_validation_cost_come_back():
    net, kept = network(), []
    history = net.fit(
        X,
        T,
        optimizer=cr.Adam(0.05),
        epochs=500,
        validation=(V, TV),
        early_stopping=5,
        callbacks=[lambda net, history: kept.append(net.vector.copy()) and None],
    )
    best = int(np.argmin(history.validation_cost))
    assert history.best_epoch == best
    assert history.epochs == best + 6
    assert history.stopped == "no lower validation cost in 5 epochs"
    np.testing.assert_array_equal(net.vector, kept[best])
    assert net.loss(V, TV) == pytest.approx(min(history.validation_cost), rel=1e-12)


def test_the_best_come_back_however_training_ends():
    def interrupt(net, history):
        if len(history) == 40:
            raise KeyboardInterrupt

    for ending in ({"epochs": 40}, {"epochs": 900, "callbacks": interrupt}, {"epochs": 900, "stop_cost": 1e-3}):
        net = network()
        history = net.fit(X, T, optimizer=cr.Adam(0.05), validation=(V, TV), early_stopping=800, **ending)
        assert history.best_epoch == int(np.argmin(history.validation_cost)) < history.epochs - 1
        assert net.loss(V, TV) == pytest.approx(min(history.validation_cost), rel=1e-12)


def test_running_means_come_back_with_their_weights():
    net, kept = network(cr.BatchNorm(), cr.Dense(8, "tanh"), cr.Dense(1)), []
    history = net.fit(
        X,
        T,
        optimizer=cr.Adam(0.05),
        epochs=300,
        batch_size=4,
        validation=(V, TV),
        early_stopping=5,
        callbacks=lambda net, history: kept.append(net.states["mean1"].copy()),
    )
    np.testing.assert_array_equal(net.states["mean1"], kept[history.best_epoch])
    assert net.loss(V, TV) == pytest.approx(min(history.validation_cost), rel=1e-12)


def test_without_a_validation_set_the_training_cost_is_watched():
    """A rate that is too large: the cost only grows, and the parameters of the lowest cost are those of the start."""
    net = network(cr.Dense(1))
    start = net.vector.copy()
    history = net.fit(X, T, optimizer=cr.GradientDescent(3.0), epochs=50, batch_size=None, early_stopping=3)
    assert history.best_epoch == int(np.argmin(history.cost))
    assert net.loss(X, T) == pytest.approx(min(history.cost), rel=1e-12)
    assert history.stopped == "no lower training cost in 3 epochs"
    np.testing.assert_array_equal(net.vector, start)


def test_a_training_that_improves_to_the_end_keeps_its_last_update():
    net, twin = network(), network()
    for each, stopping in ((net, 3), (twin, None)):
        each.fit(X, T, optimizer=cr.GradientDescent(0.01), epochs=5, batch_size=None, early_stopping=stopping)
    np.testing.assert_array_equal(net.vector, twin.vector)


@pytest.mark.parametrize("validation", [None, (V, TV)], ids=["training", "validation"])
def test_a_cost_that_stays_the_same_is_no_better(validation):
    history = network().fit(X, T, optimizer=cr.GradientDescent(0), epochs=50, validation=validation, early_stopping=3)
    assert history.best_epoch == 0
    assert history.epochs == 4


def test_only_epochs_on_record_are_looked_at():
    net = network()
    history = net.fit(X, T, optimizer=cr.Adam(0.05), epochs=400, validation=(V, TV), early_stopping=20, log_every=10)
    assert history.best_epoch == history.epoch[int(np.argmin(history.validation_cost))]
    assert net.loss(V, TV) == pytest.approx(min(history.validation_cost), rel=1e-12)


def test_without_early_stopping_the_last_weights_stay():
    net = network()
    history = net.fit(X, T, optimizer=cr.Adam(0.05), epochs=200, validation=(V, TV))
    assert history.best_epoch is None
    assert net.loss(V, TV) == pytest.approx(history.validation_cost[-1], rel=1e-12)
    assert history.validation_cost[-1] > min(history.validation_cost)
