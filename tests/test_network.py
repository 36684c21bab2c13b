"""What a Network computes and says: predictions, costs and gradients against a hand-written backward pass."""

from __future__ import annotations

import copy
import json

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import chainrule as cr
import oracle_dense
from random_networks import cases

HIDDEN = ["sigmoid", "tanh", "relu", "identity"]
ENDINGS = [(loss, last) for loss in ("half_squared_error", "squared_error") for last in HIDDEN]
X = np.array([[0.5, -1.0], [2.0, 0.3], [-0.4, 0.8]])


def small(dtype="float64", **settings):
    return cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)], dtype=dtype, **settings)


@st.composite
def dense_networks(draw):
    """A Dense network of one to five layers, its activations, and a batch."""
    loss, last = draw(st.sampled_from([*ENDINGS, ("cross_entropy", "softmax")]))
    names = [*draw(st.lists(st.sampled_from(HIDDEN), max_size=4)), last]
    widths = [draw(st.integers(1, 5)) for _ in names]
    biases = [draw(st.sampled_from(["unit", "layer", None])) for _ in names]
    layers = [cr.Dense(width, name, bias=bias) for width, name, bias in zip(widths, names, biases, strict=True)]
    reduction = draw(st.sampled_from(["mean", "sum"]))
    inputs, rows = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    net = cr.Network(inputs, layers, loss, reduction=reduction, dtype="float64")
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    net.set_parameters({name: rng.normal(0, 0.8, value.shape) for name, value in net.parameters.items()})
    t = rng.dirichlet(np.ones(widths[-1]), rows) if last == "softmax" else rng.normal(size=(rows, widths[-1]))
    weight = rng.uniform(0.1, 3, rows) if draw(st.booleans()) else None
    x = rng.normal(size=(rows, inputs))
    return net, (names, loss, net.parameters, x, t, weight, reduction)


@given(dense_networks())
def test_dense_networks_equal_a_hand_written_backward_pass(case):
    net, task = case
    names, _, parameters, x, t, weight, _ = task
    assert net.loss(x, t, weight) == pytest.approx(oracle_dense.cost(*task), rel=1e-12, abs=1e-12)
    right = oracle_dense.gradients(*task)
    found = net.gradients(x, t, weight, inputs=True)
    assert found.keys() == right.keys()
    for name, value in found.items():
        # Terms of the size of 1 that cancel leave rounding of about 1e-15 behind, on both sides.
        assert np.max(np.abs(value - right[name]) / np.maximum(np.abs(right[name]), 1e-2)) <= 1e-12, name
    np.testing.assert_allclose(net.predict(x), oracle_dense.forward(names, parameters, x)[1][-1], rtol=1e-12)


@settings(max_examples=25)
@given(cases())
def test_results_have_the_names_and_shapes_of_what_they_belong_to(case):
    net = case.net
    batch = case.x, case.t, case.sample_weight
    gradients = net.gradients(*batch, inputs=True, **case.mode)
    assert list(gradients) == [*net.parameters, "x"]
    assert all(gradients[name].shape == value.shape for name, value in net.parameters.items())
    assert gradients["x"].shape == case.x.shape
    assert net.predict(case.x).shape == (len(case.x), net.outputs)
    assert isinstance(net.loss(*batch), float)
    assert list(net.gradients(*batch)) == list(net.parameters)


@settings(max_examples=25)
@given(cases(dtype="float32"))
def test_float32_stays_float32_in_every_array(case):
    values = case.net.values(case.x, case.t, case.sample_weight, **case.mode)
    assert {name: value.dtype for name, value in values.items() if value.dtype != np.float32} == {}
    assert case.net.predict(case.x).dtype == case.net.vector.dtype == np.float32
    assert all(value.dtype == np.float32 for value in {**case.net.parameters, **case.net.states}.values())


@settings(max_examples=25)
@given(cases())
def test_parameters_are_views_of_one_vector(case):
    net = case.net
    assert net.vector.size == sum(value.size for value in net.parameters.values())
    assert all(np.shares_memory(value, net.vector) for value in net.parameters.values())
    net.vector[:] = np.arange(net.vector.size)
    joined = np.concatenate([value.ravel() for value in net.parameters.values()] or [[]])
    np.testing.assert_array_equal(joined, net.vector)


@settings(max_examples=25)
@given(cases())
def test_nothing_but_training_changes_a_network(case):
    net, batch = case.net, (case.x, case.t, case.sample_weight)
    before, states, given = net.vector.copy(), copy.deepcopy(dict(net.states)), case.x.copy()
    net.predict(case.x)
    net.loss(*batch)
    net.gradients(*batch, **case.mode)["made_up"] = np.zeros(1)
    for value in (*net.values(*batch, **case.mode).values(), net.predict(case.x)):
        value[...] = 7
    print(net)
    np.testing.assert_array_equal(net.vector, before)
    np.testing.assert_array_equal(case.x, given)
    assert all(np.array_equal(net.states[name], value) for name, value in states.items())


@settings(max_examples=25)
@given(cases())
def test_a_configuration_survives_json_with_equations_and_start_values(case):
    again = cr.Network.from_config(json.loads(json.dumps(case.net.config)))
    case.net.initialize()
    assert str(again) == str(case.net)
    assert again.config == case.net.config
    np.testing.assert_array_equal(again.vector, case.net.vector)
    ours, theirs = case.net.gradients(case.x, case.t), again.gradients(case.x, case.t)
    assert all(np.array_equal(theirs[name], value) for name, value in ours.items())


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    assert np.array_equal(small(seed=3).vector, small(seed=3).vector)
    assert not np.array_equal(small(seed=3).vector, small(seed=4).vector)
    net = small(seed=3)
    net.initialize(seed=4)
    assert np.array_equal(net.vector, small(seed=4).vector)
    net.initialize()
    assert np.array_equal(net.vector, small(seed=3).vector)


