"""Text to equations. The grammar is Python's own, so that `ast` does the reading and points at mistakes."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable
from dataclasses import replace

from chainrule.equations import (
    INDEX_NAME,
    REDUCTIONS,
    SIZE_NAME,
    Call,
    Const,
    Equation,
    Expr,
    Index,
    Reduce,
    Ref,
    Size,
    call,
)
from chainrule.errors import FormulaError

_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_EQUATION = re.compile(r"([^=<]+)(<-|=)(?!=)(.*)", re.DOTALL)
_ARRAY_NAME = re.compile(r"[a-z][a-zA-Z0-9_]*|E")
# Deeper nesting than any network has; it keeps the recursion of every reader far from Python's limit.
_DEEPEST = 100
_LONGEST = 100_000  # characters; more than any equation has
_QUOTED = 80


def parse(text: str, origin: str = "") -> Equation:
    """Read one equation; printing it gives it back: ``parse(str(e)) == e``.

    Raises `FormulaError` with the place of the mistake.

    >>> e = parse("d_b1[j] = sum(n, d_z1[n,j]) / N")
    >>> str(e), e.update
    ('d_b1[j] = sum(n, d_z1[n,j]) / N', False)
    >>> parse("w[i,j] <- w[i,j] - rate * d_w[i,j]").update
    True
    """
    match = _EQUATION.fullmatch(text) if len(text) <= _LONGEST else None
    if not match:
        raise FormulaError(f"an equation reads 'name[indices] = value', not {_quoted(text)}")
    left, sign, right = match.groups()
    target = _Reader(left, ()).expression(target=True)
    if not isinstance(target, Ref) or any(not isinstance(index, Index) for index in target.indices):
        raise FormulaError(f"the left side of {_quoted(text)} must be a name with plain indices, as in a1[n,j]")
    if len(set(target.index_names)) < len(target.indices):
        raise FormulaError(f"an index stands twice in the left side of {_quoted(text)}")
    value = _Reader(right, target.index_names).expression()
    return Equation(target, value, update=sign == "<-", origin=origin)


def parse_program(text: str, origin: str = "") -> tuple[Equation, ...]:
    """Read equations, one on a line; empty lines and what follows a ``#`` are left out."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return tuple(replace(parse(line), origin=origin or line) for line in lines if line)


def parse_expression(text: str, bound: Iterable[str] = ()) -> Expr:
    """Read an expression, or a formula such as ``x * sigmoid(x)``; `bound` are the indices it may use.

    >>> print(parse_expression("exp(x - max(x)) / sum(exp(x - max(x)))"))
    exp(x - max(x)) / sum(exp(x - max(x)))
    """
    return _Reader(text, tuple(bound)).expression()


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _QUOTED else text[:_QUOTED] + "...")


class _Reader:
    """One reading of one text; `bound` says which names are indices at each place."""

    def __init__(self, text: str, bound: tuple[str, ...]):
        self.text = text.strip()
        self.bound = bound

    def expression(self, target: bool = False) -> Expr:
        if len(self.text) > _LONGEST:
            raise FormulaError(f"longer than {_LONGEST:,} characters: {_quoted(self.text)}")
        try:
            with warnings.catch_warnings():
                # What Python's own reader would remark on is refused below in the language's words.
                warnings.simplefilter("ignore")
                tree = ast.parse(self.text, mode="eval").body
            return self._target(tree) if target else self._read(tree, self.bound)
        except FormulaError:
            raise
        except SyntaxError as error:
            place = f" at character {error.offset}" if error.offset else ""
            raise FormulaError(f"cannot read {_quoted(self.text)}{place}: {error.msg[:_QUOTED]}") from None
        except (RecursionError, MemoryError, ValueError) as error:
            raise FormulaError(f"cannot read {_quoted(self.text)}: {error}") from None

    def _error(self, node: ast.AST, message: str) -> FormulaError:
        piece = ast.get_source_segment(self.text, node) or self.text
        whole = "" if piece == self.text else f" in {_quoted(self.text)}"
        return FormulaError(f"{message}: {_quoted(piece)}{whole}")

    def _target(self, node: ast.expr) -> Expr:
        names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
        return self._read(node, tuple(names[1:]))

    def _read(self, node: ast.expr, bound: tuple[str, ...], depth: int = 0) -> Expr:
        if depth > _DEEPEST:
            raise FormulaError(f"nested more than {_DEEPEST} deep: {_quoted(self.text)}")

        def inside(child: ast.expr) -> Expr:
            return self._read(child, bound, depth + 1)

        match node:
            case ast.Constant(value=bool()):
                raise self._error(node, "write 1 for true and 0 for false")
            case ast.Constant(value=int() | float() as value):
                return self._number(node, value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return call("neg", inside(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return Call(_BINARY[type(op)], (inside(left), inside(right)))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                return Call(_COMPARE[type(op)], (inside(left), inside(right)))
            case ast.BinOp(op=ast.BitXor()):
                raise self._error(node, "write ** for a power")
            case ast.IfExp():
                raise self._error(node, "write where(condition, value, otherwise) for a choice")
            case ast.Compare():
                raise self._error(node, "write one comparison at a time")
            case ast.Name(id=name):
                return self._name(node, name, bound)
            case ast.Subscript(value=ast.Name(id=name), slice=inner):
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                self._check_array_name(node, name)
                return Ref(name, tuple(inside(part) for part in parts))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if args:
                if name in REDUCTIONS:
                    return self._reduction(node, name, args, bound, depth)
                return call(name, *(inside(arg) for arg in args))
        raise self._error(node, "not part of the language")

    def _number(self, node: ast.expr, value: float) -> Const:
        if not abs(value) <= 1e300:
            raise self._error(node, "a number must be finite")
        return Const(value)

    def _name(self, node: ast.expr, name: str, bound: tuple[str, ...]) -> Expr:
        if name in bound:
            return Index(name)
        if SIZE_NAME.fullmatch(name):
            return Size(name.lower())
        self._check_array_name(node, name)
        return Ref(name)

    def _check_array_name(self, node: ast.expr, name: str) -> None:
        if not _ARRAY_NAME.fullmatch(name):
            raise self._error(node, "a name begins with a small letter (a capital is the size of an index)")

    def _reduction(self, node: ast.expr, kind: str, args: list[ast.expr], bound: tuple[str, ...], depth: int) -> Reduce:
        *names, body = args
        indices = tuple(name.id for name in names if isinstance(name, ast.Name) and INDEX_NAME.fullmatch(name.id))
        if len(indices) < len(names) or len(set(indices)) < len(indices):
            pair = "; the larger of two values is maximum(a, b)" if kind == "max" else ""
            raise self._error(node, f"{kind} takes its indices first, as in {kind}(i, x[n,i]){pair}")
        return Reduce(kind, indices, self._read(body, (*bound, *indices), depth + 1))
