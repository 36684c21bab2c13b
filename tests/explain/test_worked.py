"""The worked example: each line as it is printed gives its result, and the last step is what training does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lines import evaluate
from updates import OPTIMIZERS

import chainrule as cr
from chainrule.examples import EXAMPLES, network
from chainrule.explain.plain import to_plain
from chainrule.explain.typesetting import Lines
from random_networks import Case, cases


def document_of(case: Case, optimizer: cr.GradientDescent, steps: int = 1, **choice):
    return case.net.explain(
        case.x, case.t, sample_weight=case.sample_weight, optimizer=optimizer, steps=steps, digits=9, **choice
    )


def mazur(**choice):
    net, x, t = network("mazur", "float64")
    return net.explain(x, t, optimizer=cr.GradientDescent(0.5), names=EXAMPLES["mazur"].aliases, **choice)


@settings(max_examples=40)
@given(cases(), st.sampled_from(OPTIMIZERS))
def test_a_line_calculated_as_it_is_printed_gives_its_result(case, optimizer):
    document = document_of(case, optimizer)
    lines, show = Lines(document), document.digits
    for step in document.steps:
        for calculation in (step.lines, *(part.lines for part in step.parts)):
            results = [line.expr.value for line in calculation if line.kind == "result"]
            for line in calculation:
                if line.kind not in ("numbers", "partial") or not results or not np.isfinite(results[0]):
                    continue
                found = evaluate(to_plain(lines.layout(line.expr)), show.uncertainty)
                slack = 1e-12 * max(1.0, abs(results[0]))
                assert found is None or found.holds(results[0], slack), (step.key, to_plain(lines.layout(line.expr)))


def test_most_lines_are_arithmetic_that_the_test_above_can_read():
    documents = [mazur(), *(case_document(name) for name in ("tanh", "softplus", "gelu"))]
    read = [
        evaluate(to_plain(Lines(document).layout(line.expr)), document.digits.uncertainty) is not None
        for document in documents
        for step in document.steps
        for line in step.lines
        if line.kind in ("numbers", "partial")
    ]
    assert sum(read) > 0.9 * len(read) > 90


def test_a_wrong_result_would_be_noticed():
    document = mazur()
    step = next(step for step in document.steps if step.key == "z1[0,0]")
    line = next(line for line in step.lines if line.kind == "numbers")
    found = evaluate(to_plain(Lines(document).layout(line.expr)), document.digits.uncertainty)
    assert found.holds(step.value, 1e-12)
    assert not found.holds(step.value + 1e-8, 1e-12)


def case_document(activation):
    net = cr.Network(2, [cr.Dense(3, activation), cr.Dense(1)], dtype="float64", seed=3)
    return net.explain([[0.5, -1.0], [0.3, 0.8]], [[0.2], [0.4]], optimizer="adam", steps=2)


@settings(max_examples=25)
@given(cases(), st.sampled_from(OPTIMIZERS), st.integers(1, 3))
def test_the_last_step_leaves_the_weights_of_fit(case, optimizer, steps):
    document = document_of(case, optimizer, steps, training=True)
    twin = cr.Network.from_config(case.net.config)
    twin.set_parameters(case.net.parameters)
    twin.set_states(case.net.states)
    settings_of_fit = {"epochs": steps, "batch_size": None, "shuffle": False, "engine": "reference"}
    try:
        twin.fit(case.x, case.t, sample_weight=case.sample_weight, optimizer=optimizer, **settings_of_fit)
    except cr.errors.TrainingError:
        return
    suffix = f"@{steps}" if steps > 1 else ""
    values = {step.key: step.value for step in document.steps}
    for parameter in case.net.architecture.trainable:
        for place in np.ndindex(*twin.parameters[parameter.ref.name].shape):
            key = f"new {parameter.ref.name}{'[' + ','.join(map(str, place)) + ']' if place else ''}{suffix}"
            if key in values:
                assert values[key] == pytest.approx(twin.parameters[parameter.ref.name][place], rel=1e-10, abs=1e-10)


@settings(max_examples=25)
@given(cases())
def test_every_step_has_the_value_that_the_network_computes(case):
    document = document_of(case, cr.GradientDescent(0.1))
    values = case.net.values(case.x, case.t, case.sample_weight)
    for step in document.steps:
        name, _, rest = step.key.partition("[")
        if name in values:
            place = tuple(map(int, rest.rstrip("]").split(","))) if rest else ()
            assert step.value == pytest.approx(float(values[name][place]), rel=1e-9, abs=1e-12, nan_ok=True)


@settings(max_examples=25)
@given(cases())
def test_finite_differences_confirm_the_derivatives_of_smooth_networks(case):
    document = document_of(case, cr.GradientDescent(0.1))
    for step in document.steps:
        if step.check and step.check.value is not None and np.isfinite(step.value):
            assert step.check.value == pytest.approx(step.value, rel=1e-5, abs=1e-6), step.key


def test_the_network_is_left_as_it_is():
    net = cr.Network(2, [cr.Dense(2, "tanh"), cr.BatchNorm(), cr.Dense(1)], dtype="float64")
    before = {name: value.copy() for name, value in {**net.parameters, **net.states}.items()}
    net.explain([[1, 2], [3, 5]], [[0], [1]], steps=3, training=True)
    for name, value in {**net.parameters, **net.states}.items():
        np.testing.assert_array_equal(value, before[name])


def test_each_step_uses_steps_before_it():
    for document in (mazur(), mazur(steps=2), mazur(focus="w1"), case_document("tanh")):
        numbers = document.numbers
        assert sorted(numbers.values()) == list(range(1, len(numbers) + 1))
        for step in document.steps:
            assert all(numbers[key] < step.number for key in step.uses), step.key
        used = {key for step in document.steps for key in step.uses}
        assert len(used) > len(numbers) / 2


def test_a_second_update_uses_the_weights_of_the_first():
    document = mazur(steps=2)
    step = next(step for step in document.steps if step.key == "z1[0,0]@2")
    assert "new w1[0,0]" in step.uses


def test_dropout_is_that_of_training():
    net = cr.Network(4, [cr.Dropout(0.5), cr.Dense(1)], dtype="float64", seed=3)
    x = np.ones((2, 4))
    document = net.explain(x, [[0], [1]], training=True)
    values = {step.key: step.value for step in document.steps}
    expected = net.values(x, [[0], [1]], training=True, step=1)["drop1"]
    np.testing.assert_allclose([[values[f"drop1[{n},{i}]"] for i in range(4)] for n in range(2)], expected)
    assert 0 in expected


def test_samples_of_weight_0_take_no_part_as_in_training():
    def made():
        return cr.Network(3, [cr.Dense(3, "tanh"), cr.BatchNorm(), cr.Dense(2)], dtype="float64", seed=1)

    random = np.random.default_rng(0)
    x, t, weights = random.normal(size=(5, 3)), random.normal(size=(5, 2)), [1, 3, 0, 3, 3]
    optimizer, trained = cr.GradientDescent(0.1), made()
    document = made().explain(x, t, sample_weight=weights, optimizer=optimizer, training=True)
    trained.fit(x, t, sample_weight=weights, optimizer=optimizer, epochs=1, batch_size=None, engine="reference")
    value = next(step.value for step in document.steps if step.key == "new w1[0,0]")
    assert value == pytest.approx(trained.parameters["w1"][0, 0], rel=1e-12)
