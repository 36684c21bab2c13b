"""Charts: round numbers on the axes, points where they belong, and nothing that breaks an element."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.reporting.charts import Axes, drawing, margin, powers, ticks

NUMBERS = st.floats(-1e12, 1e12, allow_subnormal=False)


@given(NUMBERS, st.floats(1e-6, 1e6))
def test_ticks_are_few_and_within(low: float, width: float) -> None:
    width *= max(1.0, abs(low))
    found = ticks(low, low + width)
    assert 1 <= len(found) <= 12
    assert all(low - 1e-6 * width <= tick <= low + width + 1e-6 * width for tick in found)
    assert found == sorted(found)


@given(st.floats(1e-12, 1e6), st.floats(1.5, 1e12))
def test_powers_are_few_and_within(low: float, factor: float) -> None:
    found = powers(low, low * factor)
    assert len(found) <= 8
    assert all(low <= tick <= low * factor for tick in found)


@given(st.lists(NUMBERS, min_size=1, max_size=5))
def test_a_margin_is_around_all(values: list[float]) -> None:
    low, high = margin(values)
    assert low < min(values) <= max(values) < high


def test_points_are_where_they_belong() -> None:
    axes = Axes((0, 10), (1, 100), "x", "y", logarithmic=True)
    (left, bottom), (right, top) = axes.at(0, 1), axes.at(10, 100)
    assert left < right
    assert top < bottom
    assert axes.at(5, 10) == pytest.approx(((left + right) / 2, (top + bottom) / 2), abs=0.1)


def test_a_drawing_is_whole_and_its_texts_are_escaped() -> None:
    axes = Axes((0, 1), (0, 1), "<x>", "y & z", percent=True)
    points = [(k / 5000, (k / 5000) ** 2) for k in range(5000)]
    text = drawing(360, 250, '"<title>"', axes.frame(), axes.line(points, "input"), axes.dots(points[:3], "output"))
    ElementTree.fromstring(text)
    assert "<x>" not in text
    assert "100%" in text
    (places,) = re.findall('points="([^"]*)"', text)
    assert len(places.split()) <= 402
    assert places.split()[-1] == "{:g},{:g}".format(*axes.at(*points[-1]))
