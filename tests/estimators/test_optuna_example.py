"""The example that searches with Optuna: it runs, and says what it needs where that is missing."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "optuna_search.py"


def test_without_optuna_a_sentence(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "optuna", None)
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert capsys.readouterr().out == "This example needs Optuna: pip install optuna\n"


def test_it_searches(capsys):
    pytest.importorskip("optuna")
    study = runpy.run_path(str(EXAMPLE))["search"](2)
    assert len(study.trials) == 2
    assert "accuracy on rows that no trial has seen: 0.9" in capsys.readouterr().out
