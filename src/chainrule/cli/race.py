"""``chainrule race``: ways to a gradient, and to training without one, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.choices import chosen, own_data, refuse_options
from chainrule.cli.destinations import check_destinations
from chainrule.cli.screen import count, facts, plain, warn
from chainrule.errors import InputError, unknown
from chainrule.ranges import as_seed, check_number, whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.methods import Method
    from chainrule.methods.growth import Growth
    from chainrule.methods.race import Course, Task

_GROWING = ("backpropagation", "forward_differences", "dual_numbers")


def race(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|MODEL", help="xor, digits, a published example (by default mazur), or a model file."
        ),
    ] = None,
    table: Annotated[
        Path | None, typer.Argument(metavar="[TABLE]", help="For a model: a table with its columns.")
    ] = None,
    methods: Annotated[str | None, typer.Option(help="Their names with commas; if left out, all.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Each may take so long; it ends the step that it is in.", show_default="10")
    ] = None,
    goal: Annotated[
        float | None, typer.Option(help="The cost at which a method is there; if left out, the task's own.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="For start weights and random methods.", show_default="0")] = None,
    out: Annotated[Path | None, typer.Option(help="Draw the race into this file, .png, .svg or .pdf.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the numbers of every step.")] = None,
    growth: Annotated[
        bool,
        typer.Option("--growth", help="Measure the cost of one gradient from 10 to 100,000 weights: some minutes."),
    ] = False,
    most: Annotated[
        int | None,
        typer.Option(help="With --growth: up to so many weights; 10,000 take seconds.", show_default="100000"),
    ] = None,
) -> None:
    """Race rival methods on one task from the same start, or measure how the cost of a gradient grows.

    A forward pass of a batch counts as 1 network evaluation, a backward pass as 2 more.

    The goal is a cost of 0.005 for xor, 0.1 for digits, 0.001 for a published example, and for a model a tenth of its
    cost at the start. A model starts anew, from weights drawn from the seed, and races with Adam(0.01) and all rows of
    the table as one batch, however it was trained. A method that diverges ends its own course alone.
    """
    if growth:
        racing = {"NAME": model, "TABLE": table, "--seconds": seconds, "--goal": goal, "--seed": seed}
        refuse_options(racing, "is of a race; with --growth nothing is trained")
    else:
        refuse_options({"--most": most}, "is for --growth")
    check_destinations(
        {"the model": Path(model or ""), "the table": table}, {"--out": out, "--csv": csv}, picture="--out"
    )
    if growth:
        return _grow(_chosen(methods, _GROWING), whole("--most", 100_000 if most is None else most, 100), out, csv)
    limit = 10.0 if seconds is None else check_number("--seconds", seconds, above=0)
    start = as_seed(0 if seed is None else seed)
    chosen_methods = _chosen(methods)
    task = _task(model or "mazur", table, start)
    if goal is not None:
        task = replace(task, goal=check_number("--goal", goal, above=0))
    _race(task, chosen_methods, limit, start, out, csv)


def _chosen(names: str | None, default: Sequence[str] = ()) -> list[Method]:
    """Return the methods named, as in "backpropagation,genetic"; raises InputError for one that is none, or twice."""
    from chainrule.methods import METHODS, as_method

    wanted = [name.strip() for name in names.split(",")] if names is not None else list(default or METHODS)
    for name in wanted:
        if wanted.count(name) > 1:
            raise InputError(f"--methods names {name} twice")
    return [as_method(name) for name in wanted]


def _task(model: str, table: Path | None, seed: int) -> Task:
    from chainrule.examples import EXAMPLES
    from chainrule.methods import tasks

    if table is not None:
        if model in tasks.OWN:
            raise own_data(model)
        return _task_of_table(model, table, seed)
    if model == "xor":
        return tasks.xor(seed)
    if model == "digits":
        return tasks.digits(seed)
    if model in EXAMPLES:
        return tasks.example(model)
    if Path(model).exists() or Path(model).suffix:
        raise InputError(f"for the model {model}, give a table too")
    raise unknown("task", model, [*tasks.OWN, *EXAMPLES])


def _task_of_table(model: str, table: Path, seed: int) -> Task:
    from chainrule import Adam, tables
    from chainrule.methods import tasks

    given = chosen(model, table, range(1, len(tables.read(table)) + 1))
    return tasks.of_network(f"{model} on {table.name}", given.net, given.x, given.t, Adam(0.01), seed)


def _race(task: Task, methods: Sequence[Method], seconds: float, seed: int, out: Path | None, csv: Path | None) -> None:
    from chainrule.cli.tabled import Growing
    from chainrule.methods.picture import picture_of_race
    from chainrule.methods.race import race as run

    rows = count(len(task.x), "row")
    facts(
        {
            "Task": plain(f"{task.name}: {task.net!r}, {count(task.weights, 'trained weight')}, {rows}"),
            "Goal": f"cost {task.goal:.3g} from {task.net.loss(task.x, task.t):.3g}, in {seconds:g} s at most",
            "Optimiser": str(task.optimizer),
        }
    )
    longest = max(len(method.name) for method in methods)
    table = Growing(("Method", "Evaluations", "Seconds", "Cost", "There"), (longest, 11, 7, 8, 8))
    courses = run(task, methods, seconds=seconds, seed=seed, tell=lambda course: table.add(*_cells(course)))
    columns = ("method", "evaluations", "seconds", "cost")
    steps = (
        (course.method.name, *step)
        for course in courses
        for step in zip(course.evaluations, course.seconds, course.cost, strict=True)
    )
    for course in courses:
        if course.failed:
            warn(f"{course.method.name}: {course.failed}")
    _write(lambda: picture_of_race(task.name, courses, task.goal), out, columns, steps, csv)


def _cells(course: Course) -> tuple[str, ...]:
    reached = "diverged" if course.failed else "yes" if course.reached else "no"
    if not course.cost:
        return course.method.name, "0", "", "", reached
    return (
        course.method.name,
        f"{course.evaluations[-1]:,}",
        f"{course.seconds[-1]:.2f}",
        f"{course.cost[-1]:.3g}",
        reached,
    )


def _write(
    draw: Callable[[], Figure],
    out: Path | None,
    columns: tuple[str, ...],
    rows: Iterable[tuple[str | int | float, ...]],
    csv: Path | None,
) -> None:
    """Write the files that were asked for, and say so."""
    from chainrule.pitfalls import Table
    from chainrule.plots import save_figure

    if out:
        save_figure(draw(), out, lines=True)
    if csv:
        Table(columns, tuple(rows)).to_csv(csv)
    facts({"Drawn": plain(out or ""), "Numbers": plain(csv or "")})


def _grow(methods: Sequence[Method], most: int, out: Path | None, csv: Path | None) -> None:
    from chainrule.cli.tabled import Growing
    from chainrule.methods import growth
    from chainrule.methods.picture import picture_of_growth

    for method in methods:
        if not method.has_gradient:
            raise InputError(f"the method {method.name} computes no gradient to measure")
    inputs = [width for width in growth.INPUTS if growth.weights_of(width) <= most]
    typer.echo("Milliseconds of one gradient, on one thread")
    table = Growing(("weights", *(method.name.replace("_", "\n") for method in methods)), (7, *(6 for _ in methods)))

    def tell(method: Method, weights: int, seconds: float) -> None:
        if method is methods[0]:
            table.add(f"{weights:,}")
        table.add(_milliseconds(seconds))

    found = growth.measure(methods, inputs, tell)
    _tell_slopes(found)
    columns = ("method", "weights", "seconds")
    rows = ((one.method, *pair) for one in found for pair in zip(one.weights, one.seconds, strict=True))
    _write(lambda: picture_of_growth(found), out, columns, rows, csv)


def _milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _tell_slopes(found: Sequence[Growth]) -> None:
    from chainrule.methods.growth import LARGE

    for growth in found:
        large = f", {growth.slope(LARGE):.2f} from {LARGE:,} on" if sum(w >= LARGE for w in growth.weights) > 1 else ""
        typer.echo(f"{growth.method}: slope {growth.slope():.2f}{large}")
