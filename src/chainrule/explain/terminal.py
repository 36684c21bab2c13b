"""A document as text for a terminal, plain or in colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from chainrule.explain.colours import COLOURS
from chainrule.explain.document import Document, Line, Part, Section, Step, Table
from chainrule.explain.plain import to_plain
from chainrule.explain.typesetting import Lines
from chainrule.explain.wording import checked, uses_of
from chainrule.typeset import Derivative, Fenced, Fraction, Layout, Power, Root, Row, Symbol

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_INDENT = "    "
_GAP = 3
"""What rich leaves between two columns of a table."""
_SHORTEST = 20
"""The least room that names of lines get."""


def to_text(document: Document, width: int = 100) -> str:
    """Return plain text of at most so many columns where formulas allow it."""
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    console = Console(file=out, width=width, highlight=False, markup=False, emoji=False, color_system=None)
    for part in renderables(document, width):
        console.print(part, soft_wrap=False)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def renderables(document: Document, width: int) -> Iterator[RenderableType]:
    """Yield what rich prints of a document on so many columns."""
    from rich.text import Text

    yield Text(document.title, style="bold")
    for section in document.sections:
        yield from _Printer(document, width).section(section)


class _Printer:
    def __init__(self, document: Document, width: int):
        self.document, self.lines, self.width = document, Lines(document), width
        self.numbers = document.numbers
        self.count = len(self.numbers)

    def section(self, section: Section) -> Iterator[RenderableType]:
        from rich.rule import Rule
        from rich.text import Text

        yield Text()
        yield Rule(section.title, align="left", style="dim")
        for said in section.text:
            yield Text(said)
        for table in section.tables:
            yield Text()
            yield Text(table.title, style="bold")
            yield self._table(table)
        for step in section.steps:
            yield Text()
            yield from self.step(step)

    def step(self, step: Step) -> Iterator[RenderableType]:
        from rich.table import Table as Grid
        from rich.text import Text

        text = self.document.text_of
        head = text("Step {number} of {count}", number=step.number, count=self.count)
        title = Text.assemble(
            (head, "dim"), (f" · {step.place}" if step.place else "", "dim"), " · ", (step.title, "bold")
        )
        grid = Grid.grid(expand=True)
        grid.add_column()
        grid.add_column(justify="right", style="dim")
        grid.add_row(title, uses_of(text, [self.numbers[key] for key in step.uses]))
        yield grid
        yield Text(step.why)
        sign = self._styled(self.lines.layout(step.target))
        for part in step.parts:
            yield from self._part(part)
        yield from self._lines(step.lines, sign, step.sign)
        if step.check:
            yield Text(_INDENT + checked(text, step.check, self.document.digits(step.check.value or 0)), style="dim")
        if step.remark:
            yield Text(step.remark, style="italic")

    def _part(self, part: Part) -> Iterator[RenderableType]:
        from rich.text import Text

        if not part.lines:
            yield Text(f"{_INDENT}{part.label}: {self.document.digits(part.value)}")
            return
        if part.brief:
            shown = [
                " ".join(self._cell(cell).plain.strip() for cell in cells) for _, cells in self.lines.rows(part.lines)
            ]
            yield Text(f"{_INDENT}{part.label}:  {' = '.join(shown)}")
            return
        yield from self._lines(part.lines, Text(part.label + ": "), "")

    def _lines(self, lines: tuple[Line, ...], sign: Text, equals: str) -> Iterator[RenderableType]:
        """Yield lines whose cells stand below each other where there are as many, and which break between cells."""
        from rich.text import Text

        rows = [[self._cell(cell) for cell in cells] for _, cells in self.lines.rows(lines)]
        margin = " " * sign.cell_len
        room = self.width - len(_INDENT) - len(margin) - 3
        widths = _widths(rows)
        aligned = sum(widths) <= room
        for number, row in enumerate(rows):
            head = Text(_INDENT).append_text(sign if number == 0 else Text(margin))
            head.append(f" {'=' if number else equals or ' '} ")
            if aligned and len(row) == len(widths):
                for place, cell in enumerate(row[:-1]):
                    cell.append(" " * (widths[place] - cell.cell_len))
            for broken in _broken(row, room):
                yield head.append_text(broken)
                head = Text(" " * (len(_INDENT) + len(margin) + 3))

    def _cell(self, cell: tuple[str, Layout]) -> Text:
        from rich.text import Text

        sign, layout = cell
        return Text(f" {sign} " if sign else "").append_text(self._styled(layout))

    def _styled(self, layout: Layout) -> Text:
        """Return a layout in one line, its quantities in the colours of their roles."""
        from rich.text import Text

        whole = to_plain(layout)
        found = Text(whole)
        start = 0
        for symbol in _symbols(layout):
            plain = to_plain(symbol)
            start = whole.find(plain, start)
            if start < 0:
                break
            if symbol.role:
                found.stylize(COLOURS[symbol.role].terminal, start, start + len(plain))
            start += len(plain)
        return found

    def _table(self, table: Table) -> RenderableType:
        """Return a table; one that is too wide is turned, a line for each column, if it fits then."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table as Grid

        digits = self.document.digits
        rows = [table.head, *([one if isinstance(one, str) else digits(one) for one in row] for row in table.rows)]
        columns = list(zip(*rows, strict=True))
        is_turned = _width(columns) > self.width >= _SHORTEST + _GAP + _width(rows[1:])
        head, *lines = columns if is_turned else rows
        grid = Grid(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for place, name in enumerate(head):
            is_name = is_turned and place == 0
            grid.add_column(name, no_wrap=not is_name, overflow="fold" if is_name else "ellipsis")
        for line in lines:
            grid.add_row(*line)
        return grid


def _symbols(layout: Layout) -> Iterator[Symbol | Derivative]:
    """Yield the quantities of a layout in reading order."""
    match layout:
        case Symbol() | Derivative():
            yield layout
        case Row(parts):
            for part in parts:
                yield from _symbols(part)
        case Fraction(one, other) | Power(one, other):
            yield from _symbols(one)
            yield from _symbols(other)
        case Root(inside) | Fenced(inside):
            yield from _symbols(inside)


def _broken(row: list[Text], room: int) -> Iterator[Text]:
    """Yield the cells of a row in lines that fit, as far as single cells do."""
    from rich.text import Text

    line = Text()
    for cell in row:
        if line.cell_len and line.cell_len + cell.cell_len > room:
            yield line
            line = Text("  ")
            cell = cell[1:] if cell.plain.startswith(" ") else cell
        line.append_text(cell)
    line.rstrip()
    yield line


def _width(columns: Iterable[Sequence[str]]) -> int:
    """Return how wide a table of some columns is."""
    from rich.cells import cell_len

    return sum(max(map(cell_len, column)) + _GAP for column in columns) - _GAP


def _widths(rows: Iterable[list[Text]]) -> list[int]:
    """Return the widths of the columns, from the rows that have as many cells as the first."""
    rows = list(rows)
    count = len(rows[0]) if rows else 0
    alike = [row for row in rows if len(row) == count]
    return [max(row[place].cell_len for row in alike) for place in range(count)]
