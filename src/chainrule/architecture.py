"""Layers and a loss, put together as one program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from chainrule.builder import BATCH, OUTPUT, Builder, Parameter
from chainrule.derive import derive
from chainrule.equations import Ref, ref
from chainrule.errors import unknown
from chainrule.layers import AnyLayer, as_layers, layer_config
from chainrule.losses import Loss, Penalty, Reduction, as_loss, as_penalties
from chainrule.program import Program
from chainrule.ranges import whole

if TYPE_CHECKING:
    from chainrule.optimizers import Optimizer

COST = "E"
_MOST_REMEMBERED = 32
Result = TypeVar("Result")


class Architecture:
    """What a network says, apart from its numbers; `Network` documents the parameters."""

    def __init__(
        self,
        inputs: int,
        layers: Sequence[AnyLayer],
        loss: Loss | str | Mapping[str, Any],
        penalties: Sequence[Penalty],
        reduction: Reduction,
    ):
        if not isinstance(reduction, str) or reduction not in ("mean", "sum"):
            raise unknown("reduction", reduction, ("mean", "sum"))
        self.inputs = whole("the number of inputs", inputs)
        self.layers = as_layers("layers", layers)
        self.loss = as_loss(loss)
        self.penalties = as_penalties(penalties)
        self.reduction: Reduction = reduction
        self._made: dict[Any, Any] = {}
        built = self._built(training=False)
        self.parameters = tuple(built.parameters)
        self.running = tuple(built.running)
        self.outputs = self.shape_of(self._output)[-1]
        self.loss.check_activation(built.last)
        for training in (False, True):
            self.program(training=training)  # whatever does not fit is said here

    def _built(self, training: bool) -> Builder:
        builder = Builder(self.inputs, training)
        result = builder.input
        for layer in self.layers[:-1]:
            result = layer.build(builder, result)
        self._output = self.layers[-1].build(builder, result, OUTPUT)
        return builder

    def program(
        self,
        wrt: Iterable[str] = (),
        *,
        cost: bool = True,
        penalties: bool = True,
        weighted: bool = False,
        training: bool = False,
        optimizer: Optimizer | None = None,
    ) -> Program:
        """Return the equations of the network.

        Parameters
        ----------
        wrt : arrays whose derivatives ``d_...`` are added: parameters, or ``x``.
        cost, penalties : whether the loss with its target ``t``, and its penalties, are part of it.
        weighted : whether sample weights ``s[n]`` are given.
        training : with dropout and the batch's own statistics.
        optimizer : adds the updates of the trainable parameters; their derivatives must be in `wrt`.

        A program that was asked for before is returned again.
        """
        choice = (tuple(wrt), cost, penalties, weighted, training, optimizer)
        return self.remembered(choice, lambda: self._program(*choice))

    def remembered(self, what: object, make: Callable[[], Result]) -> Result:
        """Return what was made before for `what`, or make it; nothing is kept for what has no hash."""
        try:
            found: Result | None = self._made.get(what)
        except TypeError:  # unhashable
            return make()
        if found is None:
            found = make()
            if len(self._made) >= _MOST_REMEMBERED:
                self._made = {}
            self._made[what] = found
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs, without what can be made again."""
        return {**self.__dict__, "_made": {}}

    def _program(
        self,
        names: tuple[str, ...],
        cost: bool,
        penalties: bool,
        weighted: bool,
        training: bool,
        optimizer: Optimizer | None,
    ) -> Program:
        builder = self._built(training)
        inputs, distributions = [], []
        if cost:
            added = self.penalties if penalties else ()
            self.loss.build(builder, self._output, weighted, self.reduction, added)
            inputs = [Ref("t", self._output.indices), *([ref("s", BATCH)] if weighted else [])]
            distributions = ["t"] if self.loss.targets == "distribution" else []
        program = builder.program(inputs, distributions)
        if names:
            program = derive(program, names)
        if optimizer:
            program = self.with_updates(program, optimizer)
        return program

    def with_updates(self, program: Program, optimizer: Optimizer) -> Program:
        """Return a program that has the gradients, with the updates of the trainable parameters."""
        scalars = tuple(Ref(name) for name in optimizer.scalars(1, 1))
        states = tuple(state for parameter in self.trainable for state in optimizer.states_of(parameter).values())
        return replace(
            program,
            inputs=(*program.inputs, *scalars),
            states=(*program.states, *states),
            equations=(*program.equations, *optimizer.equations(self.parameters)),
        )

    @property
    def trainable(self) -> tuple[Parameter, ...]:
        """The parameters that training changes."""
        return tuple(parameter for parameter in self.parameters if parameter.trainable)

    @cached_property
    def masks(self) -> tuple[tuple[Ref, float], ...]:
        """The dropout masks, inputs of a training program, with their rates."""
        return tuple(self._built(training=True).masks)

    @cached_property
    def unit_roles(self) -> dict[str, str]:
        """What arrays are for the units of their layer: "input" (the weighted input) or "output"."""
        return dict(self._built(training=True).roles)

    def shape_of(self, array: Ref) -> tuple[int, ...]:
        """Return the shape of an array without the batch's index, or of one sample's part of it."""
        return tuple(self._sizes[index] for index in array.index_names if index != BATCH)

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return {index: size for index, size in self._built(False).sizes.items() if isinstance(size, int)}

    def describe(self, optimizer: Optimizer) -> str:
        """Return the equations of one training step: forward, backward, update."""
        names = [parameter.ref.name for parameter in self.trainable]
        program = self.program(names, training=True, optimizer=optimizer)
        parts = {
            "forward": [eq for eq in program.equations if eq.part == "forward" and not eq.update],
            "backward": [eq for eq in program.equations if eq.part == "backward"],
            f"update ({type(optimizer).__name__})": [eq for eq in program.equations if eq.update],
        }
        lines = [f"{title}\n" + "\n".join(f"    {equation}" for equation in part) for title, part in parts.items()]
        return "\n\n".join(lines)

    @property
    def sizes(self) -> str:
        """The units from the input to the output, as in 2-8-1."""
        units = [self.inputs, *(getattr(layer, "units", None) for layer in self.layers)]
        return "-".join(str(size) for size in units if size)

    @property
    def config(self) -> dict[str, Any]:
        """What makes it again, as JSON can hold it."""
        return {
            "inputs": self.inputs,
            "layers": [layer_config(layer) for layer in self.layers],
            "loss": self.loss.config,
            "penalties": [[type(penalty).__name__, penalty.strength] for penalty in self.penalties],
            "reduction": self.reduction,
        }
