"""Pieces of a page: sections, tables, figures, and names that somebody else chose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from chainrule.explain.markup import element, escaped

_LONG = re.compile(r"(\S{16})(?=\S)")
LONGEST = 120
"""More of a name is not shown."""


def name(what: object, most: int = LONGEST) -> str:
    """Return a name of somebody else's, cut where it is very long, and kept from turning the text around it.

    A word of many letters may be broken.

    >>> name("<b>"), name("a" * 20)
    ('<bdi>&lt;b&gt;</bdi>', '<bdi>aaaaaaaaaaaaaaaa<wbr>aaaa</bdi>')
    """
    said = str(what)
    short = said if len(said) <= most else f"{said[: most - 1]}…"
    parts = enumerate(_LONG.split(short))  # those in odd places are parts of long words
    return element("bdi", *(escaped(part) + "<wbr>" * (place % 2) for place, part in parts))


def paragraph(*inside: str, class_: str | None = None) -> str:
    """Return a paragraph of markup."""
    return element("p", *inside, class_=class_)


def section(title: str, key: str, *inside: str) -> str:
    """Return a section with its heading."""
    return element("section", element("h2", escaped(title), id=key), *inside, aria_labelledby=key)


def figure(drawing: str, *caption: str) -> str:
    """Return a drawing with what is to be said of it below."""
    return element("figure", drawing, element("figcaption", *caption) if caption else "")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], class_: str = "", *, named: bool = True) -> str:
    """Return a table of markup that can be moved sideways where it is too broad.

    With `named` the first cell of a row is the name of the row. Other columns are aligned on the right.
    """
    head = element("tr", *(element("th", cell, scope="col") for cell in heads))
    lines = []
    for first, *rest in rows:
        start = element("th", first, scope="row") if named else element("td", first)
        lines.append(element("tr", start, *(cell if cell.startswith("<td") else element("td", cell) for cell in rest)))
    whole = element("table", element("thead", head), element("tbody", *lines), class_=class_)
    return element("div", whole, class_="scrolling", tabindex=0, role="group", aria_label="table")


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names of ours with what there is to say of each, markup; those without are left out."""
    inside = (element("dt", escaped(key)) + element("dd", value) for key, value in pairs if value)
    return element("dl", *inside)


def folded(summary: str, *inside: str) -> str:
    """Return what is shown when one asks for it."""
    return element("details", element("summary", escaped(summary)), *inside)


def amount(rows: float) -> str:
    """Return a number of rows, or their weight.

    >>> amount(1200.0), amount(0.25)
    ('1,200', '0.25')
    """
    return f"{rows:,.0f}" if rows == round(rows) else f"{rows:,.4g}"


def signed(value: float, form: str) -> str:
    """Return a number with a true minus sign.

    >>> signed(-0.25, ".1f")
    '−0.2'
    """
    return format(value, form).replace("-", "−", 1)
