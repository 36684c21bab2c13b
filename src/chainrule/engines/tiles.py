"""The core of products of matrices, and of their transposition, as LLVM instructions on vectors."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chainrule.engines.casting import Casting, View

_WORD = ir.IntType(64)


class _Vectors:
    """Loads and stores of vectors of some elements, wherever these begin."""

    def __init__(self, f: Casting, array: View, lanes: int):
        self.f, self.builder = f, f.builder
        real = array.pointer.type.pointee
        self.kind = ir.VectorType(real, lanes)
        self._align = 4 if isinstance(real, ir.FloatType) else 8

    def moved(self, pointer: Any, elements: Any) -> Any:
        return self.builder.gep(pointer, [elements], inbounds=True)

    def load(self, pointer: Any, offset: Any) -> Any:
        loaded = self.builder.load(self._at(pointer, offset))
        loaded.align = self._align
        return loaded

    def store(self, vector: Any, pointer: Any, offset: Any) -> None:
        self.builder.store(vector, self._at(pointer, offset)).align = self._align

    def spread(self, value: Any) -> Any:
        """Return a vector that has a value in each lane."""
        none, first = ir.Constant(self.kind, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        one = self.builder.insert_element(none, value, first)
        return self.builder.shuffle_vector(one, none, _places([0] * self.kind.count))

    def _at(self, pointer: Any, offset: Any) -> Any:
        return self.builder.bitcast(self.moved(pointer, offset), self.kind.as_pointer())


def tile(
    f: Casting,
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

    Of `rows_left` rows, if they are fewer, the last one is computed several times. What was there is read before
    anything is written.
    """
    v, builder = _Vectors(f, left, lanes), f.builder
    row_step, step, width, out_width, depth, last = (
        f.cast(value, _WORD) for value in (row_step, step, width, out_width, depth, last)
    )
    numbers = _row_numbers(f, rows, rows_left)
    lefts = [v.moved(left.pointer, builder.mul(number, row_step)) for number in numbers]
    outs = [v.moved(out.pointer, builder.mul(number, out_width)) for number in numbers]
    offsets = [*(ir.Constant(_WORD, lanes * number) for number in range(vectors - 1)), last]
    places = [(place, offset) for place in outs for offset in offsets]
    is_added, zero = f.truth(added), ir.Constant(v.kind, None)
    starts = [builder.select(is_added, v.load(*place), zero) for place in places]

    before, loop, after = builder.block, builder.append_basic_block("terms"), builder.append_basic_block("summed")
    builder.branch(loop)
    builder.position_at_end(loop)
    k, sums = builder.phi(_WORD), [builder.phi(v.kind) for _ in starts]
    results = _one_more(v, sums, lefts, builder.mul(k, step), right, [builder.mul(k, width), *offsets])
    following = builder.add(k, ir.Constant(_WORD, 1))
    builder.cbranch(builder.icmp_signed("<", following, depth), loop, after)
    for phi, first, next_ in ((k, ir.Constant(_WORD, 0), following), *zip(sums, starts, results, strict=True)):
        phi.add_incoming(first, before)
        phi.add_incoming(next_, loop)
    builder.position_at_end(after)
    for place, result in zip(places, results, strict=True):
        v.store(result, *place)


def _row_numbers(f: Casting, rows: int, rows_left: Any) -> list[Any]:
    """Return the numbers of a tile's rows, none beyond the last of those that are left."""
    most = f.builder.sub(f.cast(rows_left, _WORD), ir.Constant(_WORD, 1))
    numbers = [ir.Constant(_WORD, row) for row in range(rows)]
    return [f.builder.select(f.builder.icmp_signed("<", number, most), number, most) for number in numbers]


def _one_more(v: _Vectors, sums: list[Any], lefts: list[Any], at: Any, right: View, row: list[Any]) -> list[Any]:
    """Return the sums with one more term: of each row's factor at `at`, and of a row of the right matrix."""
    builder, exact = v.builder, ("contract",)
    start, *offsets = row
    rights = [v.load(right.pointer, builder.add(start, offset)) for offset in offsets]
    results: list[Any] = []
    for place in lefts:
        factor = v.spread(builder.load(v.moved(place, at)))
        products = [builder.fmul(factor, vector, flags=exact) for vector in rights]
        results += [builder.fadd(sums[len(results) + k], one, flags=exact) for k, one in enumerate(products)]
    return results


def turn_square(f: Casting, lanes: int, left: View, width: Any, out: View, out_width: Any) -> None:
    """Write a square of a matrix, `lanes` rows by as many columns, transposed: by exchanging halves of vectors."""
    v, builder = _Vectors(f, left, lanes), f.builder

    def start(row: int, row_width: Any) -> Any:
        return builder.mul(f.cast(row_width, _WORD), ir.Constant(_WORD, row))

    rows = [v.load(left.pointer, start(row, width)) for row in range(lanes)]
    step = lanes // 2
    while step:
        for number in (number for number in range(lanes) if not number & step):
            pair = rows[number], rows[number + step]
            for place in (number, number + step):
                # Of blocks of `step` elements the first of each two, or the second, from both vectors in turn.
                offset = place - number
                mask = [k - (k & step) + offset + (lanes if k & step else 0) for k in range(lanes)]
                rows[place] = builder.shuffle_vector(*pair, _places(mask))
        step //= 2
    for number, row in enumerate(rows):
        v.store(row, out.pointer, start(number, out_width))


def _places(numbers: list[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)
