"""The arguments of machine code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.engines import machine
from chainrule.engines.codegen import Module


class Block:
    """The arguments of a module: arrays and numbers by name, and their addresses in a row as `entry` takes them."""

    def __init__(self, module: Module, values: Mapping[str, Any]):
        self.module = module
        self.values: dict[str, Any] = {}
        self.places = {name: place for place, name in enumerate(module.arguments)}
        self.addresses = np.zeros(len(module.arguments), np.int64)
        for name, value in values.items():
            self.set(name, value)
        self._at = self.addresses.ctypes.data
        self._entry = machine.entry_of(module.whole_source, module.precision, module.entry)

    def set(self, name: str, value: Any) -> None:
        """Give an argument another value; what the module does not ask for is only remembered."""
        self.values[name] = value
        place = self.places.get(name)
        if place is None:
            return
        if isinstance(value, np.ndarray):
            self.addresses[place] = value.ctypes.data
        else:
            self.addresses[place] = np.float64(value).view(np.int64) if isinstance(value, float) else value

    def call(self, thread: int = 0) -> None:
        """Run the module; other threads of Python go on meanwhile."""
        self._entry(self._at, thread)
