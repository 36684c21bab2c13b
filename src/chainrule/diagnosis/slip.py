"""What a known slip is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.diagnosis.calculation import Calculation
from chainrule.diagnosis.patterns import Context

if TYPE_CHECKING:
    from chainrule.language import Catalogue

Changes = Callable[[Calculation, Context], Iterator[Calculation]]


@dataclass(frozen=True)
class Slip:
    """One known slip.

    `changes` yields the calculation as it is with the slip: once for each way and each place in which it can be
    made, and nothing where its pattern does not occur. `title` and `reason` are messages of the language
    catalogues; a title may have a place for the value that the calculation has found.

    What is `alone` is not tried together with others. The `last` are tried where no others explain the numbers. What
    is `near` is told by numbers as near to the right ones as float32 is.
    """

    key: str
    title: str
    reason: str
    changes: Changes
    alone: bool = False
    last: bool = False
    near: bool = False

    def said(self, text: Catalogue, value: str = "...") -> str:
        """Return the title in a language, with the value that was found."""
        return text(self.title, value=value)
