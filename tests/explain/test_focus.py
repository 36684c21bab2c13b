"""What is looked at: one weight and all it needs, in a network of any size."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import InputError
from chainrule.examples import EXAMPLES, network

RNG = np.random.default_rng(0)


def large(rows=1):
    net = cr.Network(784, [cr.Dense(512, "relu"), cr.Dense(512, "relu"), cr.Dense(10, "softmax")], "cross_entropy")
    return net, RNG.random((rows, 784)), RNG.integers(0, 10, rows)


def keys(document):
    return [step.key for step in document.steps]


def test_a_weight_of_a_large_network_has_its_chain_and_little_more():
    net, x, t = large()
    document = net.explain(x, t, focus="w1[3,7]", optimizer="adam")
    found = keys(document)
    assert {"d_w1[3,7]", "d_z1[0,7]", "chain w1[3,7]", "new w1[3,7]", "E"} <= set(found)
    assert len(found) < 120
    step = next(step for step in document.steps if step.key == "d_a1[0,7]")
    shown, rest = step.parts[:-1], step.parts[-1]
    assert len(shown) == 10
    assert [abs(part.value) for part in shown] == sorted((abs(part.value) for part in shown), reverse=True)
    assert rest.label.startswith("502 smaller ones")
    assert sum(part.value for part in step.parts) == pytest.approx(step.value, rel=1e-9)


def test_the_value_in_the_document_is_the_networks():
    net, x, t = large(rows=3)
    step = next(step for step in net.explain(x, t, focus="w2[5,9]").steps if step.key == "d_w2[5,9]")
    assert step.value == pytest.approx(float(net.gradients(x, t)["w2"][5, 9]), rel=1e-3, abs=1e-7)


def test_a_large_network_chooses_the_weight_with_the_largest_derivative():
    net, x, t = large()
    document = net.explain(x, t)
    gradients = net.gradients(x, t)
    largest = max(float(np.abs(gradients[name]).max()) for name in ("w1", "w2", "w3"))
    step = next(step for step in document.steps if step.key.startswith("chain "))
    assert abs(step.value) == pytest.approx(largest, rel=1e-3)
    assert "would fill a book" in document.text()


def test_paths_add_up_to_the_derivative():
    net = cr.Network(3, [cr.Dense(3, "tanh"), cr.Dense(2, "sigmoid"), cr.Dense(2)], dtype="float64", seed=1)
    x, t = RNG.normal(size=(1, 3)), RNG.normal(size=(1, 2))
    step = next(step for step in net.explain(x, t, focus="w1[1,2]").steps if step.key.startswith("chain"))
    assert len(step.parts) == 4  # two units of the second layer, two outputs
    assert sum(part.value for part in step.parts) == pytest.approx(net.gradients(x, t)["w1"][1, 2], rel=1e-12)
    assert step.value == pytest.approx(net.gradients(x, t)["w1"][1, 2], rel=1e-12)


def test_the_paths_are_those_of_the_published_formula():
    """dJ/dw1[i,j] as the product along each path, calculated by hand."""
    net, x, t = network("rohan-lenny", "float64")
    values = net.values(x[:1], t[:1])
    step = next(step for step in net.explain(x[:1], t[:1], focus="w1[0,1]").steps if step.key.startswith("chain"))
    y, z, p = values["a1"][0], values["a2"][0], values["y"][0, 0]
    w2, w3 = net.parameters["w2"], net.parameters["w3"]
    outer = (p - t[0, 0]) * p * (1 - p)
    by_hand = [outer * w3[k, 0] * z[k] * (1 - z[k]) * w2[1, k] * y[1] * (1 - y[1]) * x[0, 0] for k in range(3)]
    assert sorted(part.value for part in step.parts) == pytest.approx(sorted(by_hand), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("focus", ["w1[0,1]", "d_w1[0,1]", "a1[0,1]", "z2[0,0]", "E", "c[0]"])
def test_any_quantity_can_be_looked_at(focus):
    net, x, t = network("mazur", "float64")
    document = net.explain(x, t, focus=focus)
    assert 0 < len(keys(document)) < 34


def test_names_of_a_document_are_understood():
    net, x, t = network("mazur", "float64")
    aliases = EXAMPLES["mazur"].aliases
    assert "d_w2[0,0]" in keys(net.explain(x, t, focus="w5", names=aliases))
    assert "z1[0,1]" in keys(net.explain(x, t, focus="net_h2", names="net/out"))
    assert keys(net.explain(x, t, focus="dE/dw5", names=aliases)) == keys(net.explain(x, t, focus="d_w2[0,0]"))
    net, x, t = network("demofox-2", "float64")
    found = keys(net.explain(x, t, focus="out_o1[2]", names="net/out"))
    assert "y[1,0]" in found
    assert "y[0,0]" not in found


def test_a_network_that_learns_nothing_shows_its_output():
    net = cr.Network(30, [cr.LayerNorm()], dtype="float64")
    frozen = cr.Network(500, [cr.Dropout(0.1)], dtype="float64")
    assert keys(net.explain(np.ones((20, 30)), np.ones((20, 30))))
    assert keys(frozen.explain(np.ones((2, 500)), np.ones((2, 500))))


@pytest.mark.parametrize(
    ("focus", "message"),
    [
        ("w9[0,0]", "unknown element to focus on 'w9': did you mean"),
        ("w1[0,7]", r"w1 has shape \(2, 2\); its elements count from 0 to w1\[1,1\]"),
        ("w1", r"w1 has shape \(2, 2\)"),
        ("w1[0]", r"w1 has shape \(2, 2\)"),
        ("w1[-1,0]", "a focus is an element such as"),
        ("", "a focus is an element such as"),
        ("w1[0,0", "a focus is an element such as"),
        ("w1[0 1]", "a focus is an element such as"),
        ("w1[0,]", "a focus is an element such as"),
        ("b1[0]", r"b1 has shape \(\)"),
    ],
)
def test_what_is_no_element_is_refused(focus, message):
    net, x, t = network("mazur", "float64")
    with pytest.raises(InputError, match=message):
        net.explain(x, t, focus=focus)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"style": "vector"}, "unknown style 'vector'"),
        ({"bias": "one", "style": "matrix"}, "unknown form of the bias"),
        ({"bias": "ones"}, "give style='matrix' with it"),
        ({"focus": "w1[0,0]", "style": "matrix"}, "focus picks single numbers"),
        ({"language": "de"}, "unknown language 'de'"),
        ({"names": "greek"}, "unknown convention of names"),
        ({"names": 3}, "names must"),
        ({"names": {"w1[0,0]": 3}}, "names must"),
        ({"digits": 0}, "digits"),
        ({"digits": 16}, "digits must be from 1 to 15"),
        ({"steps": 0}, "steps"),
        ({"training": 1}, "training"),
        ({"optimizer": "adan"}, "unknown optimiser 'adan': did you mean 'adam'"),
    ],
)
def test_what_does_not_fit_is_said(choice, message):
    net, x, t = network("mazur", "float64")
    with pytest.raises(InputError, match=message):
        net.explain(x, t, **choice)
