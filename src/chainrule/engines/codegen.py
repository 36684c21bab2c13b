"""Programs to source: one module for each structure of a network, as somebody would have written it for that network.

Each line ends in the equation that it came from. A tiny network becomes one function in which every weight is a
variable (`inline`), any other a few functions whose work threads share (`sliced`), around them the same loop
(`template`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from chainrule.builder import BATCH
from chainrule.engines.inline import Inline
from chainrule.engines.layout import Layout, Memory
from chainrule.engines.library import library
from chainrule.engines.sliced import Sliced
from chainrule.engines.statements import NotCompilableError
from chainrule.engines.tabled import sigmoid_by_table
from chainrule.engines.template import Wish, arguments, write_loop
from chainrule.engines.unrolling import unroll
from chainrule.program import Program


@dataclass(frozen=True)
class Module:
    """Generated source, the arguments of its `entry` in order, and where arrays stand in its memory."""

    source: str
    entry: str
    precision: str
    arguments: tuple[str, ...]
    memory: Memory
    is_sliced: bool

    @property
    def whole_source(self) -> str:
        """The source with the functions that it calls."""
        tabled = sigmoid_by_table(self.precision) if "sigmoid_by_table(" in self.source else ""
        return "\n".join([library(self.precision), tabled, self.source])


def generate(program: Program, layout: Layout, wish: Wish) -> Module:
    """Return the module of a program; raises `NotCompilableError` for what only the reference engine can do."""
    _check(program)
    unrolled = unroll(program)
    step: Inline | Sliced
    if unrolled:
        step, functions = Inline(program, unrolled, layout, wish), []
    else:
        step = Sliced(program, layout, replace(wish, rows=0))
        functions = step.functions.lines
    scalars = step.memory.scalars
    lines = [*functions, *write_loop(step, scalars)]
    source = "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"
    names = tuple(arguments(step, training=bool(scalars)))
    return Module(source, "train" if scalars else "run", wish.precision, names, step.memory, step.is_sliced)


# Names that generated source uses itself.
_OWN_NAMES = re.compile(
    r"(same|fixed)[0-9_]*|first|last|count|total|mine|own|work|offsets|tiles|slices|groups|numbers|rows|held|cost|data"
)


def _check(program: Program) -> None:
    """Raise `NotCompilableError` for what the engine does not know, before anything is generated."""
    batches = [index for index, size in program.sizes.items() if isinstance(size, str)]
    if batches != [BATCH]:
        raise NotCompilableError(f"it has several indices of the batch, {', '.join(batches)}")
    for name in program.declarations():
        if _OWN_NAMES.fullmatch(name):
            raise NotCompilableError(f"the name {name} is one of the generated program's own")
