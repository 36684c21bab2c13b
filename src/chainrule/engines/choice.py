"""Which engine trains: by what is asked for and by the work ahead, never by the clock, so that a run repeats."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chainrule.engines.lowering import NotCompilableError
from chainrule.engines.standing import Engine, Training
from chainrule.engines.stepping import SteppingEngine
from chainrule.equations import Expr, Reduce, walk
from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.program import Program

# What the reference engine takes, in seconds, for an equation and for an operation on one number; and how much work
# is worth the compiling (docs/performance.md).
_PER_EQUATION, _PER_OPERATION = 1.5e-6, 3e-10
_WORTH_COMPILING = 0.5


def choose_engine(training: Training) -> tuple[Engine, str]:
    """Return the engine of a training, and what the history says of it."""
    asked = training.settings.engine
    work = training.total_steps * seconds_of(training.program, training.batch_size)
    if asked == "reference":
        return SteppingEngine(training), "reference, as asked for"
    if asked == "auto" and work < _WORTH_COMPILING:
        return SteppingEngine(training), "reference: the work ahead is too little to compile for"
    from chainrule.engines.compiled import CompiledEngine

    try:
        engine = CompiledEngine(training)
    except NotCompilableError as problem:
        if asked == "compiled":
            raise InputError(f"the compiled engine cannot train this network: {problem}") from None
        return SteppingEngine(training), f"reference: {problem}"
    threads = f"{engine.threads} thread{'s' * (engine.threads > 1)}"
    why = "as asked for" if asked == "compiled" else f"the reference engine would take about {_about(work)}"
    return engine, f"compiled, {threads}: {why}"


def seconds_of(program: Program, rows: int) -> float:
    """Return about how long the reference engine takes for a batch of so many rows."""
    operations = 0
    for equation in program.equations:
        indices = {*equation.target.index_names, *_summed(equation.value)}
        sizes = [size if isinstance(size, int) else rows for size in (program.sizes[index] for index in indices)]
        operations += math.prod(sizes)
    return len(program.equations) * _PER_EQUATION + operations * _PER_OPERATION


def _summed(value: Expr) -> Iterator[str]:
    return (index for node in walk(value) if isinstance(node, Reduce) for index in node.indices)


def _about(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1g} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.0f} hours"