def test_float32_starts_from_the_rounded_start_values_of_float64():
    np.testing.assert_array_equal(small("float32").vector, small("float64").vector.astype("f4"))


def test_a_single_bias_of_a_layer_has_no_axis():
    net = cr.Network(2, [cr.Dense(3, bias="layer"), cr.Dense(1, bias=None)])
    assert {name: value.shape for name, value in net.parameters.items()} == {"w1": (2, 3), "b1": (), "w2": (3, 1)}
    net.set_parameters({"b1": 0.5})
    assert net.vector[6] == 0.5
    assert net.gradients(X, [0, 1, 2])["b1"].shape == ()


def test_layers_are_numbered_in_reading_order_also_inside_residual():
    layers = [
        cr.Dense(2),
        cr.Dropout(0.1),
        cr.Residual([cr.LayerNorm(), cr.Residual([cr.Dense(2)]), cr.BatchNorm()]),
        cr.Layer("g[n,j] = v[j] * x[n,j]", parameters={"v": "zeros"}),
        cr.Dense(1, "sigmoid"),
    ]
    net = cr.Network(2, layers)
    names = ["w1", "b1", "scale2", "shift2", "w3", "b3", "scale4", "shift4", "v5", "w6", "b6"]
    assert list(net.parameters) == names
    assert list(net.states) == ["mean4", "var4"]


@pytest.mark.parametrize(
    "last",
    [
        cr.Dense(2, "tanh"),
        cr.LayerNorm("tanh"),
        cr.BatchNorm("tanh"),
        cr.Dropout(0.5),
        cr.Residual([cr.Dense(2)]),
        cr.Layer("g[n,j] = x[n,j]**2"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_the_output_is_always_named_y(last):
    net = cr.Network(2, [last], dtype="float64")
    for training in (False, True):
        program = net.program(training=training)
        assert "y" in program.declarations()
    np.testing.assert_array_equal(net.values(X, X)["y"], net.predict(X))


def test_set_parameters_says_the_nearest_name_and_both_shapes_and_changes_nothing():
    net = small()
    before = net.vector.copy()
    with pytest.raises(cr.errors.InputError, match=r"unknown parameter 'w_1': did you mean 'w1'\?"):
        net.set_parameters({"b1": [9, 9, 9], "w_1": 3})
    with pytest.raises(cr.errors.InputError, match=r"w1 must have shape \(2, 3\), not \(3, 2\)"):
        net.set_parameters({"b1": [9, 9, 9], "w1": np.ones((3, 2))})
    with pytest.raises(cr.errors.InputError, match=r"b1 must be finite numbers.*nan"):
        net.set_parameters({"b1": [1, 2, float("nan")]})
    np.testing.assert_array_equal(net.vector, before)


def test_values_hold_each_step_of_the_worked_example():
    """Mazur's published numbers: forward pass and backward pass of the 2-2-2 network."""
    net = cr.Network(2, [cr.Dense(2, "sigmoid", bias="layer"), cr.Dense(2, "sigmoid", bias="layer")], dtype="float64")
    net.set_parameters({"w1": [[0.15, 0.25], [0.2, 0.3]], "b1": 0.35, "w2": [[0.4, 0.5], [0.45, 0.55]], "b2": 0.6})
    values = net.values([[0.05, 0.1]], [[0.01, 0.99]])
    assert values["z1"][0, 0] == pytest.approx(0.3775, abs=1e-12)
    assert values["a1"][0] == pytest.approx([0.593269992, 0.596884378], abs=5e-10)
    assert values["y"][0] == pytest.approx([0.75136507, 0.772928465], abs=5e-9)
    assert float(values["E"]) == pytest.approx(0.298371109, abs=5e-10)
    assert values["d_w2"][0, 0] == pytest.approx(0.082167041, abs=5e-10)
    assert values["d_w1"][0, 0] == pytest.approx(0.000438568, abs=5e-10)


def test_a_prediction_is_never_the_array_that_was_given():
    net = cr.Network(2, [cr.Dropout(0.5)], dtype="float64")
    net.predict(X)[...] = 7
    assert X[0, 0] == 0.5


def test_printing_shows_forward_backward_and_update():
    text = str(cr.Network(2, [cr.Dense(2, "sigmoid"), cr.Dense(2, "sigmoid")]))
    assert [line for line in text.splitlines() if line and not line.startswith(" ")][1:] == [
        "forward",
        "backward",
        "update (GradientDescent)",
    ]
    for line in (
        "z1[n,j] = sum(i, x[n,i] * w1[i,j]) + b1[j]",
        "y[n,k] = sigmoid(z2[n,k])",
        "d_y[n,k] = (y[n,k] - t[n,k]) / N",
        "d_z2[n,k] = d_y[n,k] * y[n,k] * (1 - y[n,k])",
        "d_a1[n,j] = sum(k, d_z2[n,k] * w2[j,k])",
        "d_w1[i,j] = sum(n, d_z1[n,j] * x[n,i])",
        "w1[i,j] <- w1[i,j] - rate * d_w1[i,j]",
    ):
        assert f"    {line}\n" in text + "\n"
