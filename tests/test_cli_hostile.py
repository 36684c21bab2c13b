"""The command line where something is against it: full disks, closed pipes, odd names, files of other kinds."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from chainrule import models
from chainrule.cli import main
from chainrule.cli.screen import plain


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "t.csv"
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"x": random.random(60), "größe": random.random(60), "y": ["aé", "b☃"] * 30})
    frame.write_csv(path)
    return path


@pytest.fixture(scope="module")
def model(table: Path) -> Path:
    path = table.with_name("m")
    assert call("train", table, "--target", "y", "--epochs", 1, "--out", path) == 0
    return path


def call(*words: object) -> int:
    with pytest.raises(SystemExit) as exit:
        main([str(word) for word in words])
    return int(exit.value.code or 0)


def refusal(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Return the one sentence with which a command line is refused."""
    capsys.readouterr()
    assert call(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"chainrule: .+\n", err)
    return err


def program(*words: object, **settings: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "chainrule", *map(str, words)], check=False, **settings)


# stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_is_said_in_one_sentence(table: Path, model: Path) -> None:
    with open("/dev/full", "wb") as full:
        result = program("predict", model, table, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 2
    assert result.stderr == b"chainrule: the output cannot be written: No space left on device\n"


def test_no_stdout_is_said_in_one_sentence(
    table: Path, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        assert call("predict", model, table) == 2
    assert "there is no standard output" in capsys.readouterr().err


def test_predictions_are_utf_8_and_the_rest_fits_the_terminal(table: Path, model: Path) -> None:
    ascii_only = {"env": {**os.environ, "PYTHONIOENCODING": "ascii"}, "capture_output": True}
    predicted = program("predict", model, table, **ascii_only)
    assert predicted.returncode == 0
    assert predicted.stdout.decode().startswith("y,P(y=aé),P(y=b☃)\n")
    out = table.with_name("ascii")
    trained = program("train", table, "--target", "y", "--epochs", 1, "--out", out, **ascii_only)
    assert trained.returncode == 0
    assert rb"a\xe9, b\u2603" in trained.stdout
    assert out.exists()


def test_the_model_is_saved_before_the_results_are_printed(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("chainrule.cli.report.tell_training", fail)
    out = table.with_name("saved")
    assert call("train", table, "--target", "y", "--epochs", 1, "--out", out) == 1
    assert models.load(out).table is not None


# Names


def test_odd_names_do_nothing_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "two\nlines \x1b[31m" + "long" * 100
    path = tmp_path / "t.csv"
    frame = pl.DataFrame({name: np.arange(40.0) ** 1.5, "y": ["u", "v\x1b"] * 20})
    frame.write_csv(path)
    assert call("train", path, "--target", "y", "--epochs", 1) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"1: two\nlines \x1b[31mlong" in " ".join(out.split())
    assert "long" * 30 not in out
    assert "\x1b" not in refusal(capsys, "train", path, "--target", "what\x1b[31m")


def test_unprintable_signs_are_written_out() -> None:
    assert plain("é☃ \u202e\ud800") == r"é☃ \u202e\ud800"


def test_a_few_texts_among_numbers_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    area = [str(k % 4) for k in range(46)] + ["approx 80"] * 4
    pl.DataFrame({"area": area, "y": [k**1.5 for k in range(50)]}).write_csv(tmp_path / "t.csv")
    assert call("train", tmp_path / "t.csv", "--target", "y", "--epochs", 1) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "area: 46 numbers, 4 texts such as 'approx 80': read as categories" in text


# Destinations


def test_the_log_the_model_and_the_table_are_three_files(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = ("train", table, "--target", "y", "--epochs", 1)
    hard = table.with_name("hard")
    os.link(table, hard)
    before = table.read_bytes()
    assert "--out would overwrite the table" in refusal(capsys, *train, "--out", hard)
    assert "--log would overwrite the table" in refusal(capsys, *train, "--log", hard)
    same = table.with_name("same")
    assert "are the same file" in refusal(capsys, *train, "--log", same, "--out", same.parent / "." / "same")
    assert "there is no folder" in refusal(capsys, "train", "none.csv", "--target", "y", "--log", same / "log")
    assert "is a folder" in refusal(capsys, *train, "--log", table.parent)
    assert table.read_bytes() == before


def test_a_long_seed_is_taken_and_names_no_limit_of_others(table: Path) -> None:
    out = table.with_name("seeded")
    assert call("train", table, "--target", "y", "--epochs", 1, "--seed", 2**63 - 1, "--out", out) == 0
    assert models.load(out).net.seed == 2**63 - 1


# Rows to predict


def test_a_row_of_gaps_is_predicted_and_blank_lines_are_none(
    table: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = table.with_name("gaps.csv")
    new.write_text("\n \nx,größe\n.5,.5\n,\n\n.1,.1\n  \n")
    capsys.readouterr()
    assert call("predict", model, new) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 3


def test_a_prediction_that_is_not_finite_names_its_row(
    table: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = models.load(model)
    outputs = np.full((60, 2), 0.5)
    outputs[6, 1] = np.nan
    monkeypatch.setattr(type(loaded.net), "predict", lambda *_: outputs)
    assert "for row 7 is not a finite number" in refusal(capsys, "predict", model, table)


@pytest.mark.skipif(os.name == "nt", reason="permissions are other ones there")
def test_a_model_has_the_permissions_of_any_new_file(table: Path) -> None:
    out = table.with_name("permitted")
    old = os.umask(0o027)
    try:
        assert call("train", table, "--target", "y", "--epochs", 1, "--out", out) == 0
    finally:
        os.umask(old)
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
