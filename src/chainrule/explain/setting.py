"""What a worked example begins with: the network, its numbers, the samples, the rules of learning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.equations import Const, Ref, ref
from chainrule.explain.document import Section, Table
from chainrule.simplify import simplify

if TYPE_CHECKING:
    from chainrule.explain.calculation import Batch
    from chainrule.explain.document import Document
    from chainrule.explain.naming import Naming
    from chainrule.explain.numbers import Digits
    from chainrule.language import Catalogue
    from chainrule.losses import Loss
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer

# Larger arrays are given by their shape.
_MOST_NUMBERS, _MOST_SAMPLES, _MOST_COLUMNS = 40, 8, 12


def setting(
    net: Network,
    batch: Batch,
    optimizer: Optimizer,
    naming: Naming,
    digits: Digits,
    text: Catalogue,
    root: tuple[Ref, ...] | None,
    chosen: bool,
) -> Section:
    """Return the section."""
    loss = net.architecture.loss
    said = [
        text(
            "The network ({sizes}) has {count} parameters; it takes {inputs} values and gives {outputs}.",
            inputs=net.inputs,
            outputs=net.outputs,
            sizes=net.architecture.sizes,
            count=net.vector.size,
        ),
        text("The loss is {name}: {formula}, summed over the outputs.", name=loss.name, formula=_formula(loss))
        if loss.formula.runs_over_units()
        else text("The loss is {name}: {formula}.", name=loss.name, formula=_formula(loss)),
        text("It learns by {optimizer}.", optimizer=str(optimizer)),
        text("Numbers are rounded to {digits} decimals for print only; the calculation goes on with all of them.",
             digits=digits.decimals),
    ]  # fmt: skip
    if net.dtype == np.float32:
        said.append(
            text("The network computes in float32; here it is float64, which differs from the seventh digit on.")
        )
    frozen = [parameter.ref.name for parameter in net.architecture.parameters if not parameter.trainable]
    if frozen:
        said.append(text("Kept as they are, without derivative and update: {names}.", names=", ".join(frozen)))
    if root:
        signs = text(", ").join(naming.plain(one) for one in root)
        said.append(text("Shown is what {signs} needs; of long sums the ten largest terms.", signs=signs))
        if chosen:
            said.append(
                text("All steps of this network would fill a book: {signs} has the largest derivative. "
                     "Any other is shown by focus.", signs=signs)
            )  # fmt: skip
    tables = [_samples(net, batch, naming, text), *_parameters(net, naming, text)]
    return Section("setting", text("Setting"), tuple(said), tuple(table for table in tables if table))


def of_ensemble(document: Document, networks: int) -> Document:
    """Return a document that says, if there are several networks, that it is of the first of them."""
    if networks == 1:
        return document
    head, *sections = document.sections
    said = document.text_of(
        "This is network 1 of {count}; the prediction is the mean of what all of them say.", count=networks
    )
    return replace(document, sections=(replace(head, text=(said, *head.text)), *sections))


def _formula(loss: Loss) -> str:
    """Return a loss in y and t, with its numbers in place."""
    elements = {name: ref(name, "n", "k") for name in ("y", "t", "z")}
    return str(simplify(loss.formula.expand(elements, "k"))).replace("[n,k]", "")


def _samples(net: Network, batch: Batch, naming: Naming, text: Catalogue) -> Table | None:
    x, t = batch.given["x"], batch.given["t"]
    if net.inputs + net.outputs > _MOST_COLUMNS:
        return None
    head = [naming.column("x", k) for k in range(net.inputs)] + [naming.column("t", k) for k in range(net.outputs)]
    shown = range(min(len(x), _MOST_SAMPLES))
    rows: list[tuple[str | float, ...]] = [(str(naming.sample(n)), *map(float, (*x[n], *t[n]))) for n in shown]
    title = text("Samples") if len(x) <= _MOST_SAMPLES else text("The first {shown} of {count} samples",
                                                                 shown=_MOST_SAMPLES, count=len(x))  # fmt: skip
    return Table(title, (text("sample"), *head), tuple(rows))


def _parameters(net: Network, naming: Naming, text: Catalogue) -> Iterator[Table]:
    arrays = {ref.name: np.asarray(net.parameters[ref.name], np.float64) for ref in _refs(net)}
    if sum(array.size for array in arrays.values()) > _MOST_NUMBERS:
        head = (text("array"), text("shape"), text("smallest"), text("largest"))
        ranges = [(name, str(array.shape), float(array.min()), float(array.max())) for name, array in arrays.items()]
        yield Table(text("Parameters"), head, tuple(ranges))
        return
    values = [one for name, array in arrays.items() for one in _elements(name, array)]
    rows = tuple((naming.plain(one), value) for one, value in values)
    yield Table(text("Parameters at the start"), (text("parameter"), text("value")), rows)


def _refs(net: Network) -> list[Ref]:
    return [parameter.ref for parameter in net.architecture.parameters]


def _elements(name: str, array: Any) -> Iterator[tuple[Ref, float]]:
    """Yield the elements of an array, those of one unit together, as a textbook counts them."""
    places = sorted(np.ndindex(*array.shape), key=lambda place: place[::-1]) if array.ndim else [()]
    for place in islice(places, array.size):
        yield Ref(name, tuple(map(Const, place))), float(array[place])
