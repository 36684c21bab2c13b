"""A document as Markdown, its formulas between dollar signs, as GitHub and notebooks show them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chainrule.explain.document import Document, Line, Part, Section, Step, Table
from chainrule.explain.typesetting import Cells, Lines
from chainrule.explain.wording import checked, uses_of
from chainrule.latex import to_latex

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~^])")


def escaped(text: str) -> str:
    """Return a text in which nothing means anything to Markdown.

    >>> escaped("w1[0,2] * 2")
    'w1\\\\[0,2\\\\] \\\\* 2'
    """
    return _SPECIAL.sub(r"\\\1", text)


def to_markdown(document: Document) -> str:
    """Return a document as Markdown."""
    return "\n\n".join([f"# {escaped(document.title)}", *_Writer(document).sections()]) + "\n"


class _Writer:
    def __init__(self, document: Document):
        self.document, self.lines, self.numbers = document, Lines(document), document.numbers

    def sections(self) -> Iterator[str]:
        for section in self.document.sections:
            yield from self._section(section)

    def _section(self, section: Section) -> Iterator[str]:
        yield f"## {escaped(section.title)}"
        yield from map(escaped, section.text)
        for table in section.tables:
            yield self._table(table)
        for step in section.steps:
            yield from self._step(step)

    def _table(self, table: Table) -> str:
        rows = [[cell if isinstance(cell, str) else self.document.digits(cell) for cell in row] for row in table.rows]
        lines = [table.head, ["---"] * len(table.head), *rows]
        return f"**{escaped(table.title)}**\n\n" + "\n".join(
            f"| {' | '.join(cell if cell == '---' else escaped(cell) for cell in line)} |" for line in lines
        )

    def _step(self, step: Step) -> Iterator[str]:
        text = self.document.text_of
        head = text("Step {number} of {count}", number=step.number, count=len(self.numbers))
        place = f" · {escaped(step.place)}" if step.place else ""
        yield f"### {escaped(head)}{place} · {escaped(step.title)}"
        used = uses_of(text, [self.numbers[key] for key in step.uses])
        yield escaped(step.why) + (f" *({escaped(used)})*" if used else "")
        for part in step.parts:
            yield self._part(part)
        yield self._formula(step.lines, to_latex(self.lines.layout(step.target)), step.sign)
        if step.check:
            yield escaped(checked(text, step.check, self.document.digits(step.check.value or 0)))
        if step.remark:
            yield f"*{escaped(step.remark)}*"

    def _part(self, part: Part) -> str:
        if not part.lines:
            return f"{escaped(part.label)}: {escaped(self.document.digits(part.value))}"
        if part.brief:
            lines = [joined(cells) for _, cells in self.lines.rows(part.lines)]
            return f"{escaped(part.label)}: ${' = '.join(lines)}$"
        return f"{escaped(part.label)}:\n\n" + self._formula(part.lines, "", "=")

    def _formula(self, lines: tuple[Line, ...], target: str, sign: str) -> str:
        return "\n".join(["$$", aligned(self.lines.rows(lines), target, sign), "$$"])


def joined(cells: Cells) -> str:
    """Return the cells of a line in one, in LaTeX."""
    return "".join(f"{f' {latex_sign(sign)} ' if sign else ''}{to_latex(layout)}" for sign, layout in cells)


def latex_sign(sign: str) -> str:
    """Return the sign before a cell in LaTeX."""
    return {"·": r"\cdot", "−": "-", "←": r"\leftarrow", "⊙": r"\odot"}.get(sign, sign)


def aligned(rows: list[tuple[Line, Cells]], target: str, sign: str) -> str:
    """Return lines below each other in LaTeX, each after its equals sign."""
    lines = []
    for number, (_, cells) in enumerate(rows):
        equals = latex_sign(sign) if number == 0 and target else "" if number == 0 else "="
        lines.append(f"{target if number == 0 else ''} &{equals} {joined(cells)}")
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"
