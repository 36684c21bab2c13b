"""How layers become a program: names, indices, and equations split into the values worth keeping."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

import chainrule as cr
from chainrule.builder import Builder
from chainrule.program import Program
from random_networks import cases


def equations(*layers, inputs=2, **choice):
    return [str(equation) for equation in cr.Network(inputs, layers).program(**choice).equations]


def test_indices_follow_the_textbooks_and_never_run_out():
    builder = Builder(1, training=False)
    names = [builder.new_index(1) for _ in range(40)]
    taken = [next(iter(set(builder.sizes) - {"n"} - set(names))), *names]
    assert taken[:4] == ["i", "j", "k", "l"]
    assert len(set(taken)) == len(taken)
    assert not {"n", "e", "o", "x", "y", "t", "s", "c"} & set(taken)


def test_a_deep_network_runs():
    layers = [cr.Dense(2, "tanh") for _ in range(60)]
    net = cr.Network(2, layers, dtype="float64")
    assert net.gradients([[0.1, 0.2]], [[0.1, 0.2]])["w1"].shape == (2, 2)
    assert len({str(equation.target) for equation in net.program().equations}) == len(net.program().equations)


def test_layers_of_equal_size_have_indices_of_their_own():
    assert equations(cr.Dense(2), cr.Dense(2), cost=False) == [
        "z1[n,j] = sum(i, x[n,i] * w1[i,j]) + b1[j]",
        "a1[n,j] = z1[n,j]",
        "z2[n,k] = sum(j, a1[n,j] * w2[j,k]) + b2[k]",
        "y[n,k] = z2[n,k]",
    ]


def test_each_kind_of_bias_is_written_as_it_is():
    assert equations(cr.Dense(2, bias="layer"), cost=False)[0].endswith("+ b1")
    assert equations(cr.Dense(2, bias=None), cost=False)[0] == "z1[n,j] = sum(i, x[n,i] * w1[i,j])"


def test_softmax_keeps_its_maximum_its_exponentials_and_their_sum():
    assert equations(cr.Dense(3, "softmax"), cost=False)[1:] == [
        "y_max[n] = max(j, z1[n,j])",
        "y_exp[n,j] = exp(z1[n,j] - stop(y_max[n]))",
        "y_sum[n] = sum(j, y_exp[n,j])",
        "y[n,j] = y_exp[n,j] / y_sum[n]",
    ]


def test_softmax_with_cross_entropy_derives_to_the_textbook_form():
    net = cr.Network(2, [cr.Dense(3, "softmax")], "cross_entropy")
    assert "d_z1[n,j] = (y[n,j] - t[n,j]) / N" in [str(equation) for equation in net.program(["w1"]).equations]
    net = cr.Network(2, [cr.Dense(3, "sigmoid")], "binary_cross_entropy")
    assert "d_z1[n,j] = (y[n,j] - t[n,j]) / N" in [str(equation) for equation in net.program(["w1"]).equations]


def test_dropout_has_a_mask_only_in_training():
    assert equations(cr.Dropout(0.5), cost=False, training=True) == ["y[n,i] = x[n,i] * mask1[n,i]"]
    assert equations(cr.Dropout(0.5), cost=False) == ["y[n,i] = x[n,i]"]


def test_a_formula_keeps_its_own_letters_apart_from_those_of_the_program():
    layer = cr.Layer("out[n,b] = sum(a, x[n,a] * u[a,b]) + v[b]", {"u": "he", "v": "zeros"}, units=4)
    assert equations(cr.Dense(3), layer, cost=False)[2:] == ["y[n,k] = sum(j, a1[n,j] * u2[j,k]) + v2[k]"]


def test_a_formula_over_two_indices_of_its_input():
    layer = cr.Layer("pair[n,j] = sum(i, x[n,i] * u[i,j] * x[n,j])", {"u": "he"})
    net = cr.Network(3, [layer])
    assert net.parameters["u1"].shape == (3, 3)
    assert net.outputs == 3


def test_penalties_are_written_once_a_weight_and_left_out_where_asked():
    layers = [cr.Dense(2), cr.LayerNorm(), cr.Dense(2, bias="layer")]
    net = cr.Network(2, layers, penalties=[cr.L2(0.5)])
    cost = str(net.program().equations[-1])
    assert [name for name in ("w1", "b1", "scale2", "shift2", "w3", "b3") if name in cost] == ["w1", "w3"]
    assert str(net.program(penalties=False).equations[-1]) == "E = mean(n, c[n])"


@pytest.mark.parametrize(
    ("reduction", "weighted", "cost"),
    [
        ("mean", False, ["E = mean(n, c[n])"]),
        ("sum", False, ["E = sum(n, c[n])"]),
        ("mean", True, ["E_sum = sum(n, s[n] * c[n])", "E_sum2 = sum(n, s[n])", "E = E_sum / E_sum2"]),
        ("sum", True, ["E = sum(n, s[n] * c[n])"]),
    ],
)
def test_the_cost_of_a_batch(reduction, weighted, cost):
    net = cr.Network(2, [cr.Dense(1)], reduction=reduction)
    written = [str(equation) for equation in net.program(weighted=weighted).equations]
    assert [line for line in written if line.startswith("E")] == cost


@settings(max_examples=25)
@given(cases())
def test_every_program_of_every_network_is_whole(case):
    """Each array is defined once and before it is used; nothing is computed that no gradient needs."""
    names = [*case.net.parameters, "x"]
    for training in (False, True):
        for weighted in (False, True):
            program = case.net.program(names, weighted=weighted, training=training, optimizer=cr.AdamW(clip_norm=1.0))
            Program(program.inputs, program.states, program.equations, program.sizes, program.distributions)
            targets = [equation.target.name for equation in program.equations if not equation.update]
            assert len(targets) == len(set(targets))
            wanted = {"E", "y", *(f"d_{name}" for name in names), "clip", "norm"}
            used = {equation.target.name for equation in program.needed_for(wanted)}
            updated = {name for name in targets if name not in used}
            assert all(f"d_{name}" not in updated for name in targets)
            assert {f"d_{name}" for name in names} <= set(targets)


@settings(max_examples=25)
@given(cases())
def test_every_equation_names_the_layer_or_loss_it_came_from(case):
    program = case.net.program(list(case.net.parameters), training=True, optimizer=cr.Adam(clip_norm=1.0))
    assert all(equation.origin for equation in program.equations)
