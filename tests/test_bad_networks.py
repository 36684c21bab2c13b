"""Networks and configurations that cannot be: an InputError with a sentence, never another exception."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import chainrule as cr
from chainrule.errors import InputError
from refusal import attempt

X, T = np.ones((3, 2)), np.ones((3, 1))


def network(**settings):
    return cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)], **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dtype": "float46"}, "unknown dtype 'float46': did you mean 'float64'"),
        ({"dtype": ["float64"]}, "unknown dtype"),
        ({"dtype": np.ones(3)}, "unknown dtype"),
        ({"dtype": "float16"}, "unknown dtype"),
        ({"dtype": None}, "unknown dtype"),
        ({"reduction": "men"}, "unknown reduction 'men': did you mean 'mean'"),
        ({"reduction": ["mean"]}, "unknown reduction"),
        ({"reduction": np.array(["mean", "sum"])}, "unknown reduction"),
        ({"seed": -1}, "the seed must be a whole number of at least 0, not -1"),
        ({"seed": 1.5}, "the seed"),
        ({"seed": None}, "the seed"),
        ({"seed": True}, "the seed"),
        ({"seed": "0"}, "the seed"),
        ({"seed": 10**50}, "the seed must be a whole number of at most"),
        ({"loss": "mse"}, "unknown loss 'mse'.*Known: .*squared_error"),
        ({"loss": None}, "unknown loss None"),
        ({"loss": {"name": "own"}}, "configuration of a loss"),
        ({"penalties": None}, "penalties must be a list"),
        ({"penalties": [None]}, "penalties must be a list"),
        ({"penalties": "L2"}, "penalties must be a list"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        network(**settings)


@pytest.mark.parametrize("step", [0, -1, 1.5, "1", None, True, float("nan")])
def test_steps_of_training_count_from_1(step):
    net = cr.Network(2, [cr.Dropout(0.5), cr.Dense(1)])
    for use in (net.gradients, net.values):
        with pytest.raises(InputError, match="step must be a whole number of at least 1"):
            use(X, T, training=True, step=step)
    with pytest.raises(InputError, match="step must be a whole number"):
        cr.check_gradients(net, X, T, training=True, step=step)


@pytest.mark.parametrize("values", [None, [1], "w1", 3, [("w1", 1)]], ids=repr)
def test_parameters_are_given_by_name(values):
    with pytest.raises(InputError, match="parameters are given by name"):
        network().set_parameters(values)
    with pytest.raises(InputError, match="states are given by name"):
        cr.Network(2, [cr.BatchNorm()]).set_states(values)


def test_states_and_parameters_are_not_each_other():
    net = cr.Network(2, [cr.BatchNorm()])
    with pytest.raises(InputError, match="unknown state 'scale1'"):
        net.set_states({"scale1": [1, 1]})
    with pytest.raises(InputError, match="unknown parameter 'mean1'"):
        net.set_parameters({"mean1": [1, 1]})
    with pytest.raises(InputError, match="unknown parameter 3"):
        net.set_parameters({3: [1, 1]})
    net.set_states({"mean1": [1, 2]})
    assert net.states["mean1"].tolist() == [1, 2]


@pytest.mark.parametrize("seed", [-1, 1.5, "a", True])
def test_initialize_takes_a_seed(seed):
    with pytest.raises(InputError, match="the seed"):
        network().initialize(seed)


@pytest.mark.parametrize("config", [None, 3, "abc", [], [1, 2], {}, {"layers": []}, [("layers", [])]], ids=repr)
def test_what_is_no_configuration_is_said(config):
    with pytest.raises(InputError):
        cr.Network.from_config(config)


def test_unknown_words_in_a_configuration_are_said():
    config = network().config
    with pytest.raises(InputError, match="epochs"):
        cr.Network.from_config({**config, "epochs": 3})
    with pytest.raises(InputError, match="unknown layer 'Dens': did you mean 'Dense'"):
        cr.Network.from_config({**config, "layers": [{"type": "Dens", "units": 1}]})
    with pytest.raises(InputError, match=r"Dense cannot be made.*unit"):
        cr.Network.from_config({**config, "layers": [{"type": "Dense", "unit": 1}]})
    with pytest.raises(InputError, match="L3"):
        cr.Network.from_config({**config, "penalties": [["L3", 0.1]]})


FULL = cr.Network(
    2,
    [
        cr.Dense(2, cr.Activation("own", "k * x", k=2), init=cr.Init("normal", 0.3)),
        cr.Residual([cr.Dropout(0.1), cr.LayerNorm(), cr.BatchNorm("relu"), cr.Dense(2)]),
        cr.Layer("g[n,j] = v[j] * x[n,j]", {"v": "he"}),
    ],
    cr.Loss("own", "q * (y - t)**2", q=0.5),
    penalties=[cr.L1(0.1), cr.L2(0.2)],
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats()
    | st.sampled_from(["", "Dense", "relu", "he", "x", "L2"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "units", "name"]), inner, max_size=2)
    ),
    max_leaves=3,
)


def places(config, path=()):
    yield path
    if isinstance(config, dict | list):
        for key in config if isinstance(config, dict) else range(len(config)):
            yield from places(config[key], (*path, key))


@given(st.sampled_from(list(places(FULL.config))), JSON)
def test_a_configuration_damaged_anywhere_is_a_network_or_an_input_error(path, value):
    config = json.loads(json.dumps(FULL.config))
    if path:
        inner = config
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
    else:
        config = value
    net, refusal = attempt(lambda: cr.Network.from_config(config))
    if refusal:
        assert len(refusal) < 1000
    else:
        assert net.predict(np.ones((2, net.inputs))).shape == (2, net.outputs)
        json.dumps(net.config)
