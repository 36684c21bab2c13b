"""Searching with attacks: other starts, other classes to aim at, and the smallest budget by bisection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import FloatArray
from chainrule.errors import InputError
from chainrule.inputs import asking
from chainrule.inputs.asking import IntArray
from chainrule.inputs.attack import Attack, Attempt, Samples
from chainrule.ranges import as_seed, whole

if TYPE_CHECKING:
    from chainrule.network import Network

RIVALS = 9
MOST_BUDGET = 1e30
"""Budgets are below it: float32 ends at 3e38, and squares must not overflow."""
_DOUBLINGS = 6
"""The first budget tried is the whole budget halved so many times, and while that is enough again so many times."""
_FINEST = 1e-6
"""No interval is bisected further, relative to what is enough: beyond, float32 would decide by its last bits."""
_INSIDE = 1 - 1e-12
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
        self.attack = Attack(net, method=method, targeted=targeted, **settings)
        self._starts, rivals = whole("starts", starts), whole("rivals", rivals, 0)
        if method == "fgsm" and (self._starts > 1 or rivals not in (0, RIVALS)):
            raise InputError("fgsm takes one step from the sample itself: starts and rivals are for pgd")
        self._random = np.random.default_rng(as_seed(seed))
        count = 0 if targeted or method == "fgsm" else rivals
        self._rivals = min(count, asking.class_count(net) - 1) if asking.class_count(net) > 2 else 0
        if self._rivals:
            self._aimed = Attack(net, method=method, targeted=True, exact=False, **settings)

    def attempt(self, samples: Samples, budget: FloatArray) -> Attempt:
        """Attempt everything within one budget for each row; only rows without success are tried again."""
        budget = np.minimum(budget, self._reach(samples))
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
        budget = np.minimum(budget, self._reach(samples))
        found = _doubled(self._from_starts, samples, budget, bisections)
        for goals in self._goals(samples):
            aimed = replace(samples, goals=goals)
            tried = np.where(found.success, _CLOSER * found.distance, budget)
            one = self._aimed.attempt(aimed, tried)
            rows = np.flatnonzero(one.success)
            nearer = one.take(rows)
            _bisect(self._aimed.attempt, aimed.take(rows), nearer, np.zeros(len(rows)), tried[rows], bisections)
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

    def _reach(self, samples: Samples) -> FloatArray:
        """Return how far the farthest place within the bounds of each sample is: a larger budget is of no use."""
        sides = np.maximum(samples.high - samples.origin, samples.origin - samples.low)
        with np.errstate(over="ignore"):
            return np.asarray(sides.max(axis=1) if self.attack.norm == "inf" else np.sqrt((sides**2).sum(axis=1)))

    def _goals(self, samples: Samples) -> Iterator[IntArray]:
        """Yield the rivals of all rows, the most probable ones first."""
        chances = asking.probabilities(np.array(self._net.predict(samples.origin)))
        chances[np.arange(len(chances)), samples.labels] = -1
        ranked = np.argsort(-chances, axis=1, kind="stable")
        for rank in range(self._rivals):
            yield ranked[:, rank]


def _doubled(attempt: Try, samples: Samples, budget: FloatArray, bisections: int) -> Attempt:
    """Double a small budget until it is enough for a row, at most to the whole; then bisect what lies between."""
    enough = budget / 2**_DOUBLINGS
    found = attempt(samples, enough)
    rows = np.flatnonzero(found.success)
    while len(rows):  # even that little is more than enough
        tried = enough[rows] / 2**_DOUBLINGS
        one = attempt(samples.take(rows), tried)
        _put_nearer(found, rows, one)
        rows = rows[one.success & (tried > 0)]
        enough[rows] /= 2**_DOUBLINGS
    known = found.success.copy()
    enough = np.where(known, enough, budget)
    too_little, pending = enough / 2**_DOUBLINGS, np.ones(len(budget), np.bool_)
    for halvings in range(_DOUBLINGS - 1, -1, -1):
        rows = np.flatnonzero(pending if halvings else pending & ~known)
        if len(rows):
            tried = enough[rows] / 2**halvings
            one = attempt(samples.take(rows), tried)
            _put_nearer(found, rows, one)
            too_little[rows[~one.success]] = tried[~one.success]
            won = rows[one.success]
            enough[won], pending[won] = tried[one.success], False
    rows = np.flatnonzero(found.success)
    fooled = found.take(rows)
    _bisect(attempt, samples.take(rows), fooled, too_little[rows], enough[rows], bisections)
    found.put(rows, fooled)
    return found


def _bisect(
    attempt: Try, samples: Samples, found: Attempt, too_little: FloatArray, enough: FloatArray, bisections: int
) -> None:
    """Halve what lies between a budget that is too little and one that is enough; what is nearer goes into `found`.

    Only budgets: a row may be nearer than its budget, held by bounds, but with that distance as budget it may end
    elsewhere.
    """
    for _ in range(bisections):
        rows = np.flatnonzero(enough - too_little > _FINEST * enough)
        if not len(rows):
            break
        tried = (enough[rows] + too_little[rows]) / 2
        one = attempt(samples.take(rows), tried)
        _put_nearer(found, rows, one)
        enough[rows[one.success]] = tried[one.success]
        too_little[rows[~one.success]] = tried[~one.success]


def _put_nearer(found: Attempt, rows: IntArray, other: Attempt) -> None:
    """Write what became of the samples `rows` where it is a success that is nearer, or where there was none yet."""
    nearer = ~found.success[rows] | (other.success & (other.distance < found.distance[rows]))
    found.put(rows[nearer], other.take(np.flatnonzero(nearer)))


def _put_successes(found: Attempt, rows: IntArray, other: Attempt) -> None:
    won = np.flatnonzero(other.success)
    found.put(rows[won], other.take(won))


def _somewhere(samples: Samples, budget: FloatArray, norm: str, random: np.random.Generator) -> FloatArray:
    """Return a place within the budget of each sample and within the bounds, drawn at random."""
    change = random.uniform(-1, 1, samples.origin.shape)
    if norm == "2":
        change = random.standard_normal(samples.origin.shape)
        change *= random.uniform(0, 1, (len(change), 1)) / np.linalg.norm(change, axis=1, keepdims=True)
    moved: FloatArray = np.clip(samples.origin + _INSIDE * budget[:, None] * change, samples.low, samples.high)
    return moved
