"""``chainrule exercise``: sheets to calculate by hand, and their worked answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.choices import optimizer_of
from chainrule.errors import InputError, shown, unknown
from chainrule.files import check_destination, replace

if TYPE_CHECKING:
    from chainrule.exercises import Exercise

FORMATS = {"text": ".txt", "md": ".md", "latex": ".tex", "html": ".html", "csv": ".csv"}
"""The formats, and what the names of their files end in."""

# What an exercise is made of, which the marks must be told in the same words.
Layers = Annotated[str, typer.Option(help="The units from the input to the output.")]
ActivationName = Annotated[str, typer.Option(help="The activation of the units.")]
LossName = Annotated[str, typer.Option(help="What the output costs.")]
OptimizerName = Annotated[str, typer.Option(help="How the parameters are updated.")]
Rate = Annotated[float | None, typer.Option(help="The learning rate; if left out, 0.5 or the optimizer's own.")]
Seed = Annotated[int, typer.Option(help="Of the numbers: the same seed gives the same exercise.")]
Count = Annotated[int, typer.Option(help="So many exercises, with this seed and the following ones.")]
Format = Annotated[
    str | None, typer.Option("--format", help=f"One of {', '.join(FORMATS)}; by default what --out ends in, or text.")
]
Out = Annotated[Path | None, typer.Option(help="Write to this file.")]
Language = Annotated[str, typer.Option(help="The language of the text.")]


def exercise(
    layers: Layers = "2-2-1",
    activation: ActivationName = "sigmoid",
    loss: LossName = "half_squared_error",
    optimizer: OptimizerName = "gradient_descent",
    rate: Rate = None,
    seed: Seed = 0,
    count: Count = 1,
    answers: Annotated[bool, typer.Option("--answers", help="Add the worked answers, on pages of their own.")] = False,
    form: Format = None,
    out: Out = None,
    language: Language = "en",
) -> None:
    """Make a sheet with a training step to calculate by hand.

    As csv it is a form to fill in, for `grade`, with these options in its first line; with --answers a filled one.
    """
    from chainrule.exercises import sheet

    chosen = format_of(form, out)
    made = make(layers, activation, loss, optimizer, rate, seed, count)
    if chosen == "csv":
        options = {"layers": layers, "activation": activation, "loss": loss, "optimizer": optimizer}
        options |= {} if rate is None else {"rate": str(rate)}
        options |= {"seed": str(seed), "count": str(count)}
        write(sheet.form(made, answers=answers, options=options), out)
    else:
        write(sheet.booklet(made, language, answers=answers).render(chosen), out)


def make(
    layers: str, activation: str, loss: str, optimizer: str, rate: float | None, seed: int, count: int
) -> list[Exercise]:
    """Return the exercises that the options describe."""
    from chainrule.exercises import RATE, exercises

    by_hand = RATE if rate is None and optimizer == "gradient_descent" else rate
    update = optimizer_of(optimizer, by_hand)
    return exercises(layers, activation=activation, loss=loss, optimizer=update, seed=seed, count=count)


def format_of(form: str | None, out: Path | None) -> str:
    """Return the format that is named, or that of a file by what its name ends in; raises `InputError` for none."""
    if form is not None:
        if form not in FORMATS:
            raise unknown("format", form, FORMATS)
        return form
    if out is None:
        return "text"
    found = next((name for name, ending in FORMATS.items() if ending == out.suffix.lower()), None)
    if found is None:
        endings = ", ".join(FORMATS.values())
        raise InputError(f"the name of --out must end in one of {endings}, or give --format; not {shown(out.name)}")
    return found


def write(content: str, out: Path | None) -> None:
    """Write to a file, or to the standard output; raises `InputError` if the file cannot be written."""
    if out is None:
        typer.echo(content, nl=False)
    else:
        replace(check_destination(out), content.encode())
