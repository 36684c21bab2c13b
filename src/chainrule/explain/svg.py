"""The picture of a network as SVG: its text is text, its colours are those of the page around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.explain.colours import COLOURS, PAGE
from chainrule.explain.markup import element, escaped
from chainrule.explain.picture import Column, Edge, Picture, Quantity

if TYPE_CHECKING:
    from chainrule.language import Catalogue

# In pixels, where a letter is about half as broad as high.
_FONT, _LETTER, _LINE = 13, 7.2, 17
_RADIUS, _SMALL_RADIUS = 21, 15
_HEAD, _MARGIN = 46, 14
# Between two columns there are at least so many, and so many beside their texts; a page has room for so many in all.
_GAP, _BESIDE, _BROADEST = 190, 40, 960
# Columns of more units show one number for each.
_MOST_WITH_ALL = 4
# Where on its line a weight may stand, the best place first.
_PLACES = (0.32, 0.5, 0.68, 0.4, 0.6, 0.25, 0.75)


def to_svg(picture: Picture, text: Catalogue) -> str:
    """Return an ``svg`` element of the picture's own size; `text` says what layers are called.

    Colours are variables of the page's style, with the light ones where there is none.
    """
    drawing = _Units(picture, text) if picture.columns[0].units else _Boxes(picture, text)
    inside = "".join(drawing.draw())
    width, height = round(drawing.width), round(drawing.height)
    return element(
        "svg",
        element("title", escaped(text("The network from its inputs to its outputs"))),
        element("desc", escaped(_described(picture, text))),
        inside,
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        font_size=_FONT,
        font_family="system-ui, sans-serif",
        fill=_colour("ink"),
    )


def _colour(name: str) -> str:
    light = COLOURS[name].light if name in COLOURS else PAGE[name][0]
    return f"var(--{name.replace('_', '-')}, {light})"


def _layer_names(picture: Picture, text: Catalogue) -> list[str]:
    last = len(picture.columns) - 1
    between = [text("layer {number}", number=number) for number in range(1, last)]
    return [text("input"), *between, text("output layer")]


def _described(picture: Picture, text: Catalogue) -> str:
    """Return the picture in words, for who cannot see it."""
    names = _layer_names(picture, text) if picture.columns[0].units else [column.label for column in picture.columns]
    said = []
    for name, column in zip(names, picture.columns, strict=True):
        numbers = [_equation(one, picture) for unit in column.units for one in unit.quantities]
        units = text("{count} units", count=column.size)
        said.append(f"{name or text('input')}: {', '.join([units, *numbers])}.")
    weights = ", ".join(f"{edge.sign} = {picture.digits(edge.weight)}" for edge in picture.edges)
    return " ".join([*said, weights]).strip()


def _equation(quantity: Quantity, picture: Picture) -> str:
    return f"{quantity.sign} = {picture.digits(quantity.value).replace('-', '−', 1)}"


@dataclass(frozen=True)
class _Box:
    """The place of a text or a unit, for keeping others off it."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: _Box) -> bool:
        apart_x = abs(self.x - other.x) >= (self.width + other.width) / 2
        apart_y = abs(self.y - other.y) >= (self.height + other.height) / 2
        return not (apart_x or apart_y)


def _said(text: str, x: float, y: float, colour: str = "ink", weight: str = "") -> str:
    """Return a text around a place; a seam in the paper's colour keeps it legible on lines."""
    return element(
        "text",
        escaped(text),
        x=round(x, 1),
        y=round(y + _FONT * 0.35, 1),
        text_anchor="middle",
        fill=_colour(colour),
        font_weight=weight,
        stroke=_colour("paper"),
        stroke_width=4,
        stroke_linejoin="round",
        paint_order="stroke",
    )


