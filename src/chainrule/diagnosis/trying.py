"""Trying slips, alone and in pairs: the equations are changed and computed again, and the results compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from chainrule.diagnosis.calculation import Array, Calculation, significant
from chainrule.diagnosis.matching import MARGIN, Mask, Numbers, enough, log2_choices
from chainrule.diagnosis.patterns import Context
from chainrule.diagnosis.running import Runner
from chainrule.diagnosis.slips import SLIPS, Slip

MOST_PAIRS = 4_000
"""So many pairs are tried, those that explain the first wrong numbers before others."""
MOST_WORK = 400_000_000
"""Fewer where the network is large: so many elements may be computed."""

_RANKS = {slip.key: rank for rank, slip in enumerate(SLIPS.values())}
_DISTINCT = 10  # significant digits in which predictions of one slip must differ to count as two


@dataclass(frozen=True)
class Hypothesis:
    """A slip, or two together, at one place, and the numbers that it gives."""

    slips: tuple[Slip, ...]
    calculation: Calculation
    predicted: Array
    matched: Mask

    @property
    def freedom(self) -> float:
        """How many bits of the match were spent on finding a value."""
        return self.calculation.freedom

    @property
    def rank(self) -> tuple[int, ...]:
        """The place in the order of plausibility: one slip before two, the more common before others."""
        return (len(self.slips), *sorted((_RANKS[slip.key] for slip in self.slips), reverse=True))


@dataclass
class Found:
    """What was found: hypotheses that explain the numbers, those with the same numbers together."""

    groups: list[list[Hypothesis]] = field(default_factory=list)
    tried: int = 0
    by_chance: int = 0
    """Hypotheses that match, but no better than chance would."""
    complete: bool = True
    """Whether all of the given numbers are explained."""


class Search:
    """Tries all slips on one right calculation."""

    def __init__(self, runner: Runner, context: Context, right: Calculation, numbers: Numbers):
        self.runner, self.context, self.right, self.numbers = runner, context, right, numbers

    def run(self) -> Found:
        """Try single slips, then pairs, then the last resorts, then what explains most of the numbers."""
        with np.errstate(all="ignore"):  # a wrong equation may well give infinities
            return self._run()

    def _run(self) -> Found:
        wrong = self.numbers.wrong
        if not np.isfinite(self.numbers.values[wrong]).any():
            return Found()  # much gives a NaN
        singles = self._distinct(self._singles(last=False))
        found = self._explaining(singles, singles)
        if found.groups:
            return found
        pairs = self._distinct(islice(self._pairs(singles), self._most_pairs()))
        in_pairs = self._explaining(pairs, [*singles, *pairs])
        if in_pairs.groups:
            return in_pairs
        resorts = self._distinct(self._singles(last=True))
        at_last = self._explaining(resorts, [*singles, *pairs, *resorts])
        if at_last.groups:
            return at_last
        in_part = self._in_part(singles, [*singles, *pairs])
        in_part.by_chance = found.by_chance + in_pairs.by_chance
        return in_part

    def _singles(self, last: bool) -> Iterator[Hypothesis]:
        for slip in SLIPS.values():
            for calculation in slip.changes(self.right, self.context) if slip.last == last else ():
                yield self._tried((slip,), calculation)

    def _tried(self, slips: tuple[Slip, ...], calculation: Calculation) -> Hypothesis:
        predicted = self.numbers.pick(self.runner.run(calculation))
        matched = self.numbers.matches(predicted)
        if any(slip.near for slip in slips):
            near = np.abs(self.numbers.values - predicted)
            matched = near <= self.numbers.tolerance + self.numbers.single_rounding
        return Hypothesis(slips, calculation, predicted, matched)

    def _distinct(self, hypotheses: Iterator[Hypothesis]) -> list[Hypothesis]:
        """Return the hypotheses that change a given number, one for each slip and each set of numbers.

        They must be finite where the given numbers are.
        """
        finite = np.isfinite(self.numbers.values)
        found: dict[tuple[object, ...], Hypothesis] = {}
        for hypothesis in hypotheses:
            predicted = hypothesis.predicted
            if np.isfinite(predicted[finite]).all() and self.numbers.differs(predicted).any():
                keys = tuple(slip.key for slip in hypothesis.slips)
                found.setdefault((keys, significant(predicted, _DISTINCT).tobytes()), hypothesis)
        return list(found.values())

    def _pairs(self, singles: Sequence[Hypothesis]) -> Iterator[Hypothesis]:
        for first, second in self._promising(singles):
            for calculation in second.changes(first.calculation, self.context):
                yield self._tried((*first.slips, second), calculation)

    def _promising(self, singles: Sequence[Hypothesis]) -> list[tuple[Hypothesis, Slip]]:
        """Return what to try together: each leaves right numbers alone, and between them they touch all wrong ones."""
        numbers = self.numbers
        fair = [one for one in singles if not self._spoils(one)]
        touched = [numbers.differs(one.predicted) for one in fair]
        starts = [bool(one.matched[numbers.first_wrong].all()) for one in fair]
        pairs: dict[tuple[int, str], tuple[bool, int]] = {}
        for i, one in enumerate(fair):
            for j, other in enumerate(fair):
                mine, its = one.slips[0].key, other.slips[0].key
                alone = one.slips[0].alone or other.slips[0].alone
                covered = not (numbers.wrong & ~touched[i] & ~touched[j]).any()
                if covered and _RANKS[mine] < _RANKS[its] and not alone:
                    order = (not (starts[i] or starts[j]), _RANKS[mine] + _RANKS[its])
                    pairs[i, its] = min(order, pairs.get((i, its), order))
        return [(fair[i], SLIPS[key]) for (i, key), _ in sorted(pairs.items(), key=lambda item: item[1])]

    def _most_pairs(self) -> int:
        arrays = self.runner.run(self.right).values()
        return min(MOST_PAIRS, MOST_WORK // sum(array.size for array in arrays))

    def _explaining(self, hypotheses: Sequence[Hypothesis], tried: Sequence[Hypothesis]) -> Found:
        """Return those that give every number, if that is worth more than chance."""
        complete = [hypothesis for hypothesis in hypotheses if hypothesis.matched.all()]
        rivals = self._rivals(tried) if complete else 0
        good = [one for one in complete if enough(self._bits(one), rivals)]
        return Found(self._grouped(good), len(tried), len(complete) - len(good))

    def _rivals(self, tried: Sequence[Hypothesis]) -> int:
        """Return how many different sets of numbers might have matched: those that spoil no number that is right."""
        wrong = self.numbers.wrong
        fair = [one.predicted[wrong] for one in tried if not self._spoils(one)]
        return len({significant(predicted, _DISTINCT).tobytes() for predicted in fair})

    def _spoils(self, hypothesis: Hypothesis) -> bool:
        return bool((~hypothesis.matched & ~self.numbers.wrong).any())

    def _bits(self, hypothesis: Hypothesis) -> float:
        if hypothesis.slips[-1].near:
            return self.numbers.bits_of_closeness(hypothesis.matched)
        return self.numbers.bits(hypothesis.matched) - hypothesis.freedom

    def _in_part(self, singles: Sequence[Hypothesis], tried: Sequence[Hypothesis]) -> Found:
        """Return the slip that explains most of the wrong numbers, if it is at least half of them."""
        total, rivals = int(self.numbers.wrong.sum()), self._rivals(tried)
        good = []
        for one in singles:
            count = int((one.matched & self.numbers.wrong).sum())
            worth = self._bits(one) - log2_choices(total, count)
            if not self._spoils(one) and total <= 2 * count and enough(worth, rivals, MARGIN + 2):
                good.append((count, one))
        most = max((count for count, _ in good), default=0)
        best = [one for count, one in good if count == most]
        return Found(self._grouped(best), len(tried), complete=False)

    def _grouped(self, hypotheses: Sequence[Hypothesis]) -> list[list[Hypothesis]]:
        """Put together what gives the same numbers; the most plausible first, among groups and in each."""
        groups: list[list[Hypothesis]] = []
        for hypothesis in sorted(hypotheses, key=lambda one: one.rank):
            for group in groups:
                if self.numbers.same(hypothesis.predicted, group[0].predicted).all():
                    if all(hypothesis.slips != other.slips for other in group):
                        group.append(hypothesis)
                    break
            else:
                groups.append([hypothesis])
        return groups
