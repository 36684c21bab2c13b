"""``chainrule demo``: the other commands, one after the other, on a real table."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.cli.example import example
from chainrule.cli.predict import predict
from chainrule.cli.screen import console
from chainrule.cli.train import train

if TYPE_CHECKING:
    import polars as pl

TARGET = "diagnosis"
PATIENTS = 5


def demo() -> None:
    """See train, predict and example at work."""
    folder = Path(tempfile.mkdtemp(prefix="chainrule-demo-"))
    table, new, model = folder / "breast_cancer.csv", folder / "new_patients.csv", folder / "model.safetensors"
    frame = _breast_cancer()
    frame[PATIENTS:].write_csv(table)
    frame[:PATIENTS].drop(TARGET).write_csv(new)

    console().print(f"Measurements of real breast tumours are now in {folder}", soft_wrap=True)
    _stage("train", table, "--target", TARGET, "--out", model)
    train(table, TARGET, out=model)
    _stage("predict", model, new)
    predict(model, new)
    truth = ", ".join(frame[TARGET][:PATIENTS])
    console().print(f"The truth about these {PATIENTS}, whom the network has never seen: {truth}.")
    _stage("example", "mazur")
    example("mazur")


def _breast_cancer() -> pl.DataFrame:
    """Return the table that scikit-learn has, its rows in an order where the first ones are mixed."""
    import polars as pl
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    frame = pl.DataFrame(data.data, schema=[str(name) for name in data.feature_names])
    return frame.with_columns(pl.Series(TARGET, data.target_names[data.target])).sample(
        fraction=1, shuffle=True, seed=0
    )


def _stage(*command: object) -> None:
    """Print a command as one would type it."""
    console().print("\n$ chainrule " + " ".join(map(str, command)), style="bold", soft_wrap=True)
