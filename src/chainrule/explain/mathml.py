"""Layouts as MathML, as browsers set it without any help: one element for each layout."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chainrule.explain.markup import element, escaped
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

_TOKENS = re.compile(r"\d+(?:\.\d+)?|ᵀ|[^\W\d_](?:(?!ᵀ)\w)*|\s+|.", re.DOTALL)
_SPACES = {THIN: "0.17em", " ": "0.25em"}
_SCRIPT_TOKENS = re.compile(r"[_^]\{|\}|\d+(?:\.\d+)?|[^\W\d_]+|\s+|.", re.DOTALL)
# Letters that stand together in an index are one each, as in w_ij; longer words are words.
_LONGEST_INDEX = 2
_PARTIAL = '<mi mathvariant="normal">∂</mi>'
_TRANSPOSED = '<mi mathvariant="normal">T</mi>'


def to_mathml(layout: Layout) -> str:
    """Return a layout as one element of MathML; quantities with a role have the class ``role-...``.

    >>> from chainrule.parsing import parse_expression
    >>> from chainrule.typeset import Typesetter
    >>> to_mathml(Typesetter().layout(parse_expression("w1 / 2")))
    '<mfrac><msup><mi>w</mi><mrow><mo stretchy="false">(</mo><mn>1</mn>...</mrow></msup><mn>2</mn></mfrac>'
    """
    return _Writer().write(layout)


def math(*inside: str, label: str = "") -> str:
    """Return elements of MathML as a formula in its full size."""
    return element("math", *inside, displaystyle="true", aria_label=label)


class _Writer:
    def write(self, layout: Layout) -> str:
        write = self.write
        match layout:
            case Text(text):
                return _text(text)
            case Symbol():
                return _symbol(layout)
            case Derivative(of, by, role):
                top, bottom = (element("mrow", _PARTIAL, write(part)) for part in (of, by))
                return element("mfrac", top, bottom, class_=_class(role))
            case Row(parts):
                return element("mrow", *map(write, parts))
            case Fraction(top_part, bottom_part):
                return element("mfrac", write(top_part), write(bottom_part))
            case Power(base, Text("ᵀ")):
                return element("msup", write(base), _TRANSPOSED)
            case Power(base, exponent):
                return element("msup", write(base), write(exponent))
            case Root(inside):
                return element("msqrt", write(inside))
            case Fenced(inside, left, right):
                return _fenced(write(inside), left, right, stretchy=not _is_flat(inside))
            case Over(sign, indices):
                return element("munder", element("mo", escaped(sign), movablelimits="false"), write(indices))
            case Cases():
                return self._cases(layout)
            case Matrix(rows):
                return _fenced(_table([[write(cell) for cell in one] for one in rows]), "[", "]")

    def _cases(self, cases: Cases) -> str:
        first, second, condition = map(self.write, (cases.first, cases.second, cases.condition))
        space = element("mspace", width="0.3em")
        rows = [
            [first, element("mrow", _word(cases.words[0]), space, condition)],
            [second, _word(cases.words[1])],
        ]
        return _fenced(_table(rows), "{", "")


def _class(role: str) -> str:
    return f"role-{role}" if role else ""


def _table(rows: list[list[str]]) -> str:
    return element("mtable", *(element("mtr", *(element("mtd", cell) for cell in row)) for row in rows))


def _fenced(inside: str, left: str, right: str, *, stretchy: bool = True) -> str:
    kept = None if stretchy else "false"
    before, after = (
        element("mo", escaped(sign), form=form, stretchy=kept) if sign else ""
        for sign, form in ((left, "prefix"), (right, "postfix"))
    )
    return element("mrow", before, inside, after)


def _is_flat(layout: Layout) -> bool:
    """Tell whether a layout is about as high as a letter, so that its brackets need not grow."""
    match layout:
        case Text() | Symbol():
            return True
        case Row(parts):
            return all(map(_is_flat, parts))
        case Fenced(inside) | Power(inside):
            return _is_flat(inside)
    return False


def _text(text: str) -> str:
    parts = [_token(part) for part in _TOKENS.findall(text) if part.strip() or part in _SPACES]
    kept = _without_needless_spaces(parts)
    return kept[0] if len(kept) == 1 else element("mrow", *kept)


def _without_needless_spaces(parts: list[str]) -> list[str]:
    """Return parts without the blanks beside an operator, which has its own."""
    kept = []
    for place, part in enumerate(parts):
        beside = parts[max(place - 1, 0) : place + 2]
        if not part.startswith("<mspace") or not any(other.startswith("<mo") for other in beside):
            kept.append(part)
    return kept


def _token(part: str) -> str:
    if part in _SPACES:
        return element("mspace", width=_SPACES[part])
    if part == "ᵀ":
        return element("msup", "<mrow/>", _TRANSPOSED)
    if part[0].isdigit() or part == "∞":
        return element("mn", escaped(part))
    return _word(part) if part[0].isalpha() else element("mo", escaped(part))


def _word(name: str) -> str:
    """Return a name: a single letter is slanted, a word is upright, as browsers have it by themselves."""
    return element("mn" if name.isdigit() else "mi", escaped(name))


def _symbol(symbol: Symbol) -> str:
    base, role = _word(symbol.base), _class(symbol.role)
    match bool(symbol.below), bool(symbol.above):
        case True, True:
            return element("msubsup", base, _scripts(symbol.below), _scripts(symbol.above), class_=role)
        case True, False:
            return element("msub", base, _scripts(symbol.below), class_=role)
        case False, True:
            return element("msup", base, _scripts(symbol.above), class_=role)
    return element("mrow", base, class_=role) if role else base


def _scripts(text: str) -> str:
    """Return what stands above or below a base, such as ``(1)``, ``h1``, ``0,2`` or ``w_{h1}``."""
    return _group(iter(_SCRIPT_TOKENS.findall(text)), inner=False)


def _group(tokens: Iterator[str], *, inner: bool = True) -> str:
    """Return the tokens up to the brace that ends an inner group, with scripts at what stands before these."""
    parts: list[str] = []
    for token in tokens:
        if token == "}" and inner:
            break
        if token in ("_{", "^{"):
            base = parts.pop() if parts else "<mrow/>"
            parts.append(element("msub" if token == "_{" else "msup", base, _group(tokens)))
        else:
            parts += _script_token(token)
    return parts[0] if len(parts) == 1 else element("mrow", *parts)


def _script_token(token: str) -> list[str]:
    if token.isspace():
        return []
    if token.isalpha():
        return [_word(letter) for letter in token] if len(token) <= _LONGEST_INDEX else [_word(token)]
    if token[0].isdigit():
        return [element("mn", escaped(token))]
    return [element("mo", escaped(token), stretchy=None if token == "," else "false")]
