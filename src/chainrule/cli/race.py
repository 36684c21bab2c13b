"""``chainrule race``: ways to a gradient, and to training without one, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.screen import console, facts, plain
from chainrule.errors import InputError, unknown
from chainrule.files import check_destination
from chainrule.ranges import as_seed, check_number, whole

if TYPE_CHECKING:
    from chainrule.methods import Method
    from chainrule.methods.growth import Growth
    from chainrule.methods.race import Course, Task

_GROWING = "backpropagation,forward_differences,dual_numbers"


def race(
    model: Annotated[
        str, typer.Argument(metavar="NAME|MODEL", help="xor, digits, a published example, or a model file.")
    ] = "mazur",
    table: Annotated[
        Path | None, typer.Argument(metavar="[TABLE]", help="For a model: a table with its columns.")
    ] = None,
    methods: Annotated[str | None, typer.Option(help="Their names with commas; if left out, all.")] = None,
    seconds: Annotated[float, typer.Option(help="Each runs so long, at most.")] = 10.0,
    goal: Annotated[float | None, typer.Option(help="The cost at which a method is there.")] = None,
    seed: Annotated[int, typer.Option(help="For start weights and random methods.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Draw the race into this file, .png or .svg.")] = None,
    growth: Annotated[
        bool, typer.Option("--growth", help="Measure the cost of one gradient from 10 to 100,000 weights instead.")
    ] = False,
    most: Annotated[int, typer.Option(help="With --growth: up to so many weights.")] = 100_000,
) -> None:
    """Race rival methods on one task from the same start, or measure how the cost of a gradient grows.

    A forward pass of a batch counts as 1 network evaluation, a backward pass as 2 more.
    """
    check_number("--seconds", seconds, above=0)
    as_seed(seed)
    if goal is not None:
        check_number("--goal", goal, above=0)
    if out:
        check_destination(out)
        _check_pictures()
    if growth:
        return _grow(_chosen(methods or _GROWING), whole("--most", most, 100), out)
    task = _task(model, table, seed)
    _race(task, _chosen(methods), seconds, task.goal if goal is None else goal, seed, out)


def _chosen(names: str | None) -> list[Method]:
    from chainrule.methods import METHODS, as_method

    return [as_method(name.strip()) for name in (names.split(",") if names else METHODS)]


def _check_pictures() -> None:
    """Raise InputError before a long race if no picture can be drawn after it."""
    from chainrule.plots import new_figure

    new_figure(1, 1)


def _task(model: str, table: Path | None, seed: int) -> Task:
    from chainrule.examples import EXAMPLES
    from chainrule.methods import tasks

    if table is not None:
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
    from chainrule.cli.choices import chosen
    from chainrule.methods import tasks

    given = chosen(model, table, range(1, len(tables.read(table)) + 1))
    return tasks.of_network(f"{model} on {table.name}", given.net, given.x, given.t, Adam(0.01), seed)


def _race(task: Task, methods: Sequence[Method], seconds: float, goal: float, seed: int, out: Path | None) -> None:
    from dataclasses import replace

    from chainrule.methods.picture import picture_of_race
    from chainrule.methods.race import race as run
    from chainrule.plots import save_figure

    task = replace(task, goal=goal)
    rows = len(task.x)
    facts(
        {
            "Task": plain(f"{task.name}: {task.net!r}, {task.net.vector.size:,} parameters, {rows:,} rows"),
            "Goal": f"cost {goal:.3g} from {task.net.loss(task.x, task.t):.3g}, in {seconds:g} s at most",
            "Optimiser": str(task.optimizer),
        }
    )
    courses = run(task, methods, seconds=seconds, seed=seed)
    _tell(courses)
    if out:
        save_figure(picture_of_race(task.name, courses, goal), out)
        facts({"Drawn": plain(out)})


def _tell(courses: Sequence[Course]) -> None:
    from chainrule.cli.tabled import show

    rows = [
        (
            course.method.name,
            f"{course.evaluations[-1]:,}" if course.cost else "0",
            f"{course.seconds[-1]:.2f}" if course.cost else "",
            f"{course.cost[-1]:.3g}" if course.cost else "",
            "yes" if course.reached else "no",
        )
        for course in courses
    ]
    show(("Method", "Evaluations", "Seconds", "Cost", "There"), rows, right=(1, 2, 3))


def _grow(methods: Sequence[Method], most: int, out: Path | None) -> None:
    from chainrule.methods import growth
    from chainrule.methods.picture import picture_of_growth
    from chainrule.plots import save_figure

    inputs = [width for width in growth.INPUTS if growth.weights_of(width) <= most]
    found: list[Growth] = []
    for method in methods:
        if not method.has_gradient:
            raise InputError(f"the method {method.name} computes no gradient to measure")
        found.append(growth.measure(method, inputs))
    _tell_growth(found)
    if out:
        save_figure(picture_of_growth(found), out)
        facts({"Drawn": plain(out)})


def _milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _tell_growth(found: Sequence[Growth]) -> None:
    from chainrule.cli.tabled import show
    from chainrule.methods.growth import LARGE

    weights = found[0].weights
    rows = [
        (f"{count:,}", *(_milliseconds(growth.seconds[place]) for growth in found))
        for place, count in enumerate(weights)
    ]
    show(("Weights", *(f"{growth.method}, ms" for growth in found)), rows, right=range(len(found) + 1))
    for growth in found:
        large = f", {growth.slope(LARGE):.2f} from {LARGE:,} on" if sum(w >= LARGE for w in weights) > 1 else ""
        console().print(f"{growth.method}: slope {growth.slope():.2f}{large}")
