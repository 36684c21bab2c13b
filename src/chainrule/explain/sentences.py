"""What is said about a step: its title, why it is taken, and what is to be learnt from it."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from chainrule.architecture import COST
from chainrule.builder import BATCH, OUTPUT
from chainrule.equations import COMPARISONS, Call, Equation, Expr, Reduce, Ref, refs, walk
from chainrule.explain.derivation import Item
from chainrule.explain.terms import place_of, terms_of
from chainrule.split import is_split_off

if TYPE_CHECKING:
    from chainrule.architecture import Architecture
    from chainrule.explain.naming import Naming
    from chainrule.explain.numbers import Digits
    from chainrule.language import Catalogue


@dataclass(frozen=True)
class Said:
    """A title, a reason, a remark (or none), and where in the network the step is."""

    title: str
    why: str
    remark: str
    place: str


class Sentences:
    """Says in a language what steps do."""

    def __init__(self, architecture: Architecture, naming: Naming, digits: Digits, text: Catalogue):
        self.architecture, self.naming, self.digits, self.text = architecture, naming, digits, text
        self.parameters = {parameter.ref.name: parameter for parameter in architecture.parameters}
        self._sizes = architecture.program(training=True).sizes
        self.last = max((parameter.layer for parameter in architecture.parameters), default=0)

    def say(self, equation: Equation, target: Ref, value: float) -> Said:
        """Return what is said of calculating one element."""
        if equation.update:
            return self._update(equation, target)
        if equation.part == "backward":
            return self._backward(equation, target, value)
        return self._forward(equation, target)

    # Forward

    def _forward(self, equation: Equation, target: Ref) -> Said:
        text, sign, where = self.text, self.naming.plain(target), self._layer(target.name)
        role = self.naming.roles.get(target.name)
        if target.name == COST:
            return self._cost(equation)
        if target.name == "c":
            title = self._whose_cost(target)
            why = text(
                "The loss {name} says how far the outputs are from their targets.", name=self.architecture.loss.name
            )
            return Said(title, why, "", where)
        if role == "input" and self._weighs(equation):
            return Said(text("the weighted input {sign}", sign=sign), self._why_weighted(equation), "", where)
        if role == "output" and self._is_activation(equation):
            why = text("The activation makes the unit's output of its weighted input.")
            return Said(text("the output {sign}", sign=sign), why, "", where)
        remark = ""
        if isinstance(equation.value, Reduce) and equation.value.kind == "max":
            remark = text("The largest is taken from each before the exponential, so that none overflows; "
                          "their shares stay the same.")  # fmt: skip
        return Said(sign, text("A part of {what}.", what=_in_one_line(equation.origin)), remark, where)

    def _weighs(self, equation: Equation) -> bool:
        """Tell whether an equation adds up products with weights, and nothing else but a bias."""
        summed = [node for node in walk(equation.value) if isinstance(node, Reduce)]
        factors = [one for node in summed for one in refs(node.body)]
        rest = [term for term in terms_of(equation.value) if not isinstance(term, Reduce)]
        return len(summed) == 1 and any(self._is_weight(one) for one in factors) and all(map(self._is_bias, rest))

    def _is_weight(self, expr: Expr) -> bool:
        return isinstance(expr, Ref) and expr.name in self.parameters and self.parameters[expr.name].is_weight

    def _is_bias(self, expr: Expr) -> bool:
        return isinstance(expr, Ref) and expr.name in self.parameters and not self.parameters[expr.name].is_weight

    def _why_weighted(self, equation: Equation) -> str:
        if any(map(self._is_bias, terms_of(equation.value))):
            return self.text("The unit adds up what arrives, each value times its weight, and its bias.")
        return self.text("The unit adds up what arrives, each value times its weight.")

    def _is_activation(self, equation: Equation) -> bool:
        """Tell whether an equation reads the weighted input of its layer, or what was split off on the way."""
        return all(self.naming.roles.get(one.name) == "input" or is_split_off(one.name) for one in refs(equation.value))

    def _whose_cost(self, target: Ref) -> str:
        if self.naming.samples == 1:
            return self.text("the cost of the sample")
        if not target.indices:
            return self.text("the costs of the samples")
        return self.text("the cost of sample {number}", number=self.naming.sample(place_of(target)[0]))

    def _cost(self, equation: Equation) -> Said:
        text = self.text
        why = text("The cost of the batch is the sum over its samples.")
        if any(isinstance(node, Reduce) and node.kind == "mean" for node in walk(equation.value)):
            why = text("The cost of the batch is the mean over its samples.")
        if self.naming.samples == 1:
            why = text("With one sample the cost of the batch is that of the sample.")
        if self.architecture.penalties:
            why += " " + text("The penalties on the weights come on top.")
        return Said(text("the cost E"), why, "", text("cost"))

    # Backward

    def _backward(self, equation: Equation, target: Ref, value: float) -> Said:
        text, of = self.text, Ref(target.name.removeprefix("d_"), target.indices)
        sign, where = self.naming.plain(of), self._layer(target.name)
        title = text("how E changes with {sign}", sign=sign)
        if not target.name.startswith("d_"):
            return Said(self.naming.plain(target), text("A part of the backward pass."), "", where)
        role = self.naming.roles.get(target.name, "")
        if of.name in self.parameters:
            return self._parameter(equation, of, title, where)
        reads = [one for one in refs(equation.value) if one.name.startswith("d_")]
        if role == "d_output" and not reads:
            why = text("The backward pass begins at the cost: how much does it change when {sign} does?", sign=sign)
            remark = text("The factor 1/2 and the exponent 2 cancel; what is left is output minus target.")
            return Said(title, why, remark if _is_output_less_target(equation.value) else "", where)
        if role == "d_output":
            return Said(title, self._why_paths(equation, sign), "", where)
        if role == "d_input" and not reads:
            why = text("Loss and last activation together: carried out, their two derivatives become this.")
            remark = text("What the activation's slope would make small is cancelled by the loss: no slow start.")
            return Said(title, why, remark if _is_output_less_target(equation.value) else "", where)
        if role == "d_input" and len(reads) == 1 and not _has_sum(equation.value):
            why = text("{sign} reaches E only through the unit's own output: two factors in a row.", sign=sign)
            return Said(title, why, self._delta_remark(equation, of, value), where)
        return Said(title, text("{sign} reaches E along every place where it is used.", sign=sign), "", where)

    def _why_paths(self, equation: Equation, sign: str) -> str:
        sums = [node for node in walk(equation.value) if isinstance(node, Reduce)]
        if len(sums) == 1 and all(self._sizes[index] == 1 for index in sums[0].indices):
            return self.text("{sign} reaches E only through the one unit that it feeds.", sign=sign)
        return self.text("{sign} reaches E along every unit that it feeds. Each path has its part; the parts add up.",
                         sign=sign)  # fmt: skip

    def _delta_remark(self, equation: Equation, of: Ref, value: float) -> str:
        text = self.text
        if any(isinstance(node, Call) and node.function in COMPARISONS for node in walk(equation.value)):
            if value == 0:
                return text("The slope is 0 here: nothing passes to what comes before.")
            return text("A condition in brackets counts 1 if it holds, and 0 if it does not.")
        return text(
            "This number, the delta of the unit, comes back in the derivative of each of its weights, of its bias, "
            "and in everything before it: that is why the backward pass keeps it."
        )

    def _parameter(self, equation: Equation, of: Ref, title: str, where: str) -> Said:
        text, sign = self.text, self.naming.plain(of)
        remark = ""
        if any(one.name == of.name for one in refs(equation.value)):
            remark = text("The penalty adds its own derivative.")
        if self.naming.samples > 1:
            parts = text(
                "Each sample has its part. The parts carry the batch's factor already, so that they are added, "
                "not averaged again."
            )
            remark = f"{parts} {remark}".strip()
        return Said(title, self._why_derivative(equation, sign), remark, where)

    def _why_derivative(self, equation: Equation, sign: str) -> str:
        """Say why a parameter's derivative is what it is, by the form of its equation."""
        text = self.text
        summed: list[str] = []
        body = equation.value
        while isinstance(body, Reduce) and body.kind == "sum":
            summed += body.indices
            body = body.body
        if isinstance(body, Ref) and body.name.startswith("d_"):
            if set(summed) <= {BATCH}:
                return text("A bias is added as it is, with the factor 1: its derivative is the delta of its unit.")
            return text("A bias that all units share is added to each of them: its derivative adds up their deltas.")
        if set(summed) <= {BATCH} and not _has_sum(body):
            return text("{sign} reaches E only through its own unit, so that the factors stand in a row.", sign=sign)
        return text("{sign} reaches E along every place where it is used.", sign=sign)

    # Update

    def _update(self, equation: Equation, target: Ref) -> Said:
        text, sign, name = self.text, self.naming.plain(target), target.name
        if equation.part != "learning":
            why = text("A running value of the layer, which moves a little towards that of the batch.")
            return Said(text("the new {sign}", sign=sign), why, "", self._layer(name))
        if name in self.parameters:
            why = text("Against the derivative, so that the cost falls: the optimiser's rule.")
            return Said(text("the new {sign}", sign=sign), why, "", self._layer(name))
        kind, _, parameter = name.partition("_")
        of = self.naming.plain(Ref(parameter, target.indices))
        why = text("What the optimiser keeps of {sign} from step to step; at the start it is 0.", sign=of)
        return Said(text("{kind}, kept for {sign}", kind=kind, sign=of), why, "", self._layer(parameter))

    # Parts

    def label(self, equation: Equation, item: Item) -> str:
        """Return what one of many terms is called: its sample, the unit that a path leads through, an output."""
        text = self.text
        if set(item.place) == {BATCH}:
            return text("sample {number}", number=self.naming.sample(item.place[BATCH]))
        arrived = next((one for one in refs(item.expr) if one.name.startswith("d_")), None)
        if arrived is not None and item.place:
            return text("through {sign}", sign=self.naming.plain(Ref(arrived.name[2:], arrived.indices)))
        first = next((one for one in refs(item.expr) if one.indices), None)
        if not item.place and first is not None and first.name in self.parameters:
            return text("the penalty")
        return self.naming.plain(first) if first is not None and item.place else text("another term")

    def rest(self, count: int, share: float) -> str:
        """Return what the terms are called that are not shown, and their share of the sum where it says something."""
        if 0 <= share <= 1:
            return self.text("{count} smaller ones, {share} of the sum", count=count, share=f"{share:.1%}")
        return self.text("{count} smaller ones", count=count)

    def _layer(self, name: str) -> str:
        text, name = self.text, name.removeprefix("d_")
        digits = "".join(sign for sign in name.partition("_")[0] if sign.isdigit())
        if name in ("c", COST):
            return text("cost")
        if name == "x":
            return text("input")
        if name == OUTPUT or (digits and int(digits) == self.last) or (not digits and name not in self.parameters):
            return text("output layer")
        return text("layer {number}", number=int(digits or 0)) if digits else ""


def _has_sum(expr: Expr) -> bool:
    return any(isinstance(node, Reduce) for node in walk(expr))


def _is_output_less_target(expr: Expr) -> bool:
    """Tell whether a derivative is output minus target, but for the factor of the batch."""
    while isinstance(expr, Call) and expr.function == "/" and not list(refs(expr.args[1])):
        expr = expr.args[0]
    match expr:
        case Call("-", (Ref(one), Ref(other))):
            return (one, other) == (OUTPUT, "t")
    return False


def _in_one_line(origin: str) -> str:
    """Return what the user wrote, shortened to a line."""
    return shorten(" ".join(origin.split()), 60, placeholder="…")
