"""What a published example is made of: a set-up, the figures its source printed, and what it claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.network import Network

    Array = NDArray[Any]

Dtype = Literal["float32", "float64"]

FLOAT32_TOLERANCE = 5e-6


class Verdict(StrEnum):
    """How a computed value stands to the published one."""

    AGREES = "agrees"
    FLOAT32 = "agrees in float32"
    ERRATUM = "erratum"
    DISAGREES = "DISAGREES"


@dataclass(frozen=True)
class Published:
    """A figure exactly as its source printed it, and how to get it from the network.

    `value` is an expression in the named values of one forward and backward pass (`Network.values`), the
    `error`, the `rate` and the number of samples `N`, all after this many `updates`. A figure with an `exact`
    value beside it is an erratum; where `dtype` is float32, the figure is one of the source's own precision,
    and `exact` is what float64 gives.
    """

    quantity: str
    figure: str
    value: str
    _: KW_ONLY
    updates: int = 0
    exact: str | None = None
    remark: str = ""
    dtype: Dtype = "float64"

    def judge(self, computed: float, in_float64: float) -> Verdict:
        """Compare the figure with what was computed in `dtype`, and `exact` with what float64 gives.

        >>> Published("O", "0.6900", "y[0,0]").judge(0.6899745, 0.6899745).value
        'agrees'
        >>> Published("O", "0.6900", "y[0,0]").judge(0.6899, 0.6899).value
        'DISAGREES'
        >>> Published("O", "0.6900", "y[0,0]", exact="0.6898765").judge(0.68987654, 0.68987654).value
        'erratum'
        """
        if self.exact is not None and not prints_as(in_float64, self.exact):
            return Verdict.DISAGREES
        if self.dtype == "float32":
            close = abs(computed - float(self.figure)) <= FLOAT32_TOLERANCE
            return Verdict.FLOAT32 if close else Verdict.DISAGREES
        # An erratum is declared, with its right value: it is never an excuse for whatever differs.
        agrees = prints_as(computed, self.figure)
        if self.exact is not None:
            return Verdict.DISAGREES if agrees else Verdict.ERRATUM
        return Verdict.AGREES if agrees else Verdict.DISAGREES


@dataclass(frozen=True)
class Claim:
    """What a source says without a figure, checked by its own calculation beside the network's.

    `measure` gives a size that the claim holds to `limit`: most often the largest difference between the two
    calculations. A claim that is wrong in the source is an `erratum`, and must miss the limit.

    >>> Claim("an error", lambda setup: 0.0, limit=0.1).judge(0.25).value
    'DISAGREES'
    """

    quantity: str
    measure: Callable[[Setup], float]
    limit: float = 1e-12
    erratum: bool = False
    remark: str = ""

    @property
    def figure(self) -> str:
        """Say what is claimed, in the place of a published figure."""
        return f"at most {self.limit:g}"

    def judge(self, computed: float) -> Verdict:
        """Say whether the claim holds, or is the erratum it is declared to be."""
        if self.erratum:
            return Verdict.ERRATUM if computed > self.limit else Verdict.DISAGREES
        return Verdict.AGREES if computed <= self.limit else Verdict.DISAGREES


@dataclass(frozen=True)
class Row:
    """One quantity of an example: published, computed, and the verdict."""

    quantity: str
    published: str
    computed: float
    exact: str
    remark: str
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Example:
    """A network of a published document: its set-up as data, and everything the document says about it.

    All of them are fully connected sigmoid networks of `sizes` with half the squared error, summed over the
    outputs, as their cost. `aliases` gives the document's own names to elements, with ``n`` for any sample.
    """

    name: str
    title: str
    source: str
    conventions: str
    sizes: tuple[int, ...]
    start: Mapping[str, Any]
    samples: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    epochs: int
    rate: float = 0.5
    bias_rate: float | None = None
    batch_size: int | None = None
    bias: Literal["unit", "layer"] = "unit"
    train_bias: bool = True
    aliases: Mapping[str, str] = field(default_factory=dict)
    published: tuple[Published, ...] = ()
    claims: tuple[Claim, ...] = ()
    slips: tuple[str, ...] = ()

    def fit_settings(self) -> dict[str, Any]:
        """Return what `Network.fit` needs to train as the document does, all but the number of epochs."""
        from chainrule import GradientDescent

        optimizer = GradientDescent(self.rate, bias_rate=self.bias_rate)
        return {"optimizer": optimizer, "batch_size": self.batch_size, "shuffle": False}

    def set_up(self, dtype: Dtype = "float64") -> Setup:
        """Build the network with the example's start values, and its samples."""
        import numpy as np

        from chainrule import Dense, Network

        inputs, *units = self.sizes
        layers = [Dense(n, "sigmoid", bias=self.bias, train_bias=self.train_bias) for n in units]
        net = Network(inputs, layers, loss="half_squared_error", dtype=dtype)
        net.set_parameters(self.start)
        x, t = (np.array(part, dtype=dtype) for part in zip(*self.samples, strict=True))
        return Setup(self, net, x, t)


@dataclass(frozen=True)
class Setup:
    """An example ready to run: its network and samples as arrays."""

    example: Example
    net: Network
    x: Array
    t: Array

    def train(self, epochs: int) -> None:
        """Train as the document does, going on from the present parameters."""
        history = self.net.fit(self.x, self.t, epochs=epochs, **self.example.fit_settings())
        if history.epochs < epochs:
            raise KeyboardInterrupt  # half a training has no figures to compare

    def values(self) -> dict[str, Any]:
        """Return the named values of one pass over the samples, the `error`, the `rate` and `N`."""
        import numpy as np

        # Copies: the network's own parameters are among them, and go on changing.
        values = {name: np.array(value) for name, value in self.net.values(self.x, self.t).items()}
        error = np.linalg.norm(self.t - values["y"], axis=1).mean()
        return {**values, "error": error, "rate": self.example.rate, "N": len(self.x)}


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """Compute one of the examples' own expressions from named values.

    >>> evaluate("y * (1 - y)", {"y": 0.5})
    0.25
    """
    from numpy import exp

    return eval(expression, {"__builtins__": {}, "exp": exp}, dict(values))


def prints_as(computed: float, figure: str) -> bool:
    """Tell whether a value, rounded to the digits of a printed figure, is that figure.

    >>> prints_as(0.2159, "0.216"), prints_as(0.2159, "0.215"), prints_as(-1e-9, "0.0")
    (True, False, True)
    """
    printed = Decimal(figure)
    return isfinite(computed) and Decimal(computed).quantize(printed) == printed
