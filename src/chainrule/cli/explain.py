"""``chainrule explain``: every number of a training step, as a textbook would write it."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.choices import chosen, optimizer_of, with_rate
from chainrule.cli.example import example
from chainrule.cli.screen import console
from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.explain import Document


def explain(
    model: Annotated[
        str | None,
        typer.Argument(metavar="NAME|MODEL", help="A published example or a model file; if left out, the examples."),
    ] = None,
    table: Annotated[
        Path | None, typer.Argument(metavar="[TABLE]", help="For a model: a table with its columns.")
    ] = None,
    row: Annotated[
        list[int] | None, typer.Option(help="A row of the table, counted from 1; several make a batch.")
    ] = None,
    focus: Annotated[str | None, typer.Option(help="Just what this needs: an element such as w1[0,2].")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="Of the update; default the model's or the example's own.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Its learning rate.")] = None,
    steps: Annotated[int, typer.Option(help="So many updates, one after the other.")] = 1,
    style: Annotated[str, typer.Option(help="scalar: a step for each number; matrix: for each array.")] = "scalar",
    bias: Annotated[str, typer.Option(help="separate, or in matrices ones: the weight of an input 1.")] = "separate",
    names: Annotated[str | None, typer.Option(help="indices, net/out, z/a or x/y; default the example's own.")] = None,
    digits: Annotated[int | None, typer.Option(help="Decimals.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="text, md, latex, html, json or csv.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file, in the format that its name ends in.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
) -> None:
    """Explain a training step: every number, and how it is calculated."""
    from chainrule.explain.setting import of_ensemble

    if model is None:
        return example()
    given = chosen(model, table, row or [])
    own = None if optimizer else given.own_optimizer
    update = with_rate(own, rate) if own else optimizer_of(optimizer or "adam", rate)
    document = given.net.explain(
        given.x,
        given.t,
        optimizer=update,
        steps=steps,
        focus=focus,
        language=language,
        style=style,
        bias=bias,
        digits=digits,
        names=names or given.names or "indices",
    )
    if given.model:
        document = of_ensemble(document, len(given.model.networks))
    if show:
        if form not in (None, "html"):
            raise InputError(f"--open shows the page, which is html, not {form}")
        _open(document, out)
    elif out:
        document.save(out, form)
    else:
        _print(document, form)


def _print(document: Document, form: str | None) -> None:
    """Print a document: on a terminal in colours, into a file or a pipe as plain text."""
    if form in (None, "text") and sys.stdout.isatty():
        from chainrule.explain.terminal import renderables

        screen = console()
        for part in renderables(document, screen.width):
            screen.print(part)
        return
    typer.echo(document.render(form or "text"), nl=False)


def _open(document: Document, out: Path | None) -> None:
    """Write the page and show it in the browser."""
    if out is None:
        out = Path(tempfile.mkdtemp(prefix="chainrule-")) / "explanation.html"
    document.save(out, "html")
    if not webbrowser.open(out.resolve().as_uri()):
        raise InputError(f"no browser could be opened; the page is {out}")
