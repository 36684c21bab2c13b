"""A race: the same network from the same weights on the same data, once by each method."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import TrainingError
from chainrule.methods.kinds import as_method
from chainrule.methods.method import Method
from chainrule.threads import one_thread

if TYPE_CHECKING:
    from chainrule.history import History
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer


@dataclass(frozen=True)
class Task:
    """What the methods race on, with the settings of `Network.fit` that they share.

    `goal` is the cost to reach; `optimizer` is for the methods that have a gradient.
    """

    name: str
    net: Network
    x: Any
    t: Any
    optimizer: Optimizer
    goal: float
    batch_size: int | None = None

    @property
    def weights(self) -> int:
        """The number of trained weights, biases among them."""
        return sum(self.net.parameters[one.ref.name].size for one in self.net.architecture.trainable)


@dataclass
class Course:
    """How one method ran: its cost at each step on record, after so many network evaluations and seconds.

    `reached` says whether it reached the goal, and `history` is that of its training. Of a training that diverged
    there is what it had done before, and `failed` says what went wrong; else it is empty.
    """

    method: Method
    cost: list[float] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    reached: bool = False
    history: History | None = None
    failed: str = ""


def race(
    task: Task,
    methods: Sequence[Method | str],
    *,
    seconds: float = 10.0,
    epochs: int = 1_000_000,
    seed: int = 0,
    tell: Callable[[Course], None] | None = None,
) -> list[Course]:
    """Train copies of a network, each by one method, until the goal is reached or the time is over.

    A method that diverges ends its own course alone. All run step by step on NumPy with one thread, so that they are
    compared on equal terms; the network itself is left as it is. `tell` is called after each. What is loaded when a
    method trains for the first time is loaded before its time begins.

    Raises `InputError` for a method that is none, and `KeyboardInterrupt` if Ctrl-C ended a training.

    >>> from chainrule import GradientDescent, methods
    >>> from chainrule.examples import network
    >>> task = Task("mazur", *network("mazur"), GradientDescent(0.5), goal=0.1)
    >>> [(course.reached, course.evaluations[-1]) for course in race(task, [methods.Backpropagation()])]
    [(True, 93)]
    """
    found = []
    for method in map(as_method, methods):
        run(_warm_up(), method, seconds=seconds, epochs=1, seed=seed)
        course = run(task, method, seconds=seconds, epochs=epochs, seed=seed)
        found.append(course)
        if tell:
            tell(course)
    return found


def _warm_up() -> Task:
    from chainrule import Dense, GradientDescent, Network

    return Task("warm-up", Network(1, [Dense(1)]), [[1.0]], [0.0], GradientDescent(0.1), goal=0.0)


def run(task: Task, method: Method, *, seconds: float, epochs: int, seed: int) -> Course:
    """Train a copy of the task's network by one method."""
    course, net = Course(method), deepcopy(task.net)
    started = time.perf_counter()

    def note(net: Network, history: History) -> None:
        course.cost.append(history.cost[-1])
        course.evaluations.append(history.evaluations[-1])
        course.seconds.append(time.perf_counter() - started)

    try:
        with one_thread(), np.errstate(all="ignore"):
            course.history = net.fit(
                task.x,
                task.t,
                optimizer=task.optimizer if method.has_gradient else None,
                method=method,
                epochs=epochs,
                batch_size=task.batch_size,
                stop_cost=task.goal,
                stop_seconds=seconds,
                engine="reference",
                callbacks=[note],
                progress=False,
                seed=seed,
            ).whole()
    except TrainingError as error:
        course.failed = str(error)
        return course
    if len(course.cost) < len(course.history.cost):  # a callback is not asked about the step that ends the training
        note(net, course.history)
    course.reached = bool(course.cost) and course.cost[-1] <= task.goal
    return course
