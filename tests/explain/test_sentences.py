"""What is said of a step follows from its equation, whatever the layer, the loss or the optimiser is called."""

from __future__ import annotations

import pytest

import chainrule as cr
from chainrule.checks.differences import Difference

X, T = [[0.5, -1.0], [0.3, 0.8]], [[0.2], [0.7]]
ADDS_UP = "adds up what arrives, each value times its weight"


def steps(*layers, loss="half_squared_error", t=T, **choice):
    net = cr.Network(2, list(layers), loss, dtype="float64", seed=3)
    return {step.key: step for step in net.explain(X, t, **choice).steps}


def test_a_dense_layer_weighs_and_activates():
    found = steps(cr.Dense(3, "gelu"), cr.Dense(1, bias=None))
    assert ADDS_UP in found["z1[0,0]"].why
    assert "and its bias" in found["z1[0,0]"].why
    assert "and its bias" not in found["z2[0,0]"].why
    assert "activation makes" in found["a1[0,0]"].why
    assert "two factors in a row" in found["d_z1[0,0]"].why
    assert "only through the one unit" in found["d_a1[0,0]"].why
    assert "along every unit" in steps(cr.Dense(3, "gelu"), cr.Dense(2), t=[[0, 1], [1, 0]])["d_a1[0,0]"].why


def test_layers_that_do_not_weigh_are_not_said_to():
    found = steps(cr.Dense(3), cr.LayerNorm(), cr.Dropout(0.2), cr.BatchNorm(), cr.Dense(1), training=True)
    for key in ("z2[0,0]", "drop1[0,0]", "z3[0,0]"):
        assert found[key].why.startswith("A part of "), found[key].why
    for name in ("scale2", "scale3"):
        assert "added as it is" not in found[f"d_{name}[0]"].why
    assert "added as it is" in found["d_shift2[0]"].why


def test_a_shared_bias_adds_up_the_deltas_of_its_units():
    found = steps(cr.Dense(3, "tanh", bias="layer"), cr.Dense(1))
    assert "all units share" in found["d_b1"].why
    assert "the delta of its unit" in found["d_b2[0]"].why


def test_running_values_are_none_of_the_optimisers():
    found = steps(cr.Dense(2), cr.BatchNorm(), cr.Dense(1), training=True)
    running = [step for key, step in found.items() if key.startswith("new mean2")]
    assert running
    assert all("running value" in step.why for step in running)


def test_softmax_under_another_loss_has_more_than_one_path():
    found = steps(cr.Dense(2, "softmax"), loss="squared_error", t=[[0, 1], [1, 0]])
    assert "two factors" not in found["d_z1[0,0]"].why


@pytest.mark.parametrize(
    ("loss", "cancels"),
    [("half_squared_error", True), (cr.Loss("mine", "(y - t)**2 / 2"), True), ("squared_error", False)],
)
def test_the_half_cancels_in_any_loss_that_has_it(loss, cancels):
    assert ("cancel" in steps(cr.Dense(1, "sigmoid"), loss=loss)["d_y[0,0]"].remark) is cancels


@pytest.mark.parametrize(
    ("activation", "loss", "t", "cancelled"),
    [
        ("sigmoid", "binary_cross_entropy", [[0.0], [1.0]], True),
        ("sigmoid", "poisson", [[0.0], [1.0]], False),
        ("softmax", "cross_entropy", [[0, 1], [1, 0]], True),
    ],
)
def test_the_slope_is_said_to_be_cancelled_only_where_it_is(activation, loss, t, cancelled):
    found = steps(cr.Dense(len(t[0]), activation), loss=loss, t=t)
    assert ("no slow start" in found["d_z1[0,0]"].remark) is cancelled


def test_a_remark_stands_once():
    found = steps(cr.Dense(3, "tanh"), cr.Dense(1, "tanh"))
    remarks = [step.remark for step in found.values() if step.remark]
    assert len(remarks) == len(set(remarks))


