"""What is recorded of a training: which epochs, which values, and the CSV files."""

from __future__ import annotations

import csv

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import chainrule as cr
from chainrule.errors import InputError
from chainrule.history import Records, norm

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(10, 2)), RNG.normal(size=(10, 1))


def network(**settings):
    return cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)], **{"dtype": "float64", "seed": 1, **settings})


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {
        name: [float(cell) for cell in column] for name, column in zip(header, zip(*rows, strict=True), strict=True)
    }


def test_values_are_those_before_the_update():
    """Full batch: each row can be computed with the parameters of that moment."""
    net, twin = network(), network()
    history = net.fit(X, T, optimizer=cr.GradientDescent(0.1), epochs=4, batch_size=None)
    for epoch in range(4):
        gradients = twin.gradients(X, T)
        assert history.epoch[epoch] == epoch
        assert history.cost[epoch] == pytest.approx(twin.loss(X, T), rel=1e-13)
        assert history.error[epoch] == pytest.approx(np.abs(T - twin.predict(X)).mean(), rel=1e-13)
        assert history.rate[epoch] == 0.1
        for layer in ("1", "2"):
            length = np.sqrt((gradients[f"w{layer}"] ** 2).sum() + (gradients[f"b{layer}"] ** 2).sum())
            assert history.gradient_norm[layer][epoch] == pytest.approx(length, rel=1e-12)
        twin.fit(X, T, optimizer=cr.GradientDescent(0.1), epochs=1, batch_size=None)
    assert (history.epochs, history.steps, len(history)) == (4, 4, 4)


def test_the_error_is_the_mean_distance_of_outputs_and_targets():
    net = cr.Network(2, [cr.Dense(3, "sigmoid")], dtype="float64")
    t = RNG.uniform(size=(10, 3))
    distance = np.linalg.norm(t - net.predict(X), axis=1).mean()
    history = net.fit(X, t, optimizer=cr.GradientDescent(0), epochs=1, batch_size=3)
    assert history.error == [pytest.approx(distance, rel=1e-12)]


