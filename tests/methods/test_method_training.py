"""All methods share the loop: its records, its reasons to stop, its seeds; and they solve what they should."""

from __future__ import annotations

import csv
from copy import deepcopy

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError, TrainingError
from chainrule.examples import EXAMPLES
from chainrule.methods import METHODS, Genetic, Perturbation

X, T = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
RIVALS = [name for name in METHODS if name != "backpropagation"]
SEARCHES = ["perturbation", "genetic"]
TRIALS = [
    Perturbation(otherwise="nothing"),
    Perturbation(),
    Perturbation(otherwise="smaller_step"),
    Genetic(),
]


def xor(seed=0, dtype="float32"):
    return cr.Network(2, [cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], seed=seed, dtype=dtype)


@pytest.mark.parametrize("method", [*RIVALS, *TRIALS], ids=str)
def test_mazur_is_learned_and_its_biases_stay(method):
    setup = EXAMPLES["mazur"].set_up()
    chosen = cr.methods.as_method(method)
    optimizer = cr.GradientDescent(0.5) if chosen.has_gradient else None
    history = setup.net.fit(
        setup.x, setup.t, method=method, optimizer=optimizer, epochs=2000, batch_size=None, stop_cost=1e-3
    )
    assert history.cost[-1] <= 1e-3
    assert "stop_cost" in history.stopped
    assert setup.net.parameters["b1"] == 0.35
    assert setup.net.parameters["b2"] == 0.6
    assert history.engine == f"reference: the method {chosen.name} runs on it alone"


@pytest.mark.parametrize(("method", "most"), [(TRIALS[1], 1000), (TRIALS[2], 2000), (TRIALS[3], 5000)], ids=str)
def test_xor_is_solved_from_20_of_20_seeds(method, most):
    for seed in range(20):
        net = xor(seed)
        history = net.fit(X, T, method=method, epochs=3000, batch_size=None, stop_cost=0.005)
        assert history.evaluations[-1] <= most, seed
        assert (np.round(net.predict(X)[:, 0]) == T).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_bits(method):
    one, two, other = xor(), xor(), xor()
    settings = {"method": method, "epochs": 5, "batch_size": 3}
    histories = [one.fit(X, T, **settings, seed=3), two.fit(X, T, **settings, seed=3, threads=1)]
    other.fit(X, T, **settings, seed=4)
    assert np.array_equal(one.vector, two.vector)
    assert histories[0].columns() == histories[1].columns()
    assert not np.array_equal(one.vector, other.vector)


@pytest.mark.parametrize("method", SEARCHES)
def test_a_search_never_goes_back(method):
    history = xor(dtype="float64").fit(X, T, method=method, epochs=200, batch_size=None)
    assert all(later <= earlier + 1e-12 for earlier, later in zip(history.cost, history.cost[1:], strict=False))
    assert history.cost[-1] < history.cost[0] / 2


@pytest.mark.parametrize("method", SEARCHES)
def test_a_method_without_a_gradient_has_no_rate_and_no_norms(method, tmp_path):
    net = xor()
    history = net.fit(X, T, method=method, epochs=4, log=tmp_path / "log.csv")
    assert list(history.columns()) == ["epoch", "cost", "error", "evaluations"]
    assert net.optimizer is None
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["cost"]) for row in rows] == history.cost
    assert list(rows[0]) == ["epoch", "cost", "error"]
    for name in ("rate", "gradient_norm_1", "d_w1"):
        with pytest.raises(InputError, match="unknown column of the log"):
            net.fit(X, T, method=method, log=tmp_path / "log.csv", log_values=[name])


@pytest.mark.parametrize("method", RIVALS)
def test_logs_hold_arrays_before_the_update(method, tmp_path):
    net = xor(dtype="float64")
    start = net.parameters["w2"].copy()
    values = ["cost", "w2", "y", "evaluations"] + (["d_w2"] if METHODS[method].has_gradient else [])
    history = net.fit(X, T, method=method, epochs=2, batch_size=None, log=tmp_path / "log.csv", log_values=values)
    with (tmp_path / "log.csv").open() as file:
        first = next(csv.DictReader(file))
    assert float(first["w2[1,0]"]) == start[1, 0]
    assert float(first["cost"]) == history.cost[0]
    assert ("d_w2[0,0]" in first) == METHODS[method].has_gradient
    with pytest.raises(InputError, match="unknown column of the log"):
        net.fit(X, T, method=method, log=tmp_path / "log.csv", log_values=["d_x"])


@pytest.mark.parametrize("method", METHODS)
def test_callbacks_validation_and_early_stopping(method):
    seen = []
    net = xor()
    history = net.fit(X, T, method=method, epochs=9, validation=(X, T), callbacks=lambda net, h: seen.append(len(h)))
    assert seen == list(range(1, 10))
    assert len(history.validation_cost) == 9
    assert history.validation_cost[-1] == pytest.approx(net.loss(X, T), rel=1e-5)
    stopped = xor().fit(X, T, method=method, epochs=50, callbacks=lambda net, h: len(h) == 3)
    assert (stopped.epochs, stopped.stopped) == (3, "a callback asked for it")
    for validation in (None, ([[9, 9]], [0.3])):
        early = xor().fit(X, T, method=method, epochs=40, early_stopping=3, validation=validation)
        assert early.best_epoch is not None


