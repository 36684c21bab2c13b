"""Training: what `fit` takes and what it means; the loop is in `chainrule.trainer`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import InputError, shown
from chainrule.history import History
from chainrule.optimizers import Adam, Optimizer
from chainrule.ranges import check_number
from chainrule.trainer import Callback, Settings, Trainer, rows_of

if TYPE_CHECKING:
    from chainrule.network import Network


def fit(
    net: Network,
    x: Any,
    t: Any,
    *,
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    shuffle: bool = True,
    seed: int | None = None,
    sample_weight: Any = None,
    validation: tuple[Any, Any] | None = None,
    validation_fraction: float | None = None,
    early_stopping: int | None = None,
    stop_cost: float | None = None,
    stop_gradient: float | None = None,
    stop_seconds: float | None = None,
    callbacks: Callback | Sequence[Callback] = (),
    log: str | Path | None = None,
    log_rows: int | None = None,
    log_every: int | None = None,
    log_values: Sequence[str] | None = None,
    progress: bool | None = None,
) -> History:
    """Train `net` from its present parameters, with a fresh optimiser, and return the history.

    Parameters
    ----------
    x, t : inputs (batch, inputs) and targets (batch, outputs); (batch,) for one output, or labels.
    optimizer : default `Adam()`.
    epochs : times that all samples are shown.
    batch_size : samples in one update, default 32; None for all. The last, smaller batch is kept.
    shuffle : whether each epoch takes the samples in a new order, drawn from the seed.
    seed : of the order, the validation part and dropout; the network's own if left out.
    sample_weight : weight of each sample, shape (batch,); 2 counts as the sample given twice.
    validation : inputs and targets to watch, or `validation_fraction`, a part of the samples set aside.
    early_stopping : end after so many epochs without a lower validation cost, and give back the parameters
        of the best. Without a validation set it watches the training cost.
    stop_cost, stop_gradient, stop_seconds : end when an epoch's cost is at most this, when the gradient's
        norm is at most this, or after this time.
    callbacks : called as ``callback(net, history)`` after each epoch on record; True ends training.
    log : CSV file for the records; `log_rows` (about so many) or `log_every` choose the epochs, which are
        also those of the history; `log_values` chooses columns, names of arrays among them.
    progress : a bar on standard error; by default only if that is a terminal.

    A key press of Ctrl-C ends training and keeps what was learned. Raises `InputError` for arrays and
    settings that do not fit, `TrainingError` as soon as the cost is no longer a finite number.

    >>> import chainrule as cr
    >>> net = cr.Network(1, [cr.Dense(1, "sigmoid")], dtype="float64")
    >>> net.set_parameters({"w1": [[0.3]], "b1": [0.5]})
    >>> history = net.fit([[1.0]], [[0.0]], optimizer=cr.GradientDescent(0.5), epochs=1, batch_size=None)
    >>> round(net.parameters["w1"].item(), 4)
    0.2262
    """
    optimizer = Adam() if optimizer is None else optimizer
    if not isinstance(optimizer, Optimizer):
        raise InputError(f"optimizer must be one such as Adam(0.001), not {shown(optimizer)}")
    settings = Settings(
        epochs=epochs,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=net.seed if seed is None else seed,
        early_stopping=early_stopping,
        stop_cost=stop_cost,
        stop_gradient=stop_gradient,
        stop_seconds=stop_seconds,
        callbacks=callbacks if isinstance(callbacks, Sequence) else (callbacks,),
        log=log,
        log_rows=log_rows,
        log_every=log_every,
        log_values=log_values,
        progress=progress,
    )
    data = net.given(x, t, sample_weight)
    if "s" in data:
        # A sample of weight 0 is one given no times; without it no batch can have weight 0.
        data = rows_of(data, np.flatnonzero(data["s"]))
    if validation is not None and validation_fraction is not None:
        raise InputError("give validation or validation_fraction, not both")
    held_out = None
    if validation is not None:
        if not isinstance(validation, tuple | list) or len(validation) != 2:
            raise InputError("validation must be a pair (x, t)")
        held_out = net.given(*validation)
    if validation_fraction is not None:
        data, held_out = _set_aside(data, validation_fraction, settings.seed)
    return Trainer(net, optimizer, settings, data, held_out).run()


def _set_aside(data: dict[str, Any], fraction: float, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    check_number("validation_fraction", fraction, above=0, below=1)
    rows = data["N"]
    aside = round(rows * fraction)
    if not 0 < aside < rows:
        raise InputError(f"validation_fraction={fraction} of {rows} rows leaves {rows - aside} to train, {aside} aside")
    order = np.random.default_rng([seed, 1]).permutation(rows)
    return rows_of(data, np.sort(order[aside:])), rows_of(data, np.sort(order[:aside]))
