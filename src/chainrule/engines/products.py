"""Products of matrices, in the language of `chainrule.engines.compiler` and, for their core, in LLVM's.

The result is computed tile by tile: a few rows by a few vectors of columns, whose sums stay in registers from the first
term to the last (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008). Nothing is copied
or padded: the last tile of a column takes what rows there are, some of them several times, and its last vector begins
early enough to end with the matrix. Such elements are read before any is written, and get the same value each time.

Each element is the sum of its terms one after the other, in one order that depends on the sizes alone; how a product
is cut between threads does not change a bit.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
from llvmlite import ir

if TYPE_CHECKING:
    from chainrule.engines.builtins import View
    from chainrule.engines.compiler import Function

_WORD = ir.IntType(64)
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
    \"\"\"Write left @ right into out, or add it; the left matrix has (m, k) at m * row_step + k * step.\"\"\"
    whole = columns - columns % {lanes}
    if columns > {lanes} and 2 * (columns - whole) > {lanes}:
        whole = columns
    for start in range(0, inner, {depth}):
        depth = min(inner - start, {depth})
        a, b, c = cut(left, start * step, (1,)), cut(right, start * width, (1,)), cut(out, 0, (1,))
        count, left_over = (whole + {lanes} - 1) // {lanes}, columns
        while count > 0:
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
def vector_bytes() -> int:
    """Return the size of the processor's vectors."""
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx") else 16


@cache
def _tile_rows() -> int:
    """Return the rows of a tile: with three vectors of columns, so many that the sums fit into the registers."""
    return 4 if vector_bytes() == 32 or ("x86" in llvm.get_process_triple() and vector_bytes() == 16) else 8


@cache
def products(precision: str) -> str:
    """Return the source of `multiply_single` or `multiply_double`."""
    lanes = _lanes(precision)
    # What is left takes one vector, or two that overlap: (more columns than this, lanes, vectors).
    narrow = [(part - 1 if vectors == 1 else part, part, vectors) for part in _halves(lanes)[1:] for vectors in (2, 1)]
    narrow.remove((1, 1, 2))  # two columns are one vector
    shapes = [*((lanes, vectors) for vectors in (3, 2, 1)), *((part, vectors) for _, part, vectors in narrow)]
    strips = [_STRIP.format(lanes=part, vectors=vectors, rows=_tile_rows()) for part, vectors in shapes]
    cases = [
        _NARROW.strip("\n").format(test="elif" if place else "if", least=least, lanes=part, vectors=vectors)
        for place, (least, part, vectors) in enumerate(narrow)
    ]
    body = _MULTIPLY.format(precision=precision, depth=_DEPTH, lanes=lanes, narrow="\n".join(cases))
    return "\n".join([*strips, body])


@cache
def turning(precision: str) -> str:
    """Return the source of `turn`."""
    return _TURN.format(lanes=_lanes(precision))


def _lanes(precision: str) -> int:
    return vector_bytes() // (4 if precision == "single" else 8)


def _halves(lanes: int) -> list[int]:
    return [lanes >> k for k in range(lanes.bit_length())]


