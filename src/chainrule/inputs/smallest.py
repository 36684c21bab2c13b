"""The smallest changes of a row's numbers: a scan of each column, then the columns that derivatives point to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.data import FloatArray
from chainrule.inputs.fooling import fool
from chainrule.inputs.scan import first_flip
from chainrule.inputs.table_row import Free, TableRow

_DIGITS = (4, 5, 6, 8, 10, 12)
_PASSES = 20


def smallest(row: TableRow, budget: float, settings: Mapping[str, Any]) -> dict[Free, float]:
    """Return new values of as few columns as possible, by column; empty if none within the budget change the answer.

    Of single columns the one that has least to change, in its own scale. If none is enough: of all columns moved along
    dE/dx at once, those that moved most.
    """
    single = {free: found for free in row.free if (found := nearest(row, free, {}, budget)) is not None}
    if single:
        least = min(single, key=lambda free: free.distance(single[free]))
        return {least: single[least]}
    return _several(row, budget, settings) if len(row.free) > 1 else {}


def nearest(
    row: TableRow, free: Free, others: Mapping[Free, float], budget: float, toward: float | None = None
) -> float | None:
    """Return the value of one column nearest to that of the row at which the answer changes, others having new ones.

    Rounded away from the row's own; sought in the range of the training within the budget, or on the way `toward` a
    value.
    """
    fixed = {other.name: value for other, value in others.items()}

    def flips(places: FloatArray) -> npt.NDArray[np.bool_]:
        return row.flips({free.name: places, **{name: np.full(len(places), fixed[name]) for name in fixed}})

    far = budget * free.column.scale
    ends = [max(free.low, free.value - far), min(free.high, free.value + far)] if toward is None else [toward]
    found = []
    for end in ends:
        place = first_flip(flips, free.value, end, free.seen, free.is_whole)
        if place is None:
            continue
        for value in (*(free.rounded(place, digits) for digits in _DIGITS), place):
            if free.distance(value) <= budget and row.flips_once({free.name: value, **fixed}):
                found.append(value)
                break
    return min(found, key=free.distance, default=None)


def _several(row: TableRow, budget: float, settings: Mapping[str, Any]) -> dict[Free, float]:
    together, success = _fool(row, np.ones((1, len(row.free)), np.bool_), budget, settings)
    if not success[0]:
        return {}
    moved = np.abs((together - row.inputs)[0, [free.place for free in row.free]])
    order = np.argsort(-moved)
    chosen = np.array([moved >= moved[order[count]] for count in range(1, len(order))])
    ends, success = _fool(row, chosen, budget, settings)
    for which in np.flatnonzero(success):
        columns = [row.free[place] for place in order if chosen[which, place]]
        found = _tightened(row, _on_line(row, columns, ends[which]), budget)
        if found and sum(free.distance(value) ** 2 for free, value in found.items()) <= budget**2:
            return found
    return {}


def _fool(
    row: TableRow, chosen: npt.NDArray[np.bool_], budget: float, settings: Mapping[str, Any]
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Fool the model with a row for each line of `chosen`: only the columns of numbers that it names may change.

    Returns where each ended, shape (lines, inputs), and whether that fools the model. The derivatives of each of its
    networks lead there in turn; the nearest is taken.
    """
    x = np.repeat(row.inputs, len(chosen), axis=0)
    low, high = x.copy(), x.copy()
    for number, free in enumerate(row.free):
        mine, at = chosen[:, number], free.place
        low[mine, at] = min(free.column.input_of(free.low), row.inputs[0, at])
        high[mine, at] = max(free.column.input_of(free.high), row.inputs[0, at])
    found = [fool(net, x, budget=budget, norm="2", bounds=(low, high), **settings) for net in row.leading]
    distance = np.array([np.where(one.success, one.distance, np.inf) for one in found])
    best, every = distance.argmin(axis=0), np.arange(len(x))
    return np.array([one.x for one in found])[best, every], np.isfinite(distance[best, every])


def _on_line(row: TableRow, columns: list[Free], x: FloatArray) -> dict[Free, float]:
    """Return rounded values at the first place, on the line from the row to `x`, where the answer changes."""
    ends = {free: float(np.clip(free.column.value_of(x[free.place]), free.low, free.high)) for free in columns}

    def at(places: FloatArray) -> dict[str, FloatArray]:
        return {free.name: free.value + places * (end - free.value) for free, end in ends.items()}

    part = first_flip(lambda places: row.flips(at(places)), 0.0, 1.0)
    part = 1.0 if part is None else part
    there = {free: free.value + part * (end - free.value) for free, end in ends.items()}
    exact = {free: free.rounded(value, _DIGITS[0]) if free.is_whole else value for free, value in there.items()}
    for found in (*({free: free.rounded(value, digits) for free, value in there.items()} for digits in _DIGITS), exact):
        moved = {free: value for free, value in found.items() if value != free.value}
        if moved and row.flips_once({free.name: value for free, value in moved.items()}):
            return moved
    return {}


def _tightened(row: TableRow, found: dict[Free, float], budget: float) -> dict[Free, float]:
    """Take back of each column's change what the others leave to spare, all of it if they do without."""
    for _ in range(_PASSES):
        before = found
        for free in list(found):
            others = {other: value for other, value in found.items() if other is not free}
            if others and row.flips_once({other.name: value for other, value in others.items()}):
                found = others
            elif others:
                value = nearest(row, free, others, budget, toward=found[free])
                if value is not None and free.distance(value) < free.distance(found[free]):
                    found = {**found, free: value}
        if found == before:
            break
    return found
