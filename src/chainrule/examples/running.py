"""Running an example: the same equations, engine and training as any other network's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chainrule.errors import unknown
from chainrule.examples.demofox import DEMOFOX
from chainrule.examples.mazur import MAZUR
from chainrule.examples.records import Claim, Dtype, Example, Published, Row, evaluate
from chainrule.examples.unnumbered import CREATIVEGP, ROHAN_LENNY, SCROLL

if TYPE_CHECKING:
    from chainrule.examples.records import Array
    from chainrule.network import Network

EXAMPLES: dict[str, Example] = {example.name: example for example in (CREATIVEGP, SCROLL, MAZUR, *DEMOFOX, ROHAN_LENNY)}


def example_named(name: str) -> Example:
    """Return the example of this name.

    >>> example_named("mazur").sizes
    (2, 2, 2)
    """
    if name not in EXAMPLES:
        raise unknown("example", name, EXAMPLES)
    return EXAMPLES[name]


def network(name: str, dtype: Dtype | None = None) -> tuple[Network, Array, Array]:
    """Return an example's network with its start values, its inputs and its targets.

    >>> net, x, t = network("mazur")
    >>> print(f"{net.loss(x, t):.9f}")
    0.298371109
    """
    setup = example_named(name).set_up(dtype or "float64")
    return setup.net, setup.x, setup.t


def run(name: str) -> list[Row]:
    """Compute everything an example publishes or claims, and compare.

    >>> first = run("demofox-intro")[0]
    >>> first.quantity, first.published, round(first.computed, 9), first.verdict.value
    ('Z', '0.53', 0.53, 'agrees')
    """
    chosen = example_named(name)
    computed = _computed(chosen)
    rows = [_row(item, computed) for item in chosen.published]
    return rows + [_claim_row(chosen, claim) for claim in chosen.claims]


Key = tuple[Dtype, int]
DTYPES: tuple[Dtype, ...] = ("float64", "float32")


def _computed(example: Example) -> dict[Key, dict[str, Any]]:
    """Return the named values at every precision and number of updates that a figure asks for."""
    # An exact value is one of float64, also where the figure beside it is not.
    wanted = {(item.dtype, item.updates) for item in example.published}
    wanted |= {("float64", item.updates) for item in example.published if item.exact}
    return {
        (dtype, updates): values
        for dtype in DTYPES
        for updates, values in _values_after(example, dtype, sorted(u for d, u in wanted if d == dtype))
    }


def _values_after(example: Example, dtype: Dtype, counts: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Train once, stopping to look at each of the ascending counts of updates."""
    setup, done = example.set_up(dtype), 0
    for updates in counts:
        if updates > done:
            setup.train(updates - done)
            done = updates
        yield updates, setup.values()


def _row(item: Published, computed: dict[Key, dict[str, Any]]) -> Row:
    values = computed[item.dtype, item.updates]
    value = float(evaluate(item.value, values))
    exactly = computed.get(("float64", item.updates), values)
    verdict = item.judge(value, float(evaluate(item.value, exactly)))
    quantity = f"{item.quantity}, in float32" if item.dtype == "float32" else item.quantity
    return Row(quantity, item.figure, value, item.exact or "", item.remark, verdict)


def _claim_row(example: Example, claim: Claim) -> Row:
    value = claim.measure(example.set_up())
    return Row(claim.quantity, claim.figure, value, "", claim.remark, claim.judge(value))
