"""Generated source run as Python: the builtins of the compiler once more, on NumPy, and with indices checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
import pytest
from calling import REALS
from scipy.special import erf

from chainrule.engines import machine
from chainrule.engines.block import Block
from chainrule.engines.tabled import TABLE, table


class View:
    """A part of an array in a shape; with a single index a flat one, as functions see what they are given."""

    def __init__(self, flat: Any, start: int = 0, shape: tuple[int, ...] = ()):
        self.flat, self.start, self.shape = flat, int(start), tuple(map(int, shape))

    def _place(self, places: Any) -> int:
        if isinstance(places, tuple):
            if not all(0 <= place < size for place, size in zip(places, self.shape, strict=True)):
                raise IndexError(f"{places} in {self.shape}")
            places = np.ravel_multi_index(places, self.shape)
        found = self.start + int(places)
        if not 0 <= found < self.flat.size:
            raise IndexError(f"{found} of {self.flat.size}")
        return found

    def __getitem__(self, places: Any) -> Any:
        value = self.flat[self._place(places)]
        return int(value) if isinstance(value, np.integer) else value

    def __setitem__(self, places: Any, value: Any) -> None:
        self.flat[self._place(places)] = value

    @property
    def matrix(self) -> Any:
        """All of it as an array, into which one may write."""
        stop = self.start + prod(self.shape)
        if not 0 <= self.start <= stop <= self.flat.size:
            raise IndexError(f"{self.start} to {stop} of {self.flat.size}")
        return self.flat[self.start : stop].reshape(self.shape)


def cut(array: View, start: int, shape: tuple[int, ...]) -> View:
    return View(array.flat, array.start + start, shape)


def rows_of(array: View, first: int, last: int) -> View:
    rows, columns = array.shape
    assert 0 <= first <= last <= rows
    return View(array.flat, array.start + first * columns, (last - first, columns))


def product(left: View, right: View, out: View) -> None:
    out.matrix[...] = left.matrix @ right.matrix


def product_columns(left: View, right: View, out: View, first: int, last: int) -> None:
    out.matrix[:, first:last] = left.matrix @ right.matrix[:, first:last]


def add_product_over_rows(left: View, right: View, out: View, added: bool) -> None:
    value = left.matrix.T @ right.matrix
    out.matrix[...] = out.matrix + value if added else value


def product_over_rows(left: View, right: View, out: View, first: int, last: int) -> None:
    out.matrix[first:last] = left.matrix.T[first:last] @ right.matrix


def turn_square(lanes: int, left: View, width: int, out: View, out_width: int) -> None:
    for i in range(lanes):
        for j in range(lanes):
            out.flat[out.start + j * out_width + i] = left.flat[left.start + i * width + j]


def choose(test: Any, first: Any, second: Any) -> Any:
    """Return one of two values in a type that both have."""
    kinds = {type(value) for value in (first, second) if isinstance(value, np.floating)}
    chosen = first if test else second
    if not any(isinstance(value, float) for value in (first, second)):
        return chosen
    return np.result_type(*kinds or {np.float64}).type(chosen)


def sign(x: Any) -> Any:
    return x if np.isnan(x) else np.sign(x)


def arrived(meeting: View) -> int:
    raise AssertionError("there is one thread only")


def _bits(precision: str) -> dict[str, Callable[..., Any]]:
    real, whole = (np.float32, np.uint32) if precision == "single" else (np.float64, np.uint64)
    signed = np.int32 if precision == "single" else np.int64
    wrap = (1 << np.dtype(whole).itemsize * 8) - 1
    return {
        "bits": lambda x: int(real(x).view(signed)),
        "from_bits": lambda word: whole(word & wrap).view(real),
    }


def builtins(precision: str) -> dict[str, Any]:
    """Return everything that a source may name without defining it."""
    real = REALS[precision]
    return {
        **dict.fromkeys(("Reals", "Doubles", "Ints")),
        **dict.fromkeys(("inlined", "exact", "apart"), lambda function: function),
        **_bits(precision),
        TABLE: View(table(precision).ravel()),
        "real": real,
        "float": np.float64,
        "int": int,
        "infinity": real(np.inf),
        "min": min,
        "max": max,
        "choose": choose,
        "relu": lambda x: type(x)(0) if x <= 0 else x,
        "within": lambda x, size: int(min(max(float(x), 0.0), size - 1)) if x == x else 0,
        "sign": sign,
        "larger": np.maximum,
        "maximum": lambda x, u: x if x >= u or x != x else u,
        "minimum": lambda x, u: x if x <= u or x != x else u,
        "square": lambda x: x * x,
        "cube": lambda x: x * x * x,
        "inverse": lambda x: type(x)(1) / x,
        "sqrt": np.sqrt,
        "abs": np.abs,
        "ceil": np.ceil,
        "power": np.power,
        "erf": erf,
        "arctan": np.arctan,
        "arrive": arrived,
        "arrived": arrived,
        "give_way": arrived,
        "cut": cut,
        "rows_of": rows_of,
        "product": product,
        "turn_square": turn_square,
        "product_columns": product_columns,
        "product_over_rows": product_over_rows,
        "add_product_over_rows": add_product_over_rows,
    }


def functions(source: str, precision: str) -> dict[str, Any]:
    """Return the functions of a source as Python has them."""
    known = builtins(precision)
    exec(compile(source, "generated", "exec"), known)
    return known


def run(source: str, precision: str, *arguments: Any, thread: int = 0, entry: str = "go") -> None:
    """Run `entry` as `calling.run` does; arrays are written in place."""
    with np.errstate(all="ignore"):
        functions(source, precision)[entry](*map(_given, arguments), thread)


@contextmanager
def instead_of_machine_code() -> Iterator[list[str]]:
    """Have compiled engines run their sources as Python; yield the sources that ran, without the library."""
    ran: list[str] = []

    def call(block: Block, thread: int = 0) -> None:
        module = block.module
        ran.append(module.source)
        arguments = [block.values[name] for name in module.arguments[:-1]]
        run(module.whole_source, module.precision, *arguments, thread=thread, entry=module.entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "entry_of", lambda *source: None)
        patch.setattr(Block, "call", call)
        yield ran


def _given(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return View(argument.reshape(-1))
    return np.float64(argument) if isinstance(argument, float) else argument
