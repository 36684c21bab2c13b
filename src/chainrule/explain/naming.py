"""What quantities are called and what they are for the network: names by convention, roles for colours.

Five roles have a colour of their own everywhere: the input and the output of a unit, and the derivatives of the cost
with respect to a unit's input, a unit's output and a weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from chainrule.derive import gradient_name
from chainrule.equations import Expr, Ref
from chainrule.errors import unknown
from chainrule.explain.terms import Partial, place_of
from chainrule.layers import Dense
from chainrule.typeset import Derivative, Layout, Symbol, base_and_numbers

if TYPE_CHECKING:
    from chainrule.architecture import Architecture

ROLES = ("input", "output", "d_input", "d_output", "d_weight")
# What a unit's weighted input and its output are called: of h1 as net_h1 and out_h1, of element [0,2] as z1[0,2].
CONVENTIONS: dict[str, tuple[str, str] | None] = {"indices": None, "net/out": ("net", "out"), "z/a": ("z", "a"),
                                                  "x/y": ("x", "y")}  # fmt: skip


def roles_of(architecture: Architecture) -> dict[str, str]:
    """Return the role of each array that has one."""
    roles = dict(architecture.unit_roles)
    derived = {gradient_name(name): f"d_{role}" for name, role in roles.items()}
    weights = {gradient_name(parameter.ref.name): "d_weight" for parameter in architecture.parameters}
    return {**roles, **derived, **weights}


class Naming:
    """The signs of a network's quantities.

    `aliases` maps elements to names of a document's own, with ``n`` for any sample: ``{"w1[0,0]": "w1"}``.
    With one sample its number is left out of aliases; with several it stands behind them in brackets.
    """

    def __init__(self, architecture: Architecture, samples: int, aliases: Mapping[str, str]):
        self.samples, self.aliases = samples, dict(aliases)
        if aliases:
            self.aliases.setdefault("c[n]", "c")
        self._first = int(any(not element.startswith(("x[", "t[", "c[")) for element in self.aliases))
        self.roles = roles_of(architecture)
        self.in_batch = {eq.target.name for eq in architecture.program().equations if "n" in eq.target.index_names}
        self.in_batch |= {"x", "t", "s"}

    def symbol(self, expr: Expr) -> Layout:
        """Return the sign of an element, of an array, or of a derivative."""
        if isinstance(expr, Partial):
            return Derivative(self.symbol(expr.of), self.symbol(expr.by))
        assert isinstance(expr, Ref)
        role = self.roles.get(expr.name, "")
        if expr.name.startswith("d_"):
            return Derivative(Symbol("E", "E"), self.symbol(Ref(expr.name[2:], expr.indices)), role)
        known = self._alias(expr)
        if known:
            base, below = _base_and_subscript(known[0])
            return Symbol("".join(known), base, below, known[1], role)
        base, below, above = base_and_numbers(expr.name)
        state, _, parameter = expr.name.partition("_")
        if parameter and (own := self._alias(Ref(parameter, expr.indices))):
            return Symbol(f"{state}_{own[0]}", state, own[0], "", role)
        subscript = (
            below + ",".join(map(str, expr.indices)) if _is_long(expr) else below + "".join(map(str, expr.indices))
        )
        return Symbol(str(expr), base, subscript, above, role)

    def sample(self, number: int) -> int:
        """Return the number of a sample in print: from 0 in indices, from 1 beside names for units."""
        return number + self._first

    def column(self, name: str, place: int) -> str:
        """Return what an input or a target is called, whatever the sample."""
        return self.aliases.get(f"{name}[n,{place}]", f"{name}[n,{place}]")

    def element(self, text: str) -> str:
        """Return the name in the equations of what is printed as `text`: ``d_w2[0,0]`` for ``dE/dw5``."""
        if text.startswith("dE/d"):
            return f"d_{self.element(text.removeprefix('dE/d'))}"
        name, _, number = text.partition("[")
        elements = {alias: element for element, alias in self.aliases.items()}
        if text in elements or name not in elements or not number.rstrip("]").isdigit():
            return elements.get(text, text).replace("[n", "[0")
        return elements[name].replace("[n", f"[{int(number.rstrip(']')) - self.sample(0)}")

    def plain(self, expr: Expr) -> str:
        """Return the sign in one line of plain text."""
        return plain_of(self.symbol(expr))

    def _alias(self, expr: Ref) -> tuple[str, str] | None:
        """Return a name of the document's own, and the sample behind it."""
        if str(expr) in self.aliases:
            return self.aliases[str(expr)], ""
        if expr.name not in self.in_batch or not expr.indices:
            return None
        rest = ",".join(map(str, expr.indices[1:]))
        known = self.aliases.get(f"{expr.name}[n,{rest}]" if rest else f"{expr.name}[n]")
        sample = place_of(expr)[:1]
        if not known or not sample:
            return None
        return known, f"[{self.sample(sample[0])}]" if self.samples > 1 else ""


