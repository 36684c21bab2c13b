"""``chainrule source``: the program that the compiled engine makes for a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def source(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file, or the name of an example.")],
    optimizer: Annotated[str, typer.Option(help="What it trains with.")] = "adam",
) -> None:
    """Print the program that trains a network, line by line with its equations."""
    from chainrule import models
    from chainrule.examples import EXAMPLES, network

    net = network(model)[0] if model in EXAMPLES else models.load(Path(model)).net
    typer.echo(net.source(optimizer), nl=False)
