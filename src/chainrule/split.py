"""Splitting a formula into equations, so that each value worth keeping has a name.

``y[n,k] = exp(z[n,k] - max(k, z[n,k])) / sum(k, exp(...))`` becomes four equations: ``y_max``, ``y_exp``,
``y_sum`` and ``y``. What is split off is named after the equation it came from and the function at its top;
the same value is split off once, whoever asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace

from chainrule.equations import (
    Call,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    free_indices,
    rebuild,
    ref,
    refs,
    substitute_indices,
)
from chainrule.functions import function


def is_split_off(name: str) -> bool:
    """Tell whether an array of a forward pass got its name here."""
    return "_" in name


@dataclass
class Splitter:
    """Splits one equation after the other and remembers what it has named.

    `taken` are the names that it must not give; `fresh` names one more index like a given one, whose size
    whoever made the splitter has to know.
    """

    taken: Container[str]
    fresh: Callable[[str], str] = "{}1".format
    names: dict[Expr, Ref] = field(default_factory=dict)

    def split(self, equation: Equation) -> list[Equation]:
        """Return the equations that together say what `equation` says; it comes last.

        >>> from chainrule.parsing import parse
        >>> for part in Splitter(taken=()).split(parse("a[n] = x[n] * sigmoid(x[n])")):
        ...     print(part)
        a_sigmoid[n] = sigmoid(x[n])
        a[n] = x[n] * a_sigmoid[n]
        """
        return _Split(self, equation).run()


class _Split:
    def __init__(self, splitter: Splitter, equation: Equation):
        self.splitter = splitter
        self.equation = equation
        self.parts: list[Equation] = []

    def run(self) -> list[Equation]:
        value = self._visit(self.equation.value, self.equation.target.index_names, linear=True)
        return [*self.parts, replace(self.equation, value=value)]

    def _visit(self, expr: Expr, bound: tuple[str, ...], linear: bool, chosen: bool = False) -> Expr:
        """`linear` is whether only sums and constant factors stand around `expr`, `chosen` whether a choice does.

        What stands in a choice is not named: where it is not chosen it may be infinite, and an infinity
        that left the choice would meet a factor 0 on the way back.
        """
        match expr:
            case Reduce(kind, indices, body):
                inside = self._visit(body, tuple(dict.fromkeys((*bound, *indices))), True, chosen)
                new: Expr = replace(expr, body=inside)
                shadows = any(index in bound for index in indices)
                if chosen:
                    return self._apart(kind, indices, inside, bound) if shadows else new
                return self._name(new, kind) if shadows or not linear else new
            case Call(name, _):
                through = linear and self._passes(expr)
                new = rebuild(expr, lambda arg: self._visit(arg, bound, through, chosen or name == "where"))
                worth = name.isidentifier() and function(name).keeps_value and any(refs(new))
                has_name = chosen or expr is self.equation.value
                return self._name(new, name) if worth and not has_name else new
        return expr

    def _apart(self, kind: str, indices: tuple[str, ...], body: Expr, bound: tuple[str, ...]) -> Reduce:
        """Return the reduction over indices of its own, where one of them is in use around it."""
        names = {index: self.splitter.fresh(index) if index in bound else index for index in indices}
        renamed, _ = substitute_indices(body, {old: Index(new) for old, new in names.items()}, set(names.values()))
        return Reduce(kind, tuple(names.values()), renamed)

    @staticmethod
    def _passes(expr: Call) -> bool:
        if expr.function in ("*", "/"):
            return any(not any(refs(arg)) for arg in expr.args)
        return expr.function in ("+", "-", "neg")

    def _name(self, value: Expr, kind: str) -> Ref:
        if value not in self.splitter.names:
            base = f"{self.equation.target.name}_{kind}"
            name, number = base, 2
            used = {ref.name for ref in self.splitter.names.values()}
            while name in self.splitter.taken or name in used:
                name, number = f"{base}{number}", number + 1
            own = free_indices(value)
            first = [index for index in self.equation.target.index_names if index in own]
            target = ref(name, *dict.fromkeys([*first, *own]))
            self.splitter.names[value] = target
            self.parts.append(Equation(target, value, origin=self.equation.origin))
        return self.splitter.names[value]
