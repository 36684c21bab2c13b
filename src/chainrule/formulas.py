"""Formulas that users write: a text in a few bare names, with numbers as keyword parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from chainrule.equations import Const, Expr, Number, Reduce, Ref, children, rebuild, refs, substitute
from chainrule.errors import FormulaError, InputError
from chainrule.parsing import parse_expression
from chainrule.simplify import fold


@dataclass(frozen=True)
class Formula:
    """A text, the names it may use, and numbers for the other names.

    >>> f = Formula("swish", "x * sigmoid(slope * x)", ("x",), {"slope": 1.5})
    >>> from chainrule.equations import ref
    >>> print(f.expand({"x": ref("z1", "n", "j")}, "j"))
    z1[n,j] * sigmoid(1.5 * z1[n,j])
    """

    name: str
    text: str
    variables: tuple[str, ...]
    parameters: Mapping[str, Number] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.parameters.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InputError(f"{self.name}: the parameter {name} must be a finite number, not {value!r}")
        allowed = {*self.variables, *self.parameters}
        expr = self._read()
        for used in refs(expr):
            if used.indices or used.name not in allowed:
                known = ", ".join(sorted(allowed))
                raise FormulaError(
                    f"{self.name}: {used} is not known in '{self.text}'; a formula here uses {known}, without "
                    "brackets; give other numbers as keyword parameters"
                )

    def _read(self) -> Expr:
        try:
            return parse_expression(self.text)
        except FormulaError as error:
            raise FormulaError(f"{self.name}: {error}") from None

    def expand(self, values: Mapping[str, Expr], units: str) -> Expr:
        """Return the formula for one element: variables in place, reductions over the index `units`."""
        numbers = {name: Const(value) for name, value in self.parameters.items()}
        return fold(substitute(_over_units(self._read(), units), {**numbers, **values}))

    def runs_over_units(self) -> bool:
        """Tell whether the value still differs from unit to unit, as it does outside every reduction."""
        return any(ref.name in self.variables for ref in _outside_reductions(self._read()))


def _over_units(expr: Expr, units: str) -> Expr:
    expr = rebuild(expr, lambda child: _over_units(child, units))
    if isinstance(expr, Reduce) and not expr.indices:
        return Reduce(expr.kind, (units,), expr.body)
    return expr


def _outside_reductions(expr: Expr) -> list[Ref]:
    if isinstance(expr, Reduce):
        return []
    if isinstance(expr, Ref):
        return [expr]
    return [node for child in children(expr) for node in _outside_reductions(child)]
