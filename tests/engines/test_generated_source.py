"""Generated source: run as Python it trains as the reference engine does, and it reads as it should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from as_python import instead_of_machine_code
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.engines import buffers, machine, sliced, statements, unrolling
from chainrule.engines.compiled import module_of
from chainrule.engines.statements import take_apart
from chainrule.engines.unrolling import unroll
from chainrule.errors import InputError, TrainingError
from random_formulas import formulas, layer_formulas
from random_networks import Case, cases, randomise

# What decides on the form of a source, and how small it must be that small networks have that form.
SLICED = {(unrolling, "UNROLL_TO"): 0, (buffers, "_TWO_FROM"): 2, (sliced, "TILE"): 2}
FORMS = {
    "inline": {(unrolling, "UNROLL_TO"): 10**9},
    "sliced": SLICED,
    "sliced, sizes as arguments": {**SLICED, (statements, "LITERAL_TO"): 0, (statements, "PRODUCT_FROM"): 2},
}
each_form = pytest.mark.parametrize("form", FORMS)


@contextmanager
def forced(form):
    with pytest.MonkeyPatch.context() as patch:
        for (module, name), value in FORMS[form].items():
            patch.setattr(module, name, value)
        yield


def train(case, engine, moved=0.0):
    """Train a copy of a case's network for up to four steps; return all it has learned, and its history."""
    net, random = cr.Network.from_config(case.net.config), np.random.default_rng(0)
    net.set_parameters(case.net.parameters)
    net.set_states(case.net.states)
    net.vector[...] *= 1 + moved * random.choice([-1, 1], net.vector.size)
    history = net.fit(
        case.x,
        case.t,
        sample_weight=case.sample_weight,
        optimizer=cr.GradientDescent(0.01),
        epochs=2,
        batch_size=4,
        engine=engine,
        threads=1,
    )
    return np.concatenate([net.vector, *(state.ravel() for state in net.states.values())]), history


def distance(found, expected):
    return np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected)), initial=0)


@st.composite
def own_networks(draw):
    """A layer and an activation by random formulas, after a layer so that derivatives pass through them."""
    (formula, parameters), activation = draw(layer_formulas()), cr.Activation("own", draw(formulas()))
    layers = [cr.Dense(draw(st.integers(1, 3)), "tanh"), cr.Layer(formula, parameters), cr.Dense(2, activation)]
    try:
        net = cr.Network(2, layers, dtype="float64", reduction=draw(st.sampled_from(["mean", "sum"])))
    except InputError:
        reject()  # no number comes out of it, or no size follows
    random = np.random.default_rng(draw(st.integers(0, 99)))
    randomise(net, random)
    return Case(net, random.normal(size=(6, 2)), random.normal(size=(6, 2)), None, {})


def assert_same_training(form, case):
    """To 1e-12, or to what training makes of errors of rounding where they grow, as in normalised differences.

    What diverges is left out: there they grow without limit.
    """
    try:
        expected, history = train(case, "reference")
    except TrainingError:
        reject()
    assume(max(history.cost) < 1e3)
    grown = distance(train(case, "reference", moved=1e-15)[0], expected)
    with forced(form), instead_of_machine_code() as ran:
        found, course = train(case, "compiled")
    assert (" slices = " in ran[0]) == (form != "inline")
    assert distance(found, expected) <= max(1e-12, 100 * grown)
    for name, column in history.columns().items():
        np.testing.assert_allclose(course.columns()[name], column, rtol=1e-9, atol=1e-12, err_msg=name)


@each_form
@settings(max_examples=15)
@given(case=cases())
def test_the_source_run_as_python_trains_as_the_reference_engine_does(form, case):
    assert_same_training(form, case)


@each_form
@settings(max_examples=15)
@given(case=own_networks())
def test_sources_of_own_formulas_do_so_or_are_refused(form, case):
    try:
        assert_same_training(form, case)
    except InputError as error:
        if not str(error).startswith("the compiled engine cannot train this network: "):
            raise


def network(*layers, inputs=3, loss="half_squared_error", **settings):
    return cr.Network(inputs, layers, loss, **settings)


NETWORKS = {
    "dense": lambda: network(cr.Dense(2, "tanh"), cr.Dense(2, "softmax"), loss="cross_entropy"),
    "all kinds of layers": lambda: network(
        cr.Dense(3, "relu"),
        cr.BatchNorm(),
        cr.Dropout(0.2),
        cr.Residual([cr.Dense(3)]),
        cr.LayerNorm("elu"),
        cr.Dense(1),
    ),
    "penalties and a sum": lambda: network(cr.Dense(2), penalties=[cr.L1(0.1), cr.L2(0.1)], reduction="sum"),
    "layer biases": lambda: network(cr.Dense(3, "gelu", bias="layer"), cr.Dense(2, bias=None), loss="absolute_error"),
}
OPTIMIZERS = [cr.GradientDescent(), cr.Adam(clip_norm=1.0)]


def lines_of(source):
    """Return each line as code and comment."""
    return [
        (code.strip(), comment.strip()) for code, _, comment in (line.partition("  # ") for line in source.splitlines())
    ]


def programs_of(net, optimizer, form):
    """Return the program of a training, unit by unit where the source is."""
    names = [parameter.ref.name for parameter in net.architecture.trainable]
    program = net.program(names, training=True, optimizer=optimizer)
    return unroll(program).program if form == "inline" else program


