"""The compiled engine computes what the reference engine does: parameters, running means and histories."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from pairs import WEIGHTS, WIDE_X, Setup, X

import chainrule as cr
from chainrule.engines.compiled import CompiledEngine, module_of
from chainrule.engines.stepping import SteppingEngine
from chainrule.settings import Settings
from chainrule.trainer import Trainer
from random_networks import CENTRED, FURTHEST, GATE, LOG_COSH, SCALED, SWISH

COMPUTED = "wn[i,j] = tanh(u[i,j])\nz[n,j] = sum(i, x[n,i] * wn[i,j])"
EVERYTHING = cr.Activation(
    "everything",
    "sin(x) * cos(x) + arctan(x) + sinh(tanh(x)) + cosh(tanh(x)) + erf(x) + log1p(x**2) + expm1(-x**2) + sqrt(1 + x**2)"
    " + abs(x) + maximum(x, 0.1) + minimum(x, 0.2) + sign(x) * x + where(x > 0.3, x, 2 * x) + x**3 + 2**tanh(x)"
    " + softplus(x) + (x >= 0.1) * x + (x == 0.1) + (x != 0.2) * x + log(cosh(x)) + exp(-x**2) + mean(x) + max(x)",
)
NO_MATRICES = "z[n,j] = sum(i, x[n,i] * x[n,j]) + sum(i, b * x[n,i])"
CODES_X = np.random.default_rng(8).integers(0, [3, 5, 50, 9], (50, 4))
BIG_X = np.random.default_rng(9).normal(size=(532, 20))
MANY_X = np.random.default_rng(10).normal(size=(4400, 20))

# Small ones are written unit by unit, the smallest with all parameters in registers; others have loops and products.
SETUPS = {
    "tanh": Setup([cr.Dense(3, "tanh"), cr.Dense(1)]),
    "one by one, in order": Setup([cr.Dense(3, "sigmoid"), cr.Dense(1)], training={"batch_size": 1, "shuffle": False}),
    "all at once": Setup([cr.Dense(2, "softplus"), cr.Dense(2, "elu")], training={"batch_size": None, "epochs": 5}),
    "softmax, momentum": Setup([cr.Dense(3, "gelu"), cr.Dense(3, "softmax")], cr.Momentum(0.05), "cross_entropy"),
    "labels, smoothed": Setup(
        [cr.Dense(6, "relu"), cr.Dense(4, "mish"), cr.Dense(3, "softmax")],
        cr.Adam(0.01),
        cr.loss("cross_entropy", smoothing=0.1),
        t=np.arange(50) % 3,
    ),
    "sigmoid, Nesterov, steps": Setup(
        [cr.Dense(3, "tanh"), cr.Dense(2, "sigmoid")], cr.Nesterov(cr.Step(0.1, 3, 0.5)), "binary_cross_entropy"
    ),
    "dropout, RMSprop": Setup(
        [cr.Dense(4, "relu"), cr.Dropout(0.3), cr.Dense(1)], cr.RMSprop(0.01), training={"seed": 2**63 - 1}
    ),
    "wide dropout, cosine": Setup(
        [cr.Dropout(0.1), cr.Dense(30, "relu"), cr.Dropout(0.5), cr.Dense(18)], cr.AdamW(cr.Cosine(0.01)), x=WIDE_X
    ),
    "mirrored": Setup(
        [cr.Dense(3), cr.Layer("h[n,j] = x[n,j]**2\nz[n,j] = x[n,j] + h[n, J - 1 - j]"), cr.Dense(1)], cr.Adam(0.01)
    ),
    "codes and waves": Setup(
        [cr.Columns(4, "tanh", codes=[3, 5], numbers=1, waves=3, width=2), cr.Dense(1)], cr.Adam(0.01), x=CODES_X
    ),
    "wide codes and waves": Setup(
        [cr.Columns(24, "relu", codes=[3, 50], numbers=2, waves=9, width=8), cr.Dense(18), cr.Dense(1)],
        cr.AdamW(0.01),
        x=np.hstack([CODES_X, WIDE_X]),
    ),
    "counts": Setup([cr.Dense(4, "silu"), cr.Dense(2, "softplus")], cr.Momentum(cr.InverseScaling(0.02)), "poisson"),
    "batch norm": Setup([cr.Dense(3), cr.BatchNorm("tanh", 0.8), cr.Dense(1)]),
    "batch norm, unit by unit": Setup([cr.Dense(6), cr.BatchNorm("tanh"), cr.Dense(1)], cr.Adam(0.01)),
    "wide batch norm": Setup([cr.Dense(24, "tanh"), cr.BatchNorm(), cr.Dense(3)], cr.Momentum(0.02), x=WIDE_X),
    "layer norm": Setup([cr.LayerNorm("selu"), cr.Dense(5), cr.LayerNorm("tanh"), cr.Dense(2)], cr.Adagrad(0.02)),
    "wide layer norm": Setup([cr.Dense(20), cr.LayerNorm("elu"), cr.Dense(2)], cr.Adam(0.01), x=WIDE_X),
    "clipped": Setup([cr.Dense(3, "tanh"), cr.Dense(1)], cr.GradientDescent(0.1, clip_norm=0.2)),
    "wide, clipped": Setup([cr.Dense(20, "tanh"), cr.Dense(1)], cr.Adam(0.01, clip_norm=0.3), x=WIDE_X),
    "weighted": Setup([cr.Dense(3, "tanh"), cr.Dense(1)], training={"sample_weight": WEIGHTS}),
    "wide, weighted, with weights of 0": Setup(
        [cr.Dense(20, "tanh"), cr.Dense(1)],
        cr.GradientDescent(cr.WarmUp(cr.Constant(0.1), 3)),
        training={"sample_weight": np.where(np.arange(50) % 5, WEIGHTS, 0)},
        x=WIDE_X,
    ),
    "penalties": Setup([cr.Dense(3, "tanh"), cr.Dense(1)], network={"penalties": [cr.L1(0.01), cr.L2(0.1)]}),
    "a sum, weighted, with penalties": Setup(
        [cr.Dense(20, "tanh"), cr.Dense(1)],
        cr.GradientDescent(0.003),
        network={"penalties": [cr.L1(0.01), cr.L2(0.1)], "reduction": "sum"},
        training={"sample_weight": WEIGHTS},
        x=WIDE_X,
    ),
    "a small sum": Setup([cr.Dense(2, "tanh"), cr.Dense(1)], cr.Adam(0.01), network={"reduction": "sum"}),
    "biases": Setup(
        [cr.Dense(3, "tanh", bias="layer"), cr.Dense(2, bias=None), cr.Dense(2, train_bias=False)],
        cr.GradientDescent(0.1, bias_rate=cr.Exponential(0.5, 0.9)),
    ),
    "wide biases": Setup(
        [cr.Dense(20, "tanh", bias="layer"), cr.Dense(20, bias=None), cr.Dense(2, train_bias=False)],
        cr.GradientDescent(cr.OneCycle(0.2), bias_rate=0.05),
        x=WIDE_X,
    ),
    "residual": Setup(
        [cr.Residual([cr.Dense(20, "relu"), cr.Dense(20)]), cr.Dense(1)], cr.Adam(0.01), "huber", x=WIDE_X
    ),
    "own layers": Setup(
        [cr.Layer(GATE, {"u": "glorot", "c": "zeros"}), cr.Layer(SCALED, {"v": "glorot"}), cr.Dense(2, SWISH)],
        loss=FURTHEST,
    ),
    "own wide layers": Setup(
        [cr.Layer(GATE, {"u": "glorot", "c": "zeros"}), cr.Dense(30, CENTRED), cr.Dense(2)], loss=LOG_COSH, x=WIDE_X
    ),
    "computed weights": Setup(
        [cr.Layer(COMPUTED, {"u": "glorot"}, units=18), cr.Dense(20, "tanh"), cr.Dense(1)], x=WIDE_X
    ),
    "computed weights further on": Setup(
        [cr.Dense(20, "tanh"), cr.Layer(COMPUTED, {"u": "glorot"}, units=18), cr.Dense(1)], x=WIDE_X
    ),
    "large products": Setup(
        [cr.Dense(130, "tanh"), cr.Dense(130, "relu"), cr.Dense(2)], x=BIG_X, training={"batch_size": 512}
    ),
    "more slices than groups of them": Setup(
        [cr.Dense(20, "tanh"), cr.BatchNorm(), cr.Dense(18, CENTRED), cr.Dense(2)],
        loss=FURTHEST,
        x=MANY_X,
        training={"batch_size": None},
    ),
    "one sample": Setup(
        [cr.Dense(3, "sigmoid"), cr.Dense(2, "sigmoid")], x=X[:1], training={"batch_size": None, "epochs": 20}
    ),
    "two samples, weighted, with dropout": Setup(
        [cr.Dense(3, "sigmoid"), cr.Dropout(0.3), cr.Dense(2, "sigmoid")],
        cr.Adam(0.01),
        x=3 * X[:2],
        training={"batch_size": 64, "epochs": 20, "sample_weight": WEIGHTS[:2], "log_every": 3},
    ),
    "every function": Setup([cr.Dense(3, EVERYTHING), cr.Dense(1)], cr.GradientDescent(0.001)),
    "every function, wide": Setup([cr.Dense(20, EVERYTHING), cr.Dense(1)], cr.GradientDescent(0.001), x=WIDE_X),
    "sums of products that are no matrix products": Setup(
        [cr.Dense(20, "tanh"), cr.Layer(NO_MATRICES, {"b": "glorot"}), cr.Dense(2)],
        cr.GradientDescent(0.01),
        x=WIDE_X,
    ),
    "sums over more than a slice": Setup(
        [cr.Dense(20, "tanh"), cr.Layer("z[n,j] = sum(n, x[n,j]) * x[n,j]"), cr.Dense(2, "tanh")],
        cr.GradientDescent(0.001),
        x=WIDE_X,
        training={"batch_size": None},
    ),
}


def form_of(setup):
    net = setup.net()
    module = module_of(net, setup.optimizer)
    if module.is_sliced:
        return "loops"
    before = module.source.partition("while True:")[0]
    return "registers" if re.search(r"w1_0_0 = parameters\[\d+\]", before) else "unit by unit"


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("registers", ["tanh", "batch norm"]),
        ("unit by unit", ["labels, smoothed", "batch norm, unit by unit"]),
        ("loops", ["residual", "wide batch norm"]),
    ],
)
def test_sources_of_each_form_are_among_them(form, names):
    assert [form_of(SETUPS[name]) for name in names] == [form, form]


def gradient_is_felt(setup):
    """Tell which parameters have a gradient at the start.

    A derivative that is 0 but for rounding, as that of a bias before a batch norm, differs from engine to engine by all
    of its digits. Optimisers that divide by the size of the derivative make a step of it, of some 1e-9 times the rate
    for the default epsilon, and running means follow; anything else is to be the same.
    """
    found = setup.net().gradients(setup.x, setup.t, setup.training.get("sample_weight"), training=True)
    return np.concatenate([np.abs(gradient).ravel() for gradient in found.values()]) > 1e-7


def relative(found, expected):
    return np.abs(found - expected) / np.maximum(1, np.abs(expected))


@pytest.mark.parametrize("setup", SETUPS.values(), ids=SETUPS)
def test_two_epochs_lead_to_the_same_place(setup):
    expected, history = setup.fit("reference")
    found, course = setup.fit("compiled")
    assert found.engine == "compiled"
    apart, felt = relative(found.vector, expected.vector), gradient_is_felt(setup)
    assert felt.mean() > 0.5
    assert apart[felt].max() <= 1e-12
    tolerance = 1e-8 if "epsilon" in setup.optimizer.numbers else 1e-12
    assert apart.max() <= tolerance
    for name, state in expected.states.items():
        assert relative(found.states[name], state).max() <= tolerance, name
    assert course.columns().keys() == history.columns().keys()
    for name, column in history.columns().items():
        np.testing.assert_allclose(course.columns()[name], column, rtol=1e-9, atol=1e-12, err_msg=name)
    assert (course.stopped, course.epochs, course.steps) == (history.stopped, history.epochs, history.steps)


@pytest.mark.parametrize("name", ["dropout, RMSprop", "wide batch norm", "large products"])
def test_single_precision_is_close(name):
    setup = replace(SETUPS[name], network={"dtype": "float32"})
    (expected, history), (found, course) = setup.fit("reference"), setup.fit("compiled")
    assert found.vector.dtype == np.float32
    assert relative(found.vector, expected.vector).max() <= 1e-4
    np.testing.assert_allclose(course.cost, history.cost, rtol=1e-4)


SMOOTH = {
    "registers": Setup([cr.Dense(3, "tanh"), cr.Dense(1)], cr.GradientDescent(0.1)),
    "unit by unit": Setup([cr.Dense(8, "tanh"), cr.Dense(1)], cr.Adam(0.01)),
    "products": Setup([cr.Dense(20, "tanh"), cr.Dense(18, "softplus"), cr.Dense(1)], cr.Momentum(0.01), x=WIDE_X),
    "running means": Setup([cr.Dense(18, "tanh"), cr.BatchNorm("sigmoid"), cr.Dense(1)], cr.Adam(0.003), x=WIDE_X),
}
each_smooth = pytest.mark.parametrize("setup", SMOOTH.values(), ids=SMOOTH)
STEPS = 300


@each_smooth
def test_the_cost_of_300_steps_is_the_same(setup):
    """Errors of rounding do not grow where the cost falls and nothing has a kink."""
    (_, history), (_, course) = (setup.fit(e, epochs=STEPS, batch_size=None) for e in ("reference", "compiled"))
    assert history.cost[-1] < 0.7 * history.cost[0]
    np.testing.assert_allclose(course.cost, history.cost, rtol=1e-8)


def engine_of(setup, kind):
    """Return an engine that can be asked for one step after the other."""
    net = setup.net()
    settings = Settings(epochs=STEPS, batch_size=None, threads=1)
    return kind(Trainer(net, setup.optimizer, settings, net.given(setup.x, setup.t), None).training)


def copy_state(reference, compiled):
    compiled.net.vector[...] = reference.net.vector
    compiled.net.set_states(reference.net.states)
    for name in reference.training.optimizer.state:
        kept = [reference.arrays[f"{name}_{parameter}"] for parameter in reference.net.parameters]
        compiled.block.values[f"state_{name}"][...] = np.concatenate([state.ravel() for state in kept])


@each_smooth
def test_each_of_300_steps_is_the_same(setup):
    reference, compiled = engine_of(setup, SteppingEngine), engine_of(setup, CompiledEngine)
    for step in range(1, STEPS + 1):
        copy_state(reference, compiled)
        for engine in (reference, compiled):
            engine.advance(step)
            assert engine.standing.step == step
        assert relative(compiled.net.vector, reference.net.vector).max() <= 1e-12, step
        assert compiled.standing.cost == pytest.approx(reference.standing.cost, rel=1e-12)
        for name, state in reference.net.states.items():
            assert relative(compiled.net.states[name], state).max() <= 1e-12
    compiled.close()
