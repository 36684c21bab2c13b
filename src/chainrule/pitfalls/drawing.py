"""How the pictures look: colours that differ for all eyes, and a dash and a marker of its own for each line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Style:
    """How one line is told from the others, even without colours."""

    color: str
    linestyle: str
    marker: str

    def line(self, **changes: Any) -> dict[str, Any]:
        """Return what matplotlib's `plot` takes, with changes."""
        return {"color": self.color, "linestyle": self.linestyle, "marker": self.marker, "markersize": 4, **changes}


# Okabe and Ito 2008
STYLES = (
    Style("#0072B2", "-", "o"),
    Style("#D55E00", "--", "s"),
    Style("#009E73", "-.", "^"),
    Style("#CC79A7", ":", "D"),
    Style("#000000", (0, (5, 1, 1, 1, 1, 1)), "v"),  # type: ignore[arg-type]  # dashes as matplotlib writes them
    Style("#E69F00", (0, (1, 1)), "P"),  # type: ignore[arg-type]
)
GREY = "#666666"


def label(axes: Axes, title: str, x: str, y: str) -> None:
    """Write the title and what is on the axes, with a faint grid."""
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
