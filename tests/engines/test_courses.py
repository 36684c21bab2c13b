"""The course of a training is the same on both engines: records, logs, reasons to stop, failures, and any threads."""

from __future__ import annotations

import csv
import re
from dataclasses import replace

import numpy as np
import pytest
from pairs import WEIGHTS, WIDE_X, Setup, X, targets

import chainrule as cr
from chainrule.errors import InputError, TrainingError

SETUPS = {
    "registers": Setup([cr.Dense(3, "tanh"), cr.Dropout(0.2), cr.Dense(2)], cr.Momentum(0.05)),
    "unit by unit": Setup(
        [cr.Dense(4, "tanh"), cr.LayerNorm("tanh"), cr.Dense(3, "softmax")], cr.Adam(0.02), "cross_entropy"
    ),
    "products": Setup(
        [cr.Dense(18, "tanh"), cr.BatchNorm(), cr.Dropout(0.2), cr.Dense(2)],
        cr.Adam(cr.Cosine(0.02), clip_norm=1.0),
        network={"penalties": [cr.L2(0.01)]},
        x=WIDE_X,
    ),
}
each_setup = pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)


def assert_same_course(setup, **settings):
    """Train on both engines; return the histories, once they are the same."""
    histories = []
    for engine in ("reference", "compiled"):
        net, history = setup.fit(engine, **settings)
        histories.append((net, history))
    (expected, history), (found, course) = histories
    assert course.columns().keys() == history.columns().keys()
    for name, column in history.columns().items():
        np.testing.assert_allclose(course.columns()[name], column, rtol=1e-8, atol=1e-11, err_msg=name)
    for name in ("stopped", "epochs", "steps", "best_epoch"):
        assert getattr(course, name) == getattr(history, name), name
    np.testing.assert_allclose(found.vector, expected.vector, rtol=1e-8, atol=1e-8)
    for name, state in expected.states.items():
        np.testing.assert_allclose(found.states[name], state, rtol=1e-8, atol=1e-8, err_msg=name)
    return history


# Records and logs


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        ({"epochs": 8, "log_every": 3}, [0, 3, 6, 7]),
        ({"epochs": 9, "log_every": 4, "batch_size": None}, [0, 4, 8]),
        ({"epochs": 20, "log_rows": 4}, [0, 10, 19]),
        ({"epochs": 3, "log_every": 100}, [0, 2]),
        ({"epochs": 1}, [0]),
        ({"epochs": 2101, "batch_size": None, "log_every": 1}, list(range(2101))),
        ({"epochs": 1500, "batch_size": 40}, [*range(0, 1500), 1499]),
    ],
)
def test_the_same_epochs_go_on_record(settings, rows):
    history = assert_same_course(SETUPS["registers"], **settings)
    assert history.epoch == sorted(set(rows))


def logs(setup, path, names, **settings):
    """Return the columns of the logs of both engines: for each name the rows of one, then those of the other."""
    written = []
    for engine in ("reference", "compiled"):
        setup.fit(engine, epochs=3, log_every=2, log=path, log_values=names, **settings)
        with path.open(newline="") as file:
            header, *rows = csv.reader(file)
        written.append((header, np.array(rows, float)))
    (expected, one), (found, two) = written
    assert found == expected
    assert len(one) == len(two) == 2
    return dict(zip(expected, np.stack([one, two]).T, strict=True))


def assert_same_columns(columns):
    for name, both in columns.items():
        np.testing.assert_allclose(both[:, 1], both[:, 0], rtol=1e-8, atol=1e-11, err_msg=name)


@pytest.mark.parametrize(("name", "weighted"), [*((name, False) for name in SETUPS), ("registers", True)])
def test_logs_of_every_array_are_the_same(name, weighted, tmp_path):
    """Parameters, derivatives, inputs and masks, states of the optimiser; what is summed in parts is no array."""
    setup = SETUPS[name]
    net, weights = setup.net(), {"sample_weight": WEIGHTS} if weighted else {}
    trained = [parameter.ref.name for parameter in net.architecture.trainable]
    program = net.program([*trained, "x"], training=True, optimizer=setup.optimizer, weighted=weighted)
    names = [name for name in program.declarations() if name not in net.states]
    columns = logs(setup, tmp_path / "log.csv", [*names, "cost", "rate"], **weights)
    assert {"w1[0,0]", "d_w1[0,0]", "d_x[1,0]", "x[1,0]", "y[0,1]", "E"} <= columns.keys()
    assert_same_columns(columns)


