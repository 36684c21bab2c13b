"""The command line, run in this process through `main`; two tests start programs of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import chainrule
from chainrule import Network, examples, models
from command_line import QUICK, Result, refused, run, scores, write_iris


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_iris(tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def model(iris: Path) -> Path:
    path = iris.with_name("iris.safetensors")
    assert run("train", iris, "--target", "species", *QUICK, "--hidden", 8, "--out", path).code == 0
    return path


# check


def test_the_gradients_of_built_in_networks_are_right() -> None:
    result = run("check")
    assert result.code == 0
    for loss in ("half_squared_error", "cross_entropy", "huber", "binary_cross_entropy", "poisson"):
        assert loss in result.out


def test_the_gradients_of_a_model_are_right(model: Path) -> None:
    result = run("check", model)
    assert result.code == 0
    assert "4-8-3" in result.out


def test_the_gradients_of_a_model_with_many_categories_are_right(tmp_path: Path) -> None:
    frame = pl.DataFrame({"c": [f"c{k % 12}" for k in range(200)], "y": [k**1.5 for k in range(200)]})
    frame.write_csv(tmp_path / "t.csv")
    assert run("train", tmp_path / "t.csv", "--target", "y", *QUICK, "--out", tmp_path / "m").code == 0
    assert models.load(tmp_path / "m").table.codes == [13]
    result = run("check", tmp_path / "m")
    assert result.code == 0
    assert "va1" in result.out


def test_a_wrong_gradient_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    right = chainrule.check_gradients

    def wrong_for_huber(net: Network, *data: object, **settings: object) -> object:
        assert settings == {"training": True}  # else neither dropout nor the batch's statistics are checked
        report = right(net, *data, **settings)
        if net.architecture.loss.name == "huber":
            parameters = (replace(report.parameters[0], dual=0.5), *report.parameters[1:])
            return replace(report, parameters=parameters)
        return report

    monkeypatch.setattr(chainrule, "check_gradients", wrong_for_huber)
    result = run("check")
    assert result.code == 1
    assert result.out.count("All derivatives agree") == 4
    assert "WRONG" in result.out


# example


def test_an_example_is_shown_beside_its_publication() -> None:
    result = run("example", "mazur")
    assert result.code == 0
    assert re.search(r"out_h1 +0\.593269992 +0\.593269992 +agrees", result.out)
    assert re.search(r"E after one step +0\.291027924 +0\.2910277737 +erratum \(7th digit\)", result.out)
    assert max(map(len, result.out.splitlines())) <= 80


def test_examples_are_listed() -> None:
    result = run("example")
    assert result.code == 0
    assert re.findall(r"^\S+", result.out, re.MULTILINE) == list(examples.EXAMPLES)


def test_an_unknown_example_names_the_nearest() -> None:
    assert "unknown example 'mazuur': did you mean 'mazur'?" in refused("example", "mazuur")
    result = run("example", "mazur", "--all")
    assert result.code == 2
    assert "not both" in result.err


def test_a_disagreement_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    row = examples.Row("Z", "0.53", 0.54, "", "", examples.Verdict.DISAGREES)
    monkeypatch.setattr(examples, "run", lambda name: [row])
    result = run("example", "mazur")
    assert result.code == 1
    assert "DISAGREES" in result.out


# source


def test_the_source_of_an_example_is_printed_with_its_equations() -> None:
    result = run("source", "mazur", "--optimizer", "gradient_descent")
    assert result.code == 0
    assert result.out.startswith("def train(")
    assert "# w1_0_0 <- w1_0_0 - rate * d_w1_0_0" in result.out


def test_the_source_of_a_model_is_printed(model: Path) -> None:
    assert "def train(" in run("source", model).out


def test_a_source_needs_a_network_and_an_optimiser() -> None:
    assert "there is no file mazu" in refused("source", "mazu")
    assert "unknown optimiser 'adma': did you mean 'adam'" in refused("source", "mazur", "--optimizer", "adma")


# demo and the program as a whole


def test_the_demo_runs_and_leaves_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = run("demo")
    assert result.code == 0
    assert result.err == ""
    (folder,) = tmp_path.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == [
        "breast_cancer.csv",
        "model.safetensors",
        "new_patients.csv",
    ]
    network, baseline = scores(result.out, "accuracy")
    assert network > 90 > 70 > baseline
    for text in ("chainrule train", "chainrule predict", "chainrule example mazur", "P(diagnosis=malignant)"):
        assert text in result.out


def test_version() -> None:
    assert run("--version") == Result(0, f"chainrule {chainrule.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train", "missing argument 'TABLE'"),
        ("train t.csv", "missing option '--target'"),
        ("train t.csv --target y --epochs ten", "'ten'"),
        ("trian", "no such command 'trian'"),
        ("predict m", "missing argument 'TABLE'"),
        ("check --what", "no such option"),
        ("check one two", "two"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(words: str, message: str) -> None:
    assert message in refused(*words.split())


def test_without_words_the_help_is_shown() -> None:
    result = run()
    assert "Commands:" in result.err + result.out
    assert "\nchainrule:" not in result.err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [(KeyboardInterrupt(), 130, ""), (MemoryError(), 2, "chainrule: there is not enough memory")],
)
def test_an_end_from_outside_leaves_no_traceback(
    model: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(models, "load", fail)
    result = run("check", model)
    assert result.code == code
    assert result.err.startswith(message)
    assert "Traceback" not in result.err


@pytest.mark.parametrize("rows", [3, 3000])  # less and more than what Python holds back before it writes
def test_a_closed_pipe_ends_the_program_quietly(iris: Path, model: Path, tmp_path: Path, rows: int) -> None:
    pl.concat([pl.read_csv(iris)] * 20)[:rows].write_csv(tmp_path / "t.csv")
    words = [sys.executable, "-c", "import chainrule.cli as c; c.main()", "predict", model, tmp_path / "t.csv"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=buffered, **pipes) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == ""


def test_help_is_shown_without_the_heavy_libraries() -> None:
    script = "import sys, chainrule.cli.app; print({'polars', 'sklearn', 'scipy', 'rich.console'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
