"""How well methods predict on real tables, and what that costs: the benchmark behind docs/accuracy.md."""
