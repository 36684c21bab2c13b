"""Engines run programs; only they know how. What a program says is in `chainrule.equations`."""
