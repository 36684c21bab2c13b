"""Where each array of a compiled program stands: in flat vectors, in the workspace, in the memory of a slice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chainrule.architecture import COST
from chainrule.engines.lowering import Section
from chainrule.engines.processor import LINE
from chainrule.engines.statements import Statement, is_literal, is_product, turned_operand
from chainrule.equations import Ref
from chainrule.program import Extent, Program

RUNNING = "running"  # the vector of running means, which are not parameters


@dataclass(frozen=True)
class Layout:
    """Arrays one after the other in each of several flat vectors."""

    vectors: Mapping[str, tuple[Ref, ...]]

    def vector_of(self, name: str) -> str | None:
        """Return the vector that holds an array."""
        return next((vector for vector, held in self.vectors.items() if any(ref.name == name for ref in held)), None)

    def number(self, name: str) -> int:
        """Return which array of its vector it is."""
        vector = self.vector_of(name)
        assert vector
        return next(number for number, ref in enumerate(self.vectors[vector]) if ref.name == name)


@dataclass(frozen=True)
class Memory:
    """The layout of one program once its statements are arranged.

    `stored` are arrays with a value for each row of the batch that outlive the loop that makes them; `local` those
    that do not; `work` is all that stands in the workspace, and `own` what each group of slices has for itself: its
    part of the sums over rows (`summed`), then its row at hand. `numbers` are single numbers, the `scalars` given to
    each step last.
    """

    sizes: Mapping[str, Extent]
    work: tuple[Ref, ...]
    numbers: tuple[str, ...]
    scalars: tuple[str, ...]
    stored: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()
    summed: tuple[Ref, ...] = ()
    own: tuple[Ref, ...] = ()
    turned: tuple[Ref, ...] = ()  # matrices of which a transposed copy is kept
    vectors: tuple[tuple[Ref, ...], ...] = ()

    @staticmethod
    def of(program: Program, sections: Sequence[Section], layout: Layout, keep: Iterable[str]) -> Memory:
        """Lay out what sections need."""
        statements = [statement for section in sections for statement in section.statements]
        per_row = frozenset(s.name for s in statements if s.rows == "each")
        stored = per_row & (_outliving(sections) | set(keep))
        summed = tuple(s.target for section in sections for s in section.summed)
        rows = [Ref(s.name, s.target.indices[1:]) for s in statements if s.name in per_row - stored]
        in_vectors = {ref.name for held in layout.vectors.values() for ref in held}
        rest = [s.target for s in statements if s.rows != "each" and s.name not in in_vectors and s.target.indices]
        numbers = [s.name for s in statements if s.rows != "each" and not s.target.indices]
        made = sorted((name for name in numbers if name not in in_vectors), key=_cost_first)
        scalars = tuple(ref.name for ref in program.inputs if not ref.indices)
        needed = (turned_operand(s) for s in statements if s.rows == "each" and is_product(s, program.sizes))
        parameters = {state.name for state in program.states}  # what is computed in a step comes too late to be copied
        turned = dict.fromkeys(ref for ref in needed if ref and ref.name in parameters)
        copies = [Ref(f"{ref.name}_turned", ref.indices[::-1]) for ref in turned]
        return Memory(
            program.sizes,
            (*copies, *(s.target for s in statements if s.name in stored), *rest),
            (*made, *scalars),
            scalars,
            stored,
            per_row - stored,
            summed,
            (*summed, *(row for row in rows if row.indices)),
            tuple(turned),
            tuple(layout.vectors.values()),
        )

    @property
    def size_arguments(self) -> list[str]:
        """The sizes that are not literals, as they are named."""
        return [index.upper() for index, size in self.sizes.items() if isinstance(size, int) and not is_literal(size)]

    def size(self, index: str) -> str:
        """Return a size as text: a number, an argument, or the rows of the batch."""
        extent = self.sizes[index]
        return str(extent) if is_literal(extent) else "N" if isinstance(extent, str) else index.upper()

    def length(self, ref: Ref) -> str:
        """Return the number of elements as text."""
        return " * ".join(self.size(index) for index in ref.index_names) or "1"

    def shape(self, ref: Ref) -> str:
        """Return the shape of an array as text."""
        return f"({', '.join(self.size(index) for index in ref.index_names)},)"

    def width(self, ref: Ref) -> str:
        """Return the number of elements that one row has, as text that may stand in a product."""
        sizes = [self.size(index) for index in ref.index_names[1:]]
        return f"({' * '.join(sizes)})" if len(sizes) > 1 else sizes[0] if sizes else "1"

    def place(self, name: str) -> str:
        """Return where an array of the workspace begins, as text."""
        return self.offset(next(ref for ref in self.work if ref.name == name), self.work)

    def offset(self, ref: Ref, held: Sequence[Ref]) -> str:
        """Return where an array of a vector, the workspace or a group's own memory begins, as text."""
        regions = [*self.vectors, self.work, self.own]
        before = sum(map(len, regions[: regions.index(tuple(held))]))
        return f"offsets[{before + held.index(ref)}]"

    def end(self, ref: Ref, held: Sequence[Ref]) -> str:
        """Return where an array ends, as text."""
        return f"{self.offset(ref, held)} + {self.length(ref)}"

    def offsets(self, rows: int) -> list[int]:
        """Return where all arrays begin for a batch of so many rows; outside of vectors, at lines of memory."""
        in_vectors = [start for held in self.vectors for start in self._starts(held, rows, 1)]
        return [*in_vectors, *self.work_offsets(rows), *self._starts(self.own, rows, LINE)]

    def work_offsets(self, rows: int) -> list[int]:
        """Return where the arrays of the workspace begin for a batch of so many rows."""
        return list(self._starts(self.work, rows, LINE))

    def _starts(self, held: Sequence[Ref], rows: int, line: int) -> Iterator[int]:
        start = 0
        for ref in held:
            yield start
            start += _up_to(line, self._elements(ref, rows))

    def elements(self, held: Iterable[Ref], rows: int) -> int:
        """Return how many numbers arrays take for a batch of so many rows, in whole lines of memory."""
        return sum(_up_to(LINE, self._elements(ref, rows)) for ref in held)

    def _elements(self, ref: Ref, rows: int) -> int:
        return math.prod(self.extent(index, rows) for index in ref.index_names)

    def extent(self, index: str, rows: int) -> int:
        """Return a size for a batch of so many rows."""
        size = self.sizes[index]
        return size if isinstance(size, int) else rows


def _up_to(line: int, elements: int) -> int:
    """Return the whole lines that elements take, in elements."""
    return math.ceil(elements / line) * line


def _cost_first(name: str) -> bool:
    return name != COST


def _outliving(sections: Sequence[Section]) -> set[str]:
    """Return the arrays that are read elsewhere than in the loop that makes them."""
    made_in: dict[str, int] = {}
    found: set[str] = set()
    groups = [
        group
        for section in sections
        for group in (
            *((phase.kind, phase.statements) for phase in section.slices),
            *(("product", [statement]) for statement in section.products),
            ("whole", [*section.elements, *section.whole]),
        )
    ]
    for number, (kind, statements) in enumerate(groups):
        made_in.update((statement.name, number) for statement in statements)
        for statement in statements:
            found |= {statement.name, *statement.reads} if kind == "product" else set()
            found |= {name for name in statement.reads if made_in.get(name, number) != number}
    return found


def reads_of(statements: Iterable[Statement]) -> set[str]:
    """Return all arrays that statements read."""
    return {name for statement in statements for name in statement.reads}
