"""A progress bar for a person who watches; nothing where nobody does."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

_REFRESH = 0.1  # seconds


class Progress:
    """Shows epochs, rate and time left on standard error, if that is a terminal or `show` says so."""

    def __init__(self, epochs: int, show: bool | None):
        self._bar: Any = None
        self._next = 0.0
        if show if show is not None else sys.stderr.isatty():
            self._bar, self._task = _bar(epochs)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, epochs_done: int, cost: float, force: bool = False) -> None:
        """Show how far it is, at most ten times a second."""
        if self._bar and (force or time.perf_counter() >= self._next):
            self._next = time.perf_counter() + _REFRESH
            self._bar.update(self._task, completed=epochs_done, cost=f"{cost:.6g}")


def _bar(epochs: int) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.completed / task.elapsed if task.completed and task.elapsed else 0
            return Text(f"{speed:,.0f} epochs/s" if speed else "")

    bar = Bar(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("cost {task.fields[cost]}"),
        console=Console(stderr=True),
        auto_refresh=False,
    )
    return bar, bar.add_task("training", total=epochs, cost="")
