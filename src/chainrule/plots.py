"""Pictures, by matplotlib, which is an extra: it is imported when the first one is asked for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import InputError
from chainrule.files import check_destination, replace

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_DPI = 150
_COLOURS = 200
"""Few enough for a small file, and enough for thin lines to keep theirs."""


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, which no window shows.

    Raises `InputError` if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise needed() from None
    return Figure((width, height), layout="constrained")


def needed() -> InputError:
    """Return the error for a picture without matplotlib."""
    return InputError("pictures need matplotlib: pip install 'chainrule[plots]'")


def save_figure(figure: Figure, path: str | Path, lines: bool = False) -> None:
    """Write a figure as PNG (or what the name ends in, as .svg); an existing file is replaced once it is whole.

    With `lines` it holds no photographs, and a PNG of few colours is a third of the size.

    Raises `InputError` if the file cannot be written, or if its name ends in no format of pictures.
    """
    target = check_destination(path)
    kind = target.suffix.removeprefix(".").lower() or "png"
    if kind not in figure.canvas.get_supported_filetypes():
        raise InputError(f"{target.name} ends in no format of pictures: take .png or .svg")
    replace(target, png_of_lines(figure) if lines and kind == "png" else _drawn(figure, kind))


def png_of_lines(figure: Figure, dpi: int = _DPI) -> bytes:
    """Return a figure of lines and text as a PNG of few colours."""
    from PIL import Image  # matplotlib needs it too

    content, drawn = io.BytesIO(), Image.open(io.BytesIO(_drawn(figure, "png", dpi)))
    drawn.convert("RGB").quantize(_COLOURS).save(content, format="png", optimize=True)
    return content.getvalue()


def _drawn(figure: Figure, kind: str, dpi: int = _DPI) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=dpi)
    return content.getvalue()
