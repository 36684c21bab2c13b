"""``chainrule train``: a network from a table."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.cli.screen import console, count, facts, some
from chainrule.errors import InputError, unknown
from chainrule.ranges import check_number, whole

if TYPE_CHECKING:
    import polars as pl

    from chainrule.cli.heldout import Rows, Score
    from chainrule.history import History
    from chainrule.layers import Dense
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer
    from chainrule.tables import TableEncoder

PATIENCE = 20
"""The epochs without a better cost on the validation rows after which training stops."""


def train(
    table: Annotated[Path, typer.Argument(help="A CSV or Parquet file.")],
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
    """Train a network on a table, and score it on rows that it has not seen.

    A fifth of the rows is held out for the score; a fifth of the others tells when to stop.
    """
    from chainrule import models, tables
    from chainrule.cli import heldout

    started = time.perf_counter()
    for name, value, least in (("epochs", epochs, 1), ("batch-size", batch_size, 1), ("seed", seed, 0)):
        whole(f"--{name}", value, least)
    layers, update = _hidden_layers(hidden, activation), _optimizer(optimizer, rate)
    for name, path in (("--log", log), ("--out", out)):
        if path and path.resolve() == table.resolve():
            raise InputError(f"{name} would overwrite the table {table}")
    if out:
        models.check_destination(out)

    whole = tables.read(table)
    frame, kind = tables.recognise_target(whole, target)
    rows = heldout.split(frame, kind, seed)
    encoder = tables.TableEncoder.fit(rows.training, kind)
    _tell_table(table, whole, rows, encoder)

    net = _network(encoder, layers, seed)
    history = net.fit(
        encoder.inputs(rows.training),
        encoder.targets(rows.training),
        optimizer=update,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        validation=(encoder.inputs(rows.validation), encoder.targets(rows.validation)),
        early_stopping=PATIENCE,
        log=log,
    )
    predicted = encoder.target.decode(net.predict(encoder.inputs(rows.held_out)))
    baseline, scores = heldout.score(kind, rows, predicted[target])
    _tell_network(net, layers, history, time.perf_counter() - started)
    _tell_scores(len(rows.held_out), baseline, scores)
    if out:
        training = {
            "table": table.name,
            "optimizer": optimizer,
            "rate": update.rate,
            "batch_size": batch_size,
            "epochs": history.epochs,
            "best_epoch": history.best_epoch,
            "seed": seed,
            "held_out": {score.name: score.network for score in scores},
        }
        models.save(out, net, encoder, training)
        facts({"Saved": str(out)})


def _hidden_layers(hidden: str, activation: str) -> list[Dense]:
    from chainrule.layers import Dense

    try:
        units = [int(part) for part in hidden.split(",")]
    except ValueError:
        raise InputError(
            f"--hidden must be whole numbers with commas between them, such as 32,32, not {hidden!r}"
        ) from None
    return [Dense(size, activation) for size in units]


def _optimizer(name: str, rate: float | None) -> Optimizer:
    from chainrule.optimizers import OPTIMIZERS

    if name not in OPTIMIZERS:
        raise unknown("optimizer", name, OPTIMIZERS)
    given = {}
    if rate is not None:
        check_number("--rate", rate, above=0)
        given["rate"] = rate
    return OPTIMIZERS[name](**given)


def _network(encoder: TableEncoder, hidden: list[Dense], seed: int) -> Network:
    from chainrule import Dense, Network
    from chainrule.tables import Classes

    classes = isinstance(encoder.target, Classes)
    output = Dense(encoder.target.outputs, "softmax" if classes else "identity")
    loss = "cross_entropy" if classes else "squared_error"
    return Network(len(encoder.input_names), [*hidden, output], loss=loss, seed=seed)


def _tell_table(path: Path, whole: pl.DataFrame, rows: Rows, encoder: TableEncoder) -> None:
    from chainrule.tables import Classes

    target = encoder.target
    sizes = [len(part) for part in (rows.training, rows.validation, rows.held_out)]
    without = len(whole) - sum(sizes)
    kinds: dict[str, list[str]] = {"number": [], "category": [], "date": []}
    for column in encoder.columns:
        kinds[column.kind].append(column.name)
    if isinstance(target, Classes):
        what = f"one of {count(target.outputs, 'class', 'classes')}: {some(target.labels)}"
    else:
        what = "a number"
    facts(
        {
            "Table": f"{path.name}: {count(len(whole), 'row')}, {count(whole.width, 'column')}",
            "Target": f"{target.name}, {what}",
            "Numbers": _names(kinds["number"]),
            "Categories": _names(kinds["category"]),
            "Dates": _names(kinds["date"]),
            "Left out": some(f"{name} ({reason})" for name, reason in encoder.left_out.items()),
            "Dropped": count(without, "row without a target", "rows without a target") if without else "",
            "Rows": "{:,} to train on, {:,} to tell when to stop, {:,} held out".format(*sizes),
        }
    )


def _names(names: list[str]) -> str:
    return f"{len(names)}: {some(names)}" if names else ""


def _tell_network(net: Network, hidden: list[Dense], history: History, seconds: float) -> None:
    sizes = "-".join(str(size) for size in (net.inputs, *(layer.units for layer in hidden), net.outputs))
    best = "" if history.best_epoch is None else f", the best after epoch {history.best_epoch + 1}"
    facts(
        {
            "Network": f"{sizes}, {count(net.vector.size, 'parameter')}",
            "Trained": f"{count(history.epochs, 'epoch')} in {seconds:.1f} s{best}",
            "Stopped": history.stopped,
        }
    )


def _tell_scores(rows: int, baseline: str, scores: list[Score]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("", f"on {count(rows, 'held-out row')}", baseline, box=SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for score in scores:
        table.add_row(score.name, *score.texts())
    console().print(table)
