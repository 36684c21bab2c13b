"""Compiled runs without training: outputs and costs of every row, as the reference engine has them."""

import copy
import pickle
import threading

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import choice, running

RNG = np.random.default_rng(0)

NETWORKS = {
    "tiny": lambda dtype: cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(2, "sigmoid")], dtype=dtype),
    "wide": lambda dtype: cr.Network(20, [cr.Dense(40, "relu"), cr.Dense(30, "softmax")], "cross_entropy", dtype=dtype),
    "large": lambda dtype: cr.Network(300, [cr.Dense(300, "relu"), cr.Dense(2)], dtype=dtype),
    "running means": lambda dtype: cr.Network(3, [cr.Dense(20), cr.BatchNorm("gelu"), cr.Dense(1)], dtype=dtype),
    "norms": lambda dtype: cr.Network(5, [cr.Residual([cr.LayerNorm(), cr.Dense(5)]), cr.Dense(2)], dtype=dtype),
    "dropout": lambda dtype: cr.Network(5, [cr.Dense(18, "elu"), cr.Dropout(0.5), cr.Dense(2)], dtype=dtype),
}


@pytest.fixture(params=NETWORKS)
def net(request):
    made = NETWORKS[request.param]("float64")
    made.set_states({name: RNG.uniform(0.5, 2, value.shape) for name, value in made.states.items()})
    return made


@pytest.mark.parametrize("rows", [1, 7, 300, 5000])
def test_outputs_are_those_of_the_reference_engine(net, rows):
    x = RNG.normal(size=(rows, net.inputs))
    expected = net.predict(x)
    net.engine = "compiled"
    found = net.predict(x)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    assert found.dtype == net.dtype
    assert found.flags.owndata
    assert net.predict(x[:3]).shape == (min(rows, 3), net.outputs)  # fewer rows after more
    assert np.array_equal(net.predict(x), found)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
def test_costs_without_penalties_are_those_of_the_reference_engine(reduction, weighted):
    layers, penalties = [cr.Dense(20, "tanh"), cr.Dense(3)], [cr.L2(0.3)]
    net = cr.Network(4, layers, "huber", penalties=penalties, reduction=reduction, dtype="float64")
    x, t, weights = RNG.normal(size=(50, 4)), RNG.normal(size=(50, 3)), RNG.uniform(0.1, 2, 50)
    given = net.given(x, t, weights if weighted else None)
    expected = net.cost(given, penalties=False)
    assert expected < net.cost(given)
    net.engine = "compiled"
    assert net.cost(given, penalties=False) == pytest.approx(expected, rel=1e-12)


def test_predictions_follow_the_weights():
    net = NETWORKS["wide"]("float32")
    net.engine = "compiled"
    x = RNG.normal(size=(3, 20))
    before = net.predict(x)
    net.set_parameters({"w1": net.parameters["w1"] * 2})
    assert not np.allclose(net.predict(x), before)
    net.initialize()
    assert np.array_equal(net.predict(x), before)


def test_copies_predict_by_themselves():
    net = NETWORKS["wide"]("float32")
    net.engine = "compiled"
    x = RNG.normal(size=(3, 20))
    before = net.predict(x)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        twin.vector[...] = 0
        assert np.array_equal(net.predict(x), before)
        assert np.allclose(twin.predict(x), 1 / 30)
        assert twin.engine == "compiled"


def test_several_threads_may_predict_at_once():
    net = NETWORKS["wide"]("float32")
    net.engine = "compiled"
    inputs = [RNG.normal(size=(rows, 20)) for rows in (1, 50, 400, 3000)] * 4
    alone = [net.predict(x) for x in inputs]
    found = [None] * len(inputs)

    def predict(place):
        found[place] = net.predict(inputs[place])

    threads = [threading.Thread(target=predict, args=(place,)) for place in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(found, alone, strict=True):
        assert np.array_equal(one, other)


def test_the_number_of_cores_does_not_change_a_bit(monkeypatch):
    net = NETWORKS["wide"]("float32")
    net.engine = "compiled"
    x = RNG.normal(size=(6000, 20))
    found = []
    for cores in (1, 2, 3):
        monkeypatch.setattr(running, "available_cores", lambda cores=cores: cores)
        found.append(net.predict(x).tobytes())
    assert len(set(found)) == 1


def test_rows_that_need_each_other_are_left_to_the_reference_engine():
    centred = cr.Layer("centred[n,j] = x[n,j] - sum(n, x[n,j]) / N")
    net = cr.Network(2, [centred, cr.Dense(1)], dtype="float64")
    x = RNG.normal(size=(5, 2))
    expected = net.predict(x)
    net.engine = "compiled"
    assert np.array_equal(net.predict(x), expected)


def test_much_work_is_compiled_and_little_is_not(monkeypatch):
    net = NETWORKS["wide"]("float32")
    runs = []
    monkeypatch.setattr(choice.RunChoice, "run_for", lambda self, rows: runs.append((rows, self.least_rows)))
    net.predict(np.zeros((4, 20)))
    (rows, least), *_ = runs
    assert rows == 4 < least < 10**9


def test_the_engine_that_trained_predicts():
    net = NETWORKS["tiny"]("float32")
    x = np.zeros((4, 2))
    assert net.engine == "reference"
    net.fit(x, x, epochs=1, engine="compiled")
    assert net.engine == "compiled"
    net.fit(x, x, epochs=1, engine="reference")
    assert net.engine == "reference"
