"""How broad a layout is when set, roughly: what decides where a page breaks a line."""

from __future__ import annotations

from chainrule.typeset import (
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

# Indices and exponents are set smaller.
_SMALL = 0.7


def breadth(layout: Layout) -> float:
    """Return the breadth of a layout in digits.

    >>> from chainrule.parsing import parse_expression
    >>> from chainrule.typeset import Typesetter
    >>> breadth(Typesetter().layout(parse_expression("12345 / 12")))
    5.0
    """
    match layout:
        case Text(text):
            return float(len(text))
        case Symbol(_, base, below, above):
            return len(base) + _SMALL * max(len(below), len(above))
        case Derivative(of, by):
            return 1 + max(breadth(of), breadth(by))
        case Row(parts):
            return sum(map(breadth, parts))
        case Fraction(top, bottom):
            return max(breadth(top), breadth(bottom))
        case Power(base, exponent):
            return breadth(base) + _SMALL * breadth(exponent)
        case Root(inside) | Fenced(inside):
            return 1.5 + breadth(inside)
        case Over(sign, indices):
            return max(len(sign) + 1, _SMALL * breadth(indices))
        case Cases(condition, first, second):
            return 12 + breadth(condition) + max(breadth(first), breadth(second))
        case Matrix(rows):
            return 1 + sum(2 + max(map(breadth, column)) for column in zip(*rows, strict=True))
