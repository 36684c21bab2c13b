"""``chainrule fool``: the smallest changes after which a network says something else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli import tabled
from chainrule.cli.choices import refuse_options
from chainrule.cli.destinations import check_destinations
from chainrule.cli.screen import console, facts, plain
from chainrule.errors import InputError, unknown
from chainrule.files import replace
from chainrule.ranges import as_seed, check_number

if TYPE_CHECKING:
    from chainrule.cli.digits import Digits
    from chainrule.network import Network

BUDGETS = {"inf": 0.3, "2": 2.0}
"""The budgets for digits, whose values are from 0 to 1, by norm."""
_POINTS = 11
_BOUNDS = (0, 1)


def fool(
    model: Annotated[
        Path | None, typer.Argument(metavar="MODEL", help="A file that `train --out` wrote; without, digits.")
    ] = None,
    table: Annotated[
        Path | None, typer.Argument(metavar="TABLE", help="For a model: a table with its columns.")
    ] = None,
    row: Annotated[int | None, typer.Option(help="With a MODEL: the row of the table, counted from 1.")] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            help="The most that may change: of a digit 0.3 (norm inf) or 2 (norm 2), of a row 6, "
            "in standard deviations of its columns."
        ),
    ] = None,
    norm: Annotated[
        str | None, typer.Option(help="Digits only. inf (default): the largest change of a pixel; 2: the distance.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="Digits only. pgd (default), in steps, or fgsm, in one.")] = None,
    classes: Annotated[
        str | None, typer.Option(help="Digits only: which to show, such as 0,3,8; by default all.")
    ] = None,
    curve: Annotated[
        bool,
        typer.Option("--curve", help="Digits only: accuracy against budget for both norms, or for the one of --norm."),
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="Digits only: of the start weights of their network, by default 0.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Digits only: write the pictures or curves to this file: .png, .svg or .pdf.")
    ] = None,
    path: Annotated[
        Path | None, typer.Option(help="Digits only: write each step, or the curves, to this CSV file.")
    ] = None,
) -> None:
    """Change what a network recognises, as little as possible, until it no longer does.

    With MODEL, TABLE and --row: which smallest change of a column, or of several, changes the answer for that row to
    any other. Without a model: digits that a network trained on the spot recognises.
    """
    from chainrule.inputs.asking import as_norm
    from chainrule.inputs.attack import METHODS
    from chainrule.inputs.search import MOST_BUDGET

    if method not in (None, *METHODS):
        raise unknown("method", method, METHODS)
    measured = None if norm is None else as_norm(norm)
    if budget is not None:
        check_number("--budget", budget, above=0, below=MOST_BUDGET)
    if model is not None:
        digits: dict[str, object] = {"--norm": norm, "--method": method, "--classes": classes, "--curve": curve or None}
        refuse_options(
            {**digits, "--seed": seed, "--out": out, "--path": path}, "is for digits, not for a row of a table"
        )
        return _row(model, table, row, budget)
    refuse_options({"--row": row}, "needs a MODEL and a TABLE")
    if curve:
        refuse_options(
            {"--classes": classes}, "chooses which digits to show, and --curve is of all digits: leave one out"
        )
    _digits(measured, budget, method or "pgd", classes, curve, as_seed(seed or 0), out, path)


def _row(model: Path, table: Path | None, row: int | None, budget: float | None) -> None:
    from chainrule import models, tables

    loaded = models.load(model)
    if loaded.table is None:
        raise InputError(f"{model} was not trained on a table; load it in Python with chainrule.models.load")
    if table is None or row is None:
        raise InputError(f"for the model {model}, give a table and with --row the number of a row in it")
    from chainrule.inputs.rows import BUDGET, change_row

    frame = tables.read(table)
    if not 1 <= row <= len(frame):
        raise InputError(f"--row must be from 1 to {len(frame)}, the rows of {table}, not {row}")
    found = change_row(loaded, loaded.table, frame, row, budget=budget or BUDGET)
    console().print(plain(found))


def _digits(
    norm: str | None,
    budget: float | None,
    method: str,
    classes: str | None,
    curve: bool,
    seed: int,
    out: Path | None,
    path: Path | None,
) -> None:
    from chainrule.cli import digits

    chosen = digits.classes_of(classes)
    check_destinations({}, {"--out": out, "--path": path}, picture="--out")
    data = digits.load()
    net = digits.train(data, seed)
    if curve:
        return _curves(net, data, norm, budget, method, out, path)
    _pictures(net, data, norm or "inf", budget, method, chosen, out, path)


def _pictures(
    net: Network,
    data: Digits,
    norm: str,
    budget: float | None,
    method: str,
    chosen: list[int],
    out: Path | None,
    path: Path | None,
) -> None:
    import numpy as np

    from chainrule.cli import digits
    from chainrule.inputs import fool as fool_all

    known = net.predict(data.held_out).argmax(axis=1) == data.held_out_labels
    x, labels = data.held_out[known], data.held_out_labels[known]
    settings: dict[str, Any] = {"budget": budget or BUDGETS[norm], "norm": norm, "method": method, "bounds": _BOUNDS}
    fooled = fool_all(net, x, labels=labels, **settings)
    first = [int(np.argmax(labels == digit)) for digit in chosen if digit in labels]
    shown = fooled.take(first)
    if out:
        shown.save(out)
    if path:
        shown.path.save(path)
    digits.tell(net, data)
    facts({"Fooled": str(fooled)})
    for row, digit in enumerate(shown.labels):
        became = f"taken for {shown.answers[row]} when changed by {shown.distance[row]:.3g}"
        facts({f"  a {digit}": became if shown.success[row] else "is still recognised"})


def _curves(
    net: Network, data: Digits, norm: str | None, budget: float | None, method: str, out: Path | None, path: Path | None
) -> None:
    import numpy as np

    from chainrule.cli import digits
    from chainrule.inputs import accuracy_curve, save_curves

    if budget is not None and norm is None:
        raise InputError("--budget with --curve needs a --norm: a budget of one norm means little in the other")
    curves = [
        accuracy_curve(
            net,
            data.held_out,
            data.held_out_labels,
            np.linspace(0, budget or BUDGETS[one], _POINTS),
            norm=one,
            method=method,
            bounds=_BOUNDS,
        )
        for one in ([norm] if norm else list(BUDGETS))
    ]
    if out:
        save_curves(curves, out)
    if path:
        lines = [f"{one.norm},{line}" for one in curves for line in one.csv().splitlines()[1:]]
        replace(path.resolve(), "\n".join(["norm,budget,accuracy", *lines, ""]).encode())
    digits.tell(net, data)
    names = [name for one in curves for name in (f"budget, norm {one.norm}", "recognised")]
    columns = [column for one in curves for column in (one.budgets, one.accuracy)]
    rows = [
        [f"{value:.1%}" if place % 2 else f"{value:g}" for place, value in enumerate(line)]
        for line in zip(*columns, strict=True)
    ]
    tabled.show(names, rows)