def test_logs_of_running_means_are_the_same(tmp_path):
    for layers in ([cr.BatchNorm(), cr.Dense(1)], [cr.BatchNorm(), cr.Dense(20), cr.Dense(1)]):
        assert_same_columns(logs(Setup(layers, x=WIDE_X), tmp_path / "log.csv", ["mean1", "var1"]))


@pytest.mark.parametrize("name", ["registers", "products"])
def test_the_default_log_is_the_same(name, tmp_path):
    setup = SETUPS[name]
    texts = []
    for engine in ("reference", "compiled"):
        path = tmp_path / f"{engine}.csv"
        setup.fit(engine, epochs=5, log=path, validation=(setup.x, setup.t))
        texts.append(path.read_text().splitlines())
    assert texts[0][0] == texts[1][0]
    numbers = [np.array([line.split(",") for line in text[1:]], float) for text in texts]
    np.testing.assert_allclose(numbers[1], numbers[0], rtol=1e-8, atol=1e-11)


def test_schedules_longer_than_a_call_are_followed_to_the_end():
    setup = Setup([cr.Dense(1)], cr.GradientDescent(cr.Cosine(0.1), bias_rate=cr.InverseScaling(0.1)))
    history = assert_same_course(setup, epochs=5000, batch_size=None, log_every=1)
    assert history.rate[-1] == 0.0
    assert len(set(history.rate)) > 4000


# Reasons to stop


def stop_after(rows):
    return lambda net, history: len(history) == rows


def interrupt_after(rows):
    def callback(net, history):
        if len(history) == rows:
            raise KeyboardInterrupt

    return callback


def shrink(net, history):
    net.vector *= 0.9


V = np.random.default_rng(2).normal(size=(20, 20))
STOPS = {
    "early, by validation": {"early_stopping": 2, "validation": "some", "epochs": 60},
    "early, by training": {"early_stopping": 2, "epochs": 200},
    "early, on record now and then": {"early_stopping": 3, "epochs": 80, "log_every": 4},
    "early, at the end": {"early_stopping": 50, "epochs": 12},
    "a part set aside": {"validation_fraction": 0.3, "epochs": 6},
    "a part set aside, early": {"validation_fraction": 0.3, "early_stopping": 2, "epochs": 60},
    "cost": {"stop_cost": "0.9", "epochs": 60},
    "cost, between records": {"stop_cost": "0.9", "epochs": 60, "log_every": 50},
    "cost, at once": {"stop_cost": 1e6, "epochs": 60},
    "gradient": {"stop_gradient": 1e6, "epochs": 5},
    "gradient, never": {"stop_gradient": 1e-9, "epochs": 5},
    "a callback": {"callbacks": [stop_after(4)], "epochs": 60},
    "a callback, on record now and then": {"callbacks": [stop_after(3)], "epochs": 60, "log_every": 5},
    "a key": {"callbacks": [interrupt_after(3)], "epochs": 60},
    "a callback that changes parameters": {"callbacks": [shrink], "epochs": 4},
    "out of time": {"stop_seconds": 1e-9, "epochs": 60},
    "weights": {"sample_weight": WEIGHTS, "early_stopping": 2, "epochs": 40},
}


def settings_of(setup, name):
    """Return the settings of a stop; costs are parts of the first one, which networks differ in."""
    settings = dict(STOPS[name])
    if settings.get("validation"):
        inputs = V[:, : setup.x.shape[1]]
        settings["validation"] = inputs, targets(setup.net().architecture.loss.targets, setup.net().outputs, len(V))
    if settings.get("stop_cost") == "0.9":
        settings["stop_cost"] = 0.9 * setup.fit("reference", epochs=1)[1].cost[0]
    return settings


