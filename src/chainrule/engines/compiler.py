"""From generated source to machine code, through LLVM.

The source is Python of a narrow kind (so that it can be read, and run as Python): functions of numbers and flat arrays
with annotated parameters, `for` over `range`, `while`, `if`, assignments, arithmetic, and calls of each other and of
the builtins below. Types follow from the first assignment of a name:

    int     64 bits                         float    64 bits
    real    the precision of the network    word     whole numbers as wide as `real`, from `bits`
    Reals, Doubles, Ints                    arrays; ``cut(array, start, (rows, columns))`` is a part of one, in a shape

There is no check of indices. Sums may be reordered and products fused, except in functions marked `@exact`; NaN and
infinity pass through functions and comparisons; one that cancels in a reordered sum may be lost. Functions marked
`@inlined` and `@exact` stand where they are called, those marked `@apart` never.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from llvmlite import ir

from chainrule.engines.builtins import BUILTINS, FAST, TYPES, symbol, table_of
from chainrule.engines.casting import Casting, Value, View
from chainrule.engines.processor import vector_bytes
from chainrule.engines.tabled import TABLE

# What the names of functions begin with in machine code.
# Loops of so many steps become one vector, with lanes left out, where the processor can do that (docs/log.md).
_ONE_VECTOR = range(4, 17)


class _NamedCall(ast.Call):
    func: ast.Name


_OF_LITERALS: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "RShift": operator.rshift,
    "LShift": operator.lshift,
    "BitXor": operator.xor,
    "BitAnd": operator.and_,
}


def to_llvm(source: str, precision: str, entry: str) -> str:
    """Return the LLVM module of a source; `entry` is exported as a function of one block of arguments and a number.

    `precision` is "single" or "double". Raises `SyntaxError` for what the source may not say.
    """
    module = ir.Module("chainrule")
    functions: dict[str, Function] = {}
    trees = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    needed = [entry]
    for name in needed:  # which grows
        called = {node.func.id for node in ast.walk(trees[name]) if _is_name_call(node)}
        needed += [other for other in trees if other in called and other not in needed]
    for name in needed:
        functions[name] = Function(module, trees[name], precision, functions)
    for function in functions.values():
        function.write()
    functions[entry].llvm.linkage = ""  # so that other modules can call it
    _export(module, functions[entry])
    return str(module)


def _is_name_call(node: ast.AST) -> TypeGuard[_NamedCall]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def _export(module: ir.Module, function: Function) -> None:
    """Add `entry(block, thread)`, which takes the arguments out of a block of 8 bytes each; `thread` is the last."""
    word = ir.IntType(64)
    exported = ir.Function(module, ir.FunctionType(ir.VoidType(), [word.as_pointer(), word]), "entry")
    builder = ir.IRBuilder(exported.append_basic_block())
    block, thread = exported.args
    arguments = []
    for number, (_, kind) in enumerate(function.parameters[:-1]):
        value = builder.load(builder.gep(block, [ir.Constant(word, number)]))
        if kind.is_array:
            value = builder.inttoptr(value, kind.llvm)
        elif kind.llvm != word:
            value = builder.bitcast(value, ir.DoubleType())
        arguments.append(value)
    builder.call(function.llvm, [*arguments, thread])
    builder.ret_void()


def _is_one_vector(node: ast.For) -> bool:
    """Whether a loop has a few steps, as a literal, and no loop inside."""
    limits = node.iter.args if isinstance(node.iter, ast.Call) else []
    few = len(limits) == 1 and isinstance(limits[0], ast.Constant) and limits[0].value in _ONE_VECTOR
    return few and not any(isinstance(inside, ast.For | ast.While) for line in node.body for inside in ast.walk(line))


class Function(Casting):
    """One function: its declaration, and the writer of its body."""

    def __init__(self, module: ir.Module, tree: ast.FunctionDef, precision: str, functions: dict[str, Function]):
        self.tree, self.functions = tree, functions
        self.types = TYPES[precision]
        marks = {mark.id for mark in tree.decorator_list if isinstance(mark, ast.Name)}
        self.flags = ("contract",) if "exact" in marks else FAST
        self.parameters = [(arg.arg, self._annotated(arg.annotation)) for arg in tree.args.args]
        result = self._annotated(tree.returns).llvm if tree.returns else ir.VoidType()
        kinds = [kind.llvm for _, kind in self.parameters]
        self.llvm = ir.Function(module, ir.FunctionType(result, kinds), symbol(tree.name))
        self.llvm.linkage = "internal"
        if "inlined" in marks or "exact" in marks:
            self.llvm.attributes.add("alwaysinline")
        if "apart" in marks:
            self.llvm.attributes.add("noinline")
        for argument, (_, kind) in zip(self.llvm.args, self.parameters, strict=True):
            if kind.is_array:
                argument.add_attribute("noalias")
        self.variables: dict[str, Any] = {}
        self.loop_ends: list[Any] = []

    def _annotated(self, node: ast.expr | None) -> Any:
        if not isinstance(node, ast.Name) or node.id not in self.types:
            raise SyntaxError(f"a parameter without a type in {self.tree.name}")
        return self.types[node.id]

    def write(self) -> None:
        """Write the body."""
        self.entry = self.llvm.append_basic_block("entry")
        self.builder = ir.IRBuilder(self.llvm.append_basic_block("body"))
        for argument, (name, kind) in zip(self.llvm.args, self.parameters, strict=True):
            self.assign(name, View(argument, ()) if kind.is_array else argument)
        self._statements(self.tree.body)
        if not self.builder.block.is_terminated:
            self.builder.ret_void()
        ir.IRBuilder(self.entry).branch(self.llvm.blocks[1])

    # Statements

    def _statements(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            method: Callable[[Any], None] = getattr(self, f"_{type(statement).__name__.lower()}", self._unknown)
            method(statement)
            if self.builder.block.is_terminated:
                break

    def _unknown(self, node: ast.AST) -> Any:
        raise SyntaxError(f"generated source says what it may not: {ast.unparse(node)}")

    def _expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.value(node.value)

    def _assign(self, node: ast.Assign) -> None:
        (target,) = node.targets
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            values = [self.value(element) for element in node.value.elts]
            for element, value in zip(target.elts, values, strict=True):
                self._store(element, value)
        else:
            self._store(target, self.value(node.value))

    def _augassign(self, node: ast.AugAssign) -> None:
        load = ast.copy_location(ast.parse(ast.unparse(node.target), mode="eval").body, node)
        self._store(node.target, self._binary(node.op, self.value(load), self.value(node.value)))

    def _store(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.assign(target.id, value)
        elif isinstance(target, ast.Subscript):
            place = self._element(target)
            self.builder.store(self.cast(value, place.type.pointee), place)
        else:
            self._unknown(target)

    def assign(self, name: str, value: Value) -> None:
        """Give a variable a value; the first one decides its type."""
        if isinstance(value, View):
            # Its pointer and its sizes are variables too: a branch may give it others.
            known = self.variables.get(name)
            if not isinstance(known, View) or len(known.shape) != len(value.shape):
                sizes = tuple(self._place(ir.IntType(64), f"{name}_size") for _ in value.shape)
                known = View(self._place(value.pointer.type, name), sizes)
            for part, place in zip((value.pointer, *value.shape), (known.pointer, *known.shape), strict=True):
                self.builder.store(part, place)
            self.variables[name] = known
            return
        if name not in self.variables:
            self.variables[name] = self._place(self.settled(value).type, name)
        place = self.variables[name]
        self.builder.store(self.cast(value, place.type.pointee), place)

    def _place(self, kind: ir.Type, name: str) -> Value:
        with self.builder.goto_block(self.entry):
            return self.builder.alloca(kind, name=name)

    def _for(self, node: ast.For) -> None:
        assert isinstance(node.iter, ast.Call)
        assert isinstance(node.target, ast.Name)
        limits = [self.cast(self.value(arg), ir.IntType(64)) for arg in node.iter.args]
        start, stop = (ir.Constant(ir.IntType(64), 0), limits[0]) if len(limits) == 1 else limits[:2]
        step = limits[2] if len(limits) == 3 else ir.Constant(ir.IntType(64), 1)
        self.assign(node.target.id, start)
        counter = self.variables[node.target.id]
        forward = not (isinstance(step, ir.Constant) and step.constant < 0)
        test, body, end = (self.builder.append_basic_block(name) for name in ("test", "loop", "after"))
        self.builder.branch(test)
        self.builder.position_at_end(test)
        more = self.builder.icmp_signed("<" if forward else ">", self.builder.load(counter), stop)
        self.builder.cbranch(more, body, end)
        self.builder.position_at_end(body)
        self.loop_ends.append(end)
        self._statements(node.body)
        self.loop_ends.pop()
        if not self.builder.block.is_terminated:
            self.builder.store(self.builder.add(self.builder.load(counter), step, flags=("nsw",)), counter)
            again = self.builder.branch(test)
            if vector_bytes() == 64 and _is_one_vector(node):
                again.set_metadata("llvm.loop", self._in_one_vector())
        self.builder.position_at_end(end)

    def _in_one_vector(self) -> Any:
        """Return the mark of a loop that is to become one vector with its unneeded lanes masked, not unrolled."""
        module = self.builder.module
        masked = ["llvm.loop.vectorize.predicate.enable", ir.Constant(ir.IntType(1), 1)]
        wishes = [module.add_metadata(wish) for wish in (["llvm.loop.unroll.disable"], masked)]
        mark = ir.values.MDValue(module, wishes, name=str(len(module.metadata)))
        mark.operands = (mark, *mark.operands)
        return mark

    def _while(self, node: ast.While) -> None:
        test, body, end = (self.builder.append_basic_block(name) for name in ("test", "loop", "after"))
        self.builder.branch(test)
        self.builder.position_at_end(test)
        self.builder.cbranch(self.truth(self.value(node.test)), body, end)
        self.builder.position_at_end(body)
        self.loop_ends.append(end)
        self._statements(node.body)
        self.loop_ends.pop()
        if not self.builder.block.is_terminated:
            self.builder.branch(test)
        self.builder.position_at_end(end)

    def _break(self, node: ast.Break) -> None:
        self.builder.branch(self.loop_ends[-1])

    def _pass(self, node: ast.Pass) -> None:
        pass

    def _if(self, node: ast.If) -> None:
        yes, no, end = (self.builder.append_basic_block(name) for name in ("yes", "no", "end"))
        self.builder.cbranch(self.truth(self.value(node.test)), yes, no)
        for block, statements in ((yes, node.body), (no, node.orelse)):
            self.builder.position_at_end(block)
            self._statements(statements)
            if not self.builder.block.is_terminated:
                self.builder.branch(end)
        self.builder.position_at_end(end)

    def _return(self, node: ast.Return) -> None:
        assert node.value
        self.builder.ret(self.cast(self.value(node.value), self.llvm.function_type.return_type))

    # Expressions

    def value(self, node: ast.expr) -> Value:
        """Return the value of an expression: of LLVM, a `View`, or a number that has no type yet."""
        match node:
            case ast.Constant(value):
                return value
            case ast.Name(id=name):
                return self._variable(name)
            case ast.Subscript():
                return self.builder.load(self._element(node))
            case ast.BinOp(left, op, right):
                return self._binary(op, self.value(left), self.value(right))
            case ast.UnaryOp(ast.USub(), operand):
                return self._negative(self.value(operand))
            case ast.UnaryOp(ast.Not(), operand):
                return self.builder.not_(self.truth(self.value(operand)))
            case ast.Compare(left, [op], [right]):
                return self._compare(op, self.value(left), self.value(right))
            case ast.BoolOp(op, values):
                return self._both_or_either(op, values)
            case ast.Call(ast.Name(id=name), args):
                return self._call(name, args)
        return self._unknown(node)

    def _variable(self, name: str) -> Value:
        if name == "infinity":
            return ir.Constant(self.types["real"].llvm, float("inf"))
        if name == TABLE:
            return View(table_of(self), ())
        if name not in self.variables:
            raise SyntaxError(f"{name} has no value yet in {self.tree.name}")
        found = self.variables[name]
        if isinstance(found, View):
            return View(self.builder.load(found.pointer), tuple(map(self.builder.load, found.shape)))
        return self.builder.load(found)

    def _element(self, node: ast.Subscript) -> Value:
        array = self.value(node.value)
        places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        values = [self.cast(self.value(place), ir.IntType(64)) for place in places]
        offset = values[0]
        for size, place in zip(array.shape[1:], values[1:], strict=True):
            row = self.builder.mul(offset, size, flags=("nsw",))
            offset = self.builder.add(row, place, flags=("nsw",))
        return self.builder.gep(array.pointer, [offset], inbounds=True)

    def _binary(self, op: ast.operator, left: Value, right: Value) -> Value:
        name = type(op).__name__
        if isinstance(left, int | float) and isinstance(right, int | float):
            return _OF_LITERALS[name](left, right)
        left, right = self.alike(left, right)
        if isinstance(left.type, ir.IntType):
            whole = {"Add": "add", "Sub": "sub", "Mult": "mul", "FloorDiv": "sdiv", "Mod": "srem"}
            bitwise = {"BitXor": "xor", "BitAnd": "and_", "RShift": "ashr", "LShift": "shl"}
            return getattr(self.builder, {**whole, **bitwise}[name])(left, right)
        floating = {"Add": "fadd", "Sub": "fsub", "Mult": "fmul", "Div": "fdiv"}
        return getattr(self.builder, floating[name])(left, right, flags=self.flags)

    def _negative(self, operand: Value) -> Value:
        if isinstance(operand, int | float):
            return -operand
        if isinstance(operand.type, ir.IntType):
            return self.builder.neg(operand)
        return self.builder.fneg(operand)

    def _compare(self, op: ast.cmpop, left: Value, right: Value) -> Value:
        signs = {"Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=", "Eq": "==", "NotEq": "!="}
        left, right = self.alike(left, right)
        sign = signs[type(op).__name__]
        if isinstance(left.type, ir.IntType):
            return self.builder.icmp_signed(sign, left, right)
        ordered = self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered
        return ordered(sign, left, right)

    def _both_or_either(self, op: ast.boolop, values: Sequence[ast.expr]) -> Value:
        combine = self.builder.and_ if isinstance(op, ast.And) else self.builder.or_
        result = self.truth(self.value(values[0]))
        for value in values[1:]:
            result = combine(result, self.truth(self.value(value)))
        return result

    def _call(self, name: str, args: Sequence[ast.expr]) -> Value:
        if name == "cut":
            array, start = self.value(args[0]), self.cast(self.value(args[1]), ir.IntType(64))
            assert isinstance(args[2], ast.Tuple)
            shape = [self.cast(self.value(size), ir.IntType(64)) for size in args[2].elts]
            return View(self.builder.gep(array.pointer, [start], inbounds=True), tuple(shape))
        values = [self.value(arg) for arg in args]
        if name in BUILTINS:
            return BUILTINS[name](self, *values)
        if name not in self.functions:
            raise SyntaxError(f"{name} is neither a builtin nor a function of this source")
        callee = self.functions[name]
        given = [
            value.pointer if isinstance(value, View) else self.cast(value, kind.llvm)
            for value, (_, kind) in zip(values, callee.parameters, strict=True)
        ]
        return self.builder.call(callee.llvm, given)
