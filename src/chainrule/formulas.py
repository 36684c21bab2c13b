"""Formulas that users write: a text in a few bare names, with numbers as keyword parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from chainrule.equations import Call, Const, Expr, Number, Reduce, Ref, Size, children, rebuild, refs, substitute, walk
from chainrule.errors import FormulaError, InputError, shown
from chainrule.functions import wrong_call
from chainrule.parsing import parse_expression
from chainrule.ranges import check_number
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
        if not isinstance(self.text, str):
            raise FormulaError(f"{self.name}: a formula is a text such as 'x * sigmoid(x)', not {shown(self.text)}")
        expr = self.expression
        for node in walk(expr):
            if mistake := self._mistake(node):
                raise FormulaError(f"{self.name}: {mistake}, in '{self.text}'")
        used = {ref.name for ref in refs(expr)}
        for name, value in self.parameters.items():
            check_number(f"{self.name}: the parameter {name}", value)
            if name in self.variables or name not in used:
                reason = "has a meaning of its own" if name in self.variables else "is not used"
                raise FormulaError(f"{self.name}: the parameter {name} {reason} in '{self.text}'")

    def _mistake(self, node: Expr) -> str | None:
        match node:
            case Ref(name, indices) if indices or name not in {*self.variables, *self.parameters}:
                known = ", ".join([*self.variables, *self.parameters])
                return f"{node} is not known; a formula uses {known}, without brackets, and numbers given by keyword"
            case Size(index):
                return f"{index.upper()} is the size of an index, and a formula has none; small letters name parameters"
            case Reduce(kind, indices, _) if indices:
                pair = "; the larger of two values is maximum(a, b)" if kind == "max" else ""
                return f"{kind} takes one value here and runs over the units{pair}"
            case Call(name, args):
                return wrong_call(name, len(args))
        return None

    @cached_property
    def expression(self) -> Expr:
        """The formula, read."""
        try:
            return parse_expression(self.text)
        except FormulaError as error:
            raise FormulaError(f"{self.name}: {error}") from None

    def expand(self, values: Mapping[str, Expr], units: str) -> Expr:
        """Return the formula for one element: variables in place, reductions over the index `units`."""
        numbers = {name: Const(value) for name, value in self.parameters.items()}
        return fold(substitute(_over_units(self.expression, units), {**numbers, **values}))

    def runs_over_units(self) -> bool:
        """Tell whether the value still differs from unit to unit, as it does outside every reduction."""
        return any(ref.name in self.variables for ref in _outside_reductions(self.expression))


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


def as_name(what: str, given: object) -> str:
    """Return the name of something of the user's own; raises `InputError` if it is no text."""
    if not isinstance(given, str):
        raise InputError(f"the name of {what} must be a text, not {shown(given)}")
    return given