@each_setup
@pytest.mark.parametrize("name", STOPS)
def test_training_stops_for_the_same_reason_in_the_same_place(setup, name):
    assert_same_course(setup, **settings_of(setup, name))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("early, by validation", "no lower validation cost in 2 epochs"),
        ("cost", "is at most stop_cost"),
        ("gradient", "is at most stop_gradient 1e+06"),
        ("a callback", "a callback asked for it"),
        ("a key", "interrupted"),
        ("out of time", "1e-09 seconds are over"),
    ],
)
def test_the_reasons_are_those_that_are_meant(name, reason):
    setup = SETUPS["unit by unit"]
    _, history = setup.fit("compiled", **settings_of(setup, name))
    assert reason in history.stopped


@each_setup
def test_callbacks_see_the_same_parameters(setup):
    seen = {"reference": [], "compiled": []}
    for engine, vectors in seen.items():
        setup.fit(
            engine, epochs=4, callbacks=[lambda net, history, kept=vectors: kept.append(net.vector.copy()) and None]
        )
    assert len(seen["compiled"]) == 4
    np.testing.assert_allclose(seen["compiled"], seen["reference"], rtol=1e-8, atol=1e-8)


@each_setup
def test_predictions_after_compiled_training_are_those_of_the_equations(setup):
    net, _ = setup.fit("compiled")
    np.testing.assert_allclose(net.predict(setup.x), net.values(setup.x, setup.t)["y"], rtol=1e-12, atol=1e-13)


# Failures

EXPLODING = cr.Activation("exploding", "exp(300 * x)")
LARGE = {"epochs": 400, "batch_size": 16}
FAILURES = {
    "cost": Setup([cr.Dense(3), cr.Dense(1)], cr.GradientDescent(5.0), training=LARGE),
    "cost, in the first epoch": Setup([cr.Dense(3), cr.Dense(1)], cr.GradientDescent(50.0), training=LARGE),
    "cost, much later": Setup([cr.Dense(1)], cr.GradientDescent(1.9), training={"epochs": 9000, "batch_size": None}),
    "cost of a wide network": Setup([cr.Dense(18), cr.Dense(1)], cr.GradientDescent(2.0), x=WIDE_X, training=LARGE),
    "update": Setup([cr.Dense(3, "relu"), cr.Dense(1)], cr.GradientDescent(1e308), training=LARGE),
    "momentum": Setup([cr.Dense(8, "relu"), cr.Dense(6), cr.Dense(1)], cr.Momentum(3.0), training=LARGE),
    "formula": Setup([cr.Dense(3, EXPLODING), cr.Dense(1)], training={"epochs": 3}),
    "gradient norm": Setup([cr.Dense(1)], cr.GradientDescent(1e160, clip_norm=1e160), x=1e80 * X, training=LARGE),
    "running variance": Setup([cr.BatchNorm(), cr.Dense(1)], x=1e160 * X, training={"batch_size": None}),
    "wide running variance": Setup(
        [cr.BatchNorm(), cr.Dense(20), cr.Dense(1)], x=1e160 * WIDE_X, training={"batch_size": None}
    ),
    "penalties": Setup([cr.Dense(2)], cr.GradientDescent(1.0), network={"penalties": [cr.L2(30)]}, training=LARGE),
}


def failure(setup, engine):
    """Return what an engine says, and the network after it."""
    net = setup.net()
    with pytest.raises(TrainingError) as caught:
        net.fit(setup.x, setup.t, optimizer=setup.optimizer, engine=engine, threads=1, **setup.training)
    assert np.isfinite(net.vector).all()
    assert all(np.isfinite(state).all() for state in net.states.values())
    return str(caught.value), net


@pytest.mark.parametrize("setup", FAILURES.values(), ids=FAILURES)
def test_training_that_diverges_says_the_same_and_keeps_finite_parameters(setup):
    (expected, kept), (found, net) = failure(setup, "reference"), failure(setup, "compiled")
    assert found == expected
    np.testing.assert_allclose(net.vector, kept.vector, rtol=1e-6)


