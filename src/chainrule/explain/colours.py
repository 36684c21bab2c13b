"""The colours of quantities by their role, the same in every format, and marks that need no colour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    """How a role is shown: on a `light` and on a `dark` ground, in a `terminal`, and by its line below, the `mark`.

    The mark is a border of CSS: it tells the roles apart on a black and white print and without colour vision.
    """

    light: str
    dark: str
    terminal: str
    mark: str


PAGE = {
    "paper": ("#ffffff", "#15181d"),
    "block": ("#f5f7f9", "#1e232a"),
    "ink": ("#1c2127", "#e4e8ec"),
    "quiet": ("#57606a", "#a3adb8"),
    "line": ("#c5ccd4", "#434c57"),
    "link": ("#0a58ca", "#8ab8ff"),
}
"""What else a page has colours for, light and dark: two grounds, text, lines, links."""

COLOURS = {
    "input": Colour("#0b57b0", "#82b8ff", "blue", "1px dotted"),
    "output": Colour("#b3261e", "#ff9a90", "red", "1px solid"),
    "d_input": Colour("#855500", "#e6b64c", "yellow", "1px dashed"),
    "d_output": Colour("#1a6b2d", "#7fd190", "green", "3px double"),
    "d_weight": Colour("#8a2ba6", "#dfa3f4", "magenta", "2px solid"),
}
"""The role of each quantity that has one, as `chainrule.explain.naming` gives them.

>>> COLOURS["d_weight"].terminal
'magenta'
"""


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by the rule of WCAG 2.

    >>> round(contrast("#000000", "#ffffff"), 1)
    21.0
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
