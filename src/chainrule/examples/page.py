"""The page about the examples, made from their data: ``python -m chainrule.examples.page`` prints it."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.examples.records import FLOAT32_TOLERANCE, Example, Published, Verdict
from chainrule.examples.running import EXAMPLES

# Everything outside of the two loops is prose; figures come from the examples alone.
INTRODUCTION = f"""\
# Published examples

These networks come from public documents about backpropagation. Each is a set-up and a list of the figures
its document prints; chainrule computes every one of them again, with the same equations, engine and training
as for any other network. Where a document prints no numbers, start values are our own, and what it claims is
recalculated by hand beside the network.

```
chainrule example                 # the names
chainrule example mazur           # one example, every figure beside the computed value
chainrule example --all           # all of them
```

```python
from chainrule import examples

net, x, t = examples.network("mazur")
net.fit(x, t, epochs=10_000, **examples.EXAMPLES["mazur"].fit_settings())
rows = examples.run("mazur")
```

A verdict is one of

- **{Verdict.AGREES}**: the value, rounded to the printed digits, is the printed figure;
- **{Verdict.FLOAT32}**: the document computed in float32, which gives its figure to {FLOAT32_TOLERANCE:g};
- **{Verdict.ERRATUM}**: the document is wrong; the right value is known, and computed here to all its digits.

All networks are fully connected with sigmoid units, and w[i,j] leads from unit i to unit j.

## The networks
"""


def page() -> str:
    """Return the whole page as Markdown.

    >>> page().splitlines()[0]
    '# Published examples'
    """
    examples = EXAMPLES.values()
    return "\n".join([INTRODUCTION, *map(_section, examples), _errata(examples), _slips(examples)])


def _section(example: Example) -> str:
    facts = {
        "samples": "; ".join(f"{_listed(x)} → {_listed(t)}" for x, t in example.samples),
        "start": "; ".join(f"{name} = {value}" for name, value in example.start.items()),
        "learning rate": _rates(example),
        "batch": "the whole" if example.batch_size is None else str(example.batch_size),
        "epochs": f"{example.epochs:,}",
        "its own names": ", ".join(f"{theirs} for {ours}" for ours, theirs in example.aliases.items()),
    }
    table = "\n".join(f"| {fact} | {value} |" for fact, value in facts.items() if value)
    head = f"### {example.name}: {example.title}\n\nFrom *{example.source}*. {example.conventions}"
    return f"{head}\n\n| | |\n|---|---|\n{table}\n"


def _listed(numbers: Iterable[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


def _rates(example: Example) -> str:
    if not example.train_bias:
        return f"{example.rate:g}; biases are not trained"
    if example.bias_rate is None:
        return f"{example.rate:g}"
    return f"{example.rate:g}; {example.bias_rate:g} for biases"


def _errata(examples: Iterable[Example]) -> str:
    rows = [
        f"| {example.name} | {item.quantity} | {item.figure} | {item.exact} | {item.remark} |"
        for example in examples
        for item in example.published
        if _is_erratum(item)
    ]
    rows += [
        f"| {example.name} | {claim.quantity} | a formula | | {claim.remark} |"
        for example in examples
        for claim in example.claims
        if claim.erratum
    ]
    head = "| example | quantity | printed | exact | remark |\n|---|---|---|---|---|\n"
    return "## Errata: figures and formulas\n\n" + head + "\n".join(rows) + "\n"


def _is_erratum(item: Published) -> bool:
    return item.exact is not None and item.dtype == "float64"


def _slips(examples: Iterable[Example]) -> str:
    rows = [f"- {example.name}: {slip}" for example in examples for slip in example.slips]
    return "## Errata: words and listings\n\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(page(), end="")
