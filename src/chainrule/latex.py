r"""Equations as LaTeX, in the form a textbook prints: ``d_w1[i,j]`` as :math:`\partial E/\partial w^{(1)}_{ij}`."""

from __future__ import annotations

from chainrule.equations import COMPARISONS, Call, Const, Equation, Expr, Index, Reduce, Ref, Size
from chainrule.functions import function

_GREEK = ("mu", "sigma", "beta", "alpha", "delta", "epsilon", "rho")
_SIGNS = {"rate": r"\eta", "bias_rate": r"\eta_b", "step": r"\mathrm{step}"}
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)


def latex(what: Expr | Equation) -> str:
    r"""Return an expression or equation as LaTeX for mathematical mode.

    >>> from chainrule.parsing import parse
    >>> print(latex(parse("d_z[n] = d_y[n] * y[n] * (1 - y[n])")))
    \frac{\partial E}{\partial z_{n}} = \frac{\partial E}{\partial y_{n}}\,y_{n}\,\left(1 - y_{n}\right)
    """
    if isinstance(what, Equation):
        sign = r"\leftarrow" if what.update else "="
        return f"{latex(what.target)} {sign} {latex(what.value)}"
    match what:
        case Const(value):
            return _number(value)
        case Index(name):
            return _index(name)
        case Size(index):
            return _index(index).upper()
        case Ref(name, indices):
            return _reference(name, indices)
        case Reduce(kind, indices, body):
            return _reduction(kind, indices, body)
        case Call(name, args):
            return _call(name, args)
    raise TypeError(f"not an expression of the language: {what!r}")


def _number(value: float) -> str:
    text = str(Const(value))
    if "e" in text:
        digits, power = text.split("e")
        factor = "" if digits == "1" else rf"{digits} \cdot "
        return rf"{factor}10^{{{int(power)}}}"
    return text


def _index(name: str) -> str:
    return name if len(name) == 1 else f"{name[0]}_{{{name[1:]}}}"


def _reference(name: str, indices: tuple[Expr, ...]) -> str:
    if name.startswith("d_"):
        return rf"\frac{{\partial E}}{{\partial {_reference(name[2:], indices)}}}"
    plain = all(isinstance(index, Index) for index in indices)
    subscript = ("" if plain else ",").join(map(latex, indices))
    return _name(name) + (f"_{{{subscript}}}" if subscript else "")


def _name(name: str) -> str:
    """Return the symbol: layer numbers on top in brackets, words upright.

    What was split off an array or belongs to one says so on top: ``y_max``, ``m_w1``.
    """
    if name in _SIGNS:
        return _SIGNS[name]
    base, _, suffix = name.partition("_")
    letters = base.rstrip("0123456789")
    number = base[len(letters) :]
    symbol = rf"\{letters}" if letters in _GREEK else letters if len(letters) == 1 else rf"\mathrm{{{letters}}}"
    top = [f"({number})"] if number else []
    if suffix:
        top.append(_name(suffix))
    return symbol + (f"^{{{','.join(top)}}}" if top else "")


def _reduction(kind: str, indices: tuple[str, ...], body: Expr) -> str:
    below = ",".join(map(_index, indices))
    inside = _bracket(body, _PRODUCT)
    if kind == "max":
        return rf"\max_{{{below}}} {inside}"
    sizes = "".join(_index(index).upper() for index in indices)
    return (rf"\frac{{1}}{{{sizes}}} " if kind == "mean" else "") + rf"\sum_{{{below}}} {inside}"


def _call(name: str, args: tuple[Expr, ...]) -> str:
    match name, args:
        case "*", (left, right):
            dot = r" \cdot " if isinstance(right, Const) or _begins_with_number(right) else r"\,"
            return _bracket(left, _PRODUCT) + dot + _bracket(right, _SIGN)
        case "-", (left, right):
            return f"{latex(left)} - {_bracket(right, _PRODUCT)}"
        case "**", (base, power):
            return f"{_bracket(base, _ATOM)}^{{{latex(power)}}}"
        case "neg", (arg,):
            return f"-{_bracket(arg, _PRODUCT)}"
        case "where", (condition, first, second):
            # The brackets that make a number of a comparison are not needed here.
            comparison = isinstance(condition, Call) and condition.function in COMPARISONS
            test = latex(condition)[1:-1] if comparison else latex(condition)
            return function(name).latex.format(test, latex(first), latex(second))
    return function(name).latex.format(*map(latex, args))


def _begins_with_number(expr: Expr) -> bool:
    while isinstance(expr, Call) and expr.function in ("*", "**"):
        expr = expr.args[0]
    return isinstance(expr, Const)


def _bracket(expr: Expr, at_least: int) -> str:
    return latex(expr) if _binding(expr) >= at_least else rf"\left({latex(expr)}\right)"


def _binding(expr: Expr) -> int:
    match expr:
        case Call("+" | "-", _) | Reduce():
            return _SUM
        case Call("*", _) | Call("/", _):
            return _PRODUCT if expr.function == "*" else _POWER
        case Call("neg", _):
            return _SUM
        case Const(value) if value < 0:
            return _SUM
        case Call("**", _):
            return _POWER
        case Const():
            return _POWER if "e" in str(expr) else _ATOM
        case Call(name, _) if name in COMPARISONS:
            return _ATOM
        case Call("where", _):
            return _SUM
        case Call("exp", _):
            return _POWER
        case Ref(name, _) if name.startswith("d_") or "^" in _name(name):
            return _POWER
    return _ATOM
