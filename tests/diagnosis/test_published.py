"""The slips and errata of the published documents, as diagnosis explains them."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.examples import EXAMPLES, network


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def first(diagnosis):
    assert diagnosis.explanations, str(diagnosis)
    return {key for named in diagnosis.explanations[0].named for key in named.keys}


@pytest.fixture
def creativegp():
    """The network with one sample, as its listing learns."""
    net, x, t = network("creativegp")
    return net, x[:1], t[:1]


def forward(net, x):
    values = [x[0]]
    for k in (1, 2, 3):
        values.append(sigmoid(values[-1] @ net.parameters[f"w{k}"] + net.parameters[f"b{k}"]))
    return values


def by_objects(net, x, t, *, kept=False, running=False, bias_in_loop=False, at_once=False, rate=1.0):
    """Neurons as objects, one loop inside the other, with the slips of the listing where asked."""
    values = forward(net, x)
    weights = {k: np.array(net.parameters[f"w{k}"]) for k in (1, 2, 3)}
    gradients = {}
    deltas = list((values[3] - t[0]) * values[3] * (1 - values[3]))
    for k in (3, 2, 1):
        came = values[k - 1]
        width = weights[k].shape[1]
        mine = deltas[-width:]
        gradients[f"d_w{k}"] = np.outer(came, mine)
        gradients[f"d_b{k}"] = np.array([d * (came.sum() if bias_in_loop else 1) for d in mine])
        used = weights[k] - rate * gradients[f"d_w{k}"] if at_once else weights[k]
        if k == 1:
            break
        listed = deltas if kept else mine
        total, hidden = 0.0, []
        for i in range(len(came)):
            total = total if running else 0.0
            for j in range(width):
                total += listed[j] * used[i, j]
            hidden.append(total * came[i] * (1 - came[i]))
        deltas = deltas + hidden
    return gradients


def test_the_objects_are_right_without_a_slip(creativegp):
    assert cr.diagnose(*creativegp, by_objects(*creativegp)).agrees


@pytest.mark.parametrize(
    ("key", "slip"),
    [
        ("bias_input", {"bias_in_loop": True}),
        ("updated_weights", {"at_once": True}),
        ("deltas_kept", {"kept": True}),
        ("running_sum", {"running": True}),
    ],
)
def test_creativegp_listing(creativegp, key, slip):
    theirs = by_objects(*creativegp, **slip)
    diagnosis = cr.diagnose(*creativegp, theirs, optimizer=cr.GradientDescent(1.0))
    assert key in first(diagnosis), str(diagnosis)


def test_creativegp_sigmoid_as_printed(creativegp):
    net, x, t = creativegp
    a = 1 / (1 - np.exp(-(x @ net.parameters["w1"] + net.parameters["b1"])))
    assert first(cr.diagnose(net, x, t, {"a1": a})) == {"sigmoid_sign"}


def test_creativegp_rule_of_the_bias_as_printed(creativegp):
    """It takes the dE/dw of a weight for dE/db."""
    right = creativegp[0].gradients(*creativegp[1:])
    theirs = {f"d_b{k}": right[f"w{k}"][0] for k in (1, 2, 3)}
    assert "bias_input" in first(cr.diagnose(*creativegp, theirs))


def test_rohan_lenny_weights_destroyed_through_an_alias():
    """With relu units, as the document recommends; ``output_wrt_inputs = self.W`` and then zeros written into it."""
    rng = np.random.default_rng(3)
    net = cr.Network(3, [cr.Dense(3, "relu"), cr.Dense(3, "relu"), cr.Dense(1, "sigmoid")], dtype="float64")
    net.set_parameters({name: rng.normal(0, 1, value.shape) for name, value in net.parameters.items()})
    x, t, rate = np.array([[0.5, -1.0, 2.0]]), np.array([[1.0]]), 0.5
    w1, w2, w3 = (np.array(net.parameters[f"w{k}"]) for k in (1, 2, 3))
    b1, b2, b3 = (net.parameters[f"b{k}"] for k in (1, 2, 3))
    z1 = x[0] @ w1 + b1
    z2 = np.maximum(z1, 0) @ w2 + b2
    p = sigmoid(np.maximum(z2, 0) @ w3 + b3)
    assert (z1 <= 0).any()
    assert (z2 <= 0).any()
    d3 = (p - t[0]) * p * (1 - p)
    d2 = (w3 @ d3) * (z2 > 0)
    output_wrt_inputs = w2  # no copy
    output_wrt_inputs[:, z2 <= 0] = 0
    d1 = (output_wrt_inputs @ d2) * (z1 > 0)
    output_wrt_inputs = w1
    output_wrt_inputs[:, z1 <= 0] = 0
    w2 -= rate * np.outer(np.maximum(z1, 0), d2)
    w1 -= rate * np.outer(x[0], d1)
    diagnosis = cr.diagnose(net, x, t, {"w1": w1, "w2": w2}, optimizer=cr.GradientDescent(rate))
    assert first(diagnosis) == {"in_place"}
    assert "right:  (no such line)" in str(diagnosis)


def test_rohan_lenny_formula_as_printed():
    """It sums over all y_j and all x_i for one weight."""
    net, x, t = network("rohan-lenny")
    d_z1 = net.values(x, t)["d_z1"]
    theirs = {"d_w1": np.full((3, 3), x.sum() * d_z1.sum())}
    diagnosis = cr.diagnose(net, x, t, theirs)
    assert "all_weights" in first(diagnosis)


def elements(name):
    return {theirs: ours.replace("[n,", "[0,") for ours, theirs in EXAMPLES[name].aliases.items()}


def test_mazur_block_that_repeats_another_chain():
    diagnosis = cr.diagnose(*network("mazur"), "name,value\ndE/dw5,0.000433568", names=elements("mazur"))
    (misprint,) = diagnosis.misprints
    assert (misprint.name, misprint.meant, misprint.value) == ("d_w2[0,0]", "d_w1[0,0]", "0.000438568")
    assert "which but for one digit is d_w1[0,0]" in str(diagnosis)
    exact = cr.diagnose(*network("mazur"), "name,value\ndE/dw5,0.000438568", names=elements("mazur"))
    assert "which is d_w1[0,0]" in str(exact)


def test_mazur_digit_too_many():
    diagnosis = cr.diagnose(*network("mazur"), "name,value\nnet_o1,1.1059059067", names=elements("mazur"))
    assert diagnosis.misprints[0].meant == "z2[0,0]"
    assert "one digit of 1.1059059671 is wrong" in str(diagnosis)


def test_mazur_size_of_the_error():
    """With |t - o| the derivative has the wrong sign where the output is too low."""
    net, x, t = network("mazur")
    values = net.values(x, t)
    d_y = np.abs(t - values["y"])
    d_z2 = d_y * values["y"] * (1 - values["y"])
    diagnosis = cr.diagnose(net, x, t, {"d_y": d_y, "d_z2": d_z2, "d_w2": values["a1"].T @ d_z2})
    assert "sign" in first(diagnosis)
    assert any("abs(y[n,k] - t[n,k])" in line.theirs for line in diagnosis.explanations[0].named[0].lines)


def test_mazur_biases_that_learn():
    """What the fourth program of demofox does with the same network."""
    net, x, t = network("mazur")
    right = net.gradients(x, t)
    theirs = {name: value - 0.5 * right[name] for name, value in net.parameters.items()}
    diagnosis = cr.diagnose(net, x, t, theirs, optimizer=cr.GradientDescent(0.5))
    assert "bias_trained" in first(diagnosis)


@pytest.mark.parametrize("name", ["mazur", "demofox-1", "demofox-2", "demofox-3", "demofox-4"])
def test_figures_that_are_right_agree(name):
    net, x, t = network(name)
    rows = [
        f"{item.value},{item.figure}"
        for item in EXAMPLES[name].published
        if not (item.updates or item.exact or set(item.value) & set("*-+") or item.value == "rate")
    ]
    diagnosis = cr.diagnose(net, x, t, "name,value\n" + "\n".join(rows))
    assert diagnosis.agrees, str(diagnosis)


def test_demofox_weights_after_an_update():
    net, x, t = network("demofox-4")
    after = [item for item in EXAMPLES["demofox-4"].published if item.updates == 1 and item.value != "E"]
    text = "name,value\n" + "\n".join(f"{item.value},{item.figure}" for item in after)
    diagnosis = cr.diagnose(net, x, t, text, optimizer=cr.GradientDescent(0.5))
    assert [difference.name for difference in diagnosis.differing] == ["b2[1]"]
    assert "rounding on the way would do that" in str(diagnosis)


def test_demofox_difference_without_half():
    """A cost without its 1/2."""
    net, x, t = network("demofox-1")
    right = net.values(x, t)
    diagnosis = cr.diagnose(net, x, t, {"E": 2 * right["E"], "d_w1": 2 * right["d_w1"], "d_b1": 2 * right["d_b1"]})
    assert "half" in first(diagnosis)
