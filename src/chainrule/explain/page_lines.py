"""The calculation of one step in a page: lines whose cells stand below each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from chainrule.explain.breadth import breadth
from chainrule.explain.markup import element, escaped
from chainrule.explain.mathml import math, to_mathml
from chainrule.explain.typesetting import Lines
from chainrule.typeset import Layout, Row, Text

if TYPE_CHECKING:
    from chainrule.explain.document import Document, Line, Part, Step

# A block of lines of at most so many digits fits a telephone, a tablet, the whole page; a broader one is broken there.
_FITS = {"narrow": 30, "medium": 58, "wide": 95}
# The room of a sign with the blanks around it, in digits.
_AROUND_SIGN = 3


@dataclass(frozen=True)
class _Cell:
    """What stands between two columns, as markup, and how broad it is."""

    inside: str = ""
    breadth: float = 0

    def spanning(self, columns: int | None) -> str:
        return element("mtd", self.inside, columnspan=columns)


@dataclass(frozen=True)
class _Row:
    """A line: what it is about, its sign and its cells."""

    cells: tuple[_Cell, ...]
    kind: str
    lead: _Cell = _Cell()
    sign: str = ""


class Calculations:
    """Writes calculations of one document as HTML."""

    def __init__(self, document: Document):
        self.digits, self.text, self.lines = document.digits, document.text_of, Lines(document)

    def of(self, step: Step) -> str:
        """Return the calculation of a step: its parts, then its own lines."""
        blocks: list[str] = []
        for brief, group in groupby(step.parts, lambda part: part.brief and bool(part.lines)):
            parts = list(group)
            blocks += [_block([self._brief(part) for part in parts])] if brief else map(self._part, parts)
        target = self.lines.layout(step.target)
        return "".join(blocks) + _block(self._rows(step.lines, self._cell("", target), step.sign))

    def _part(self, part: Part) -> str:
        if not part.lines:
            return element("p", escaped(f"{part.label}: {self.digits(part.value)}"), class_="part")
        return element("p", escaped(part.label), class_="part") + _block(self._rows(part.lines, _Cell(), ""))

    def _rows(self, lines: tuple[Line, ...], lead: _Cell, sign: str) -> list[_Row]:
        rows = [
            _Row(tuple(self._cell(*cell) for cell in cells), line.kind, sign="=")
            for line, cells in self.lines.rows(lines)
        ]
        return [_Row(rows[0].cells, rows[0].kind, lead, sign), *rows[1:]] if rows else []

    def _brief(self, part: Part) -> _Row:
        """Return a part as one row, whose lines stand one behind the other."""
        label = _Cell(element("mtext", escaped(part.label + ":")), len(part.label) + 1)
        wholes = [_joined(self.lines.cells(line.expr)) for line in part.lines]
        cells = [self._cell("=" if place else "", whole) for place, whole in enumerate(wholes)]
        return _Row(tuple(cells), "brief", label)

    def _cell(self, sign: str, layout: Layout) -> _Cell:
        return _Cell(_signed(sign) + to_mathml(layout), breadth(layout) + (_AROUND_SIGN if sign else 0))


def _joined(cells: Iterable[tuple[str, Layout]]) -> Layout:
    return Row(tuple(part for sign, layout in cells for part in ((Text(f" {sign} "), layout) if sign else (layout,))))


def _signed(sign: str) -> str:
    return element("mo", escaped(sign), form="infix") if sign else ""


def _block(rows: list[_Row]) -> str:
    """Return rows as one table; rows of fewer cells than most have theirs in one."""
    columns = max((len(row.cells) for row in rows), default=1)
    aligned = [row.cells for row in rows if len(row.cells) == columns]
    widths = [max(cell.breadth for cell in column) for column in zip(*aligned, strict=True)]
    broadest = max([sum(widths), *(sum(cell.breadth for cell in row.cells) for row in rows)])
    total = max((row.lead.breadth for row in rows), default=0) + _AROUND_SIGN + broadest
    size = next((name for name, most in _FITS.items() if total <= most), "broken")
    table = element("mtable", *(_row(row, columns) for row in rows))
    return element("div", math(table), class_=f"lines {size}")


def _row(row: _Row, columns: int) -> str:
    cells, span = row.cells, None
    if len(cells) < columns:
        cells, span = (_Cell("".join(cell.inside for cell in cells)),), columns
    # One child in a cell: browsers break a cell's children apart where a style makes it a block.
    grouped = [_Cell(element("mrow", cell.inside)).spanning(span) for cell in cells]
    lead = row.lead.spanning(None)
    return element("mtr", lead, _Cell(_signed(row.sign)).spanning(None), *grouped, class_=row.kind)
