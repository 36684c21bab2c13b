"""What a user is told when something is wrong: one sentence with the values, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_SHOWN = 20
_LONGEST_SHOWN = 80


class ChainruleError(Exception):
    """The root of every error that chainrule raises on purpose."""


class InputError(ChainruleError, ValueError):
    """Something given by the user does not fit: an array, a name, a size, a file."""


class FormulaError(InputError):
    """An equation or formula cannot be read, or does not fit the program it stands in."""


class TrainingError(ChainruleError, ArithmeticError):
    """Training produced a number that is not finite."""


def shown(value: object) -> str:
    """Return how a value is quoted in an error: in full if it is short.

    >>> shown("a" * 1000)[:10], len(shown("a" * 1000))
    ("'aaaaaaaaa", 80)
    """
    try:
        text = repr(value)
    except Exception:  # a value of the user's own kind may do anything here
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, or None if none is."""
    from difflib import get_close_matches

    small = {other.lower(): other for other in known}
    return next((small[near] for near in get_close_matches(name.lower(), small, n=1, cutoff=0.5)), None)


def unknown(kind: str, name: object, known: Iterable[str]) -> InputError:
    """Return the error for a `name` that is none of the `known` ones, with the nearest of them.

    >>> print(unknown("activation", "sigmiod", ["relu", "sigmoid"]))
    unknown activation 'sigmiod': did you mean 'sigmoid'? Known: relu, sigmoid
    """
    names = sorted(known)
    near = nearest(name, names) if isinstance(name, str) else None
    hint = f": did you mean {near!r}?" if near else "."
    known = names if len(names) <= _MOST_SHOWN else [*names[:_MOST_SHOWN], f"and {len(names) - _MOST_SHOWN} more"]
    return InputError(f"unknown {kind} {shown(name)}{hint} Known: {', '.join(known)}")
