"""Derived gradients against finite differences and dual numbers, over random networks."""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import chainrule as cr
import extended
from random_formulas import formulas, layer_formulas
from random_networks import ALL_ACTIVATIONS, ALL_LOSSES, Case, cases, last_activations, randomise, targets

DIFFERENCES, DUAL = 1e-6, 1e-12


def compare(case: Case, inputs: bool = True) -> Counter[str]:
    """Assert that both oracles agree; return how many derivatives were compared, stood at a kink, or were rounded.

    Where terms of the size of 1 cancel to 0 (a bias before a softmax or a norm), rounding alone exceeds 1e-12 of
    1e-3; where norms stand one behind the other on nearly equal units, the cost bends within the shortest step.
    Such a case must agree in 80-bit arithmetic, and is counted.
    """
    report = cr.check_gradients(case.net, case.x, case.t, case.sample_weight, inputs=inputs, **case.mode)
    assert not report.projected
    rounded = any(check.dual > DUAL for check in report.parameters)
    curved = any(check.differences > DIFFERENCES for check in report.parameters)
    if (rounded or curved) and extended.AVAILABLE:
        again = extended.Extended(case)
        assert again.worst_dual() <= DUAL, (str(report), case)
        assert not curved or again.worst_difference() <= DIFFERENCES, (str(report), case)
    return Counter(
        cases=1,
        rounded=int(rounded),
        curved=int(curved),
        checked=sum(check.checked for check in report.parameters),
        kinks=sum(check.kinks for check in report.parameters),
    )


def name_of(given: Any) -> str:
    return given if isinstance(given, str) else given.name


def test_random_networks_agree_with_both_oracles():
    counted: Counter[str] = Counter()

    @settings(max_examples=120)
    @given(cases())
    def check(case: Case) -> None:
        counted.update(compare(case))

    check()
    assert counted["checked"] > 1000
    assert counted["kinks"] < 0.03 * counted["checked"], counted
    assert counted["rounded"] < 0.06 * counted["cases"], counted
    assert counted["curved"] < 0.03 * counted["cases"], counted


@pytest.mark.parametrize("loss", ALL_LOSSES, ids=name_of)
def test_each_loss_agrees_with_each_last_activation(loss):
    counted: Counter[str] = Counter()
    for seed, activation in enumerate(last_activations(loss)):
        rng = np.random.default_rng(seed)
        net = cr.Network(3, [cr.Dense(2, "tanh"), cr.Dense(3, activation)], loss, dtype="float64")
        randomise(net, rng)
        case = Case(net, rng.normal(size=(4, 3)), targets(rng, loss, 4, 3), rng.uniform(0.5, 2, 4), {})
        counted.update(compare(case))
    assert counted["kinks"] == counted["rounded"] == counted["curved"] == 0


@pytest.mark.parametrize("activation", ALL_ACTIVATIONS, ids=name_of)
def test_each_activation_agrees_far_from_zero(activation):
    """Where exponentials are large or vanish: weighted inputs from -40 to 40.

    Without dE/dx, in which terms 40 times as large as a slope of 1 cancel: 1e-12 of 1e-3 is below their rounding.
    """
    net = cr.Network(1, [cr.Dense(8, activation, bias=None), cr.Dense(1)], "absolute_error", dtype="float64")
    net.set_parameters({"w1": [[-40, -20, -5, -0.5, 0.5, 5, 20, 40]], "w2": np.linspace(0.1, 0.9, 8)[:, None]})
    compare(Case(net, np.array([[1.0], [0.3]]), np.array([[-100.0], [100.0]]), None, {}), inputs=False)


LAYERS = {
    "bias of a layer": [cr.Dense(3, "tanh", bias="layer")],
    "frozen bias": [cr.Dense(3, "tanh", train_bias=False)],
    "no bias": [cr.Dense(3, "tanh", bias=None)],
    "dropout": [cr.Dense(4, "tanh"), cr.Dropout(0.5)],
    "layer norm": [cr.LayerNorm("tanh")],
    "batch norm": [cr.BatchNorm("tanh")],
    "residual": [cr.Residual([cr.Dense(5, "tanh"), cr.Dropout(0.2), cr.BatchNorm(), cr.Dense(3)])],
    "residual in residual": [cr.Residual([cr.Residual([cr.LayerNorm("tanh"), cr.Dense(3)]), cr.Dense(3, "silu")])],
    "formula": [cr.Layer("gate[n,j] = sigmoid(sum(i, x[n,i] * u[i,j])) * x[n,j]", parameters={"u": "glorot"})],
    "formula over the batch": [cr.Layer("far[n,j] = v[j] * (x[n,j] - mean(n, x[n,j]))", parameters={"v": "glorot"})],
    "three indices": [cr.Layer("q[n,k] = sum(i, sum(j, x[n,i] * u[i,j,k] * x[n,j]))", {"u": "glorot"}, units=2)],
}


