"""Each optimiser against its update written by hand, and against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network import _stochastic_optimizers as theirs

import chainrule as cr
import oracle_dense
import oracle_optimizers
from chainrule.errors import InputError
from chainrule.optimizers import OPTIMIZERS

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(7, 3)), RNG.normal(size=(7, 2))
NAMES = ["tanh", "identity"]


def network(**settings):
    layers = [cr.Dense(4, "tanh", bias="layer"), cr.Dense(2, **settings)]
    net = cr.Network(3, layers, dtype="float64", seed=4)
    net.set_parameters({"b1": 0.3, "b2": [0.2, -0.1]})
    return net


def gradients(parameters):
    found = oracle_dense.gradients(NAMES, "half_squared_error", parameters, X, T)
    return {name: found[name] for name in parameters}


def by_hand(start, make, rate, steps=5, bias_rate=None, clip=None, frozen=()):
    """Return the parameters after some full-batch steps; `rate` and `bias_rate` are functions of the step."""
    parameters = {name: np.array(value) for name, value in start.items()}
    updates = {name: make() for name in parameters}
    for step in range(1, steps + 1):
        found = {name: g for name, g in gradients(parameters).items() if name not in frozen}
        length = np.sqrt(sum(np.sum(g**2) for g in found.values()))
        scale = 1 if clip is None or length <= clip else clip / length
        for name, g in found.items():
            own = bias_rate if bias_rate and parameters[name].ndim < 2 else rate
            parameters[name] = updates[name](parameters[name], scale * g, own(step), step)
    return parameters


def train(net, optimizer, steps=5):
    net.fit(X, T, optimizer=optimizer, epochs=steps, batch_size=None)
    return net.parameters


def assert_equal(found, right, rtol=1e-11):
    assert found.keys() == right.keys()
    for name, value in right.items():
        np.testing.assert_allclose(found[name], value, rtol=rtol, atol=1e-13, err_msg=name)


NUMBERS = {
    "GradientDescent": {},
    "Momentum": {"momentum": 0.7},
    "Nesterov": {"momentum": 0.8},
    "Adagrad": {"epsilon": 1e-3},
    "RMSprop": {"decay": 0.6, "epsilon": 1e-3},
    "Adam": {"beta1": 0.7, "beta2": 0.95, "epsilon": 1e-3},
    "AdamW": {"beta1": 0.7, "weight_decay": 0.3},
}


@pytest.mark.parametrize("numbers", [False, True], ids=["defaults", "own numbers"])
@pytest.mark.parametrize("name", NUMBERS)
def test_five_steps_equal_the_update_by_hand(name, numbers):
    given = NUMBERS[name] if numbers else {}
    right = by_hand(network().parameters, lambda: getattr(oracle_optimizers, name)(**given), lambda step: 0.05)
    assert_equal(train(network(), getattr(cr, name)(0.05, **given)), right)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("clip", [0.5, 1e-3, 1e3])
def test_clipping_scales_all_gradients_together(name, clip):
    right = by_hand(network().parameters, getattr(oracle_optimizers, name), lambda step: 0.05, clip=clip)
    assert_equal(train(network(), getattr(cr, name)(0.05, clip_norm=clip)), right, rtol=1e-9)


@pytest.mark.parametrize("name", NUMBERS)
def test_schedules_give_the_rate_of_each_step(name):
    schedule = cr.WarmUp(cr.Cosine(0.1), 2)
    right = by_hand(network().parameters, getattr(oracle_optimizers, name), lambda step: schedule.at(step, 5))
    assert_equal(train(network(), getattr(cr, name)(schedule)), right)


def test_biases_may_have_a_rate_of_their_own():
    hand = oracle_optimizers.GradientDescent
    start = network().parameters
    right = by_hand(start, hand, lambda step: 0.05, bias_rate=lambda step: 0.01)
    assert_equal(train(network(), cr.GradientDescent(0.05, bias_rate=0.01)), right)
    falling = cr.Exponential(0.2, 0.5)
    right = by_hand(start, hand, lambda step: 0.05, bias_rate=lambda step: falling.at(step, 5))
    assert_equal(train(network(), cr.GradientDescent(0.05, bias_rate=falling)), right)
    still = train(network(), cr.GradientDescent(0.05, bias_rate=0))
    assert still["b1"] == start["b1"]
    assert not np.array_equal(still["w1"], start["w1"])


def test_frozen_biases_take_no_part_in_clipping():
    start = network().parameters
    right = by_hand(start, oracle_optimizers.Momentum, lambda step: 0.05, clip=0.4, frozen={"b2"})
    assert_equal(train(network(train_bias=False), cr.Momentum(0.05, clip_norm=0.4)), right)


def test_a_gradient_of_zero_is_not_divided_by():
    for name in NUMBERS:
        net = cr.Network(1, [cr.Dense(2, "relu", bias_init=cr.Init("constant", -9))], dtype="float64")
        net.fit([[1.0]], [[0.0, 0.0]], optimizer=getattr(cr, name)(0.1, clip_norm=1), epochs=3)
        assert np.isfinite(net.vector).all()
        assert (net.parameters["b1"] == -9).all()


@pytest.mark.parametrize(
    ("ours", "make"),
    [
        (cr.GradientDescent(0.05), lambda p: theirs.SGDOptimizer(p, 0.05, momentum=0, nesterov=False)),
        (cr.Momentum(0.05, 0.8), lambda p: theirs.SGDOptimizer(p, 0.05, momentum=0.8, nesterov=False)),
        (cr.Nesterov(0.05, 0.8), lambda p: theirs.SGDOptimizer(p, 0.05, momentum=0.8, nesterov=True)),
        (cr.Adam(0.05, epsilon=1e-18), lambda p: theirs.AdamOptimizer(p, 0.05, epsilon=1e-18)),
    ],
    ids=["sgd", "momentum", "nesterov", "adam"],
)
def test_scikit_learn_takes_the_same_steps(ours, make):
    """Its epsilon stands beside the root before the bias correction; with a tiny one the two agree."""
    parameters = {name: np.array(value) for name, value in network().parameters.items()}
    optimizer = make(list(parameters.values()))
    for _ in range(5):
        updates = optimizer._get_updates(list(gradients(parameters).values()))
        parameters = {name: w + u for (name, w), u in zip(parameters.items(), updates, strict=True)}
    assert_equal(train(network(), ours), parameters)


def test_a_second_fit_starts_with_a_fresh_state():
    once, twice = network(), network()
    train(once, cr.Momentum(0.05), 2)
    again = by_hand(once.parameters, oracle_optimizers.Momentum, lambda step: 0.05, steps=3)
    train(twice, cr.Momentum(0.05), 2)
    assert_equal(train(twice, cr.Momentum(0.05), 3), again)


def test_the_equations_of_the_update_are_printed_and_biases_do_not_decay():
    lines = [line.strip() for line in network().describe(cr.AdamW(0.1, clip_norm=2)).splitlines()]
    assert "square_w1 = sum(i, j, d_w1[i,j]**2)" in lines
    assert "norm = sqrt(square_w1 + square_b1 + square_w2 + square_b2)" in lines
    assert "m_w1[i,j] <- 0.9 * m_w1[i,j] + 0.1 * (clip * d_w1[i,j])" in lines
    step = "rate * (m_b1 / (1 - 0.9**step)) / (sqrt(v_b1 / (1 - 0.999**step)) + 1e-08)"
    assert f"b1 <- b1 - {step}" in lines
    assert f"w1[i,j] <- w1[i,j] - {step.replace('b1', 'w1[i,j]')} - rate * 0.01 * w1[i,j]" in lines


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("bad", [-1, True, "a", None, float("nan"), float("inf"), 10**400, [0.1]], ids=repr)
def test_numbers_out_of_range_are_refused(name, bad):
    make = OPTIMIZERS[name]
    numbers = [key for key in ("momentum", "decay", "beta1", "beta2", "epsilon", "weight_decay") if hasattr(make, key)]
    for key in ["rate", *numbers]:
        with pytest.raises(InputError, match="must be a number"):
            make(**{key: bad})
    if bad is not None:
        with pytest.raises(InputError, match="clip_norm must be a number above 0"):
            make(clip_norm=bad)


def test_ends_of_the_ranges():
    for make in (lambda: cr.Adam(beta1=1), lambda: cr.Momentum(momentum=1), lambda: cr.RMSprop(decay=1)):
        with pytest.raises(InputError, match="below 1, not 1"):
            make()
    for make in (cr.Adam, cr.RMSprop, cr.Adagrad):
        with pytest.raises(InputError, match="epsilon must be a number above 0, not 0"):
            make(epsilon=0)
    with pytest.raises(InputError, match="clip_norm must be a number above 0, not 0"):
        cr.Adam(clip_norm=0)
    with pytest.raises(InputError, match="learning rate must be a number"):
        cr.GradientDescent(0.1, bias_rate="fast")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpys_numbers_train_to_the_same_bits(dtype):
    def vector(number):
        net = cr.Network(3, [cr.Dense(2, "tanh")], dtype=dtype)
        net.fit(
            X, T, optimizer=cr.AdamW(number(0.5), number(0.25), epsilon=number(0.125), clip_norm=number(2)), epochs=4
        )
        return net.vector

    for number in (np.float64, np.float32, np.float16):
        assert np.array_equal(vector(number), vector(float))
