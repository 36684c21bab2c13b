"""What a network says of itself: its memory, and the program that trains it."""

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.compiled import CompiledEngine
from chainrule.errors import InputError


def network(units=30, **settings):
    return cr.Network(5, [cr.Dense(units, "relu"), cr.BatchNorm(), cr.Dropout(0.2), cr.Dense(3)], **settings)


def test_the_memory_is_that_of_the_arrays_that_training_makes(monkeypatch):
    made = {}
    start = CompiledEngine.__init__

    def remember(engine, training):
        start(engine, training)
        made.update(engine.block.values, kept=engine.kept)

    monkeypatch.setattr(CompiledEngine, "__init__", remember)
    net = network(200)
    x, t = np.zeros((500, 5)), np.zeros((500, 3))
    net.fit(x, t, epochs=1, batch_size=100, engine="compiled")
    arrays = [*made.values(), *made["kept"].values()]
    given = {"parameters", "x_given", "t_given"}
    outside = sum(made[name].nbytes for name in given)
    taken = sum(array.nbytes for array in arrays if isinstance(array, np.ndarray)) - outside
    said = re.search(r"batches of 100 takes ([\d.]+) kB", net.summary(100))
    assert float(said[1]) * 1000 == pytest.approx(taken, rel=0.2)


def test_layers_and_parameters_are_counted():
    lines = network().summary(optimizer="gradient_descent").splitlines()
    assert lines[1] == "layer 1: w1 (5, 30), b1 (30,): 180 parameters"
    assert lines[-1].startswith("333 parameters in 1.3 kB; training with GradientDescent in batches of 32 takes ")


def test_a_batch_size_is_a_whole_number():
    with pytest.raises(InputError, match="batch_size must be a whole number"):
        network().summary(0)


def test_the_source_is_that_of_the_last_optimiser_or_another():
    net = network()
    assert "state_m" in net.source()
    net.fit(np.zeros((4, 5)), np.zeros((4, 3)), optimizer="momentum", epochs=1)
    assert "state_v" in net.source()
    assert "state_m" not in net.source()
    assert "state_" not in net.source("gradient_descent")
    assert "fill_mask(" in net.source()


def test_wider_networks_share_their_source():
    assert network(30).source() == network(31).source() == network(200).source()
    assert network(10).source() != network(30).source()
