"""The commands put together, and what every one of them may end with."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer

from chainrule import __version__
from chainrule.cli.check import check
from chainrule.cli.demo import demo
from chainrule.cli.diagnose import diagnose
from chainrule.cli.dream import dream
from chainrule.cli.evaluate import evaluate
from chainrule.cli.example import example
from chainrule.cli.exercise import exercise
from chainrule.cli.explain import explain
from chainrule.cli.fool import fool
from chainrule.cli.grade import grade
from chainrule.cli.inspect import inspect
from chainrule.cli.predict import predict
from chainrule.cli.race import race
from chainrule.cli.screen import warn
from chainrule.cli.show import show
from chainrule.cli.source import source
from chainrule.cli.train import train
from chainrule.errors import ChainruleError, shown

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    train,
    predict,
    evaluate,
    inspect,
    check,
    example,
    explain,
    exercise,
    grade,
    diagnose,
    source,
    race,
    show,
    dream,
    fool,
    demo,
):
    app.command()(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"chainrule {__version__}")
        raise typer.Exit()


@app.callback()
def chainrule(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Train neural networks you can see through."""


UsageError: Any = typer.BadParameter.__base__
"""Older versions of typer have it from another package, so no import fits them all."""


def run(arguments: Sequence[str] | None) -> int:
    """Run a command line, by default the program's own, and return its exit code."""
    if sys.stdout is None:
        return _refuse("there is no standard output to write to; /dev/null is one")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # what a terminal has no sign for is written out, as \u2603
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(args=arguments, prog_name="chainrule", standalone_mode=False)
        sys.stdout.flush()  # here a full disk or a closed pipe is noticed, if not before
    except UsageError as error:
        return _explain(error)
    except ChainruleError as error:
        return _refuse(str(error))
    except MemoryError:
        return _refuse("there is not enough memory for a network of this size on this table")
    except BrokenPipeError:  # the reader has seen enough, as `head` has
        _drop_output()
        return 1
    except OSError as error:
        _drop_output()
        what = "the output" if error.filename is None else str(error.filename)
        return _refuse(f"{what} cannot be written: {error.strerror or error}")
    return code if isinstance(code, int) else 0


def _explain(error: Any) -> int:
    """Say in one sentence what is wrong with the command line; without any words, show the help."""
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        if sys.stderr:
            print(message, file=sys.stderr)
        return 2
    if hasattr(error.__cause__, "errors"):  # newer versions of typer leave the value to the cause
        (cause, *_) = error.__cause__.errors()
        what, _, wish = message.partition(": ")
        message = f"{what}: {wish.partition(',')[0].lower()}, not {shown(cause['input'])}"
    command = error.ctx.command_path if error.ctx else "chainrule"
    sentence = " ".join(message.split()).removesuffix(".").replace(". ", ": ")
    return _refuse(f"{sentence[:1].lower()}{sentence[1:]} (see {command} --help)")


def _refuse(sentence: str) -> int:
    warn(sentence)
    return 2


def _drop_output() -> None:
    """Let what was not written go nowhere, since Python tries once more when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
