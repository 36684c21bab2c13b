"""Small charts as SVG: axes with round numbers, lines, dots and bars, in the colours of the page around them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chainrule.explain.markup import element, escaped

_FONT = 12
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 18, 10, 40
_MOST_POINTS = 400


def drawing(width: float, height: float, title: str, *inside: str) -> str:
    """Return an ``svg`` element that is as wide as the place allows; `title` says in words what is to be seen."""
    return element(
        "svg",
        element("title", escaped(title)),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        viewBox=f"0 0 {width:g} {height:g}",
        font_size=_FONT,
        font_family="system-ui, sans-serif",
        fill="var(--ink)",
    )


@dataclass(frozen=True)
class Axes:
    """A place to draw in, with numbers from `low` to `high` in both directions.

    Parameters
    ----------
    x, y : the lowest and the highest number.
    x_name, y_name : what is written beside the axes.
    width, height : in pixels of a small screen; a page may show it larger.
    logarithmic : whether the numbers upward are shown by their logarithms.
    percent : whether numbers are shares, written in percent.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    x_name: str
    y_name: str
    width: float = 360
    height: float = 250
    logarithmic: bool = False
    percent: bool = False

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is in the drawing."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        low, high, value = (self._scaled(number) for number in (*self.y, y))
        up = (value - low) / (high - low)
        inner_width, inner_height = self.width - _LEFT - _RIGHT, self.height - _TOP - _BOTTOM
        return round(_LEFT + across * inner_width, 1), round(_TOP + (1 - up) * inner_height, 1)

    def _scaled(self, number: float) -> float:
        return math.log10(max(number, 1e-300)) if self.logarithmic else number

    def frame(self) -> str:
        """Return the lines and numbers of the grid and the names of the axes."""
        parts = []
        for tick in ticks(*self.x):
            x, _ = self.at(tick, self.y[0])
            parts.append(_text(self._written(tick), x, self.height - _BOTTOM + 16, "middle"))
            parts.append(_grid(x, _TOP, x, self.height - _BOTTOM))
        for tick in (powers if self.logarithmic else ticks)(*self.y):
            _, y = self.at(self.x[0], tick)
            parts.append(_text(self._written(tick), _LEFT - 6, y + 4, "end"))
            parts.append(_grid(_LEFT, y, self.width - _RIGHT, y))
        middle = (_TOP + self.height - _BOTTOM) / 2
        turned = element(
            "text", escaped(self.y_name), text_anchor="middle", transform=f"translate(11 {middle:g}) rotate(-90)"
        )
        across = _text(self.x_name, (_LEFT + self.width - _RIGHT) / 2, self.height - 5, "middle")
        return element("g", *parts, fill="var(--quiet)", font_size=11) + element(
            "g", turned, across, fill="var(--quiet)"
        )

    def _written(self, tick: float) -> str:
        text = f"{tick * 100:g}%" if self.percent else f"{tick:,.6g}"
        return text.replace("-", "−", 1)

    def line(self, points: Iterable[tuple[float, float]], colour: str, width: float = 1.6, **how: str | float) -> str:
        """Return a line through points; of very many only some are drawn."""
        every = list(points)
        step = math.ceil(len(every) / _MOST_POINTS)
        kept = every[::step] if step < 2 else [*every[::step], every[-1]]
        places = " ".join("{:g},{:g}".format(*self.at(*point)) for point in kept)
        stroke = f"var(--{colour})"
        return element("polyline", points=places, fill="none", stroke=stroke, stroke_width=width, **how)

    def dots(self, points: Iterable[tuple[float, float]], colour: str, radius: float = 2.5, opacity: float = 1) -> str:
        """Return dots at points."""
        inside = []
        for point in points:
            x, y = self.at(*point)
            inside.append(element("circle", cx=x, cy=y, r=round(radius, 1)))
        return element("g", *inside, fill=f"var(--{colour})", fill_opacity=opacity)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from `low` to `high`.

    >>> ticks(0, 1), ticks(-3, 17)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 5.0, 10.0, 15.0])
    """
    rough = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, 1 - math.floor(math.log10(step)))
    return [round(number * step, digits) + 0.0 for number in range(first, last + 1)]


def powers(low: float, high: float) -> list[float]:
    """Return round numbers from `low` to `high` for a logarithmic axis.

    >>> powers(0.03, 4)
    [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = [float(f"{factor}e{power}") for power in range(first, last + 1) for factor in (1, 2, 5)]
    found = [number for number in every if low <= number <= high]
    if len(found) > 7:
        found = [number for number in found if f"{number:e}".startswith("1.0")]
    return found[:: math.ceil(len(found) / 8)] if found else []


def margin(values: Sequence[float], part: float = 0.05) -> tuple[float, float]:
    """Return the range of numbers with some room on both sides; never an empty one.

    >>> margin([0.0, 10.0]), margin([3.0])
    ((-0.5, 10.5), (2.0, 4.0))
    """
    low, high = min(values), max(values)
    room = part * (high - low) or max(1.0, abs(low) / 10)
    return low - room, high + room


def _text(text: str, x: float, y: float, anchor: str) -> str:
    return element("text", escaped(text), x=round(x, 1), y=round(y, 1), text_anchor=anchor)


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="var(--line)", stroke_width=0.6)