def test_running_means_are_those_of_before_after_the_first_step_failed():
    setup = FAILURES["running variance"]
    _, net = failure(setup, "compiled")
    for name, state in setup.net().states.items():
        np.testing.assert_array_equal(net.states[name], state, err_msg=name)


@pytest.mark.parametrize("name", ["cost", "cost of a wide network", "update", "formula", "penalties"])
def test_in_single_precision_the_step_may_differ_a_little(name):
    setup = replace(
        FAILURES[name], network={**FAILURES[name].network, "dtype": "float32"}, optimizer=single(FAILURES[name])
    )
    (expected, _), (found, _) = failure(setup, "reference"), failure(setup, "compiled")
    number = r"step (\d+) \(epoch (\d+)\)"
    assert abs(int(re.search(number, found)[1]) - int(re.search(number, expected)[1])) <= 3
    assert re.sub(number, "", found).split(";")[0] == re.sub(number, "", expected).split(";")[0]


def single(setup):
    return replace(setup.optimizer, rate=min(setup.optimizer.rate, 1e38))


# Threads

MIDDLING = Setup(
    [cr.Dense(60, "tanh"), cr.BatchNorm(), cr.Dropout(0.1), cr.Dense(10, "softmax")],
    cr.Adam(0.01, clip_norm=1.0),
    "cross_entropy",
    x=np.random.default_rng(1).normal(size=(850, 40)),
    network={"penalties": [cr.L2(1e-3)], "dtype": "float32"},
    training={"batch_size": 400, "epochs": 4},
)


def test_results_are_the_same_to_the_bit_for_any_threads_and_each_time():
    first, history = MIDDLING.fit("compiled", threads=1)
    for threads in (2, 3, 3, 1):
        net, course = MIDDLING.fit("compiled", threads=threads)
        assert course.engine == f"compiled, {threads} thread{'s' * (threads > 1)}, as asked for"
        assert np.array_equal(net.vector, first.vector)
        assert all(np.array_equal(net.states[name], state) for name, state in first.states.items())
        assert course.columns() == history.columns()


# Which engine


def test_little_work_is_left_to_the_reference_engine():
    net, history = SETUPS["registers"].fit("auto", threads=None)
    assert history.engine == "reference: the work ahead is too little to compile for"
    assert net.engine == "reference"


def test_much_work_is_compiled_for():
    settings = {"epochs": 10**6, "callbacks": [stop_after(1)]}
    net, history = SETUPS["registers"].fit("auto", **settings)
    assert re.fullmatch(
        r"compiled, 1 thread: the reference engine would take about \d+ (s|minutes|hours)", history.engine
    )
    assert history.epochs == 1
    assert net.engine == "compiled"


def test_the_engine_that_is_asked_for_trains():
    for engine in ("reference", "compiled"):
        net, history = SETUPS["registers"].fit(engine)
        assert history.engine.startswith(engine)
        assert history.engine.endswith(", as asked for")
        assert net.engine == engine


LEFT = {
    "other rows": cr.Layer("h[n,j] = x[n,j]**2\nz[n,j] = x[n,j] + h[N - 1 - n, j]"),
    "the largest of a batch": cr.Layer("z[n,j] = x[n,j] - max(n, x[n,j])"),
    "a name of the generated source": cr.Layer("same[n,j] = fixed * x[n,j]", {"fixed": "glorot"}),
}


@pytest.mark.parametrize("layer", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize(("width", "x"), [(3, X), (20, WIDE_X)])
def test_what_the_compiled_engine_does_not_know_is_left_to_the_reference_engine(layer, width, x):
    setup = Setup([cr.Dense(width), layer, cr.Dense(1)], cr.Adam(0.01), x=x)
    with pytest.raises(InputError, match="the compiled engine cannot train this network: "):
        setup.fit("compiled")
    net, history = setup.fit("auto", epochs=10**6, callbacks=[stop_after(1)])
    assert history.engine.startswith("reference: ")
    assert "too little" not in history.engine
    assert net.engine == "reference"
