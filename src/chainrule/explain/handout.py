r"""A document as LaTeX: a handout that pdflatex sets with ordinary packages, XeLaTeX or LuaLaTeX if it is Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from chainrule.explain.colours import COLOURS
from chainrule.explain.document import Document, Line, Part, Section, Step, Table
from chainrule.explain.markdown import latex_sign
from chainrule.explain.typesetting import Cells, Lines
from chainrule.explain.wording import checked, uses_of
from chainrule.latex import role_command, to_latex

_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
            ">": r"\textgreater{}", "|": r"\textbar{}", "−": r"$-$", "·": r"$\cdot$", "✓": r"$\checkmark$",
            "≤": r"$\le$", "≥": r"$\ge$", "×": r"$\times$", "∞": r"$\infty$"}  # fmt: skip
_PREAMBLE = r"""\documentclass[11pt,a4paper,fleqn]{article}
%(fonts)s
\usepackage{amsmath,amssymb}
\usepackage{color}
\usepackage[margin=2.2cm]{geometry}
\usepackage{longtable}
\usepackage[hidelinks]{hyperref}
%(colours)s
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6ex plus 0.2ex}
\setlength{\mathindent}{2em}
\setlength{\jot}{5pt}
\renewcommand{\arraystretch}{1.15}
\begin{document}
{\Large\bfseries %(title)s\par}
"""
# Letters whose LaTeX command is their Unicode name; the others look like Latin ones.
_GREEK_COMMANDS = {
    sign: name.capitalize() if sign.isupper() else name
    for sign in "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
    for name in [unicodedata.name(sign).split()[-1].lower().replace("lamda", "lambda")]
}
_WESTERN = r"\usepackage[utf8]{inputenc}"
_CHINESE = r"\usepackage{xeCJK}"
# A line of a formula that is longer than so many characters breaks between its terms.
_LONGEST = 72


def escaped(text: str) -> str:
    r"""Return a text in which nothing means anything to LaTeX.

    >>> print(escaped("50% of w_1 & b"))
    50\% of w\_1 \& b
    """
    # A run of underscores is a blank to fill in.
    parts = re.split(r"(_{4,})", text)
    return "".join(r"\underline{\hspace{3.5em}}" if part.startswith("____") else _escaped(part) for part in parts)


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(sign) or ("\\" + sign if sign in "#$%&_{}" else sign) for sign in text)


def to_handout(document: Document) -> str:
    """Return a document as a whole LaTeX file."""
    colours = "\n".join(rf"\newcommand{{{role_command(role)}}}[1]{{{{\color[rgb]{{{_rgb(colour.light)}}}#1}}}}"
                        for role, colour in COLOURS.items())  # fmt: skip
    fonts = _CHINESE if document.text_of.language.startswith("zh") else _WESTERN
    western = not document.text_of.language.startswith("zh")
    head = _PREAMBLE % {"title": escaped(document.title), "colours": colours, "fonts": fonts}
    whole = head + "\n\n".join(_Writer(document).sections()) + "\n\\end{document}\n"
    return "".join(map(_known_to_pdflatex, whole)) if western else whole


def _known_to_pdflatex(sign: str) -> str:
    """Return a sign, or what stands for one that a name may have and pdflatex has not."""
    if ord(sign) < 0x180 or sign in "→…–—‘’“”•":
        return sign
    if sign in _GREEK_COMMANDS:
        return rf"\ensuremath{{\{_GREEK_COMMANDS[sign]}}}"
    return rf"\fbox{{\tiny U+{ord(sign):04X}}}"


def _rgb(colour: str) -> str:
    return ",".join(f"{int(colour[start : start + 2], 16) / 255:.3f}" for start in (1, 3, 5))


class _Writer:
    def __init__(self, document: Document):
        self.document, self.lines, self.numbers = document, Lines(document), document.numbers

    def sections(self) -> Iterator[str]:
        for section in self.document.sections:
            yield from self._section(section)

    def _section(self, section: Section) -> Iterator[str]:
        if section.new_page:
            yield r"\clearpage"
        yield rf"\section*{{{escaped(section.title)}}}"
        yield from map(escaped, section.text)
        for table in section.tables:
            yield self._table(table)
        for step in section.steps:
            yield from self._step(step)

    def _table(self, table: Table) -> str:
        rows = [[cell if isinstance(cell, str) else self.document.digits(cell) for cell in row] for row in table.rows]
        lines = [" & ".join(map(escaped, row)) + r" \\" for row in rows]
        head = " & ".join(rf"\textbf{{{escaped(cell)}}}" for cell in table.head) + r" \\ \hline\endhead"
        body = "\n".join([head, *lines])
        columns = "l" * len(table.head)
        return (
            rf"\textbf{{{escaped(table.title)}}}\nopagebreak"
            + "\n"
            + rf"{{\small\begin{{longtable}}[l]{{{columns}}} {body}\end{{longtable}}}}"
        )

    def _step(self, step: Step) -> Iterator[str]:
        text = self.document.text_of
        head = text("Step {number} of {count}", number=step.number, count=len(self.numbers))
        place = f" · {step.place}" if step.place else ""
        used = uses_of(text, [self.numbers[key] for key in step.uses])
        title = rf"\textcolor[gray]{{0.35}}{{{escaped(head + place)}}} $\cdot$ \textbf{{{escaped(step.title)}}}"
        yield rf"\bigskip {title} \hfill {{\small\textcolor[gray]{{0.35}}{{{escaped(used)}}}}}\nopagebreak"
        yield escaped(step.why) + r"\nopagebreak"
        for part in step.parts:
            yield self._part(part)
        yield self._formula(step.lines, to_latex(self.lines.layout(step.target), colours=True), step.sign)
        if step.check:
            yield rf"{{\small {escaped(checked(text, step.check, self.document.digits(step.check.value or 0)))}}}"
        if step.remark:
            yield rf"\textit{{{escaped(step.remark)}}}"

    def _part(self, part: Part) -> str:
        if not part.lines:
            return f"{escaped(part.label)}: ${_number(self.document.digits(part.value))}$"
        return f"{escaped(part.label)}:\n" + self._formula(part.lines, "", "=")

    def _formula(self, lines: tuple[Line, ...], target: str, sign: str) -> str:
        rows = [line for number, (_, cells) in enumerate(self.lines.rows(lines)) for line in
                _broken(cells, target if number == 0 else "", "" if number == 0 and not target else
                        latex_sign(sign) if number == 0 else "=")]  # fmt: skip
        return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"


def _broken(cells: Cells, target: str, equals: str) -> Iterator[str]:
    """Yield a line after its equals sign, in several where it is long."""
    line, length, first = "", 0, True
    for before, layout in cells:
        written = to_latex(layout, colours=True)
        size = len(re.sub(r"\\[a-zA-Z]+|[{}^_\\]", "", written))
        if line and length + size > _LONGEST:
            yield f"{target if first else ''} &{equals if first else ''} {line}"
            line, length, first = r"\quad", 0, False
        line += (f" {latex_sign(before)} " if before else "") + written
        length += size
    yield f"{target if first else ''} &{equals if first else ''} {line}"


def _number(text: str) -> str:
    digits, _, power = text.partition("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}" if power else digits