@pytest.mark.parametrize("training", [False, True], ids=["evaluating", "training"])
@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_each_layer_agrees_in_each_mode(layers, training):
    rng = np.random.default_rng(5)
    net = cr.Network(3, [*layers, cr.Dense(2)], dtype="float64", penalties=[cr.L2(0.1)])
    randomise(net, rng)
    case = Case(net, rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), None, {"training": training, "step": 3})
    counted = compare(case)
    assert counted["kinks"] == counted["rounded"] == counted["curved"] == 0


@given(formulas(), formulas("y"), st.integers(0, 999), st.integers(1, 4), st.integers(1, 3))
def test_random_formulas_agree(activation, loss, seed, rows, units):
    """Any activation and any loss; where a formula stops a derivative, differences are not its oracle."""
    layers = [cr.Dense(units, cr.Activation("own", activation)), cr.Dense(units)]
    net = cr.Network(2, layers, cr.Loss("own", loss.replace("0.5", "t")), dtype="float64")
    rng = np.random.default_rng(seed)
    randomise(net, rng)
    case = Case(net, rng.normal(size=(rows, 2)), rng.normal(size=(rows, units)), None, {})
    if "stop" in activation + loss:
        assert extended.Extended(case).worst_dual() <= DUAL
    else:
        compare(case)


@given(layer_formulas(), st.integers(0, 999), st.integers(1, 4), st.integers(1, 4))
def test_random_layers_agree(formula, seed, rows, inputs):
    text, parameters = formula
    net = cr.Network(inputs, [cr.Layer(text, parameters), cr.Dense(2, "tanh")], dtype="float64")
    rng = np.random.default_rng(seed)
    randomise(net, rng)
    compare(Case(net, rng.normal(0, 0.6, (rows, inputs)), rng.normal(size=(rows, 2)), None, {}))


SMOOTH = tuple(loss for loss in ALL_LOSSES if name_of(loss) in ("half_squared_error", "log_cosh", "cross_entropy"))
_POINTS = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}


@settings(max_examples=25)
@given(cases(SMOOTH))
def test_gradients_are_slopes_of_the_cost_as_users_see_it(case):
    """Nothing of `chainrule.checks`: the cost at four points beside a parameter, through the network's own methods.

    Along one direction for each parameter, which crosses a kink only where its two halves disagree.
    """
    net, mode = case.net, case.mode

    def cost(name: str, value: Any) -> float:
        before = net.parameters[name].copy()
        net.set_parameters({name: value})
        found = float(net.values(case.x, case.t, case.sample_weight, **mode)["E"])
        net.set_parameters({name: before})
        return found

    gradients = net.gradients(case.x, case.t, case.sample_weight, **mode)
    for name, start in net.parameters.items():
        direction = np.random.default_rng(0).choice([-1.0, 1.0], start.shape)
        slopes = [
            sum(w * cost(name, start + k * step * direction) for k, w in _POINTS.items()) / step
            for step in (1e-3, 5e-4)
        ]
        if abs(slopes[0] - slopes[1]) < 1e-7 * max(1, abs(slopes[1])):
            assert float(np.sum(gradients[name] * direction)) == pytest.approx(slopes[1], rel=1e-6, abs=1e-6)


@settings(max_examples=25)
@given(cases(dtype="float32"))
def test_float32_gradients_are_the_float64_ones_up_to_rounding(case):
    exact = cr.Network.from_config({**case.net.config, "dtype": "float64"})
    exact.set_parameters(case.net.parameters)
    exact.set_states(case.net.states)
    batch = case.x, case.t, case.sample_weight
    rough = case.net.gradients(*batch, **case.mode)
    fine = exact.gradients(*batch, **case.mode)
    largest = max(1.0, *(float(np.abs(value).max()) for value in fine.values())) if fine else 1.0
    for name, value in rough.items():
        assert value.dtype == np.float32
        assert np.abs(value - fine[name]).max() <= 1e-4 * largest, (name, case)
