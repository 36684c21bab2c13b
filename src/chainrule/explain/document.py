"""The document of a worked example: sections of steps, which every format reads and none changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from chainrule.equations import Expr

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.explain.naming import Naming
    from chainrule.explain.numbers import Digits
    from chainrule.explain.picture import Picture
    from chainrule.language import Catalogue

LineKind = Literal["chain", "formula", "numbers", "partial", "result"]


@dataclass(frozen=True)
class Line:
    """One line of a calculation, after the equals sign.

    It is the "chain" of derivatives, the "formula", the formula with "numbers", a "partial" result or the "result".
    """

    kind: LineKind
    expr: Expr


@dataclass(frozen=True)
class Part:
    """One of several terms that a step adds up: a path, a sample, an output; or what small ones add together.

    A `brief` one is so simple that its lines fit into one.
    """

    label: str
    lines: tuple[Line, ...]
    value: float
    brief: bool = False


@dataclass(frozen=True)
class Check:
    """The same derivative by finite differences; None where there are none: at a kink, or where E is not finite.

    `agrees` is whether the derivative is as near to it as differences can tell.
    """

    value: float | None
    agrees: bool = False
    at_a_kink: bool = False


@dataclass(frozen=True)
class Step:
    """One quantity: what it is called, why it is calculated, how, and what comes out.

    `key` identifies it in the document; `uses` are the keys of the steps whose results it uses. `parts` are
    calculated first, then `lines`, the last of which is the result, `value`.
    """

    number: int
    key: str
    target: Expr
    place: str
    title: str
    why: str
    lines: tuple[Line, ...]
    value: float
    parts: tuple[Part, ...] = ()
    uses: tuple[str, ...] = ()
    remark: str = ""
    check: Check | None = None
    sign: str = "="
    arrays: Any = None


@dataclass(frozen=True)
class Table:
    """Rows of texts and numbers under a heading."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]


@dataclass(frozen=True)
class Section:
    """A part of the calculation, such as the backward pass; on paper it may begin a page."""

    key: str
    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    steps: tuple[Step, ...] = ()
    new_page: bool = False


@dataclass(frozen=True)
class Document:
    """A worked example. Print it, or write it with `save`; `text`, `markdown`, `latex`, `html`, `json` and `csv`
    return it in these formats. In a notebook it shows itself.
    """

    title: str
    sections: tuple[Section, ...]
    naming: Naming = field(repr=False)
    digits: Digits
    text_of: Catalogue = field(repr=False)
    picture: Picture | None = field(default=None, repr=False)

    @property
    def steps(self) -> Iterator[Step]:
        """All steps, in the order of calculation."""
        return (step for section in self.sections for step in section.steps)

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each step by its key."""
        return {step.key: step.number for step in self.steps}

    def text(self, width: int = 100) -> str:
        """Return plain text."""
        from chainrule.explain.terminal import to_text

        return to_text(self, width)

    def markdown(self) -> str:
        """Return Markdown, with formulas between dollar signs."""
        from chainrule.explain.markdown import to_markdown

        return to_markdown(self)

    def latex(self) -> str:
        """Return a LaTeX document, which pdflatex sets (xelatex for Chinese)."""
        from chainrule.explain.handout import to_handout

        return to_handout(self)

    def html(self) -> str:
        """Return one HTML page that needs nothing else."""
        from chainrule.explain.page import to_page

        return to_page(self)

    def json(self) -> str:
        """Return JSON, by the schema in docs/explanations.md."""
        from chainrule.explain.data import to_json

        return to_json(self)

    def csv(self) -> str:
        """Return the value of each step as CSV, with columns step, name, value, finite_difference."""
        from chainrule.explain.data import to_csv

        return to_csv(self)

    def render(self, form: str) -> str:
        """Return the document in a format by name; raises `InputError` for an unknown one."""
        from chainrule.errors import unknown

        forms = {"text": self.text, "md": self.markdown, "latex": self.latex, "html": self.html, "json": self.json,
                 "csv": self.csv}  # fmt: skip
        if form not in forms:
            raise unknown("format", form, forms)
        result: str = forms[form]()
        return result

    def save(self, path: str | Path, form: str | None = None) -> None:
        """Write the document to a file, by default in the format that the file's name ends in.

        An existing file is replaced only once the new one is whole.
        """
        from chainrule.explain.saving import save

        save(self, path, form)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from chainrule.explain.page import to_fragment

        return to_fragment(self)
