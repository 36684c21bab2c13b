"""Algebra for derived equations: from what the chain rule gives to what a textbook prints.

A sum is a list of `Term`s, a term a coefficient and powers of factors. Nothing is multiplied out unless that
makes the result shorter, so ``d_y * y * (1 - y)`` stays and ``(1 - t) * y - t * (1 - y)`` becomes ``y - t``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from chainrule.equations import (
    Call,
    Const,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    Size,
    call,
    free_indices,
    rebuild,
    substitute,
    walk,
)
from chainrule.functions import FUNCTIONS

_LONGEST_EXPANSION = 32
ZERO, ONE = Const(0), Const(1)


@dataclass(frozen=True)
class Knowledge:
    """What holds in a program beyond algebra.

    `names` are the values that forward equations already hold, `products` those that are products, and
    `distributions` the arrays whose last index sums to 1 (targets of cross-entropy).
    """

    names: dict[Expr, Ref] = field(default_factory=dict)
    products: tuple[tuple[Term, Ref], ...] = ()
    distributions: frozenset[str] = frozenset()

    @staticmethod
    def of(equations: Iterable[Equation], distributions: Iterable[str] = ()) -> Knowledge:
        """Collect what the equations of a forward pass hold."""
        names: dict[Expr, Ref] = {}
        products: list[tuple[Term, Ref]] = []
        for equation in equations:
            value = simplify(equation.value)
            if equation.update or isinstance(value, Ref | Const):
                continue
            if set(free_indices(value)) != set(equation.target.index_names):
                continue  # the name would bring in an index that the value lacks
            term = _term(value)
            if isinstance(value, Call) and value.function in FUNCTIONS and value.function.isidentifier():
                names.setdefault(value, equation.target)
            elif term.coefficient == 1 and len(term.factors) > 1:
                products.append((term, equation.target))
        return Knowledge(names, tuple(products), frozenset(distributions))


@dataclass(frozen=True)
class Term:
    """A coefficient times factors to whole powers; a power below 0 divides."""

    coefficient: Fraction
    factors: dict[Expr, int]

    def times(self, other: Term, power: int = 1) -> Term:
        """Multiply by a power of another term."""
        factors = dict(self.factors)
        for factor, exponent in other.factors.items():
            factors[factor] = factors.get(factor, 0) + power * exponent
        kept = {factor: exponent for factor, exponent in factors.items() if exponent}
        return Term(self.coefficient * other.coefficient**power, kept)

    @property
    def key(self) -> frozenset[tuple[Expr, int]]:
        """What two terms must share to be added up."""
        return frozenset(self.factors.items())


_UNIT = Term(Fraction(1), {})
_NOTHING = Knowledge()


def simplify(expr: Expr, knowledge: Knowledge = _NOTHING) -> Expr:
    """Return the shortest form found of `expr`.

    >>> from chainrule.parsing import parse_expression
    >>> print(simplify(parse_expression("a / N * (1/2 * (2 * (y - t)**1 * 1))")))
    a * (y - t) / N
    >>> print(simplify(parse_expression("-t * (1 - y) + (1 - t) * y")))
    y - t
    """
    try:
        plain = _simplify(expr, knowledge)
        expanded = _build(_expand(plain), knowledge)
    except OverflowError:  # a constant beyond the numbers of a computer
        return expr
    return expanded if _length(expanded) < _length(plain) else plain


def fold(expr: Expr) -> Expr:
    """Drop factors of 1, terms of 0 and products with 0; leave the rest as it was written.

    >>> from chainrule.parsing import parse_expression
    >>> print(fold(parse_expression("(1 - 0) * a + 0 * b / 2")))
    a
    """
    match rebuild(expr, fold):
        case Call("-", (Const() as left, Const() as right)):
            return simplify(left - right)
        case Call("*", (Const(0), _)) | Call("*", (_, Const(0))) | Call("/", (Const(0), _)):
            return ZERO
        case Call("*", (Const(1), other)) | Call("+", (Const(0), other)):
            return other
        case Call("*" | "/" | "**", (other, Const(1))) | Call("+" | "-", (other, Const(0))):
            return other
        case folded:
            return folded


def _length(expr: Expr) -> int:
    return sum(1 for _ in walk(expr))


def _simplify(expr: Expr, knowledge: Knowledge) -> Expr:
    expr = rebuild(expr, lambda child: _simplify(child, knowledge))
    match expr:
        case Call("+" | "-" | "neg" | "*" | "/" | "**", _):
            return _build(_terms(expr), knowledge)
        case Call("where", (condition, first, second)):
            return _choice(condition, first, second, knowledge)
        case Call(function, (Call("neg", (inner,)),)) if reflection := FUNCTIONS[function].reflection:
            positive = knowledge.names.get(Call(function, (inner,)), Call(function, (inner,)))
            return _simplify(substitute(reflection, {"y": positive}), knowledge)
        case Reduce():
            return _reduce(expr, knowledge)
    return knowledge.names.get(expr, expr)


def _choice(condition: Expr, first: Expr, second: Expr, knowledge: Knowledge) -> Expr:
    if first == second:
        return first
    if ZERO in (first, second):
        return Call("where", (condition, first, second))
    # What both values share goes in front of the choice; it is computed for both in any case.
    one, two = _term(first), _term(second)
    shared = {f: e for f, e in one.factors.items() if two.factors.get(f) == e}
    common = Term(Fraction(1), shared)
    rest = tuple(_build([term.times(common, -1)], knowledge) for term in (one, two))
    choice = Call("where", (condition, *rest))
    return _build([common.times(Term(Fraction(1), {choice: 1}))], knowledge)


def _reduce(expr: Reduce, knowledge: Knowledge) -> Expr:
    kind, indices, body = expr.kind, expr.indices, expr.body
    if kind == "max":
        return expr if set(indices) & set(free_indices(body)) else body
    term = _term(body)
    bound = set(indices)
    outside = {f: e for f, e in term.factors.items() if not bound & set(free_indices(f))}
    inside = {f: e for f, e in term.factors.items() if f not in outside}
    front = Term(term.coefficient, outside)
    depends = set(free_indices(_product(Term(Fraction(1), inside))))
    for index in indices:
        if index not in depends and kind == "sum":
            front = front.times(Term(Fraction(1), {Size(index): 1}))
    kept = tuple(index for index in indices if index in depends)
    rest: Expr = _product(Term(Fraction(1), inside))
    if kept and not _sums_to_one(kind, kept, rest, knowledge):
        reduced: Expr = Reduce(kind, kept, rest)
        front = front.times(Term(Fraction(1), {reduced: 1}))
    return _build([front], knowledge)


def _sums_to_one(kind: str, indices: tuple[str, ...], body: Expr, knowledge: Knowledge) -> bool:
    return (
        kind == "sum"
        and isinstance(body, Ref)
        and body.name in knowledge.distributions
        and body.indices[-1:] == tuple(Index(index) for index in indices)
    )


def _exact(value: float) -> Fraction:
    return Fraction(value) if isinstance(value, int) else Fraction(repr(value))


def _terms(expr: Expr) -> list[Term]:
    """Split a sum whose parts are simplified already."""
    match expr:
        case Call("+", (left, right)):
            return _terms(left) + _terms(right)
        case Call("-", (left, right)):
            return _terms(left) + _negated(_terms(right))
        case Call("neg", (arg,)):
            return _negated(_terms(arg))
    term = _term(expr)
    match list(term.factors.items()):
        case [(Call("+" | "-", _) as only, 1)] if abs(term.coefficient) == 1:
            return _terms(only) if term.coefficient == 1 else _negated(_terms(only))
    return [term] if term.coefficient else []


def _is_sum(expr: Expr) -> bool:
    return isinstance(expr, Call) and expr.function in ("+", "-")


def _negated(terms: list[Term]) -> list[Term]:
    return [Term(-term.coefficient, term.factors) for term in terms]


def _term(expr: Expr) -> Term:
    match expr:
        case Const(value):
            return Term(_exact(value), {})
        case Call("neg", (arg,)):
            return Term(Fraction(-1), {}).times(_term(arg))
        case Call("*", (left, right)):
            return _term(left).times(_term(right))
        case Call("/", (left, right)) if right != ZERO:
            return _term(left).times(_term(right), -1)
        case Call("**", (base, Const(power))) if power == int(power) and base != ZERO and abs(power) <= 64:
            return _UNIT.times(_term(base), int(power))
    return Term(Fraction(1), {expr: 1})


def _collect(terms: Iterable[Term]) -> list[Term]:
    """Add up terms with the same factors, and choices on the same condition."""
    sums: dict[frozenset[tuple[Expr, int]], Term] = {}
    for term in terms:
        before = sums.get(term.key)
        coefficient = term.coefficient + (before.coefficient if before else 0)
        sums[term.key] = Term(coefficient, before.factors if before else term.factors)
    return [term for term in sums.values() if term.coefficient]


def _merge_choices(terms: list[Term], knowledge: Knowledge) -> list[Term]:
    """``where(c, a, 0) + where(c, 0, b)`` is ``where(c, a, b)``."""
    branches: dict[Expr, list[Call]] = {}
    rest = []
    for term in terms:
        only = next(iter(term.factors), None)
        if isinstance(only, Call) and only.function == "where" and term == Term(Fraction(1), {only: 1}):
            branches.setdefault(only.args[0], []).append(only)
        else:
            rest.append(term)
    if all(len(choices) == 1 for choices in branches.values()):
        return terms
    for condition, choices in branches.items():
        first, second = (
            _build([t for choice in choices for t in _terms(choice.args[side])], knowledge) for side in (1, 2)
        )
        rest.append(_term(_choice(condition, first, second, knowledge)))
    return rest


def _build(terms: list[Term], knowledge: Knowledge) -> Expr:
    terms = _merge_choices(_collect(_with_names(term, knowledge) for term in terms), knowledge)
    if not terms:
        return ZERO
    if len(terms) == 1:
        return _product(terms[0])
    common = _common(terms)
    if common.factors or common.coefficient != 1:
        # Taking out what is shared may lay open sums inside, which now add up with the rest.
        rest = [part for term in terms for part in _terms(_product(term.times(common, -1)))]
        return _product(common.times(_term(_build(rest, knowledge))))
    return _add_up(terms)


def _with_names(term: Term, knowledge: Knowledge) -> Term:
    for pattern, name in knowledge.products:
        if all(term.factors.get(f, 0) * (1 if e > 0 else -1) >= abs(e) for f, e in pattern.factors.items()):
            term = term.times(pattern, -1).times(Term(Fraction(1), {name: 1}))
    return term


def _common(terms: list[Term]) -> Term:
    """Return what all terms share; a coefficient only if all have the same."""
    first, *rest = terms
    shared = {}
    for factor, exponent in first.factors.items():
        powers = [exponent, *(term.factors.get(factor, 0) for term in rest)]
        if all(power > 0 for power in powers):
            shared[factor] = min(powers)
        elif all(power < 0 for power in powers):
            shared[factor] = max(powers)
    sizes = {abs(term.coefficient) for term in terms}
    return Term(sizes.pop() if len(sizes) == 1 else Fraction(1), shared)


def _add_up(terms: list[Term]) -> Expr:
    # A positive term first, so that no sum begins with a minus that it can do without.
    first = next((term for term in terms if term.coefficient > 0), terms[0])
    result = _product(first)
    for term in terms:
        if term is not first:
            sign = "+" if term.coefficient > 0 else "-"
            result = Call(sign, (result, _product(Term(abs(term.coefficient), term.factors))))
    return result


def _product(term: Term) -> Expr:
    over, under = _as_printed(term.coefficient)
    above = [_power(factor, exponent) for factor, exponent in term.factors.items() if exponent > 0]
    below = [_power(factor, -exponent) for factor, exponent in term.factors.items() if exponent < 0]
    if above and abs(over.value) == 1:
        result = above[0] if over.value == 1 else call("neg", above[0])
        above = above[1:]
    else:
        result = over
    for factor in above:
        result = result * factor
    for factor in [*below, *([] if under == ONE else [under])]:
        result = result / factor
    return result


def _power(factor: Expr, exponent: int) -> Expr:
    return factor if exponent == 1 else factor**exponent


def _as_printed(value: Fraction) -> tuple[Const, Const]:
    """Return what to multiply and what to divide by: halves and thirds as such, decimals as decimals."""
    number = float(value)
    if value and not 1e-300 < abs(number) < 1e300:
        raise OverflowError(value)
    decimal = Fraction(repr(number)) == value
    short = abs(value.numerator) < 10**6 and value.denominator < 1000
    if value.denominator < 10 or (short and not decimal):
        return Const(value.numerator), Const(value.denominator)
    return Const(number), ONE


def _expand(expr: Expr) -> list[Term]:
    """Multiply out, unless that would grow long."""
    match expr:
        case Call("+", (left, right)):
            return _collect(_expand(left) + _expand(right))
        case Call("-", (left, right)):
            return _collect(_expand(left) + _negated(_expand(right)))
        case Call("neg", (arg,)):
            return _negated(_expand(arg))
    products = [Term(_term(expr).coefficient, {})]
    for factor, exponent in _term(expr).factors.items():
        inner = [Term(Fraction(1), {factor: exponent})]
        if exponent == 1 and _is_sum(factor):
            inner = _expand(factor)
        products = [left.times(right) for left in products for right in inner]
        if len(products) > _LONGEST_EXPANSION:
            return [_term(expr)]
    return _collect(products)
