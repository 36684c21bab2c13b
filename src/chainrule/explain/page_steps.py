"""The sections, steps and tables of a document as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.equations import Const
from chainrule.explain.markup import element, escaped
from chainrule.explain.mathml import math, to_mathml
from chainrule.explain.page_lines import Calculations
from chainrule.explain.wording import checked, uses_of

if TYPE_CHECKING:
    from chainrule.explain.document import Document, Section, Step, Table

# Stands in a sentence for markup until the sentence is escaped; no text has this character.
_MARK = "\ue000"


@dataclass(frozen=True)
class Frame:
    """Where a document is shown: what its ids begin with, and the level of its first heading."""

    prefix: str = ""
    level: int = 1

    def section(self, key: str) -> str:
        """Return the id of a section."""
        return self.prefix + re.sub(r"\W+", "-", key)

    def step(self, number: int) -> str:
        """Return the id of a step.

        >>> Frame("a-").step(14)
        'a-step-14'
        """
        return f"{self.prefix}step-{number}"

    def heading(self, depth: int, *inside: str, **attributes: str) -> str:
        """Return a heading so many levels below the first."""
        return element(f"h{self.level + depth}", *inside, **attributes)


class Steps:
    """Writes the sections of one document."""

    def __init__(self, document: Document, frame: Frame):
        self.document, self.frame, self.text = document, frame, document.text_of
        self.calculations = Calculations(document)
        self.numbers = document.numbers

    def section(self, section: Section, *before: str) -> str:
        """Return a section; `before` stands between its text and its tables."""
        name = self.frame.section(section.key)
        return element(
            "section",
            self.frame.heading(1, escaped(section.title), id=f"{name}-title"),
            *(element("p", escaped(said)) for said in section.text),
            *before,
            element("div", *map(self._table, section.tables), class_="tables") if section.tables else "",
            *map(self._step, section.steps),
            id=name,
            aria_labelledby=f"{name}-title",
            **({"class_": "new-page"} if section.new_page else {}),
        )

    def _step(self, step: Step) -> str:
        text, name = self.text, self.frame.step(step.number)
        label = text("Calculation of step {number}", number=step.number)
        return element(
            "article",
            self._heading(step, name),
            self._uses(step),
            element("p", escaped(step.why), class_="why"),
            scrolling(label, self.calculations.of(step), f"calculation of-{self._role(step)}"),
            element("p", self._check(step), class_="check") if step.check else "",
            element("p", escaped(step.remark), class_="remark") if step.remark else "",
            id=name,
            aria_labelledby=f"{name}-title",
        )

    def _heading(self, step: Step, name: str) -> str:
        place = self.text("Step {number} of {count}", number=step.number, count=len(self.numbers))
        where = " · ".join(filter(None, (place, step.place)))
        inside = element("span", escaped(where), " · ", class_="place") + escaped(step.title)
        return self.frame.heading(2, inside, id=f"{name}-title")

    def _role(self, step: Step) -> str:
        return self.document.naming.roles.get(getattr(step.target, "name", ""), "none")

    def _uses(self, step: Step) -> str:
        said = escaped(uses_of(self.text, [self.numbers[key] for key in step.uses]))
        if not said:
            return ""
        linked = re.sub(r"\d+", lambda found: element("a", found[0], href=f"#{self.frame.step(int(found[0]))}"), said)
        return element("p", linked, class_="uses")

    def _check(self, step: Step) -> str:
        assert step.check
        said = escaped(checked(self.text, step.check, _MARK))
        return said.replace(_MARK, self.number(step.check.value)) if step.check.value is not None else said

    def number(self, value: float) -> str:
        """Return a number as it stands in a sentence or in a table, with the signs that it has in formulas."""
        shown = self.document.digits(value)
        if "e" in shown:
            return math(to_mathml(self.calculations.lines.layout(Const(value))))
        return escaped(shown.replace("-", "−"))

    def _table(self, table: Table) -> str:
        head = element(
            "tr", *(element("th", escaped(name), scope="col") if name else "<td></td>" for name in table.head)
        )
        rows = (element("tr", *self._cells(row)) for row in table.rows)
        inside = (element("caption", escaped(table.title)), element("thead", head), element("tbody", *rows))
        return scrolling(table.title, element("table", *inside), "table")

    def _cells(self, row: Iterable[str | float]) -> Iterable[str]:
        for place, cell in enumerate(row):
            inside = escaped(cell) if isinstance(cell, str) else self.number(cell)
            kind = "" if isinstance(cell, str) else "number"
            yield element("td", inside, class_=kind) if place else element("th", inside, scope="row", class_=kind)


def scrolling(label: str, inside: str, class_: str) -> str:
    """Return something that may be broader than the page, in a box of its own that the keyboard can scroll."""
    return element("div", inside, class_=f"scrolling {class_}", role="group", tabindex=0, aria_label=label)
