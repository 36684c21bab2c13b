"""The command line: one module for each command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from chainrule import __version__
from chainrule.cli.check import check
from chainrule.cli.demo import demo
from chainrule.cli.example import example
from chainrule.cli.predict import predict
from chainrule.cli.train import train
from chainrule.errors import ChainruleError

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (train, predict, check, example, demo):
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, by default the program's own, and exit.

    The exit code is 0, 1 if a check fails, 2 if the user gave something that does not fit (said in one
    sentence on stderr), 130 after Ctrl-C.
    """
    try:
        app(args=arguments, prog_name="chainrule")
    except ChainruleError as error:
        _refuse(str(error))
    except MemoryError:
        _refuse("there is not enough memory for a network of this size on this table")


def _refuse(sentence: str) -> NoReturn:
    print(f"chainrule: {sentence}", file=sys.stderr)
    sys.exit(2)
