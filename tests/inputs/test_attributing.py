"""Saliency against differences; integrated gradients against sums of many terms, and complete."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs_networks import Case, classifiers, digits
from test_programs import differences

import chainrule as cr
from chainrule.errors import InputError
from chainrule.inputs import integrated_gradients, saliency


@settings(max_examples=25)
@given(classifiers(), st.sampled_from(["score", "output"]), st.data())
def test_saliency_is_the_absolute_derivative(case: Case, of: str, data: st.DataObject) -> None:
    net = case.net
    output = data.draw(st.integers(0, net.outputs - 1))
    found = saliency(net, case.x, output, of=of)

    def value(x: Any) -> Any:
        y = net.predict(x)
        if of == "output":
            return y[:, output].sum()
        names = [name for name in net.values(x, y) if name.startswith("z") and name[1:].isdigit()]
        return net.values(x, y)[max(names, key=lambda name: int(name[1:]))][:, output].sum()

    np.testing.assert_allclose(found.values, np.abs(differences(value, case.x)), rtol=1e-5, atol=1e-6)
    assert found.score.sum() == pytest.approx(value(case.x))


def test_a_network_without_a_last_activation_has_its_output_as_score() -> None:
    net = cr.Network(2, [cr.Dense(3, "tanh"), cr.Residual([cr.Dense(3)])])
    one, other = (saliency(net, [1.0, 2.0], 1, of=of) for of in ("score", "output"))
    np.testing.assert_array_equal(one.gradient, other.gradient)


def test_integrated_gradients_of_a_line_are_its_products() -> None:
    net = cr.Network(3, [cr.Dense(2)], dtype="float64", seed=4)
    x, base = np.array([[1.0, 2.0, -1.0]]), np.array([0.5, 0.0, 1.0])
    found = integrated_gradients(net, x, 1, baseline=base)
    np.testing.assert_allclose(found.values, (x - base) * net.parameters["w1"][:, 1])


@settings(max_examples=25)
@given(classifiers(("tanh", "relu", "gelu"), dtype="float32"), st.sampled_from([0.0, 1.5]))
def test_the_parts_add_up_for_any_network(case: Case, baseline: float) -> None:
    net = case.net
    found = integrated_gradients(net, case.x, 0, baseline=baseline)
    assert found.is_complete(1e-6)
    base = np.full_like(case.x, baseline)
    np.testing.assert_allclose(
        found.values.sum(axis=1), net.predict(case.x)[:, 0] - net.predict(base)[:, 0], atol=1e-4, rtol=1e-4
    )


def test_the_parts_are_those_of_a_sum_of_many_terms() -> None:
    net, data = digits()
    x, many = data.held_out[:1], 4000
    found = integrated_gradients(net, x)
    places = (np.arange(many) + 0.5) / many
    slopes = saliency(net, places[:, None] * x, int(found.outputs[0]), of="output").gradient
    np.testing.assert_allclose(found.values[0], slopes.mean(axis=0) * x[0], atol=1e-5)


def test_digits_in_float32_are_complete_to_a_millionth() -> None:
    net, data = digits()
    found = integrated_gradients(net, data.held_out[:20])
    assert net.dtype == np.float32
    assert np.abs(found.defect).max() < 1e-6
    assert "the parts add up to within" in str(found)


def test_an_output_that_jumps_is_not_complete_and_says_so() -> None:
    jump = cr.Activation("jump", "x + sign(x - 1/3)")
    net = cr.Network(1, [cr.Dense(1, jump)], dtype="float64")
    net.set_parameters({"w1": [[1.0]]})
    found = integrated_gradients(net, [[1.0]])
    assert not found.is_complete()
    assert found.defect[0] == pytest.approx(-2)


def test_they_say_what_they_found() -> None:
    net = cr.Network(2, [cr.Dense(1)], dtype="float64")
    net.set_parameters({"w1": [[1.0], [-3.0]]})
    changes = "output 0 changes most with input 1: by -3 times its change"
    assert str(saliency(net, [1.0, 1.0])) == f"{changes} (inputs count from 0)"
    assert str(saliency(net, [[1.0, 1.0], [0.0, 0.0]])).splitlines() == [
        f"row 0: {changes}", f"row 1: {changes}", "(rows and inputs count from 0)"
    ]  # fmt: skip
    differs = "output 0 differs from the baseline's by -2: -3 by input 1, +1 by input 0"
    assert str(integrated_gradients(net, [1.0, 1.0])).startswith(f"{differs} (inputs count from 0); the parts add up")
    assert f"row 0: {differs}\nrow 1: " in str(integrated_gradients(net, [[1.0, 1.0], [0.0, 1.0]]))
    assert "and so on for 2 more rows" in str(saliency(net, np.ones((12, 2))))


def test_the_parts_named_make_up_the_whole() -> None:
    net, data = digits()
    said = str(integrated_gradients(net, data.held_out[0]))
    whole, parts = re.match(r"output \d differs from the baseline's by (\S+): (.*) \(inputs", said).groups()  # type: ignore[union-attr]
    assert sum(float(part.split()[0]) for part in parts.split(", ")) == pytest.approx(float(whole), abs=2e-3)


def test_they_are_drawn(tmp_path: Any) -> None:
    net, data = digits()
    for number, found in enumerate((saliency(net, data.held_out[:3]), integrated_gradients(net, data.held_out[0]))):
        found.save(tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="are no pictures"):
        saliency(cr.Network(3, [cr.Dense(2)]), [1.0, 2.0, 3.0]).save(tmp_path / "no.png")


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (saliency, {"of": "scor"}, "did you mean 'score'"),
    (saliency, {"output": 3}, "output must be from 0 to 2, not 3"),
    (saliency, {"output": [0, 1]}, "one for each of 1 rows"),
    (saliency, {"output": 0.5}, "output must be the number of one"),
    (saliency, {"x": [1.0, 2.0, 3.0]}, r"x must have shape \(batch, 2\)"),
    (integrated_gradients, {"baseline": [1, 2, 3]}, r"baseline must be a number, or of shape \(2,\)"),
    (integrated_gradients, {"baseline": "black"}, "baseline must be numbers"),
    (integrated_gradients, {"tolerance": 0}, "tolerance must be a number above 0"),
]


@pytest.mark.parametrize(("function", "wrong", "sentence"), WRONG)
def test_what_does_not_fit_is_said(function: Any, wrong: dict[str, Any], sentence: str) -> None:
    given = {"net": cr.Network(2, [cr.Dense(3, "softmax")], "cross_entropy"), "x": [[0.1, 0.2]], **wrong}
    with pytest.raises(InputError, match=sentence):
        function(**given)
