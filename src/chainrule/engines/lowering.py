"""From equations to the order of a program: which loops there are and what stands in each.

Equations are first taken apart so that each sum or maximum is a statement of its own (`take_apart`). Statements are
then laid into sections (`arrange`). In a section, slices of the batch come first: loops over their rows, in which
everything that one row needs is done in one go, and products with a slice's rows. What needs all rows follows: sums of
what the slices summed, products of large matrices, and what concerns no row. Slices may be spread over threads, and so
may large products, by blocks of their result; between the two, and between sections, threads meet. Nothing here knows a
layer, a loss or an optimiser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

from chainrule.equations import Call, Equation, Expr, Index, Reduce, Ref, Size, free_indices, rebuild, ref, refs
from chainrule.errors import FormulaError
from chainrule.program import Extent, Program

# Sizes up to this stand in the source as numbers, so that the compiler unrolls; larger ones are arguments.
LITERAL_TO = 16
# A product is computed in tiles if one of its sizes is an argument and the other at least this; docs/log.md.
PRODUCT_FROM = 2
# A product by a matrix of at least so many elements is cut by columns for all rows at once, instead of by rows: each
# core then has its part of the matrix near, and there are no sums of slices to add up.
LARGE_FROM = 65_536


class NotCompilableError(FormulaError):
    """The program says something that generated source cannot; the reference engine can."""


@dataclass(frozen=True)
class Statement:
    """One assignment: element by element (`over` empty), or a sum or maximum over the indices `over`.

    `rows` says how the batch takes part: "each" (the target has a value for each row), "summed" (over the
    rows), or "none".
    """

    equation: Equation
    kind: str
    over: tuple[str, ...]
    body: Expr
    rows: str

    @property
    def name(self) -> str:
        """The array that is assigned."""
        return self.equation.target.name

    @property
    def target(self) -> Ref:
        """The left side."""
        return self.equation.target

    @cached_property
    def reads(self) -> frozenset[str]:
        """The arrays that are read."""
        return frozenset(used.name for used in refs(self.body))


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


def is_literal(extent: Extent) -> bool:
    """Whether a size stands in the source as a number."""
    return isinstance(extent, int) and extent <= LITERAL_TO


def take_apart(program: Program) -> list[Statement]:
    """Return the program's statements in order, each sum and maximum by itself."""
    return [statement for equation in program.equations for statement in _Apart(program.sizes, equation).run()]


class _Apart:
    def __init__(self, sizes: Mapping[str, Extent], equation: Equation):
        self.sizes, self.equation = sizes, equation
        self.parts: list[Statement] = []
        self.named = 0

    def run(self) -> list[Statement]:
        value = self.equation.value
        if isinstance(value, Reduce) and value.kind != "mean" and not self.equation.update:
            self._reduce(value, self.equation.target)
        else:
            self._emit(self.equation, "each", (), self._without_sums(value))
        return self.parts

    def _without_sums(self, expr: Expr) -> Expr:
        """Return the expression with a name in place of each sum or maximum."""
        if not isinstance(expr, Reduce):
            return rebuild(expr, self._without_sums)
        order = self.equation.target.index_names
        own = free_indices(expr)
        indices = [index for index in order if index in own] + [index for index in own if index not in order]
        self.named += 1
        target = ref(f"{self.equation.target.name}_part{self.named}", *indices)
        self._reduce(replace(expr, kind="sum") if expr.kind == "mean" else expr, target)
        result: Expr = target
        for index in expr.indices if expr.kind == "mean" else ():
            result = result / Size(index)
        return result

    def _reduce(self, expr: Reduce, target: Ref) -> None:
        body = self._without_sums(expr.body)
        units = tuple(index for index in expr.indices if not self._is_batch(index))
        batch = tuple(index for index in expr.indices if self._is_batch(index))
        if units and batch:
            own = (*batch, *target.index_names)
            inner = ref(f"{target.name}_row", *own)
            self._emit(Equation(inner, Reduce(expr.kind, units, body)), expr.kind, units, body)
            body, units = inner, ()
        shown = Reduce(expr.kind, units or batch, body)
        self._emit(replace(self.equation, target=target, value=shown, update=False), expr.kind, units or batch, body)

    def _emit(self, equation: Equation, kind: str, over: tuple[str, ...], body: Expr) -> None:
        if any(self._is_batch(index) for index in equation.target.index_names):
            rows = "each"
        else:
            rows = "summed" if any(self._is_batch(index) for index in over) else "none"
        self.parts.append(Statement(equation if over else replace(equation, value=body), kind, over, body, rows))

    def _is_batch(self, index: str) -> bool:
        return isinstance(self.sizes[index], str)


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


def product_of_two(body: Expr) -> tuple[Ref, Ref] | None:
    """Return the two arrays of a product of nothing else."""
    match body:
        case Call("*", (Ref() as left, Ref() as right)):
            return left, right
    return None


def is_product(statement: Statement, sizes: Mapping[str, Extent]) -> bool:
    """Whether a statement is a product of two matrices, one of them with a row for each sample, computed in tiles.

    The answer depends on a size only as far as the size is a literal, so that wider networks share their source.
    """
    pair = product_of_two(statement.body)
    if statement.kind != "sum" or pair is None or len(statement.over) != 1:
        return False
    used = (*statement.target.index_names, *statement.over)
    units = [size for index in used if isinstance(size := sizes[index], int)]
    if sum("n" in array.index_names for array in pair) != (1 if statement.rows == "each" else 2):
        return False
    plain = all(len(array.indices) == len(array.index_names) == 2 for array in pair)
    if not plain:
        return False
    rows_first = all(array.index_names[0] == "n" or "n" not in array.index_names for array in pair)
    if not (rows_first and len(units) == 2 and len(used) == 3):
        return False
    return any(not is_literal(size) for size in units) and min(units) >= PRODUCT_FROM


def is_large(statement: Statement, sizes: Mapping[str, Extent]) -> bool:
    """Whether a product has a matrix so large that it is used for all rows of the batch at once."""
    used = (*statement.target.index_names, *statement.over)
    return prod(size for index in used if isinstance(size := sizes[index], int)) >= LARGE_FROM


def operands(statement: Statement) -> tuple[Ref, Ref]:
    """Return the matrices of a product, first the one with the rows of the result."""
    pair = product_of_two(statement.body)
    assert pair
    return pair if statement.target.index_names[0] in pair[0].index_names else pair[::-1]


def turned_operand(statement: Statement) -> Ref | None:
    """Return the matrix that a product with a row for each sample needs transposed, if it does."""
    right = operands(statement)[1]
    return right if right.index_names != (*statement.over, statement.target.index_names[1]) else None
