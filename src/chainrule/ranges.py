"""Numbers that a user gives: the right kind and in range, or a sentence that says what would be right."""

from __future__ import annotations

import math
from numbers import Integral, Real

from chainrule.errors import InputError, shown

MOST_SEED = 2**63 - 1


def check_number(
    what: str, value: object, *, least: float = -math.inf, above: float = -math.inf, below: float = math.inf
) -> float:
    """Return a finite number with ``least <= value``, ``above < value < below``; else raise `InputError`.

    >>> check_number("the rate", 2, least=0, below=1)
    Traceback (most recent call last):
    chainrule.errors.InputError: the rate must be a number of at least 0 and below 1, not 2
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        number = _as_float(value)
        if math.isfinite(number) and number >= least and above < number < below:
            return int(value) if isinstance(value, Integral) else number
    limits = [
        *([f"of at least {least:g}"] if least > -math.inf else []),
        *([f"above {above:g}"] if above > -math.inf else []),
        *([f"below {below:g}"] if below < math.inf else []),
    ]
    range_ = " ".join(["", " and ".join(limits)]) if limits else ""
    raise InputError(f"{what} must be a{'' if limits else ' finite'} number{range_}, not {shown(value)}")


def _as_float(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def whole(what: str, value: object, least: int = 1, most: int = 2**31 - 1) -> int:
    """Return a whole number in range, NumPy's kinds among them, as an int; else raise `InputError`.

    >>> whole("the seed", 3, least=0)
    3
    """
    number = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
    if number is None or not least <= number <= most:
        range_ = f"of at least {least}" if number is None or number < least else f"of at most {most}"
        raise InputError(f"{what} must be a whole number {range_}, not {shown(value)}")
    return number


def check_yes_no(what: str, value: object) -> None:
    """Raise `InputError` unless `value` is True or False."""
    if not isinstance(value, bool):
        raise InputError(f"{what} must be True or False, not {shown(value)}")


def as_seed(value: object) -> int:
    """Return a seed: a whole number from 0 to `MOST_SEED`; else raise `InputError`."""
    return whole("the seed", value, least=0, most=MOST_SEED)
