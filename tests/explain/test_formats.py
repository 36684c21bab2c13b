"""The formats of a worked example: complete, well-formed, saved whole."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess

import pytest

import chainrule as cr
from chainrule.errors import InputError
from chainrule.examples import EXAMPLES, network
from chainrule.explain.numbers import Digits

pdflatex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


def mazur(**choice):
    net, x, t = network("mazur", "float64")
    choice = {"optimizer": cr.GradientDescent(0.5), "names": EXAMPLES["mazur"].aliases, **choice}
    return net.explain(x, t, **choice)


def strange():
    """A network whose names mean something to every format."""
    loss = cr.Loss("a_b^c & <i>$%#{}~|\\", "(y - t)**2")
    net = cr.Network(1, [cr.Dense(1, "relu")], loss, dtype="float64")
    return net.explain([[1.0]], [[0.0]], names={"w1[0,0]": "w_<b>&$%#{}~^|\\"}, optimizer="adamw", steps=2)


def set_by_pdflatex(document, folder):
    document.save(folder / "example.tex")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "example.tex"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    log = ran.stdout.decode("utf-8", "replace")
    assert ran.returncode == 0, log[-2000:]
    return log


@pdflatex
@pytest.mark.parametrize("choice", [{}, {"style": "matrix", "bias": "ones"}, {"optimizer": cr.Adam(), "steps": 2}])
def test_the_handout_is_set_without_a_line_too_long(choice, tmp_path):
    log = set_by_pdflatex(mazur(**choice), tmp_path)
    assert (tmp_path / "example.pdf").stat().st_size > 50_000
    assert "Overfull" not in log


@pdflatex
def test_names_that_mean_something_to_latex_are_only_names(tmp_path):
    set_by_pdflatex(strange(), tmp_path)


@pdflatex
def test_every_kind_of_layer_and_loss_is_set(tmp_path):
    layers = [
        cr.Dense(3, "elu"),
        cr.BatchNorm("gelu"),
        cr.Dropout(0.5),
        cr.Residual([cr.Dense(3, "selu")]),
        cr.Dense(2),
    ]
    net = cr.Network(2, layers, "huber", penalties=[cr.L1(0.1)], dtype="float64")
    document = net.explain([[1, 2], [3, 5]], [[0, 1], [1, 0]], training=True, digits=4, optimizer=cr.Adam(clip_norm=1))
    set_by_pdflatex(document, tmp_path)


def test_latex_is_balanced():
    for document in (mazur(), strange(), mazur(style="matrix")):
        source = document.latex()
        plain = re.sub(r"\\[\\{}]", "", source)
        assert plain.count("{") == plain.count("}")
        assert source.count(r"\begin{") == source.count(r"\end{")
        assert len(re.findall(r"\\left(?![a-z])", source)) == len(re.findall(r"\\right(?![a-z])", source))


def test_json_has_each_step_with_what_it_uses():
    document = mazur()
    data = json.loads(document.json())
    assert data["schema"] == "chainrule/explanation/1"
    steps = [step for section in data["sections"] for step in section["steps"]]
    assert [step["key"] for step in steps] == [step.key for step in document.steps]
    known = {step["key"] for step in steps}
    assert all(set(step["uses"]) <= known for step in steps)
    delta = next(step for step in steps if step["key"] == "d_z2[0,0]")
    assert delta["name"] == "dE/dnet_o1"
    assert delta["value"] == pytest.approx(0.138498562, abs=5e-10)
    assert delta["finite_difference"] == pytest.approx(delta["value"], abs=1e-9)
    assert [line["kind"] for line in delta["lines"]] == ["chain", "formula", "numbers", "partial", "partial", "result"]
    assert json.loads(mazur(style="matrix").json())


def test_numbers_that_are_not_finite_are_no_accident_of_json():
    net = cr.Network(1, [cr.Dense(1)], dtype="float64")
    net.set_parameters({"w1": [[1e300]]})
    document = net.explain([[1e300]], [[0.0]])
    assert "Infinity" not in document.json().replace('"inf"', "")
    json.loads(document.json())
    for form in ("text", "md", "latex", "html", "csv"):
        assert document.render(form)


def test_csv_has_a_row_for_each_number():
    rows = list(csv.DictReader(io.StringIO(mazur().csv())))
    assert len(rows) == 34
    by_name = {row["name"]: row for row in rows}
    assert float(by_name["d_w2[0,0]"]["value"]) == pytest.approx(0.082167041, abs=5e-10)
    assert float(by_name["d_w2[0,0]"]["finite_difference"]) == pytest.approx(0.082167041, abs=5e-10)
    matrices = list(csv.DictReader(io.StringIO(mazur(style="matrix").csv())))
    assert {row["name"] for row in matrices} >= {"z1[0,1]", "E", "new w1[1,1]"}


def test_markdown_has_a_heading_for_each_step_and_formulas_between_dollars():
    text = mazur().markdown()
    assert text.count("\n### ") == 34
    assert text.count("$$") % 2 == 0
    assert r"\frac{\partial E}{\partial w_{5}}" in text
    assert "<b>" not in strange().markdown().replace(r"\<b\>", "")


def test_text_fits_its_width():
    for width in (60, 100):
        assert max(map(len, mazur().text(width).splitlines())) <= width


@pytest.mark.parametrize("ending", [".txt", ".md", ".tex", ".html", ".json", ".csv"])
def test_the_name_of_a_file_chooses_the_format(ending, tmp_path):
    path = tmp_path / f"example{ending}"
    document = mazur()
    document.save(path)
    forms = {".txt": "text", ".md": "md", ".tex": "latex", ".html": "html", ".json": "json", ".csv": "csv"}
    assert path.read_text("utf-8") == document.render(forms[ending])
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(InputError, match="ends in none of"):
        mazur().save(tmp_path / "example.pdf")
    with pytest.raises(InputError, match="there is no folder"):
        mazur().save(tmp_path / "none" / "example.md")
    with pytest.raises(InputError, match="unknown format 'docx'"):
        mazur().save(tmp_path / "example.md", "docx")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (-0.5, "-0.5"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333"),
        (0.00043856773, "0.000438568"),
        (0.000043856773, "0.0000438568"),
        (1e-7, "1e-07"),
        (1234.5, "1234.5"),
        (-1.5e12, "-1.5e+12"),
        (float("inf"), "∞"),
        (float("-inf"), "-∞"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_are_printed_as_in_a_book(value, text):
    assert Digits(9)(value) == text


@pdflatex
def test_any_name_and_any_number_is_set(tmp_path):
    net = cr.Network(1, [cr.Dense(1, "sigmoid")], dtype="float64")
    net.set_parameters({"w1": [[1e308]]})
    names = {"w1[0,0]": "δσ1θ", "b1[0]": "Δw₁ ≤ ∞ x̂", "z1[n,0]": "水 🙂 שלום", "y[n,0]": "ŷ_½"}
    for x in (1e300, 0.5):
        set_by_pdflatex(net.explain([[x]], [[0.0]], names=names, steps=2), tmp_path)


def test_names_that_cannot_be_printed_are_refused():
    net = cr.Network(1, [cr.Dense(1)], dtype="float64")
    for name in ("a\nb", "\ud800", "a\x00"):
        with pytest.raises(InputError, match="printable"):
            net.explain([[1.0]], [[0.0]], names={"w1[0,0]": name})


def test_updates_that_nobody_reads_are_refused():
    net = cr.Network(1, [cr.Dense(1)], dtype="float64")
    with pytest.raises(InputError, match="steps"):
        net.explain([[1.0]], [[0.0]], steps=101)
