"""The worked example of a network: every step of training it, in the order of calculation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from chainrule.builder import BATCH, OUTPUT
from chainrule.equations import Const, Equation, Ref
from chainrule.explain.calculation import Calculation
from chainrule.explain.derivation import Derivation, Deriver
from chainrule.explain.document import Step
from chainrule.explain.paths import Paths
from chainrule.explain.sentences import Sentences
from chainrule.explain.terms import Arrays, element, place_of

if TYPE_CHECKING:
    from chainrule.explain.naming import Naming
    from chainrule.explain.numbers import Digits
    from chainrule.language import Catalogue
    from chainrule.network import Network

# A document of more steps than this shows what one weight needs, unless a focus is asked for.
MOST_STEPS = 400
# Nobody reads more updates than this.
MOST_UPDATES = 100
UPDATED = "new "
# In larger networks finite differences confirm the derivatives of parameters alone: they run the network 28 times each.
_CHECK_ALL = 1_000_000
# The places of elements, by the names of their arrays.
Wanted = dict[str, set[tuple[int, ...]]]


class Steps:
    """Makes the steps of one calculation; `wanted` limits them to some elements, given by their keys."""

    def __init__(
        self, net: Network, calculation: Calculation, naming: Naming, digits: Digits, text: Catalogue, suffix: str = ""
    ):
        self.net, self.calculation, self.naming, self.suffix = net, calculation, naming, suffix
        self.sentences = Sentences(net.architecture, naming, digits, text)
        self.said: set[str] = set()
        self.declared = calculation.program.declarations()

    # Which

    def elements(self, target: Ref, wanted: Wanted | None = None) -> Iterator[Ref]:
        """Yield the elements of an array, or those that are wanted; of parameters unit by unit, as books count."""
        names = target.index_names
        by_unit = BATCH not in names
        if wanted is None:
            for place in self.calculation.elements.places(names[::-1] if by_unit else names):
                yield element(target, place)
            return
        found = wanted.get(target.name, set())
        for numbers in sorted(found, key=lambda numbers: numbers[::-1] if by_unit else numbers):
            yield Ref(target.name, tuple(map(Const, numbers)))

    def number_of_steps(self) -> int:
        """Return how many steps there are in all."""
        equations = self.calculation.program.equations
        return sum(self.calculation.elements.count(equation.target.index_names) for equation in equations)

    def key(self, one: Ref) -> str:
        """Return the key of the step that computes an element."""
        return f"{one}{self.suffix}"

    def closure(self, roots: Iterable[Ref]) -> Wanted:
        """Return the elements that roots need, themselves among them; of a long sum those of its largest term."""
        found: Wanted = {}
        waiting = list(roots)
        while waiting:
            one = waiting.pop()
            equation = self.calculation.equation_of.get(one.name)
            if equation is None or place_of(one) in found.get(one.name, ()):
                continue
            found.setdefault(one.name, set()).add(place_of(one))
            waiting += self._needed(equation, one)
        return found

    def _needed(self, equation: Equation, one: Ref) -> tuple[Ref, ...]:
        deriver = self._deriver(equation, self.calculation.arrays)
        return deriver.derive(equation, self._place(equation, one), chain=False).followed

    # Steps

    def forward_and_backward(self, wanted: Wanted | None = None) -> Iterator[tuple[Equation, Step]]:
        """Yield the steps of the forward and the backward pass, with the equations that they are of."""
        for equation in self.calculation.steps:
            for one in self.elements(equation.target, wanted):
                yield equation, self._step(equation, one, self.calculation.arrays)

    def updates(self, wanted: Wanted | None = None) -> Iterator[Step]:
        """Yield the steps of the optimiser; `wanted` are parameters' elements."""
        for equation, before in self.calculation.updates:
            name = equation.target.name
            parameter = name if name in self.net.parameters else name.partition("_")[2]
            chosen = None if wanted is None else {name: wanted.get(parameter, set())}
            for one in self.elements(equation.target, chosen):
                yield self._step(equation, one, before)

    def _step(self, equation: Equation, one: Ref, arrays: Arrays) -> Step:
        is_parameter = one.name.removeprefix("d_") in self.net.parameters
        derivation = self._deriver(equation, arrays).derive(equation, self._place(equation, one), chain=is_parameter)
        said = self.sentences.say(equation, one, derivation.result)
        derived = equation.part == "backward" and one.name.startswith("d_")
        checked = derived and (is_parameter or self.net.vector.size * self.naming.samples <= _CHECK_ALL)
        return Step(
            number=0,  # steps are numbered when all are there
            key=(UPDATED if equation.update else "") + self.key(one),
            target=one,
            place=said.place,
            title=said.title,
            why=said.why,
            lines=derivation.lines,
            value=derivation.result,
            parts=derivation.parts,
            uses=tuple(self._used(derivation, equation)),
            remark=self._once(said.remark),
            check=self.calculation.difference(Ref(one.name[2:], one.indices)) if checked else None,
            sign="←" if equation.update else "=",
        )

    def chains(self, roots: Iterable[Ref]) -> Iterator[Step]:
        """Yield for each parameter's element the whole chain of its derivative, path by path."""
        text = self.sentences.text
        for root in roots:
            derivative = Ref(f"d_{root.name}", root.indices)
            equation = self.calculation.equation_of.get(derivative.name)
            if root.name not in self.net.parameters or equation is None:
                continue
            paths = Paths(self._deriver(equation, self.calculation.arrays))
            parts, lines = paths.parts(derivative, text("path {number}"), text("all the rest"))
            yield Step(
                number=0,  # steps are numbered when all are there
                key=f"chain {self.key(root)}",
                target=derivative,
                place="",
                title=text("the whole chain of {sign}", sign=self.naming.plain(root)),
                why=text("Every path from the cost back to {sign}, all factors in a row; the paths add up.",
                         sign=self.naming.plain(root)),
                lines=tuple(lines),
                value=sum(part.value for part in parts),
                parts=tuple(parts),
                uses=(self.key(derivative),),
            )  # fmt: skip

    def _once(self, remark: str) -> str:
        """Return a remark the first time; what is learnt once need not be said again."""
        if remark in self.said:
            return ""
        self.said.add(remark)
        return remark

    def _used(self, derivation: Derivation, equation: Equation) -> Iterator[str]:
        updated = {eq.target.name for eq, _ in self.calculation.updates}
        for one in derivation.operands:
            is_state = equation.update and one.name in updated and one.name not in self.net.parameters
            if is_state and one.name != equation.target.name:
                yield UPDATED + self.key(one)
            else:
                yield self.key(one)

    def _deriver(self, equation: Equation, arrays: Arrays) -> Deriver:
        return Deriver(
            self.calculation.elements,
            arrays,
            self.calculation.equation_of,
            lambda item: self.sentences.label(equation, item),
            self.sentences.rest,
        )

    @staticmethod
    def _place(equation: Equation, one: Ref) -> Mapping[str, int]:
        return dict(zip(equation.target.index_names, place_of(one), strict=True))


def most_telling(net: Network, calculation: Calculation) -> Ref:
    """Return what of a large network is looked at if nothing else is said: the weight with the largest derivative.

    A network that learns no weights shows another parameter, one that learns nothing its first output.
    """
    trained = sorted(net.architecture.trainable, key=lambda parameter: not parameter.is_weight)
    candidates = [parameter.ref for parameter in trained if parameter.is_weight == trained[0].is_weight]
    best, size = Ref(OUTPUT, (Const(0), Const(0))), -1.0
    for ref in candidates:
        derivative = np.abs(np.nan_to_num(np.asarray(calculation.arrays[f"d_{ref.name}"])))
        if derivative.max() > size:
            size, place = float(derivative.max()), np.unravel_index(int(derivative.argmax()), derivative.shape)
            best = Ref(ref.name, tuple(Const(int(k)) for k in place))
    return best
