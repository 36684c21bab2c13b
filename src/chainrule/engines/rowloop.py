"""One loop over the rows of a slice: all that its statements say of one row, in as few inner loops as possible."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.engines.lowering import Phase
from chainrule.engines.statements import Statement, is_literal
from chainrule.engines.text import STARTS, Places, Writer, one_more
from chainrule.equations import Expr, Index, refs


class RowLoop:
    """Writes the body of a loop over rows; neighbours over the same units share an inner loop."""

    def __init__(self, out: Writer, places: Places, phase: Phase):
        self.out, self.places = out, places
        self.waiting = list(phase.statements)
        self.made_here = {s.name for s in phase.statements if s.rows == "each"}
        self.readers: dict[str, set[str]] = {}
        for statement in phase.statements:
            for name in statement.reads:
                self.readers.setdefault(name, set()).add(statement.name)
        self.complete: set[str] = set()
        self._start_over()

    def _start_over(self) -> None:
        """Have no inner loop open: its index, the sums over it, its lines, and all that it makes."""
        self.index: str | None = None
        self.sums: list[Statement] = []
        self.lines: list[tuple[str, object, str]] = []
        self.started: list[str] = []

    def write(self) -> None:
        """Write everything."""
        while self.waiting:
            chosen = next((s for s in self.waiting if self._joins(s)), None)
            if chosen is None:
                self._close()
                chosen = next(s for s in self.waiting if self._is_ready(s))
            self.waiting.remove(chosen)
            self._statement(chosen)
        self._close()
        self.places.in_loop.clear()

    def _units(self, indices: Sequence[str]) -> list[str]:
        return [index for index in indices if isinstance(self.places.sizes[index], int)]

    def _loop_of(self, statement: Statement) -> str | None:
        """Return the index of the inner loop that a statement stands in; None for one value a row."""
        units = self._units(statement.place.index_names)
        if units:
            return units[0]
        return self._units(statement.over)[0] if self._units(statement.over) else None

    def _has_own_loops(self, statement: Statement) -> bool:
        units, over = self._units(statement.place.index_names), self._units(statement.over)
        if len(units) > 1 or len(over) > 1:
            return True
        return bool(units and over) and not is_literal(self.places.sizes[over[0]])

    def _is_done(self, name: str) -> bool:
        return name not in self.made_here or name in self.complete

    def _is_ready(self, statement: Statement) -> bool:
        return all(map(self._is_done, statement.reads))

    def _joins(self, statement: Statement) -> bool:
        """Whether it can stand in the inner loop that is open."""
        if self.index is None or self._loop_of(statement) != self.index or self._has_own_loops(statement):
            return False
        for used in refs(statement.body):
            at_hand = used.name in self.started and used.indices[1:] == (Index(self.index),)
            if not self._is_done(used.name) and not at_hand:
                return False
            if at_hand and used.name not in self.places.in_loop:
                return False  # a sum over this very loop, which is not there before its end
        return True

    def _statement(self, statement: Statement) -> None:
        loop = self._loop_of(statement)
        if self._has_own_loops(statement):
            self._close()
            self._own_loops(statement)
        elif loop is None:
            self._one_value(statement)
        else:
            self.index = loop
            self._in_loop(statement)
            self.started.append(statement.name)
            return
        self.complete.add(statement.name)

    def _one_value(self, statement: Statement) -> None:
        text, place = self.places.text(statement.body), self.places.place(statement.place)
        if statement.rows == "summed":
            self.out.add(one_more(statement.kind, place, text), statement.equation)
        else:
            self.out.add(f"{statement.name} = {text}", statement.equation)
            self._keep(statement)

    def _keep(self, statement: Statement) -> None:
        """Write one value of the row where others find it; for the rest of the row it is a number."""
        place = self.places.place(statement.place)
        if place != statement.name:
            self.out.add(f"{place} = {statement.name}")
        self.places.in_loop.add(statement.name)

    def _in_loop(self, statement: Statement) -> None:
        place, text, name = self.places.place(statement.place), self.places.text(statement.body), statement.name
        over = self._units(statement.over)
        if statement.rows == "summed":
            self.lines.append((one_more(statement.kind, place, text), statement.equation, ""))
        elif over == [self.index]:
            self.sums.append(statement)
            self.lines.append((one_more(statement.kind, name, text), statement.equation, ""))
        else:
            if over:
                self.lines.append((f"{name} = {STARTS[statement.kind]}", "", ""))
                self.lines.append((f"for {over[0]} in range({self.places.size(over[0])}):", "", ""))
                self.lines.append(("    " + one_more(statement.kind, name, text), statement.equation, ""))
            else:
                self.lines.append((f"{name} = {text}", statement.equation, ""))
            self.lines.append((f"{place} = {name}", "", name))
            self.places.in_loop.add(name)

    def _close(self) -> None:
        if self.index is None:
            return
        for statement in self.sums:
            self.out.add(f"{statement.name} = {STARTS[statement.kind]}")
        self.out.open(f"for {self.index} in range({self.places.size(self.index)}):")
        for line, comment, keeps in self.lines:
            if not keeps or self._is_needed_later(keeps):
                self.out.add(line, comment)
        self.out.close()
        self.complete.update(self.started)
        self.places.in_loop.difference_update(self.started)
        for statement in self.sums:
            self._keep(statement)
        self._start_over()

    def _is_needed_later(self, name: str) -> bool:
        return name in self.places.stored or bool(self.readers.get(name, set()) - set(self.started))

    def _own_loops(self, statement: Statement) -> None:
        units, over = self._units(statement.place.index_names), self._units(statement.over)
        place, text = self.places.place(statement.place), self.places.text(statement.body)
        if statement.rows == "summed" or not over:
            step = one_more(statement.kind, place, text) if statement.rows == "summed" else f"{place} = {text}"
            self._nest(units, step, statement.equation)
        elif statement.kind == "sum" and self._weights_lie_along(statement.body, units):
            # Row by row of the weights, as they lie in memory.
            self._nest(units, f"{place} = real(0)", "")
            self._nest([*over, *units], f"{place} += {text}", statement.equation)
        else:
            for index in units:
                self.out.open(f"for {index} in range({self.places.size(index)}):")
            self.out.add(f"total = {STARTS[statement.kind]}")
            self._nest(over, one_more(statement.kind, "total", text), statement.equation)
            self.out.add(f"{place} = total")
            self.out.close(len(units))

    def _nest(self, indices: Sequence[str], line: str, comment: object) -> None:
        for index in indices:
            self.out.open(f"for {index} in range({self.places.size(index)}):")
        self.out.add(line, comment)
        self.out.close(len(indices))

    def _weights_lie_along(self, body: Expr, units: Sequence[str]) -> bool:
        """Whether the matrix of a product has the target's unit as its last index."""
        last = {used.indices[-1] for used in refs(body) if len(used.indices) > 1 and used.index_names[:1] != ("n",)}
        return len(units) == 1 and last == {Index(units[0])}
