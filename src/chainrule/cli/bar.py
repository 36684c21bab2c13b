"""A bar on standard error that shows how far the networks of an estimator are trained."""

from __future__ import annotations

import sys
import threading
from typing import Any


class Bar:
    """Counts the epochs of all networks, as a callback of scikit-learn.

    Parameters
    ----------
    epochs : of all networks, at most.
    title : what is shown before the bar.
    """

    def __init__(self, epochs: int, title: str = "training"):
        self.epochs, self.title = epochs, title
        self._lock = threading.Lock()
        self._bar: Any = None

    def setup(self, estimator: Any, context: Any) -> None:
        """Show the bar."""
        if self._bar is None:
            self._bar = _bar()
            self._task = self._bar.add_task(self.title, total=self.epochs)
            self._bar.start()

    def teardown(self, estimator: Any, context: Any) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing: what has ended counts."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Count an epoch."""
        if self._bar is not None and context.task_name == "epoch":
            with self._lock:
                self._bar.advance(self._task)


def somebody_watches() -> bool:
    """Tell whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    title, unit = TextColumn("{task.description}", markup=False), TextColumn("epochs, left")
    columns = (title, BarColumn(), MofNCompleteColumn(), unit, TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
