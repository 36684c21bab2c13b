"""Pictures of a race and of growth, by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.methods.growth import Growth
from chainrule.methods.race import Course
from chainrule.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLES = ("-", "--", "-.", ":")
_POINTS = 200
"""So many of a course are drawn: more than one sees, and all of a long one would make an .svg of megabytes."""


def picture_of_race(title: str, courses: Sequence[Course], goal: float) -> Figure:
    """Return cost against network evaluations, and against seconds, both on logarithmic axes.

    Raises `InputError` if matplotlib is not installed.
    """
    figure = new_figure(9, 3.5)
    left, right = figure.subplots(1, 2, sharey=True)
    for place, course in enumerate(courses):
        style = _STYLES[place % len(_STYLES)]  # exact gradients give the same line: it shows both
        drawn = _spread(len(course.cost))
        costs = np.array(course.cost)[drawn]
        left.plot(np.array(course.evaluations)[drawn], costs, style, label=course.method.name.replace("_", " "))
        right.plot(np.array(course.seconds)[drawn], costs, style)
    for axes, label in ((left, "network evaluations"), (right, "seconds")):
        axes.set(xscale="log", yscale="log", xlabel=label)
        axes.axhline(goal, color="grey", linewidth=0.8, linestyle=":")
        axes.grid(alpha=0.3)
    left.set_ylabel("cost")
    figure.suptitle(title)
    figure.legend(loc="outside right center", frameon=False)
    return figure


def _spread(count: int) -> list[int]:
    """Return the places of a course that are drawn, as many in each tenth of a logarithmic axis, the ends among them.

    >>> _spread(4), len(_spread(10**6)), _spread(10**6)[-1]
    ([0, 1, 2, 3], 175, 999999)
    """
    if not count:
        return []
    return sorted({round(place) - 1 for place in np.geomspace(1, count, _POINTS).tolist()})


def picture_of_growth(found: Sequence[Growth]) -> Figure:
    """Return the seconds of one gradient against the number of weights, on logarithmic axes.

    Raises `InputError` if matplotlib is not installed.
    """
    figure = new_figure(6, 4)
    axes = figure.subplots()
    for place, growth in enumerate(found):
        style = _STYLES[place % len(_STYLES)]
        axes.plot(growth.weights, growth.seconds, style, marker="o", label=growth.method.replace("_", " "))
    axes.set(xscale="log", yscale="log", xlabel="weights", ylabel="seconds of one gradient")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure
