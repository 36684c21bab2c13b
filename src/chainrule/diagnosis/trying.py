"""Trying slips, alone and in pairs: the equations are changed and computed again, and the results compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

import numpy as np
import numpy.typing as npt

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
_LEAST_WORK = 100  # to compute an array takes as long as so many elements at least
_DISTINCT = 10  # significant digits in which predictions of one slip must differ to count as two

Mask8 = npt.NDArray[np.uint8]
"""A mask with eight elements in a byte."""


@dataclass(frozen=True)
class Hypothesis:
    """A slip, or two together, at one place, and what it does to the numbers.

    There are thousands, so that the numbers that it gives are not kept but computed again where they are needed.
    """

    slips: tuple[Slip, ...]
    calculation: Calculation
    gives: bytes
    """Tells apart what different hypotheses give for the numbers."""
    gives_for_wrong: bytes
    """The same for the wrong ones alone."""
    packed: tuple[Mask8, Mask8]
    count: int

    @property
    def matched(self) -> Mask:
        """Which numbers it explains."""
        return self._unpacked(0)

    @property
    def touched(self) -> Mask:
        """Which numbers it makes differ from the right ones."""
        return self._unpacked(1)

    def _unpacked(self, which: int) -> Mask:
        return np.unpackbits(self.packed[which], count=self.count).astype(bool)

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
        self._finite = np.isfinite(numbers.values)

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
                yield from self._tried((slip,), calculation)

    def _predicted(self, calculation: Calculation) -> Array:
        return self.numbers.pick(self.runner.run(calculation))

    def _tried(self, slips: tuple[Slip, ...], calculation: Calculation) -> Iterator[Hypothesis]:
        """Yield a hypothesis that changes a given number and is finite where the given ones are."""
        try:
            predicted = self._predicted(calculation)
        except (ValueError, IndexError):
            return  # slips that do not fit together, such as a sum over an index of another
        touched = self.numbers.differs(predicted)
        if not (np.isfinite(predicted[self._finite]).all() and touched.any()):
            return
        matched = self.numbers.matches(predicted)
        if any(slip.near for slip in slips):
            near = np.abs(self.numbers.values - predicted)
            matched = near <= self.numbers.tolerance + self.numbers.single_rounding
        rounded = significant(predicted, _DISTINCT)
        yield Hypothesis(
            slips,
            calculation,
            _digest(rounded),
            _digest(rounded[self.numbers.wrong]),
            (np.packbits(matched), np.packbits(touched)),
            len(predicted),
        )

    def _distinct(self, hypotheses: Iterator[Hypothesis]) -> list[Hypothesis]:
        """Return one hypothesis for each slip and each set of numbers."""
        found: dict[tuple[object, ...], Hypothesis] = {}
        for hypothesis in hypotheses:
            keys = tuple(slip.key for slip in hypothesis.slips)
            found.setdefault((keys, hypothesis.gives), hypothesis)
        return list(found.values())

    def _pairs(self, singles: Sequence[Hypothesis]) -> Iterator[Hypothesis]:
        for first, second in self._promising(singles):
            for calculation in second.changes(first.calculation, self.context):
                yield from self._tried((*first.slips, second), calculation)

    def _promising(self, singles: Sequence[Hypothesis]) -> list[tuple[Hypothesis, Slip]]:
        """Return what to try together: each leaves right numbers alone, and between them they touch all wrong ones."""
        numbers = self.numbers
        fair = [one for one in singles if not self._spoils(one)]
        # Of what spoils no right number, only the wrong ones are looked at.
        touched = [one.touched[numbers.wrong] for one in fair]
        starts = [bool(one.matched[numbers.first_wrong].all()) for one in fair]
        pairs: dict[tuple[int, str], tuple[bool, int]] = {}
        for i, one in enumerate(fair):
            for j, other in enumerate(fair):
                mine, its = one.slips[0].key, other.slips[0].key
                alone = one.slips[0].alone or other.slips[0].alone
                covered = bool((touched[i] | touched[j]).all())
                if covered and _RANKS[mine] < _RANKS[its] and not alone:
                    order = (not (starts[i] or starts[j]), _RANKS[mine] + _RANKS[its])
                    pairs[i, its] = min(order, pairs.get((i, its), order))
        return [(fair[i], SLIPS[key]) for (i, key), _ in sorted(pairs.items(), key=lambda item: item[1])]

    def _most_pairs(self) -> int:
        arrays = self.runner.run(self.right).values()
        work = self.runner.steps * sum(max(array.size, _LEAST_WORK) for array in arrays)
        return min(MOST_PAIRS, MOST_WORK // work)

    def _explaining(self, hypotheses: Sequence[Hypothesis], tried: Sequence[Hypothesis]) -> Found:
        """Return those that give every number, if that is worth more than chance."""
        complete = [hypothesis for hypothesis in hypotheses if hypothesis.matched.all()]
        rivals = self._rivals(tried) if complete else 0
        good = [one for one in complete if enough(self._bits(one), rivals)]
        return Found(self._grouped(good), len(tried), len(complete) - len(good))

    def _rivals(self, tried: Sequence[Hypothesis]) -> int:
        """Return how many different sets of numbers might have matched: those that spoil no number that is right."""
        return len({one.gives_for_wrong for one in tried if not self._spoils(one)})

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
        given: list[Array] = []  # by the first of each group
        for hypothesis in sorted(hypotheses, key=lambda one: one.rank):
            predicted = self._predicted(hypothesis.calculation)
            for first, group in zip(given, groups, strict=True):
                if self.numbers.same(predicted, first).all():
                    if all(hypothesis.slips != other.slips for other in group):
                        group.append(hypothesis)
                    break
            else:
                groups.append([hypothesis])
                given.append(predicted)
        return groups


def _digest(array: Array) -> bytes:
    return blake2b((array + 0.0).tobytes(), digest_size=16).digest()
