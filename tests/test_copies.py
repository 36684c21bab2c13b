"""Networks are copied, pickled and made from configurations without losing their views."""

import copy
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError

WAYS = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda net: pickle.loads(pickle.dumps(net)),
    "config": lambda net: cr.Network.from_config(net.config),
}


def network():
    net = cr.Network(2, [cr.Dense(3, "tanh"), cr.BatchNorm(), cr.Dropout(0.2), cr.Dense(1)], dtype="float64", seed=4)
    net.predict([[0.0, 1.0]])  # plans are made, and must not be in the way
    return net


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_copy_has_the_same_numbers_and_its_own_views(way):
    net = network()
    other = way(net)
    np.testing.assert_array_equal(other.vector, net.vector)
    assert all(np.shares_memory(value, other.vector) for value in other.parameters.values())
    assert not np.shares_memory(other.vector, net.vector)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_copy_trains_as_the_original_does(way):
    x, t = np.random.default_rng(0).normal(size=(8, 2)), np.ones(8)
    net = network()
    other = way(net)
    for each in (net, other):
        each.fit(x, t, epochs=5, early_stopping=2, validation=(x, t))
    np.testing.assert_array_equal(other.vector, net.vector)
    for name, value in net.states.items():
        np.testing.assert_array_equal(other.states[name], value)


def test_parameters_cannot_be_put_beside_the_vector():
    net = network()
    with pytest.raises(TypeError):
        net.parameters["w1"] = np.zeros((2, 3))
    with pytest.raises(AttributeError):
        net.parameters = {}


def test_a_layer_of_ones_own_class_has_no_configuration():
    class Twice:
        def build(self, builder, x, output=None):
            return cr.Layer("twice[n,i] = 2 * x[n,i]").build(builder, x, output)

        @property
        def config(self):
            return {}

    net = cr.Network(2, [Twice(), cr.Dense(1)])
    assert net.predict([[1.0, 2.0]]).shape == (1, 1)
    with pytest.raises(InputError, match="a Twice is no layer of chainrule and cannot be saved"):
        _ = net.config
