"""The first layer of a network for tables: numbers with waves of them, and categories as rows of learned numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.activations import Activation, as_activation
from chainrule.builder import Builder, Recipe
from chainrule.equations import Ref
from chainrule.errors import InputError, shown
from chainrule.initializers import Init
from chainrule.ranges import check_number, whole

# Small, so that categories are alike until rows tell them apart: with many of few rows each, errors are 3 to 5% lower
# than from a standard deviation of 1 (docs/log.md).
_START = 0.1


@dataclass(frozen=True)
class Columns:
    """A fully connected layer whose inputs are the columns of a table, in this order: codes, numbers, the rest.

    ``z[n,j] = sum(k, g[n,k] * w[k,j]) + sum(m, p[n,m] * u[m,j]) + sum(q, h[n,q] * r[q,j]) + ... + b[j]``, then the
    activation. Here ``g`` are all columns but the codes; ``p[n,m] = cos(x[n,at[m]] * f[m] + o[m])`` are waves of the
    numbers, whose frequencies ``f`` and offsets ``o`` are learned (periodic embeddings: Gorishniy, Rubachev and Babenko
    2022; Holzmüller, Grinsztajn and Steinwart 2024); and ``h[n,q] = v[x[n,0],q]`` is the row of learned numbers that
    the category in the first column chooses (Guo and Berkhahn 2016), and so on for each column of codes.

    Parameters
    ----------
    units : number of units.
    activation : name, `Activation`, or its configuration. Default "identity".
    codes : for each of the first columns the number of its categories; the column holds whole numbers from 0 to
        below it.
    numbers : how many of the following columns get waves. Default 0.
    waves : waves of each number. Default 8.
    spread : standard deviation of the frequencies at the start, in turns: a column of spread 1 goes through so much of
        a circle. Default 0.1.
    width : learned numbers of each category, at the start with standard deviation 0.1. Default 8.

    Raises `InputError` for sizes that do not fit.

    >>> from chainrule import Dense, Network
    >>> net = Network(3, [Columns(4, "relu", codes=[12], numbers=1, waves=2), Dense(1)])
    >>> {name: value.shape for name, value in net.parameters.items() if value.ndim == 2}
    {'w1': (2, 4), 'u1': (2, 4), 'va1': (12, 8), 'ra1': (8, 4), 'w2': (4, 1)}
    """

    units: int
    activation: str | Activation = "identity"
    codes: Sequence[int] = ()
    numbers: int = 0
    waves: int = 8
    spread: float = 0.1
    width: int = 8

    def __post_init__(self) -> None:
        as_activation(self.activation)
        if isinstance(self.codes, str) or not isinstance(self.codes, Sequence):
            raise InputError(f"codes must be a list of numbers of categories such as [12, 7], not {shown(self.codes)}")
        codes = tuple(whole("the categories of a column", size) for size in self.codes)
        object.__setattr__(self, "codes", codes)
        for name, least in (("units", 1), ("numbers", 0), ("waves", 0), ("width", 1)):
            object.__setattr__(self, name, whole(f"{name} of Columns", getattr(self, name), least))
        object.__setattr__(self, "spread", check_number("the spread of Columns", self.spread, above=0))

    def build(self, builder: Builder, x: Ref, output: str | None = None) -> Ref:
        """Add the waves, the chosen rows, ``z`` and ``a``."""
        codes, waves = len(self.codes), self.numbers * self.waves
        rest = builder.size(x) - codes
        if rest < self.numbers:
            raise InputError(
                f"Columns takes {codes} columns of codes and {self.numbers} of numbers, but its input has only "
                f"{builder.size(x)} columns"
            )
        activation = as_activation(self.activation)
        gain = 2 if activation.init == "he" else 1
        weights = Init("normal", math.sqrt(gain / (rest + waves + codes * self.width)))
        lines, terms = [], []
        parameters: dict[str, Init] = {}
        sizes: dict[str, int] = {}
        if rest:
            lines += [f"g[n,k] = x[n,k + {codes}]"] if codes else []
            terms.append("sum(k, g[n,k] * w[k,j])" if codes else "sum(i, x[n,i] * w[i,j])")
            sizes |= {"k": rest} if codes else {}
            parameters["w"] = weights
        if waves:
            place = f"at[m] + {codes}" if codes else "at[m]"
            lines.append(f"p[n,m] = cos(x[n,{place}] * f[m] + o[m])")
            terms.append("sum(m, p[n,m] * u[m,j])")
            sizes["m"] = waves
            frequencies, offsets = Init("normal", 2 * math.pi * self.spread), Init("uniform", math.pi)
            parameters |= {"u": weights, "f": frequencies, "o": offsets, "at": Init("blocks", self.waves)}
        for column, name in enumerate(_names(codes)):
            lines.append(f"h{name}[n,q{column}] = v{name}[x[n,{column}],q{column}]")
            terms.append(f"sum(q{column}, h{name}[n,q{column}] * r{name}[q{column},j])")
            sizes |= {f"r{column}": self.codes[column], f"q{column}": self.width}
            parameters |= {f"v{name}": Init("normal", _START), f"r{name}": weights}
        recipe = Recipe(
            formula="\n".join([*lines, f"z[n,j] = {' + '.join(terms)} + b[j]"]),
            origin=f"Columns({self.units}, {activation.name!r})",
            units=self.units,
            parameters={**parameters, "b": Init("zeros")},
            frozen=frozenset({"at"} & set(parameters)),
            activation=activation,
            sizes=sizes,
            chosen={f"v{name}": (f"r{k}", f"q{k}") for k, name in enumerate(_names(codes))},
        )
        return builder.layer(recipe, x, output)

    def learned_rows(self, parameters: Mapping[str, Any], number: int = 1) -> list[Any]:
        """Return, for each column of codes, the learned numbers of its categories, shape (categories, width).

        `parameters` are those of the network, in which this is the layer of this `number`, counted from 1.
        """
        return [parameters[f"v{name}{number}"] for name in _names(len(self.codes))]

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        numbers = {name: getattr(self, name) for name in ("units", "numbers", "waves", "spread", "width")}
        return {**numbers, "codes": list(self.codes), "activation": as_activation(self.activation).config}


def _names(count: int) -> Iterator[str]:
    """Yield a, b, ..., z, ba, bb, ...: names of letters, since a layer's number is added to them."""
    for number in range(count):
        name = ""
        while number or not name:
            number, letter = divmod(number, 26)
            name = chr(ord("a") + letter) + name
        yield name