@each_form
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_each_equation_ends_the_line_that_computes_it(form, make, optimizer):
    with forced(form):
        net = make()
        comments = {comment for _, comment in lines_of(module_of(net, optimizer).source)}
        statements = take_apart(programs_of(net, optimizer, form))
    loops = {name for comment in comments if "=" not in comment and "<-" not in comment for name in comment.split(", ")}
    for statement in statements:
        said_of_all = statement.equation.update and any(statement.name.endswith(name) for name in loops)
        assert str(statement.equation) in comments or said_of_all, statement.equation


@each_form
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_a_comment_says_what_its_line_assigns(form, make):
    with forced(form):
        source = module_of(make(), cr.GradientDescent(bias_rate=0.1)).source
    for code, comment in lines_of(source):
        said = re.match(r"(\w+)[^=<]*(?:=|<-) ", comment)
        assigned = re.match(r"(\w+)(?:\[.*\])? [+]?= ", code)
        if said and assigned:
            vectors = "parameters", "gradients", "running"
            assert assigned[1] in (said[1], f"{said[1]}_all", f"{said[1]}_row", "total", *vectors), (code, comment)


@each_form
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_elements_of_arrays_are_not_computed_without_an_equation(form, make):
    """What has no comment writes a number that a line before it has computed, or belongs to the loop."""
    with forced(form):
        source = module_of(make(), cr.Adam()).source
    for code, comment in lines_of(source):
        assigned = re.fullmatch(r"(\w+)\[[^=]*\] [-+*/]?= (.*)", code)
        if assigned and not comment and assigned[1] not in ("numbers", "record", "place", "tally"):
            assert re.fullmatch(r"\w+|-infinity|real\(0\)|\w+_of_parts\(.*\)", assigned[2]), code


def test_sizes_above_16_are_arguments():
    """So that networks of other widths need no compiling."""

    def source(inputs, units, outputs, rate=0.1):
        layers = cr.Dense(units, "tanh"), cr.BatchNorm(), cr.Dense(units + 1, "relu"), cr.Dense(outputs)
        return module_of(network(*layers, inputs=inputs), cr.Adam(rate)).source

    assert source(30, 20, 17) == source(50, 40, 33) == source(50, 40, 33, rate=cr.Cosine(1.0))
    assert source(30, 20, 16) != source(30, 20, 17)
    assert re.search(r"\bJ: int\b", source(30, 20, 2))
    assert not re.search(r"\bL: int\b", source(30, 20, 2))


def test_networks_of_other_widths_share_their_machine_code():
    random = np.random.default_rng(0)
    counts = []
    for units, rows in ((30, 40), (40, 90)):
        net = network(cr.Dense(units, "tanh"), cr.Dense(2), inputs=20)
        net.fit(random.normal(size=(rows, 20)), random.normal(size=(rows, 2)), epochs=1, engine="compiled")
        counts.append(machine.compiled)
    assert counts[0] == counts[1]


SAME = """
import chainrule as cr
from chainrule.engines.compiled import module_of
large = [cr.Dense(30, "tanh"), cr.BatchNorm(), cr.Dropout(0.1), cr.Dense(20, "softmax")]
for layers in ([cr.Dense(2, "softmax")], large):
    print(module_of(cr.Network(3, layers, "cross_entropy", penalties=[cr.L2(0.1)]), cr.Adam(clip_norm=1.0)).source)
"""


def test_a_source_is_the_same_in_each_process():
    """Or nothing would be found in the cache."""
    sources = {
        subprocess.run(
            [sys.executable, "-c", SAME],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(sources) == 1
    assert "def rows_1(" in sources.pop()


def test_the_source_is_that_of_the_last_training():
    net = network(cr.Dense(2, "sigmoid"))
    general = net.source("gradient_descent")
    net.fit([[1, 2, 3]], [[0, 1]], optimizer="gradient_descent", epochs=1, engine="compiled")
    assert "sigmoid_by_table" in net.source()
    net.fit([[1, 2, 3]] * 3, [[0, 1]] * 3, optimizer="gradient_descent", epochs=1, engine="compiled")
    assert net.source() == general


def test_compiling_says_nothing(capfd):
    """Loops of a few steps of every kind: the compiler must not complain of those that stay as they are."""
    net = network(cr.Dense(17, "tanh"), cr.BatchNorm(), cr.Dense(12), cr.LayerNorm("elu"), cr.Dense(5, "softmax"))
    net.fit(np.eye(3), np.zeros((3, 5)), epochs=1, engine="compiled")
    assert capfd.readouterr() == ("", "")


def test_one_sample_run_as_python_trains_as_the_reference_engine_does():
    net = network(cr.Dense(2, "sigmoid"), cr.Dense(2, "sigmoid"), dtype="float64")
    with instead_of_machine_code() as ran:
        found, _ = train(Case(net, np.ones((1, 3)), np.zeros((1, 2)), None, {}), "compiled")
    assert "sigmoid_by_table(" in ran[0]
    expected, _ = train(Case(net, np.ones((1, 3)), np.zeros((1, 2)), None, {}), "reference")
    assert distance(found, expected) <= 1e-12
