"""Generated source run both ways: compiled, and as the Python that it is."""

from __future__ import annotations

import textwrap
from typing import Any

import as_python
import calling
import numpy as np
import pytest
from calling import REALS

both_precisions = pytest.mark.parametrize("precision", REALS)


def on_each(source: str, precision: str, *arguments: Any) -> list[list[Any]]:
    """Run a source compiled and as Python, each on its own copies of the arrays; return those of both."""
    results = []
    for engine in (calling, as_python):
        copies = [np.array(value) if isinstance(value, np.ndarray) else value for value in arguments]
        engine.run(source, precision, *copies)
        results.append([value for value in copies if isinstance(value, np.ndarray)])
    return results


def on_both(source: str, precision: str, *arguments: Any) -> list[Any]:
    """Return the arrays that a source leaves, once the same compiled and as Python."""
    found, expected = on_each(source, precision, *arguments)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=source)
    return found


def go(parameters: str, body: str) -> str:
    return f"def go({parameters}, thread: int):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"


def computed(body: str, precision: str = "double", count: int = 8, **numbers: Any) -> list[float]:
    """Return what a body writes into `out`, given numbers by name; the same on the machine and in Python."""
    kinds = {int: "int", float: "float"}
    parameters = ", ".join(["out: Doubles", *(f"{name}: {kinds[type(value)]}" for name, value in numbers.items())])
    out = np.zeros(count)
    (found,) = on_both(go(parameters, body), precision, out, *numbers.values())
    return found.tolist()