def tile(
    f: Function,
    rows: int,
    lanes: int,
    vectors: int,
    left: View,
    row_step: Any,
    step: Any,
    right: View,
    width: Any,
    out: View,
    out_width: Any,
    rows_left: Any,
    depth: Any,
    last: Any,
    added: Any,
) -> None:
    """Write a tile of a product: `rows` by `vectors` vectors of `lanes` columns, the last vector `last` columns on.

    Of `rows_left` rows, if they are fewer, the last one is computed several times.
    """
    builder, real = f.builder, left.pointer.type.pointee
    kind = ir.VectorType(real, lanes)
    exact = ("contract",)

    def moved(pointer: Any, elements: Any) -> Any:
        return builder.gep(pointer, [f.cast(elements, _WORD)], inbounds=True)

    def vector_at(pointer: Any, offset: Any) -> Any:
        return builder.bitcast(moved(pointer, offset), kind.as_pointer())

    def load(pointer: Any, offset: Any) -> Any:
        loaded = builder.load(vector_at(pointer, offset))
        loaded.align = real_bytes
        return loaded

    def spread(value: Any) -> Any:
        one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(
            one, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), lanes), None)
        )

    real_bytes = 4 if isinstance(real, ir.FloatType) else 8
    offsets = [f.cast(lanes * number, _WORD) for number in range(vectors - 1)] + [f.cast(last, _WORD)]
    most = builder.sub(f.cast(rows_left, _WORD), ir.Constant(_WORD, 1))
    numbers = [ir.Constant(_WORD, 0)]
    for row in range(1, rows):
        number = ir.Constant(_WORD, row)
        numbers.append(builder.select(builder.icmp_signed("<", number, most), number, most))
    row_step, step, width, out_width = (f.cast(value, _WORD) for value in (row_step, step, width, out_width))
    lefts = [moved(left.pointer, builder.mul(number, row_step)) for number in numbers]
    outs = [moved(out.pointer, builder.mul(number, out_width)) for number in numbers]
    keeps = f.truth(added)
    zero = ir.Constant(kind, None)
    starts = [builder.select(keeps, load(place, offset), zero) for place in outs for offset in offsets]

    before, loop, after = builder.block, builder.append_basic_block("terms"), builder.append_basic_block("summed")
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(_WORD)
    k.add_incoming(ir.Constant(_WORD, 0), before)
    sums = [builder.phi(kind) for _ in starts]
    row = builder.mul(k, width)
    column = builder.mul(k, step)
    rights = [load(right.pointer, builder.add(row, offset)) for offset in offsets]
    results = []
    for number, place in enumerate(lefts):
        factor = spread(builder.load(moved(place, column)))
        for part, vector in enumerate(rights):
            product = builder.fmul(factor, vector, flags=exact)
            results.append(builder.fadd(sums[number * vectors + part], product, flags=exact))
    following = builder.add(k, ir.Constant(_WORD, 1))
    builder.cbranch(builder.icmp_signed("<", following, f.cast(depth, _WORD)), loop, after)
    k.add_incoming(following, loop)
    for total, start, result in zip(sums, starts, results, strict=True):
        total.add_incoming(start, before)
        total.add_incoming(result, loop)
    builder.position_at_end(after)
    for place, number in zip(outs, range(rows), strict=True):
        for part, offset in enumerate(offsets):
            builder.store(results[number * vectors + part], vector_at(place, offset)).align = real_bytes


def turn_square(f: Function, lanes: int, left: View, width: Any, out: View, out_width: Any) -> None:
    """Write a square of a matrix, `lanes` rows by as many columns, transposed: by exchanging halves of vectors."""
    builder, real = f.builder, left.pointer.type.pointee
    kind, align = ir.VectorType(real, lanes), 4 if isinstance(real, ir.FloatType) else 8

    def place(pointer: Any, row: int, row_width: Any) -> Any:
        start = builder.mul(f.cast(row_width, _WORD), ir.Constant(_WORD, row))
        return builder.bitcast(builder.gep(pointer, [start], inbounds=True), kind.as_pointer())

    rows = [builder.load(place(left.pointer, row, width)) for row in range(lanes)]
    for row in rows:
        row.align = align
    step = lanes // 2
    while step:
        for number in range(lanes):
            if number & step:
                continue
            one, two = rows[number], rows[number + step]
            for offset, target in ((0, number), (step, number + step)):
                # Of each pair of blocks of `step` elements the first ones, or the second ones, of both vectors.
                mask = [(k - k % (2 * step)) + k % step + offset + (lanes if k & step else 0) for k in range(lanes)]
                places = ir.Constant(ir.VectorType(ir.IntType(32), lanes), mask)
                rows[target] = builder.shuffle_vector(one, two, places)
        step //= 2
    for number, row in enumerate(rows):
        builder.store(row, place(out.pointer, number, out_width)).align = align
