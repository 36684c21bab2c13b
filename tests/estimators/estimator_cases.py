"""Small estimators and tables that several tests share."""

from __future__ import annotations

import datetime

import numpy as np
import polars as pl

import chainrule as cr

ESTIMATORS = {"classes": cr.NetworkClassifier, "numbers": cr.NetworkRegressor}
RECIPES = ("plain", "default")


def small(kind: str = "classes", **changes):
    """Return an estimator that trains in a moment."""
    settings = {"hidden": (8,), "epochs": 5, "rate": 0.02, "batch_size": 16, "ensemble": 1, "random_state": 0}
    return ESTIMATORS[kind](**{**settings, **changes})


def blobs(rows: int = 60, classes: int = 3, seed: int = 0):
    """Return points about as many centres as there are classes, and their class."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(rows) % classes)
    return rng.normal(size=(rows, 2)) * 0.4 + np.array([[0, 0], [3, 0], [0, 3]])[y], y


def line(rows: int = 60, seed: int = 0):
    """Return numbers and a target near a line through them, far from mean 0 and deviation 1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2))
    return x, 500 + 40 * x[:, 0] - 20 * x[:, 1] + rng.normal(size=rows)


def problem(kind: str, rows: int = 60, seed: int = 0):
    """Return rows and targets for one of the two estimators."""
    return blobs(rows, seed=seed) if kind == "classes" else line(rows, seed)


def people(rows: int = 80, seed: int = 0) -> dict[str, list]:
    """Return columns of every kind, each with gaps, by which the last one, the target, is decided."""
    rng = np.random.default_rng(seed)
    town = rng.choice(["Ulm", "Bonn", "Kiel"], rows).tolist()
    age = rng.integers(20, 70, rows).tolist()
    member = rng.integers(0, 2, rows).astype(bool).tolist()
    height = rng.normal(1.7, 0.1, rows).tolist()
    since = [datetime.datetime(2020, 1, 1) + datetime.timedelta(days=int(day)) for day in rng.integers(0, 900, rows)]
    target = [("yes" if (place == "Ulm") != (years > 45) else "no") for place, years in zip(town, age, strict=True)]
    columns = {"town": town, "age": age, "member": member, "height": height, "since": since}
    for place, values in enumerate(columns.values()):
        values[place + 1] = None
    return {**columns, "target": target}


def people_frame(rows: int = 80, seed: int = 0) -> tuple[pl.DataFrame, list[str]]:
    """Return the columns as a polars table, and the target."""
    columns = people(rows, seed)
    target = columns.pop("target")
    return pl.DataFrame(columns), target
