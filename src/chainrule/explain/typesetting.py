"""The lines of a document as layouts, in the document's names and digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.equations import Expr, Ref
from chainrule.explain.algebra import ONES, Elementwise, Grid, Product, Transposed, Whole
from chainrule.explain.terms import Largest, Partial
from chainrule.typeset import DOT, Derivative, Fenced, Layout, Matrix, Power, Row, Text, Typesetter, row

if TYPE_CHECKING:
    from chainrule.explain.document import Document, Line

Cells = list[tuple[str, Layout]]
# A matrix with more rows or columns is given by its shape.
MOST_ROWS = 8


class Lines(Typesetter):
    """Sets the lines of one document."""

    def __init__(self, document: Document):
        super().__init__(document.naming.symbol, document.digits, dots=True)
        self.naming = document.naming
        text = document.text_of
        self.words = (text("if"), text("otherwise"))

    def layout(self, expr: Expr) -> Layout:
        """Return how an expression is set, signs for derivatives and for the largest of several among them."""
        match expr:
            case Partial():
                return self.naming.symbol(expr)
            case Largest(args):
                commas = [part for arg in args for part in (Text(", "), self.layout(arg))][1:]
                return row("max", Fenced(Row(tuple(commas))))
            case Whole(name, more):
                return self.whole(name, more)
            case Product(left, right):
                return row(self._side(left), DOT, self._side(right))
            case Elementwise(left, right):
                return row(self._side(left), " ⊙ ", self._side(right))
            case Transposed(inside):
                matrix = self.layout(inside)
                return Power(Fenced(matrix) if isinstance(matrix, Derivative) else matrix, Text("ᵀ"))
            case Grid(values):
                return self.grid(values)
        return super().layout(expr)

    def _side(self, expr: Expr) -> Layout:
        inside = self.layout(expr)
        alone = isinstance(expr, Whole | Grid | Transposed | Elementwise | Product)
        return inside if alone else Fenced(inside)

    def whole(self, name: str, more: str) -> Layout:
        """Return the sign of an array, with the row below it or the column of ones behind it in the same brackets."""
        symbol = self.symbol(Ref(name))
        if not more:
            return symbol
        parts = (symbol, Text(" 1")) if more == ONES else (symbol, Text("; "), self.symbol(Ref(more)))
        return Fenced(Row(parts), "[", "]")

    def grid(self, values: Any) -> Layout:
        """Return an array as a matrix, a single number as such, a large array as its shape."""
        if values.ndim == 0:
            return self._number(float(values))
        rows = values.reshape(-1, values.shape[-1])
        if max(rows.shape) > MOST_ROWS:
            return Text("(" + " × ".join(map(str, values.shape)) + ")")
        return Matrix(tuple(tuple(self._number(float(value)) for value in one) for one in rows))

    def cells(self, expr: Expr) -> Cells:
        """Return the terms or factors of an expression; those of matrices too."""
        match expr:
            case Product(left, right):
                return [*self.cells(left), ("·", self._side(right))]
            case Elementwise(left, right):
                return [*self.cells(left), ("⊙", self._side(right))]
        return super().cells(expr)

    def rows(self, lines: tuple[Line, ...]) -> list[tuple[Line, Cells]]:
        """Return each line with its cells: those of lines with as many stand below each other."""
        return [(line, self.cells(line.expr)) for line in lines]
