"""``chainrule train --checkpoint`` and ``--resume``."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule import checkpoints
from chainrule.checkpoints import Checkpoint
from chainrule.errors import InputError
from command_line import done, refused, run, write_iris

TARGET = ("--target", "species")
QUICK = ("--epochs", 8, "--ensemble", 2, "--hidden", 4)


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_iris(tmp_path_factory.mktemp("iris"))


class EndedError(Exception):
    """Ends a training as a kill does."""


def test_a_training_that_was_killed_goes_on_to_the_same_model(iris: Path, tmp_path: Path, monkeypatch) -> None:
    files = ("--out", tmp_path / "m", "--log", tmp_path / "l.csv")
    done("train", iris, *TARGET, *QUICK, *files)
    model, log = (tmp_path / "m").read_bytes(), (tmp_path / "l.csv").read_bytes()
    put, written = Checkpoint.put, []

    def counted(self: Checkpoint, number: int, saved: checkpoints.Saved) -> None:
        put(self, number, saved)
        written.append(number)
        if len(written) >= 5:
            raise EndedError

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "put", counted)
        with pytest.raises(EndedError):
            run("train", iris, *TARGET, *QUICK, *files, "--checkpoint", tmp_path / "c", "--checkpoint-seconds", 0)
    out = done("train", iris, *TARGET, *QUICK, *files, "--resume", tmp_path / "c")
    assert "Trained" in out
    assert ((tmp_path / "m").read_bytes(), (tmp_path / "l.csv").read_bytes()) == (model, log)


def test_what_cannot_go_on_is_refused(iris: Path, tmp_path: Path) -> None:
    kept = ("--checkpoint", tmp_path / "c")
    done("train", iris, *TARGET, *QUICK, *kept)
    goes_on = ("train", iris, *TARGET, *QUICK, "--resume", tmp_path / "c")
    for words, message in (
        (("train", iris, *TARGET, *QUICK, *kept), "c is there already: go on with it (resume), or name another file"),
        ((*goes_on, "--seed", 1), "cannot go on: its seed is 0, now 1"),
        ((*goes_on, "--batch-size", 7), "cannot go on: its batch size is 128, now 7"),
        ((*goes_on, "--hidden", 5), "cannot go on: its sizes are 4-4-3, now 4-5-3"),
        ((*goes_on, "--epochs", 3), "a training of 8 epochs"),
        ((*goes_on, *kept), "give one of them"),
        ((*goes_on, "--folds", 3), "--resume is of one training"),
        ((*goes_on, "--checkpoint-seconds", -1), "--checkpoint-seconds must be a number of at least 0"),
        (("train", iris, *TARGET, "--resume", tmp_path / "none"), "there is no file"),
        (("train", iris, *TARGET, "--checkpoint", iris), "--checkpoint would overwrite the table"),
    ):
        assert message in run(*words).err, message
        assert run(*words).code == 2
    assert "Trained" in done(*goes_on, "--epochs", 9)


def test_a_checkpoint_that_cannot_be_written_is_told_in_a_sentence(iris: Path, tmp_path: Path, monkeypatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise InputError(f"{path} cannot be written: No space left on device")

    monkeypatch.setattr(checkpoints, "replace", full)
    result = run("train", iris, *TARGET, *QUICK, "--checkpoint", tmp_path / "c")
    assert result.code == 0
    lines = result.err.splitlines()
    assert (
        lines[0]
        == f"chainrule: {tmp_path / 'c'} cannot be written: No space left on device; training goes on without it"
    )
    assert len(set(lines)) == 1


def test_what_goes_on_is_told_when_a_training_is_interrupted(iris: Path, tmp_path: Path, monkeypatch) -> None:
    def press(self: Checkpoint, number: int, epoch: int, ended: bool) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "is_due", press)
        result = run("train", iris, *TARGET, *QUICK, "--epochs", 100, "--checkpoint", tmp_path / "c")
    assert result.code == 130
    assert result.err.endswith(f"interrupted: --resume {tmp_path / 'c'} goes on with it\n")


def test_refusals_come_before_anything_is_printed(iris: Path, tmp_path: Path) -> None:
    assert "there is no folder" in refused("train", iris, *TARGET, "--checkpoint", tmp_path / "none" / "c")