def test_a_layer_in_words_stays_short():
    layer = cr.Layer(
        "h[n,j] = tanh(sum(i, x[n,i] * u[i,j]))\n" + "o[n,j] = h[n,j] + 0 * h[n,j]", {"u": "glorot"}, units=2
    )
    found = steps(layer, cr.Dense(1))
    assert all("\n" not in step.why and len(step.why) < 100 for step in found.values())


def test_frozen_parameters_are_named():
    net = cr.Network(2, [cr.Dense(2, train_bias=False), cr.Dense(1)], dtype="float64")
    assert "Kept as they are, without derivative and update: b1." in net.explain(X, T).text(200)


def test_a_loss_is_shown_with_its_numbers_in_place():
    net = cr.Network(2, [cr.Dense(2, "softmax")], "cross_entropy", dtype="float64")
    assert "cross_entropy: -sum(k, t * log(y))." in net.explain(X, [0, 1]).text(200)
    net = cr.Network(2, [cr.Dense(2)], cr.loss("huber", delta=0.3), dtype="float64")
    assert "0.3" in net.explain(X, [[0, 1], [1, 0]]).text(200).partition("It learns")[0]


def test_the_end_says_what_became_of_the_cost():
    net = cr.Network(2, [cr.Dense(2, "tanh"), cr.Dense(1)], dtype="float64")

    def said(rate, steps=1):
        return net.explain(X, T, optimizer=cr.GradientDescent(rate), steps=steps).sections[-1].text[0]

    assert said(0.01) == "The step has lowered the cost."
    assert said(0.01, steps=2) == "The steps have lowered the cost."
    assert "higher than before" in said(50)
    assert "no longer a finite number" in said(1e300)


def test_shared_biases_have_numbers_of_their_own():
    layers = [cr.Dense(2, "tanh", bias="layer"), cr.Dense(2), cr.Dense(1, bias="layer")]
    net = cr.Network(2, layers, dtype="float64")
    document = net.explain(X, T, names="z/a")
    names = [document.naming.plain(step.target) for step in document.steps if step.key.startswith("d_b")]
    assert sorted(names) == ["dE/db1", "dE/db2", "dE/db3", "dE/db4"]


def test_several_samples_have_their_columns_named_for_any_of_them():
    net = cr.Network(2, [cr.Dense(1)], dtype="float64")
    assert "x[n,0]" in net.explain(X, T).text()
    assert "x[0,0]   x[0,1]" not in net.explain(X, T).text()


def test_a_difference_knows_how_far_it_can_tell():
    assert Difference(1.0).agrees(1.0 + 1e-9)
    assert not Difference(1.0).agrees(1.0 + 1e-4)
    assert not Difference(0.0).agrees(1e-8 + 1e-6)
    assert Difference(1.0, uncertainty=1e-3).agrees(1.0005)


def test_a_wrong_derivative_has_no_tick(monkeypatch):
    net = cr.Network(2, [cr.Dense(2, "tanh"), cr.Dense(1)], dtype="float64")
    assert net.explain(X, T).text().count("✓") == sum(step.check is not None for step in net.explain(X, T).steps)
    agrees = Difference.agrees
    monkeypatch.setattr(Difference, "agrees", lambda self, derived: agrees(self, 1.001 * derived))
    text = net.explain(X, T).text()
    assert "finite difference" in text
    assert "✓" not in text


def test_where_the_cost_is_not_finite_no_kink_is_blamed():
    net = cr.Network(1, [cr.Dense(1)], dtype="float64")
    net.set_parameters({"w1": [[1e300]]})
    text = net.explain([[1e300]], [[0.0]]).text()
    assert "not a finite number around here" in text
    assert "kink" not in text
    page = net.explain([[1e300]], [[0.0]]).html()
    assert "not a finite number around here" in page
    assert "kink" not in page


def test_numbers_have_no_digits_that_are_none():
    net = cr.Network(1, [cr.Dense(1)], dtype="float64")
    net.set_parameters({"w1": [[123456789.1]]})
    assert "123456789.1 " in net.explain([[1.0]], [[0.0]]).text()
