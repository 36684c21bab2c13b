"""A network: layers and a loss, put together as one program, with its parameters in one flat vector."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.architecture import COST, Architecture
from chainrule.builder import OUTPUT, Parameter
from chainrule.data import FloatArray, as_inputs, as_numbers, as_targets, as_weights
from chainrule.derive import gradient_name
from chainrule.draws import dropout_mask
from chainrule.errors import InputError, shown, unknown
from chainrule.layers import AnyLayer, layer_from
from chainrule.losses import PENALTIES, Loss, Penalty, Reduction
from chainrule.program import Program
from chainrule.ranges import as_seed, whole
from chainrule.tally import mean_cost

if TYPE_CHECKING:
    from chainrule.engines.choice import RunChoice
    from chainrule.engines.reference import Plan
    from chainrule.engines.running import CompiledRun
    from chainrule.explain import Document
    from chainrule.history import History
    from chainrule.methods import Method
    from chainrule.optimizers import Optimizer
    from chainrule.settings import Callback

_MOST_PARAMETERS = 2**31
Views = Mapping[str, FloatArray]


class Network:
    """A feed-forward network of any depth.

    Parameters
    ----------
    inputs : number of values in one sample.
    layers : from the input to the output.
    loss : name, `Loss`, or its configuration. Default "half_squared_error".
    penalties : `L1` and `L2` terms added to the cost.
    reduction : "mean" or "sum" of the samples' costs.
    dtype : "float32" (default) or "float64".
    seed : of the start values, the order of batches and dropout.

    Raises `InputError` (or `FormulaError`) where sizes, names or formulas do not fit.

    >>> from chainrule import Dense
    >>> net = Network(2, [Dense(2, "sigmoid"), Dense(1, "sigmoid")], dtype="float64")
    >>> {name: value.shape for name, value in net.parameters.items()}
    {'w1': (2, 2), 'b1': (2,), 'w2': (2, 1), 'b2': (1,)}
    >>> net.predict([[0.0, 1.0]]).shape
    (1, 1)
    """

    def __init__(
        self,
        inputs: int,
        layers: Sequence[AnyLayer],
        loss: Loss | str | Mapping[str, Any] = "half_squared_error",
        *,
        penalties: Sequence[Penalty] = (),
        reduction: Reduction = "mean",
        dtype: npt.DTypeLike = "float32",
        seed: int = 0,
    ):
        self._set_up(Architecture(inputs, layers, loss, penalties, reduction), dtype, seed)
        self.initialize()

    # What it says

    @property
    def inputs(self) -> int:
        """The number of values in one sample."""
        return self.architecture.inputs

    @property
    def outputs(self) -> int:
        """The number of values that it computes for one sample."""
        return self.architecture.outputs

    def program(self, wrt: Iterable[str] = (), **choice: Any) -> Program:
        """Return the equations of the network; see `Architecture.program` for what to choose."""
        return self.architecture.program(wrt, **choice)

    def describe(self, optimizer: Optimizer | str) -> str:
        """Return the equations of one step of training with `optimizer`: forward, backward, update."""
        from chainrule.optimizers import as_optimizer

        shapes = ", ".join(f"{name} {value.shape}" for name, value in self.parameters.items())
        equations = self.architecture.describe(as_optimizer(optimizer))
        return f"{self!r}: {self.vector.size} parameters, {shapes}\n\n{equations}"

    def __str__(self) -> str:
        """Return the equations, with the updates of the last training, or plain gradient descent before it."""
        return self.describe(self.optimizer or "gradient_descent")

    def __repr__(self) -> str:
        return f"Network({self.architecture.sizes}, loss={self.architecture.loss.name!r}, dtype={self.dtype.name!r})"

    def source(self, optimizer: Optimizer | str | None = None) -> str:
        """Return the program that the compiled engine makes for training with `optimizer`, by default the last one.

        It is Python in form, for this network alone; each line that computes ends in the equation that it
        came from. After a
        training with one or two rows it is the program for just so many.
        """
        from chainrule.engines.compiled import module_of

        return module_of(self, self._optimizer(optimizer)).source

    def summary(self, batch_size: int = 32, optimizer: Optimizer | str | None = None) -> str:
        """Return the layers with their parameters, and the memory that training with `batch_size` takes.

        >>> from chainrule import Dense
        >>> print(Network(4, [Dense(16, "relu"), Dense(3)]).summary())
        Network(4-16-3, loss='half_squared_error', dtype='float32')
        layer 1: w1 (4, 16), b1 (16,): 80 parameters
        layer 2: w2 (16, 3), b2 (3,): 51 parameters
        131 parameters in 524 bytes; training with Adam in batches of 32 takes 4.7 kB beside them and the data
        """
        from chainrule.engines.summary import summary_of

        return summary_of(self, whole("batch_size", batch_size), self._optimizer(optimizer))

    def _optimizer(self, given: Optimizer | str | None) -> Optimizer:
        from chainrule.optimizers import as_optimizer

        return as_optimizer(given or self.optimizer)

    @property
    def config(self) -> dict[str, Any]:
        """What makes the network again, without its weights, as JSON can hold it."""
        return {**self.architecture.config, "dtype": self.dtype.name, "seed": self.seed}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Network:
        """Make a network of its configuration, with fresh start values; raises `InputError` if it is not one."""
        net = cls.__new__(cls)
        net._set_up(cls.architecture_from(config), config.get("dtype", "float32"), config.get("seed", 0))
        net.initialize()
        return net

    @staticmethod
    def architecture_from(config: Mapping[str, Any]) -> Architecture:
        """Return what a configuration says, without any numbers: no array is made."""
        try:
            given = {name: value for name, value in config.items() if name not in ("dtype", "seed")}
            layers = [layer_from(layer) for layer in given.pop("layers")]
            penalties = [PENALTIES[name](strength) for name, strength in given.pop("penalties", [])]
            return Architecture(layers=layers, penalties=penalties, **given)
        except InputError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise InputError(f"not the configuration of a network: {shown(error)}") from None

    def _set_up(self, architecture: Architecture, dtype: npt.DTypeLike, seed: int) -> None:
        self.architecture = architecture
        self.dtype = _as_dtype(dtype)
        self.seed = as_seed(seed)
        self.optimizer: Optimizer | None = None  # of the last training
        self.few_rows = 0  # of the data of the last compiled training, if its program is for just so few
        self.engine = "reference"  # what trained it last
        self._plans: dict[Any, Plan] = {}
        self._runs: dict[Any, RunChoice] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs; plans are made anew, and views are cut from its own vector."""
        kept = ("architecture", "dtype", "seed", "optimizer", "engine", "vector", "_states")
        return {name: self.__dict__[name] for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._plans, self._runs = {}, {}
        self._cut_views()

    # Its numbers

    def initialize(self, seed: int | None = None) -> None:
        """Draw all parameters anew, from `seed` or the network's own; running means start over."""
        seed = self.seed if seed is None else as_seed(seed)
        length = sum(map(self._length, self.architecture.parameters))
        if length > _MOST_PARAMETERS:
            raise InputError(f"a network of {length:,} parameters does not fit in memory; at most {_MOST_PARAMETERS:,}")
        self.vector = np.zeros(length, self.dtype)
        self._cut_views()
        for number, parameter in enumerate(self.architecture.parameters):
            name, shape = parameter.ref.name, self.architecture.shape_of(parameter.ref)
            values = parameter.init.draw(np.random.default_rng([seed, number]), shape)
            self._parameters[name][...] = as_numbers(f"the start of {name}", values, self.dtype)
        unused = np.random.default_rng(0)  # running means start from constants
        self._states: dict[str, FloatArray] = {
            state.ref.name: state.init.draw(unused, self.architecture.shape_of(state.ref)).astype(self.dtype)
            for state in self.architecture.running
        }

    def twin(self, seed: int) -> Network:
        """Return a network of the same equations whose parameters are drawn from another seed."""
        twin = type(self).__new__(type(self))
        twin._set_up(self.architecture, self.dtype, seed)
        twin.initialize()
        return twin

    def _cut_views(self) -> None:
        """Give each parameter its part of the vector."""
        self._parameters: dict[str, FloatArray] = {}
        start = 0
        for parameter in self.architecture.parameters:
            stop = start + self._length(parameter)
            shape = self.architecture.shape_of(parameter.ref)
            self._parameters[parameter.ref.name] = self.vector[start:stop].reshape(shape)
            start = stop

    def _length(self, parameter: Parameter) -> int:
        return math.prod(self.architecture.shape_of(parameter.ref))

    @property
    def parameters(self) -> Mapping[str, FloatArray]:
        """The parameters by name: views of `vector`, so that writing into one changes the network."""
        return MappingProxyType(self._parameters)

    @property
    def states(self) -> Mapping[str, FloatArray]:
        """The running means and variances by name."""
        return MappingProxyType(self._states)

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """Set some parameters by name; raises `InputError` for an unknown name or a shape that does not fit."""
        _assign("parameter", self.parameters, values, self.dtype)

    def set_states(self, values: Mapping[str, Any]) -> None:
        """Set running means and variances by name."""
        _assign("state", self.states, values, self.dtype)

    def save(self, path: str | Path) -> None:
        """Write the network to a file, from which ``chainrule.load(path).net`` has it again, to the bit.

        A file that is there is replaced as a whole. Raises `InputError` if the file cannot be written.
        """
        from chainrule.models import save

        save(path, self)

    # What it computes

    def predict(self, x: Any) -> FloatArray:
        """Return the outputs, shape (batch, outputs), for inputs of shape (batch, inputs).

        By the engine that trained the network last, or by the compiled one where the work is worth it.
        """
        given = {"x": as_inputs(x, self.inputs, self.dtype)}
        if run := self._compiled(len(given["x"]), OUTPUT, cost=False):
            result: FloatArray = run.run(given)
            return result
        return np.array(self._run(given, cost=False)[OUTPUT])

    def loss(self, x: Any, t: Any, sample_weight: Any = None) -> float:
        """Return the cost of a batch, penalties included."""
        return self.cost(self.given(x, t, sample_weight))

    def gradients(
        self,
        x: Any,
        t: Any,
        sample_weight: Any = None,
        *,
        inputs: bool = False,
        training: bool = False,
        step: int = 1,
    ) -> dict[str, FloatArray]:
        """Return dE/d(parameter) by name, frozen ones too, with the shapes of `parameters`.

        With `inputs` also dE/dx as ``"x"``, shape (batch, inputs). With `training` as in the training's
        update number `step`: with that step's dropout and the batch's own statistics.
        """
        names = [*self.parameters, *(["x"] if inputs else [])]
        given = self.given(x, t, sample_weight, step=whole("step", step) if training else None)
        arrays = self._run(given, wrt=tuple(names), training=training)
        return {name: np.array(arrays[gradient_name(name)]) for name in names}

    def values(
        self, x: Any, t: Any, sample_weight: Any = None, *, training: bool = False, step: int = 1
    ) -> dict[str, Any]:
        """Return every array of the forward and the backward pass by name, from ``z1`` to ``d_x``."""
        given = self.given(x, t, sample_weight, step=whole("step", step) if training else None)
        arrays = self._run(given, wrt=(*self.parameters, "x"), training=training)
        return {name: np.array(value) for name, value in arrays.items() if name != "N"}

    def _run(self, given: dict[str, Any], **choice: Any) -> dict[str, Any]:
        """Run one of the network's programs on checked inputs, leaving the states alone."""
        given.setdefault("N", len(given["x"]))
        states = {name: value.copy() for name, value in self.states.items()}
        plan = self._plan(weighted="s" in given, **choice)
        with np.errstate(all="ignore"):
            return dict(plan.run({**given, **self.parameters, **states}))

    def _compiled(self, rows: int, result: str, **choice: Any) -> CompiledRun | None:
        """Return what computes an array of each row on the compiled engine, or None where the reference engine does."""
        key = (result, *sorted(choice.items()))
        if key not in self._runs:
            from chainrule.engines.choice import RunChoice

            self._runs[key] = RunChoice(self, self.program(**choice), result)
        return self._runs[key].run_for(rows)

    def _plan(self, **choice: Any) -> Plan:
        """Return the plan of one of the network's programs, made once."""
        from chainrule.engines.reference import Plan

        key = tuple(sorted(choice.items()))
        if key not in self._plans:
            self._plans[key] = Plan(self.program(**choice))
        return self._plans[key]

    def given(self, x: Any, t: Any, sample_weight: Any = None, *, step: int | None = None) -> dict[str, Any]:
        """Return the checked inputs of a run: ``x``, ``t``, ``s`` where given, ``N``; masks of a training `step`."""
        arrays: dict[str, Any] = {"x": as_inputs(x, self.inputs, self.dtype)}
        rows = len(arrays["x"])
        arrays["t"] = as_targets(t, self.architecture.loss.targets, rows, self.outputs, self.dtype)
        if sample_weight is not None:
            arrays["s"] = as_weights(sample_weight, rows, self.dtype)
        if step is not None:
            self.draw_masks(arrays, step, self.seed)
        return {**arrays, "N": rows}

    def draw_masks(self, arrays: dict[str, Any], step: int, seed: int) -> None:
        """Put the dropout masks of one update into the inputs of a run."""
        for number, (mask, rate) in enumerate(self.architecture.masks, start=1):
            shape = (len(arrays["x"]), *self.architecture.shape_of(mask))
            arrays[mask.name] = dropout_mask(seed, step, number, shape, rate, self.dtype)

    def cost(self, given: dict[str, Any], *, penalties: bool = True) -> float:
        """Return the cost of checked inputs as `given` makes them."""
        if not penalties and (run := self._compiled(given["N"], "c", weighted="s" in given, penalties=False)):
            return mean_cost(run.run(given), given.get("s"), self.architecture.reduction == "sum")
        return float(self._run(given, penalties=penalties)[COST])

    # What others do with it

    def explain(
        self,
        x: Any,
        t: Any,
        *,
        optimizer: Optimizer | str | None = None,
        steps: int = 1,
        focus: str | None = None,
        language: str = "en",
        style: str = "scalar",
        bias: str = "separate",
        digits: int | None = None,
        names: str | Mapping[str, str] = "indices",
        sample_weight: Any = None,
        training: bool = False,
    ) -> Document:
        """Return the worked example of training on a batch: every number, and how it is calculated.

        Parameters
        ----------
        x, t, sample_weight : a batch as for `fit`; all of it is one update.
        optimizer : such as `GradientDescent(0.5)`; default the one of the last training, or `Adam()`.
        steps : how many updates, one after the other.
        focus : an element such as "w1[0,2]" or "a1[0,1]" (counted from 0): just what it needs. Without it a network
            of more than some 400 steps shows what the weight with the largest derivative needs.
        language : "en" or "zh".
        style : "scalar", a step for each number, or "matrix", a step for each array.
        bias : "separate", or "ones": in matrices, as the weight of a constant input 1.
        digits : decimals; default 9 for float64 and 6 for float32. The calculation itself is in float64.
        names : "indices" as in the equations (`w1[0,2]`), "net/out", "z/a" or "x/y" with numbered weights (`w5`, for
            networks of Dense layers), or a mapping from elements to names.
        training : with dropout and the batch's own statistics, as a training step has them.

        The network is left as it is. Raises `InputError` for what does not fit.

        >>> from chainrule import Dense, GradientDescent
        >>> net = Network(1, [Dense(1, "sigmoid")], dtype="float64")
        >>> net.set_parameters({"w1": [[0.3]], "b1": [0.5]})
        >>> document = net.explain([[1.0]], [[0.0]], optimizer=GradientDescent(0.5), digits=4)
        >>> [(str(step.target), round(step.value, 4)) for step in document.steps][:2]
        [('z1[0,0]', 0.8), ('y[0,0]', 0.69)]
        """
        from chainrule.explain import explain

        return explain(
            self,
            x,
            t,
            optimizer=optimizer,
            steps=steps,
            focus=focus,
            language=language,
            style=style,
            bias=bias,
            digits=digits,
            names=names,
            sample_weight=sample_weight,
            training=training,
        )

    def fit(
        self,
        x: Any,
        t: Any,
        *,
        optimizer: Optimizer | str | None = None,
        epochs: int = 100,
        batch_size: int | None = 32,
        shuffle: bool = True,
        seed: int | None = None,
        sample_weight: Any = None,
        validation: tuple[Any, Any] | None = None,
        validation_fraction: float | None = None,
        early_stopping: int | None = None,
        stop_cost: float | None = None,
        stop_gradient: float | None = None,
        stop_seconds: float | None = None,
        callbacks: Callback | Sequence[Callback] = (),
        log: str | Path | None = None,
        log_rows: int | None = None,
        log_every: int | None = None,
        log_values: Sequence[str] | None = None,
        progress: bool | None = None,
        engine: str = "auto",
        threads: int | None = None,
        restarts: int = 1,
        checkpoint: str | Path | None = None,
        resume: str | Path | None = None,
        checkpoint_seconds: float | None = 60.0,
        checkpoint_epochs: int | None = None,
        method: Method | str = "backpropagation",
    ) -> History:
        """Train from the network's present parameters, with a fresh optimiser, and return the history.

        Parameters
        ----------
        x, t : inputs (batch, inputs) and targets (batch, outputs); (batch,) for one output, or labels.
        optimizer : such as `GradientDescent(0.5)`, or a name for its default settings. Default `Adam()`.
        epochs : times that all samples are shown.
        batch_size : samples in one update, default 32; None for all. The last, smaller batch is kept.
        shuffle : whether each epoch takes the samples in a new order, drawn from the seed.
        seed : of the order, the validation part and dropout; the network's own if left out.
        sample_weight : weight of each sample, shape (batch,); 2 counts as the sample given twice.
        validation : inputs and targets to watch, or `validation_fraction`, a part of the samples set aside.
        early_stopping : end after so many epochs without a lower validation cost, and give back the parameters
            of the best. Without a validation set it watches the training cost.
        stop_cost, stop_gradient, stop_seconds : end when an epoch's cost is at most this, when the gradient's
            norm is at most this, or after this time.
        callbacks : called as ``callback(net, history)`` after each epoch on record; True ends training.
        log : CSV file for the records; `log_rows` (about so many) or `log_every` choose the epochs, which are
            also those of the history; `log_values` chooses columns, names of arrays among them.
        progress : a bar on standard error; by default only if that is a terminal.
        engine : "reference" (NumPy, step by step), "compiled" (machine code made for this network), or "auto",
            which decides by the work ahead; the history says what it chose and why.
        threads : at most so many share the work of the compiled engine, by default as many as there are cores.
            The results are the same to the last bit for any number.
        restarts : train so many times, from the present parameters and from others drawn from the following seeds,
            and keep the best (by the validation data, or else the training data); the history reports all `starts`.
        checkpoint : a new file into which the training is written while it runs, each `checkpoint_seconds` (default
            60), where the number of epochs is a multiple of `checkpoint_epochs`, and at its end.
        resume : such a file, to go on with its training: with the same arrays and settings, or more epochs. It ends
            with the bits that it would have had if nothing had interrupted it.
        method : "backpropagation", or a rival of it by name or with its settings, such as
            `chainrule.methods.Perturbation(size=0.1)`. Those without a gradient take no optimiser.

        A key press of Ctrl-C ends training and keeps what was learned. Raises `InputError` for arrays and
        settings that do not fit, `TrainingError` as soon as the cost is no longer a finite number.

        >>> import chainrule as cr
        >>> net = cr.Network(1, [cr.Dense(1, "sigmoid")], dtype="float64")
        >>> net.set_parameters({"w1": [[0.3]], "b1": [0.5]})
        >>> history = net.fit([[1.0]], [[0.0]], optimizer=cr.GradientDescent(0.5), epochs=1, batch_size=None)
        >>> round(net.parameters["w1"].item(), 4)
        0.2262
        """
        from chainrule.methods import as_method
        from chainrule.optimizers import as_optimizer
        from chainrule.settings import Settings
        from chainrule.training import fit

        chosen = as_method(method)
        chosen.check_optimizer(optimizer)
        update, self.few_rows = as_optimizer(optimizer), 0
        if chosen.has_gradient:
            self.optimizer = update
        settings = Settings(
            epochs=epochs,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=self.seed if seed is None else seed,
            early_stopping=early_stopping,
            stop_cost=stop_cost,
            stop_gradient=stop_gradient,
            stop_seconds=stop_seconds,
            callbacks=callbacks if isinstance(callbacks, Sequence) else (callbacks,),
            log=log,
            log_rows=log_rows,
            log_every=log_every,
            log_values=log_values,
            progress=progress,
            engine=engine,
            threads=threads,
            restarts=restarts,
            checkpoint=checkpoint,
            resume=resume,
            checkpoint_seconds=checkpoint_seconds,
            checkpoint_epochs=checkpoint_epochs,
            method=chosen,
        )
        return fit(
            self,
            x,
            t,
            update,
            settings,
            sample_weight=sample_weight,
            validation=validation,
            validation_fraction=validation_fraction,
        )


def _as_dtype(given: npt.DTypeLike) -> np.dtype[Any]:
    known = {np.dtype(name): name for name in ("float32", "float64")}
    try:
        dtype = np.dtype(given)
    except (TypeError, ValueError):
        dtype = None
    if dtype not in known or given is None:
        raise unknown("dtype", given, known.values())
    return dtype


def _assign(kind: str, views: Views, values: Mapping[str, Any], dtype: npt.DTypeLike) -> None:
    arrays = {}
    if not isinstance(values, Mapping):
        raise InputError(f"{kind}s are given by name, as in {{'{next(iter(views), 'w1')}': array}}, not as {values!r}")
    for name, value in values.items():
        if not isinstance(name, str) or name not in views:
            raise unknown(kind, name, views)
        arrays[name] = as_numbers(name, value, dtype)
        if arrays[name].shape != views[name].shape:
            raise InputError(f"{name} must have shape {views[name].shape}, not {arrays[name].shape}")
    for name, array in arrays.items():
        views[name][...] = array
