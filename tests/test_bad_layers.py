"""Layers that cannot be made: an InputError with a sentence, at once."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import FormulaError, InputError
from refusal import attempt

NOT_SIZES = [0, -1, 1.5, 3.0, True, "3", None, float("nan"), float("inf"), [3], 10**30, np.float64(2), np.array([2])]
NOT_POSITIVE = [0, -1, True, "a", None, float("nan"), float("inf"), [1], 10**400, np.array([0.5])]


@pytest.mark.parametrize("units", NOT_SIZES, ids=lambda value: repr(value)[:20])
def test_units_are_whole_numbers_from_1(units):
    with pytest.raises(InputError, match=r"units of a Dense layer must be a whole number of at (least 1|most)"):
        cr.Dense(units)
    with pytest.raises(InputError, match="the number of inputs must be a whole number"):
        cr.Network(units, [cr.Dense(1)])
    if units is not None:
        with pytest.raises(InputError, match="units must be a whole number"):
            cr.Layer("g[n,k] = sum(i, x[n,i] * u[i,k])", {"u": "he"}, units=units)


@pytest.mark.parametrize("number", NOT_POSITIVE, ids=lambda value: repr(value)[:20])
def test_epsilon_is_a_number_above_0(number):
    for layer in (cr.LayerNorm, cr.BatchNorm):
        with pytest.raises(InputError, match="epsilon must be a number above 0"):
            layer(epsilon=number)


@pytest.mark.parametrize(
    "rate", [1, 1.5, -0.1, True, "a", None, float("nan"), 10**400, [0.5]], ids=lambda v: repr(v)[:9]
)
def test_rates_of_dropout_and_momentum_are_from_0_and_below_1(rate):
    with pytest.raises(InputError, match="rate of Dropout must be a number of at least 0 and below 1"):
        cr.Dropout(rate)
    with pytest.raises(InputError, match="momentum of BatchNorm must be a number of at least 0 and below 1"):
        cr.BatchNorm(momentum=rate)


def test_a_network_too_large_for_memory_is_refused():
    with pytest.raises(InputError, match="does not fit in memory"):
        cr.Network(2**30, [cr.Dense(2**30), cr.Dense(2**30)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cr.Dense(1, "sigmiod"), "unknown activation 'sigmiod': did you mean 'sigmoid'"),
        (lambda: cr.Dense(1, None), "unknown activation None"),
        (lambda: cr.Dense(1, ["relu"]), "unknown activation"),
        (lambda: cr.Dense(1, {"name": "a"}), "activation"),
        (lambda: cr.Dense(1, cr.Activation), "unknown activation"),
        (lambda: cr.LayerNorm("rleu"), "did you mean 'relu'"),
        (lambda: cr.BatchNorm("rleu"), "did you mean 'relu'"),
        (lambda: cr.Dense(1, init="glorto"), "unknown initialiser 'glorto': did you mean 'glorot'"),
        (lambda: cr.Dense(1, bias_init="zero"), "did you mean 'zeros'"),
        (lambda: cr.Dense(1, init=["he"]), "unknown initialiser"),
        (lambda: cr.Dense(1, init=3), "unknown initialiser"),
        (lambda: cr.Dense(1, bias="units"), "bias is 'unit'.*'layer'.*None, not 'units'"),
        (lambda: cr.Dense(1, bias=["unit"]), "bias is 'unit'"),
        (lambda: cr.Dense(1, bias=True), "bias is 'unit'"),
        (lambda: cr.Residual([]), "a list of layers"),
        (lambda: cr.Residual(cr.Dense(2)), "a list of layers"),
        (lambda: cr.Residual([cr.Dense]), "a list of layers"),
        (lambda: cr.Residual(["relu"]), "a list of layers"),
        (lambda: cr.Network(2, [cr.Dense]), "a list of layers"),
        (lambda: cr.Network(2, []), "a list of layers"),
        (lambda: cr.Network(2, cr.Dense(1)), "a list of layers"),
        (lambda: cr.Network(2, "relu"), "a list of layers"),
        (lambda: cr.Network(2, [cr.Residual([cr.Dense(3)])]), "its input of 2 units to 3 units.*give that layer 2"),
        (lambda: cr.Network(2, [cr.Dense(1, init=cr.Init("constant", 1e39))]), "w1.*finite|too large"),
    ],
)
def test_what_is_no_layer_is_said(make, message):
    with pytest.raises(InputError, match=message):
        make()


GATE = "g[n,j] = v[j] * x[n,j]"


@pytest.mark.parametrize(
    ("formula", "parameters", "units", "message"),
    [
        ("", {}, None, "a layer needs an equation"),
        ("# only a remark", {}, None, "a layer needs an equation"),
        (3, {}, None, "a text of equations"),
        (GATE, ["v"], None, "a mapping of parameters"),
        (GATE, {}, None, r"v\[j\] is not known; known: g, x"),
        (GATE, {"v": "glorto"}, None, "did you mean 'glorot'"),
        (GATE, {"v": "he", "q": "he"}, None, "the parameter q stands nowhere"),
        (GATE, {"v": "he", 3: "he"}, None, "a mapping of parameters"),
        (GATE, {"v": "he", "x": "he"}, None, "x is taken"),
        ("g[n,j] = v[n] * x[n,j]", {"v": "he"}, None, "cannot differ by sample"),
        ("g[n,j] = d_v[j] * v[j] * x[n,j]", {"v": "he", "d_v": "he"}, None, "letters only"),
        ("g[n] = sum(i, x[n,i])", {}, None, r"must read name\[n,j\], not g\[n\]"),
        ("g[m,j] = x[m,j]", {}, None, r"must read name\[n,j\]"),
        ("g[n,j] = x[j,n]", {}, None, r"reads x\[n,i\], not x\[j,n\]"),
        ("g[n,j] = x[n]", {}, None, r"reads x\[n,i\], not x\[n\]"),
        ("g[n,j] = sum(i, x[n,i] * u[i,j])", {"u": "he"}, None, "size of j does not follow.*units="),
        ("g[n,j] = x[n,j]\ng[n,j] = x[n,j]", {}, None, "defined twice"),
        ("x[n,j] = x[n,j]", {}, None, "x"),
        ("g[n,j] = h[n,j]\nh[n,j] = x[n,j]", {}, None, "further down"),
        ("g[n,j] = sigmoyd(x[n,j])", {}, None, "did you mean.* '?sigmoid"),
        ("g[n,j] = sigmoid(x[n,j], 2)", {}, None, "sigmoid takes 1 value"),
        ("g[n,j] = max(x[n,j], 0)", {}, None, r"maximum\(a, b\)"),
        ("g[n,j] = x[n,j]**k", {}, None, "k"),
        ("g[n,j] = x[n,j] + E", {}, None, "E"),
        ("g[n,j] = x[n,j] +", {}, None, "cannot read"),
        ("g[n,j] <- x[n,j]", {}, None, "writes a state"),
        ("v[j] <- v[j] + 1\ng[n,j] = v[j] * x[n,j]", {"v": "he"}, None, "writes a state"),
        ("G[n,j] = x[n,j]", {}, None, "small letter"),
    ],
)
def test_a_formula_that_does_not_fit_is_refused_when_the_layer_is_made(formula, parameters, units, message):
    with pytest.raises(InputError, match=message):
        cr.Layer(formula, parameters, units)


def test_errors_of_a_formula_quote_it():
    with pytest.raises(FormulaError, match=r"Layer\('g\[n,j\] = v\[j\] \* x\[n,j\]'\)"):
        cr.Layer(GATE)


def test_units_must_agree_with_an_index_of_the_input():
    layer = cr.Layer("g[n,j] = x[n,j]", units=3)
    with pytest.raises(InputError, match="j is an index of the input and has size 2, but units=3"):
        cr.Network(2, [layer])


@pytest.mark.parametrize("name", ["mask", "drop", "r"])
def test_a_name_that_dropout_or_residual_number_is_refused_when_the_layer_is_made(name):
    _, refusal = attempt(lambda: cr.Layer(f"{name}[n,j] = x[n,j]"))
    assert refusal
    assert f"{name!r} cannot name an array here" in refusal
