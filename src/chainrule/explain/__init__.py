"""Worked examples: every number of a network as a textbook would write it."""

from chainrule.explain.assembling import explain
from chainrule.explain.document import Check, Document, Line, Part, Section, Step, Table

__all__ = ["Check", "Document", "Line", "Part", "Section", "Step", "Table", "explain"]
