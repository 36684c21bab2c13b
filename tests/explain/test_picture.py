"""Pictures of networks: what is drawn, that it can be read, and what stands in for it where there is no room."""

from __future__ import annotations

import re
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

import chainrule as cr
from chainrule.examples import EXAMPLES, network
from chainrule.explain import svg
from chainrule.language import catalogue

TEXT = "{http://www.w3.org/2000/svg}text"


def picture_for(layers, inputs=3, samples=2, loss="squared_error", **settings):
    net = cr.Network(inputs, layers, loss=loss, seed=1)
    random = np.random.default_rng(0)
    x, t = random.normal(size=(samples, inputs)), random.normal(size=(samples, net.outputs))
    return net, x, net.explain(x, t, **settings).picture


def mazur():
    net, x, t = network("mazur", "float64")
    return net.explain(x, t, optimizer=cr.GradientDescent(0.5), names=EXAMPLES["mazur"].aliases).picture


def drawn(picture):
    return fromstring(svg.to_svg(picture, catalogue()))


def said(picture):
    return [one.text for one in drawn(picture).iter(TEXT)]


def test_a_small_network_shows_all_of_its_numbers():
    words = said(mazur())
    for expected in (
        "h1",
        "o2",
        "i1 = 0.05",
        "out_h1 = 0.593269992",
        "net_o2 = 1.224921404",
        "target_o1 = 0.01",
        "b1 = 0.35",
    ):
        assert expected in words
    assert [f"w{k} = " in " ".join(words) for k in range(1, 9)] == [True] * 8


def boxes(picture):
    """Yield the place of each text, as broad as letters of the usual breadth make it."""
    for one in drawn(picture).iter(TEXT):
        half = len(one.text) * 3.3
        x, y = float(one.get("x")), float(one.get("y"))
        yield one.text, (x - half, x + half, y - 11, y + 3)


@pytest.mark.parametrize("layers", [[2, 2], [3, 1], [8, 3], [16, 3], [4, 4, 2]])
def test_no_text_stands_on_another(layers):
    _, _, picture = picture_for([cr.Dense(units, "tanh") for units in layers])
    placed = list(boxes(picture))
    for number, (_, (left, right, top, bottom)) in enumerate(placed):
        for _, other in placed[:number]:
            assert right <= other[0] or other[1] <= left or bottom <= other[2] or other[3] <= top


def test_values_are_those_of_the_first_sample():
    net, x, picture = picture_for([cr.Dense(4, "relu"), cr.Dense(2)])
    outputs = [one.value for unit in picture.columns[-1].units for one in unit.quantities if one.role == "output"]
    np.testing.assert_allclose(outputs, net.predict(x)[0], rtol=1e-5)
    assert {edge.weight for edge in picture.edges if not edge.column} == set(net.parameters["w1"].ravel().astype(float))


def test_a_bias_keeps_its_number():
    _, _, picture = picture_for([cr.Dense(3, "tanh"), cr.Dense(1)])
    assert [unit.quantities[0].sign for unit in picture.columns[1].units] == ["b1[0]", "b1[1]", "b1[2]"]


def test_of_a_large_layer_the_first_and_the_last_are_drawn():
    _, _, picture = picture_for([cr.Dense(16, "relu"), cr.Dense(3)])
    column = picture.columns[1]
    assert [unit.name for unit in column.units] == ["h1", "h2", "h3", "h4", "h5", "h16"]
    assert column.has_gap
    assert {"⋮", "Dense relu, 16 units"} <= set(said(picture))


def test_large_networks_are_boxes_with_sizes():
    _, _, picture = picture_for([cr.Dense(512, "relu"), cr.Dense(10)], inputs=784, samples=1)
    assert said(picture) == ["input", "784", "Dense relu", "512", "Dense", "10"]


def test_other_layers_are_boxes_with_names():
    layers = [cr.Dense(4, "tanh"), cr.LayerNorm(), cr.Dropout(0.5), cr.Residual([cr.Dense(4)]), cr.Dense(2)]
    _, _, picture = picture_for(layers, focus="w1[0,0]")
    words = ["input", "3", "Dense tanh", "4", "LayerNorm", "4", "Dropout", "4", "Residual (Dense)", "4", "Dense", "2"]
    assert said(picture) == words


def test_the_picture_says_what_it_is():
    root = drawn(mazur())
    assert root.get("role") == "img"
    assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
    assert "w5 = 0.4" in root[1].text
    assert not re.findall(r"url\(|href", svg.to_svg(mazur(), catalogue()))
