"""Layouts as plain text, each in one line."""

from __future__ import annotations

from chainrule.typeset import (
    THIN,
    Cases,
    Derivative,
    Fenced,
    Fraction,
    Layout,
    Matrix,
    Over,
    Power,
    Root,
    Row,
    Symbol,
    Text,
)


def to_plain(layout: Layout) -> str:
    """Return a layout as text.

    >>> from chainrule.parsing import parse_expression
    >>> from chainrule.typeset import Typesetter
    >>> to_plain(Typesetter().layout(parse_expression("1 / (1 + exp(-x)) * d_y")))
    '1/(1 + e^(−x)) dE/dy'
    """
    match layout:
        case Text(text):
            return text.replace(THIN, " ")
        case Symbol(plain):
            return plain
        case Derivative(of, by):
            return f"d{to_plain(of)}/d{to_plain(by)}"
        case Row(parts):
            return "".join(map(to_plain, parts))
        case Fraction(top, bottom):
            return f"{_bracketed(top)}/{_bracketed(bottom)}"
        case Power(base, Text("ᵀ")):
            return f"{_bracketed(base)}ᵀ"
        case Power(base, exponent):
            return f"{_bracketed(base)}^{_bracketed(exponent)}"
        case Root(inside):
            return f"√({to_plain(inside)})"
        case Fenced(inside, left, right):
            return f"{left}{to_plain(inside)}{right}"
        case Over(sign, indices):
            return f"{sign}_{_bracketed(indices)} "
        case Cases(condition, first, second, (is_so, otherwise)):
            return f"({to_plain(first)} {is_so} {to_plain(condition)}, {otherwise} {to_plain(second)})"
        case Matrix(rows):
            return "[" + "; ".join(" ".join(map(to_plain, one)) for one in rows) + "]"


def _bracketed(layout: Layout) -> str:
    text = to_plain(layout)
    alone = text.replace(".", "").replace("_", "").isalnum() or isinstance(layout, Fenced | Derivative | Symbol)
    return text if alone else f"({text})"
