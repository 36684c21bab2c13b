"""What of a network is looked at: a parameter's element, or a unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chainrule.equations import Const, Ref
from chainrule.errors import InputError, shown, unknown

if TYPE_CHECKING:
    from chainrule.explain.calculation import Calculation
    from chainrule.explain.naming import Naming
    from chainrule.network import Network

_ELEMENT = re.compile(r"(\w+)(?:\[(\d+(?:, *\d+)*)\])?")


def focus_of(focus: str, net: Network, calculation: Calculation, naming: Naming) -> tuple[Ref, ...]:
    """Return the elements that a focus such as ``w1[0,2]``, ``d_z1[0,1]`` or ``w5`` names.

    Raises `InputError` with the nearest name, or with the shape, for what is none.
    """
    found = _ELEMENT.fullmatch(naming.element(str(focus)).strip())
    if not found:
        raise InputError(f"a focus is an element such as 'w1[0,2]', not {shown(focus)}")
    name, inside = found.groups()
    known = {*net.parameters, *calculation.equation_of}
    if name not in known:
        aliases = {alias for element, alias in naming.aliases.items() if element.partition("[")[0] in known}
        asked = focus if focus in naming.aliases.values() else name
        raise unknown("element to focus on", asked, known | aliases)
    declared = calculation.program.declared(name)
    shape = tuple(calculation.elements.sizes[index] for index in declared.index_names)
    places = [int(part) for part in inside.split(",")] if inside else []
    if len(places) != len(shape) or any(place >= size for place, size in zip(places, shape, strict=False)):
        last = _example(name, shape)
        raise InputError(f"{name} has shape {shape}; its elements count from 0 to {last}, not {shown(focus)}")
    return (Ref(name, tuple(map(Const, places))),)


def _example(name: str, shape: tuple[int, ...]) -> str:
    return f"{name}[{','.join(str(size - 1) for size in shape)}]" if shape else name
