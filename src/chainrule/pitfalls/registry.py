"""All experiments by name; a new one is one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.errors import unknown
from chainrule.pitfalls.exploding_gradients import Exploding, exploding
from chainrule.pitfalls.finding import Finding
from chainrule.pitfalls.learning_rates import LearningRate, learning_rate
from chainrule.pitfalls.local_minima import LocalMinimum, local_minimum
from chainrule.pitfalls.precisions import Precision, precision
from chainrule.pitfalls.saturated_units import Saturation, saturation
from chainrule.pitfalls.slow_starts import SlowStart, slow_start
from chainrule.pitfalls.symmetric_units import Symmetry, symmetry
from chainrule.pitfalls.vanishing_gradients import Vanishing, vanishing


@dataclass(frozen=True)
class Pitfall:
    """An experiment: what it returns, and the function that carries it out with a seed."""

    kind: type[Finding]
    show: Callable[[int], Finding]

    @property
    def name(self) -> str:
        """How it is called on the command line."""
        return self.kind.name

    @property
    def title(self) -> str:
        """What it shows."""
        return self.kind.title


PITFALLS: dict[str, Pitfall] = {
    entry.name: entry
    for entry in (
        Pitfall(Symmetry, symmetry),
        Pitfall(Vanishing, vanishing),
        Pitfall(Exploding, exploding),
        Pitfall(Saturation, saturation),
        Pitfall(SlowStart, slow_start),
        Pitfall(LearningRate, learning_rate),
        Pitfall(LocalMinimum, local_minimum),
        Pitfall(Precision, precision),
    )
}


def pitfall(name: str) -> Pitfall:
    """Return the experiment of this name; raises `InputError` with the nearest known one.

    >>> pitfall("slow-start").title
    'Slow start: squared error against cross-entropy from a saturated output'
    """
    if name not in PITFALLS:
        raise unknown("pitfall", name, PITFALLS)
    return PITFALLS[name]
