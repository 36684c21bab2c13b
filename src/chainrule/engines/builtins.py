"""What generated source may call without defining it, each as LLVM instructions; types and views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from chainrule.engines.casting import View
from chainrule.engines.tabled import TABLE
from chainrule.engines.tiles import tile, turn_square

if TYPE_CHECKING:
    from chainrule.engines.compiler import Function

FAST = ("contract", "reassoc", "nsz", "arcp")
_WORD = ir.IntType(64)


@dataclass(frozen=True)
class Kind:
    """A type of the source: as LLVM has it, and whether it is an array."""

    llvm: ir.Type
    is_array: bool = False


def _types(real: ir.Type) -> dict[str, Kind]:
    double = ir.DoubleType()
    numbers = {"int": _WORD, "float": double, "real": real}
    arrays = {"Reals": real, "Doubles": double, "Ints": _WORD}
    return {
        **{name: Kind(kind) for name, kind in numbers.items()},
        **{name: Kind(kind.as_pointer(), is_array=True) for name, kind in arrays.items()},
    }


TYPES = {"single": _types(ir.FloatType()), "double": _types(ir.DoubleType())}


def _real(f: Function, x: Any) -> Any:
    return f.cast(x, f.types["real"].llvm)


def _float(f: Function, x: Any) -> Any:
    return f.cast(x, ir.DoubleType())


def _int(f: Function, x: Any) -> Any:
    return f.cast(x, _WORD)


def _choose(f: Function, test: Any, first: Any, second: Any) -> Any:
    """Both values are computed and one is taken, without a branch."""
    first, second = f.alike(first, second)
    return f.builder.select(f.truth(test), first, second)


def _min(f: Function, x: Any, u: Any) -> Any:
    x, u = f.alike(x, u)
    return f.builder.select(f.builder.icmp_signed("<", x, u), x, u)


def _max(f: Function, x: Any, u: Any) -> Any:
    x, u = f.alike(x, u)
    return f.builder.select(f.builder.icmp_signed(">", x, u), x, u)


def _zero(x: Any) -> Any:
    return ir.Constant(x.type, 0.0)


def _relu(f: Function, x: Any) -> Any:
    return f.builder.select(f.builder.fcmp_ordered("<=", x, _zero(x)), _zero(x), x)


def _sign(f: Function, x: Any) -> Any:
    one = ir.Constant(x.type, 1.0)
    below = f.builder.select(f.builder.fcmp_ordered("<", x, _zero(x)), ir.Constant(x.type, -1.0), x)
    return f.builder.select(f.builder.fcmp_ordered(">", x, _zero(x)), one, below)


def _larger(f: Function, x: Any, u: Any) -> Any:
    """The larger of a value and what was largest so far; NaN if either is."""
    x, u = f.alike(x, u)
    declared = f.builder.module.declare_intrinsic("llvm.maximum", [x.type], ir.FunctionType(x.type, [x.type, x.type]))
    return f.builder.call(declared, [x, u])


def _extreme(sign: str) -> Callable[..., Any]:
    """The first of two equal values; NaN if one of them is."""

    def build(f: Function, x: Any, u: Any) -> Any:
        x, u = f.alike(x, u)
        first = f.builder.or_(f.builder.fcmp_ordered(sign, x, u), f.builder.fcmp_unordered("!=", x, x))
        return f.builder.select(first, x, u)

    return build


def _square(f: Function, x: Any) -> Any:
    return f.builder.fmul(x, x, flags=f.flags)


def _cube(f: Function, x: Any) -> Any:
    return f.builder.fmul(_square(f, x), x, flags=f.flags)


def _inverse(f: Function, x: Any) -> Any:
    return f.builder.fdiv(ir.Constant(x.type, 1.0), x, flags=f.flags)


def _intrinsic(name: str) -> Callable[..., Any]:
    """A function that LLVM knows, as an instruction or as a call of the C library."""

    def build(f: Function, *args: Any) -> Any:
        args = tuple(f.settled(arg) for arg in args)
        declared = f.builder.module.declare_intrinsic(f"llvm.{name}", [args[0].type])
        return f.builder.call(declared, args)

    return build


def _within(f: Function, x: Any, size: Any) -> Any:
    """Round towards 0, and hold within 0 and the last place of a size; NaN becomes 0."""
    x, last = f.cast(x, f.types["real"].llvm), f.cast(f.builder.sub(f.cast(size, _WORD), ir.Constant(_WORD, 1)), x.type)
    x = f.builder.select(f.builder.fcmp_ordered(">", x, _zero(x)), x, _zero(x))
    x = f.builder.select(f.builder.fcmp_ordered("<", x, last), x, last)
    return f.builder.fptosi(x, _WORD)


def _library(name: str) -> Callable[..., Any]:
    """A function of the C library, one value at a time."""

    def build(f: Function, x: Any) -> Any:
        called = name + ("f" if isinstance(x.type, ir.FloatType) else "")
        module = f.builder.module
        known = module.globals.get(called)
        return f.builder.call(known or ir.Function(module, ir.FunctionType(x.type, [x.type]), called), [x])

    return build


def _bits(f: Function, x: Any) -> Any:
    return f.builder.bitcast(x, ir.IntType(32 if isinstance(x.type, ir.FloatType) else 64))


def _from_bits(f: Function, word: Any) -> Any:
    return f.builder.bitcast(word, ir.FloatType() if word.type.width == 32 else ir.DoubleType())


def _arrive(f: Function, meeting: View) -> Any:
    """Count one more thread that has come; all threads see it at once."""
    return f.builder.atomic_rmw("add", meeting.pointer, ir.Constant(_WORD, 1), "seq_cst")


def _arrived(f: Function, meeting: View) -> Any:
    return f.builder.load_atomic(meeting.pointer, "seq_cst", 8)


def _give_way(f: Function, address: Any) -> Any:
    """Let another thread have the core; `address` is that of the operating system's function."""
    kind = ir.FunctionType(ir.IntType(32), [])
    return f.builder.call(f.builder.inttoptr(address, kind.as_pointer()), [])


