"""A network drawn: what its picture shows, as data; `chainrule.explain.svg` draws it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.activations import as_activation
from chainrule.builder import OUTPUT
from chainrule.equations import Const, Ref
from chainrule.explain.naming import unit_name
from chainrule.explain.terms import place_of
from chainrule.layers import Dense, Residual

if TYPE_CHECKING:
    from chainrule.explain.calculation import Calculation
    from chainrule.explain.naming import Naming
    from chainrule.explain.numbers import Digits
    from chainrule.network import Network

# Of a layer of more units the first and the last are drawn; of a still larger one only its size.
_MOST_UNITS, _FIRST_UNITS, _LARGEST_DRAWN = 8, 5, 40
# A picture of more layers has no room for units.
_MOST_LAYERS = 5
# Behind the name of a first sample's value.
_FIRST_SAMPLE = "[1]"


@dataclass(frozen=True)
class Quantity:
    """A number beside a unit: its sign, its value, and its role for the colour."""

    sign: str
    value: float
    role: str = ""


@dataclass(frozen=True)
class Unit:
    """A unit by its short name, and its numbers in the order of calculation."""

    name: str
    quantities: tuple[Quantity, ...]


@dataclass(frozen=True)
class Column:
    """A layer: what it is, its `size`, and the units that are drawn; without any it is one box.

    Of fewer units than `size` the last is the layer's last.
    """

    label: str
    size: int
    units: tuple[Unit, ...] = ()

    @property
    def has_gap(self) -> bool:
        """Whether units are left out before the last."""
        return 0 < len(self.units) < self.size


@dataclass(frozen=True)
class Edge:
    """A weight, from a drawn unit of a column to one of the next, both by their places in it."""

    column: int
    source: int
    target: int
    sign: str
    weight: float


@dataclass(frozen=True)
class Picture:
    """The columns from the input to the output, the weights between drawn units, and how numbers are printed."""

    columns: tuple[Column, ...]
    edges: tuple[Edge, ...]
    digits: Digits


def picture_of(net: Network, calculation: Calculation, naming: Naming, digits: Digits) -> Picture | None:
    """Return the picture of a network with the numbers of the first sample; None if there is nothing to draw.

    A small network of Dense layers shows its units and weights, any other one a box for each layer.
    """
    layers = net.architecture.layers
    labels, sizes = _labels(layers), _sizes(net.inputs, layers)
    columns = tuple(Column(label, size) for label, size in zip(["", *labels], sizes, strict=True))
    small = len(layers) <= _MOST_LAYERS and max(sizes) <= _LARGEST_DRAWN
    if not small or not all(isinstance(layer, Dense) for layer in layers):
        return Picture(columns, (), digits)
    drawer = _Drawer(net, calculation, naming, sizes)
    drawn = tuple(Column(one.label, one.size, tuple(drawer.units(place))) for place, one in enumerate(columns))
    return Picture(drawn, tuple(drawer.edges()), digits)


def _labels(layers: Sequence[Any]) -> list[str]:
    return [_label(layer) for layer in layers]


def _label(layer: Any) -> str:
    """Return what a layer is, with its activation or what it is made of."""
    name = type(layer).__name__
    if isinstance(layer, Residual):
        return f"{name} ({', '.join(map(_label, layer.layers))})"
    activation = as_activation(getattr(layer, "activation", "identity")).name
    return name if activation == "identity" else f"{name} {activation}"


def _sizes(inputs: int, layers: Sequence[Any]) -> list[int]:
    """Return the size of the input and of each layer's output; a layer that says nothing keeps its input's."""
    sizes = [inputs]
    for layer in layers:
        sizes.append(getattr(layer, "units", None) or sizes[-1])
    return sizes


class _Drawer:
    """Collects the units and weights of a network of Dense layers."""

    def __init__(self, net: Network, calculation: Calculation, naming: Naming, sizes: list[int]):
        self.net, self.calculation, self.naming, self.sizes = net, calculation, naming, sizes
        self.last = len(sizes) - 1

    def shown(self, column: int) -> list[int]:
        """Return the numbers of the units that are drawn."""
        size = self.sizes[column]
        return list(range(size)) if size <= _MOST_UNITS else [*range(_FIRST_UNITS), size - 1]

    def units(self, column: int) -> Iterator[Unit]:
        for number in self.shown(column):
            refs = [ref for ref in self._refs(column, number) if ref.name in self.calculation.arrays]
            yield Unit(unit_name(column, self.last, number), tuple(map(self._quantity, refs)))

    def edges(self) -> Iterator[Edge]:
        for column in range(self.last):
            for source, i in enumerate(self.shown(column)):
                for target, j in enumerate(self.shown(column + 1)):
                    ref = Ref(f"w{column + 1}", (Const(i), Const(j)))
                    found = self._quantity(ref)
                    yield Edge(column, source, target, found.sign, found.value)

    def _refs(self, column: int, number: int) -> Iterator[Ref]:
        """Yield what a unit has in the order of calculation: a bias, its input, its output, and a target."""
        of_sample = (Const(0), Const(number))
        if not column:
            yield Ref("x", of_sample)
            return
        bias = f"b{column}"
        if bias in self.net.parameters:
            yield Ref(bias, (Const(number),) if self.net.parameters[bias].ndim else ())
        is_last = column == self.last
        yield Ref(f"z{column}", of_sample)
        yield Ref(OUTPUT if is_last else f"a{column}", of_sample)
        if is_last:
            yield Ref("t", of_sample)

    def _quantity(self, ref: Ref) -> Quantity:
        sign = self.naming.plain(ref)
        if ref.name in self.naming.in_batch:
            sign = sign.removesuffix(_FIRST_SAMPLE)
        value = float(self.calculation.arrays[ref.name][place_of(ref)])
        return Quantity(sign, value, self.naming.roles.get(ref.name, ""))
