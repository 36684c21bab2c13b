"""How an expression is set: fractions, brackets, signs; before any format such as LaTeX has its say.

`Typesetter` turns expressions into a `Layout`, a tree of a few kinds of boxes, and knows where brackets are needed.
`chainrule.latex` and the formats of `chainrule.explain` write layouts; none of them looks at an expression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.equations import COMPARISONS, Call, Const, Expr, Index, Reduce, Ref, Size
from chainrule.functions import function

GREEK = {"mu": "μ", "sigma": "σ", "beta": "β", "alpha": "α", "delta": "δ", "epsilon": "ε", "rho": "ρ", "eta": "η"}
_SIGNS = {"rate": ("η", ""), "bias_rate": ("η", "b"), "step": ("step", "")}
_COMPARISON_SIGNS = dict(zip(COMPARISONS, "<≤>≥=≠", strict=True))
THIN, DOT = "\u2009", " · "
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)


@dataclass(frozen=True)
class Text:
    """Signs, words and numbers as they stand; a word is upright, a letter slanted."""

    text: str


@dataclass(frozen=True)
class Symbol:
    """The name of a quantity: with what stands below and above it, or `plain`, in one line.

    `role` is what the quantity is for the network, for its colour.
    """

    plain: str
    base: str
    below: str = ""
    above: str = ""
    role: str = ""


@dataclass(frozen=True)
class Derivative:
    """A partial derivative, of one quantity with respect to another."""

    of: Layout
    by: Layout
    role: str = ""


@dataclass(frozen=True)
class Row:
    """One after the other."""

    parts: tuple[Layout, ...]


@dataclass(frozen=True)
class Fraction:
    """One above the other."""

    top: Layout
    bottom: Layout


@dataclass(frozen=True)
class Power:
    """A base and its exponent."""

    base: Layout
    exponent: Layout


@dataclass(frozen=True)
class Root:
    """A square root."""

    inside: Layout


@dataclass(frozen=True)
class Fenced:
    """Something in brackets or bars."""

    inside: Layout
    left: str = "("
    right: str = ")"


@dataclass(frozen=True)
class Over:
    """The sign of a sum or a maximum, and the indices that it runs over."""

    sign: str
    indices: Layout


@dataclass(frozen=True)
class Cases:
    """One value if a condition holds, another otherwise; `words` are those for "if" and "otherwise"."""

    condition: Layout
    first: Layout
    second: Layout
    words: tuple[str, str] = ("if", "otherwise")


@dataclass(frozen=True)
class Matrix:
    """Numbers in rows and columns, in brackets."""

    rows: tuple[tuple[Layout, ...], ...]


Layout = Text | Symbol | Derivative | Row | Fraction | Power | Root | Fenced | Over | Cases | Matrix


def row(*parts: Layout | str) -> Row:
    """Put layouts and texts one after the other."""
    return Row(tuple(Text(part) if isinstance(part, str) else part for part in parts))


def index_symbol(name: str) -> Symbol:
    """Return the sign of an index: ``j1`` with its number below."""
    return Symbol(name, name[0], name[1:])


def reference(expr: Ref) -> Layout:
    """Return the sign of an array's element as the program names it: ``d_w1[i,j]`` as a derivative of E."""
    if expr.name.startswith("d_"):
        return Derivative(Symbol("E", "E"), reference(Ref(expr.name[2:], expr.indices)))
    plain = all(isinstance(index, Index) for index in expr.indices)
    subscripts = [_in_subscript(index) for index in expr.indices]
    base, below, above = base_and_numbers(expr.name)
    return Symbol(str(expr), base, below + ("" if plain else ",").join(subscripts), above)


def base_and_numbers(name: str) -> tuple[str, str, str]:
    """Return the letter of a name, what stands below and what above it: the number of its layer, in brackets.

    What was split off an array or belongs to one says so on top: ``y_max``, ``m_w1``.
    """
    if name in _SIGNS:
        return *_SIGNS[name], ""
    base, _, suffix = name.partition("_")
    letters = base.rstrip("0123456789")
    number = base[len(letters) :]
    top = [f"({number})"] if number else []
    if suffix:
        first, below, above = base_and_numbers(suffix)
        top.append(first + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else ""))
    return GREEK.get(letters, letters), "", ",".join(top)


def _in_subscript(index: Expr) -> str:
    """Return an index as it stands below a symbol; one that is itself an element has its own below it."""
    match index:
        case Index(name):
            return name if len(name) == 1 else f"{name[0]}_{{{name[1:]}}}"
        case Ref(name, indices):
            inside = "".join(map(_in_subscript, indices))
            return f"{base_and_numbers(name)[0]}_{{{inside}}}"
    return str(index)


