"""A document as data: JSON by a documented schema, and CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from chainrule.explain.document import Document, Line, Part, Section, Step, Table
from chainrule.explain.plain import to_plain
from chainrule.explain.typesetting import Lines
from chainrule.latex import to_latex

SCHEMA = "chainrule/explanation/1"


def to_json(document: Document) -> str:
    """Return a document as JSON; docs/explanations.md has the schema."""
    return json.dumps(_Writer(document).document(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def to_csv(document: Document) -> str:
    """Return each step's value: columns step, name, value, and the finite difference where there is one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["step", "name", "value", "finite_difference"])
    for step in document.steps:
        if step.arrays is None:
            difference = step.check.value if step.check else None
            writer.writerow([step.number, step.key, step.value, "" if difference is None else difference])
        else:
            for place, value in _elements(step):
                writer.writerow([step.number, f"{step.key}{place}", value, ""])
    return out.getvalue()


def _elements(step: Step) -> list[tuple[str, float]]:
    import numpy as np

    places = np.ndindex(*step.arrays.shape)
    return [(f"[{','.join(map(str, place))}]" if place else "", float(step.arrays[place])) for place in places]


class _Writer:
    def __init__(self, document: Document):
        self.whole, self.lines = document, Lines(document)

    def document(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "title": self.whole.title,
            "language": self.whole.text_of.language,
            "decimals": self.whole.digits.decimals,
            "sections": [self._section(section) for section in self.whole.sections],
        }

    def _section(self, section: Section) -> dict[str, Any]:
        return {
            "key": section.key,
            "title": section.title,
            "text": list(section.text),
            "tables": [self._table(table) for table in section.tables],
            "steps": [self._step(step) for step in section.steps],
        }

    def _table(self, table: Table) -> dict[str, Any]:
        rows = [[cell if isinstance(cell, str) else _number(cell) for cell in row] for row in table.rows]
        return {"title": table.title, "head": list(table.head), "rows": rows}

    def _step(self, step: Step) -> dict[str, Any]:
        sign = self.lines.layout(step.target)
        return {
            "number": step.number,
            "key": step.key,
            "name": to_plain(sign),
            "latex": to_latex(sign),
            "role": getattr(sign, "role", ""),
            "place": step.place,
            "title": step.title,
            "why": step.why,
            "sign": step.sign,
            "parts": [self._part(part) for part in step.parts],
            "lines": [self._line(line) for line in step.lines],
            "value": _number(step.value) if step.arrays is None else _nested(step.arrays),
            "finite_difference": _number(step.check.value) if step.check and step.check.value is not None else None,
            "remark": step.remark,
            "uses": list(step.uses),
        }

    def _part(self, part: Part) -> dict[str, Any]:
        return {"label": part.label, "lines": [self._line(line) for line in part.lines], "value": _number(part.value)}

    def _line(self, line: Line) -> dict[str, Any]:
        layout = self.lines.layout(line.expr)
        return {"kind": line.kind, "text": to_plain(layout), "latex": to_latex(layout)}


def _number(value: float) -> float | str:
    """Return a number as JSON has it; it has none that is not finite."""
    return float(value) if math.isfinite(value) else str(float(value))


def _nested(array: Any) -> Any:
    return _number(float(array)) if array.ndim == 0 else [_nested(one) for one in array]
