"""The worked example array by array, as matrices; the bias apart, or as the weight of a constant input 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.equations import Call, Equation, Expr, Reduce, Ref, children, rebuild
from chainrule.explain.algebra import ONES, Elementwise, Grid, Product, Transposed, Whole, as_algebra
from chainrule.explain.calculation import Calculation
from chainrule.explain.document import Line, Step
from chainrule.explain.sentences import Sentences
from chainrule.explain.worked import UPDATED, Wanted

if TYPE_CHECKING:
    from chainrule.explain.naming import Naming
    from chainrule.explain.numbers import Digits
    from chainrule.language import Catalogue
    from chainrule.network import Network


class MatrixSteps:
    """Makes the steps of one calculation, one for each array."""

    def __init__(
        self,
        net: Network,
        calculation: Calculation,
        naming: Naming,
        digits: Digits,
        text: Catalogue,
        bias: str,
        suffix: str = "",
    ):
        self.net, self.calculation, self.naming, self.text, self.suffix = net, calculation, naming, text, suffix
        self.sentences = Sentences(net.architecture, naming, digits, text)
        self.below = biases_below(net, calculation) if bias == "ones" else {}
        biases = [parameter.ref.name for parameter in net.architecture.parameters if not parameter.is_weight]
        self.apart = [name for name in biases if name not in self.below.values()] if bias == "ones" else []

    def forward_and_backward(self, wanted: Wanted | None = None) -> Iterator[tuple[Equation, Step]]:
        """Yield the steps of the forward and the backward pass, with the equations that they are of."""
        for equation in self.calculation.steps:
            if equation.target.name.removeprefix("d_") not in self.below.values():
                yield equation, self._step(equation, self.calculation.arrays, self.calculation.arrays)

    def updates(self, wanted: Wanted | None = None) -> Iterator[Step]:
        """Yield the steps of the optimiser."""
        for equation, before in self.calculation.updates:
            name = equation.target.name
            if _parameter_of(name) not in self.below.values():
                # What stands below an array is updated later than it: its own old value, and the others' new ones.
                below = self._below(name)
                own = {below: self.calculation.arrays[below]} if below else {}
                yield self._step(equation, {**before, **self._new(), **own}, self.calculation.after)

    def _new(self) -> dict[str, Any]:
        """Return what stands below the optimiser's arrays, after the updates."""
        updated = [equation.target.name for equation, _ in self.calculation.updates]
        others = [
            one for one in updated if _parameter_of(one) in self.below.values() and one not in self.net.parameters
        ]
        return {one: self.calculation.after[one] for one in others}

    def chains(self, roots: Iterable[Ref]) -> Iterator[Step]:
        """Yield nothing: a chain is one of single numbers."""
        return iter(())

    def _step(self, equation: Equation, arrays: Any, results: Any) -> Step:
        target = equation.target
        name = target.name
        formula = self._with_ones(as_algebra(equation, self.calculation.elements.sizes), equation)
        numbers = self._numbers(formula, arrays)
        more = self._below(name)
        result = self._values(Whole(name, more), results)
        lines = [Line("formula", formula)]
        if numbers != formula:
            lines.append(Line("numbers", numbers))
        lines.append(Line("result", Grid(result)))
        said = self.sentences.say(equation, Ref(name), float(np.sum(result)))
        updated = {eq.target.name for eq, _ in self.calculation.updates} - {name, *self.net.parameters}
        new = UPDATED if equation.update else ""
        uses = [(new if one in updated else "") + self.key(one) for one in _names(formula)]
        return Step(
            number=0,  # steps are numbered when all are there
            key=(UPDATED if equation.update else "") + self.key(name),
            target=Whole(name, more) if more else Ref(name),
            place=said.place,
            title=said.title,
            why=self._why(equation, said.why),
            lines=tuple(lines),
            value=float(result) if result.ndim == 0 else float("nan"),
            uses=tuple(uses),
            sign="←" if equation.update else "=",
            arrays=result,
        )

    def key(self, name: str) -> str:
        """Return the key of the step that computes an array."""
        return f"{name}{self.suffix}"

    def _why(self, equation: Equation, why: str) -> str:
        if equation.part == "backward" and equation.target.name.startswith("d_"):
            return self.text("The chain rule, for all elements of the array at once.")
        return why

    def _below(self, name: str) -> str:
        """Return the name of what stands below an array of weights, of their derivatives or of their optimiser."""
        parameter = _parameter_of(name)
        return name.replace(parameter, self.below[parameter]) if parameter in self.below else ""

    def _with_ones(self, expr: Expr, equation: Equation) -> Expr:
        """Write a bias as the weight of a constant input 1."""
        match expr:
            case Call("+", (Product(Whole(left), Whole(weights)), Whole(bias))) if self.below.get(weights) == bias:
                return Product(Whole(left, ONES), Whole(weights, bias))
            case Product(Transposed(Whole(before)), after) if self._below(equation.target.name):
                return Product(Transposed(Whole(before, ONES)), after)
            case Whole(name) if equation.update:
                return Whole(name, self._below(name))
            case Whole() | Transposed() | Product():
                return expr
            case Elementwise(left, right):
                return Elementwise(self._with_ones(left, equation), self._with_ones(right, equation))
        return rebuild(expr, lambda child: self._with_ones(child, equation))

    def _numbers(self, expr: Expr, arrays: Any) -> Expr:
        match expr:
            case Whole():
                return Grid(self._values(expr, arrays))
            case Product(left, right):
                return Product(self._numbers(left, arrays), self._numbers(right, arrays))
            case Elementwise(left, right):
                return Elementwise(self._numbers(left, arrays), self._numbers(right, arrays))
            case Transposed(Whole() as inside):
                return Grid(self._values(inside, arrays).T)
            case Call():
                return rebuild(expr, lambda child: self._numbers(child, arrays))
        return expr

    def _values(self, whole: Whole, arrays: Any) -> Any:
        values = np.asarray(arrays[whole.name], np.float64)
        if not whole.more:
            return values
        if whole.more == ONES:
            return np.hstack([values, np.ones((len(values), 1))])
        return np.vstack([values, np.asarray(arrays[whole.more], np.float64)])