class Typesetter:
    """Sets expressions, with quantities and numbers as `symbol` and `number` have them.

    With `dots` every product has its dot, as between numbers; without, factors stand side by side.
    """

    words = ("if", "otherwise")

    def __init__(
        self,
        symbol: Callable[[Ref], Layout] = reference,
        number: Callable[[float], str] = lambda value: str(Const(value)),
        *,
        dots: bool = False,
    ):
        self.symbol, self.number, self.dots = symbol, number, dots

    def layout(self, expr: Expr) -> Layout:
        """Return how an expression is set; raises `TypeError` for what is none."""
        match expr:
            case Const(value):
                return self._number(value)
            case Index(name):
                return index_symbol(name)
            case Size(index):
                return Symbol(index.upper(), index[0].upper(), index[1:])
            case Ref():
                return self.symbol(expr)
            case Reduce(kind, indices, body):
                return self._reduction(kind, indices, body)
            case Call(name, args):
                return self._call(name, args)
        raise TypeError(f"not an expression of the language: {expr!r}")

    def cells(self, expr: Expr) -> list[tuple[str, Layout]]:
        """Return the terms of a sum or the factors of a product, each with the sign before it; the first has none.

        What is neither is one cell.
        """
        match expr:
            case Call("+" | "-" as sign, (left, right)):
                before = self.cells(left) if _is_call(left, "+", "-") else [("", self.layout(left))]
                least = _PRODUCT if sign == "-" or _begins_below(right) else _SUM
                return [*before, ("+" if sign == "+" else "−", self._bracket(right, least))]
            case Call("*", (left, right)):
                before = self.cells(left) if _is_call(left, "*") else [("", self._bracket(left, _PRODUCT))]
                return [*before, ("·", self._factor(right))]
        return [("", self.layout(expr))]

    def _factor(self, expr: Expr) -> Layout:
        """Return one factor of a row of them; one that is a product itself needs no brackets."""
        if not _is_call(expr, "*"):
            return self._bracket(expr, _SIGN)
        assert isinstance(expr, Call)
        left, right = self._factor(expr.args[0]), self._bracket(expr.args[1], _SIGN)
        return row(left, " " if isinstance(right, Fenced) else DOT, right)

    def _number(self, value: float) -> Layout:
        text = self.number(value)
        if "e" not in text:
            return Text(text.replace("-", "−", 1))
        digits, power = text.split("e")
        factor = () if digits == "1" else (Text(digits.replace("-", "−")), Text(DOT))
        return Row((*factor, Power(Text("10"), Text(str(int(power)).replace("-", "−")))))

    def _reduction(self, kind: str, indices: tuple[str, ...], body: Expr) -> Layout:
        names = [index_symbol(index) for index in indices]
        below = Row(tuple(part for name in names for part in (Text(","), name))[1:])
        inside = self._bracket(body, _PRODUCT)
        if kind == "max":
            return row(Over("max", below), inside)
        total = row(Over("∑", below), inside)
        sizes = Row(tuple(self.layout(Size(index)) for index in indices))
        return row(Fraction(Text("1"), sizes), " ", total) if kind == "mean" else total

    def _call(self, name: str, args: tuple[Expr, ...]) -> Layout:
        match name, args:
            case "+", (left, right):
                return row(self.layout(left), " + ", self._bracket(right, _PRODUCT if _begins_below(right) else _SUM))
            case "-", (left, right):
                return row(self.layout(left), " − ", self._bracket(right, _PRODUCT))
            case "*", (left, right):
                dot = self.dots or isinstance(right, Const) or _begins_with_number(right)
                return row(self._bracket(left, _PRODUCT), DOT if dot else THIN, self._bracket(right, _SIGN))
            case "/", (left, right):
                return Fraction(self.layout(left), self.layout(right))
            case "**", (base, power):
                return Power(self._bracket(base, _ATOM), self.layout(power))
            case "neg", (arg,):
                return row("−", self._bracket(arg, _PRODUCT))
            case "exp", (arg,):
                return Power(Text("e"), self.layout(arg))
            case "sqrt", (arg,):
                return Root(self.layout(arg))
            case "abs", (arg,):
                return Fenced(self.layout(arg), "|", "|")
            case "where", (condition, first, second):
                # The brackets that make a number of a comparison are not needed here.
                is_comparison = isinstance(condition, Call) and condition.function in COMPARISONS
                test = self._comparison(condition) if is_comparison else self.layout(condition)
                return Cases(test, self.layout(first), self.layout(second), self.words)
            case _ if name in COMPARISONS:
                return Fenced(self._comparison(Call(name, args)), "[", "]")
        entry = function(name)
        if not entry.symbol and (simpler := entry.written_for(args)):
            return Fenced(self.layout(simpler))
        commas = [part for arg in args for part in (Text(", "), self.layout(arg))][1:]
        return row(entry.symbol, Fenced(Row(tuple(commas))))

    def _comparison(self, expr: Expr) -> Layout:
        assert isinstance(expr, Call)
        left, right = map(self.layout, expr.args)
        return row(left, f" {_COMPARISON_SIGNS[expr.function]} ", right)

    def _bracket(self, expr: Expr, at_least: int) -> Layout:
        return self.layout(expr) if self._binding(expr) >= at_least else Fenced(self.layout(expr))

    def _binding(self, expr: Expr) -> int:
        match expr:
            case Call("+" | "-" | "neg" | "where", _) | Reduce():
                return _SUM
            case Const(value) if value < 0:
                return _SUM
            case Call("*", _):
                return _PRODUCT
            case Call("/" | "**" | "exp", _):
                return _POWER
            case Const(value):
                return _POWER if "e" in self.number(value) else _ATOM
            case Ref():
                set_as = self.symbol(expr)
                has_top = isinstance(set_as, Symbol) and set_as.above
                return _POWER if has_top or isinstance(set_as, Derivative) else _ATOM
        return _ATOM


def _is_call(expr: Expr, *names: str) -> bool:
    return isinstance(expr, Call) and expr.function in names


def _begins_below(expr: Expr) -> bool:
    """Tell whether a term begins with the sign of a negative number, which needs brackets after a plus."""
    return isinstance(expr, Const) and expr.value < 0


def _begins_with_number(expr: Expr) -> bool:
    while isinstance(expr, Call) and expr.function in ("*", "**"):
        expr = expr.args[0]
    return isinstance(expr, Const)
