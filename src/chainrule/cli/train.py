"""``chainrule train``: a network from a table."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.choices import optimizer_of
from chainrule.cli.screen import facts, plain
from chainrule.errors import InputError, shown
from chainrule.files import check_destination
from chainrule.ranges import whole

if TYPE_CHECKING:
    from chainrule.layers import Dense
    from chainrule.network import Network
    from chainrule.tables import TableEncoder

PATIENCE = 20
"""The epochs without a better cost on the validation rows after which training stops."""

MOST_WEIGHTS = 100_000_000
"""A network of this size already takes gigabytes; a larger one is a slip, and would only exhaust the memory."""


def train(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV or Parquet file.")],
    target: Annotated[str, typer.Option(help="The column to predict: classes or a number.")],
    hidden: Annotated[str, typer.Option(help="The units of each hidden layer.")] = "32,32",
    activation: Annotated[str, typer.Option(help="The activation of the hidden layers.")] = "relu",
    epochs: Annotated[int, typer.Option(help="How often each row is seen, at most.")] = 200,
    batch_size: Annotated[int, typer.Option(help="The rows of one update.")] = 32,
    rate: Annotated[float | None, typer.Option(help="The learning rate; if left out, the optimizer's own.")] = None,
    optimizer: Annotated[str, typer.Option(help="How the weights are updated.")] = "adam",
    seed: Annotated[int, typer.Option(help="For the start weights, and the choice and order of rows.")] = 0,
    log: Annotated[Path | None, typer.Option(help="Write the history of the training to this CSV file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the model to this file, for `predict`.")] = None,
) -> None:
    """Train a network on a table and score it.

    A fifth of the rows is held out for the score; a fifth of the others tells when to stop.
    """
    from chainrule import models, tables
    from chainrule.cli import heldout, report

    started = time.perf_counter()
    for name, value in (("--epochs", epochs), ("--batch-size", batch_size)):
        whole(name, value)
    whole("--seed", seed, 0, 2**63 - 1)
    layers, update = _hidden_layers(hidden, activation), optimizer_of(optimizer, rate)
    _check_destinations(table, log, out)

    frame = tables.read(table)
    labelled, kind = tables.recognise_target(frame, target)
    rows = heldout.split(labelled, kind, seed)
    encoder = tables.TableEncoder.fit(rows.training, kind)
    report.tell_table(table.name, frame, rows, encoder)

    net = _network(encoder, layers, seed)
    history = net.fit(
        encoder.inputs(rows.training),
        encoder.targets(rows.training),
        optimizer=update,
        epochs=epochs,
        batch_size=batch_size,
        validation=(encoder.inputs(rows.validation), encoder.targets(rows.validation)),
        early_stopping=PATIENCE,
        log=log,
    )
    scores = heldout.score(encoder, rows, net)
    if out:  # before anything is printed, which may fail
        settings = {"optimizer": optimizer, "rate": update.rate, "batch_size": batch_size, "seed": seed}
        course = {"epochs": history.epochs, "best_epoch": history.best_epoch, "held_out": scores.network}
        models.save(out, net, encoder, {"table": table.name, **settings, **course})
    report.tell_training(net, layers, history, time.perf_counter() - started)
    report.tell_scores(len(rows.held_out), scores)
    if out:
        facts({"Saved": plain(out)})


def _check_destinations(table: Path, log: Path | None, out: Path | None) -> None:

    for name, path in (("--log", log), ("--out", out)):
        if path and _same(path, table):
            raise InputError(f"{name} would overwrite the table {table}")
    if log and out and _same(log, out):
        raise InputError(f"--log and --out are the same file {out}: name two files")
    if log:
        _check_log(log)
    if out:
        check_destination(out)


def _same(one: Path, other: Path) -> bool:
    """Whether two paths are of the same file, which may have many names, or not exist yet."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _check_log(path: Path) -> None:
    """Raise InputError if no log can be written there; other than a model, it may go to a device or a pipe."""
    try:
        folder, found, home = path.is_dir(), path.exists(), path.resolve().parent
    except (OSError, RuntimeError) as error:
        raise InputError(f"the log {shown(str(path))} cannot be written: {error}") from error
    if folder:
        raise InputError(f"{path} is a folder: name the log to write in it")
    if not home.is_dir():
        raise InputError(f"there is no folder {home} to write {path.name} to")
    if not os.access(path if found else home, os.W_OK):
        raise InputError(f"there is no permission to write the log {path}")


def _hidden_layers(hidden: str, activation: str) -> list[Dense]:
    from chainrule.layers import Dense

    try:
        units = [int(part) for part in hidden.split(",")]
    except ValueError:
        raise InputError(
            f"--hidden must be whole numbers with commas between them, such as 32,32, not {shown(hidden)}"
        ) from None
    for size in units:
        whole("a layer of --hidden", size)
    return [Dense(size, activation) for size in units]


def _network(encoder: TableEncoder, hidden: list[Dense], seed: int) -> Network:
    from chainrule import Dense, Network
    from chainrule.tables import Classes

    classes = isinstance(encoder.target, Classes)
    output = Dense(encoder.target.outputs, "softmax" if classes else "identity")
    loss = "cross_entropy" if classes else "squared_error"
    sizes = [len(encoder.input_names), *(layer.units for layer in hidden), output.units]
    weights = sum(a * b for a, b in pairwise(sizes))
    if weights > MOST_WEIGHTS:
        raise InputError(f"--hidden gives a network of {weights:,} weights, but at most {MOST_WEIGHTS:,} are trained")
    return Network(sizes[0], [*hidden, output], loss=loss, seed=seed)
