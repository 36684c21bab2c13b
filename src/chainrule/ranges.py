"""Numbers that a user gives: the right kind and in range, or a sentence that says what would be right."""

from __future__ import annotations

import math
from numbers import Integral, Real

from chainrule.errors import InputError


def check_number(
    what: str, value: object, *, least: float = -math.inf, above: float = -math.inf, below: float = math.inf
) -> None:
    """Raise `InputError` unless `value` is a finite number with ``least <= value``, ``above < value < below``.

    >>> check_number("the rate", 2, least=0, below=1)
    Traceback (most recent call last):
    chainrule.errors.InputError: the rate must be a number of at least 0 and below 1, not 2
    """
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
        number = float(value)
        if number >= least and above < number < below:
            return
    limits = [
        *([f"of at least {least:g}"] if least > -math.inf else []),
        *([f"above {above:g}"] if above > -math.inf else []),
        *([f"below {below:g}"] if below < math.inf else []),
    ]
    range_ = " ".join(["", " and ".join(limits)]) if limits else ""
    raise InputError(f"{what} must be a{'' if limits else ' finite'} number{range_}, not {value!r}")


def whole(what: str, value: object, least: int = 1) -> int:
    """Return a whole number of at least `least`, NumPy's kinds among them, as an int; else raise `InputError`.

    >>> whole("the seed", 3, least=0)
    3
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(f"{what} must be a whole number of at least {least}, not {value!r}")
    return int(value)
