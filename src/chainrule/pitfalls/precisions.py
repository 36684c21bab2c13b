"""Precision: an update that is smaller than the last digit of a weight is rounded, and in the end lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from chainrule.data import FloatArray
from chainrule.examples import EXAMPLES
from chainrule.optimizers import GradientDescent
from chainrule.pitfalls.drawing import GREY, STYLES, label
from chainrule.pitfalls.finding import Cell, Finding, Table
from chainrule.pitfalls.tasks import looks
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.examples.records import Dtype

EXAMPLE, QUANTITY, COUNTED = "demofox-1", "output after 1,000,000 updates", 1_000_000
STOPS = tuple(sorted({*np.geomspace(1_000, 10_000_000, 33).round(-1).astype(int).tolist(), 3_000_000}))
AHEAD = 1_778_280
LISTED = (1_000, 10_000, 100_000, 1_000_000, AHEAD, 3_000_000, 10_000_000)
DTYPES: tuple[Dtype, ...] = ("float64", "float32")


@dataclass(frozen=True, eq=False, repr=False)
class Precision(Finding):
    """What `precision` found, at each of `STOPS`, by the name of the number format.

    Attributes
    ----------
    outputs : of the neuron; the target is 0.
    weights : its weight.
    updates : the next update of the weight, learning rate times derivative.
    spacings : the distance from the weight to the next number of its format.
    """

    name: ClassVar[str] = "precision"
    title: ClassVar[str] = "Precision: float32 against float64 after many small updates"
    sources: ClassVar[str] = (
        "Goldberg 1991, What every computer scientist should know about floating-point arithmetic; Gupta et al. 2015, "
        "Deep learning with limited numerical precision"
    )

    outputs: dict[str, FloatArray]
    weights: dict[str, FloatArray]
    updates: dict[str, FloatArray]
    spacings: dict[str, FloatArray]

    def steps(self, dtype: str) -> FloatArray:
        """Return the next update as a multiple of the weight's spacing; at most 1/2 of it changes nothing."""
        return self.updates[dtype] / self.spacings[dtype]

    def at(self, updates: int) -> int:
        """Return the place of a number of updates in the arrays."""
        return STOPS.index(updates)

    @property
    def setting(self) -> str:
        """What was done."""
        example = EXAMPLES[EXAMPLE]
        return (
            f"The published example {example.name}: one sigmoid neuron learns 1 → 0 by gradient descent with learning "
            f"rate {example.rate:g}, in float64 and in float32. Nothing is drawn at random: every seed gives the same. "
            "The spacing of a weight is the distance to the next number of its format."
        )

    @property
    def table(self) -> Table:
        """Outputs in both formats, and the update in float32 beside its spacing."""
        columns = ("updates", "output, float64", "output, float32", "weight, float32", "its next update", "its spacing")
        return Table((*columns, "update / spacing"), tuple(map(self._row, LISTED)))

    def _row(self, updates: int) -> tuple[Cell, ...]:
        k = self.at(updates)
        outputs = (f"{self.outputs[dtype][k]:.6f}" for dtype in DTYPES)
        update, spacing = float(self.updates["float32"][k]), float(self.spacings["float32"][k])
        weight, steps = self.weights["float32"][k], self.steps("float32")[k]
        return updates, *outputs, f"{weight:.6f}", update, spacing, f"{steps:.2f}"

    @property
    def data(self) -> Table:
        """Everything at each look."""
        rows = (
            (dtype, updates, *(float(values[dtype][k]) for values in self._arrays), float(self.steps(dtype)[k]))
            for dtype in DTYPES
            for k, updates in enumerate(STOPS)
        )
        columns = ("format", "updates", "output", "weight", "next update", "spacing of the weight", "update / spacing")
        return Table(columns, tuple(rows))

    @property
    def _arrays(self) -> tuple[dict[str, FloatArray], ...]:
        return self.outputs, self.weights, self.updates, self.spacings

    @property
    def sentences(self) -> tuple[str, str]:
        """What to see."""
        k, ahead, last = self.at(COUNTED), self.at(AHEAD), self.steps("float32")[-1]
        published = next(item for item in EXAMPLES[EXAMPLE].published if item.quantity == QUANTITY)
        return (
            f"After {COUNTED:,} updates float32 gives {self.outputs['float32'][k]:.6f}, as published "
            f"({published.figure}), and float64 {self.outputs['float64'][k]:.6f}: the update is then "
            f"{self.steps('float32')[k]:.2f} times the spacing of float32 at this weight and rounded to 1, so that "
            f"each step falls short; later, at {self.steps('float32')[ahead]:.2f} times, it is still rounded to 1, so "
            f"that each step is too long and float32 is ahead (after {AHEAD:,} updates "
            f"{self.outputs['float32'][ahead]:.6f}, float64 {self.outputs['float64'][ahead]:.6f}).",
            "As soon as an update is at most half the spacing it is rounded to nothing: in float32 the output stays at "
            f"{self.outputs['float32'][-1]:.6f} (update / spacing {last:.2f}), and in float64 it goes on to fall.",
        )

    def draw(self, figure: Figure) -> None:
        """Draw the outputs, and the updates beside the spacings."""
        left, right = figure.subplots(1, 2)
        for style, dtype in zip(STYLES, DTYPES, strict=False):
            left.plot(STOPS, self.outputs[dtype], label=dtype, **style.line(markevery=(0, 2)))
        right.plot(STOPS, self.steps("float32"), label="update / spacing, float32", **STYLES[1].line())
        right.axhline(1, color=GREY, linewidth=1, label="1: to the next number of float32")
        right.axhline(0.5, color="black", linewidth=1.2, linestyle="--", label="1/2: rounded to no step at all")
        label(left, "Output (the target is 0)", "updates", "output y")
        label(right, "The update of the weight in float32", "updates", "update / spacing of the weight")
        for axes in (left, right):
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.legend(fontsize=8)


def precision(seed: int = 0) -> Precision:
    """Train one neuron in float64 and in float32 until the updates are too small for float32.

    Parameters
    ----------
    seed : as all experiments take one; nothing here is drawn at random.

    Raises `InputError` for a seed that is none.
    """
    as_seed(seed)
    courses: dict[str, FloatArray] = {dtype: _course(dtype) for dtype in DTYPES}
    arrays = ({dtype: course[:, k] for dtype, course in courses.items()} for k in range(4))
    return Precision(seed, *arrays)


def _course(dtype: Dtype) -> FloatArray:
    """Return output, weight, next update and spacing at each look: shape (looks, 4)."""
    example = EXAMPLES[EXAMPLE]
    setup = example.set_up(dtype)
    rows = []
    for _ in looks(setup.net, setup.x, setup.t, STOPS, GradientDescent(example.rate), engine="compiled"):
        values, weight = setup.values(), setup.net.parameters["w1"][0, 0]
        update = example.rate * values["d_w1"][0, 0]
        rows.append((values["y"][0, 0], weight, update, np.spacing(np.abs(weight))))
    return np.array(rows, dtype=np.float64)
