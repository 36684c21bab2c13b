"""What a diagnosis says, on the command line too; and that the page about it is up to date."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule import models
from chainrule.cli import main
from chainrule.diagnosis import running
from chainrule.diagnosis.diagnosing import Case
from chainrule.diagnosis.slips import SLIPS, listing
from chainrule.examples import network
from chainrule.tables import read

PAGE = Path(__file__).parents[2] / "docs" / "diagnosis.md"


@pytest.fixture
def mazur():
    return network("mazur")


def test_the_first_wrong_number_is_the_first_calculated(mazur):
    values = cr.Network.values(*mazur)
    theirs = {"d_w1": values["d_w1"] * 1.7, "y": values["y"], "d_z2": values["d_z2"] * 1.3}
    diagnosis = cr.diagnose(*mazur, theirs)
    assert diagnosis.first.name == "d_z2[0,0]"
    assert diagnosis.first.operands == ("y",)
    assert diagnosis.agreeing == ("y",)
    assert not diagnosis.explanations
    text = str(diagnosis)
    assert "No known slip gives these numbers" in text
    assert "Look at the equation of d_z2[0,0] above: y in it agree." in text
    assert "Slips of the update are tried where the optimizer is given." in text


def test_the_lines_theirs_and_right_are_shown(mazur):
    net, x, t = mazur
    v = net.values(x, t)
    d_z1 = v["d_a1"]
    diagnosis = cr.diagnose(net, x, t, {"d_z1": d_z1, "d_w1": x.T @ d_z1})
    assert diagnosis.explanations[0].named[0].keys == ("slope_missing",)
    text = str(diagnosis)
    assert "1. the derivative of the activation missing" in text
    assert "theirs: d_z1[n,j] = d_a1[n,j]\n" in text
    assert "right:  d_z1[n,j] = d_a1[n,j] * a1[n,j] * (1 - a1[n,j])\n" in text
    assert SLIPS["slope_missing"].reason in text


def test_numbers_of_ones_own_names_are_called_by_them(mazur):
    values = cr.Network.values(*mazur)
    names = {"out": "y", "w5": "w2[0,0]", "net": "z2"}
    theirs = {"net": values["z2"], "out": values["y"] + [[0, 0.1234]], "dE/dw5": 0.5}
    diagnosis = cr.diagnose(*mazur, theirs, names=names)
    assert [difference.called for difference in diagnosis.differing] == ["out[0,1] (y[0,1])", "dE/dw5 (d_w2[0,0])"]
    assert diagnosis.first.name == "y[0,1]"
    assert "above: net in it agree" in str(diagnosis)


def test_the_grammar_of_one_number(mazur):
    values = cr.Network.values(*mazur)
    one = str(cr.diagnose(*mazur, {"E": values["E"] * 1.2345678}))
    assert one.startswith("E does not agree:\n")
    several = str(cr.diagnose(*mazur, {"E": values["E"] * 1.2345678, "y": values["y"]}))
    assert "\nOne of 3 numbers does not agree, E:\n" in several
    sign = str(cr.diagnose(*mazur, {"d_w2[0,0]": -values["d_w2"][0, 0]}))
    assert "It reproduces the number that is not right." in sign


def test_zero_has_no_sign(mazur):
    assert "theirs 0, right 0.298371109" in str(cr.diagnose(*mazur, {"E": -0.0}))


def test_slips_of_the_update_are_no_reason_of_a_wrong_forward_pass(mazur):
    values = cr.Network.values(*mazur)
    said = "Slips of the update are tried where the optimizer is given."
    assert said not in str(cr.diagnose(*mazur, {"z1": values["z1"] + 0.123456789}))
    assert said in str(cr.diagnose(*mazur, {"d_z1": values["d_z1"] + 0.123456789}))


def test_too_few_digits_prove_nothing(mazur):
    diagnosis = cr.diagnose(*mazur, "name,value\nd_w1[0,0],0.0009\n")
    assert not diagnosis.agrees
    assert not diagnosis.explanations
    assert diagnosis.by_chance > 1
    assert "but by chance, since the numbers have few digits" in str(diagnosis)


def test_slips_with_the_same_numbers_are_named_together(mazur):
    net, x, t = mazur
    diagnosis = cr.diagnose(net, x, t, {"d_w2": -net.gradients(x, t)["w2"]})
    keys = [named.keys for named in diagnosis.explanations[0].named]
    assert keys[:2] == [("sign",), ("swapped",)]
    assert "or, with the same numbers here: target and output exchanged" in str(diagnosis)


def test_a_large_network_is_diagnosed_too():
    rng = np.random.default_rng(0)
    net = cr.Network(64, [cr.Dense(100, "relu"), cr.Dense(10, "softmax")], "cross_entropy")
    x, t = rng.normal(0, 1, (200, 64)), rng.integers(10, size=200)
    theirs = {f"d_{name}": 200 * value for name, value in net.gradients(x, t).items()}
    keys = [named.keys for named in cr.diagnose(net, x, t, theirs).explanations[0].named]
    assert ("batch_sum",) in keys


def test_slips_that_do_not_fit_together_are_passed_over():
    rng = np.random.default_rng(1)
    net = cr.Network(2, [cr.Dense(2, "tanh"), cr.Dense(2)], dtype="float64", seed=1)
    x, t = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    start = net.parameters
    theirs = {"w1": start["w1"] + rng.normal(size=(2, 2)), "b1": start["b1"] + rng.normal(size=2)}
    diagnosis = cr.diagnose(net, x, t, theirs, steps=2, optimizer="gradient_descent")
    assert "No known slip gives these numbers" in str(diagnosis)


def test_a_search_among_many_numbers_keeps_within_its_memory(monkeypatch):
    rng = np.random.default_rng(0)
    layers = [cr.Dense(100, "relu"), cr.Dense(50, "relu"), cr.Dense(10, "softmax")]
    net = cr.Network(200, layers, "cross_entropy", dtype="float64")
    x, t = rng.uniform(size=(8, 200)), rng.integers(10, size=8)
    right = net.gradients(x, t)
    theirs = {f"d_{name}": value + rng.normal(0, 0.01, value.shape) for name, value in right.items()}
    monkeypatch.setattr(running, "MOST_BYTES", 10_000_000)
    tracemalloc.start()
    try:
        assert cr.diagnose(net, x, t, theirs).tried > 100
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_many_steps_keep_within_their_memory(monkeypatch):
    rng = np.random.default_rng(0)
    net = cr.Network(200, [cr.Dense(50, "tanh"), cr.Dense(2)], dtype="float64")
    x, t = rng.uniform(size=(4, 200)), rng.uniform(size=(4, 2))
    whole = Case(net, x, t, "gradient_descent", 60, None, False).arrays["w1"]
    monkeypatch.setattr(running, "MOST_BYTES", 1_000_000)
    tracemalloc.start()
    try:
        in_part = Case(net, x, t, "gradient_descent", 60, None, False).arrays["w1"]
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert (in_part == whole).all()


def test_every_slip_says_what_is_right():
    for key, slip in SLIPS.items():
        assert slip.key == key
        assert slip.title[0].islower() or slip.title.startswith("Adam")
        assert not slip.title.endswith(".")
        assert slip.reason.endswith(".")


def test_a_value_that_was_found_has_its_place_in_the_title():
    with_value = {key for key, slip in SLIPS.items() if "{value}" in slip.title}
    assert with_value == {"another_rate", "penalty_added", "factor"}
    assert all(SLIPS[key].alone for key in with_value)
    assert "| another learning rate: ... |" in listing()


def test_the_page_lists_the_slips():
    assert listing() in PAGE.read_text(encoding="utf-8")


def test_the_session_of_the_page_is_what_is_printed(capsys):
    page = PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(code, {"cr": cr})
    assert f"```\n{capsys.readouterr().out}```" in page


# The command


@pytest.fixture
def run(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as exit:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return int(exit.value.code or 0), out, err

    return run


@pytest.fixture
def numbers(tmp_path):
    def write(text):
        path = tmp_path / "numbers.csv"
        path.write_text("name,value\n" + text)
        return path

    return write


def test_the_command_with_the_names_of_an_example(run, numbers):
    code, out, err = run("diagnose", "mazur", numbers("net_h1,0.3775\ndE/dw5,-0.0822\ndE/dw6,-0.0827\nw5,0.4411\n"))
    assert (code, err) == (1, "")
    first = "The first in the order of calculation is dE/dw5 (d_w2[0,0]):"
    assert out.startswith(f"Agrees: net_h1.\n3 of 4 numbers do not agree. {first}\n")
    assert "1. the sign of the error\n" in out
    code, out, err = run("diagnose", "mazur", numbers("net_h1,0.3775\nw5,0.35891648\n"))
    assert (code, err) == (0, "")
    assert out == "All numbers agree (2): net_h1, w5.\n"


def test_the_command_reads_files_of_spreadsheets(run, tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("name;value\nnet_h1;0,3775\nz1[0,1];0,3925\n")
    assert run("diagnose", "mazur", path) == (0, "All numbers agree (2): net_h1, z1[0,1].\n", "")
    path.write_text("name;value\nnet_h1;1e400\n")
    code, out, err = run("diagnose", "mazur", path)
    assert (code, out) == (2, "")
    assert err.startswith("chainrule: net_h1 must be a finite number, not '1e400'")


def test_the_command_with_options(run, numbers):
    net, x, t = network("creativegp")
    updated = {name: np.array(value) for name, value in net.parameters.items()}
    net.fit(x[1:2], t[1:2], optimizer=cr.Adam(0.01), epochs=2, batch_size=None)
    after = net.parameters["w1"][0, 0]
    assert after != updated["w1"][0, 0]
    path = numbers(f'"w1[0,0]",{after:.9f}\n')
    assert run("diagnose", "creativegp", path, "--row", 2, "--optimizer", "adam", "--rate", 0.01, "--steps", 2)[0] == 0
    assert run("diagnose", "creativegp", path)[0] == 1


def test_the_command_with_a_model_and_a_row(run, numbers, tmp_path):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"a": rng.normal(0, 1, 40), "b": rng.normal(0, 1, 40)})
    table, model = tmp_path / "t.csv", tmp_path / "m.safetensors"
    frame.with_columns(y=pl.when(pl.col("a") > pl.col("b")).then(pl.lit("more")).otherwise(pl.lit("less"))).write_csv(
        table
    )
    assert run("train", table, "--target", "y", "--epochs", 2, "--hidden", 3, "--out", model)[0] == 0
    loaded = models.load(model)
    part = read(table)[3:4]
    right = loaded.net.gradients(loaded.table.inputs(part), loaded.table.targets(part))["b2"][1]
    path = numbers(f"d_b2[1],{right:.5f}\n")
    assert run("diagnose", model, path, "--table", table, "--row", 4) == (0, "All numbers agree (1): d_b2[1].\n", "")
    assert run("diagnose", model, path)[0] == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mazr", "numbers.csv"), "unknown example 'mazr': did you mean 'mazur'?"),
        (("mazur", "nowhere.csv"), "there is no file nowhere.csv"),
        (("mazur", "numbers.csv", "--row", "2"), "--row must be from 1 to 1, the samples of the example, not 2"),
        (("mazur", "numbers.csv", "--optimizer", "adm"), "unknown optimizer 'adm': did you mean 'adam'?"),
        (("mazur", "numbers.csv", "--language", "xx"), "unknown language 'xx'"),
        (("mazur", "numbers.csv", "--steps", "0"), "steps must be a whole number of at least 1, not 0"),
        (("mazur", "wrong.csv"), "unknown name 'd_q': did you mean"),
    ],
)
def test_the_command_refuses_in_one_sentence(run, tmp_path, monkeypatch, words, message):
    (tmp_path / "numbers.csv").write_text("name,value\nE,0.3\n")
    (tmp_path / "wrong.csv").write_text("name,value\nd_q,0.3\n")
    monkeypatch.chdir(tmp_path)
    code, out, err = run("diagnose", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"chainrule: {message}")
    assert err.count("\n") == 1
