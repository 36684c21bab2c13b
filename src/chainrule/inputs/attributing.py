"""Which inputs an output comes from: saliency and integrated gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.builder import OUTPUT
from chainrule.data import FloatArray, as_numbers
from chainrule.errors import InputError, shown, unknown
from chainrule.inputs import asking
from chainrule.inputs.asking import IntArray
from chainrule.inputs.line import integrate
from chainrule.inputs.programs import output_program
from chainrule.inputs.walk import Runner
from chainrule.ranges import check_number
from chainrule.threads import one_thread

if TYPE_CHECKING:
    from chainrule.network import Network

_OF = ("score", "output")
_MOST_ROWS = 10
_MOST_PARTS = 3


@dataclass(frozen=True, eq=False)
class Saliency:
    """How much an output of each row changes with each input, to first order.

    `gradient` is d(output)/dx: above 0 where a larger input raises the output, below where it lowers it; `values` is
    its absolute value, which says how much but not which way. Both have shape (rows, inputs); `outputs`, shape (rows,),
    says which output was asked about, `score`, shape (rows,), its value.
    """

    gradient: FloatArray
    outputs: IntArray
    score: FloatArray

    @property
    def values(self) -> FloatArray:
        """The saliency: the absolute derivatives."""
        return np.abs(self.gradient)

    def __str__(self) -> str:
        return _by_row([self._largest(row) for row in range(min(len(self.gradient), _MOST_ROWS))], len(self.gradient))

    def _largest(self, row: int) -> str:
        most = int(self.values[row].argmax())
        return (
            f"output {self.outputs[row]} changes most with input {most}: "
            f"by {self.gradient[row, most]:.3g} times its change"
        )

    def save(self, path: str | Path, shape: Sequence[int] | None = None) -> None:
        """Write a picture of each row's `gradient`; `shape` by default a square."""
        _save(self.gradient, "derivative", self.outputs, path, shape)


@dataclass(frozen=True, eq=False)
class Attribution:
    """The part of an output that is due to each input, compared with a baseline.

    `values` and `baseline` have shape (rows, inputs); `outputs`, shape (rows,), says which output was asked about.
    A part is below 0 where the input lowers the output, so that others may be larger than the whole.
    The parts of a row should add up to `difference`, shape (rows,), the output minus that of the baseline; by
    `defect`, shape (rows,), they do not; `allowed`, shape (rows,), is what it was to be at most.
    """

    values: FloatArray
    baseline: FloatArray
    outputs: IntArray
    difference: FloatArray
    allowed: FloatArray

    @property
    def defect(self) -> FloatArray:
        """The sum of the parts minus what it should be."""
        defect: FloatArray = self.values.sum(axis=1) - self.difference
        return defect

    def is_complete(self, tolerance: float = 1e-6) -> bool:
        """Tell whether the parts of each row add up to within `tolerance`, times the difference if that is above 1."""
        return bool((np.abs(self.defect) <= tolerance * np.maximum(1, np.abs(self.difference))).all())

    def __str__(self) -> str:
        lines = [self._largest(row) for row in range(min(len(self.values), _MOST_ROWS))]
        worst = f"the parts add up to within {np.abs(self.defect).max():.1g}"
        if (np.abs(self.defect) > self.allowed).any():
            row = int(np.argmax(np.abs(self.defect) - self.allowed))
            worst += (
                f", not to within the {self.allowed[row]:.1g} asked for: "
                "on the way from the baseline the output jumps, or bends too often"
            )
        return f"{_by_row(lines, len(self.values))}; {worst}"

    def _largest(self, row: int) -> str:
        ranked = np.argsort(-np.abs(self.values[row]), kind="stable")
        parts = [f"{self.values[row, place]:+.3g} by input {place}" for place in ranked[:_MOST_PARTS]]
        rest = self.values[row, ranked[_MOST_PARTS:]]
        parts += [f"{rest.sum():+.3g} by the other{f' {len(rest)}' * (len(rest) > 1)}"] if len(rest) else []
        return (
            f"output {self.outputs[row]} differs from the baseline's by {self.difference[row]:.3g}: {', '.join(parts)}"
        )

    def save(self, path: str | Path, shape: Sequence[int] | None = None) -> None:
        """Write a picture of each row's `values`; `shape` by default a square."""
        _save(self.values, "part", self.outputs, path, shape)


def _by_row(lines: list[str], rows: int) -> str:
    """Return a line for each row, the first ones where there are many."""
    if rows == 1:
        return f"{lines[0]} (inputs count from 0)"
    more = [f"and so on for {rows - len(lines)} more rows"] if rows > len(lines) else []
    return "\n".join(
        [*(f"row {row}: {line}" for row, line in enumerate(lines)), *more, "(rows and inputs count from 0)"]
    )


def _save(values: FloatArray, name: str, outputs: IntArray, path: str | Path, shape: Sequence[int] | None) -> None:
    from chainrule.inputs.dreaming import as_shape
    from chainrule.inputs.pictures import parts_picture
    from chainrule.plots import save_figure

    asking.check_path(path)
    titles = [f"output {output}" for output in outputs]
    save_figure(parts_picture(values, name, titles, as_shape(shape, values.shape[1])), path)


