"""How good a model is, in numbers with their uncertainty, and as a page for people."""
