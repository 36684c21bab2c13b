"""Statements that concern no row: element by element, and the updates, one loop for all that share theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.engines.layout import RUNNING, Layout, Memory
from chainrule.engines.statements import Statement
from chainrule.engines.text import STARTS, Places, Writer, one_more
from chainrule.equations import Expr, Index, Ref, rebuild, refs


def write_elements(out: Writer, places: Places, statement: Statement, *, spread: bool = False) -> None:
    """Write loops over the target's indices, the first shared by the threads if `spread`."""
    target, equation = statement.target, statement.equation
    for number, index in enumerate(target.index_names):
        limits = places.size(index)
        if spread and not number:
            out.add(share_of("0", limits))
            limits = "first, last"
        out.open(f"for {index} in range({limits}):")
    if statement.over:
        out.add(f"total = {STARTS[statement.kind]}")
        for index in statement.over:
            out.open(f"for {index} in range({places.size(index)}):")
        out.add(one_more(statement.kind, "total", places.text(statement.body)), equation)
        out.close(len(statement.over))
        out.add(f"{places.place(target)} = total")
    else:
        out.add(f"{places.place(target)} = {places.text(statement.body)}", equation)
    out.close(len(target.index_names))


def share_of(start: str, stop: str) -> str:
    """Return the line that says which part of a range a thread does."""
    return "first, last = " + ", ".join(f"share({start}, {stop}, {who}, threads)" for who in ("thread", "thread + 1"))


@dataclass(frozen=True)
class Group:
    """Updates of one parameter and its states; `lines` is what they say of element `p` of the flat vectors."""

    number: int
    statements: tuple[Statement, ...]
    lines: tuple[tuple[str, Expr], ...]


def runs_of(statements: Sequence[Statement], layout: Layout) -> list[list[Group] | Statement]:
    """Gather updates that say the same of neighbouring parts of the flat vectors; others stay alone."""
    groups: list[Group | Statement] = []
    for statement in statements:
        group = _group(statement, layout)
        last = groups[-1] if groups else None
        if isinstance(group, Group) and isinstance(last, Group) and last.number == group.number:
            group = Group(group.number, (*last.statements, statement), (*last.lines, *group.lines))
            groups.pop()
        groups.append(group)
    runs: list[list[Group] | Statement] = []
    for group in groups:
        run = runs[-1] if runs else None
        if isinstance(group, Statement):
            runs.append(group)
        elif isinstance(run, list) and run[-1].lines == group.lines and run[-1].number + 1 == group.number:
            run.append(group)
        else:
            runs.append([group])
    return runs


def _group(statement: Statement, layout: Layout) -> Group | Statement:
    target = statement.target
    if layout.vector_of(target.name) in (None, RUNNING) or statement.over:
        return statement
    number = layout.number(target.name)

    def is_beside(used: Ref) -> bool:
        held = layout.vector_of(used.name)
        return bool(held) and used.indices == target.indices and layout.number(used.name) == number

    inside = [used for used in refs(statement.body) if used.indices or layout.vector_of(used.name)]
    if not all(map(is_beside, inside)):
        return statement

    def flatten(expr: Expr) -> Expr:
        if isinstance(expr, Ref) and (vector := layout.vector_of(expr.name)):
            return Ref(vector, (Index("p"),))
        return rebuild(expr, flatten)

    vector = layout.vector_of(target.name)
    assert vector
    return Group(number, (statement,), ((vector, flatten(statement.body)),))


def write_run(out: Writer, places: Places, memory: Memory, layout: Layout, run: list[Group] | Statement) -> None:
    """Write one loop over a run of parameters, shared by the threads; a statement alone is for the first of them."""
    if isinstance(run, Statement):
        out.open("if thread == 0:")
        write_elements(out, places, run)
        out.close()
        return
    held = next(iter(layout.vectors.values()))
    out.add(share_of(memory.offset(held[run[0].number], held), memory.end(held[run[-1].number], held)))
    names = ", ".join(group.statements[-1].name for group in run)
    out.open("for p in range(first, last):", names if len(run) > 1 else "")
    for (vector, body), statement in zip(run[0].lines, run[0].statements, strict=True):
        out.add(f"{vector}[p] = {places.text(body)}", statement.equation)
    out.close()
