"""``chainrule explain``: examples and models, formats and files, and what is said of anything else."""

from __future__ import annotations

import json
import re
import webbrowser

import numpy as np
import polars as pl
import pytest

from chainrule import models
from chainrule.cli.app import run
from chainrule.recipes import recipe_of


def ran(capsys, *arguments):
    code = run([str(argument) for argument in arguments])
    found = capsys.readouterr()
    return code, found.out, found.err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with tables and the models trained on them."""
    home = tmp_path_factory.mktemp("models")
    random = np.random.default_rng(0)
    size, colour = random.normal(10, 2, 80), random.choice(["red", "blue"], 80)
    noise = random.normal(0, 0.1, 80)
    price = 3 * size + 5 * (colour == "red") + noise
    frame = pl.DataFrame(
        {"size": size, "colour": colour, "price": price, "kind": np.where(price > 33, "dear", "cheap")}
    )
    frame.with_columns(pl.when(pl.int_range(80) == 4).then(None).otherwise(pl.col("price")).alias("price")).write_csv(
        home / "table.csv"
    )
    for target in ("price", "kind"):
        options = ["--target", target, "--hidden", "4", "--epochs", "3", "--out", home / f"{target}.model"]
        assert run(["train", *map(str, [home / "table.csv", *options])]) == 0
    return home


def test_an_example_is_explained_in_its_own_names(capsys):
    code, out, err = ran(capsys, "explain", "mazur")
    assert (code, err) == (0, "")
    assert "dE/dw5 = dE/dout_o1" in out
    assert "= 0.082167041" in out
    assert "w5 ← w5  − rate · dE/dw5" in out


def test_without_a_name_the_examples_are_listed(capsys):
    code, out, err = ran(capsys, "explain")
    assert (code, err) == (0, "")
    assert out == ran(capsys, "example")[1]
    assert "mazur" in out


def test_options_reach_the_document(capsys):
    assert "第 1 步" in ran(capsys, "explain", "mazur", "--language", "zh")[1]
    in_matrices = ran(capsys, "explain", "mazur", "--style", "matrix", "--names", "indices")[1]
    assert re.search(r"dE/dw1 = xᵀ +· dE/dz1", in_matrices)
    with_ones = ran(capsys, "explain", "demofox-4", "--style", "matrix", "--bias", "ones", "--names", "indices")[1]
    assert re.search(r"z1 = \[x 1\] +· \[w1; b1\]", with_ones)
    assert "z_h1" in ran(capsys, "explain", "mazur", "--names", "z/a", "--focus", "z_h1")[1]
    assert "m, kept for w5" in ran(capsys, "explain", "mazur", "--optimizer", "adam", "--rate", "0.1")[1]
    assert "rate=0.25" in ran(capsys, "explain", "creativegp", "--rate", "0.25")[1]
    assert "bias_rate" in ran(capsys, "explain", "creativegp", "--rate", "0.25")[1]
    assert "sample 2" not in ran(capsys, "explain", "demofox-2", "--row", "1")[1]
    assert "GradientDescent(rate=0.25)" in ran(capsys, "explain", "mazur", "--rate", "0.25")[1]
    assert "= 0.3775" in ran(capsys, "explain", "mazur", "--digits", "4", "--steps", "2")[1]


@pytest.mark.parametrize("target", ["price", "kind"])
def test_a_row_of_a_table_is_explained(capsys, folder, target):
    code, out, err = ran(capsys, "explain", folder / f"{target}.model", folder / "table.csv", "--row", 3)
    assert (code, err) == (0, "")
    assert "Backward pass" in out
    several = ran(capsys, "explain", folder / f"{target}.model", folder / "table.csv", "--row", 1, "--row", 2)[1]
    assert "sample 1" in several


@pytest.mark.parametrize(("target", "kind"), [("price", "numbers"), ("kind", "classes")])
def test_a_model_is_explained_with_the_optimiser_that_trained_it(capsys, folder, target, kind):
    def learns_by(model, *options):
        out = ran(capsys, "explain", model, folder / "table.csv", "--row", 3, *options)[1]
        return re.search(r"It learns by (.+?\))\. ", " ".join(out.split())).group(1)

    model = folder / f"{target}.model"
    assert learns_by(model) == str(recipe_of("default", kind).optimizer())
    assert learns_by(model, "--rate", 0.5).startswith("AdamW(rate=0.5, beta1=0.9, beta2=0.95,")
    assert learns_by(model, "--optimizer", "momentum") == "Momentum(rate=0.01, momentum=0.9)"
    loaded = models.load(model)
    models.save(folder / "bare.model", loaded.net, loaded.table)
    assert learns_by(folder / "bare.model").startswith("Adam(rate=0.001")
    models.save(folder / "odd.model", loaded.net, loaded.table, {"optimizer": ["sgd"], "rate": 1, "recipe": {}})
    assert learns_by(folder / "odd.model").startswith("Adam(rate=0.001")
    options = ["--optimizer", "momentum", "--rate", "0.02", "--hidden", "4", "--epochs", "2", "--ensemble", "1"]
    own = folder / "own.model"
    assert run(["train", *map(str, [folder / "table.csv", "--target", target, "--out", own, *options])]) == 0
    assert learns_by(own) == "Momentum(rate=0.02, momentum=0.9)"


def test_a_document_says_that_it_is_of_one_network_of_several(capsys, folder, tmp_path):
    words = ["explain", folder / "kind.model", folder / "table.csv", "--row", 3]
    sentence = "This is network 1 of 5; the prediction is the mean of what all of them say."
    assert sentence in ran(capsys, *words)[1]
    assert sentence in ran(capsys, *words, "--format", "html")[1]
    assert "5 个网络中的第 1 个" in ran(capsys, *words, "--language", "zh")[1]
    loaded = models.load(folder / "kind.model")
    models.save(tmp_path / "one.model", loaded.net, loaded.table)
    assert "network 1 of" not in ran(capsys, "explain", tmp_path / "one.model", *words[2:])[1]


@pytest.mark.parametrize("form", ["text", "md", "latex", "html", "json", "csv"])
def test_every_format_is_printed(capsys, form):
    code, out, err = ran(capsys, "explain", "mazur", "--format", form)
    assert (code, err) == (0, "")
    assert "0.7513650695" in out or "0.75136507" in out
    if form == "json":
        assert json.loads(out)["decimals"] == 9


def test_a_file_is_written_in_the_format_of_its_name(capsys, tmp_path):
    for name, begin in {"a.html": "<!DOCTYPE", "a.tex": "\\documentclass", "a.md": "# A worked", "a.json": "{"}.items():
        assert ran(capsys, "explain", "mazur", "--out", tmp_path / name)[0] == 0
        assert (tmp_path / name).read_text("utf-8").startswith(begin)


def test_the_browser_is_shown_the_page(capsys, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    assert ran(capsys, "explain", "mazur", "--open", "--out", tmp_path / "a.html")[0] == 0
    assert opened == [(tmp_path / "a.html").resolve().as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    code, _, err = ran(capsys, "explain", "mazur", "--open")
    assert code == 2
    assert "no browser could be opened; the page is" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mazzur"], "unknown example 'mazzur': did you mean 'mazur'?"),
        (["none.model"], "none.model"),
        (["mazur", "--focus", "w99"], "unknown element to focus on 'w99'"),
        (["mazur", "--format", "pdf"], "unknown format 'pdf'"),
        (["mazur", "--style", "poem"], "unknown style 'poem'"),
        (["mazur", "--language", "xx"], "unknown language 'xx'"),
        (["mazur", "--out", "a.pdf"], "ends in none of"),
        (["mazur", "--out", "none/a.md"], "there is no folder"),
        (["mazur", "--rate", "-1"], "--rate"),
        (["mazur", "--optimizer", "adm"], "unknown optimizer 'adm'"),
        (["mazur", "--row", "2"], "--row must be from 1 to 1, the samples of mazur, not 2"),
        (["mazur", "--open", "--format", "md"], "--open shows the page, which is html, not md"),
        (["mazur", "--digits", "99"], "digits must be from 1 to 15"),
        (["mazur", "--steps", "0"], "steps"),
    ],
)
def test_what_does_not_fit_is_one_sentence(capsys, arguments, message):
    code, out, err = ran(capsys, "explain", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_rows_that_cannot_be_explained(capsys, folder):
    def refused(*arguments):
        code, _, err = ran(capsys, "explain", folder / "price.model", *arguments)
        assert code == 2
        return err

    assert "give a table and with --row the number of a row" in refused()
    assert "give a table and with --row the number of a row" in refused(folder / "table.csv")
    assert "--row must be from 1 to 80" in refused(folder / "table.csv", "--row", 81)
    assert "row 5" in refused(folder / "table.csv", "--row", 5)
    pl.DataFrame({"size": [1.0], "colour": ["red"]}).write_csv(folder / "without.csv")
    assert "lacks the column 'price'" in refused(folder / "without.csv", "--row", 1)
    pl.DataFrame({"size": [1.0], "colour": ["red"], "price": ["much"]}).write_csv(folder / "words.csv")
    assert "'price' must hold numbers" in refused(folder / "words.csv", "--row", 1)
