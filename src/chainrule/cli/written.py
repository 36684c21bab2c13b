"""What `chainrule train` writes beside the weights: the log of the epochs, the settings, and the command itself."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.cli.options import Options
    from chainrule.history import History


def log_of(histories: Sequence[History]) -> str:
    """Return the epochs of all networks as CSV, a column telling the number of the network."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for number, history in enumerate(histories, start=1):
        columns = {name: values for name, values in history.columns().items() if name != "evaluations"}
        if number == 1:
            writer.writerow(["network", *columns])
        writer.writerows((number, *row) for row in zip(*columns.values(), strict=True))
    return text.getvalue()


def settings_of(options: Options, kind: str) -> dict[str, Any]:
    """Return what a training was asked for, what the recipe says included, as JSON can hold it."""
    from chainrule.optimizers import OPTIMIZERS

    recipe = options.recipe_for(kind)
    named = {type(make()): name for name, make in OPTIMIZERS.items()}
    own_rate = recipe.rate if options.optimizer is None else OPTIMIZERS[options.optimizer]().rate
    return {
        "recipe": options.recipe,
        "hidden": list(recipe.hidden),
        "activation": str(recipe.activation),
        "optimizer": options.optimizer or named[type(recipe.optimizer())],
        "rate": own_rate if options.rate is None else options.rate,
        "most_epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "ensemble": recipe.ensemble,
        "restarts": options.restarts or 1,
        "max_seconds": options.max_seconds,
        "seed": options.seed,
    }


def command_of(name: str, arguments: Sequence[object], options: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Return a command line as one would type it; options that have their default are left out.

    >>> command_of("train", ["a b.csv"], {"target": "y", "batch_size": 8, "seed": 0}, {"seed": 0})
    "chainrule train 'a b.csv' --target y --batch-size 8"
    """
    words = ["chainrule", name, *map(str, arguments)]
    for option, value in options.items():
        if value is not None and value != defaults.get(option):
            words += [f"--{option.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join(words)
