"""The page about pitfalls with its pictures, made by the experiments: ``python -m chainrule.pitfalls.page docs``."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path

from chainrule.files import check_destination, replace
from chainrule.pitfalls.finding import Finding
from chainrule.pitfalls.registry import PITFALLS
from chainrule.plots import png_of_lines

SEED = 0
PAGE = "pitfalls.md"
DPI = 120
INTRODUCTION = """\
# What goes wrong, shown

Small experiments with what goes wrong when networks are trained. Each takes seconds, gives its numbers, one picture
and two sentences, and the same with the same seed.

```
chainrule show                                    # their names
chainrule show vanishing                          # table and sentences
chainrule show vanishing --seed 3 --out vanishing.png --csv vanishing.csv
```

```python
import chainrule as cr

found = cr.pitfalls.slow_start(seed=0)  # also symmetry, vanishing, exploding, saturation, learning_rate, ...
print(found)
print(found.needed("half_squared_error", 6), found.table.columns)
print(len(found.data.rows))  # all numbers; found.data.to_csv(PATH) writes them, found.plot() is a matplotlib figure
```

This page was made by `python -m chainrule.pitfalls.page docs`. Numbers may differ in their last digits between
machines.
"""


def findings() -> list[Finding]:
    """Carry out every experiment."""
    return [entry.show(SEED) for entry in PITFALLS.values()]


def page(found: Iterable[Finding]) -> str:
    """Return the whole page as Markdown."""
    return "\n".join([INTRODUCTION, *map(section, found)])


def section(finding: Finding) -> str:
    """Return the part of the page about one experiment."""
    first, second = finding.sentences
    return (
        f"## {finding.title}\n\n`chainrule show {finding.name}`. {finding.setting}\n\n"
        f"![{finding.title}]({picture_name(finding)})\n\n- {first}\n- {second}\n\n"
        f"{finding.table.markdown()}\n\nRead: {finding.sources}.\n"
    )


def picture_name(finding: Finding) -> str:
    """Return the file name of a finding's picture."""
    return f"pitfalls-{finding.name}.png"


def picture(finding: Finding) -> bytes:
    """Return a finding's picture as a small PNG."""
    return png_of_lines(finding.plot(), DPI)


def write(folder: Path) -> None:
    """Carry out every experiment, and write the page and its pictures into a folder."""
    found = findings()
    replace(check_destination(folder / PAGE), page(found).encode())
    for finding in found:
        replace(check_destination(folder / picture_name(finding)), picture(finding))


def main() -> None:
    """Write into the folder named on the command line."""
    parser = ArgumentParser(description="Carry out every experiment and write the page about them.")
    parser.add_argument("folder", type=Path, help="where the page and its pictures go")
    folder = parser.parse_args().folder
    if not folder.is_dir():
        parser.error(f"{folder} is no folder")
    write(folder)


if __name__ == "__main__":
    main()
