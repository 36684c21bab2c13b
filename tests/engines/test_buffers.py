"""The memory of a training: groups and slices of a batch, and where arrays begin."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import buffers
from chainrule.engines.compiled import module_of
from chainrule.engines.processor import LINE, LINE_BYTES

GROUPS = {1: 1, 95: 1, 96: 2, 200: 2, 256: 2, 399: 2, 400: 4, 800: 8, 1600: 16, 100_000: 16}


@pytest.mark.parametrize("batch", GROUPS)
def test_groups_are_few_and_slices_are_short(batch):
    groups, slices = buffers.groups(batch), buffers.slices(batch)
    assert groups == GROUPS[batch]
    assert slices % groups == 0
    assert batch / slices <= buffers.SLICE_ROWS


@pytest.mark.parametrize("sizes", [(20, 30, 5), (3, 2, 2)])
def test_arrays_do_not_overlap(sizes):
    inputs, units, outputs = sizes
    net = cr.Network(inputs, [cr.Dense(units, "relu"), cr.BatchNorm(), cr.Dense(outputs)])
    memory, rows = module_of(net, cr.Adam()).memory, 7
    offsets = iter(memory.offsets(rows))
    for held, line in (*((vector, 1) for vector in memory.vectors), (memory.work, LINE), (memory.own, LINE)):
        end = 0
        for ref in held:
            start = next(offsets)
            assert start % line == 0
            assert end <= start < end + line
            end = start + int(np.prod([memory.extent(index, rows) for index in ref.index_names]))
    assert next(offsets, None) is None
    assert end <= memory.elements(memory.own, rows)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zeros_begin_at_a_line_of_memory(dtype):
    for length in (1, 15, 1000):
        array = buffers.zeros(length, np.dtype(dtype))
        assert array.shape == (length,)
        assert array.ctypes.data % LINE_BYTES == 0
        assert not array.any()
