"""Activations: values against formulas of their papers, exactness far from 0, and one's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

import chainrule as cr
from chainrule.activations import ACTIVATIONS, as_activation
from chainrule.errors import FormulaError, InputError

Z = np.concatenate([np.linspace(-6, 6, 49), [-1000.0, -40.0, 40.0, 1000.0]])[:, None]

# Independent forms: SciPy's functions, or the definition in another shape.
FORMS = {
    "identity": lambda z: z,
    "sigmoid": special.expit,
    "tanh": lambda z: 1 - 2 * special.expit(-2 * z),
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "selu": lambda z: np.where(
        z > 0, 1.0507009873554805 * z, 1.0507009873554805 * 1.6732632423543772 * np.expm1(np.minimum(z, 0))
    ),
    "gelu": lambda z: z * special.ndtr(z),
    "silu": lambda z: z * special.expit(z),
    "mish": lambda z: z * np.tanh(np.logaddexp(0, z)),
    "softplus": lambda z: np.logaddexp(0, z),
}


def apply(activation, z, dtype="float64"):
    """The activation of weighted inputs `z`, and the derivative of its sum, through a network."""
    z = np.asarray(z, float)
    net = cr.Network(z.shape[1], [cr.Dense(z.shape[1], activation, bias=None)], "absolute_error", dtype=dtype)
    net.set_parameters({"w1": np.eye(z.shape[1])})
    values = net.values(z, np.full_like(z, -2e6))
    return values["y"], values["d_x"] * len(z)


@pytest.mark.parametrize("name", FORMS)
def test_values_equal_the_published_formula(name):
    np.testing.assert_allclose(apply(name, Z)[0], FORMS[name](Z), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", FORMS)
def test_slopes_equal_differences_of_the_published_formula(name):
    z, step = Z[(np.abs(Z) > 0.01) & (np.abs(Z) < 100)][:, None], 1e-5
    slopes = (FORMS[name](z + step) - FORMS[name](z - step)) / (2 * step)
    np.testing.assert_allclose(apply(name, z)[1], slopes, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_stay_finite_far_from_zero(name, dtype):
    far = np.array([[-1e6, -1000, -100, -20, 0, 20, 100, 1000, 1e6]])
    value, slope = apply(name, far, dtype)
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()
    assert value.dtype == slope.dtype == np.dtype(dtype)


def test_every_activation_is_tested():
    assert set(FORMS) | {"softmax"} == set(ACTIVATIONS)


@pytest.mark.parametrize("shift", [0.0, 1000.0, -1e6])
def test_softmax_sums_to_one_whatever_is_added(shift):
    z = np.random.default_rng(0).normal(size=(5, 4))
    value = apply("softmax", z + shift)[0]
    np.testing.assert_allclose(value.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(value, special.softmax(z, axis=1), rtol=1e-8)


def test_softmax_of_one_unit_is_1():
    assert apply("softmax", [[3.0]])[0] == 1


def test_own_formulas_see_the_layer():
    z = np.random.default_rng(1).normal(size=(4, 3))
    mean, largest = z.mean(axis=1, keepdims=True), z.max(axis=1, keepdims=True)
    for formula, right in [
        ("x - mean(x)", z - mean),
        ("x * max(x)", z * largest),
        ("sum(x)", np.repeat(z.sum(axis=1, keepdims=True), 3, axis=1)),
        ("sum(x * sum(x))", np.repeat(z.sum(axis=1, keepdims=True) ** 2, 3, axis=1)),
        ("where(x > mean(x), x, k)", np.where(z > mean, z, 0.5)),
        ("k", np.full_like(z, 0.5)),
    ]:
        numbers = {"k": 0.5} if "k" in formula else {}
        np.testing.assert_allclose(apply(cr.Activation("own", formula, **numbers), z)[0], right, rtol=1e-12)


@pytest.mark.parametrize(
    ("formula", "right"),
    [
        ("maximum(x, 0 * x)", [[1, 1]]),
        ("maximum(0 * x, x)", [[0, 0]]),
        ("maximum(x, x)", [[1, 1]]),
        ("minimum(x, 2 * x)", [[1, 1]]),
        ("minimum(x, x)", [[1, 1]]),
        ("max(x)", [[1, 1]]),
        ("relu(x)", [[0, 0]]),
        ("abs(x)", [[0, 0]]),
    ],
)
def test_at_a_tie_a_derivative_arrives_once(formula, right):
    """The first of two equal values takes it; several largest units share it; relu and abs have slope 0 at 0."""
    _, slope = apply(cr.Activation("own", formula), [[0.0, 0.0]])
    assert slope.tolist() == right


@pytest.mark.parametrize(
    ("formula", "right"),
    [
        ("x * exp(1 > 0)", math.e),
        ("x * sqrt((1 > 0) + (2 > 1))", math.sqrt(2)),
        ("x * ((1 > 0) - (2 > 1))", 0),
        ("x * -(0 < 2)", -1),
        ("x * tanh(1 >= 1)", math.tanh(1)),
        ("where(2 > 1, x, 0)", 1),
        ("where(0, 5, x / 3)", 1 / 3),
        ("x * 2**(1 == 1)", 2),
    ],
)
def test_comparisons_of_numbers_are_0_and_1_in_full_precision(formula, right):
    value, slope = apply(cr.Activation("own", formula), [[1.0]])
    assert value.item() == slope.item() == pytest.approx(right, rel=1e-15)


def test_one_s_own_activation_trains_checks_and_prints_its_backward_equation():
    swish = cr.Activation("swish", "x * sigmoid(slope * x)", slope=1.5)
    net = cr.Network(1, [cr.Dense(6, swish), cr.Dense(1)], dtype="float64", seed=1)
    x = np.linspace(-2, 2, 30)[:, None]
    report = cr.check_gradients(net, x[:3], np.sin(x[:3]))
    assert report.ok, str(report)
    history = net.fit(x, np.sin(x), optimizer=cr.Adam(0.02), epochs=200)
    assert history.cost[-1] < 0.05 * history.cost[0]
    backward = next(line for line in str(net).splitlines() if line.strip().startswith("d_z1"))
    assert "d_a1" in backward
    assert "a1_sigmoid" in backward


def test_numbers_of_built_in_activations_can_be_changed():
    leaky = cr.activation("leaky_relu", slope=0.2)
    assert apply(leaky, [[-1.0, 2.0]])[0].tolist() == [[-0.2, 2.0]]
    assert as_activation("leaky_relu").formula.parameters == {"slope": 0.01}
    assert leaky.config["slope"] == 0.2
    assert as_activation(leaky.config).config == leaky.config
    assert as_activation("relu").config == "relu"


@pytest.mark.parametrize("number", [np.float64(0.2), np.float32(0.25), np.int64(2), 2])
def test_numbers_may_be_numpys_and_leave_float32_alone(number):
    leaky = cr.activation("leaky_relu", slope=number)
    value, slope = apply(leaky, [[-1.0, 2.0]], "float32")
    assert value.dtype == slope.dtype == np.float32
    np.testing.assert_allclose(value, [[-float(number), 2.0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("formula", "numbers", "message"),
    [
        ("sigmoyd(x)", {}, "activation own.*sigmoyd.*did you mean '?sigmoid"),
        ("sigmoid(x, x)", {}, "activation own.*sigmoid takes 1 value"),
        ("where(x > 0, x)", {}, "where takes 3 value"),
        ("x * k", {}, "k is not known.*x"),
        ("t * x", {}, "t is not known"),
        ("x[n]", {}, "not known"),
        ("max(x, 0)", {}, r"maximum\(a, b\)"),
        ("sum(i, x)", {}, "runs over the units"),
        ("x * N", {}, "size of an index"),
        ("x * K", {"K": 3.0}, "size of an index|small letter"),
        ("x * x", {"k": 3.0}, "k is not used"),
        ("x * 2", {"x": 3.0}, "x has a meaning of its own"),
        ("x +", {}, "cannot read"),
        ("", {}, "cannot read"),
        ("x if x else 0", {}, r"write where\(condition, value, otherwise\)"),
        ("__import__('os')", {}, "not part of the language"),
        ("x.real", {}, "not part of the language"),
        ("True * x", {}, "write 1 for true"),
        ("0 < x < 1", {}, "one comparison at a time"),
        (3, {}, "a formula is a text"),
        (None, {}, "a formula is a text"),
        ("k * x", {"k": float("nan")}, "parameter k must be a finite number, not nan"),
        ("k * x", {"k": "2"}, "parameter k must be a finite number, not '2'"),
        ("k * x", {"k": True}, "parameter k must be a finite number, not True"),
        ("k * x", {"k": 10**400}, "parameter k must be a finite number"),
    ],
)
def test_a_formula_that_cannot_be_is_refused_at_once(formula, numbers, message):
    with pytest.raises(InputError, match=message):
        cr.Activation("own", formula, **numbers)


def test_other_mistakes_name_what_is_known():
    with pytest.raises(FormulaError, match="foo"):
        cr.Activation("own", "x", log="foo(x)")
    with pytest.raises(InputError, match="unknown initialiser 'glorto': did you mean 'glorot'"):
        cr.Activation("own", "x", init="glorto")
    with pytest.raises(InputError, match="unknown activation 'mihs': did you mean 'mish'"):
        cr.activation("mihs")
    with pytest.raises(InputError, match="unknown parameter of the activation elu 'alhpa': did you mean 'alpha'"):
        cr.activation("elu", alhpa=2)


def test_numbers_near_the_end_of_the_range_do_not_crash():
    value, _ = apply(cr.Activation("huge", "x * 1e300 * 1e300"), [[1.0]])
    assert math.isinf(value[0, 0])
    assert apply(cr.activation("leaky_relu", slope=1e308), [[-1.0, 1.0]])[0].tolist() == [[-1e308, 1.0]]
