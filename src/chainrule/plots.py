"""Pictures, by matplotlib, which is an extra: it is imported when the first one is asked for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import InputError
from chainrule.files import check_destination, replace

if TYPE_CHECKING:
    from matplotlib.figure import Figure


FORMATS = (".png", ".svg", ".pdf")
"""What the name of a picture may end in; without an ending it is a PNG."""
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


def check_picture(path: str | Path) -> Path:
    """Return where a picture is to go; raises `InputError` if it cannot be drawn or written there.

    Called before long work, it finds a folder that is missing, another ending than those of `FORMATS`, and matplotlib
    not installed.
    """
    target = check_destination(path)
    if target.suffix.lower() not in ("", *FORMATS):
        endings = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise InputError(f"{target.name} is to be a picture: let its name end in {endings}")
    new_figure(1, 1)
    return target


def save_figure(figure: Figure, path: str | Path, lines: bool = False) -> None:
    """Write a figure as what its name ends in; an existing file is replaced once it is whole.

    The same figure gives the same bytes. With `lines` it holds no photographs, and a PNG of few colours is a third of
    the size.

    Raises `InputError` as `check_picture` does.
    """
    target = check_picture(path)
    kind = target.suffix.removeprefix(".").lower() or "png"
    replace(target, png_of_lines(figure) if lines and kind == "png" else _drawn(figure, kind))


def png_of_lines(figure: Figure, dpi: int = _DPI) -> bytes:
    """Return a figure of lines and text as a PNG of few colours."""
    from PIL import Image  # matplotlib needs it too

    content, drawn = io.BytesIO(), Image.open(io.BytesIO(_drawn(figure, "png", dpi)))
    drawn.convert("RGB").quantize(_COLOURS).save(content, format="png", optimize=True)
    return content.getvalue()


def _drawn(figure: Figure, kind: str, dpi: int = _DPI) -> bytes:
    import matplotlib as mpl

    content = io.BytesIO()
    made = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    with mpl.rc_context({"svg.hashsalt": "chainrule"}):  # else the names within an SVG are drawn at random
        figure.savefig(content, format=kind, dpi=dpi, metadata=made)
    return content.getvalue()
