"""The step of a tiny network, written out in the loop itself: every weight and every unit is a variable.

What is a variable is in a register; memory is read when training begins and written when it ends or is looked at. With
more parameters than registers could hold, they are read anew for each step, and updated by one loop over memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

from chainrule.architecture import COST
from chainrule.engines.flat import runs_of, write_run
from chainrule.engines.layout import RUNNING, Layout, Memory, reads_of
from chainrule.engines.lowering import Section, arrange
from chainrule.engines.rowloop import RowLoop
from chainrule.engines.statements import take_apart
from chainrule.engines.template import Wish
from chainrule.engines.text import STARTS, Invariants, Places, Writer
from chainrule.engines.unrolling import Unrolled
from chainrule.equations import Ref
from chainrule.program import Program

# So many updates of single numbers are written out; more of them are loops over memory (docs/log.md).
REGISTERS = 64


class Inline:
    """Writes the step of an unrolled program; `chainrule.engines.template.Step` says what the loop asks of it."""

    is_sliced = False

    def __init__(self, program: Program, unrolled: Unrolled, layout: Layout, wish: Wish):
        self.layout, self.wish = layout, wish
        self.program, self.homes = unrolled.program, unrolled.homes
        self.batch_arrays = [ref for ref in program.inputs if ref.indices]
        statements = take_apart(self.program)
        given = [ref.name for ref in (*self.program.inputs, *self.program.states)]
        self.sections = arrange(statements, self.program.sizes, given)
        self.updates = [statement for statement in statements if statement.equation.update]
        self.in_registers = len(self.updates) <= REGISTERS
        self.flat_updates = [s for s in take_apart(program) if s.equation.update]
        made = [statement for section in self.sections for statement in section.statements]
        self.made = [statement.name for statement in made if statement.rows != "each"]
        read = reads_of(self.updates)
        self.carried = [name for name in self.made if name in read]
        self.memory = self._memory(program)

    def _memory(self, program: Program) -> Memory:
        inner = Memory.of(self.program, self.sections, self.layout, ())
        declared = program.declarations()
        in_vectors = {ref.name for held in self.layout.vectors.values() for ref in held}
        originals = [self.homes[name][0] for name in self.carried if name in self.homes]
        wanted = dict.fromkeys([*self.wish.keep, *originals])
        work = [declared[name] for name in wanted if name not in in_vectors and declared[name].indices]
        work.sort(key=lambda ref: ref.indices[0] == self.batch_arrays[0].indices[0])  # those without rows first
        single = [eq.target.name for eq in program.equations if not eq.target.indices and not eq.update]
        numbers = [name for name in single if name not in in_vectors]
        carried = [name for name in self.carried if name not in self.homes and name not in numbers]
        scalars = inner.scalars
        kept = {name for name, (array, _) in self.homes.items() if array in {ref.name for ref in work}}
        stored = inner.stored - kept
        return Memory(
            {**program.sizes},
            (*work, *(ref for ref in inner.work if ref.name in stored)),
            (*sorted({*numbers, *carried}, key=lambda name: (name != COST, name)), *scalars),
            scalars,
            stored,
            inner.local,
            vectors=tuple(self.layout.vectors.values()),
        )

    # What the loop asks

    @property
    def kept(self) -> list[str]:
        """The arguments for memory and sizes."""
        return [*self.layout.vectors, "work", "numbers", "offsets", *self.memory.size_arguments]

    def number(self, name: str) -> str:
        """Return how a number of the step is read: what is given is in memory, what is computed a variable."""
        return f"numbers[{self.memory.numbers.index(name)}]" if name in self.memory.scalars else name

    def begin(self, out: Writer) -> None:
        """Write how memory becomes variables."""
        if self.in_registers:
            self._read(out)
            for name in self.carried:
                out.add(f"{name} = real({self._home(name)})")

    def end(self, out: Writer) -> None:
        """Write how variables become memory."""
        if self.in_registers:
            for name, place in self._vector_places():
                out.add(f"{place} = {name}")

    def save(self, out: Writer) -> None:
        """Write the derivatives, and what updates read, to memory."""
        if self.in_registers:
            self._write(out)

    def _read(self, out: Writer) -> None:
        for name, place in self._vector_places():
            out.add(f"{name} = {place}")

    def _write(self, out: Writer) -> None:
        for name in self.made:
            if home := self._home(name):
                out.add(f"{home} = {name}")

    def compute(self, out: Writer, fill: Callable[[], None]) -> None:
        """Write the forward and the backward pass."""
        out.add("first, last = 0, N")
        fill()
        homes, declared = self._element_places(), self.program.declarations()
        places = Places(self.program.sizes, self.memory.stored, self.memory.local, homes, declared)
        places.one_by_one = bool(self.wish.rows)
        for ref in self.memory.work:
            if len(ref.indices) and ref.indices[0] == self.batch_arrays[0].indices[0]:
                out.add(
                    f"{ref.name}_all = cut(work, {self.memory.offset(ref, self.memory.work)}, {self.memory.shape(ref)})"
                )
        if not self.in_registers:
            self._read(out)
        scalars = {name: self.number(name) for name in self.memory.scalars}
        for number, section in enumerate(self.sections, 1):
            self._section(out, places, section, Invariants(scalars, self.program.sizes, f"same{number}_"))
        if not self.in_registers:
            self._write(out)

    def update(self, out: Writer) -> None:
        """Write the updates."""
        same = Invariants({name: self.number(name) for name in self.memory.scalars}, self.memory.sizes, "fixed")
        written_out = [same.of(statement) for statement in self.updates if self._is_written_out(statement.name)]
        in_loops = [same.of(s) for s in self.flat_updates if not (self.in_registers or self._is_running(s.name))]
        read = reads_of([*written_out, *in_loops])
        for name in self.memory.scalars:
            if name in read:
                out.add(f"{name} = real({self.number(name)})")
        if not self.in_registers:
            self._read_again(out, read)
        same.write(out)
        places = Places(self.memory.sizes)
        for statement in written_out:
            out.add(f"{statement.name} = {places.text(statement.body)}", statement.equation)
            if not self.in_registers:
                out.add(f"{self._home(statement.name)} = {statement.name}")
        for run in runs_of(in_loops, self.layout):
            write_run(out, places, self.memory, self.layout, run)

    def _is_running(self, name: str) -> bool:
        return self.layout.vector_of(name) == RUNNING

    def _is_written_out(self, name: str) -> bool:
        return self.in_registers or self._is_running(self.homes[name][0])

    def _read_again(self, out: Writer, read: set[str]) -> None:
        """Write how updates find what a step made, which may have been before training was left and taken up again."""
        for name in sorted(read):
            running = name in self.homes and self._is_running(self.homes[name][0])
            if running or (name in self.made and not self.layout.vector_of(name)):
                out.add(f"{name} = real({self._home(name)})")

    def _section(self, out: Writer, places: Places, section: Section, same: Invariants) -> None:
        body = Writer(out.depth)
        for statement in section.summed:
            body.add(f"{statement.name} = {STARTS[statement.kind]}")
        for phase in section.slices:
            phase.statements = [same.of(statement) for statement in phase.statements]
            body.open("for n in range(N):")
            RowLoop(body, places, phase).write()
            body.close()
        chain = [same.of(statement) for statement in section.whole]
        for statement in chain:
            body.add(f"{statement.name} = {places.text(statement.body)}", statement.equation)
        same.write(out)
        out.lines += body.lines

    # Where elements stand

    def _element_places(self) -> dict[str, str]:
        """Return how elements of the batch's arrays, and of those that are kept, are written."""
        given = {ref.name: ref.name for ref in self.batch_arrays}
        rows = self.batch_arrays[0].indices[0]
        kept = {ref.name: f"{ref.name}_all" for ref in self.memory.work if ref.indices[:1] == (rows,)}
        arrays = {**kept, **given}
        return {
            name: f"{arrays[array]}[{', '.join(['n', *map(str, place)])}]"
            for name, (array, place) in self.homes.items()
            if array in arrays and name not in self.memory.stored
        }

    def _vector_places(self) -> Iterator[tuple[str, str]]:
        """Yield the variables of parameters and states, with where they stand in the flat vectors."""
        states = {ref.name for ref in self.program.states}
        if not self.in_registers:  # those that only updates read stay where they are
            states &= reads_of(statement for section in self.sections for statement in section.statements)
        for vector, held in self.layout.vectors.items():
            for name, number in _numbered(self._elements(held)):
                if name in states:
                    yield name, f"{vector}[{number}]"

    def _home(self, name: str) -> str | None:
        """Return where a number that a step makes is kept, if it is."""
        if name in self.memory.numbers:
            return f"numbers[{self.memory.numbers.index(name)}]"
        array, _ = self.homes.get(name, ("", ()))
        for vector, held in self.layout.vectors.items():
            if any(ref.name == array for ref in held):
                return f"{vector}[{self._elements(held).index(name)}]"
        kept = next((ref for ref in self.memory.work if ref.name == array), None)
        if kept is None:
            return None
        number = self._elements([kept]).index(name)
        return f"work[{self.memory.place(array)} + {number}]"

    def _elements(self, held: Sequence[Ref]) -> list[str]:
        """Return the variables of arrays, in the order of memory."""
        names = []
        for ref in held:
            sizes = [self.memory.extent(index, 0) for index in ref.index_names]
            names += ["_".join([ref.name, *map(str, place)]) for place in product(*map(range, sizes))]
        return names


def _numbered(names: Sequence[str]) -> Iterator[tuple[str, int]]:
    return ((name, number) for number, name in enumerate(names))
