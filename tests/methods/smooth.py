"""Random networks without kinks, on which differences are derivatives."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np

import chainrule as cr
from random_networks import CENTRED, LOG_COSH, SWISH, Case, randomise, targets

ACTIVATIONS = ("identity", "sigmoid", "tanh", "gelu", "silu", "mish", "softplus", SWISH, CENTRED)
LOSSES = {
    "half_squared_error": ACTIVATIONS,
    "squared_error": ACTIVATIONS,
    LOG_COSH: ACTIVATIONS,
    "binary_cross_entropy": ("sigmoid",),
    "cross_entropy": ("softmax",),
}


@st.composite
def smooth_cases(draw: st.DrawFn) -> Case:
    """A network of smooth layers, with frozen biases, dropout, norms and penalties among them, and a batch."""
    loss = draw(st.sampled_from(list(LOSSES)))
    inputs, rows = draw(st.integers(1, 3)), draw(st.integers(2, 5))
    bias = st.sampled_from(["unit", "layer", None])
    dense = st.builds(cr.Dense, st.integers(2, 4), st.sampled_from(ACTIVATIONS), bias=bias, train_bias=st.booleans())
    others = st.sampled_from([cr.Dropout(0.3), cr.LayerNorm("tanh", 1e-2), cr.BatchNorm("identity", 0.8, 1e-2)])
    layers = draw(st.lists(st.one_of(dense, others), max_size=3))
    last = cr.Dense(draw(st.integers(2, 3)), draw(st.sampled_from(LOSSES[loss])), bias=draw(bias))
    net = cr.Network(
        inputs,
        [*layers, last],
        loss,
        penalties=draw(st.sampled_from([(), (cr.L2(0.3),)])),
        reduction=draw(st.sampled_from(["mean", "sum"])),
        dtype="float64",
        seed=draw(st.integers(0, 99)),
    )
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    randomise(net, rng)
    weights = rng.uniform(0.2, 3, rows) if draw(st.booleans()) else None
    return Case(net, rng.normal(0, 1, (rows, inputs)), targets(rng, loss, rows, net.outputs), weights, {})
