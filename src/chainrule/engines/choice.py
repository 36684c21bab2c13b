"""Which engine trains: by what is asked for and by the work ahead, never by the clock, so that a run repeats."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from chainrule.engines.standing import Engine, Training
from chainrule.engines.statements import NotCompilableError
from chainrule.engines.stepping import SteppingEngine
from chainrule.equations import Reduce, walk
from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.engines.running import CompiledRun
    from chainrule.network import Network
    from chainrule.program import Program

# What the reference engine takes, in seconds, for an equation and for an operation on one number; and how long it
# takes to compile, at least and with its equations (docs/log.md).
_PER_EQUATION, _PER_OPERATION = 1.5e-6, 3e-10
_WORTH_COMPILING, _EQUATIONS_A_SECOND = 0.3, 110


def work_of(training: Training) -> float:
    """Return about how many seconds the reference engine would take, for all trainings like this one."""
    return training.times * training.total_steps * seconds_of(training.program, training.batch_size)


def worth_compiling(program: Program) -> float:
    """Return from how many seconds of the reference engine on it pays to compile a program."""
    return _WORTH_COMPILING + len(program.equations) / _EQUATIONS_A_SECOND


def choose_engine(training: Training) -> tuple[Engine, str]:
    """Return the engine of a training, and what the history says of it."""
    method = training.settings.method
    if own := method.engine(training):
        return own, f"reference: the method {method.name} runs on it alone"
    asked, work = training.settings.engine, work_of(training)
    if asked == "reference":
        return SteppingEngine(training), "reference, as asked for"
    if asked == "auto" and work < worth_compiling(training.program):
        return SteppingEngine(training), "reference: the work ahead is too little to compile for"
    from chainrule.engines.compiled import CompiledEngine

    try:
        engine = CompiledEngine(training)
    except NotCompilableError as problem:
        if asked == "compiled":
            raise InputError(f"the compiled engine cannot train this network: {problem}") from None
        return SteppingEngine(training), f"reference: {problem}"
    threads = f"{engine.threads} thread{'s' * (engine.threads > 1)}"
    why = ", as asked for" if asked == "compiled" else f": the reference engine would take about {_about(work)}"
    return engine, f"compiled, {threads}{why}"


class RunChoice:
    """Who computes an array of each row: the engine that trained the network, or the compiled one for much work.

    The answer depends on the network and on the rows alone, so that a prediction repeats to the bit.
    """

    def __init__(self, net: Network, program: Program, result: str):
        self.net, self.program, self.result = net, program, result
        fixed, one = seconds_of(program, 0), seconds_of(program, 1)
        self.least_rows = (worth_compiling(program) - fixed) / (one - fixed) if one > fixed else math.inf
        self._run: CompiledRun | None = None

    def run_for(self, rows: int) -> CompiledRun | None:
        """Return the compiled run if it is to be used for so many rows."""
        if self.net.engine != "compiled" and rows < self.least_rows:
            return None
        if self._run is None and self.least_rows < math.inf:
            from chainrule.engines.running import CompiledRun

            try:
                self._run = CompiledRun(self.net, self.program, self.result)
            except NotCompilableError:
                self.least_rows = math.inf
        return self._run


def seconds_of(program: Program, rows: int) -> float:
    """Return about how long the reference engine takes for a batch of so many rows."""

    def size(indices: Iterable[str]) -> int:
        sizes = (program.sizes[index] for index in indices)
        return math.prod(extent if isinstance(extent, int) else rows for extent in sizes)

    operations = 0
    for equation in program.equations:
        sums = [node for node in walk(equation.value) if isinstance(node, Reduce)]
        operations += size(equation.target.index_names) * (1 + sum(size(node.indices) for node in sums))
    return len(program.equations) * _PER_EQUATION + operations * _PER_OPERATION


def _about(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1g} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.0f} hours"
