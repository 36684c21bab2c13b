"""The table of known slips, the most common first: where several explain the same numbers, the order decides."""

from __future__ import annotations

from chainrule.diagnosis.common_slips import COMMON
from chainrule.diagnosis.last_slips import LAST
from chainrule.diagnosis.other_slips import OTHERS
from chainrule.diagnosis.slip import Slip
from chainrule.language import catalogue

__all__ = ["SLIPS", "Slip", "listing"]

SLIPS: dict[str, Slip] = {slip.key: slip for slip in (*COMMON, *OTHERS, *LAST)}


def listing(language: str = "en") -> str:
    """Return the table of slips as Markdown, for the documentation.

    >>> listing().splitlines()[2]
    '| the sign of the error | The derivative of the cost by the output is output minus target; ... |'
    """
    text = catalogue(language)
    head = f"| {text('slip')} | {text('what is right, and why')} |\n|---|---|\n"
    return head + "".join(f"| {slip.said(text)} | {text(slip.reason)} |\n" for slip in SLIPS.values())
