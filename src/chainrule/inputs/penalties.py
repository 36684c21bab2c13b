"""What a dream pays for besides the cost of its target: roughness, size, and being unlike given samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.data import FloatArray, as_inputs
from chainrule.errors import InputError, shown, unknown
from chainrule.ranges import check_number

STRENGTHS = {"smoothness": 0.002, "size": 0.005, "unlikeness": 0.05}
"""The penalties of a dream with their usual strengths."""
MOST_NUMBERS = 100_000_000
"""In float64 they take 800 MB."""
_BARE = ("smoothness", "size")
_LIKE = ("unlikeness",)
_EVEN = 0.1
"""So much of the covariance is replaced by an equal variance of all inputs: a pixel that is always white has none."""


@dataclass(frozen=True, eq=False)
class Penalty:
    """A term of each row's cost.

    `lines` are the equations that yield `term`, in which ``{i}`` is the index of the inputs and ``{p}`` one of the
    penalty's own; `given` holds the arrays they need, of shape (inputs,) or (inputs, size of p).
    """

    term: str
    lines: Sequence[str]
    strength: float
    given: dict[str, FloatArray] = field(default_factory=dict)


def as_penalties(
    named: Sequence[str] | Mapping[str, float] | None, shape: Sequence[int], like: Any = None
) -> list[Penalty]:
    """Return penalties by their names, or names with strengths; by default those that fit.

    Raises `InputError` for what does not fit.
    """
    inputs = math.prod(shape)
    samples = None if like is None else _usual(as_inputs(like, inputs, np.float64))
    if named is None:
        named = _BARE if samples is None else _LIKE
    if not isinstance(named, Mapping | Sequence) or isinstance(named, str):
        raise InputError(f"penalties must be names such as ['smoothness'], not {shown(named)}")
    for name in named:
        if not isinstance(name, str) or name not in STRENGTHS:
            raise unknown("penalty", name, STRENGTHS)
    if not isinstance(named, Mapping):
        named = {name: STRENGTHS[name] for name in named}
    strengths = {name: check_number(f"the strength of {name}", value, least=0) for name, value in named.items()}
    penalties = []
    for name, strength in strengths.items():
        if not strength:
            continue
        if name == "size":
            penalties.append(Penalty("size[n]", ["size[n] = sum({i}, x[n,{i}]**2)"], strength))
        elif name == "unlikeness":
            if samples is None:
                raise InputError("the penalty 'unlikeness' needs samples: give them as like=")
            penalties.append(_unlikeness(samples, strength))
        elif inputs > 1:  # of one input there is nothing beside it
            penalties.append(_smoothness(shape, strength))
    return penalties


def neighbours(shape: Sequence[int]) -> FloatArray:
    """Return a matrix of shape (inputs, pairs): x times it are the differences of all pairs that lie side by side.

    >>> neighbours((3,))
    array([[-1.,  0.],
           [ 1., -1.],
           [ 0.,  1.]])
    """
    places = np.arange(math.prod(shape)).reshape(shape)
    columns = []
    for axis in range(len(shape)):
        first = np.take(places, range(shape[axis] - 1), axis).ravel()
        second = np.take(places, range(1, shape[axis]), axis).ravel()
        columns.append((first, second))
    first, second = np.concatenate(columns, axis=1)
    matrix = np.zeros((places.size, len(first)))
    matrix[first, np.arange(len(first))], matrix[second, np.arange(len(first))] = -1, 1
    return matrix


def _smoothness(shape: Sequence[int], strength: float) -> Penalty:
    inputs = math.prod(shape)
    pairs = sum(inputs // side * (side - 1) for side in shape)
    if inputs * pairs > MOST_NUMBERS:
        raise InputError(
            f"smoothness of {inputs:,} inputs in shape {tuple(shape)} takes a matrix of {inputs * pairs:,} numbers; "
            f"at most {MOST_NUMBERS:,} are held: leave it out of the penalties"
        )
    lines = [
        "difference[n,{p}] = sum({i}, x[n,{i}] * neighbours[{i},{p}])",
        "roughness[n] = sum({p}, difference[n,{p}]**2)",
    ]
    return Penalty("roughness[n]", lines, strength, {"neighbours": neighbours(shape)})


def _usual(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of samples, and the matrix that makes of their differences from it numbers of spread 1.

    Divided by the root of how many these are, so that the sum of their squares is about 1 for a usual sample.
    """
    if len(samples) < 2 or (samples == samples[0]).all():
        raise InputError("like must hold samples that differ: what is usual cannot be told from one")
    covariance = np.atleast_2d(np.cov(samples.T))
    inputs = len(covariance)
    variances, ways = np.linalg.eigh((1 - _EVEN) * covariance + _EVEN * np.trace(covariance) / inputs * np.eye(inputs))
    return samples.mean(axis=0), ways / np.sqrt(variances * inputs)


def _unlikeness(samples: tuple[FloatArray, FloatArray], strength: float) -> Penalty:
    """Return the squared distance of Mahalanobis from the samples' mean, divided by the number of inputs."""
    lines = [
        "apart[n,{p}] = sum({i}, (x[n,{i}] - usual[{i}]) * unit[{i},{p}])",
        "unlikeness[n] = sum({p}, apart[n,{p}]**2)",
    ]
    return Penalty("unlikeness[n]", lines, strength, dict(zip(("usual", "unit"), samples, strict=True)))
