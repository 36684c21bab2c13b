"""Signals that end a training: it stops after a step, as a whole, and not in the midst of one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# SIGTERM is what schedulers and `kill` send; Windows has it by name only.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_gently(stop: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C, or SIGTERM, set `stop`, and a second one act as ever.

    After the block a SIGTERM that came is sent once more, so that the program ends as it would have without. In
    another thread than the main one, to which signals come, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        stop.set()
        give_back()

    def give_back() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    before = {one: signal.getsignal(one) for one in _SIGNALS}
    before = {one: handler for one, handler in before.items() if handler not in (None, signal.SIG_IGN)}
    for one in before:
        signal.signal(one, note)
    try:
        yield
    finally:
        give_back()
    if signal.SIGTERM in came:
        signal.raise_signal(signal.SIGTERM)