@pytest.mark.parametrize("weights", [None, [1, 2, 0, 3, 1, 1, 0.5, 5, 1, 2]], ids=["plain", "weighted"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("batch_size", [1, 3, 10, None])
def test_the_cost_of_an_epoch_is_that_of_all_its_samples(weights, reduction, batch_size):
    net = network(reduction=reduction, penalties=[cr.L2(0.3), cr.L1(0.2)])
    right = net.loss(X, T, weights)
    still = cr.GradientDescent(0)
    history = net.fit(X, T, optimizer=still, epochs=2, batch_size=batch_size, sample_weight=weights)
    assert history.cost == [pytest.approx(right, rel=1e-12)] * 2


def test_the_validation_cost_is_measured_after_the_epoch_without_penalties():
    net = network(penalties=[cr.L2(0.5)])
    history = net.fit(X, T, optimizer=cr.GradientDescent(0.1), epochs=3, validation=(X[:4], T[:4]))
    plain = network()
    plain.set_parameters(net.parameters)
    assert history.validation_cost[-1] == pytest.approx(plain.loss(X[:4], T[:4]), rel=1e-13)
    assert len(history.validation_cost) == 3


@given(st.integers(1, 5000), st.none() | st.integers(3, 300), st.none() | st.integers(1, 300), st.booleans())
def test_epochs_on_record_are_evenly_spaced_from_0(epochs, rows, every, closely):
    records = Records.choose(epochs, rows, every, closely)
    chosen = [epoch for epoch in range(epochs) if records.has(epoch)]
    assert chosen[0] == 0
    assert set(np.diff(chosen)) <= {records.every}
    if every is not None:
        assert records.every == every
    elif rows is not None:
        assert min(rows - 2, epochs) <= len(chosen)
        assert records.every == max(1, epochs // (rows - 2))
    elif closely or epochs <= 1000:
        assert len(chosen) == epochs


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [
        ({"log_every": 3}, [0, 3, 6, 9]),
        ({"log_every": 4}, [0, 4, 8, 9]),
        ({"log_rows": 4}, [0, 5, 9]),
        ({"log_rows": 100}, list(range(10))),
        ({"log_every": 50}, [0, 9]),
        ({}, list(range(10))),
    ],
)
def test_the_last_epoch_is_always_on_record(settings, epochs, tmp_path):
    history = network().fit(X, T, epochs=10, log=tmp_path / "log.csv", **settings)
    assert history.epoch == epochs
    assert read(tmp_path / "log.csv")["epoch"] == epochs


def test_the_log_has_the_columns_of_the_history_to_the_last_digit(tmp_path):
    net = network()
    history = net.fit(X, T, epochs=5, validation_fraction=0.3, log=tmp_path / "log.csv", batch_size=3)
    columns = read(tmp_path / "log.csv")
    expected = {name: [float(value) for value in values] for name, values in history.columns().items()}
    evaluations = expected.pop("evaluations")  # which a log has only where asked for
    assert list(columns) == list(expected)
    assert columns == expected
    assert list(columns)[:5] == ["epoch", "cost", "error", "validation_cost", "rate"]
    history.to_csv(tmp_path / "again.csv")
    assert read(tmp_path / "again.csv") == {**columns, "evaluations": evaluations}


def test_arrays_in_the_log_have_a_column_for_each_element(tmp_path):
    net, twin = network(), network()
    values = ["error", "w1", "b2", "d_w1", "d_x", "y", "rate"]
    net.fit(
        X[:2],
        T[:2],
        optimizer=cr.GradientDescent(0.1),
        epochs=2,
        batch_size=None,
        log=tmp_path / "l.csv",
        log_values=values,
    )
    columns = read(tmp_path / "l.csv")
    elements = [f"w1[{i},{j}]" for i in range(2) for j in range(3)]
    assert list(columns)[:9] == ["epoch", "error", *elements, "b2"]
    assert {"d_x[1,0]", "y[1,0]", "rate"} <= set(columns)
    for epoch in range(2):
        numbers = twin.values(X[:2], T[:2])
        assert columns["w1[1,2]"][epoch] == pytest.approx(numbers["w1"][1, 2], rel=1e-13)
        assert columns["d_w1[0,1]"][epoch] == pytest.approx(numbers["d_w1"][0, 1], rel=1e-12)
        assert columns["d_x[1,0]"][epoch] == pytest.approx(numbers["d_x"][1, 0], rel=1e-12)
        assert columns["y[1,0]"][epoch] == pytest.approx(numbers["y"][1, 0], rel=1e-13)
        twin.fit(X[:2], T[:2], optimizer=cr.GradientDescent(0.1), epochs=1, batch_size=None)


def test_logged_derivatives_change_nothing_in_the_training(tmp_path):
    net, twin = network(), network()
    net.fit(X, T, epochs=3, log=tmp_path / "l.csv", log_values=["d_x", "d_y", "d_z1", "m_w1", "validation_cost"][:4])
    twin.fit(X, T, epochs=3)
    assert np.array_equal(net.vector, twin.vector)


def test_the_log_may_choose_the_validation_cost(tmp_path):
    history = network().fit(
        X, T, epochs=3, validation=(X, T), log=tmp_path / "l.csv", log_values=["validation_cost", "cost"]
    )
    columns = read(tmp_path / "l.csv")
    assert list(columns) == ["epoch", "validation_cost", "cost"]
    assert columns["validation_cost"] == history.validation_cost


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["eror"], "unknown column of the log 'eror': did you mean 'error'"),
        (["w3"], "unknown column of the log 'w3'"),
        (["d_w3"], "unknown column of the log 'd_w3': did you mean 'd_w"),
        (["d_"], "unknown column of the log 'd_'"),
        (["d_d_w1"], "unknown column of the log"),
        (["d_rate"], "unknown column of the log"),
        (["d_m_w1"], "unknown column of the log"),
        (["w1[0,0]"], "unknown column of the log"),
        (["validation_cost"], "validation"),
        ("error", "log_values"),
        (3, "log_values"),
        ([3], "log_values"),
    ],
)
def test_unknown_columns_are_said_before_anything_happens(values, message, tmp_path):
    path, net = tmp_path / "log.csv", network()
    path.write_text("old")
    before = net.vector.copy()
    with pytest.raises(InputError, match=message):
        net.fit(X, T, log=path, log_values=values)
    assert path.read_text() == "old"
    assert np.array_equal(net.vector, before)


def test_log_values_without_a_log_are_refused():
    with pytest.raises(InputError, match="log"):
        network().fit(X, T, log_values=["error"])


@pytest.mark.parametrize("path", ["", "missing/log.csv", "\0", 3, 3.5, ["log.csv"]], ids=repr)
def test_a_log_that_cannot_be_written_is_said(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="log"):
        network().fit(X, T, log=path)
    with pytest.raises(InputError):
        cr.History().to_csv(path)
    with pytest.raises(InputError, match="log"):
        network().fit(X, T, log=tmp_path)


def test_each_row_is_in_the_file_at_once(tmp_path):
    path, rows = tmp_path / "log.csv", []

    def look(net, history):
        rows.append(len(path.read_text().splitlines()))

    network().fit(X, T, epochs=3, log=path, callbacks=[look])
    assert rows == [2, 3, 4]


def test_a_history_shows_itself():
    history = network().fit(X, T, epochs=2)
    assert repr(history) == f"History(2 epochs, cost {history.cost[-1]:.6g}; all epochs done)"
    assert "0 epochs" in repr(cr.History())
    assert history.seconds > 0
    assert history.engine == "reference: the work ahead is too little to compile for"


def test_the_norm_of_several_arrays_is_that_of_all_elements():
    assert norm(np.array([3.0]), np.array([[0.0, 4.0]])) == 5
    assert norm(np.float32(3e30)) == pytest.approx(3e30)
    assert norm() == 0