def saliency(net: Network, x: Any, output: Any = None, *, of: str = "score") -> Saliency:
    """Return d(output)/dx of each row, whose absolute values are its saliency map.

    Simonyan, Vedaldi and Zisserman 2014.

    Parameters
    ----------
    x : inputs, shape (rows, inputs) or (inputs,).
    output : which output, one or one for each row; default the largest of each row.
    of : "score" (default), the weighted input of the last layer where that has an activation, so that no other class
        has a part in it; or "output".

    Calculated in float64. Raises `InputError` for what does not fit.

    >>> import chainrule as cr
    >>> net = cr.Network(3, [cr.Dense(2, "softmax")], loss="cross_entropy", dtype="float64")
    >>> net.set_parameters({"w1": [[1, 0], [-2, 0], [0, 0]]})
    >>> saliency(net, [1.0, 0.0, 0.0], output=0).values
    array([[1., 2., 0.]])
    """
    if of not in _OF:
        raise unknown("kind of saliency", of, _OF)
    inputs = asking.as_sample(net, x)
    array = _score(net) if of == "score" else OUTPUT
    chosen, pick = _pick(net, inputs, output)
    arrays = Runner(net, output_program(net, array)).run(x=inputs, pick=pick)
    _check_finite(arrays["score"], arrays["d_x"], np.arange(len(inputs)), "here")
    return Saliency(np.array(arrays["d_x"]), chosen, np.array(arrays["score"]))


def integrated_gradients(
    net: Network, x: Any, output: Any = None, *, baseline: Any = 0.0, tolerance: float = 1e-7
) -> Attribution:
    """Share out an output among the inputs: the integral of d(output)/dx along the line from a baseline to x.

    Sundararajan, Taly and Yan 2017. The parts add up to what the output differs by (completeness); that is checked on
    every piece of the line, and pieces are halved until it holds.

    Parameters
    ----------
    x : inputs, shape (rows, inputs) or (inputs,).
    output : which output, one or one for each row; default the largest of each row.
    baseline : what the inputs are compared with: a number (default 0), or an array of shape (inputs,) or
        (rows, inputs).
    tolerance : how large the error of a whole row may be, in units of its output where that is above 1.

    Calculated in float64, whatever the network's own precision, in which a sum of 64 parts could not be complete to
    1e-6. Where the output jumps, as one with ``sign`` in it does, and at the codes of `Columns`, the derivative does
    not know, and the parts are not complete: see `Attribution.defect`; its text says so too. Raises `InputError` for
    what does not fit, and where the output or a derivative is not a finite number.

    >>> import chainrule as cr
    >>> net = cr.Network(2, [cr.Dense(3, "relu"), cr.Dense(1, "sigmoid")], loss="binary_cross_entropy", seed=3)
    >>> parts = integrated_gradients(net, [[0.5, -2.0], [3.0, 1.0]])
    >>> parts.values.shape, parts.is_complete(1e-6)
    ((2, 2), True)
    """
    inputs = asking.as_sample(net, x)
    check_number("tolerance", tolerance, above=0)
    begin = as_numbers("baseline", baseline, np.float64)
    if begin.shape not in ((), (net.inputs,), inputs.shape):
        raise InputError(f"baseline must be a number, or of shape ({net.inputs},) or {inputs.shape}, not {begin.shape}")
    begin = np.array(np.broadcast_to(begin, inputs.shape))
    chosen, pick = _pick(net, inputs, output)
    runner = Runner(net, output_program(net))

    def evaluate(points: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        arrays = runner.run(x=points, pick=pick[rows])
        _check_finite(arrays["score"], arrays["d_x"], rows, "on the way from the baseline")
        return arrays["score"], arrays["d_x"]

    with one_thread():
        values, difference = integrate(evaluate, begin, inputs, tolerance)
        size = np.abs([evaluate(point, np.arange(len(inputs)))[0] for point in (begin, inputs)]).max(axis=0)
        allowed = tolerance * np.maximum(1, size)
    return Attribution(values, begin, chosen, difference, allowed)


def _check_finite(score: FloatArray, slopes: FloatArray, rows: IntArray, where: str) -> None:
    """Raise `InputError` for an output or a derivative that is not a finite number."""
    for what, finite in (("output", np.isfinite(score)), ("derivative", np.isfinite(slopes).all(axis=1))):
        if not finite.all():
            raise InputError(f"the {what} of row {rows[np.argmax(~finite)]} is not a finite number {where}")


def _pick(net: Network, x: FloatArray, output: Any) -> tuple[IntArray, FloatArray]:
    """Return which output is asked about in each row, and the same as rows of 0 and a 1."""
    if output is None:
        chosen = np.asarray(net.predict(x).argmax(axis=1), dtype=np.int64)
    else:
        given = asking.as_array("output", output)
        if given.dtype.kind not in "iu" or given.shape not in ((), (len(x),)):
            raise InputError(f"output must be the number of one, or one for each of {len(x)} rows, not {shown(output)}")
        if (given < 0).any() or (given >= net.outputs).any():
            wrong = given[(given < 0) | (given >= net.outputs)].flat[0]
            raise InputError(f"output must be from 0 to {net.outputs - 1}, not {wrong}")
        chosen = np.array(np.broadcast_to(given, len(x)), dtype=np.int64)
    return chosen, np.eye(net.outputs)[chosen]


def _score(net: Network) -> str:
    """Return the name of the last layer's weighted input, or of its output where it has no activation."""
    defined = {eq.target.name: eq for eq in net.program(cost=False).equations}
    if getattr(net.architecture.layers[-1], "activation", None) is None:
        return OUTPUT
    weighted = [name for name, role in net.architecture.unit_roles.items() if role == "input" and name in defined]
    return weighted[-1] if weighted else OUTPUT
