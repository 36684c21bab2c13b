"""For tests in which both answers are right: what was made, or the InputError that refused it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.errors import InputError


def attempt(make: Callable[[], Any]) -> tuple[Any, str | None]:
    """Return the result and no error, or no result and the sentence of the InputError; others go on."""
    try:
        return make(), None
    except InputError as error:
        return None, str(error)