def _parameter_of(name: str) -> str:
    """Return the parameter that a derivative or an optimiser's array belongs to, or the name itself."""
    return name.partition("_")[2] or name


def _names(expr: Expr) -> Iterator[str]:
    match expr:
        case Whole(name, more):
            yield from (name for name in (name, more) if name and name != ONES)
        case Product(left, right) | Elementwise(left, right):
            yield from _names(left)
            yield from _names(right)
        case Transposed(inside):
            yield from _names(inside)
        case Call() | Reduce():
            for child in children(expr):
                yield from _names(child)
        case Ref(name):
            yield name


def biases_below(net: Network, calculation: Calculation) -> dict[str, str]:
    """Return for each matrix of weights the bias that can stand below it as one more row.

    It can if it is added to a product with the weights, and if in the backward pass and in the update the same is done
    with both: then the rows of both are rows of one matrix.
    """
    sizes = calculation.elements.sizes
    algebra = {equation: as_algebra(equation, sizes) for equation in calculation.program.equations}
    found: dict[str, str] = {}
    for expr in algebra.values():
        match expr:
            case Call("+", (Product(Whole(left), Whole(weights)), Whole(bias))) if left not in net.parameters:
                names = {weights: bias}
                if {weights, bias} <= set(net.parameters) and _is_treated_alike(algebra, names, net):
                    found.update(names)
    return found


def _is_treated_alike(algebra: Mapping[Equation, Expr], names: dict[str, str], net: Network) -> bool:
    ((weights, bias),) = names.items()
    of_weights = [equation for equation in algebra if equation.target.name == f"d_{weights}"]
    of_bias = [equation for equation in algebra if equation.target.name == f"d_{bias}"]
    if len(net.architecture.shape_of(_ref(net, bias))) != 1 or len(of_weights) != len(of_bias):
        return False
    for one, other in zip(of_weights, of_bias, strict=True):
        match algebra[one], other.value:
            case Product(Transposed(Whole()), Whole(delta)), Reduce("sum", (_,), Ref(summed)) if delta == summed:
                continue
        return False
    of_both = [_updates_of(name, algebra) for name in (weights, bias)]
    return {
        name.replace(weights, bias): _exchanged(expr, weights, bias) for name, expr in of_both[0].items()
    } == of_both[1]


def _updates_of(parameter: str, algebra: Mapping[Equation, Expr]) -> dict[str, Expr]:
    updates = {equation.target.name: expr for equation, expr in algebra.items() if equation.update}
    return {name: expr for name, expr in updates.items() if _parameter_of(name) == parameter}


def _exchanged(expr: Expr, one: str, other: str) -> Expr:
    """Return an update of weights as that of a bias, if it is the same rule."""
    match expr:
        case Whole(name):
            return Whole(name.replace(one, other) if _parameter_of(name) == one else name)
        case Elementwise(left, right):
            return Elementwise(_exchanged(left, one, other), _exchanged(right, one, other))
    return rebuild(expr, lambda child: _exchanged(child, one, other))


def _ref(net: Network, name: str) -> Ref:
    return next(parameter.ref for parameter in net.architecture.parameters if parameter.ref.name == name)