@pytest.mark.parametrize("method", RIVALS)
def test_early_stopping_on_the_training_cost_keeps_the_best(method):
    net = xor(dtype="float64")
    optimizer = cr.Adam(0.1, clip_norm=1.0) if METHODS[method].has_gradient else None
    history = net.fit(X, T, method=method, epochs=30, batch_size=None, early_stopping=30, optimizer=optimizer)
    assert net.loss(X, T) <= min(history.cost) + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_time_and_a_key_press_end_it(method):
    history = xor().fit(X, T, method=method, epochs=10**6, stop_seconds=0.02)
    assert history.stopped == "0.02 seconds are over"
    assert history.steps == history.epochs
    assert len(history.evaluations) == len(history.cost)

    def press(net, history):
        if len(history) == 2:
            raise KeyboardInterrupt

    net = xor()
    history = net.fit(X, T, method=method, epochs=100, callbacks=press)
    assert history.stopped == "interrupted"
    assert np.isfinite(net.vector).all()


def test_the_count_of_backpropagation_is_exact_where_time_ends_an_epoch():
    net = cr.Network(2, [cr.Dense(1)])
    history = net.fit(X * 10_000, T * 10_000, batch_size=1, stop_seconds=0.02, engine="reference")
    assert history.evaluations[-1] == 3 * history.steps
    compiled = net.fit(X * 100, T * 100, epochs=2, batch_size=3, engine="compiled")
    assert compiled.evaluations == [3 * 134, 3 * 268]


@pytest.mark.parametrize("method", RIVALS)
def test_a_start_that_is_not_finite_is_refused_in_a_sentence(method):
    net = cr.Network(1, [cr.Dense(1, cr.Activation("bad", "log(x)"), bias=None)], dtype="float64")
    net.set_parameters({"w1": [[-1.0]]})
    with pytest.raises(TrainingError, match=r"it began in Dense\(1, 'bad'\)") as error:
        net.fit([[1.0]], [[0.0]], method=method)
    assert ("learning rate" in str(error.value).partition(";")[0]) == METHODS[method].has_gradient
    assert net.vector[0] == -1


@pytest.mark.parametrize("method", SEARCHES)
def test_trials_that_are_not_finite_do_not_help(method):
    net = cr.Network(1, [cr.Dense(1, cr.Activation("bad", "log(x)"), bias=None)], dtype="float64")
    net.set_parameters({"w1": [[0.05]]})
    history = net.fit([[1.0]], [[0.0]], method=method, epochs=300)
    assert history.cost[-1] < history.cost[0]
    assert net.vector[0] > 0


def test_running_means_are_kept_up():
    for method in METHODS:
        net = cr.Network(2, [cr.BatchNorm(), cr.Dense(1)])
        before = net.states["mean1"].copy()
        net.fit(X, T, method=method, epochs=2)
        assert not np.array_equal(before, net.states["mean1"]), method


@pytest.mark.parametrize("method", METHODS)
def test_many_networks_and_restarts(method):
    alone, together = xor(1), xor(1)
    alone.fit(X, T, method=method, epochs=3)
    cr.fit_many([together, xor(2)], X, T, method=method, epochs=3)
    assert np.array_equal(alone.vector, together.vector)
    history = xor().fit(X, T, method=method, epochs=3, restarts=2)
    assert len(history.starts) == 2


def test_a_copy_goes_on():
    net = xor()
    net.fit(X, T, method="genetic", epochs=2)
    copy, before = deepcopy(net), net.vector.copy()
    copy.fit(X, T, method="genetic", epochs=20)
    assert np.array_equal(net.vector, before)
    net.fit(X, T, method="genetic", epochs=20)
    assert np.array_equal(net.vector, copy.vector)
    assert not np.array_equal(net.vector, before)


BAD = [
    ({"method": "genetics"}, "unknown method 'genetics': did you mean 'genetic'"),
    ({"method": 3}, "unknown method 3"),
    ({"method": Genetic}, "unknown method"),
    ({"method": "genetic", "optimizer": "adam"}, "the method genetic has no gradient to give to an optimiser"),
    ({"method": "perturbation", "optimizer": cr.Adam()}, "perturbation has no gradient to give"),
    ({"method": "genetic", "stop_gradient": 0.1}, "genetic has no gradient to stop by"),
    ({"method": "dual_numbers", "engine": "compiled"}, "trains by backpropagation, not by dual_numbers"),
]


@pytest.mark.parametrize(("settings", "message"), BAD, ids=str)
def test_what_makes_no_sense_is_refused(settings, message):
    net = xor()
    before = net.vector.copy()
    with pytest.raises(InputError, match=message):
        net.fit(X, T, **settings)
    with pytest.raises(InputError, match=message):
        cr.fit_many([net], X, T, **settings)
    assert np.array_equal(net.vector, before)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cr.methods.Perturbation(size=0), "size must be a number above 0"),
        (lambda: cr.methods.Perturbation(otherwise="up"), "unknown way to go on"),
        (lambda: cr.methods.Genetic(population=1), "population must be a whole number of at least 2"),
        (lambda: cr.methods.Genetic(elite=50), "elite must be below the population of 50"),
        (lambda: cr.methods.Genetic(mutation=2), "mutation is a probability"),
        (lambda: cr.methods.Genetic(crossover=-1), "crossover must be a number of at least 0"),
        (lambda: cr.methods.Genetic(tournament=0), "tournament must be a whole number"),
        (lambda: cr.methods.Genetic(spread="a"), "spread must be a number above 0"),
        (lambda: cr.methods.ForwardDifferences(0), "step must be a number of at least 1e-15 and below 1"),
        (lambda: cr.methods.CentralDifferences(1e300), "step must be a number of at least 1e-15 and below 1"),
        (lambda: cr.methods.EvolutionStrategies(pairs=0), "pairs must be a whole number"),
        (lambda: cr.methods.EvolutionStrategies(size=0), "size must be a number above 0"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
