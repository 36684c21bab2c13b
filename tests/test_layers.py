"""What each layer computes, checked against NumPy; and what a layer that cannot be made says."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.draws import dropout_mask
from chainrule.layers import LAYERS, layer_config, layer_from

X = np.random.default_rng(0).normal(size=(5, 3))


def network(*layers, **settings):
    """A float64 network in which no parameter is 0 or 1."""
    net = cr.Network(3, layers, **{"dtype": "float64", **settings})
    rng = np.random.default_rng(1)
    net.set_parameters({name: rng.normal(size=value.shape) for name, value in net.parameters.items()})
    return net


def output(net, **mode):
    return net.values(X, np.zeros((len(X), net.outputs)), **mode)["y"]


@pytest.mark.parametrize("bias", ["unit", "layer", None])
def test_dense_is_a_product_plus_a_bias(bias):
    net = network(cr.Dense(2, "tanh", bias=bias))
    right = np.tanh(X @ net.parameters["w1"] + net.parameters.get("b1", 0.0))
    np.testing.assert_allclose(net.predict(X), right, rtol=1e-13)


def test_dropout_multiplies_by_the_mask_of_the_step_in_training_alone():
    net = network(cr.Dropout(0.4), seed=9)
    np.testing.assert_array_equal(net.predict(X), X)
    for step in (1, 2, 17):
        mask = dropout_mask(seed=9, step=step, layer=1, shape=X.shape, rate=0.4)
        np.testing.assert_array_equal(output(net, training=True, step=step), X * mask)
    assert not np.array_equal(output(net, training=True, step=1), output(net, training=True, step=2))


def test_each_dropout_of_a_network_has_a_mask_of_its_own():
    net = network(cr.Dropout(0.4), cr.Residual([cr.Dropout(0.4)]), seed=9)
    first, second = (dropout_mask(9, 3, layer, X.shape, 0.4) for layer in (1, 2))
    np.testing.assert_allclose(output(net, training=True, step=3), X * first * (1 + second), rtol=1e-13)


def test_dropout_of_rate_0_keeps_everything():
    np.testing.assert_array_equal(output(network(cr.Dropout(0)), training=True), X)


def test_layer_norm_brings_each_sample_to_mean_0_and_variance_1():
    net = network(cr.LayerNorm("tanh", epsilon=0.01))
    centred = (X - X.mean(axis=1, keepdims=True)) / np.sqrt(X.var(axis=1, keepdims=True) + 0.01)
    right = np.tanh(net.parameters["scale1"] * centred + net.parameters["shift1"])
    np.testing.assert_allclose(net.predict(X), right, rtol=1e-12)


def test_batch_norm_takes_the_batch_in_training_and_the_running_means_otherwise():
    net = network(cr.BatchNorm("tanh", epsilon=0.01))
    net.set_states({"mean1": [0.1, 0.2, 0.3], "var1": [1.0, 2.0, 3.0]})
    scale, shift = net.parameters["scale1"], net.parameters["shift1"]
    evaluated = np.tanh(scale * (X - [0.1, 0.2, 0.3]) / np.sqrt(np.array([1.0, 2.0, 3.0]) + 0.01) + shift)
    trained = np.tanh(scale * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 0.01) + shift)
    np.testing.assert_allclose(net.predict(X), evaluated, rtol=1e-12)
    np.testing.assert_allclose(output(net, training=True), trained, rtol=1e-12)


def test_running_means_follow_the_batches_of_a_training():
    net = network(cr.BatchNorm(momentum=0.7), cr.Dense(1))
    mean, var = np.zeros(3), np.ones(3)
    net.fit(X, X[:, :1], epochs=3, batch_size=2, shuffle=False, optimizer=cr.GradientDescent(0.1))
    for _ in range(3):
        for rows in (X[:2], X[2:4], X[4:]):
            mean, var = 0.7 * mean + 0.3 * rows.mean(axis=0), 0.7 * var + 0.3 * rows.var(axis=0)
    np.testing.assert_allclose(net.states["mean1"], mean, rtol=1e-12)
    np.testing.assert_allclose(net.states["var1"], var, rtol=1e-12)


def test_residual_adds_its_input():
    net = network(cr.Residual([cr.Dense(4, "tanh"), cr.Dense(3)]))
    inner = np.tanh(X @ net.parameters["w1"] + net.parameters["b1"]) @ net.parameters["w2"] + net.parameters["b2"]
    np.testing.assert_allclose(net.predict(X), X + inner, rtol=1e-12)


def test_a_formula_is_a_layer():
    gate = "gate[n,j] = sigmoid(sum(i, x[n,i] * u[i,j])) * x[n,j]"
    net = network(cr.Layer(gate, parameters={"u": "glorot"}))
    assert {name: value.shape for name, value in net.parameters.items()} == {"u1": (3, 3)}
    np.testing.assert_allclose(net.predict(X), X / (1 + np.exp(-X @ net.parameters["u1"])), rtol=1e-12)


def test_a_formula_may_have_steps_and_another_size():
    formula = """
        h[n,i] = x[n,i]**2          # squares
        z[n,k] = sum(i, h[n,i] * u[i,k]) - mean(n, x[n,i]) * 0 + c
    """
    formula = formula.replace(" - mean(n, x[n,i]) * 0", "")
    net = network(cr.Layer(formula, {"u": "he", "c": cr.Init("constant", 2.0)}, units=2))
    right = X**2 @ net.parameters["u1"] + net.parameters["c1"]
    np.testing.assert_allclose(net.predict(X), right, rtol=1e-12)
    assert net.gradients(X, right)["u1"].shape == (3, 2)


@pytest.mark.parametrize(
    "formula",
    [
        "g[n,j] = v[j] * x[n,j] + v[1] + sum(i, u[i,j] * x[n,i]) * u[j,2]",
        "g[n,j] = v[1] + u[j,2] * sum(i, u[i,j] * x[n,i]) + v[j] * x[n,j]",
    ],
)
def test_a_formula_may_pick_elements_of_its_parameters(formula):
    net = network(cr.Layer(formula, {"v": "he", "u": "he"}))
    v, u = net.parameters["v1"], net.parameters["u1"]
    np.testing.assert_allclose(net.predict(X), v * X + v[1] + X @ u * u[:, 2], rtol=1e-13)
    assert cr.check_gradients(net, X, X).ok


def test_a_formula_may_ask_for_the_size_of_the_batch():
    net = network(cr.Layer("g[n,j] = x[n,j] * exp(N > 1) + N / 2"))
    np.testing.assert_allclose(net.predict(X), X * np.e + 2.5, rtol=1e-14)
    np.testing.assert_allclose(net.predict(X[:1]), X[:1] + 0.5, rtol=1e-14)


def test_a_formula_used_twice_has_its_own_parameters_each_time():
    layer = cr.Layer("s[n,j] = v[j] * x[n,j]", parameters={"v": "glorot"})
    net = network(layer, layer)
    np.testing.assert_allclose(net.predict(X), X * net.parameters["v1"] * net.parameters["v2"], rtol=1e-12)


def test_frozen_biases_have_gradients_but_do_not_move():
    net = network(cr.Dense(2, "tanh", train_bias=False), cr.Dense(1))
    before = {name: value.copy() for name, value in net.parameters.items()}
    assert np.abs(net.gradients(X, X[:, :1])["b1"]).min() > 0
    net.fit(X, X[:, :1], epochs=3)
    moved = {name: not np.array_equal(value, before[name]) for name, value in net.parameters.items()}
    assert moved == {"w1": True, "b1": False, "w2": True, "b2": True}


@pytest.mark.parametrize(
    "layer",
    [
        cr.Dense(3, cr.Activation("swish", "x * sigmoid(x)"), bias="layer", train_bias=False, init="he"),
        cr.Dense(3, cr.activation("elu", alpha=0.5), init=cr.Init("uniform", 0.3), bias_init=cr.Init("constant", 1)),
        cr.Dropout(0.25),
        cr.LayerNorm("relu", 1e-3),
        cr.BatchNorm("gelu", 0.5, 1e-3),
        cr.Residual([cr.Dense(3), cr.Residual([cr.Dropout(0.5)])]),
        cr.Layer("g[n,j] = v[j] * x[n,j]", {"v": cr.Init("normal", 2.0)}),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_is_made_again_from_its_configuration(layer):
    again = layer_from(layer_config(layer))
    assert layer_config(again) == layer_config(layer)
    assert np.array_equal(cr.Network(3, [again]).vector, cr.Network(3, [layer]).vector)
    assert str(cr.Network(3, [again])) == str(cr.Network(3, [layer]))
    assert type(layer).__name__ in LAYERS


def test_sizes_may_be_numpys():
    net = cr.Network(np.int64(3), [cr.Dense(np.int32(2)), cr.Dense(np.uint8(1))], seed=np.int64(5))
    assert net.config["inputs"] == 3
    assert type(net.config["layers"][0]["units"]) is int


def test_epsilons_and_rates_may_be_numpys():
    for number in (np.float32(0.25), np.float64(0.25)):
        layers = cr.LayerNorm(epsilon=number), cr.BatchNorm(momentum=number, epsilon=number), cr.Dropout(number)
        same = cr.LayerNorm(epsilon=0.25), cr.BatchNorm(momentum=0.25, epsilon=0.25), cr.Dropout(0.25)
        np.testing.assert_array_equal(
            output(network(*layers), training=True, step=2), output(network(*same), training=True, step=2)
        )
