"""What a known slip is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chainrule.diagnosis.calculation import Calculation
from chainrule.diagnosis.patterns import Context

Changes = Callable[[Calculation, Context], Iterator[Calculation]]


@dataclass(frozen=True)
class Slip:
    """One known slip.

    `changes` yields the calculation as it is with the slip: once for each way and each place in which it can be
    made, and nothing where its pattern does not occur. `title` and `reason` are messages of the language
    catalogues.
    """

    key: str
    title: str
    reason: str
    changes: Changes
