"""Slips made by hand in plain NumPy, without the table of slips: diagnosis names them."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.diagnosis.calculation import significant
from chainrule.language import catalogue

RATE = 0.5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def net(rng):
    """A 3-4-2 sigmoid network with values of its own everywhere."""
    net = cr.Network(3, [cr.Dense(4, "sigmoid"), cr.Dense(2, "sigmoid")], dtype="float64")
    net.set_parameters({name: rng.normal(0, 0.8, value.shape) for name, value in net.parameters.items()})
    return net


@pytest.fixture
def batch(rng):
    return rng.normal(0, 1, (5, 3)), rng.uniform(0, 1, (5, 2))


def first(diagnosis):
    """The slips of the most plausible explanation, with those that give the same numbers."""
    assert diagnosis.explanations, str(diagnosis)
    assert not diagnosis.agrees
    return {key for named in diagnosis.explanations[0].named for key in named.keys}


def backward(net, x, t, *, error=None, slope=None, hidden=None, scale=None):
    """Gradients of half the squared error, averaged over the batch, with one step replaced."""
    w1, b1, w2, b2 = (net.parameters[name] for name in ("w1", "b1", "w2", "b2"))
    a = sigmoid(x @ w1 + b1)
    y = sigmoid(a @ w2 + b2)
    d_z2 = (error or (lambda y, t: y - t))(y, t) * y * (1 - y) / (scale or len(x))
    d_a = (hidden or (lambda d, w: d @ w.T))(d_z2, w2)
    d_z1 = d_a * (slope or (lambda a, z: a * (1 - a)))(a, x @ w1 + b1)
    return {"d_w2": a.T @ d_z2, "d_b2": d_z2.sum(0), "d_w1": x.T @ d_z1, "d_b1": d_z1.sum(0)}


@pytest.mark.parametrize("digits", [9, 4])
@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("sign", {"error": lambda y, t: t - y}),
        ("swapped", {"error": lambda y, t: t - y}),
        ("half", {"error": lambda y, t: 2 * (y - t)}),
        ("batch_sum", {"scale": 1}),
        ("outputs_mean", {"scale": 10}),
        ("batch_twice", {"scale": 25}),
        ("slope_missing", {"slope": lambda a, z: 1}),
        ("slope_at_output", {"slope": lambda a, z: sigmoid(a) * (1 - sigmoid(a))}),
        ("slope_at_input", {"slope": lambda a, z: z * (1 - z)}),
        ("slope_of_another", {"slope": lambda a, z: 1 - a**2}),
        ("slope_plus", {"slope": lambda a, z: a * (1 + a)}),
        ("one_path", {"hidden": lambda d, w: np.outer(d[:, 0], w[:, 0])}),
        ("weights_left_out", {"hidden": lambda d, w: np.repeat(d.sum(1, keepdims=True), 4, 1)}),
    ],
)
def test_one_slip_in_the_gradients(net, batch, key, changes, digits):
    theirs = backward(net, *batch, **changes)
    assert key in first(cr.diagnose(net, *batch, theirs, digits=digits))


def test_the_same_by_hand_without_a_slip_agrees(net, batch):
    assert cr.diagnose(net, *batch, backward(net, *batch)).agrees


def test_two_slips_at_once(net, batch):
    theirs = backward(net, *batch, error=lambda y, t: t - y, slope=lambda a, z: 1)
    diagnosis = cr.diagnose(net, *batch, theirs)
    assert ("sign", "slope_missing") in {named.keys for named in diagnosis.explanations[0].named}


def test_a_slip_and_a_number_that_fits_nothing(net, batch):
    theirs = backward(net, *batch, scale=1)
    theirs["d_b1"][2] = 0.123456
    diagnosis = cr.diagnose(net, *batch, theirs)
    explanation = diagnosis.explanations[0]
    assert "batch_sum" in first(diagnosis)
    assert (explanation.reproduced, explanation.telling) == (25, 26)
    assert "25 of the 26 numbers" in str(diagnosis)


def test_bias_not_summed_over_the_batch(net, batch):
    theirs = backward(net, *batch)
    x, t = batch
    one = backward(net, x[-1:], t[-1:])
    theirs["d_b1"], theirs["d_b2"] = one["d_b1"] / 5, one["d_b2"] / 5
    assert "bias_batch" in first(cr.diagnose(net, x, t, theirs))


def test_updated_weights_in_the_deltas(net, batch):
    """As in the listing of creativegp, whose hidden deltas see the new weights of the next layer."""
    x, t = batch
    right = backward(net, x, t)
    new = net.parameters["w2"] - RATE * right["d_w2"]
    theirs = backward(net, x, t, hidden=lambda d, w: d @ new.T)
    diagnosis = cr.diagnose(net, x, t, theirs, optimizer=cr.GradientDescent(RATE))
    assert "updated_weights" in first(diagnosis)
    update = "w2[j,k] <- w2[j,k] - rate * d_w2[j,k]"
    assert diagnosis.explanations[0].named[0].lines[0].theirs.startswith(f"{update}; d_a1[n,j] = ")
    assert diagnosis.explanations[0].named[0].lines[0].right.endswith(f"; {update}")


def test_an_update_uphill(net, batch):
    theirs = {name: net.parameters[name[2:]] + RATE * g for name, g in backward(net, *batch).items()}
    theirs = {name[2:]: value for name, value in theirs.items()}
    assert "ascent" in first(cr.diagnose(net, *batch, theirs, optimizer=cr.GradientDescent(RATE)))


def weights_after(net, batch, step, steps):
    """Parameters after so many steps of a rule ``step(w, g, memory, k)``."""
    copy = cr.Network.from_config(net.config)
    copy.set_parameters(net.parameters)
    memory = {}
    for k in range(1, steps + 1):
        gradients = {name[2:]: g for name, g in backward(copy, *batch).items()}
        copy.set_parameters(
            {name: step(copy.parameters[name], g, memory.setdefault(name, {}), k) for name, g in gradients.items()}
        )
    return {name: np.array(value) for name, value in copy.parameters.items()}


def test_adam_without_bias_correction(net, batch):
    def step(w, g, memory, k):
        memory["m"] = 0.9 * memory.get("m", 0) + 0.1 * g
        memory["v"] = 0.999 * memory.get("v", 0) + 0.001 * g**2
        return w - 0.01 * memory["m"] / (np.sqrt(memory["v"]) + 1e-8)

    theirs = weights_after(net, batch, step, 3)
    assert "uncorrected" in first(cr.diagnose(net, *batch, theirs, optimizer=cr.Adam(0.01), steps=3))


def test_gradients_that_are_never_set_to_zero(net, batch):
    def step(w, g, memory, k):
        memory["g"] = memory.get("g", 0) + g
        return w - RATE * memory["g"]

    theirs = weights_after(net, batch, step, 3)
    assert "accumulated" in first(cr.diagnose(net, *batch, theirs, optimizer=cr.GradientDescent(RATE), steps=3))


def test_momentum_from_the_step_before(net, batch):
    def step(w, g, memory, k):
        new = w + memory.get("v", 0)
        memory["v"] = 0.9 * memory.get("v", 0) - 0.1 * g
        return new

    theirs = weights_after(net, batch, step, 3)
    assert "stale_state" in first(cr.diagnose(net, *batch, theirs, optimizer=cr.Momentum(0.1, 0.9), steps=3))


def test_cross_entropy_with_one_derivative_too_many(rng):
    net = cr.Network(3, [cr.Dense(3, "softmax")], "cross_entropy", dtype="float64")
    x, t = rng.normal(0, 1, (4, 3)), np.eye(3)[[0, 1, 2, 0]]
    y = net.predict(x)
    for key, slope in (("extra_slope", (y - t) * y * (1 - y)), ("softmax_diagonal", -t * (1 - y))):
        theirs = {"d_w1": x.T @ slope / 4, "d_b1": slope.sum(0) / 4}
        assert key in first(cr.diagnose(net, x, t, theirs))


def test_float32_is_called_rounding(net, batch):
    single = {name: value.astype(np.float32) for name, value in net.parameters.items()}
    copy = cr.Network.from_config({**net.config, "dtype": "float32"})
    copy.set_parameters(single)
    net.set_parameters(single)
    x, t = (part.astype(np.float32) for part in batch)
    theirs = {f"d_{name}": g.astype(np.float64) for name, g in copy.gradients(x, t).items()}
    assert first(cr.diagnose(net, x, t, theirs)) == {"float32"}
    assert cr.diagnose(net, x, t, {name: g.astype(np.float32) for name, g in theirs.items()}).agrees


def by_hand_to_3_decimals(net, x, t):
    def to3(value):
        return np.round(value, 3)

    w1, b1, w2, b2 = (net.parameters[name] for name in ("w1", "b1", "w2", "b2"))
    a = to3(sigmoid(to3(x @ w1 + b1)))
    y = to3(sigmoid(to3(a @ w2 + b2)))
    d_z2 = to3(to3((y - t) / len(x)) * y * (1 - y))
    d_z1 = to3(to3(d_z2 @ w2.T) * a * (1 - a))
    return {"a1": a, "y": y, "d_z2": d_z2, "d_z1": d_z1, "d_w2": to3(a.T @ d_z2), "d_b2": to3(d_z2.sum(0))}


def test_calculating_with_rounded_results(net, rng):
    x, t = rng.normal(0, 1, (40, 3)), rng.uniform(0, 1, (40, 2))
    assert first(cr.diagnose(net, x, t, by_hand_to_3_decimals(net, x, t))) == {"rounded"}


def test_rounding_is_said_where_too_few_numbers_show_it(net, batch):
    diagnosis = cr.diagnose(net, *batch, {"d_w2": by_hand_to_3_decimals(net, *batch)["d_w2"]})
    assert not diagnosis.explanations
    assert "rounding on the way would do that" in str(diagnosis)


def test_going_back_with_a_rounded_forward_pass(net, batch):
    x, t = batch
    w1, b1, w2, b2 = (net.parameters[name] for name in ("w1", "b1", "w2", "b2"))
    a = np.round(sigmoid(np.round(x @ w1 + b1, 3)), 3)
    y = np.round(sigmoid(np.round(a @ w2 + b2, 3)), 3)
    d_z2 = (y - t) * y * (1 - y) / 5
    d_z1 = d_z2 @ w2.T * a * (1 - a)
    assert first(cr.diagnose(net, x, t, {"d_w2": a.T @ d_z2, "d_w1": x.T @ d_z1})) == {"rounded"}


# Values that are found in the numbers


def updated(net, gradients, rate=RATE):
    return {name[2:]: net.parameters[name[2:]] - rate * g for name, g in gradients.items()}


def titles(diagnosis):
    text = catalogue()
    return [named.title(text) for explanation in diagnosis.explanations for named in explanation.named]


@pytest.mark.parametrize(("right", "theirs"), [(0.1, 0.05), (0.1, 0.01), (0.5, 0.7), (0.3, 0.0125)])
@pytest.mark.parametrize("digits", [9, 6])
def test_another_learning_rate(net, batch, right, theirs, digits):
    after = updated(net, backward(net, *batch), theirs)
    after = {name: significant(value, digits) for name, value in after.items()}
    diagnosis = cr.diagnose(net, *batch, after, optimizer=cr.GradientDescent(right), digits=digits)
    assert f"another learning rate: {theirs}" in titles(diagnosis)
    assert "another_rate" in first(diagnosis)
    if (right, theirs) == (0.1, 0.05):
        assert "outputs_mean" in first(diagnosis)
    gradients = backward(net, *batch)
    diagnosis = cr.diagnose(net, *batch, {**gradients, **after}, optimizer=cr.GradientDescent(right), digits=digits)
    assert "outputs_mean" not in first(diagnosis)
    assert f"another learning rate: {theirs}" in titles(diagnosis)
    assert f"- {theirs} * d_w1[i,j]" in str(diagnosis) or theirs == 0.01


def test_another_learning_rate_over_several_steps(net, batch):
    theirs = weights_after(net, batch, lambda w, g, memory, k: w - 0.2 * g, 5)
    diagnosis = cr.diagnose(net, *batch, theirs, optimizer=cr.GradientDescent(0.5), steps=5)
    assert titles(diagnosis) == ["another learning rate: 0.2"]


@pytest.mark.parametrize("strength", [0.01, 0.25])
def test_a_penalty_that_the_network_does_not_have(net, batch, strength):
    theirs = backward(net, *batch)
    for name in ("w1", "w2"):
        theirs[f"d_{name}"] = theirs[f"d_{name}"] + strength * net.parameters[name]
    said = f"a penalty that the network does not have: {strength} times each weight"
    assert titles(cr.diagnose(net, *batch, theirs)) == [said]
    after = updated(net, theirs)
    assert said in titles(cr.diagnose(net, *batch, after, optimizer=cr.GradientDescent(RATE)))
    one = {"d_w1[0,0]": theirs["d_w1"][0, 0]}
    assert "penalty_added" not in {key for e in cr.diagnose(net, *batch, one).explanations for key in e.named[0].keys}


@pytest.mark.parametrize("factor", [100, -0.5, 0.37, 1 / 7])
@pytest.mark.parametrize("of", [("d_w2",), ("d_w1", "d_b1"), ("d_w2", "d_b2", "d_w1", "d_b1")])
def test_one_factor_for_an_array_or_for_all(net, batch, factor, of):
    theirs = backward(net, *batch)
    for name in of:
        theirs[name] = factor * theirs[name]
    said = {1 / 7: "1/7"}.get(factor, f"{factor:g}")
    diagnosis = cr.diagnose(net, *batch, theirs)
    assert f"all are {said} times the right ones" in titles(diagnosis) or "outputs_mean" in first(diagnosis)


def test_a_factor_is_no_slip_where_any_number_has_one(net, batch):
    assert not cr.diagnose(net, *batch, {"d_w2[0,0]": backward(net, *batch)["d_w2"][0, 0] * 0.8123}).explanations


@pytest.mark.parametrize(
    ("change", "times", "said"),
    [
        ("point", 10, "the decimal point of"),
        ("point", 0.01, "the decimal point of"),
        ("sign", -1, "the sign of"),
    ],
)
def test_the_point_or_the_sign_of_a_single_number(net, batch, change, times, said):
    theirs = {name: np.round(value, 7) for name, value in backward(net, *batch).items()}
    theirs["d_w1"][1, 2] = np.round(theirs["d_w1"][1, 2] * times, 7)
    diagnosis = cr.diagnose(net, *batch, theirs)
    assert not diagnosis.explanations
    (misprint,) = diagnosis.misprints
    assert (misprint.name, misprint.change) == ("d_w1[1,2]", change)
    assert said in str(diagnosis)


# Adam


def adam(m_of, v_of):
    def step(w, g, memory, k):
        memory["m"] = m_of(memory.get("m", 0), g)
        memory["v"] = v_of(memory.get("v", 0), g)
        root = np.sqrt(memory["v"] / (1 - 0.999**k))
        return w - 0.01 * memory["m"] / (1 - 0.9**k) / (root + 1e-8)

    return step


def right_m(m, g):
    return 0.9 * m + 0.1 * g


def right_v(v, g):
    return 0.999 * v + 0.001 * g**2


@pytest.mark.parametrize(
    ("key", "step", "steps"),
    [
        ("average_unscaled", adam(lambda m, g: 0.9 * m + g, right_v), 3),
        ("average_exchanged", adam(lambda m, g: 0.1 * m + 0.9 * g, right_v), 3),
    ],
)
def test_slips_of_adam(net, batch, key, step, steps):
    theirs = weights_after(net, batch, step, steps)
    assert key in first(cr.diagnose(net, *batch, theirs, optimizer=cr.Adam(0.01), steps=steps))


def test_adam_without_the_square_has_roots_of_negative_numbers(net, batch):
    theirs = {}
    for name, g in backward(net, *batch).items():
        with np.errstate(invalid="ignore"):
            theirs[name[2:]] = net.parameters[name[2:]] - 0.01 * g / (np.sqrt(g) + 1e-8)
    assert any(np.isnan(value).any() for value in theirs.values())
    assert "square_left_out" in first(cr.diagnose(net, *batch, theirs, optimizer=cr.Adam(0.01)))


# Softmax, cost, layers of one's own


@pytest.mark.parametrize("axis", [0, None])
def test_softmax_over_the_wrong_axis(rng, axis):
    net = cr.Network(3, [cr.Dense(3, "softmax")], "cross_entropy", dtype="float64", seed=1)
    x, t = rng.normal(0, 1, (4, 3)), np.eye(3)[[0, 1, 2, 0]]
    z = x @ net.parameters["w1"] + net.parameters["b1"]
    y = np.exp(z) / np.exp(z).sum(axis=axis, keepdims=axis is not None)
    theirs = {"y": y, "d_w1": x.T @ (y - t) / 4}
    assert first(cr.diagnose(net, x, t, theirs)) == {"softmax_axis"}
    with_cost = {**theirs, "E": -(t * np.log(y)).sum() / 4}
    assert first(cr.diagnose(net, x, t, with_cost)) == {"softmax_axis"}


def test_a_logarithm_of_base_2_in_the_cost(rng):
    net = cr.Network(3, [cr.Dense(3, "softmax")], "cross_entropy", dtype="float64", seed=1)
    x, t = rng.normal(0, 1, (4, 3)), np.eye(3)[[0, 1, 2, 0]]
    y = net.predict(x)
    assert first(cr.diagnose(net, x, t, {"y": y, "E": -(t * np.log2(y)).sum() / 4})) == {"log_base"}
    squared = cr.Network(3, [cr.Dense(3)], dtype="float64", seed=1)
    right = squared.values(x, t)["E"]
    assert not cr.diagnose(squared, x, t, {"E": right / np.log(2)}).explanations


@pytest.mark.parametrize(
    ("key", "slope"),
    [("slope_missing", lambda o: 1), ("slope_plus", lambda o: 1 + o**2), ("slope_square", lambda o: 1 - o)],
)
def test_a_layer_of_ones_own_has_an_activation_by_its_structure(rng, key, slope):
    layer = cr.Layer("h[n,j] = sum(i, x[n,i] * u[i,j])\no[n,j] = tanh(h[n,j])", parameters={"u": "glorot"}, units=4)
    net = cr.Network(3, [layer, cr.Dense(2, "sigmoid")], dtype="float64", seed=1)
    x, t = rng.normal(0, 1, (5, 3)), rng.uniform(0, 1, (5, 2))
    u, w, b = (net.parameters[name] for name in ("u1", "w2", "b2"))
    o = np.tanh(x @ u)
    y = sigmoid(o @ w + b)
    d_h = ((y - t) * y * (1 - y) / 5) @ w.T * slope(o)
    diagnosis = cr.diagnose(net, x, t, {"d_u1": x.T @ d_h})
    assert key in first(diagnosis)


def test_a_bias_left_out_of_a_layer_of_ones_own(rng):
    layer = cr.Layer(
        "h[n,j] = sum(i, x[n,i] * u[i,j]) + v[j]\no[n,j] = tanh(h[n,j])",
        parameters={"u": "glorot", "v": "glorot"},
        units=4,
    )
    net = cr.Network(3, [layer, cr.Dense(2)], dtype="float64", seed=1)
    net.set_parameters({"v1": [0.1, 0.2, 0.3, 0.4]})
    x = rng.normal(0, 1, (5, 3))
    assert "bias_missing" in first(cr.diagnose(net, x, np.zeros((5, 2)), {"o1": np.tanh(x @ net.parameters["u1"])}))
