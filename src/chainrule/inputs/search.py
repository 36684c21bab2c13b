"""Searching with attacks: other starts, other classes to aim at, and the smallest budget by bisection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import FloatArray
from chainrule.inputs import asking
from chainrule.inputs.asking import IntArray
from chainrule.inputs.attack import Attack, Attempt, Samples
from chainrule.ranges import as_seed, whole

if TYPE_CHECKING:
    from chainrule.network import Network

RIVALS = 9
_DOUBLINGS = 6
"""The smallest budget tried is the whole budget halved so many times; then it is doubled until it is enough."""
_CLOSER = 0.999
"""What another class must be nearer by to be worth a bisection."""

Try = Callable[[Samples, FloatArray], Attempt]


class Search:
    """Attacks on a network from several starts and, where the label is all there is to leave, toward several classes.

    The steepest way from the label need not lead to the nearest class: so with "pgd" each of the `rivals` most
    probable other classes is aimed at too.
    """

    def __init__(
        self, net: Network, *, method: str, targeted: bool, starts: int, rivals: int, seed: int, **settings: Any
    ):
        self._net = net
        self._starts = whole("starts", starts)
        self._random = np.random.default_rng(as_seed(seed))
        self.attack = Attack(net, method=method, targeted=targeted, **settings)
        count = 0 if targeted or method == "fgsm" else whole("rivals", rivals, 0)
        self._rivals = min(count, asking.class_count(net) - 1) if asking.class_count(net) > 2 else 0
        if self._rivals:
            self._aimed = Attack(net, method=method, targeted=True, exact=False, **settings)

    def attempt(self, samples: Samples, budget: FloatArray) -> Attempt:
        """Attempt everything within one budget for each row; only rows without success are tried again."""
        found = self._from_starts(samples, budget)
        for goals in self._goals(samples):
            rows = np.flatnonzero(~found.success)
            if not len(rows):
                break
            part = replace(samples, goals=goals).take(rows)
            _put_successes(found, rows, self._aimed.attempt(part, budget[rows]))
        return found

    def smallest(self, samples: Samples, budget: FloatArray, bisections: int) -> Attempt:
        """Find the smallest budget of each row, by bisection, first away from the label, then toward each rival."""
        found = _doubled(self._from_starts, samples, budget, bisections)
        for goals in self._goals(samples):
            aimed = replace(samples, goals=goals)
            tried = np.where(found.success, _CLOSER * found.distance, budget)
            one = self._aimed.attempt(aimed, tried)
            rows = np.flatnonzero(one.success)
            nearer = one.take(rows)
            _bisect(self._aimed.attempt, aimed.take(rows), nearer, np.zeros(len(rows)), bisections)
            found.put(rows, nearer)
        return found

    def _from_starts(self, samples: Samples, budget: FloatArray) -> Attempt:
        """Attempt from the samples themselves, then from places within the budget drawn at random."""
        found = self.attack.attempt(samples, budget)
        for _ in range(self._starts - 1):
            rows = np.flatnonzero(~found.success)
            if not len(rows):
                break
            part = samples.take(rows)
            start = _somewhere(part, budget[rows], self.attack.norm, self._random)
            _put_successes(found, rows, self.attack.attempt(part, budget[rows], start))
        return found

    def _goals(self, samples: Samples) -> Iterator[IntArray]:
        """Yield the rivals of all rows, the most probable ones first."""
        chances = asking.probabilities(np.array(self._net.predict(samples.origin)))
        chances[np.arange(len(chances)), samples.labels] = -1
        ranked = np.argsort(-chances, axis=1, kind="stable")
        for rank in range(self._rivals):
            yield ranked[:, rank]


def _doubled(attempt: Try, samples: Samples, budget: FloatArray, bisections: int) -> Attempt:
    """Double a small budget until it is enough for a row, at most to the whole; then bisect what lies between."""
    found = attempt(samples, budget / 2**_DOUBLINGS)
    too_little = np.where(found.success, 0, budget / 2**_DOUBLINGS)
    for halvings in range(_DOUBLINGS - 1, -1, -1):
        rows = np.flatnonzero(~found.success)
        if len(rows):
            tried = budget[rows] / 2**halvings
            one = attempt(samples.take(rows), tried)
            found.put(rows, one)
            too_little[rows[~one.success]] = tried[~one.success]
    rows = np.flatnonzero(found.success)
    fooled = found.take(rows)
    _bisect(attempt, samples.take(rows), fooled, too_little[rows], bisections)
    found.put(rows, fooled)
    return found


def _bisect(attempt: Try, samples: Samples, found: Attempt, too_little: FloatArray, bisections: int) -> None:
    """Halve what lies between too little and what is known to be enough, and write what is found into `found`."""
    for _ in range(bisections if len(too_little) else 0):
        tried = (found.distance + too_little) / 2
        one = attempt(samples, tried)
        _put_successes(found, np.arange(len(tried)), one)
        too_little = np.where(one.success, too_little, tried)


def _put_successes(found: Attempt, rows: IntArray, other: Attempt) -> None:
    won = np.flatnonzero(other.success)
    found.put(rows[won], other.take(won))


def _somewhere(samples: Samples, budget: FloatArray, norm: str, random: np.random.Generator) -> FloatArray:
    """Return a place within the budget of each sample and within the bounds, drawn at random."""
    change = random.uniform(-1, 1, samples.origin.shape)
    if norm == "2":
        change = random.standard_normal(samples.origin.shape)
        change *= random.uniform(0, 1, (len(change), 1)) / np.linalg.norm(change, axis=1, keepdims=True)
    moved: FloatArray = np.clip(samples.origin + budget[:, None] * change, samples.low, samples.high)
    return moved
