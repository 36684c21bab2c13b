"""Products of matrices, in the language of `chainrule.engines.compiler`; their core is `chainrule.engines.tiles`.

The result is computed tile by tile: a few rows by a few vectors of columns, whose sums stay in registers from the first
term to the last (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008). Nothing is copied
or padded: the last tile of a column takes what rows there are, some of them several times, and its last vector begins
early enough to end with the matrix. Such elements are read before any is written, and get the same value each time.

Each element is the sum of its terms one after the other, in one order that depends on the sizes alone; how a product
is cut between threads does not change a bit.
"""

from __future__ import annotations

from functools import cache

import llvmlite.binding as llvm

from chainrule.engines.processor import vector_bytes

# Rows of a tile, at most; slices of a batch begin with whole tiles.
TILE = 8
# Terms that are summed in one go: the rows of a tile stay in the nearest memory for so many (docs/log.md).
_DEPTH = 512

_STRIP = """
def strip_{lanes}_{vectors}(
    left: Reals, row_step: int, step: int, right: Reals, width: int, out: Reals, out_width: int, rows: int,
    depth: int, last: int, added: int
):
    for row in range(0, rows, {rows}):
        tile({rows}, {lanes}, {vectors}, cut(left, row * row_step, (1,)), row_step, step, right, width,
             cut(out, row * out_width, (1,)), out_width, rows - row, depth, last, added)
"""

_MULTIPLY = """
def multiply_{precision}(
    left: Reals, row_step: int, step: int, right: Reals, width: int, out: Reals, out_width: int, rows: int,
    columns: int, inner: int, added: int
):
    \"\"\"Write left @ right into out, or add it; left has (m, k) at m * row_step + k * step; inner is at least 1.\"\"\"
    # A short last vector takes as long as half a one or less; longer, it is a whole one that overlaps the one before.
    whole = columns - columns % {lanes}
    if columns > {lanes} and 2 * (columns - whole) > {lanes}:
        whole = columns
    for start in range(0, inner, {depth}):
        depth = min(inner - start, {depth})
        a, b, c = cut(left, start * step, (1,)), cut(right, start * width, (1,)), cut(out, 0, (1,))
        count, left_over = (whole + {lanes} - 1) // {lanes}, columns
        while count > 0:
            # Two at least, so that the last overlaps none but its own tile's: four are two and two.
            vectors = choose(count == 3, 3, choose(count > 4, 3, min(count, 2)))
            last = min((vectors - 1) * {lanes}, left_over - {lanes})
            if vectors == 3:
                strip_{lanes}_3(a, row_step, step, b, width, c, out_width, rows, depth, last, added)
            elif vectors == 2:
                strip_{lanes}_2(a, row_step, step, b, width, c, out_width, rows, depth, last, added)
            else:
                strip_{lanes}_1(a, row_step, step, b, width, c, out_width, rows, depth, last, added)
            count, left_over = count - vectors, left_over - vectors * {lanes}
            b, c = cut(b, vectors * {lanes}, (1,)), cut(c, vectors * {lanes}, (1,))
{narrow}
        added = 1
"""

_NARROW = """
        {test} left_over > {least}:
            strip_{lanes}_{vectors}(a, row_step, step, b, width, c, out_width, rows, depth, left_over - {lanes}, added)
"""

_TURN = """
@apart
def turn(matrix: Reals, rows: int, columns: int, turned: Reals, first: int, last: int):
    \"\"\"Write rows of a matrix as columns of another, square by square.\"\"\"
    for top in range(first, last, {lanes}):
        for left in range(0, columns, {lanes}):
            if top + {lanes} <= last and left + {lanes} <= columns:
                a, b = cut(matrix, top * columns + left, (1,)), cut(turned, left * rows + top, (1,))
                turn_square({lanes}, a, columns, b, rows)
            else:
                for j in range(left, min(left + {lanes}, columns)):
                    for i in range(top, min(top + {lanes}, last)):
                        turned[j * rows + i] = matrix[i * columns + j]
"""


@cache
def products(precision: str, vector: int = 0) -> str:
    """Return the source of `multiply_single` or `multiply_double`, for vectors of so many bytes or the processor's."""
    lanes, rows = _lanes(precision, vector), _tile_rows(vector)
    # What is left takes one vector, or two that overlap: (more columns than this, lanes, vectors).
    halves = [lanes >> k for k in range(1, lanes.bit_length())]
    narrow = [(part - 1 if vectors == 1 else part, part, vectors) for part in halves for vectors in (2, 1)]
    narrow.remove((1, 1, 2))  # two columns are one vector
    shapes = [*((lanes, vectors) for vectors in (3, 2, 1)), *((part, vectors) for _, part, vectors in narrow)]
    strips = [_STRIP.format(lanes=part, vectors=vectors, rows=rows) for part, vectors in shapes]
    cases = [
        _NARROW.strip("\n").format(test="elif" if place else "if", least=least, lanes=part, vectors=vectors)
        for place, (least, part, vectors) in enumerate(narrow)
    ]
    body = _MULTIPLY.format(precision=precision, depth=_DEPTH, lanes=lanes, narrow="\n".join(cases))
    return "\n".join([*strips, body])


@cache
def turning(precision: str, vector: int = 0) -> str:
    """Return the source of `turn`, for vectors of so many bytes or the processor's."""
    return _TURN.format(lanes=_lanes(precision, vector))


def _lanes(precision: str, vector: int) -> int:
    return (vector or vector_bytes()) // (4 if precision == "single" else 8)


def _tile_rows(vector: int) -> int:
    """Return the rows of a tile: with three vectors of columns, so many that the sums fit into the registers.

    x86 has 16 registers for vectors of up to 32 bytes; longer ones, and other processors, have 32.
    """
    few = (vector or vector_bytes()) < 64 and "x86" in llvm.get_process_triple()
    return TILE // 2 if few else TILE
