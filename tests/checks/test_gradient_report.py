"""`check_gradients`: planted mistakes are found, kinks and float32 explained, large networks projected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.checks import gradients
from chainrule.errors import InputError
from chainrule.functions import FUNCTIONS, function

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))


@pytest.fixture
def plant(monkeypatch):
    """Put wrong derivatives into the function table; what was looked up and read before is forgotten."""

    def planted(name, *derivatives):
        monkeypatch.setitem(FUNCTIONS, name, replace(FUNCTIONS[name], derivatives=derivatives))
        function.cache_clear()

    yield planted
    function.cache_clear()


def network(*layers, inputs=3, **settings):
    net = cr.Network(inputs, layers, **{"dtype": "float64", "seed": 1, **settings})
    net.set_parameters({name: RNG.normal(0.2, 0.6, value.shape) for name, value in net.parameters.items()})
    return net


def test_a_right_network_is_ok_in_words_and_numbers():
    net = network(cr.Dense(4, "tanh"), cr.Dense(2))
    report = cr.check_gradients(net, X, T, inputs=True)
    assert report.ok
    assert [check.name for check in report.parameters] == ["w1", "b1", "w2", "b2", "x"]
    assert [check.checked for check in report.parameters] == [12, 4, 8, 2, 15]
    assert all(check.rounding == 0 and check.kinks == 0 for check in report.parameters)
    assert "All derivatives agree." in str(report)
    assert "two oracles" in str(report)
    assert "element by element" in str(report)
    assert "WRONG" not in str(report)


def test_the_wrong_derivative_of_the_textbook_is_found(plant):
    plant("tanh", "1 - y")
    report = cr.check_gradients(network(cr.Dense(4, "tanh"), cr.Dense(2)), X, T)
    wrong = {check.name: check.ok for check in report.parameters}
    assert wrong == {"w1": False, "b1": False, "w2": True, "b2": True}
    assert not report.ok
    text = str(report)
    assert "WRONG: w1, b1. Both oracles disagree" in text
    assert [line.split()[0] for line in text.splitlines() if line.endswith("WRONG")] == ["w1", "b1"]


SMOOTH = {
    "exp": "exp(x)",
    "expm1": "expm1(x)",
    "log": "log(2 + x**2)",
    "log1p": "log1p(x**2)",
    "sqrt": "sqrt(2 + x)",
    "sin": "sin(x)",
    "cos": "cos(x)",
    "sinh": "sinh(x)",
    "cosh": "cosh(x)",
    "tanh": "tanh(x)",
    "arctan": "arctan(x)",
    "erf": "erf(x)",
    "sigmoid": "sigmoid(x)",
    "softplus": "softplus(x)",
    "relu": "relu(1 + x)",
    "abs": "abs(1 + x)",
    "neg": "-x",
    "+": "x + x**2",
    "-": "x - x**2",
    "*": "x * sin(x)",
    "/": "x / (2 + x)",
    "**": "x**3 + 2**x",
    "maximum": "maximum(x, x**2 - 1)",
    "minimum": "minimum(x, 1 - x**2)",
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("factor", ["1.001", "-1"])
def test_a_mistake_in_any_function_of_the_table_is_found(plant, name, factor):
    def report():
        net = cr.Network(3, [cr.Dense(4, cr.Activation("own", SMOOTH[name])), cr.Dense(2)], dtype="float64", seed=3)
        return cr.check_gradients(net, X / 3, T)

    assert report().ok
    *rest, last = FUNCTIONS[name].derivatives
    plant(name, *rest, f"{factor} * ({last})")
    assert not report().ok


def test_every_function_with_a_derivative_is_planted():
    flat = {name for name, entry in FUNCTIONS.items() if set(entry.derivatives) == {"0"}}
    assert set(SMOOTH) | flat | {"where"} == set(FUNCTIONS)


@pytest.mark.parametrize("where", ["w1", "b1", "w2", "x"])
@pytest.mark.parametrize("size", [4, 40], ids=["element by element", "projected"])
def test_one_wrong_element_is_found_wherever_it_hides(monkeypatch, where, size):
    net = network(cr.Dense(size, "tanh"), cr.Dense(size, "tanh"), cr.Dense(2))
    derived = gradients._derived

    def spoilt(program, arrays, names):
        found = derived(program, arrays, names)
        found[where] = found[where].copy()
        found[where].flat[-1] += 0.01 * np.abs(found[where]).max()
        return found

    assert cr.check_gradients(net, X, T, inputs=True).ok
    monkeypatch.setattr(gradients, "_derived", spoilt)
    report = cr.check_gradients(net, X, T, inputs=True)
    assert [check.name for check in report.parameters if not check.ok] == [where]


def test_above_1000_parameters_each_array_is_projected(plant):
    net = network(cr.Dense(40, "tanh"), cr.Dense(30, "tanh"), cr.Dense(2))
    report = cr.check_gradients(net, X, T)
    assert report.projected
    assert report.ok, str(report)
    assert {check.name for check in report.parameters if check.checked == gradients.PROJECTIONS} == {"w2"}
    assert "along 8 random directions" in str(report)
    plant("tanh", "1 - y**2 + 1e-6")
    report = cr.check_gradients(network(cr.Dense(40, "tanh"), cr.Dense(30, "tanh"), cr.Dense(2)), X, T)
    assert [check.name for check in report.parameters if not check.ok][:2] == ["w1", "b1"]


def test_exactly_1000_parameters_are_checked_one_by_one():
    net = network(cr.Dense(1, bias=None), inputs=1000)
    report = cr.check_gradients(net, RNG.normal(size=(1, 1000)) / 30, [[1.0]])
    assert not report.projected
    assert report.ok
    assert report.parameters[0].checked == 1000


def test_a_kink_is_explained_and_left_out_of_the_differences_alone():
    net = network(cr.Dense(3, "relu"), cr.Dense(2))
    net.set_parameters({"w1": np.eye(3), "b1": [0, 0, 1]})
    report = cr.check_gradients(net, np.zeros((1, 3)), T[:1])
    kinks = {check.name: check.kinks for check in report.parameters}
    assert kinks == {"w1": 0, "b1": 2, "w2": 0, "b2": 0}
    assert report.ok
    assert "2 at a kink (as relu at 0)" in str(report)
    only = cr.check_gradients(network(cr.Dense(2, "relu", bias=None)), np.zeros((1, 3)), T[:1], inputs=True)
    assert only.ok
    assert next(line for line in str(only).splitlines() if line.startswith("x ")).split()[3] == "-"


def test_a_mistake_shows_also_where_every_derivative_is_at_a_kink(plant):
    net = network(cr.Dense(3, "relu", bias=None), cr.Dense(2))
    assert cr.check_gradients(net, np.zeros((1, 3)), T[:1], inputs=True).ok
    plant("relu", "x >= 0")
    net = network(cr.Dense(3, "relu", bias=None), cr.Dense(2))
    report = cr.check_gradients(net, np.zeros((1, 3)), T[:1], inputs=True)
    assert [check.name for check in report.parameters if not check.ok] == ["x"]


def test_float32_is_compared_in_float64_and_its_rounding_told():
    net = network(cr.Dense(4, "tanh"), cr.Dense(2), dtype="float32")
    report = cr.check_gradients(net, X, T)
    assert report.ok
    assert max(check.dual for check in report.parameters) < 1e-12
    assert 1e-9 < max(check.rounding for check in report.parameters) < 1e-3
    assert "Computing in float32 alone changes derivatives" in str(report)


def test_float32_hides_no_mistake(plant):
    plant("sigmoid", "y * (1 - y) + 1e-5")
    report = cr.check_gradients(network(cr.Dense(4, "sigmoid"), cr.Dense(2), dtype="float32"), X, T)
    assert not report.ok


def test_nan_is_not_ok():
    net = network(cr.Dense(2, cr.Activation("own", "log(x)")))
    with pytest.raises(InputError, match=r"nothing to check.*log\(z1"):
        cr.check_gradients(net, -np.abs(X), np.abs(T))


def test_modes_weights_and_labels_are_those_of_gradients():
    net = network(cr.Dropout(0.4), cr.Dense(4, "tanh"), cr.BatchNorm(), cr.Dense(3, "softmax"), loss="cross_entropy")
    for mode in ({}, {"training": True}, {"training": True, "step": 7}):
        report = cr.check_gradients(net, X, [0, 1, 2, 1, 0], [1, 2, 0.5, 1, 3], inputs=True, **mode)
        assert report.ok, str(report)


def test_nothing_that_is_given_is_changed():
    net = network(cr.BatchNorm(), cr.Dense(3, "softmax"), loss="cross_entropy")
    x, t, s = X.copy(), np.full((5, 3), 1 / 3 + 1e-7), np.ones(5)
    vector, states = net.vector.copy(), {name: value.copy() for name, value in net.states.items()}
    cr.check_gradients(net, x, t, s, inputs=True, training=True)
    assert np.array_equal(x, X)
    assert (t == 1 / 3 + 1e-7).all()
    assert np.array_equal(net.vector, vector)
    assert all(np.array_equal(net.states[name], value) for name, value in states.items())


@pytest.mark.parametrize(("x", "t"), [(X[:, :2], T), (X, T[:2]), (X, None), (None, T), ([["a", "b", "c"]], T[:1])])
def test_bad_input_is_refused_as_everywhere(x, t):
    with pytest.raises(cr.errors.InputError):
        cr.check_gradients(network(cr.Dense(2)), x, t)
