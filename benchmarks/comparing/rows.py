"""What is compared: networks, the contestants at each, and how far ahead chainrule is to be."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from protocol import Problem

import chainrule as cr
from chainrule.examples import network
from comparing import PEERS

BATCHES = 10  # in the random data of each network
PYTORCH, SKLEARN, JAX, PRODUCTS = "PyTorch", "scikit-learn", "JAX", "bare products"
GCC, FAST_MATH = "C++ -O3", "C++ -O3 -ffast-math"


@dataclass(frozen=True)
class Aim:
    """How many times as fast as a peer; for the bare products, within how many times their time."""

    at_least: float
    strive: float

    @property
    def is_limit(self) -> bool:
        return self.strive < self.at_least

    def verdict(self, figure: float) -> str:
        reached = [figure <= aim if self.is_limit else figure >= aim for aim in (self.at_least, self.strive)]
        return "strived for" if reached[1] else "reached" if reached[0] else "missed"


@dataclass(frozen=True)
class Row:
    """A network that is trained, what it is compared with, and after how many steps the losses are compared."""

    name: str
    sizes: tuple[int, ...]
    batch: int
    aims: dict[str, Aim]
    check_steps: int

    @property
    def is_example(self) -> bool:
        return self.name.startswith("demofox")


def _demofox(number: int, sizes: tuple[int, ...], batch: int) -> Row:
    level = {GCC: Aim(1, 1), FAST_MATH: Aim(1, 1)}
    return Row(f"demofox-{number}", sizes, batch, level, 10_000)


ROWS = (
    _demofox(1, (1, 1), 1),
    _demofox(2, (1, 1), 2),
    _demofox(3, (2, 2), 1),
    _demofox(4, (2, 2, 2), 1),
    Row("4-16-3", (4, 16, 3), 32, {PYTORCH: Aim(100, 200), JAX: Aim(4, 8)}, 200),
    Row(
        "64-100-10",
        (64, 100, 10),
        200,
        {PYTORCH: Aim(8, 14), SKLEARN: Aim(8, 13), JAX: Aim(3, 5), PRODUCTS: Aim(1.8, 1.4)},
        100,
    ),
    Row(
        "30-128-128-2",
        (30, 128, 128, 2),
        256,
        {PYTORCH: Aim(4, 6), SKLEARN: Aim(4.8, 7), JAX: Aim(2.5, 3.5), PRODUCTS: Aim(1.5, 1.25)},
        100,
    ),
    Row(
        "784-512-512-10",
        (784, 512, 512, 10),
        128,
        {PYTORCH: Aim(2.3, 3), SKLEARN: Aim(3, 4), JAX: Aim(1.35, 1.8), PRODUCTS: Aim(1.4, 1.15)},
        20,
    ),
)
# Over the four demofox networks, the geometric mean of the ratios.
MEAN_AIM = Aim(1.5, 2)


def problem_of(row: Row) -> Problem:
    """Return the data and the initial weights of a row."""
    if row.is_example:
        net, x, t = network(row.name, "float32")
        return Problem(x, t, list(net.parameters.values()), len(x), row.name)
    return random_problem(row.sizes, row.batch, BATCHES * row.batch)


def random_problem(sizes: tuple[int, ...], batch: int, rows: int) -> Problem:
    """Return random rows with random classes, and a network's initial weights."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, sizes[0])).astype(np.float32)
    t = np.eye(sizes[-1], dtype=np.float32)[rng.integers(sizes[-1], size=rows)]
    return Problem(x, t, list(network_of(sizes).parameters.values()), batch, "")


def network_of(sizes: tuple[int, ...]) -> cr.Network:
    """Return a network of relu units that tells classes."""
    inputs, *hidden, classes = sizes
    layers = [*(cr.Dense(units, "relu") for units in hidden), cr.Dense(classes, "softmax")]
    return cr.Network(inputs, layers, loss="cross_entropy", seed=1)


def build(folder: Path) -> dict[str, Path]:
    """Compile the networks written by hand; the compiler is CXX or g++."""
    programs = {GCC: folder / "demofox", FAST_MATH: folder / "demofox-fast-math"}
    for name, program in programs.items():
        options = ["-O3", "-march=native", *(["-ffast-math"] if name == FAST_MATH else [])]
        command = [os.environ.get("CXX", "g++"), *options, str(PEERS / "demofox.cpp"), "-o", str(program)]
        try:
            subprocess.run(command, check=True)
        except FileNotFoundError:
            raise SystemExit(f"no compiler {command[0]} for demofox.cpp; CXX=... names another") from None
    return programs
