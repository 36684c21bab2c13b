"""From layers to a program: numbers the names, gives each layer its index, collects the equations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chainrule.activations import Activation
from chainrule.equations import (
    INDEX_NAME,
    Equation,
    Reduce,
    Ref,
    free_indices,
    fresh_index,
    ref,
    refs,
    rename_arrays,
    rename_indices,
    walk,
)
from chainrule.errors import FormulaError
from chainrule.initializers import Init
from chainrule.parsing import parse_program
from chainrule.program import Extent, Program
from chainrule.split import Splitter

# The batch; then the input and the layers in the order of the textbooks, without the letters that mislead.
BATCH = "n"
_UNIT_INDICES = "ijklmpqr"
OUTPUT = "y"


@dataclass(frozen=True)
class Parameter:
    """An array that layer number `layer` keeps: learned, frozen, or a running mean."""

    ref: Ref
    init: Init
    layer: int
    trainable: bool = True

    @property
    def is_weight(self) -> bool:
        """Whether it connects units; penalties and weight decay leave biases, scales and shifts alone."""
        return len(self.ref.indices) > 1


@dataclass(frozen=True)
class Recipe:
    """What a layer says, in local names: ``x`` is its input, the last equation its weighted input or output.

    `units` is the size of the output's index, None if it is the input's. An `activation` is added as one
    more equation ``a``. `mask` names an input that is drawn at random while training. `sizes` are those of indices that
    follow neither from the input nor from `units`; `chosen` names the indices of a parameter whose elements are picked
    by what is computed, as in ``v[x[n,0],q]``.
    """

    formula: str
    origin: str
    units: int | None = None
    parameters: Mapping[str, Init] = field(default_factory=dict)
    frozen: frozenset[str] = frozenset()
    running: Mapping[str, Init] = field(default_factory=dict)
    activation: Activation | None = None
    mask: tuple[str, float] | None = None
    numbered: bool = True
    sizes: Mapping[str, int] = field(default_factory=dict)
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Builder:
    """Collects the equations of one network in one mode (training or not)."""

    def __init__(self, inputs: int, training: bool):
        self.training = training
        self.sizes: dict[str, Extent] = {BATCH: "N"}
        self.equations: list[Equation] = []
        self.parameters: list[Parameter] = []
        self.running: list[Parameter] = []
        self.masks: list[tuple[Ref, float]] = []
        self.taken: set[str] = set()
        self.splitter = Splitter(self.taken, self.another_index)
        self.numbers = 0
        self.input = ref("x", BATCH, self.new_index(inputs))
        self.taken.add("x")
        # What an array is for the units it belongs to: their input or their output.
        self.roles = {"x": "output"}
        # The last activation's input and the formulas of its logarithms, for the loss.
        self.weighted: Ref = self.input
        self.last: Activation | None = None

    def new_index(self, size: int) -> str:
        """Return the index of one more layer."""
        used = len(self.sizes) - 1
        index = _UNIT_INDICES[used] if used < len(_UNIT_INDICES) else f"i{used}"
        self.sizes[index] = size
        return index

    def another_index(self, like: str) -> str:
        """Return a new index of the size of another."""
        index = fresh_index(like, {*self.sizes, *self.taken})
        self.sizes[index] = self.sizes[like]
        return index

    def free_name(self, base: str) -> str:
        """Return `base` with the first number that makes it new."""
        number = 1
        while f"{base}{number}" in self.taken:
            number += 1
        return f"{base}{number}"

    def size(self, array: Ref) -> int:
        """Return the number of units of an array ``[n,unit]``."""
        size = self.sizes[array.index_names[-1]]
        assert isinstance(size, int)
        return size

    def add(self, equation: Equation) -> Ref:
        """Add an equation, split into the values worth keeping."""
        parts = self.splitter.split(equation)
        self.equations.extend(parts)
        self.taken.update(part.target.name for part in parts)
        return equation.target

    def program(self, inputs: Sequence[Ref] = (), distributions: Iterable[str] = ()) -> Program:
        """Return what is there so far as a program; `inputs` are given beside ``x`` and the masks."""
        kept = tuple(parameter.ref for parameter in (*self.parameters, *self.running))
        given = (self.input, *(mask for mask, _ in self.masks), *inputs)
        return Program(given, kept, tuple(self.equations), self.sizes, frozenset(distributions))

    def layer(self, recipe: Recipe, x: Ref, output: str | None = None) -> Ref:
        """Add the equations of a layer to what is there; `output` names its result."""
        return _LayerBuilding(self, recipe, x, output).run()

    def activate(self, activation: Activation, z: Ref, target: str, origin: str) -> Ref:
        """Add ``a = activation(z)``."""
        value = activation.formula.expand({"x": z}, z.index_names[-1])
        self.weighted, self.last = z, activation
        self.roles |= {z.name: "input", target: "output"}
        return self.add(Equation(Ref(target, z.indices), value, origin=origin))


class _LayerBuilding:
    def __init__(self, builder: Builder, recipe: Recipe, x: Ref, output: str | None):
        self.builder, self.recipe, self.x = builder, recipe, x
        self.local = parse_program(recipe.formula, recipe.origin)
        results = [eq.target for eq in self.local if not eq.update]
        if not results:
            raise FormulaError(f"{recipe.origin}: a layer needs an equation 'name[n,j] = ...'")
        self.result = results[-1]
        if recipe.numbered:
            builder.numbers += 1
        self.output = output
        self._check_names()
        self.names = self._names()
        self.indices = self._indices()

    def run(self) -> Ref:
        recipe, builder = self.recipe, self.builder
        for name, init in recipe.parameters.items():
            declared = self._declare(name)
            builder.parameters.append(Parameter(declared, init, builder.numbers, name not in recipe.frozen))
        for name, init in recipe.running.items():
            builder.running.append(Parameter(self._declare(name), init, builder.numbers, trainable=False))
        if recipe.mask:
            name, rate = recipe.mask
            builder.masks.append((self._declare(name), rate))
        result = self.x
        for equation in self.local:
            target = builder.add(self._translate(equation))
            result = target if not equation.update else result
        builder.weighted, builder.last = result, None
        if recipe.activation:
            name = self.output or f"a{builder.numbers}"
            result = builder.activate(recipe.activation, result, name, recipe.origin)
        builder.roles[result.name] = "output"
        return result

    def _check_names(self) -> None:
        """Refuse names that are given nowhere, before anything else is said of them."""
        mask = [self.recipe.mask[0]] if self.recipe.mask else []
        known = {"x", *self.recipe.parameters, *self.recipe.running, *mask, *(eq.target.name for eq in self.local)}
        for used in (used for eq in self.local for used in refs(eq.value)):
            if used.name in known:
                continue
            if not used.indices and INDEX_NAME.fullmatch(used.name):
                raise FormulaError(
                    f"{self.recipe.origin}: {used} is neither a parameter nor an index here; sum over it, write it "
                    "left, or declare it"
                )
            raise FormulaError(f"{self.recipe.origin}: {used} is not known; known: {', '.join(sorted(known))}")

    def _names(self) -> dict[str, str]:
        local = [
            *self.recipe.parameters,
            *self.recipe.running,
            *([self.recipe.mask[0]] if self.recipe.mask else []),
        ]
        local += [eq.target.name for eq in self.local if not eq.update]
        names = {}
        for name in local:
            numbered = f"{name}{self.builder.numbers}" if self.recipe.numbered else self.builder.free_name(name)
            names[name] = numbered
        if self.output and not self.recipe.activation:
            names[self.result.name] = self.output
        self.builder.taken.update(names.values())
        return names | {"x": self.x.name}

    def _indices(self) -> dict[str, str]:
        """Match the formula's own letters with the indices of the program."""
        matched = {BATCH: BATCH}
        width = self.builder.size(self.x)
        own = self.result.index_names
        if own[:1] != (BATCH,) or len(own) != 2:
            raise FormulaError(f"{self.recipe.origin}: the result must read name[n,j], not {self.result}")
        for letter, size in self.recipe.sizes.items():
            matched[letter] = self.builder.new_index(size)
        for used in self._uses("x"):
            letter = used.index_names[-1]
            if letter not in matched:
                first = self.x.index_names[-1] not in matched.values()
                matched[letter] = self.x.index_names[-1] if first else self.builder.new_index(width)
        if own[1] not in matched:
            if self.recipe.units is None:
                raise FormulaError(
                    f"{self.recipe.origin}: the size of {own[1]} does not follow from the input; give units="
                )
            matched[own[1]] = self.builder.new_index(self.recipe.units)
        elif self.recipe.units not in (None, self.builder.sizes[matched[own[1]]]):
            raise FormulaError(
                f"{self.recipe.origin}: {own[1]} is an index of the input and has size "
                f"{self.builder.sizes[matched[own[1]]]}, but units={self.recipe.units} was given"
            )
        for equation in self.local:
            for letter in _letters(equation):
                if letter not in matched:
                    raise FormulaError(f"{self.recipe.origin}: the size of {letter} in '{equation}' is not known")
        return matched

    def _uses(self, name: str) -> list[Ref]:
        found = [used for eq in self.local for used in refs(eq.value) if used.name == name]
        for used in found:
            plain = len(used.indices) == len(used.index_names) or self.recipe.sizes
            if not plain or used.index_names[:1] != (BATCH,) or len(used.indices) != 2:
                raise FormulaError(f"{self.recipe.origin}: the input of a layer reads x[n,i], not {used}")
        return [used for used in found if len(used.indices) == len(used.index_names)]

    def _declare(self, name: str) -> Ref:
        """Return a parameter with the indices of its first use."""
        if name == "x" or name.startswith("d_"):
            raise FormulaError(f"{self.recipe.origin}: {name} is taken; give the parameter another name")
        if name in self.recipe.chosen:
            return ref(self.names[name], *(self.indices[index] for index in self.recipe.chosen[name]))
        for equation in self.local:
            for used in (equation.target, *refs(equation.value)):
                # A use that picks an element, as v[0], does not tell the shape.
                if used.name == name and len(used.index_names) == len(used.indices):
                    if name != (self.recipe.mask or [None])[0] and BATCH in used.index_names:
                        raise FormulaError(f"{self.recipe.origin}: the parameter {used} cannot differ by sample")
                    return ref(self.names[name], *(self.indices[index] for index in used.index_names))
        raise FormulaError(f"{self.recipe.origin}: the parameter {name} stands nowhere with all its indices")

    def _translate(self, equation: Equation) -> Equation:
        target = rename_indices(equation.target, self.indices)
        assert isinstance(target, Ref)
        value = rename_indices(equation.value, self.indices)
        return rename_arrays(replace(equation, target=target, value=value), self.names)


def _letters(equation: Equation) -> Sequence[str]:
    inside = [index for node in walk(equation.value) if isinstance(node, Reduce) for index in node.indices]
    return [*equation.target.index_names, *free_indices(equation.value), *inside]
