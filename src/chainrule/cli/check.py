"""``chainrule check``: derived gradients against those of independent calculations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.screen import console

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.layers import AnyLayer
    from chainrule.network import Network

SAMPLES = 8


def check(
    model: Annotated[
        Path | None, typer.Argument(metavar="MODEL", help="A model file; if left out, built-in networks.")
    ] = None,
) -> None:
    """Check derivatives by two other ways."""
    from chainrule import check_gradients, models

    networks = [models.load(model).net] if model else _built_in()
    reports = []
    for net in networks:
        report = check_gradients(net, *_random_data(net), training=True)
        console().print(f"{report}\n")
        reports.append(report)
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def _built_in() -> list[Network]:
    """Return small networks in which every kind of layer and most losses occur."""
    from chainrule import BatchNorm, Dense, Dropout, LayerNorm, Network, Residual

    layers: dict[str, list[AnyLayer]] = {
        "half_squared_error": [Dense(4, "sigmoid", bias="layer"), Dense(2, "sigmoid")],
        "cross_entropy": [Dense(5, "relu"), LayerNorm(), Dense(3, "softmax")],
        "huber": [Dense(5), BatchNorm("gelu"), Dense(2)],
        "binary_cross_entropy": [Residual([Dense(3, "tanh"), Dropout(0.2)]), Dense(1, "sigmoid")],
        "poisson": [Dense(4, "silu", bias=None), Dense(2, "softplus")],
    }
    return [Network(3, stack, loss=loss, dtype="float64") for loss, stack in layers.items()]


def _random_data(net: Network) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return random inputs, and random targets such as the network's loss takes."""
    import numpy as np

    random = np.random.default_rng(0)
    x = random.standard_normal((SAMPLES, net.inputs))
    for place, categories in enumerate(getattr(net.architecture.layers[0], "codes", ())):
        x[:, place] = random.integers(categories, size=SAMPLES)
    shape = (SAMPLES, net.outputs)
    targets: dict[str, NDArray[Any]] = {
        "numbers": random.standard_normal(shape),
        "probabilities": random.random(shape),
        "distribution": random.integers(net.outputs, size=SAMPLES),
        "counts": random.poisson(2, shape),
    }
    return x, targets[net.architecture.loss.targets]
