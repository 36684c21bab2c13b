"""What every format says of a step beside its lines: which steps it uses, and what finite differences say."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.explain.document import Check
from chainrule.language import Catalogue


def uses_of(text: Catalogue, numbers: Sequence[object]) -> str:
    """Return in words which steps a step uses, given by their numbers.

    >>> from chainrule.language import catalogue
    >>> uses_of(catalogue(), [3, 13])
    'uses steps 3, 13'
    """
    listed = text(", ").join(map(str, numbers))
    if len(numbers) == 1:
        return text("uses step {numbers}", numbers=listed)
    return text("uses steps {numbers}", numbers=listed) if numbers else ""


def checked(text: Catalogue, check: Check, value: str) -> str:
    """Return what finite differences say of a derivative; `value` is theirs, as a format writes it."""
    if check.value is None:
        if check.at_a_kink:
            return text("finite difference: none, the function has a kink here")
        return text("finite difference: none, the cost is not a finite number around here")
    return text("finite difference: {value}", value=value) + ("  ✓" if check.agrees else "")
