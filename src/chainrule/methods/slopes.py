"""Methods that find a gradient, exact or estimated, without the chain rule taken backwards."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from chainrule.derive import gradient_name
from chainrule.equations import Ref
from chainrule.methods.method import Method
from chainrule.ranges import check_number, whole

if TYPE_CHECKING:
    from chainrule.engines.standing import Engine, Training
    from chainrule.methods.gradients import GradientSource
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer
    from chainrule.program import Program

SMALLEST_STEP = 1e-15


@dataclass(frozen=True)
class _GradientMethod(Method):
    """A method whose gradient is given to the optimiser's equations from outside."""

    def program(self, net: Network, wrt: Iterable[str], weighted: bool, optimizer: Optimizer) -> Program:
        """Return the forward pass and the updates; the gradients are inputs."""
        forward = net.program(weighted=weighted, training=True)
        trained = net.architecture.trainable
        gradients = tuple(Ref(gradient_name(one.ref.name), one.ref.indices) for one in trained)
        given = replace(forward, inputs=(*forward.inputs, *gradients))
        return net.architecture.with_updates(given, optimizer)

    def engine(self, training: Training) -> Engine:
        """Return the stepping engine with this method's gradient."""
        from chainrule.methods.engine import GradientEngine

        return GradientEngine(training, self.source(training))

    @abstractmethod
    def source(self, training: Training) -> GradientSource:
        """Return what computes the gradients of a training."""


@dataclass(frozen=True)
class ForwardDifferences(_GradientMethod):
    r"""Each weight in turn a little larger: :math:`\partial E/\partial w_i \approx (E(w + h e_i) - E(w)) / h`.

    Its error is of the order of `step`; for neural networks "weight perturbation" (Jabri and Flower 1992). It costs
    one network evaluation for every weight. The costs are computed in float64, since their difference in float32
    would be rounding for the most part.

    Parameters
    ----------
    step : the step h for a weight of size up to 1; for larger ones it grows with them. Default 1.5e-8, the root of the
        smallest number that makes a difference to 1.

    Raises `InputError` unless it is from 1e-15, below which it is lost in rounding, to below 1.
    """

    step: float = 1.5e-8

    name: ClassVar[str] = "forward_differences"

    def __post_init__(self) -> None:
        check_number("step", self.step, least=SMALLEST_STEP, below=1)

    def source(self, training: Training) -> GradientSource:
        """Return what computes the differences."""
        from chainrule.methods.gradients import DifferenceGradients

        return DifferenceGradients(training, self.step, central=False)


@dataclass(frozen=True)
class CentralDifferences(_GradientMethod):
    r"""Each weight a little larger and smaller: :math:`\partial E/\partial w_i \approx (E(w+h e_i) - E(w-h e_i)) / 2h`.

    Its error is of the order of `step` squared, for twice the cost of `ForwardDifferences`; the costs are computed in
    float64.

    Parameters
    ----------
    step : the step h for a weight of size up to 1; for larger ones it grows with them. Default 6e-6.

    Raises `InputError` unless it is from 1e-15 to below 1.
    """

    step: float = 6e-6

    name: ClassVar[str] = "central_differences"

    def __post_init__(self) -> None:
        check_number("step", self.step, least=SMALLEST_STEP, below=1)

    def source(self, training: Training) -> GradientSource:
        """Return what computes the differences."""
        from chainrule.methods.gradients import DifferenceGradients

        return DifferenceGradients(training, self.step, central=True)


@dataclass(frozen=True)
class DualNumbers(_GradientMethod):
    """Forward mode: every value carries its derivative by one weight through the forward pass (Wengert 1964).

    Exact, as backpropagation is, but with a pass for every weight. The equations of the derivatives follow from those
    of the network (`chainrule.methods.tangents`), and many weights are taken through them at once.
    """

    name: ClassVar[str] = "dual_numbers"

    def source(self, training: Training) -> GradientSource:
        """Return what computes the derivatives."""
        from chainrule.methods.gradients import DualGradients

        return DualGradients(training)


@dataclass(frozen=True)
class EvolutionStrategies(_GradientMethod):
    r"""A gradient estimated from random neighbours of the weights (Rechenberg 1973; Salimans et al. 2017).

    .. math:: g = \frac{1}{2 \sigma n} \sum_{k=1}^n \bigl(E(w + \sigma\varepsilon_k) - E(w - \sigma\varepsilon_k)\bigr)
       \varepsilon_k, \quad \varepsilon_k \sim N(0, 1)

    It is right on average for the cost blurred by the noise, and goes to the optimiser as any gradient. The costs are
    used as they are, not their ranks, so that a learning rate means the same as with other methods.

    Parameters
    ----------
    pairs : the number n of neighbours and their mirror images, each a network evaluation. Default 16.
    size : the standard deviation σ of the noise. Default 0.05.

    Raises `InputError` for numbers out of range.
    """

    pairs: int = 16
    size: float = 0.05

    name: ClassVar[str] = "evolution_strategies"

    def __post_init__(self) -> None:
        whole("pairs", self.pairs)
        check_number("size", self.size, above=0)

    def source(self, training: Training) -> GradientSource:
        """Return what estimates the gradient."""
        from chainrule.methods.gradients import StrategyGradients

        return StrategyGradients(training, self.pairs, self.size)
