"""What a row of the history says of an epoch's cost, weighted, summed and penalised; and which epochs have one."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import TrainingError

RNG = np.random.default_rng(3)
X, T = RNG.normal(size=(10, 2)), RNG.normal(size=(10, 1))
STILL = cr.GradientDescent(0.0)


def network(**settings):
    return cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)], dtype="float64", **settings)


def test_a_validation_cost_has_no_penalties():
    plain, penalised = network(), network(penalties=[cr.L2(0.5)])
    history = penalised.fit(X, T, optimizer=STILL, epochs=1, validation=(X, T))
    assert history.validation_cost[0] == pytest.approx(plain.loss(X, T), rel=1e-12)
    assert history.cost[0] > history.validation_cost[0] + 0.1


def test_batches_count_by_the_weights_of_their_samples():
    weights = np.array([9.0, 9, 9, 1, 1, 1, 1, 1, 1, 1])
    net = network()
    history = net.fit(X, T, sample_weight=weights, optimizer=STILL, epochs=1, batch_size=3, shuffle=False)
    assert history.cost[0] == pytest.approx(net.loss(X, T, weights), rel=1e-12)


def test_a_sum_counts_penalties_once():
    net = network(reduction="sum", penalties=[cr.L1(0.3)])
    history = net.fit(X, T, optimizer=STILL, epochs=1, batch_size=3)
    assert history.cost[0] == pytest.approx(net.loss(X, T), rel=1e-12)


@pytest.mark.parametrize("batch_size", [None, 4])
def test_the_epoch_that_reaches_the_cost_is_the_last_row(batch_size):
    history = network().fit(X, T, optimizer=cr.Adam(0.01), epochs=5000, stop_cost=0.3, batch_size=batch_size)
    assert history.epochs < 5000
    assert history.epoch[-1] == history.epochs - 1
    assert history.cost[-1] <= 0.3 < history.cost[-2]


def test_time_ends_an_epoch_between_its_batches():
    history = network().fit(X, T, epochs=10**6, batch_size=1, stop_seconds=0.0)
    assert (history.epochs, history.steps, len(history)) == (1, 1, 1)
    assert history.stopped == "0 seconds are over"


def test_a_validation_cost_that_is_no_number_ends_training():
    net = cr.Network(1, [cr.Dense(1)], loss=cr.Loss("logarithm", "(log(y) - t)**2"), dtype="float64")
    net.set_parameters({"w1": [[1.0]]})
    with pytest.raises(TrainingError, match=r"validation cost is not finite .* after epoch 0"):
        net.fit([[1.0]], [[0.0]], optimizer=STILL, epochs=3, validation=([[-1.0]], [[0.0]]))


def test_a_gradient_that_is_no_number_is_found_in_the_step_that_makes_it():
    net = cr.Network(2, [cr.Dense(1)], loss=cr.Loss("distance", "sqrt((y - t)**2)"), dtype="float64")
    before = net.vector.copy()
    with pytest.raises(TrainingError, match=r"step 1 .*began in Dense.*d_y\[n,j\]"):
        net.fit(X, net.predict(X), epochs=3, batch_size=None)
    np.testing.assert_array_equal(net.vector, before)


def test_a_gradient_too_long_to_measure_is_not_clipped_to_nothing():
    net = cr.Network(1, [cr.Dense(1)])
    with pytest.raises(TrainingError, match="clip_norm"):
        net.fit([[1e15]], [1e15], optimizer=cr.GradientDescent(0.1, clip_norm=1.0), epochs=5)


def test_early_stopping_without_validation_compares_costs_of_the_same_kind():
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(40, 4)), rng.normal(size=40)
    for seed in range(4):
        net = cr.Network(4, [cr.Dense(32, "relu"), cr.Dropout(0.5), cr.Dense(1)], seed=seed)
        history = net.fit(x, t, optimizer=cr.Adam(0.05), epochs=30, early_stopping=5)
        assert history.best_epoch in (int(np.argmin(history.cost)), history.epochs - 1)


def test_a_log_is_left_alone_by_a_training_that_has_no_row(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("mine\n")
    net = cr.Network(1, [cr.Dense(1)], loss=cr.Loss("logarithm", "log(y)"), dtype="float64")
    net.set_parameters({"w1": [[-1.0]]})
    with pytest.raises(TrainingError):
        net.fit([[1.0]], [[0.0]], epochs=3, log=log)
    assert log.read_text() == "mine\n"
    net.set_parameters({"w1": [[1.0]]})
    net.fit([[1.0]], [[0.0]], optimizer=STILL, epochs=3, log=log)
    assert log.read_text().splitlines()[0].startswith("epoch,cost")
    assert len(log.read_text().splitlines()) == 4
