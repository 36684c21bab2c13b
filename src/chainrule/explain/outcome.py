"""What a worked example ends with: the cost before and after, and what moved most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.architecture import COST
from chainrule.engines.reference import Plan
from chainrule.equations import Const, Ref
from chainrule.explain.document import Section, Table

if TYPE_CHECKING:
    from chainrule.explain.calculation import Calculation
    from chainrule.explain.naming import Naming
    from chainrule.language import Catalogue
    from chainrule.network import Network

_MOST_MOVERS = 5


def outcome(net: Network, calculations: list[Calculation], naming: Naming, text: Catalogue) -> Section:
    """Return the section."""
    first, last = calculations[0], calculations[-1]
    before, after = float(first.arrays[COST]), cost_after(last)
    rows = ((text("before"), before), (text("after"), after), (text("difference"), after - before))
    said = _said(before, after, len(calculations), text)
    tables = (Table(text("Cost"), ("", "E"), rows), _movers(net, first, last, naming, text))
    return Section("outcome", text("What it achieved"), (said,), tables)


def _said(before: float, after: float, steps: int, text: Catalogue) -> str:
    if not math.isfinite(after):
        return text("The cost is no longer a finite number: the learning rate is far too large.")
    if after < before:
        return text("The step has lowered the cost.") if steps == 1 else text("The steps have lowered the cost.")
    if after > before:
        return text("The cost is higher than before: the learning rate is too large here.")
    return text("The cost is the same as before.")


def cost_after(calculation: Calculation) -> float:
    """Return the cost of the same batch with the updated parameters."""
    arrays = {**calculation.after}
    with np.errstate(all="ignore"):
        return float(Plan(calculation.program, calculation.program.needed_for([COST])).run(arrays)[COST])


def _movers(net: Network, first: Calculation, last: Calculation, naming: Naming, text: Catalogue) -> Table:
    moved: list[tuple[float, Ref, Any]] = []
    for name in net.parameters:
        before, after = (np.asarray(arrays[name], np.float64) for arrays in (first.arrays, last.after))
        change = np.abs(after - before).ravel()
        for flat in np.argsort(-change)[:_MOST_MOVERS]:
            place = tuple(int(k) for k in np.unravel_index(int(flat), before.shape)) if before.shape else ()
            if change[flat] > 0:
                moved.append((float(change[flat]), Ref(name, tuple(map(Const, place))), (before[place], after[place])))
    moved.sort(key=lambda one: -one[0])
    rows = tuple(
        (naming.plain(one), float(pair[0]), float(pair[1]), float(pair[1] - pair[0]))
        for _, one, pair in moved[:_MOST_MOVERS]
    )
    head = (text("parameter"), text("before"), text("after"), text("change"))
    return Table(text("The largest movers"), head, rows)
