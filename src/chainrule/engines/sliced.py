"""The step of a network as functions: slices of the batch and parts of results, which threads share.

Small sizes stand in the source as numbers, so that the compiler unrolls; larger ones are arguments, so that networks of
other widths share the module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from chainrule.engines.flat import runs_of, share_of, write_elements, write_run
from chainrule.engines.layout import Layout, Memory, reads_of
from chainrule.engines.lowering import Section, arrange
from chainrule.engines.products import TILE
from chainrule.engines.rowloop import RowLoop
from chainrule.engines.statements import Statement, is_product, operands, take_apart, turned_operand
from chainrule.engines.template import MEET, Wish
from chainrule.engines.text import STARTS, Invariants, Places, Writer, signature
from chainrule.equations import Ref
from chainrule.program import Program

Write = Callable[[Writer, Places, Section], None]
# So many phases of a slice stand in one function: LLVM takes longer for long ones than in proportion (docs/log.md).
PHASES = 12


@dataclass(frozen=True)
class Task:
    """A function of a step, what it is given first, and who runs it: each slice, one thread, or all at once."""

    name: str
    first: tuple[str, ...]
    who: str = "all"
    section: int = 0


class Sliced:
    """Writes the functions of a step; `chainrule.engines.template.Step` says what the loop asks of it."""

    is_sliced = True

    def __init__(self, program: Program, layout: Layout, wish: Wish):
        statements = take_apart(program)
        given = [ref.name for ref in (*program.inputs, *program.states)]
        sections = arrange(statements, program.sizes, given)
        self.updates = [statement for statement in statements if statement.equation.update]
        self.layout, self.wish = layout, wish
        self.sizes, self.declared = program.sizes, program.declarations()
        self.batch_arrays = [ref for ref in program.inputs if ref.indices]
        self.memory = Memory.of(program, sections, layout, wish.keep)
        self.scalar_places = {name: self.number(name) for name in self.memory.scalars}
        self.functions = Writer()
        self.summed_here: set[str] = set()  # the sums over rows that the section at hand makes
        self.tasks = [task for number, section in enumerate(sections, 1) for task in self._section(section, number)]
        self.update_task = self._update() if self.updates else None

    # What the loop asks

    @property
    def kept(self) -> list[str]:
        """The arguments for memory and sizes."""
        return [*self.layout.vectors, "work", "own", "numbers", "offsets", "own_length", *self.memory.size_arguments]

    def number(self, name: str) -> str:
        """Return how a number of the step is read."""
        return f"numbers[{self.memory.numbers.index(name)}]"

    def begin(self, out: Writer) -> None:
        """Write nothing: all is in memory."""

    def compute(self, out: Writer, fill: Callable[[], None]) -> None:
        """Write the calls of the functions, and where threads meet."""
        out.add(f"tiles = (N + {TILE - 1}) // {TILE}")
        out.add("slices = min(tiles, most_slices)")
        out.add("groups = min(slices, most_groups)")
        filled, before = False, (self.tasks[0].section, self.tasks[0].who)
        if not any(task.who == "slices" and task.section == 1 for task in self.tasks):
            self._for_slices(out, fill)
            filled = True
        for (section, who), tasks in groupby(self.tasks, key=lambda task: (task.section, task.who)):
            if section != before[0] and before[1] != "slices":
                out.add(MEET)
            calls = [partial(self._call, out, task) for task in tasks]
            if who == "slices":
                self._for_slices(out, *calls if filled else (fill, *calls))
                filled = True
            else:
                if who == "one":
                    out.open("if thread == 0:")
                for call in calls:
                    call()
                out.close(who == "one")
            before = section, who
        if before[1] != "slices":
            out.add(MEET)

    def _for_slices(self, out: Writer, *write: Callable[[], None]) -> None:
        """Write a loop over a thread's slices, after which all threads meet."""
        out.open("for group in range(thread, groups, threads):")
        out.open("for slice_ in range(group, slices, groups):")
        out.add(f"first, last = tiles * slice_ // slices * {TILE}, min(N, tiles * (slice_ + 1) // slices * {TILE})")
        for one in write:
            one()
        out.close(2)
        out.add(MEET)

    def save(self, out: Writer) -> None:
        """Write nothing: derivatives are in memory."""

    def update(self, out: Writer) -> None:
        """Write the call of the update; a network without parameters has none."""
        if self.update_task:
            self._call(out, self.update_task)

    def end(self, out: Writer) -> None:
        """Write nothing: all is in memory."""

    # Functions

    @property
    def _arguments(self) -> list[str]:
        arrays = [ref.name for ref in self.batch_arrays]
        return [*arrays, "N", *self.kept]

    def _call(self, out: Writer, task: Task) -> None:
        out.add(f"{task.name}({', '.join([*task.first, *self._arguments])})")

    def _function(self, name: str, first: Sequence[str], write: Callable[[Writer, Places], None]) -> Task:
        own = self.summed_here if "group" in first else set()
        body = Writer(1)
        homes = self._single_places(own)
        write(body, Places(self.sizes, self.memory.stored, self.memory.local, homes, self.declared))
        out = self.functions
        out.lines += ["", "", "@apart", *signature(name, [*first, *self._arguments])]
        out.depth += 1
        self._views(first, body.lines)
        out.lines += body.lines
        out.close()
        return Task(name, tuple(first))

    def _single_places(self, but: Iterable[str]) -> dict[str, str]:
        """Return where parameters without indices, and what belongs to them, stand in the flat vectors."""
        return {
            ref.name: f"{vector}[{self.memory.offset(ref, held)}]"
            for vector, held in self.layout.vectors.items()
            for ref in held
            if not ref.indices and ref.name not in but
        }

    def _views(self, first: Sequence[str], lines: Sequence[str]) -> None:
        """Cut the arrays that a function mentions from where they stand."""
        out, memory = self.functions, self.memory
        text = "\n".join(line.split("  # ")[0] for line in lines)

        def is_used(name: str) -> bool:
            return bool(re.search(rf"\b{name}\b", text))

        for ref in self.batch_arrays:
            if is_used(ref.name):
                out.add(f"{ref.name} = cut({ref.name}, 0, {memory.shape(ref)})")
        in_slice = "group" in first
        summed = self.summed_here if in_slice else set()
        for vector, held in (*self.layout.vectors.items(), ("work", memory.work)):
            for ref in held:
                name = f"{ref.name}_all" if ref.name in memory.stored else ref.name
                if is_used(name) and ref.indices and ref.name not in summed:
                    out.add(f"{name} = cut({vector}, {memory.offset(ref, held)}, {memory.shape(ref)})")
        if not in_slice:
            return
        out.add("mine = group * own_length")
        for ref in memory.own:
            if ref in memory.summed and ref.name not in summed:
                continue  # the sums of an earlier section are whole, and stand with the other arrays
            name = ref.name if ref.name in summed else f"{ref.name}_row"
            if is_used(name) and ref.indices:
                out.add(f"{name} = cut(own, mine + {memory.offset(ref, memory.own)}, {memory.shape(ref)})")

    def _section(self, section: Section, number: int) -> list[Task]:
        tasks = []
        if number == 1 and self.memory.turned:
            tasks.append(self._function("turn_weights", ("thread", "threads"), self._turn))

        def add(name: str, first: tuple[str, ...], who: str, write: Write, what: Section = section) -> None:
            task = self._function(name, first, lambda out, places: write(out, places, what))
            tasks.append(replace(task, who=who, section=number))

        self.summed_here = {statement.name for statement in section.summed}
        phases = section.slices
        parts = [Section(phases[start : start + PHASES]) for start in range(0, len(phases), PHASES)]
        for place, part in enumerate(parts, 1):
            name = f"rows_{number}" if len(parts) == 1 else f"rows_{number}_{place}"
            add(name, ("group", "slice_", "groups", "first", "last"), "slices", self._rows, part)
        if section.whole or set(section.summed) - set(self._shared_sums(section)):
            add(f"whole_{number}", ("groups",), "one", self._whole)
        if section.products or section.elements or self._shared_sums(section):
            add(f"parts_{number}", ("thread", "threads", "groups"), "all", self._parts)
        return tasks

    def _rows(self, out: Writer, places: Places, section: Section) -> None:
        same = Invariants(self.scalar_places, self.sizes)
        body = Writer(1)
        self._start_sums(body, section)
        for phase in section.slices:
            if phase.kind == "product":
                for statement in phase.statements:
                    (self._summed_product if statement.rows == "summed" else self._product)(body, places, statement)
                continue
            phase.statements = [same.of(statement) for statement in phase.statements]
            body.open("for n in range(first, last):")
            RowLoop(body, places, phase).write()
            body.close()
        for statement in section.summed:
            if not statement.target.indices:
                body.add(f"own[mine + {self.memory.offset(statement.target, self.memory.own)}] = {statement.name}")
        inside = [statement for phase in section.slices for statement in phase.statements]
        self._load(out, reads_of(inside), {statement.name for statement in section.summed})
        same.write(out)
        out.lines += body.lines

    def _start_sums(self, out: Writer, section: Section) -> None:
        """Write how the sums of a slice begin: with what earlier slices of its group have summed."""
        for statement in section.summed:
            if not statement.target.indices:
                place = f"own[mine + {self.memory.offset(statement.target, self.memory.own)}]"
                out.add(f"{statement.name} = choose(slice_ < groups, {STARTS[statement.kind]}, {place})")
        arrays = [s for s in section.summed if s.target.indices and not is_product(s, self.sizes)]
        if arrays:
            out.open("if slice_ < groups:")
            for statement in arrays:
                out.add(f"fill({statement.name}, {self.memory.length(statement.target)}, {STARTS[statement.kind]})")
            out.close()

    def _summed_product(self, out: Writer, places: Places, statement: Statement) -> None:
        left, right = (f"rows_of({places.array(array.name)}, first, last)" for array in operands(statement))
        out.add(f"add_product_over_rows({left}, {right}, {statement.name}, slice_ >= groups)", statement.equation)

    def _load(self, out: Writer, read: Iterable[str], made: Iterable[str] = ()) -> None:
        for name in self.memory.numbers:
            if name in set(read) - set(made):
                out.add(f"{name} = real({self.number(name)})")

    def _product(self, out: Writer, places: Places, statement: Statement) -> None:
        left, _ = operands(statement)
        one, result = (f"rows_of({places.array(array.name)}, first, last)" for array in (left, statement.target))
        out.add(f"product({one}, {_right_matrix(places, statement)}, {result})", statement.equation)

    def _turn(self, out: Writer, places: Places) -> None:
        for ref in self.memory.turned:
            rows, columns = map(self.memory.size, ref.index_names)
            out.add(share_of("0", rows))
            out.add(f"turn({ref.name}, {rows}, {columns}, {ref.name}_turned, first, last)", f"{ref.name} transposed")

    def _whole(self, out: Writer, places: Places, section: Section) -> None:
        made = {s.name for s in (*section.summed, *section.whole)}
        self._load(out, reads_of(section.whole), made)
        shared = self._shared_sums(section)
        for statement in section.summed:
            at = f"own, {self.memory.offset(statement.target, self.memory.own)}, own_length, groups"
            if statement in shared:
                continue
            if statement.target.indices:
                function = "add_parts" if statement.kind == "sum" else "largest_part"
                length = self.memory.length(statement.target)
                out.add(f"{function}({at}, {self._flat_view(statement.target)}, 0, {length})", statement.equation)
            else:
                function = "sum_of_parts" if statement.kind == "sum" else "largest_of_parts"
                out.add(f"{places.place(statement.target)} = {function}({at})", statement.equation)
        same = Invariants(self.scalar_places, self.sizes)
        chain = [same.of(statement) for statement in section.whole]
        same.write(out)
        for statement in chain:
            write_elements(out, places, statement)
        for name in self.memory.numbers:
            if name in made:
                out.add(f"{self.number(name)} = {name}")

    def _flat_view(self, ref: Ref) -> str:
        vector = self.layout.vector_of(ref.name)
        name, held = (vector, self.layout.vectors[vector]) if vector else ("work", self.memory.work)
        return f"cut({name}, {self.memory.offset(ref, held)}, ({self.memory.length(ref)},))"

    def _shared_sums(self, section: Section) -> list[Statement]:
        """Return the sums that threads add up together: those in vectors, which nothing here reads."""
        read = reads_of(section.whole)
        return [
            s
            for s in section.summed
            if s.kind == "sum" and s.target.indices and s.name not in read and self.layout.vector_of(s.name)
        ]

    def _add_shared(self, out: Writer, section: Section) -> None:
        """Write how each thread adds up the elements of vectors that it also updates: they stay near its core."""
        shared = self._shared_sums(section)
        for vector, held in self.layout.vectors.items():
            inside = [statement for statement in shared if self.layout.vector_of(statement.name) == vector]
            if inside:
                out.add(share_of("0", self.memory.end(held[-1], held)))
            for statement in inside:
                start, length = self.memory.offset(statement.target, held), self.memory.length(statement.target)
                at = f"own, {self.memory.offset(statement.target, self.memory.own)}, own_length, groups"
                limits = f"max(first - {start}, 0), min(last - {start}, {length})"
                out.add(f"add_parts({at}, {self._flat_view(statement.target)}, {limits})", statement.equation)

    def _parts(self, out: Writer, places: Places, section: Section) -> None:
        self._add_shared(out, section)
        for statement in section.products:
            self._cut_product(out, places, statement)
        same = Invariants(self.scalar_places, self.sizes)
        chain = [same.of(statement) for statement in section.elements]
        self._load(out, reads_of(chain))
        same.write(out)
        for statement in chain:
            write_elements(out, places, statement, spread=True)

    def _cut_product(self, out: Writer, places: Places, statement: Statement) -> None:
        """Write a product that needs all rows, shared by columns of its result, or by rows if none are the batch's."""
        row, column = map(self.memory.size, statement.target.index_names)
        left, _ = operands(statement)
        name, cut = ("product_columns", column) if statement.rows == "each" else ("product_over_rows", row)
        out.add(share_of("0", cut))
        arrays = ", ".join(
            [places.array(left.name), _right_matrix(places, statement), places.array(statement.target.name)]
        )
        out.add(f"{name}({arrays}, first, last)", statement.equation)

    def _update(self) -> Task:
        def write(body: Writer, places: Places) -> None:
            same = Invariants(self.scalar_places, self.sizes)
            changed = [same.of(statement) for statement in self.updates]
            self._load(body, reads_of(changed))
            same.write(body)
            for run in runs_of(changed, self.layout):
                write_run(body, places, self.memory, self.layout, run)

        return self._function("update", ("thread", "threads"), write)


def _right_matrix(places: Places, statement: Statement) -> str:
    """Return what the second matrix of a product is called, where need be the transposed copy."""
    turned = turned_operand(statement)
    return f"{turned.name}_turned" if turned else places.array(operands(statement)[1].name)
