r"""Equations as LaTeX, in the form a textbook prints: ``d_w1[i,j]`` as :math:`\partial E/\partial w^{(1)}_{ij}`."""

from __future__ import annotations

import re

from chainrule.equations import Equation, Expr
from chainrule.typeset import (
    DOT,
    GREEK,
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
    Typesetter,
)

_COMMANDS = {sign: rf"\{name}" for name, sign in GREEK.items()}
_OPERATORS = ("ln", "max", "min", "sin", "cos", "sinh", "cosh", "tanh", "arctan")
_SIGNS = {
    THIN: r"\,",
    DOT: r" \cdot ",
    "∑": r"\sum",
    "∂": r"\partial ",
    "−": "-",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
}
_SIGNS |= {
    "·": r"\cdot ",
    "←": r"\leftarrow",
    "ᵀ": r"\top",
    "⊙": r"\odot ",
    "…": r"\dots ",
    "%": r"\%",
    "⋮": r"\vdots ",
    "∞": r"\infty ",
}
# Signs that mean something to LaTeX, within text.
_IN_TEXT = {sign: rf"\{sign}" for sign in "#$%&_{}"} | {"^": r"\^{}", "~": r"\~{}", "\\": r"$\backslash$"}
_IN_TEXT |= {sign: f"${sign}$" for sign in "<>|"}
# What `chainrule.typeset` writes above and below symbols; anything else is a name that somebody gave.
_SCRIPTS = re.compile(r"(?:[\w,.()\[\] +\-*/<>=!]|[_^]\{|\})*")
_BRACKETS = {"(": "(", ")": ")", "|": "|"}


def latex(what: Expr | Equation) -> str:
    r"""Return an expression or equation as LaTeX for mathematical mode.

    >>> from chainrule.parsing import parse
    >>> print(latex(parse("d_z[n] = d_y[n] * y[n] * (1 - y[n])")))
    \frac{\partial E}{\partial z_{n}} = \frac{\partial E}{\partial y_{n}}\,y_{n}\,\left(1 - y_{n}\right)
    """
    if isinstance(what, Equation):
        sign = r"\leftarrow" if what.update else "="
        return f"{latex(what.target)} {sign} {latex(what.value)}"
    return to_latex(Typesetter().layout(what))


def to_latex(layout: Layout, colours: bool = False) -> str:
    r"""Write a layout for mathematical mode; with `colours` a quantity stands in its role's ``\cr...`` command."""

    def write(layout: Layout) -> str:
        match layout:
            case Text(text):
                return _text(text)
            case Symbol():
                return _coloured(_symbol(layout), layout.role, colours)
            case Derivative(of, by, role):
                return _coloured(rf"\frac{{\partial {write(of)}}}{{\partial {write(by)}}}", role, colours)
            case Row(parts):
                return "".join(map(write, parts))
            case Fraction(top, bottom):
                return rf"\frac{{{write(top)}}}{{{write(bottom)}}}"
            case Power(base, exponent):
                inside = write(base)
                return (
                    f"{{{inside}}}^{{{write(exponent)}}}"
                    if getattr(base, "above", "")
                    else f"{inside}^{{{write(exponent)}}}"
                )
            case Root(inside):
                return rf"\sqrt{{{write(inside)}}}"
            case Fenced(inside, left, right) if left in _BRACKETS:
                return rf"\left{left}{write(inside)}\right{right}"
            case Fenced(inside, left, right):
                return f"{left}{write(inside)}{right}"
            case Over(sign, indices):
                return rf"{_text(sign)}_{{{write(indices)}}} "
            case Cases(condition, first, second, (is_so, otherwise)):
                rows = (
                    rf"{write(first)} & \text{{{is_so} }} {write(condition)} \\ {write(second)} & \text{{{otherwise}}}"
                )
                return rf"\begin{{cases}} {rows} \end{{cases}}"
            case Matrix(rows):
                lines = r" \\ ".join(" & ".join(map(write, one)) for one in rows)
                return rf"\begin{{bmatrix}} {lines} \end{{bmatrix}}"

    return write(layout)


def _coloured(text: str, role: str, colours: bool) -> str:
    return rf"{role_command(role)}{{{text}}}" if colours and role else text


def role_command(role: str) -> str:
    r"""Return the command that gives a quantity the colour of its role.

    >>> print(role_command("d_input"))
    \crdinput
    """
    return rf"\cr{role.replace('_', '')}"


def _symbol(symbol: Symbol) -> str:
    base = _word(symbol.base)
    if symbol.above:
        base += f"^{{{_scripts(symbol.above)}}}"
    return base + (f"_{{{_scripts(symbol.below)}}}" if symbol.below else "")


def _scripts(text: str) -> str:
    """Return what stands above or below: words upright, letters and what already is in groups as it is."""
    if not _SCRIPTS.fullmatch(text):
        return _word(text)
    head, brace, rest = text.partition("{")
    parts = [_script_word(part) for part in _split(head)]
    if not brace:
        return "".join(parts)
    end = _closing(rest)
    return "".join(parts) + "{" + _scripts(rest[:end]) + "}" + _scripts(rest[end + 1 :])


def _closing(text: str) -> int:
    depth = 0
    for place, sign in enumerate(text):
        if sign == "}" and depth == 0:
            return place
        depth += {"{": 1, "}": -1}.get(sign, 0)
    return len(text)


def _split(text: str) -> list[str]:
    """Return the runs of letters of a text, and what stands between them."""
    parts: list[str] = []
    for sign in text:
        if parts and parts[-1][-1].isalpha() and sign.isalpha():
            parts[-1] += sign
        else:
            parts.append(sign)
    return parts


def _script_word(part: str) -> str:
    return part if not part.isalpha() or len(part) <= 2 else _word(part)


def _word(name: str) -> str:
    if name in _COMMANDS:
        return _COMMANDS[name]
    if name.isascii() and name.isalnum():
        return name if len(name) == 1 else rf"\mathrm{{{name}}}"
    return rf"\text{{{''.join(_IN_TEXT.get(sign, sign) for sign in name)}}}"


def _text(text: str) -> str:
    if text in _COMMANDS:
        return _COMMANDS[text]
    if text in _OPERATORS:
        return rf"\{text}"
    if text.isalpha() and len(text) > 1:
        return rf"\operatorname{{{text}}}"
    return _SIGNS.get(text) or "".join(_SIGNS.get(sign, sign) for sign in text)
