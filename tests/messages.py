"""Every sentence of the package that a catalogue may translate, read from the source."""

from __future__ import annotations

import ast
from pathlib import Path

import chainrule
from chainrule.diagnosis.slips import SLIPS

SOURCE = Path(chainrule.__file__).parent
# What a catalogue is called where sentences are said.
NAMES = ("text", "text_of")


def messages() -> set[str]:
    """Return the literal first arguments of all calls of a catalogue, and what the table of slips says."""
    return literals() | {message for slip in SLIPS.values() for message in (slip.title, slip.reason)}


def literals() -> set[str]:
    return {message for path in SOURCE.rglob("*.py") for message in messages_in(ast.parse(path.read_text("utf-8")))}


def messages_in(tree: ast.AST) -> list[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_catalogue(node.func) and node.args]
    return [node.args[0].value for node in calls if isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)]  # fmt: skip


def _is_catalogue(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return function.attr in NAMES
    return isinstance(function, ast.Name) and function.id in NAMES
