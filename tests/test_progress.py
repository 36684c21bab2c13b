"""The progress bar: on standard error, only where a person watches or asks."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule.progress import Progress

X, T = np.ones((4, 2)), np.ones((4, 1))


def fit(**settings):
    return cr.Network(2, [cr.Dense(1)]).fit(X, T, epochs=3, **settings)


class Terminal:
    """Standard error that says it is a terminal."""

    def __init__(self, stream):
        self.stream = stream

    def isatty(self):
        return True

    def __getattr__(self, name):
        return getattr(self.stream, name)


def test_nothing_is_printed_where_nobody_watches(capfd):
    fit()
    assert capfd.readouterr() == ("", "")


def test_a_bar_when_it_is_asked_for(capfd):
    fit(progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "epochs/s" in err
    assert "cost" in err


def test_a_bar_by_itself_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    fit()
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err


def test_no_bar_on_a_terminal_when_it_is_not_wanted(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    fit(progress=False)
    assert capsys.readouterr() == ("", "")


def test_the_bar_ends_also_where_training_fails(capsys):
    net = cr.Network(2, [cr.Dense(1)], dtype="float32")
    with pytest.raises(cr.errors.TrainingError):
        net.fit(X * 1e10, T, optimizer=cr.GradientDescent(1e30), epochs=50, progress=True)
    fit(progress=True)  # a bar that still lived would make rich refuse a second one
    assert "3/3" in capsys.readouterr().err


def test_a_training_that_stops_early_shows_how_far_it_came(capsys):
    cr.Network(2, [cr.Dense(1)]).fit(X, T, epochs=1000, stop_cost=1e9, progress=True)
    err = capsys.readouterr().err
    assert "1/1000" in err
    assert "1000/1000" not in err


def test_no_bar_costs_nothing_but_a_question():
    with Progress(10, show=False) as bar:
        bar.update(1, 0.5, force=True)


def test_progress_is_a_yes_a_no_or_left_out():
    for odd in ("yes", 3, []):
        with pytest.raises(cr.errors.InputError, match="progress"):
            fit(progress=odd)
