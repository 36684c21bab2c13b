"""Grids of inputs as pictures, and curves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    if dream.probability is not None:
        titles = [f"{label}: {chance:.1%}" for label, chance in zip(dream.target, dream.probability[-1], strict=True)]
    return _grid(dream.x, titles, dream.shape, columns=min(5, len(dream.x)))


def fooled_picture(fooled: Fooled, shape: Sequence[int]) -> Figure:
    """Return three tiles for each sample: as it was, what was added (red) or taken away (blue), and what it became."""
    tiles, titles = [], []
    for row in range(len(fooled.x)):
        tiles += [fooled.original[row], fooled.x[row] - fooled.original[row], fooled.x[row]]
        became = f"taken for {fooled.answers[row]}" if fooled.success[row] else f"still {fooled.answers[row]}"
        titles += [f"{fooled.labels[row]}", f"by {fooled.distance[row]:.3g}", became]
    return _grid(np.array(tiles), titles, shape, columns=3 * min(2, len(fooled.x)), signed=range(1, len(tiles), 3))


def parts_picture(values: FloatArray, name: str, titles: Sequence[str], shape: Sequence[int]) -> Figure:
    """Return a tile for each row of numbers with a sign: red above 0, blue below."""
    return _grid(values, titles, shape, columns=min(5, len(values)), signed=range(len(values)), name=name)


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
    tiles: FloatArray,
    titles: Sequence[str],
    shape: Sequence[int],
    columns: int,
    signed: Collection[int] = (),
    name: str = "change",
) -> Figure:
    """Return a picture of each row of `tiles`; those whose places are `signed` are white at 0, `name` says of what."""
    if len(shape) != 2:
        raise InputError(f"inputs of shape {tuple(shape)} are no pictures: give shape=(height, width)")
    if len(tiles) > _MOST_TILES:
        raise InputError(f"a picture shows at most {_MOST_TILES} tiles, not {len(tiles)}: take fewer rows")
    rows = -(-len(tiles) // columns)
    figure = new_figure(_TILE * columns + 1, (_TILE + 0.2) * rows)
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    scales = _scales(tiles, signed)
    drawn = {}
    for place, axis in enumerate(axes.flat):
        if place >= len(tiles):
            axis.axis("off")
            continue
        axis.set(xticks=[], yticks=[])  # the frame stays: a white margin is part of a picture
        axis.spines[:].set(color="0.6", linewidth=0.5)
        kind = name if place in signed else "value"
        drawn[kind] = axis.imshow(tiles[place].reshape(tuple(shape)), **scales[place in signed])
        axis.set_title(titles[place], fontsize=8)
    for kind, image in drawn.items():
        bar = figure.colorbar(image, ax=axes, aspect=15 * rows, pad=0.02)
        bar.set_label(kind, fontsize=8)
        bar.ax.tick_params(labelsize=7)
    return figure


def _scales(tiles: FloatArray, signed: Collection[int]) -> dict[bool, dict[str, Any]]:
    """Return the colours and their limits of tiles with and without a sign, the same for all of a kind."""
    most = float(np.abs(tiles[list(signed)]).max(initial=0)) or 1.0
    values = np.delete(tiles, list(signed), axis=0)
    lowest, highest = values.min(initial=0.0), values.max(initial=1.0)
    return {
        True: {"cmap": "RdBu_r", "vmin": -most, "vmax": most},
        False: {"cmap": "gray_r", "vmin": float(lowest), "vmax": float(highest)},
    }
