"""Methods that only try: other weights are kept where the cost is lower."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from chainrule.errors import InputError, unknown
from chainrule.methods.method import Method
from chainrule.ranges import check_number, whole

if TYPE_CHECKING:
    from chainrule.engines.standing import Engine, Training
    from chainrule.methods.search import Search
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer
    from chainrule.program import Program

FAILURES = ("nothing", "other_direction", "smaller_step")


@dataclass(frozen=True)
class _TrialMethod(Method):
    """A method without a gradient, and so without an optimiser."""

    has_gradient: ClassVar[bool] = False

    def program(self, net: Network, wrt: Iterable[str], weighted: bool, optimizer: Optimizer) -> Program:
        """Return the forward pass, running statistics included."""
        return net.program(weighted=weighted, training=True)

    def engine(self, training: Training) -> Engine:
        """Return the stepping engine with this method's search in place of an update."""
        from chainrule.methods.engine import SearchEngine

        return SearchEngine(training, self.search(training))

    @abstractmethod
    def search(self, training: Training) -> Search:
        """Return what proposes weights in a training."""


@dataclass(frozen=True)
class Perturbation(_TrialMethod):
    r"""Random perturbation, kept when it helps: :math:`w \leftarrow w + \sigma\varepsilon` if E is lower (Matyas 1965).

    A step tries one perturbation of all weights on its batch; each trial is a network evaluation.

    Parameters
    ----------
    size : the standard deviation σ of the perturbation of each weight. Default 0.1.
    otherwise : what follows when it does not help. "other_direction" (default) tries the mirror image in the same
        step (Lawrence and Steiglitz 1972); "smaller_step" makes the steps that follow smaller, by a factor of 0.9,
        and a step that helps makes them larger, so that about one in five does (Rechenberg 1973); "nothing" goes on.

    Raises `InputError` for a size that is not above 0, or another word.
    """

    size: float = 0.1
    otherwise: str = "other_direction"

    name: ClassVar[str] = "perturbation"

    def __post_init__(self) -> None:
        check_number("size", self.size, above=0)
        if self.otherwise not in FAILURES:
            raise unknown("way to go on (otherwise)", self.otherwise, FAILURES)

    def search(self, training: Training) -> Search:
        """Return what proposes weights in a training."""
        from chainrule.methods.search import RandomPerturbation

        return RandomPerturbation(self, training.settings.seed)


@dataclass(frozen=True)
class Genetic(_TrialMethod):
    """A genetic algorithm on the weights themselves (Holland 1975; Montana and Davis 1989).

    A step is one generation on its batch: all members are evaluated at once, the elite only where its costs may have
    changed (another batch, dropout); the best `elite` live on; the others are replaced by children, whose parents win
    tournaments, whose weights come from either parent, and some of whose weights mutate. The network's weights are
    those of the best member, and its first ones are the first member.

    Parameters
    ----------
    population : members. Default 50.
    tournament : so many members drawn at random compete to be a parent. Default 3.
    crossover : probability that a child has two parents, and not one. Default 0.7.
    mutation : probability that a weight of a child changes. Default 0.1.
    size : standard deviation of that change. Default 0.5.
    spread : standard deviation of the first members around the network's weights. Default 1.
    elite : members that live on as they are. Default 2.

    Raises `InputError` for numbers out of range.
    """

    population: int = 50
    tournament: int = 3
    crossover: float = 0.7
    mutation: float = 0.1
    size: float = 0.5
    spread: float = 1.0
    elite: int = 2

    name: ClassVar[str] = "genetic"

    def __post_init__(self) -> None:
        whole("population", self.population, 2)
        whole("tournament", self.tournament)
        whole("elite", self.elite)
        if self.elite >= self.population:
            raise InputError(f"elite must be below the population of {self.population}, not {self.elite}")
        for name in ("crossover", "mutation"):
            if check_number(name, getattr(self, name), least=0) > 1:
                raise InputError(f"{name} is a probability from 0 to 1, not {getattr(self, name)}")
        for name in ("size", "spread"):
            check_number(name, getattr(self, name), above=0)

    def search(self, training: Training) -> Search:
        """Return what breeds weights in a training."""
        from chainrule.methods.search import Breeding, repeats
        from chainrule.methods.space import check_population

        check_population(training.net, self.population)
        return Breeding(self, training.settings.seed, repeats(training))
