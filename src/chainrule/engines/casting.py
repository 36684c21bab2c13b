"""Types of values in the language of `chainrule.engines.compiler`: literals have none yet, others are made alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

# Of LLVM, a view of an array, or a literal of Python.
Value = Any


@dataclass(frozen=True)
class View:
    """A part of an array: where it starts, and its shape."""

    pointer: Any
    shape: tuple[Any, ...]


class Casting:
    """Changes types by instructions at the place of its builder."""

    builder: ir.IRBuilder

    def settled(self, value: Value) -> Value:
        """Return a literal as an int or a float, anything else as it is."""
        if isinstance(value, bool | int):
            return ir.Constant(ir.IntType(64), int(value))
        return ir.Constant(ir.DoubleType(), value) if isinstance(value, float) else value

    def alike(self, left: Value, right: Value) -> tuple[Value, Value]:
        """Return two values in one type: a literal takes the other's, whole numbers become floating ones."""
        if isinstance(left, int | float) and isinstance(right, int | float):
            return self.alike(self.settled(left), right)
        if isinstance(left, int | float):
            left = self._literal(left, right)
        if isinstance(right, int | float):
            right = self._literal(right, left)
        if left.type == right.type:
            return left, right
        wider = max(left.type, right.type, key=_rank)
        return self.cast(left, wider), self.cast(right, wider)

    def _literal(self, literal: float, beside: Value) -> Value:
        if isinstance(literal, float) and isinstance(beside.type, ir.IntType):
            return ir.Constant(ir.DoubleType(), literal)
        return self.cast(literal, beside.type)

    def cast(self, value: Value, kind: ir.Type) -> Value:
        """Return a value in another type."""
        if isinstance(value, bool | int | float):
            return ir.Constant(kind, int(value) if isinstance(kind, ir.IntType) else float(value))
        if value.type == kind:
            return value
        from_int, to_int = isinstance(value.type, ir.IntType), isinstance(kind, ir.IntType)
        if from_int and to_int:
            if value.type.width > kind.width:
                return self.builder.trunc(value, kind)
            return self.builder.zext(value, kind) if value.type.width == 1 else self.builder.sext(value, kind)
        if from_int:
            return self.builder.sitofp(value, kind) if value.type.width > 1 else self.builder.uitofp(value, kind)
        if to_int:
            return self.builder.fptosi(value, kind)
        narrower = isinstance(kind, ir.FloatType)
        return self.builder.fptrunc(value, kind) if narrower else self.builder.fpext(value, kind)

    def truth(self, value: Value) -> Value:
        """Return whether a number is not 0."""
        value = self.settled(value)
        if isinstance(value.type, ir.IntType):
            return value if value.type.width == 1 else self.builder.icmp_signed("!=", value, ir.Constant(value.type, 0))
        return self.builder.fcmp_unordered("!=", value, ir.Constant(value.type, 0.0))


def _rank(kind: ir.Type) -> int:
    if isinstance(kind, ir.IntType):
        return int(kind.width)
    return 100 if isinstance(kind, ir.FloatType) else 200
