"""Training: the arrays and settings of `Network.fit`, checked; the loop is in `chainrule.trainer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import InputError
from chainrule.history import History
from chainrule.optimizers import Optimizer
from chainrule.ranges import check_number
from chainrule.settings import Settings
from chainrule.tally import rows_of
from chainrule.trainer import Trainer

if TYPE_CHECKING:
    from chainrule.network import Network


def fit(
    net: Network,
    x: Any,
    t: Any,
    optimizer: Optimizer,
    settings: Settings,
    *,
    sample_weight: Any = None,
    validation: tuple[Any, Any] | None = None,
    validation_fraction: float | None = None,
) -> History:
    """Train a network; `Network.fit` says what everything means."""
    data, held_out = prepare(net, x, t, settings, sample_weight, validation, validation_fraction)
    if settings.restarts > 1:
        from chainrule.many import Job, restart

        return restart(Job(net, optimizer, settings, data, held_out))
    return Trainer(net, optimizer, settings, data, held_out).run()


def prepare(
    net: Network,
    x: Any,
    t: Any,
    settings: Settings,
    sample_weight: Any,
    validation: tuple[Any, Any] | None,
    validation_fraction: float | None,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the checked arrays to train with, and those held out if there are any."""
    data = net.given(x, t, sample_weight)
    if "s" in data:
        # A sample of weight 0 is one given no times; without it no batch can have weight 0.
        data = rows_of(data, np.flatnonzero(data["s"]))
    if validation is not None and validation_fraction is not None:
        raise InputError("give validation or validation_fraction, not both")
    if validation is not None:
        if not isinstance(validation, tuple | list) or len(validation) != 2:
            raise InputError("validation must be a pair (x, t)")
        return data, net.given(*validation)
    if validation_fraction is not None:
        return _set_aside(data, validation_fraction, settings.seed)
    return data, None


def _set_aside(data: dict[str, Any], fraction: float, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    check_number("validation_fraction", fraction, above=0, below=1)
    rows = data["N"]
    aside = round(rows * fraction)
    if not 0 < aside < rows:
        raise InputError(f"validation_fraction={fraction} of {rows} rows leaves {rows - aside} to train, {aside} aside")
    order = np.random.default_rng([seed, 1]).permutation(rows)
    return rows_of(data, np.sort(order[aside:])), rows_of(data, np.sort(order[:aside]))
