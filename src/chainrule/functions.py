"""Every function and operator of the language, one entry each: value, derivatives, LaTeX.

A derivative is a formula in the function's arguments (``x``; ``x`` and ``u`` where there are two; ``c``,
``x``, ``u`` for a choice) and its value ``y``. Where a derivative mentions ``y``, the value is kept from the
forward pass instead of being computed again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from chainrule.equations import COMPARISONS, Expr, refs
from chainrule.errors import InputError, unknown
from chainrule.parsing import parse_expression

Value = Callable[..., Any]


@dataclass(frozen=True)
class Function:
    """One scalar function.

    `value(xp, *args)` computes it on an array namespace; `derivatives` has one formula for each argument;
    `latex` has a place for each argument; `kink` is the formula whose change of sign is a kink of the
    function (differences across it mean nothing); `reflected` says what the value at -x is in terms of ``y``.
    """

    name: str
    value: Value
    derivatives: tuple[str, ...]
    latex: str
    kink: str | None = None
    reflected: str | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names that the formulas of this entry use for the arguments."""
        return {1: ("x",), 2: ("x", "u"), 3: ("c", "x", "u")}[len(self.derivatives)]

    @cached_property
    def slopes(self) -> tuple[Expr, ...]:
        """The derivatives, read."""
        return tuple(parse_expression(text) for text in self.derivatives)

    @cached_property
    def reflection(self) -> Expr | None:
        """The value at -x, read."""
        return parse_expression(self.reflected) if self.reflected else None

    @cached_property
    def kink_value(self) -> Expr | None:
        """The formula of the kink, read."""
        return parse_expression(self.kink) if self.kink else None

    @cached_property
    def keeps_value(self) -> bool:
        """Whether a derivative is written in the function's value."""
        return any(ref.name == "y" for slope in self.slopes for ref in refs(slope))


def _sigmoid(xp: Any, x: Any) -> Any:
    # exp may overflow to infinity far on the left, where 1/infinity is the right answer.
    return 1.0 / (1.0 + xp.exp(-x))


def _softplus(xp: Any, x: Any) -> Any:
    return xp.maximum(x, xp.zeros_like(x)) + xp.log1p(xp.exp(-xp.abs(x)))


def _erf(xp: Any, x: Any) -> Any:
    if hasattr(xp, "erf"):
        return xp.erf(x)
    from scipy.special import erf

    return xp.asarray(erf(x))


def _simple(name: str) -> Value:
    return lambda xp, *args: getattr(xp, name)(*args)


def _infix(symbol: str, latex: str, x: str, u: str, value: Value, kink: str | None = None) -> Function:
    return Function(symbol, value, (x, u), latex, kink)


_COMPARISON_LATEX = dict(zip(COMPARISONS, ("<", r"\le", ">", r"\ge", "=", r"\ne"), strict=True))
_COMPARISON_VALUE: dict[str, Value] = {
    "<": lambda xp, x, u: x < u,
    "<=": lambda xp, x, u: x <= u,
    ">": lambda xp, x, u: x > u,
    ">=": lambda xp, x, u: x >= u,
    "==": lambda xp, x, u: x == u,
    "!=": lambda xp, x, u: x != u,
}

_ENTRIES = (
    _infix("+", "{0} + {1}", "1", "1", lambda xp, x, u: x + u),
    _infix("-", "{0} - {1}", "1", "-1", lambda xp, x, u: x - u),
    _infix("*", r"{0}\,{1}", "u", "x", lambda xp, x, u: x * u),
    _infix("/", r"\frac{{{0}}}{{{1}}}", "1 / u", "-x / u**2", lambda xp, x, u: x / u),
    # By the exponent only where the base is above 0: at 0 the slope is 0, below it there is none.
    _infix("**", "{0}^{{{1}}}", "u * x**(u - 1)", "where(x > 0, y * log(x), 0)", lambda xp, x, u: x**u),
    Function("neg", lambda xp, x: -x, ("-1",), "-{0}"),
    *(
        _infix(sign, f"[{{0}} {_COMPARISON_LATEX[sign]} {{1}}]", "0", "0", _COMPARISON_VALUE[sign], "x - u")
        for sign in COMPARISONS
    ),
    Function(
        "where",
        _simple("where"),
        ("0", "c", "1 - c"),
        r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
    ),
    Function("stop", lambda xp, x: x, ("0",), r"\operatorname{{stop}}\left({0}\right)"),
    Function("exp", _simple("exp"), ("y",), r"e^{{{0}}}"),
    Function("expm1", _simple("expm1"), ("y + 1",), r"\left(e^{{{0}}} - 1\right)"),
    Function("log", _simple("log"), ("1 / x",), r"\ln\left({0}\right)"),
    Function("log1p", _simple("log1p"), ("1 / (1 + x)",), r"\ln\left(1 + {0}\right)"),
    Function("sqrt", _simple("sqrt"), ("1 / (2 * y)",), r"\sqrt{{{0}}}"),
    Function("abs", _simple("abs"), ("sign(x)",), r"\left|{0}\right|", kink="x"),
    Function("sign", _simple("sign"), ("0",), r"\operatorname{{sign}}\left({0}\right)", kink="x"),
    Function("maximum", _simple("maximum"), ("x >= u", "x < u"), r"\max\left({0}, {1}\right)", kink="x - u"),
    Function("minimum", _simple("minimum"), ("x <= u", "x > u"), r"\min\left({0}, {1}\right)", kink="x - u"),
    Function("sin", _simple("sin"), ("cos(x)",), r"\sin\left({0}\right)"),
    Function("cos", _simple("cos"), ("-sin(x)",), r"\cos\left({0}\right)"),
    Function("sinh", _simple("sinh"), ("cosh(x)",), r"\sinh\left({0}\right)"),
    Function("cosh", _simple("cosh"), ("sinh(x)",), r"\cosh\left({0}\right)"),
    Function("tanh", _simple("tanh"), ("1 - y**2",), r"\tanh\left({0}\right)"),
    Function("arctan", _simple("atan"), ("1 / (1 + x**2)",), r"\arctan\left({0}\right)"),
    Function("erf", _erf, (f"{2 / math.sqrt(math.pi)!r} * exp(-x**2)",), r"\operatorname{{erf}}\left({0}\right)"),
    Function("sigmoid", _sigmoid, ("y * (1 - y)",), r"\sigma\left({0}\right)", reflected="1 - y"),
    Function("softplus", _softplus, ("sigmoid(x)",), r"\operatorname{{softplus}}\left({0}\right)"),
    Function(
        "relu",
        lambda xp, x: xp.maximum(x, xp.zeros_like(x)),
        ("x > 0",),
        r"\operatorname{{relu}}\left({0}\right)",
        kink="x",
    ),
)

FUNCTIONS: dict[str, Function] = {entry.name: entry for entry in _ENTRIES}


def wrong_call(name: str, values: int) -> str | None:
    """Return what is wrong with calling a function by this name with so many values, or None."""
    try:
        takes = len(function(name).derivatives)
    except InputError as error:
        return str(error)
    return None if takes == values else f"{name} takes {takes} value{'s' * (takes > 1)}, not {values}"


@cache
def function(name: str) -> Function:
    """Return the entry of a function; raises `InputError` with the nearest known name.

    >>> function("sigmoid").derivatives
    ('y * (1 - y)',)
    """
    if name not in FUNCTIONS:
        raise unknown("function", name, (key for key in FUNCTIONS if key.isidentifier()))
    return FUNCTIONS[name]
