"""Pictures, by matplotlib, which is an extra: it is imported when the first one is asked for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import InputError
from chainrule.files import check_destination, replace

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, which no window shows.

    Raises `InputError` if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("pictures need matplotlib: pip install 'chainrule[plots]'") from None
    return Figure((width, height), layout="constrained")


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG (or what the name ends in, as .svg); an existing file is replaced once it is whole.

    Raises `InputError` if the file cannot be written, or if its name ends in no format of pictures.
    """
    target = check_destination(path)
    kind = target.suffix.removeprefix(".").lower() or "png"
    if kind not in figure.canvas.get_supported_filetypes():
        raise InputError(f"{target.name} ends in no format of pictures: take .png or .svg")
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=150)
    replace(target, content.getvalue())
