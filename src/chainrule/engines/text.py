"""How expressions are written in generated source: where each array stands, and what is the same for all elements."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chainrule.builder import BATCH
from chainrule.engines.statements import NotCompilableError, Statement, is_literal
from chainrule.equations import COMPARISONS, Call, Const, Expr, Index, Ref, Size, rebuild, shifted, walk
from chainrule.program import Extent

# Functions that are faster for a value alone (`chainrule.engines.tabled`).
ONE_BY_ONE = {"sigmoid": "sigmoid_by_table"}
POWERS = {2: "square", 3: "cube", -1: "inverse", 0.5: "sqrt"}
_COMMENT_COLUMN = 64
# How a sum or a maximum starts.
STARTS = {"sum": "real(0)", "max": "-infinity"}


# Arguments that are whole numbers, beside sizes.
_WHOLE = {"group", "groups", "slice_", "first", "last", "thread", "threads", "own_length", "yielding", "batch",
          "most_slices", "most_groups", "rows", "layer_parts", "layer_count", "schedule_rows",
          "result_width"}  # fmt: skip


class Writer:
    """Lines of source, indented."""

    def __init__(self, depth: int = 0) -> None:
        self.lines: list[str] = []
        self.depth = depth

    def add(self, line: str, comment: object = "") -> None:
        """Write a line, with the equation it came from."""
        text = "    " * self.depth + line
        self.lines.append(f"{text:<{_COMMENT_COLUMN}}  # {comment}" if comment else text)

    def open(self, line: str, comment: object = "") -> None:
        """Write a line and indent those that follow."""
        self.add(line, comment)
        self.depth += 1

    def close(self, levels: int = 1) -> None:
        """End so many indented blocks."""
        self.depth -= levels

    def block(self, text: str) -> None:
        """Write lines that are indented among themselves."""
        for line in text.strip("\n").splitlines():
            self.add(line)


def one_more(kind: str, place: str, value: str) -> str:
    """Return the line by which a sum or a maximum takes one more value."""
    return f"{place} += {value}" if kind == "sum" else f"{place} = larger({value}, {place})"


def signature(name: str, arguments: Sequence[str]) -> list[str]:
    """Return the lines that begin a function, each argument with its type."""
    doubles, ints = (
        ("numbers", "schedule", "tally", "records"),
        ("order", "plan", "place", "layers", "meeting", "offsets"),
    )

    def kind(argument: str) -> str:
        whole = argument in _WHOLE or re.fullmatch(r"[A-DF-Z][0-9]*", argument)
        names = {"stop_cost": "float", **dict.fromkeys(doubles, "Doubles"), **dict.fromkeys(ints, "Ints")}
        return "int" if whole else names.get(argument, "Reals")

    written = [f"{argument}:\u00a0{kind(argument)}" for argument in arguments]  # a blank that is not broken at
    lines = textwrap.wrap(", ".join(written), 100, break_on_hyphens=False)
    lines = [line.replace("\u00a0", " ") for line in lines]
    return [f"def {name}(", *(f"    {line}" for line in lines), "):"]


class Places:
    """How each array is written where a line stands.

    `homes` are elements of unrolled programs that are read where they stand; `stored` have a value for each row of
    the batch, `local` for the row at hand, and what is in `in_loop` is a single number there.
    """

    def __init__(
        self,
        sizes: Mapping[str, Extent],
        stored: Iterable[str] = (),
        local: Iterable[str] = (),
        homes: Mapping[str, str] | None = None,
        declared: Mapping[str, Ref] | None = None,
    ):
        self.sizes, self.stored, self.local = sizes, set(stored), set(local)
        self.homes, self.declared = homes or {}, declared or {}
        self.in_loop: set[str] = set()
        self.one_by_one = False  # whether functions are those for single values, not for vectors

    def size(self, index: str) -> str:
        """Return the size of an index: a number where it is a literal, otherwise the name of an argument."""
        extent = self.sizes[index]
        return str(extent) if is_literal(extent) else index.upper()

    def array(self, name: str) -> str:
        """Return what an array is called."""
        if name in self.stored:
            return f"{name}_all"
        return f"{name}_row" if name in self.local else name

    def place(self, used: Ref) -> str:
        """Return how an element is written."""
        if used.name in self.in_loop:
            return used.name
        if used.name in self.homes:
            return self.homes[used.name]
        if not used.indices:
            return used.name
        indices = [self._index(used, axis) for axis in range(used.name in self.local, len(used.indices))]
        return f"{self.array(used.name)}[{', '.join(indices)}]" if indices else used.name

    def _index(self, used: Ref, axis: int) -> str:
        index = used.indices[axis]
        match index:
            case Index(name):
                return name
            case Const(value):
                return str(int(value))
        if part := shifted(index):
            return f"{part[0]} + {part[1]}"
        along = self.declared[used.name].index_names[axis] if used.name in self.declared else BATCH
        if isinstance(self.sizes[along], str):
            raise NotCompilableError(f"{used} chooses a row of the batch; only the reference engine runs this")
        return f"within({self.text(index)}, {self.size(along)})"

    def text(self, expr: Expr) -> str:
        """Return an expression as it is written in a loop."""
        match expr:
            case Const(value):
                return f"real({value!r})"
            case Index(name):
                return f"real({name})"
            case Size(index):
                return f"real({self.size(index)})"
            case Ref():
                return self.place(expr)
            case Call(name, args):
                return self._call(name, args)
        raise TypeError(f"a sum stands inside a statement: {expr}")

    def _call(self, name: str, args: tuple[Expr, ...]) -> str:
        match name, args:
            case "stop", (arg,):
                return self.text(arg)
            case "neg", (arg,):
                return f"-{self._tight(arg)}"
            case "**", (base, Const(power)) if power in POWERS:
                return f"{POWERS[power]}({self.text(base)})"
            case "*", (left, Call(comparison, (x, u))) if comparison in COMPARISONS:
                return f"choose({self.text(x)} {comparison} {self.text(u)}, {self.text(left)}, real(0))"
            case "where", (condition, first, second):
                return f"choose({self._test(condition)}, {self.text(first)}, {self.text(second)})"
            case _, (_, _) if name in COMPARISONS:
                return f"choose({self._test(Call(name, args))}, real(1), real(0))"
            case "+" | "-" | "*" | "/", (left, right):
                return f"{self._tight(left, name)} {name} {self._tight(right)}"
        if self.one_by_one:
            name = ONE_BY_ONE.get(name, name)
        return f"{'power' if name == '**' else name}({', '.join(map(self.text, args))})"

    def _test(self, condition: Expr) -> str:
        match condition:
            case Call(comparison, (x, u)) if comparison in COMPARISONS:
                return f"{self.text(x)} {comparison} {self.text(u)}"
        return f"{self.text(condition)} != real(0)"

    def _tight(self, expr: Expr, on_left_of: str = "") -> str:
        """Return an operand, in brackets where it needs them."""
        loose: tuple[str, ...] = ("+", "-", "*", "/", "neg")
        if on_left_of in ("+", "-"):
            loose = ()
        elif on_left_of in ("*", "/"):
            loose = ("+", "-", "neg")
        text = self.text(expr)
        # A condition times something is written as a choice, which needs none.
        return f"({text})" if isinstance(expr, Call) and expr.function in loose else text


class Invariants:
    """What is the same for all elements is computed once, in double precision, and divisors as their inverses."""

    def __init__(self, scalars: Mapping[str, str], sizes: Mapping[str, Extent], prefix: str = "same"):
        self.scalars, self.sizes, self.prefix = scalars, sizes, prefix
        self._names: dict[Expr, str] = {}

    def take_out(self, expr: Expr) -> Expr:
        """Return the expression with a name in place of each part that does not vary."""
        if isinstance(expr, Call) and not expr.function.startswith("where"):
            if self._is_same(expr):
                return self._named(expr)
            if expr.function == "/" and self._is_same(expr.args[1]):
                return self.take_out(expr.args[0]) * self._named(Call("/", (Const(1), expr.args[1])))
        return rebuild(expr, self.take_out)

    def of(self, statement: Statement) -> Statement:
        """Return a statement with a name in place of each part that does not vary."""
        return replace(statement, body=self.take_out(statement.body))

    def write(self, out: Writer) -> None:
        """Write the lines that compute them."""
        for expr, name in self._names.items():
            out.add(f"{name} = real({self._text(expr)})", expr)

    def _named(self, expr: Expr) -> Ref:
        return Ref(self._names.setdefault(expr, f"{self.prefix}{len(self._names) + 1}"))

    def _is_same(self, expr: Expr) -> bool:
        nodes = list(walk(expr))
        fixed = all(isinstance(node, Const | Size | Call) or self._is_scalar(node) for node in nodes)
        return fixed and any(isinstance(node, Size) or self._is_scalar(node) for node in nodes)

    def _is_scalar(self, node: Expr) -> bool:
        return isinstance(node, Ref) and node.name in self.scalars

    def _text(self, expr: Expr) -> str:
        match expr:
            case Const(value):
                return repr(float(value))
            case Size(index):
                return f"float({self.sizes[index] if is_literal(self.sizes[index]) else index.upper()})"
            case Ref(name):
                return self.scalars[name]
            case Call("+" | "-" | "*" | "/" as sign, (left, right)):
                return f"({self._text(left)} {sign} {self._text(right)})"
            case Call("neg", (arg,)):
                return f"-{self._text(arg)}"
            case Call("**" | "sqrt" | "abs" | "maximum" | "minimum" | "sin" | "cos" as name, args):
                return f"{'power' if name == '**' else name}({', '.join(map(self._text, args))})"
        raise NotCompilableError(f"{expr} is not written for the compiled engine")
