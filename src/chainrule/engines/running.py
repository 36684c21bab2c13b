"""Compiled runs without training: the outputs, or the costs, of every row."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines import buffers
from chainrule.engines.block import Block
from chainrule.engines.buffers import SLICE_ROWS
from chainrule.engines.codegen import generate
from chainrule.engines.layout import RUNNING, Layout
from chainrule.engines.machine import yielding
from chainrule.engines.processor import available_cores
from chainrule.engines.statements import NotCompilableError, take_apart
from chainrule.engines.template import Wish
from chainrule.program import Program

if TYPE_CHECKING:
    from chainrule.network import Network

# Rows that are worked on at a time, in slices for one thread each; and how many are worth a second thread.
_BATCH, _ROWS_FOR_THREADS = 2048, 1024


class CompiledRun:
    """One array of a network, row by row, as machine code.

    Parameters
    ----------
    net : the network; its parameters are read where they are, so that it may be trained meanwhile.
    program : what computes the array.
    result : the array, with a value for each row.

    Raises `NotCompilableError` where a row's value depends on other rows.
    """

    def __init__(self, net: Network, program: Program, result: str):
        program = replace(program, equations=program.needed_for([result]))
        if any(statement.rows == "summed" for statement in take_apart(program)):
            raise NotCompilableError("a row's value depends on other rows")
        self.net, self.declared = net, program.declared(result)
        self.given = [given for given in program.inputs if given.indices]
        vectors = {"parameters": tuple(parameter.ref for parameter in net.architecture.parameters)}
        if net.architecture.running:
            vectors[RUNNING] = tuple(parameter.ref for parameter in net.architecture.running)
        self.module = generate(program, Layout(vectors), Wish(buffers.precision(net), (result,), result=result))
        self.rows, self._in_use = 0, threading.Lock()
        self.block = Block(self.module, self._fixed())
        self._make_room(1)

    def _fixed(self) -> dict[str, Any]:
        memory, widths = self.module.memory, self.net.architecture.shape_of(self.declared)
        return {
            **{index.upper(): size for index, size in memory.sizes.items()},
            "numbers": np.zeros(len(memory.numbers) + 1),
            "meeting": np.zeros(8, np.int64),
            "yielding": yielding(),
            "result_width": math.prod(widths),
        }

    def _make_room(self, rows: int) -> None:
        """Have a workspace for batches of so many rows."""
        dtype, batch = self.net.dtype, min(_BATCH, rows)
        slices = math.ceil(batch / SLICE_ROWS)
        own = buffers.own_length(self.module, batch)
        self.rows = batch
        self.block.set("work", buffers.zeros(buffers.work_length(self.module, batch), dtype))
        self.block.set("own", buffers.zeros(own * slices, dtype))
        self.block.set("offsets", np.array(self.module.memory.offsets(batch), np.int64))
        self.block.set("own_length", own)
        self.block.set("batch", batch)
        self.block.set("most_slices", slices)
        self.block.set("most_groups", slices)

    def run(self, arrays: Mapping[str, Any]) -> Any:
        """Return the array for inputs with any number of rows."""
        with self._in_use:
            return self._run(arrays)

    def _run(self, arrays: Mapping[str, Any]) -> Any:
        net, block = self.net, self.block
        rows = len(arrays[self.given[0].name])
        if min(_BATCH, rows) > self.rows:
            self._make_room(rows)
        result = np.empty((rows, *net.architecture.shape_of(self.declared)), net.dtype)
        for given in self.given:
            block.set(f"{given.name}_given", arrays[given.name])
        block.set("parameters", net.vector)
        if net.states:
            block.set(RUNNING, buffers.running(net))
        block.set("rows", rows)
        block.set("result", result)
        self._call(rows)
        return result

    def _call(self, rows: int) -> None:
        block = self.block
        threads = min(available_cores(), _BATCH // SLICE_ROWS) if rows >= _ROWS_FOR_THREADS else 1
        if not self.module.is_sliced or threads < 2:
            block.set("threads", 1)
            block.call()
            return
        block.set("threads", threads)
        block.values["meeting"][:] = 0
        with ThreadPoolExecutor(threads - 1) as pool:
            others = [pool.submit(block.call, thread) for thread in range(1, threads)]
            block.call()
            for other in others:
                other.result()
