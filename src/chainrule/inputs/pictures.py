"""Grids of inputs as pictures, and curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import FloatArray
from chainrule.errors import InputError
from chainrule.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.inputs.curve import Curve
    from chainrule.inputs.dreaming import Dream
    from chainrule.inputs.fooling import Fooled

_TILE = 1.1  # inches
_MOST_TILES = 100


def dream_picture(dream: Dream) -> Figure:
    """Return a tile for each dream, at most five in a row, under its class and how sure the network is."""
    titles = [""] * len(dream.x)
    if dream.path.probability is not None:
        chances = dream.path.probability[-1]
        titles = [f"{label}: {chance:.1%}" for label, chance in zip(dream.target, chances, strict=True)]
    return _grid(dream.x, titles, dream.shape, columns=min(5, len(dream.x)))


def fooled_picture(fooled: Fooled, shape: Sequence[int]) -> Figure:
    """Return three tiles for each sample: as it was, what was added (red) or taken away (blue), and what it became."""
    tiles, titles = [], []
    for row in range(len(fooled.x)):
        tiles += [fooled.original[row], fooled.x[row] - fooled.original[row], fooled.x[row]]
        became = f"taken for {fooled.answers[row]}" if fooled.success[row] else f"still {fooled.answers[row]}"
        titles += [f"{fooled.labels[row]}", f"by {fooled.distance[row]:.3g}", became]
    return _grid(np.array(tiles), titles, shape, columns=3 * min(2, len(fooled.x)), signed=slice(1, None, 3))


def curve_picture(curves: Sequence[Curve]) -> Figure:
    """Return accuracy against budget, an axis for each norm."""
    figure = new_figure(4.2 * len(curves), 3.2)
    axes = figure.subplots(1, len(curves), squeeze=False, sharey=True)[0]
    for axis, curve in zip(axes, curves, strict=True):
        axis.plot(curve.budgets, curve.accuracy, marker="o", markersize=3)
        axis.set_xlabel(f"budget, norm {curve.norm}")
        axis.set_ylim(-0.02, 1.02)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("accuracy")
    return figure


def _grid(
    tiles: FloatArray, titles: Sequence[str], shape: Sequence[int], columns: int, signed: slice | None = None
) -> Figure:
    """Return a picture of each row of `tiles`; those of `signed` are changes, white where there is none."""
    if len(shape) != 2:
        raise InputError(f"inputs of shape {tuple(shape)} are no pictures: give shape=(height, width)")
    if len(tiles) > _MOST_TILES:
        raise InputError(f"a picture shows at most {_MOST_TILES} tiles, not {len(tiles)}: take fewer rows")
    rows = -(-len(tiles) // columns)
    figure = new_figure(_TILE * columns, (_TILE + 0.2) * rows)
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    changes = set(range(len(tiles))[signed]) if signed else set()
    values = np.delete(tiles, sorted(changes), axis=0)
    lowest, highest = min(0.0, float(values.min())), max(1.0, float(values.max()))
    most = max(float(np.abs(tiles[sorted(changes)]).max()), 1e-12) if changes else 1.0
    for place, axis in enumerate(axes.flat):
        axis.axis("off")
        if place < len(tiles):
            colours = ("RdBu_r", -most, most) if place in changes else ("gray_r", lowest, highest)
            axis.imshow(tiles[place].reshape(tuple(shape)), cmap=colours[0], vmin=colours[1], vmax=colours[2])
            axis.set_title(titles[place], fontsize=8)
    return figure