class _Units:
    """Draws units as circles with their numbers below, and weights as lines."""

    def __init__(self, picture: Picture, text: Catalogue):
        self.picture, self.text, self.names = picture, text, _layer_names(picture, text)
        columns = picture.columns
        self.is_small = max(len(column.units) for column in columns) <= _MOST_WITH_ALL
        self.radius = _RADIUS if self.is_small else _SMALL_RADIUS
        shown = [self._lines(column, place) for column in columns for place in range(len(column.units))]
        self.row = 2 * self.radius + _LINE * max(map(len, shown)) + (34 if self.is_small else 12)
        text_width = max(len(one) for lines in shown for one, _ in lines) * _LETTER
        label_width = max(len(self._label(edge)) for edge in picture.edges) * _LETTER
        self.left = text_width / 2 + _MARGIN
        between = (_BROADEST - 2 * self.left) / (len(columns) - 1)
        self.has_weights = self.is_small and text_width + label_width + _BESIDE <= between
        self.gap = max(_GAP, text_width + _BESIDE + (label_width if self.has_weights else 0))
        self.width = 2 * self.left + self.gap * (len(columns) - 1)
        self.height = _HEAD + self.row * max(map(_slots, columns)) + _MARGIN
        self.taken: list[_Box] = []

    def draw(self) -> Iterator[str]:
        """Yield lines first, then what stands on them."""
        yield element("g", *map(self._line, self.picture.edges), stroke=_colour("line"), stroke_width=1.3)
        for number, column in enumerate(self.picture.columns):
            yield from self._column(number, column)
        if self.has_weights:
            yield from self._weights()

    def _lines(self, column: Column, place: int) -> list[tuple[str, str]]:
        """Return what is written below a unit, with its colour: if there is little room, its output and its target."""
        quantities = column.units[place].quantities
        if not self.is_small:
            first = next((k for k, one in enumerate(quantities) if one.role == "output"), 0)
            quantities = quantities[first:]
        return [(_equation(one, self.picture), one.role or "quiet") for one in quantities]

    def _label(self, edge: Edge) -> str:
        return _equation(Quantity(edge.sign, edge.weight), self.picture)

    def _at(self, column: int, place: int) -> tuple[float, float]:
        one = self.picture.columns[column]
        slot = place + (1 if one.has_gap and place == len(one.units) - 1 else 0)
        free = self.row * (max(map(_slots, self.picture.columns)) - _slots(one)) / 2
        return self.left + self.gap * column, _HEAD + free + self.row * slot + self.radius + 4

    def _line(self, edge: Edge) -> str:
        (x1, y1), (x2, y2) = self._at(edge.column, edge.source), self._at(edge.column + 1, edge.target)
        return element("line", x1=round(x1, 1), y1=round(y1, 1), x2=round(x2, 1), y2=round(y2, 1))

    def _column(self, number: int, column: Column) -> Iterator[str]:
        x, _ = self._at(number, 0)
        yield _said(self.names[number], x, 12, weight="600")
        size = self.text("{count} units", count=column.size) if column.has_gap else ""
        if label := ", ".join(filter(None, (column.label, size))):
            yield _said(label, x, 12 + _LINE, "quiet")
        if column.has_gap:
            y = (self._at(number, len(column.units) - 2)[1] + self._at(number, len(column.units) - 1)[1]) / 2
            yield _said("⋮", x, y, "quiet", "700")
        for place, unit in enumerate(column.units):
            x, y = self._at(number, place)
            yield element("circle", cx=round(x, 1), cy=round(y, 1), r=self.radius, fill=_colour("block"),
                          stroke=_colour("ink"), stroke_width=1.3)  # fmt: skip
            yield element("text", escaped(unit.name), x=round(x, 1), y=round(y + 4.5, 1), text_anchor="middle")
            self.taken.append(_Box(x, y, 2 * self.radius + 4, 2 * self.radius + 4))
            for line, (said, colour) in enumerate(self._lines(column, place)):
                at = y + self.radius + _LINE * (line + 0.7)
                self.taken.append(_Box(x, at, len(said) * _LETTER, _LINE))
                yield _said(said, x, at, colour)

    def _weights(self) -> Iterator[str]:
        """Yield the weights between two columns, all or, where one finds no place of its own, none."""
        for column in range(len(self.picture.columns) - 1):
            edges = [edge for edge in self.picture.edges if edge.column == column]
            before = len(self.taken)
            placed = [(edge, self._free_place(edge)) for edge in edges]
            if all(box for _, box in placed):
                yield from (_said(self._label(edge), box.x, box.y) for edge, box in placed if box)
            else:
                del self.taken[before:]

    def _free_place(self, edge: Edge) -> _Box | None:
        (x1, y1), (x2, y2) = self._at(edge.column, edge.source), self._at(edge.column + 1, edge.target)
        width = len(self._label(edge)) * _LETTER
        for part in _PLACES:
            box = _Box(x1 + part * (x2 - x1), y1 + part * (y2 - y1), width, _LINE)
            if not any(box.meets(other) for other in self.taken):
                self.taken.append(box)
                return box
        return None


def _slots(column: Column) -> int:
    return len(column.units) + column.has_gap


class _Boxes:
    """Draws layers as boxes in a row, each with its size."""

    _ROW, _BETWEEN = 58, 34

    def __init__(self, picture: Picture, text: Catalogue):
        self.texts = [(column.label or text("input"), str(column.size)) for column in picture.columns]
        self.widths = [max(60.0, len(label) * _LETTER + 24) for label, _ in self.texts]
        self.width = sum(self.widths) + self._BETWEEN * (len(self.widths) - 1) + 2 * _MARGIN
        self.height = self._ROW + 2.0 * _MARGIN

    def draw(self) -> Iterator[str]:
        """Yield boxes and the lines that join them."""
        x, middle = float(_MARGIN), self.height / 2
        for place, ((label, size), width) in enumerate(zip(self.texts, self.widths, strict=True)):
            if place:
                yield element("line", x1=round(x - self._BETWEEN, 1), y1=middle, x2=round(x, 1), y2=middle,
                              stroke=_colour("quiet"), stroke_width=1.3)  # fmt: skip
            yield element("rect", x=round(x, 1), y=_MARGIN, width=round(width, 1), height=self._ROW, rx=6,
                          fill=_colour("block"), stroke=_colour("ink"), stroke_width=1.3)  # fmt: skip
            yield element("text", escaped(label), x=round(x + width / 2, 1), y=middle - 5, text_anchor="middle")
            yield element("text", size, x=round(x + width / 2, 1), y=middle + 15, text_anchor="middle", font_weight=600)
            x += width + self._BETWEEN