def symbol(name: str) -> str:
    """Return the name of a function or a table of ours among those of the whole process."""
    return f"chainrule_{name}"


def _precision(real: ir.Type) -> str:
    return "single" if isinstance(real, ir.FloatType) else "double"


def table_of(f: Function) -> Any:
    """Return where the table of `chainrule.engines.tabled` begins."""
    real, module = f.types["real"].llvm, f.builder.module
    name = symbol(f"{TABLE}_{_precision(real)}")
    return module.globals.get(name) or ir.GlobalVariable(module, real, name)


def _multiply(
    f: Function, left: View, steps: tuple[Any, Any], right: View, out: View, sizes: tuple[Any, ...], added: Any = 0
) -> Any:
    """Call the product of matrices; `sizes` are the result's rows and columns, and the size that is summed over.

    The left matrix has its element (m, k) at m * steps[0] + k * steps[1]; how far rows of the others lie apart, the
    views say.
    """
    real = out.pointer.type.pointee
    kinds = [real.as_pointer(), _WORD, _WORD, real.as_pointer(), _WORD, real.as_pointer(), *[_WORD] * 5]
    name = symbol(f"multiply_{_precision(real)}")
    module = f.builder.module
    known = module.globals.get(name) or ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), name)
    places = [left.pointer, *steps, right.pointer, right.shape[1], out.pointer, out.shape[1]]
    given = [*places, *sizes, added]
    return f.builder.call(known, [f.cast(value, kind) for value, kind in zip(given, kinds, strict=True)])


def _moved(f: Function, view: View, elements: Any) -> View:
    return View(f.builder.gep(view.pointer, [f.cast(elements, _WORD)], inbounds=True), view.shape)


def _rows(f: Function, array: View, first: Any, last: Any) -> View:
    """Some rows of a matrix."""
    first, last = f.cast(first, _WORD), f.cast(last, _WORD)
    start = f.builder.mul(first, array.shape[1], flags=("nsw",))
    return View(_moved(f, array, start).pointer, (f.builder.sub(last, first), array.shape[1]))


def _product(f: Function, left: View, right: View, out: View) -> Any:
    """Write ``left @ right`` into `out`."""
    return _multiply(f, left, (left.shape[1], 1), right, out, (*out.shape, left.shape[1]))


def _product_columns(f: Function, left: View, right: View, out: View, first: Any, last: Any) -> Any:
    """Write the columns from `first` to before `last` of ``left @ right`` into `out`."""
    sizes = (out.shape[0], f.builder.sub(last, first), left.shape[1])
    return _multiply(f, left, (left.shape[1], 1), _moved(f, right, first), _moved(f, out, first), sizes)


def _product_over_rows(f: Function, left: View, right: View, out: View, first: Any, last: Any) -> Any:
    """Write the rows from `first` to before `last` of ``left.T @ right`` into `out`."""
    sizes = (f.builder.sub(last, first), out.shape[1], left.shape[0])
    return _multiply(f, _moved(f, left, first), (1, left.shape[1]), right, _rows(f, out, first, last), sizes)


def _add_product_over_rows(f: Function, left: View, right: View, out: View, added: Any) -> Any:
    """Write ``left.T @ right`` into `out`, or add it to what is there if `added`."""
    return _multiply(f, left, (1, left.shape[1]), right, out, (*out.shape, left.shape[0]), added)


BUILTINS: dict[str, Callable[..., Any]] = {
    "real": _real,
    "float": _float,
    "int": _int,
    "min": _min,
    "max": _max,
    "choose": _choose,
    "relu": _relu,
    "within": _within,
    "sign": _sign,
    "larger": _larger,
    "maximum": _extreme(">="),
    "minimum": _extreme("<="),
    "square": _square,
    "cube": _cube,
    "inverse": _inverse,
    "sqrt": _intrinsic("sqrt"),
    "abs": _intrinsic("fabs"),
    "ceil": _intrinsic("ceil"),
    "power": _intrinsic("pow"),
    "erf": _library("erf"),
    "arctan": _library("atan"),
    "bits": _bits,
    "from_bits": _from_bits,
    "arrive": _arrive,
    "arrived": _arrived,
    "give_way": _give_way,
    "rows_of": _rows,
    "product": _product,
    "product_columns": _product_columns,
    "product_over_rows": _product_over_rows,
    "add_product_over_rows": _add_product_over_rows,
    "tile": tile,
    "turn_square": turn_square,
}