def _base_and_subscript(name: str) -> tuple[str, str]:
    """Return the letters of a name and what stands below them: ``net_h1`` and ``w5``; other names stay as they are."""
    base, _, below = name.partition("_") if name.isidentifier() else (name, "", "")
    letters = base.rstrip("0123456789")
    return (letters, base[len(letters) :]) if letters and not below and name.isidentifier() else (base, below)


def _is_long(expr: Ref) -> bool:
    return any(len(str(index)) > 1 for index in expr.indices)


def plain_of(layout: Layout) -> str:
    """Return a sign in one line of plain text: ``dE/dw5``, ``out_h1``."""
    match layout:
        case Symbol(plain):
            return plain
        case Derivative(of, by):
            return f"d{plain_of(of)}/d{plain_of(by)}"
    raise TypeError(f"no sign of a quantity: {layout!r}")


def aliases_for(architecture: Architecture, convention: str) -> dict[str, str]:
    """Return the names of a convention; raises `InputError` for an unknown one.

    Units are h1, h2, ... and o1, o2, ...; of several hidden layers the layer comes first, as in h2_1. Weights are
    numbered through, unit by unit; so are biases.
    """
    if convention not in CONVENTIONS:
        raise unknown("convention of names", convention, CONVENTIONS)
    pair = CONVENTIONS[convention]
    if not pair or not all(isinstance(layer, Dense) for layer in architecture.layers):
        return {}
    return dict(_aliases(architecture, *pair))


def _aliases(architecture: Architecture, total: str, out: str) -> Iterator[tuple[str, str]]:
    widths = [architecture.inputs, *(architecture.shape_of(p.ref)[-1] for p in architecture.parameters if p.is_weight)]
    last = len(widths) - 1
    yield from ((f"x[n,{i}]", f"i{i + 1}") for i in range(widths[0]))
    yield from ((f"t[n,{k}]", f"target_o{k + 1}") for k in range(widths[-1]))
    for layer in range(1, last + 1):
        for j in range(widths[layer]):
            unit = unit_name(layer, last, j)
            yield f"z{layer}[n,{j}]", f"{total}_{unit}"
            yield (f"y[n,{j}]" if layer == last else f"a{layer}[n,{j}]"), f"{out}_{unit}"
    weights = biases = 0
    for parameter in architecture.parameters:
        name, shape = parameter.ref.name, architecture.shape_of(parameter.ref)
        if parameter.is_weight:
            for j in range(shape[1]):
                for i in range(shape[0]):
                    weights += 1
                    yield f"{name}[{i},{j}]", f"w{weights}"
        else:
            for place in range(shape[0]) if shape else [None]:
                biases += 1
                yield name if place is None else f"{name}[{place}]", f"b{biases}"


def unit_name(layer: int, last: int, number: int) -> str:
    """Return the name of a unit, counted from 1: h1 in the only hidden layer, h2_1 in the second, o1 at the end."""
    if layer == 0:
        return f"i{number + 1}"
    if layer == last:
        return f"o{number + 1}"
    return f"h{number + 1}" if last == 2 else f"h{layer}_{number + 1}"
