"""Answers for tests: of classes and of numbers, drawn at random, with weights or without."""

from __future__ import annotations

import numpy as np

from chainrule.reporting.answers import Answers, constant_of
from chainrule.tables import Classes, Quantity


def of_classes(rows: int = 200, classes: int = 3, seed: int = 0, weighted: bool = False) -> Answers:
    random = np.random.default_rng(seed)
    actual = random.integers(0, classes, rows)
    outputs = random.dirichlet(np.ones(classes), rows)
    outputs[np.arange(rows), actual] += 0.7
    outputs /= outputs.sum(axis=1, keepdims=True)
    weights = random.uniform(0.1, 3, rows) if weighted else None
    target = Classes("y", [f"class {k}" for k in range(classes)])
    return Answers(target, actual, outputs, constant_of(actual, classes, weights), weights)


def of_numbers(rows: int = 200, seed: int = 0, weighted: bool = False) -> Answers:
    random = np.random.default_rng(seed)
    actual = random.normal(100, 5, rows)
    weights = random.uniform(0.1, 3, rows) if weighted else None
    return Answers(
        Quantity("y"), actual, actual + random.normal(0, 2, rows), constant_of(actual, None, weights), weights
    )
