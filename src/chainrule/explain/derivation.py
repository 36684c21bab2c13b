"""The lines of one step: its chain of derivatives, the formula, the numbers, what comes out on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from chainrule.equations import Call, Const, Equation, Expr, Reduce, Ref, add_up, call, refs
from chainrule.explain.document import Line, Part
from chainrule.explain.terms import (
    MOST_TERMS,
    Arrays,
    Elements,
    Largest,
    Partial,
    Shown,
    evaluated,
    factors_of,
    in_a_row,
    multiply,
    place_of,
    terms_of,
    written_out,
)

# Lines between the numbers and the result, at most.
_MOST_PARTIAL = 6


@dataclass(frozen=True)
class Item:
    """A term of a sum that is one of many: its formula, and the indices that make it this one."""

    expr: Expr
    place: Mapping[str, int]
    value: float


@dataclass(frozen=True)
class Derivation:
    """What a step shows, and the elements that it takes its numbers from."""

    parts: tuple[Part, ...]
    lines: tuple[Line, ...]
    result: float
    operands: tuple[Ref, ...]
    followed: tuple[Ref, ...]  # the operands that are worth following: of a long sum those of its largest term


class Deriver:
    """Writes the derivations of one program's elements.

    `arrays` hold the numbers; `label` says what a term of a sum is called; `equation_of` finds how an array is
    computed, for chains of several factors.
    """

    def __init__(
        self,
        elements: Elements,
        arrays: Arrays,
        equation_of: Mapping[str, Equation],
        label: Callable[[Item], str],
        rest: Callable[[int, float], str],
    ):
        self.elements, self.arrays, self.equation_of = elements, arrays, equation_of
        self.label, self.rest = label, rest

    def derive(self, equation: Equation, place: Mapping[str, int], *, chain: bool) -> Derivation:
        """Return the derivation of one element; with `chain` of factors as far back as there is a single path."""
        formula = self.elements.at(equation.value, place)
        result = self.elements.value(formula, self.arrays)
        items, left = self._items(equation.value, place)
        if self._is_added_up(equation, items, left):
            return self._added_up(equation, place, formula, items, left, result, chain)
        lines = tuple(self._lines(equation, place, formula, result, chain))
        operands = self._operands(formula)
        return Derivation((), lines, result, operands, operands)

    # Sums of many parts

    def _is_added_up(self, equation: Equation, items: list[Item], left: tuple[int, float]) -> bool:
        if equation.update or not any(item.place for item in items):
            return False
        simple = all(len(factors_of(item.expr)) <= 2 and _is_flat(item.expr) for item in items)
        return bool(left[0]) or (len(items) > 1 and (equation.part == "backward" or not simple))

    def _items(self, expr: Expr, place: Mapping[str, int]) -> tuple[list[Item], tuple[int, float]]:
        """Return the terms of a sum, of many the largest, and how many others there are and what they add up to."""
        candidates: list[tuple[Expr, dict[str, int], float]] = []
        for term in terms_of(expr):
            negative = isinstance(term, Call) and term.function == "neg"
            inside = term.args[0] if isinstance(term, Call) and negative else term
            if isinstance(inside, Reduce) and inside.kind == "sum":
                body = self.elements.at(call("neg", inside.body) if negative else inside.body, place)
                values = self.elements.values_over(inside.indices, body, self.arrays).tolist()
                places = self.elements.places(inside.indices)
                candidates += [(body, bound, value) for bound, value in zip(places, values, strict=True)]
            else:
                one = self.elements.at(term, place)
                candidates.append((one, {}, self.elements.value(one, self.arrays)))
        shown = list(range(len(candidates)))
        if len(candidates) > MOST_TERMS:
            shown = sorted(shown, key=lambda k: -abs(candidates[k][2]))[:MOST_TERMS]
        items = [
            Item(self.elements.at(body, bound), bound, value) for body, bound, value in (candidates[k] for k in shown)
        ]
        left = [candidate[2] for k, candidate in enumerate(candidates) if k not in shown]
        return items, (len(left), sum(left))

    def _added_up(
        self,
        equation: Equation,
        place: Mapping[str, int],
        formula: Expr,
        items: list[Item],
        left: tuple[int, float],
        result: float,
        chain: bool,
    ) -> Derivation:
        is_long = bool(left[0])
        parts = [self._brief(item) if is_long else self._part(equation, place, item, chain) for item in items]
        operands = dict.fromkeys(one for item in items for one in self._operands(item.expr))
        followed = tuple(operands)
        if is_long:
            parts.append(Part(self.rest(left[0], left[1] / result if result else 0.0), (), left[1]))
            followed = self._operands(items[0].expr)
        lines = [Line("formula", formula if is_long else in_a_row([item.expr for item in items]))]
        if chain and not is_long and (signs := self._sum_of_chains(equation, place, items)):
            lines.insert(0, Line("chain", signs))
        values = [part.value for part in parts]
        if is_long:
            values = [sum(values[:-1]), values[-1]]
        lines += [Line("numbers", add_up([Shown(value) for value in values])), Line("result", Shown(result))]
        return Derivation(tuple(parts), tuple(lines), result, tuple(operands), followed)

    def _sum_of_chains(self, equation: Equation, place: Mapping[str, int], items: list[Item]) -> Expr | None:
        target = self._differentiated(equation, place)
        chains = [self._chain(item.expr, target, 1) for item in items]
        return (
            add_up([multiply(signs) for signs, _ in chains]) if target and all(signs for signs, _ in chains) else None
        )

    def _brief(self, item: Item) -> Part:
        lines = (Line("formula", item.expr), *self._numbers(item.expr, item.value))
        return Part(self.label(item), tuple(line for line in lines if line.kind != "partial"), item.value, brief=True)

    def _part(self, equation: Equation, place: Mapping[str, int], item: Item, chain: bool) -> Part:
        lines = tuple(self._lines(equation, place, item.expr, item.value, chain))
        brief = _is_flat(item.expr) and lines[0].kind != "chain"
        return Part(self.label(item), lines, item.value, brief)

    # One value

    def _lines(
        self, equation: Equation, place: Mapping[str, int], formula: Expr, result: float, chain: bool
    ) -> Iterator[Line]:
        target = self._differentiated(equation, place)
        signs, factors = self._chain(formula, target, 9 if chain else 1)
        if signs:
            yield Line("chain", multiply(signs))
            formula = multiply(factors)
        yield Line("formula", formula)
        simpler = written_out(formula)
        if simpler != formula:
            yield Line("formula", simpler)
        yield from self._numbers(simpler, result)

    def _numbers(self, expr: Expr, result: float) -> Iterator[Line]:
        numbers = self.elements.numbers(expr, self.arrays)
        if numbers != expr and not isinstance(numbers, Const):
            yield Line("numbers", numbers)
        steps = []
        while not isinstance(numbers, Const):
            numbers = evaluated(numbers)
            steps.append(numbers)
        yield from (Line("partial", one) for one in steps[:-1][-_MOST_PARTIAL:])
        # The result is that of the equation itself, not of what is written out, which may overflow on the way.
        yield Line("result", Shown(result))

    def _differentiated(self, equation: Equation, place: Mapping[str, int]) -> Ref | None:
        """Return the quantity with respect to which a backward equation derives."""
        name = equation.target.name
        if equation.part != "backward" or not name.startswith("d_"):
            return None
        return Ref(name[2:], tuple(Const(place[index]) for index in equation.target.index_names))

    def _chain(self, term: Expr, by: Ref | None, depth: int) -> tuple[list[Expr], list[Expr]]:
        """Return the signs of the factors of a derivative along one path, and the factors; nothing for other terms."""
        factors = factors_of(term)
        arrived = [one for one in factors if isinstance(one, Ref) and one.name.startswith("d_")]
        if by is None or len(arrived) != 1:
            return [], []
        (adjoint,) = arrived
        through = Ref(adjoint.name[2:], adjoint.indices)
        rest = [one for one in factors if one is not adjoint] or [Const(1)]
        signs, before = self._arriving(adjoint, depth - 1)
        return [*signs, Partial(through, by)], [*before, multiply(rest)]

    def _arriving(self, adjoint: Ref, depth: int) -> tuple[list[Expr], list[Expr]]:
        equation = self.equation_of.get(adjoint.name)
        if depth > 0 and equation is not None:
            place = dict(zip(equation.target.index_names, place_of(adjoint), strict=True))
            formula = self.elements.at(equation.value, place)
            if len(terms_of(formula)) == 1:
                target = Ref(adjoint.name[2:], adjoint.indices)
                signs, factors = self._chain(formula, target, depth)
                if signs:
                    return signs, factors
            if not any(one.name.startswith("d_") for one in refs(formula)) and _is_small(formula):
                return [adjoint], [formula]
        return [adjoint], [adjoint]

    def links(self, derivative: Ref) -> list[tuple[Ref, Expr, Expr]] | None:
        """Return what a derivative adds up: for each term the derivative that arrives, the local one, and its formula.

        Of many terms the largest; None if it begins at the cost, or is calculated in another way than by such terms.
        """
        equation = self.equation_of.get(derivative.name)
        if equation is None:
            return None
        place = dict(zip(equation.target.index_names, place_of(derivative), strict=True))
        by = Ref(derivative.name[2:], derivative.indices)
        found = []
        items, _ = self._items(equation.value, place)
        for expr in (item.expr for item in items):
            arrived = [one for one in factors_of(expr) if isinstance(one, Ref) and one.name.startswith("d_")]
            signs, factors = self._chain(expr, by, 1)
            if signs:
                found.append((arrived[0], signs[-1], factors[-1]))
        return found or None

    def _operands(self, expr: Expr) -> tuple[Ref, ...]:
        """Return the elements that stand in an expression; a sum kept as a sign stands for none of its own."""
        if isinstance(expr, Reduce):
            return ()
        if isinstance(expr, Largest):
            found = [one for arg in expr.args for one in self._operands(arg)]
        elif isinstance(expr, Ref):
            return (expr,)
        elif isinstance(expr, Call):
            found = [one for arg in expr.args for one in self._operands(arg)]
        else:
            return ()
        return tuple(dict.fromkeys(found))


def _is_flat(expr: Expr) -> bool:
    """Tell whether an expression is an element, a number, or a product of such."""
    inside = expr.args[0] if isinstance(expr, Call) and expr.function == "neg" else expr
    return all(isinstance(factor, Ref | Const) for factor in factors_of(inside))


def _is_small(expr: Expr) -> bool:
    return len(list(refs(expr))) <= 3
