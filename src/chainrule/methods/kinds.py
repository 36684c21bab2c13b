"""The methods by name."""

from __future__ import annotations

from chainrule.errors import unknown
from chainrule.methods.method import Backpropagation, Method
from chainrule.methods.slopes import CentralDifferences, DualNumbers, EvolutionStrategies, ForwardDifferences
from chainrule.methods.trials import Genetic, Perturbation

KINDS: tuple[type[Method], ...] = (
    Backpropagation,
    ForwardDifferences,
    CentralDifferences,
    DualNumbers,
    EvolutionStrategies,
    Perturbation,
    Genetic,
)
METHODS: dict[str, type[Method]] = {kind.name: kind for kind in KINDS}


def as_method(given: Method | str) -> Method:
    """Return a method given as itself, or by name with its default settings.

    Raises `InputError` with the nearest known name.

    >>> as_method("perturbation")
    Perturbation(size=0.1, otherwise='other_direction')
    """
    if isinstance(given, Method) and type(given) in KINDS:
        return given
    if not isinstance(given, str) or given not in METHODS:
        raise unknown("method", given, METHODS)
    return METHODS[given]()
