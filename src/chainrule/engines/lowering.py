"""From statements to the order of a program: which loops there are and what stands in each.

Statements are laid into sections. In a section, slices of the batch come first: loops over their rows, in which
everything that one row needs is done in one go, and products with a slice's rows. What needs all rows follows: sums of
what the slices summed, products of large matrices, and what concerns no row. Slices may be spread over threads, and so
may large products, by parts of their result; between the two, and between sections, threads meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chainrule.engines.statements import NotCompilableError, Statement, is_large, is_literal, is_product, turned_operand
from chainrule.equations import Index, Ref, refs
from chainrule.program import Extent


@dataclass
class Phase:
    """Statements of a slice that run together: in one loop over its rows, or each as a product of matrices."""

    kind: str
    statements: list[Statement] = field(default_factory=list)


@dataclass
class Section:
    """What runs between two meetings of the threads.

    `slices` for each slice of the batch; then large `products` of all rows, `elements` (element by element, nothing to
    do with rows), and `whole`, in this order, which one thread does.
    """

    slices: list[Phase] = field(default_factory=list)
    products: list[Statement] = field(default_factory=list)
    elements: list[Statement] = field(default_factory=list)
    whole: list[Statement] = field(default_factory=list)

    @property
    def summed(self) -> list[Statement]:
        """The sums over rows that the slices make, each its part."""
        return [statement for phase in self.slices for statement in phase.statements if statement.rows == "summed"]

    @property
    def statements(self) -> list[Statement]:
        """All of them."""
        inside = [statement for phase in self.slices for statement in phase.statements]
        return [*inside, *self.products, *self.elements, *self.whole]


def arrange(statements: Sequence[Statement], sizes: Mapping[str, Extent], given: Iterable[str]) -> list[Section]:
    """Lay all statements but the updates into sections, each as early as what it reads allows.

    `given` are the arrays that are there from the start.
    """
    return _Arrangement(statements, sizes, set(given)).run()


class _Arrangement:
    def __init__(self, statements: Sequence[Statement], sizes: Mapping[str, Extent], done: set[str]):
        self.waiting = [statement for statement in statements if not statement.equation.update]
        self.sizes, self.done, self.given = sizes, done, frozenset(done)

    def run(self) -> list[Section]:
        sections: list[Section] = []
        while self.waiting:
            section = self._section()
            if not section.statements:
                names = ", ".join(statement.name for statement in self.waiting)
                raise NotCompilableError(
                    f"{names} need other rows of the batch in a way that only the reference engine knows"
                )
            sections.append(section)
        return sections

    def _section(self) -> Section:
        section, before = Section(), set(self.done)
        while phases := [phase for phase in (self._product_phase(), self._row_phase()) if phase.statements]:
            section.slices += [part for phase in phases for part in self._parts_of(phase)]
        # What is summed over the rows is whole only when all slices are done.
        products = {statement.name for statement in section.summed if is_product(statement, self.sizes)}
        self.done.update({statement.name for statement in section.summed} - products)
        reachable = self.done if section.slices else before
        section.products = self._take_all("all rows", set(reachable))
        section.elements = self._take_all("elements", set(reachable) - {s.name for s in section.summed})
        section.whole = self._chain()
        self.done.update(products, (statement.name for statement in (*section.products, *section.elements)))
        return section

    def _kind(self, statement: Statement) -> str:
        if is_product(statement, self.sizes) and self._has_its_matrices(statement):
            return "all rows" if is_large(statement, self.sizes) else "product"
        if statement.rows != "none":
            return "rows"
        wide = any(not is_literal(self.sizes[index]) for index in statement.target.index_names)
        return "elements" if wide and not statement.over else "whole"

    def _has_its_matrices(self, statement: Statement) -> bool:
        """Whether a matrix that is needed transposed is there from the start: later is too late to copy it."""
        turned = turned_operand(statement) if statement.rows == "each" else None
        return turned is None or turned.name in self.given

    def _product_phase(self) -> Phase:
        statements = self._take_all("product", self.done)
        self.done.update(statement.name for statement in statements if statement.rows == "each")
        return Phase("product", statements)

    def _take_all(self, kind: str, there: set[str]) -> list[Statement]:
        """Take what is ready at once."""
        ready = [s for s in self.waiting if self._kind(s) == kind and s.reads <= there]
        self.waiting = [s for s in self.waiting if s not in ready]
        return ready

    def _chain(self) -> list[Statement]:
        """Take what is ready, including what that makes ready."""
        chain: list[Statement] = []
        for statement in list(self.waiting):
            if self._kind(statement) == "whole" and statement.reads <= self.done:
                self.waiting.remove(statement)
                chain.append(statement)
                self.done.add(statement.name)
        return chain

    def _row_phase(self) -> Phase:
        phase, here = Phase("rows"), set(self.done)
        progress = True
        while progress:
            progress = False
            for statement in list(self.waiting):
                if self._kind(statement) == "rows" and self._fits(statement, here):
                    self.waiting.remove(statement)
                    phase.statements.append(statement)
                    if statement.rows == "each":
                        here.add(statement.name)
                    progress = True
        self.done.update(statement.name for statement in phase.statements if statement.rows == "each")
        return phase

    def _parts_of(self, phase: Phase) -> Sequence[Phase]:
        """Return a loop over rows in parts, each of what waits for the sums over a few units in the part before.

        A row by itself would be one long chain of operations; so several rows are under way at once (docs/log.md).
        """
        reductions = [s for s in phase.statements if s.over and s.rows == "each"]
        units = [index for statement in reductions for index in statement.over]
        if phase.kind != "rows" or not all(is_literal(self.sizes[index]) for index in units):
            return [phase]
        parts: list[Phase] = []
        place: dict[str, int] = {}
        for statement in phase.statements:
            waits = [place[name] for name in statement.reads if name in place]
            number = max(waits, default=0)
            while len(parts) <= number:
                parts.append(Phase("rows"))
            parts[number].statements.append(statement)
            if statement.rows == "each":
                place[statement.name] = number + (statement in reductions)
        return parts

    def _fits(self, statement: Statement, here: set[str]) -> bool:
        """Whether all it reads is there; what slices make, only in the row at hand."""
        row = statement.over[0] if statement.rows == "summed" else statement.target.index_names[0]
        for used in refs(statement.body):
            if used.name not in here:
                return False
            own_row = used.indices[:1] == (Index(row),)
            if self._has_rows(used) and not own_row:
                return False
        return True

    def _has_rows(self, used: Ref) -> bool:
        return any(isinstance(index, Index) and isinstance(self.sizes[index.name], str) for index in used.indices)
