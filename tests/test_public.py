"""What `import chainrule` offers: every name exported, documented, and nothing else."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr
from chainrule import losses, optimizers

SOURCE = Path(cr.__file__).parent


def test_exported_members_exist_and_stand_once():
    assert len(set(cr.__all__)) == len(cr.__all__)
    for name in cr.__all__:
        assert getattr(cr, name, None) is not None, name


def test_nothing_public_is_left_out():
    public = {
        name
        for name, value in vars(cr).items()
        if not name.startswith("_") and not (inspect.ismodule(value) and name != "errors")
    }
    when_asked_for = {"check_gradients", "diagnose", "exercise", "fit_many", "inputs", "load", "methods", "pitfalls"}
    when_asked_for |= {"NetworkClassifier", "NetworkRegressor", "LossCurveDisplay", "GradientNormDisplay"}
    assert public | when_asked_for == set(cr.__all__) - {"__version__"}


def test_the_surface_of_the_issue_is_there():
    wanted = {"Network", "Dense", "Dropout", "LayerNorm", "BatchNorm", "Residual", "Layer", "Activation", "Loss"}
    wanted |= {"L1", "L2", "Init", "check_gradients", "History"}
    wanted |= {"GradientDescent", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam", "AdamW"}
    wanted |= {"Constant", "Step", "Exponential", "InverseScaling", "Cosine", "OneCycle", "WarmUp"}
    assert wanted <= set(cr.__all__)
    for name in ("predict", "loss", "gradients", "fit", "parameters", "set_parameters"):
        assert hasattr(cr.Network(1, [cr.Dense(1)]), name)


@pytest.mark.parametrize("name", [name for name in cr.__all__ if name != "__version__"])
def test_every_public_name_is_documented_and_shows_itself(name):
    value = getattr(cr, name)
    assert inspect.getdoc(value)
    assert name in repr(value) or name == "errors"


@pytest.mark.parametrize("kind", [*optimizers.OPTIMIZERS.values(), *losses.PENALTIES.values()])
def test_every_optimiser_and_penalty_is_exported(kind):
    assert getattr(cr, kind.__name__) is kind


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_importing_it_brings_no_table_terminal_or_compiler_library():
    """What only some commands need is imported by them, so that the import stays quick."""
    heavy = ("polars", "sklearn", "rich", "typer", "torch", "numba", "scipy", "matplotlib", "pandas")
    code = f"import sys, chainrule; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_a_release():
    assert all(part.isdigit() for part in cr.__version__.split("."))
