"""Every way to a gradient gives that of backpropagation, and a step of training with it is the same."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from smooth import smooth_cases

import chainrule as cr
from chainrule.checks.dual import dual_gradients
from chainrule.engines.choice import choose_engine
from chainrule.methods import CentralDifferences, DualNumbers, EvolutionStrategies, ForwardDifferences
from chainrule.settings import Settings
from chainrule.trainer import Trainer
from random_networks import cases

DIFFERENCES = [(ForwardDifferences(), 2e-5), (CentralDifferences(), 2e-7)]


def engine_of(method, net, x, t, weights=None, **given):
    chosen = Settings(**{"epochs": 10, "batch_size": None, "seed": net.seed, "method": method, **given})
    optimizer = cr.GradientDescent(0.1)
    return choose_engine(Trainer(net, optimizer, chosen, net.given(x, t, weights), None).training)[0]


def gradients_of(method, case, dtype=None):
    """Return the gradients in the first step of a training, by name."""
    net = deepcopy(case.net)
    engine = engine_of(method, net, case.x, case.t, case.sample_weight)
    engine.advance(1, hold=True)
    return {p.ref.name: engine.arrays[f"d_{p.ref.name}"] for p in net.architecture.trainable}


def by_backpropagation(case):
    return case.net.gradients(case.x, case.t, case.sample_weight, training=True, step=1)


@settings(max_examples=40)
@given(case=cases())
def test_dual_numbers_agree_to_rounding(case):
    right = by_backpropagation(case)
    for name, found in gradients_of(DualNumbers(), case).items():
        scale = max(1.0, float(np.abs(right[name]).max()))
        np.testing.assert_allclose(found / scale, right[name] / scale, rtol=1e-9, atol=1e-11, err_msg=name)


@settings(max_examples=20)
@given(case=cases())
def test_dual_numbers_agree_with_the_rules_of_the_check(case):
    """Another table of rules, another program, another order of axes."""
    net = case.net
    names = [p.ref.name for p in net.architecture.trainable]
    given = net.given(case.x, case.t, case.sample_weight, step=1)
    program = net.program(weighted="s" in given, training=True)
    right = dual_gradients(program, {**given, **net.parameters, **net.states}, tuple(names))
    for name, found in gradients_of(DualNumbers(), case).items():
        scale = max(1.0, float(np.abs(right[name]).max()))
        np.testing.assert_allclose(found / scale, right[name] / scale, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize(("method", "tolerance"), DIFFERENCES, ids=str)
@settings(max_examples=40)
@given(case=smooth_cases())
def test_differences_agree_to_their_error(method, tolerance, case):
    right = by_backpropagation(case)
    size = max(1.0, *(float(np.abs(value).max()) for value in right.values()), case.net.loss(case.x, case.t))
    for name, found in gradients_of(method, case).items():
        np.testing.assert_allclose(found / size, right[name] / size, rtol=tolerance, atol=tolerance, err_msg=name)


def small(dtype="float64", **more):
    layers = [cr.Dense(3, "tanh", train_bias=False), cr.Dropout(0.3), cr.BatchNorm(), cr.Dense(2, "sigmoid")]
    net = cr.Network(2, layers, dtype=dtype, seed=4, **more)
    rng = np.random.default_rng(1)
    return net, rng.normal(size=(5, 2)), rng.uniform(size=(5, 2))


@pytest.mark.parametrize("method", ["forward_differences", "central_differences", "dual_numbers"])
@pytest.mark.parametrize("optimizer", [cr.GradientDescent(0.5, bias_rate=0.1), cr.Adam(0.05, clip_norm=0.1)], ids=str)
def test_training_is_that_of_backpropagation(method, optimizer):
    net, x, t = small()
    other = deepcopy(net)
    settings = {"optimizer": optimizer, "epochs": 3, "batch_size": 2}
    one = net.fit(x, t, **settings)
    two = other.fit(x, t, **settings, method=method)
    np.testing.assert_allclose(other.vector, net.vector, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(other.parameters["b1"], small()[0].parameters["b1"])  # frozen
    for name, value in net.states.items():
        np.testing.assert_allclose(other.states[name], value, rtol=1e-4)
    np.testing.assert_allclose(two.cost, one.cost, rtol=1e-4)
    np.testing.assert_allclose(two.gradient_norm["1"], one.gradient_norm["1"], rtol=1e-3)
    assert two.rate == one.rate
    assert one.evaluations == [9, 18, 27]  # three batches an epoch


@pytest.mark.parametrize("method", ["forward_differences", "central_differences", "dual_numbers"])
def test_float32_gets_gradients_to_its_own_rounding(method):
    net, x, t = small("float32")
    right = net.gradients(x, t, training=True)
    engine = engine_of(cr.methods.as_method(method), net, x, t)
    engine.advance(1, hold=True)
    assert engine.arrays["d_w1"].dtype == np.float32
    np.testing.assert_allclose(engine.arrays["d_w1"], right["w1"], rtol=1e-4, atol=1e-6)


def test_evaluations_are_counted():
    net, x, t = small()
    weights = sum(net.parameters[p.ref.name].size for p in net.architecture.trainable)
    for method, evaluations in {
        "backpropagation": 3,
        "forward_differences": 1 + weights,
        "central_differences": 1 + 2 * weights,
        "dual_numbers": 1 + weights,
        "evolution_strategies": 1 + 32,
    }.items():
        history = deepcopy(net).fit(x, t, epochs=2, batch_size=None, method=method)
        assert history.evaluations == [evaluations, 2 * evaluations], method
    net, x, t = small("float32")
    history = net.fit(x, t, epochs=1, batch_size=None, method="forward_differences")
    assert history.evaluations == [2 + weights]  # the cost once more, in float64


@pytest.mark.parametrize(
    ("layers", "batch_size", "evaluations"),
    [
        ([], None, [50, 50 + 49]),  # the elite of two is known: one by the forward pass, one from the step before
        ([], 4, [50, 50 + 49]),
        ([], 2, [100, 200]),  # other batches, other costs: the forward pass alone tells one
        ([cr.Dropout(0.5)], None, [50, 100]),
        ([cr.BatchNorm()], None, [50, 100]),
    ],
)
def test_an_elite_whose_costs_are_known_is_not_evaluated(layers, batch_size, evaluations):
    net = cr.Network(2, [*layers, cr.Dense(3, "tanh"), cr.Dense(1)])
    history = net.fit(np.eye(4)[:, :2], np.arange(4), epochs=2, batch_size=batch_size, method="genetic")
    assert history.evaluations == evaluations


def test_an_elite_that_is_not_evaluated_again_changes_nothing(monkeypatch):
    vectors = []
    for repeats in (True, False):
        monkeypatch.setattr("chainrule.methods.search.repeats", lambda _, repeats=repeats: repeats)
        net = cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(1)], dtype="float64")
        net.fit(np.eye(4)[:, :2], np.arange(4), epochs=20, batch_size=None, method="genetic")
        vectors.append(net.vector.copy())
    np.testing.assert_array_equal(*vectors)


def test_strategies_estimate_the_gradient():
    net, x, t = small()
    right = net.gradients(x, t, training=True)
    engine = engine_of(EvolutionStrategies(pairs=20_000, size=0.01), net, x, t)
    engine.advance(1, hold=True)
    for name in ("w1", "scale2", "w3", "b3"):
        found = engine.arrays[f"d_{name}"]
        assert np.linalg.norm(found - right[name]) < 0.05 * max(np.linalg.norm(right[name]), 0.1), name


def test_a_maximum_shares_its_derivative_among_equals():
    peak = cr.Layer("peak[n,j] = w[j] * x[n,j] / max(i, abs(w[i] * x[n,i]) + 1)", {"w": cr.Init("constant", 1.0)})
    for x in ([[1.0, 2.0, 2.0]], [[0.5, -3.0, 1.0]]):
        net = cr.Network(3, [peak], dtype="float64")
        right = net.gradients(x, [[1.0, 0.0, 2.0]])
        engine = engine_of(DualNumbers(), net, x, [[1.0, 0.0, 2.0]])
        engine.advance(1, hold=True)
        (name,) = net.parameters
        np.testing.assert_allclose(engine.arrays[f"d_{name}"], right[name], rtol=1e-12)


def test_parameters_without_effect_have_no_gradient():
    idle = cr.Layer("idle[n,j] = x[n,j] + stop(v[j])", {"v": cr.Init("constant", 1.0)})
    net = cr.Network(2, [idle], dtype="float64")
    engine = engine_of(DualNumbers(), net, [[1.0, 2.0]], [[0.0, 0.0]])
    engine.advance(1, hold=True)
    (name,) = net.parameters
    assert not engine.arrays[f"d_{name}"].any()


def test_a_network_without_parameters_can_be_fitted():
    for method in cr.methods.METHODS:
        history = cr.Network(2, [cr.Dropout(0.5)]).fit([[1, 2]], [[1, 2]], epochs=2, method=method)
        assert history.epochs == 2
