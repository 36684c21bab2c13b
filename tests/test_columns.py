"""The layer for tables: against NumPy by hand, against oracles of its derivatives, and where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import FormulaError, InputError
from chainrule.layers import layer_from

RNG = np.random.default_rng(4)
X = np.column_stack([RNG.integers(0, 4, 30), RNG.integers(0, 30, 30), RNG.normal(size=(30, 3))])
LAYER = cr.Columns(5, "tanh", codes=[4, 30], numbers=2, waves=3, width=2)


def network(layer=LAYER, inputs=5, **settings):
    return cr.Network(inputs, [layer, cr.Dense(1)], dtype="float64", seed=3, **settings)


def by_hand(p, x):
    """The first layer's outputs, column by column."""
    numbers = x[:, 2:]
    waves = np.cos(np.repeat(numbers[:, :2], 3, axis=1) * p["f1"] + p["o1"])
    rows = p["va1"][x[:, 0].astype(int)] @ p["ra1"] + p["vb1"][x[:, 1].astype(int)] @ p["rb1"]
    return np.tanh(numbers @ p["w1"] + waves @ p["u1"] + rows + p["b1"])


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_outputs_are_those_of_numpy(engine):
    net = network()
    net.fit(X, X[:, 2], engine=engine, epochs=2)
    p = net.parameters
    expected = by_hand(p, X) @ p["w2"] + p["b2"]
    np.testing.assert_allclose(net.predict(X), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "layer",
    [LAYER, cr.Columns(4), cr.Columns(3, "relu", numbers=5), cr.Columns(3, codes=[4, 30], width=1)],
    ids=["all", "plain", "waves", "codes"],
)
def test_derivatives_agree_with_both_oracles(layer):
    inputs = not layer.codes  # a code has no slope
    assert cr.check_gradients(network(layer), X, X[:, :1], inputs=inputs).ok


def test_what_only_chooses_is_not_learned_and_not_checked():
    net = network()
    before = net.parameters["at1"].copy()
    assert before.tolist() == [0, 0, 0, 1, 1, 1]
    net.fit(X, X[:, 2], epochs=3)
    assert np.array_equal(net.parameters["at1"], before)
    assert "at1" not in {check.name for check in cr.check_gradients(net, X, X[:, :1]).parameters}


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_row_that_no_sample_chooses_stays(engine):
    net = network()
    before = net.parameters["vb1"].copy()
    net.fit(X, X[:, 2], epochs=3, engine=engine)
    chosen = np.isin(np.arange(30), X[:, 1])
    assert 0 < chosen.sum() < 30
    moved = (net.parameters["vb1"] != before).all(axis=1)
    assert np.array_equal(moved, chosen)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_codes_outside_are_held_within(engine):
    net = network()
    net.fit(X, X[:, 2], engine=engine, epochs=1)
    far, near = X[:2].copy(), X[:2].copy()
    far[:, 1], near[:, 1] = [-7, 1e9], [0, 29]
    np.testing.assert_array_equal(net.predict(far), net.predict(near))


def test_many_columns_of_codes_have_names_of_their_own():
    net = cr.Network(30, [cr.Columns(2, codes=[3] * 30, width=1), cr.Dense(1)])
    names = [name for name in net.parameters if name.startswith("v")]
    assert len(names) == 30
    assert names[-4:] == ["vba1", "vbb1", "vbc1", "vbd1"]


def test_it_is_made_again_from_its_configuration():
    again = layer_from({"type": "Columns", **LAYER.config})
    assert type(again) is cr.Columns
    assert again.config == LAYER.config


def test_a_table_narrower_than_its_columns_is_refused():
    with pytest.raises(InputError, match="2 columns of codes and 2 of numbers, but its input has only 3 columns"):
        network(inputs=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"codes": [0]}, "the categories of a column must be a whole number of at least 1"),
        ({"codes": "12"}, "codes must be a list of numbers of categories"),
        ({"numbers": -1}, "numbers of Columns"),
        ({"waves": 1.5}, "waves of Columns"),
        ({"width": 0}, "width of Columns"),
        ({"spread": 0}, "the spread of Columns"),
    ],
)
def test_wrong_arguments_are_told(arguments, message):
    with pytest.raises(InputError, match=message):
        cr.Columns(3, **arguments)


def test_an_index_with_a_shift_stays_within_its_array():
    from chainrule.equations import ref
    from chainrule.parsing import parse_program
    from chainrule.program import Program

    def program(size):
        return Program((ref("x", "n", "i"),), (), parse_program("g[n,k] = x[n,k + 2]"), {"n": "N", "i": 5, "k": size})

    program(3)
    with pytest.raises(FormulaError, match=r"x\[n,k \+ 2\] runs past the end of x\[n,i\], where i has 5 places"):
        program(4)


def test_the_learned_rows_of_each_column_of_codes_are_those_of_the_network():
    net = network()
    first, second = LAYER.learned_rows(net.parameters)
    assert (first.shape, second.shape) == ((4, 2), (30, 2))
    assert first is net.parameters["va1"]
    assert second is net.parameters["vb1"]
    many = cr.Network(30, [cr.Columns(2, codes=[3] * 30, width=1), cr.Dense(1)])
    assert many.architecture.layers[0].learned_rows(many.parameters)[-1] is many.parameters["vbd1"]
