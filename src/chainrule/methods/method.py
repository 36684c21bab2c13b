"""What a way of training is: the equations that it needs, and the engine that runs them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.engines.standing import Engine, Training
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer
    from chainrule.program import Program

BACKPROPAGATION_COST = 3
"""The network evaluations of one step of backpropagation: 1 forward, and 2 backward, where each product of two
matrices becomes two."""


@dataclass(frozen=True)
class Method(ABC):
    """What all methods share.

    `name` is the one that `fit` knows; `has_gradient` says whether it feeds an optimiser with a gradient, be it
    exact or estimated.
    """

    name: ClassVar[str]
    has_gradient: ClassVar[bool] = True

    @abstractmethod
    def program(self, net: Network, wrt: Iterable[str], weighted: bool, optimizer: Optimizer) -> Program:
        """Return the equations of a training step, as far as equations say it."""

    def engine(self, training: Training) -> Engine | None:
        """Return what trains; None leaves the choice to `engine=`."""
        return None

    def check_optimizer(self, given: object) -> None:
        """Raise `InputError` if an optimiser is given to a method that has no gradient for it."""
        if given is not None and not self.has_gradient:
            raise InputError(f"the method {self.name} has no gradient to give to an optimiser; leave optimizer out")


@dataclass(frozen=True)
class Backpropagation(Method):
    """The chain rule from the cost back to every weight (Linnainmaa 1970; Rumelhart, Hinton and Williams 1986).

    The default. One gradient costs about as much as three network evaluations, whatever the number of weights, and
    it alone runs on the compiled engine.
    """

    name: ClassVar[str] = "backpropagation"

    def program(self, net: Network, wrt: Iterable[str], weighted: bool, optimizer: Optimizer) -> Program:
        """Return forward pass, backward pass and updates."""
        return net.program(wrt, weighted=weighted, training=True, optimizer=optimizer)
