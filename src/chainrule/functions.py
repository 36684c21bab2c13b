"""Every function and operator of the language, one entry each: value, derivatives, how it is written.

A derivative is a formula in the function's arguments (``x``; ``x`` and ``u`` where there are two; ``c``,
``x``, ``u`` for a choice) and its value ``y``. Where a derivative mentions ``y``, the value is kept from the
forward pass instead of being computed again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from chainrule.equations import COMPARISONS, Expr, refs, substitute
from chainrule.errors import InputError, unknown
from chainrule.parsing import parse_expression

Value = Callable[..., Any]


@dataclass(frozen=True)
class Function:
    """One scalar function.

    `value(xp, *args)` computes it on an array namespace; `derivatives` has one formula for each argument;
    `symbol` is its sign in print, `written` a formula that says the same in simpler functions, as one would
    calculate it; without a symbol the formula is printed in its place. `kink` is the formula whose change of sign is a
    kink of the function (differences across it mean nothing); `reflected` says what the value at -x is in terms of
    ``y``.
    """

    name: str
    value: Value
    derivatives: tuple[str, ...]
    symbol: str = ""
    kink: str | None = None
    reflected: str | None = None
    written: str | None = None

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

    def written_for(self, args: Sequence[Expr]) -> Expr | None:
        """Return the formula in simpler functions with arguments in place, if there is one."""
        if self.written is None:
            return None
        return substitute(parse_expression(self.written), dict(zip(self.arguments, args, strict=True)))

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


def _infix(symbol: str, x: str, u: str, value: Value, kink: str | None = None) -> Function:
    return Function(symbol, value, (x, u), symbol, kink)


_COMPARISON_VALUE: dict[str, Value] = {
    "<": lambda xp, x, u: x < u,
    "<=": lambda xp, x, u: x <= u,
    ">": lambda xp, x, u: x > u,
    ">=": lambda xp, x, u: x >= u,
    "==": lambda xp, x, u: x == u,
    "!=": lambda xp, x, u: x != u,
}

_ENTRIES = (
    _infix("+", "1", "1", lambda xp, x, u: x + u),
    _infix("-", "1", "-1", lambda xp, x, u: x - u),
    _infix("*", "u", "x", lambda xp, x, u: x * u),
    _infix("/", "1 / u", "-x / u**2", lambda xp, x, u: x / u),
    # By the exponent only where the base is above 0: at 0 the slope is 0, below it there is none.
    _infix("**", "u * x**(u - 1)", "where(x > 0, y * log(x), 0)", lambda xp, x, u: x**u),
    Function("neg", lambda xp, x: -x, ("-1",), "-"),
    *(_infix(sign, "0", "0", _COMPARISON_VALUE[sign], "x - u") for sign in COMPARISONS),
    Function("where", _simple("where"), ("0", "c", "1 - c"), "where"),
    Function("stop", lambda xp, x: x, ("0",), "stop"),
    Function("exp", _simple("exp"), ("y",), "exp"),
    Function("expm1", _simple("expm1"), ("y + 1",), written="exp(x) - 1"),
    Function("log", _simple("log"), ("1 / x",), "ln"),
    Function("log1p", _simple("log1p"), ("1 / (1 + x)",), written="log(1 + x)"),
    Function("sqrt", _simple("sqrt"), ("1 / (2 * y)",), "sqrt"),
    Function("abs", _simple("abs"), ("sign(x)",), "abs", kink="x"),
    Function("sign", _simple("sign"), ("0",), "sign", kink="x"),
    Function("maximum", _simple("maximum"), ("x >= u", "x < u"), "max", kink="x - u"),
    Function("minimum", _simple("minimum"), ("x <= u", "x > u"), "min", kink="x - u"),
    Function("sin", _simple("sin"), ("cos(x)",), "sin"),
    Function("cos", _simple("cos"), ("-sin(x)",), "cos"),
    Function("sinh", _simple("sinh"), ("cosh(x)",), "sinh"),
    Function("cosh", _simple("cosh"), ("sinh(x)",), "cosh"),
    Function("tanh", _simple("tanh"), ("1 - y**2",), "tanh"),
    Function("arctan", _simple("atan"), ("1 / (1 + x**2)",), "arctan"),
    Function("erf", _erf, (f"{2 / math.sqrt(math.pi)!r} * exp(-x**2)",), "erf"),
    Function("sigmoid", _sigmoid, ("y * (1 - y)",), "σ", reflected="1 - y", written="1 / (1 + exp(-x))"),
    Function("softplus", _softplus, ("sigmoid(x)",), "softplus", written="log(1 + exp(x))"),
    Function(
        "relu", lambda xp, x: xp.maximum(x, xp.zeros_like(x)), ("x > 0",), "relu", kink="x", written="maximum(0, x)"
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
