"""The compiled engine: whole epochs of a training as machine code made for its network."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.builder import BATCH, OUTPUT
from chainrule.derive import gradient_name
from chainrule.draws import shuffled
from chainrule.engines import buffers, machine
from chainrule.engines.block import Block
from chainrule.engines.codegen import Module, generate
from chainrule.engines.layout import RUNNING, Layout
from chainrule.engines.processor import available_cores
from chainrule.engines.standing import Array, NotFiniteError, Row, Standing, Training, place_of
from chainrule.engines.stepping import SteppingEngine
from chainrule.engines.template import DATA_SUM, HELD, NOT_FINITE, PLACE, PLAN, REACHED, RECORD, TALLY, Wish
from chainrule.equations import Equation, Expr, Ref, ref, total
from chainrule.schedules import Constant, as_schedule

if TYPE_CHECKING:
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer
    from chainrule.program import Program

# Steps of a first call, and of the rates worked out for one call.
_FIRST_STEPS, _MOST_STEPS = 64, 1 << 20
_MOST_RATES = 4096
# Data of so few rows in one batch have a module of their own, without loops over rows (docs/log.md).
_FEW_ROWS = 2
# Rows on record that one call may leave.
_RECORDS = 1002


def training_module(
    net: Network, program: Program, optimizer: Optimizer, logged: Sequence[str] = (), rows: int = 0
) -> Module:
    """Return the generated module of a training; `rows`, if not 0, is how many rows the data have, in one batch."""

    def make() -> tuple[Program, Module]:
        return program, _training_module(net, program, optimizer, logged, rows)

    # The program is kept beside it, so that no other one gets its identity.
    return net.architecture.remembered(("module", id(program), net.dtype.name, tuple(logged), rows), make)[1]


def _training_module(net: Network, program: Program, optimizer: Optimizer, logged: Sequence[str], rows: int) -> Module:
    architecture = net.architecture
    parameters = tuple(parameter.ref for parameter in architecture.parameters)
    vectors = {"parameters": parameters, "gradients": tuple(Ref(gradient_name(r.name), r.indices) for r in parameters)}
    for name in optimizer.state:
        vectors[f"state_{name}"] = tuple(Ref(f"{name}_{r.name}", r.indices) for r in parameters)
    if architecture.running:
        vectors[RUNNING] = tuple(parameter.ref for parameter in architecture.running)
    made = {equation.target.name for equation in program.equations if not equation.update}
    keep = tuple(dict.fromkeys([OUTPUT, *(name for name in logged if name in made)]))
    summed = architecture.reduction == "sum"
    if summed:
        program = replace(program, equations=(*program.equations, _sum_of_costs(program)))
    masks = {mask.name: rate for mask, rate in architecture.masks}
    return generate(program, Layout(vectors), Wish(buffers.precision(net), keep, masks, summed, rows=rows))


def module_of(net: Network, optimizer: Optimizer) -> Module:
    """Return the generated module of training a network without sample weights."""
    names = [parameter.ref.name for parameter in net.architecture.trainable]
    program = net.program(names, training=True, optimizer=optimizer)
    return training_module(net, program, optimizer, rows=net.few_rows)


def _sum_of_costs(program: Program) -> Equation:
    cost: Expr = ref("c", BATCH)
    if any(given.name == "s" for given in program.inputs):
        cost = ref("s", BATCH) * cost
    return Equation(Ref(DATA_SUM), total(BATCH, cost), origin="the cost of an epoch")


class CompiledEngine:
    """Trains by calls of machine code, each for a limited number of steps."""

    name = "compiled"

    def __init__(self, training: Training):
        self.training, self.net = training, training.net
        net, settings, data = training.net, training.settings, training.data
        rows, batch = data["N"], training.batch_size
        net.few_rows = rows if rows <= min(batch, _FEW_ROWS) else 0
        module = training_module(net, training.program, training.optimizer, training.logged, net.few_rows)
        self.module, self.standing = module, Standing()
        self.threads = min(settings.threads or available_cores(), buffers.groups(batch) if module.is_sliced else 1)
        memory = module.memory
        self.place, self.tally = np.zeros(len(PLACE), np.int64), np.zeros(len(TALLY))
        self.rates, self.constant_rates = self._rates(0, 1), _has_constant_rates(training.optimizer)
        layers = self._layers()
        self.plan = np.zeros(len(PLAN), np.int64)
        self.records = np.zeros((_RECORDS, len(RECORD) + len(training.layers)))
        values: dict[str, Any] = {
            **{f"{name}_given": array for name, array in data.items() if name != "N"},
            **buffers.arrays(net, module, training.optimizer, batch),
            **{index.upper(): size for index, size in memory.sizes.items()},
            "parameters": net.vector,
            "own_length": buffers.own_length(module, batch),
            "numbers": np.zeros(len(memory.numbers)),
            "rows": rows,
            "order": np.zeros(rows, np.int64),
            "schedule": self.rates,
            "schedule_rows": len(self.rates),
            "plan": self.plan,
            "place": self.place,
            "tally": self.tally,
            "stop_cost": -math.inf if settings.stop_cost is None else float(settings.stop_cost),
            "layers": layers,
            "layer_parts": len(layers),
            "layer_count": len(training.layers),
            "records": self.records,
            "meeting": np.zeros(8, np.int64),
            "yielding": machine.yielding(),
            "threads": self.threads,
        }
        self.block = Block(module, values)
        self._plan_ahead(batch)
        self.steps_a_call = _FIRST_STEPS
        self.pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None
        self._give_states()
        self.kept = self._snapshot()
        self.epoch_began: dict[str, Any] | None = None

    def _vector_names(self) -> list[str]:
        return ["gradients", *(f"state_{name}" for name in self.training.optimizer.state)]

    def _plan_ahead(self, batch: int) -> None:
        settings, rows = self.training.settings, self.training.data["N"]
        self._set_plan(
            batch=batch,
            most_slices=buffers.slices(batch),
            most_groups=buffers.groups(batch),
            every=self.training.records.every,
            last_epoch=settings.epochs - 1,
            shuffled=settings.shuffle and batch < rows,
            seed=settings.seed,
            measured=settings.stop_cost is not None or settings.stop_seconds is not None,
        )

    def _set_plan(self, **values: int) -> None:
        for name, value in values.items():
            self.plan[PLAN.index(name)] = value

    def _layers(self) -> Any:
        """Return where each layer's trained parameters stand in the flat vectors: (its number, start, stop)."""
        numbers = {name: k for k, names in enumerate(self.training.layers.values()) for name in names}
        rows, start = [], 0
        for name, value in self.net.parameters.items():
            if name in numbers:
                rows.append((numbers[name], start, start + value.size))
            start += value.size
        return np.array(rows, np.int64).reshape(-1, 3)

    def _rates(self, step: int, count: int) -> Any:
        """Return the numbers that the optimiser is given at each step from one on."""
        training, scalars = self.training, self.module.memory.scalars
        given = [training.optimizer.scalars(step + 1 + k, training.total_steps) for k in range(count)]
        return np.array([[numbers[name] for name in scalars] for numbers in given])

    # Training

    def advance(self, until: int, *, hold: bool = False, finish: bool = False, seconds: float = math.inf) -> list[Row]:
        """Train; `chainrule.engines.standing.Engine` says until when."""
        deadline = time.perf_counter() + seconds
        if not self.standing.held and self.standing.start == 0:
            self._keep()
        rows: list[Row] = []
        until = min(until, self._most_epochs(self.standing.epoch))
        while True:
            began, steps = time.perf_counter(), self.standing.step
            status = self._call(until, hold, finish)
            rows += self._rows()
            now, done = time.perf_counter(), self.standing.step - steps
            if status == NOT_FINITE:
                raise NotFiniteError
            if status in (HELD, REACHED) or finish or self.standing.epoch >= until:
                break
            left = min(deadline - now, 0.1)
            if left <= 0:
                break
            wanted = done * left / max(now - began, 1e-7)
            self.steps_a_call = int(min(max(1, wanted), 8 * self.steps_a_call, _MOST_STEPS))
        if not self._is_finite():
            raise NotFiniteError
        return rows

    def _call(self, until: int, hold: bool, finish: bool) -> int:
        standing, steps = self.standing, 1 if finish else self.steps_a_call
        if not self.constant_rates and not standing.held:
            steps = min(steps, _MOST_RATES)
            self.rates = self._rates(standing.step, steps)
            self.block.set("schedule", self.rates)
            self.block.set("schedule_rows", len(self.rates))
        limit = standing.step + steps + standing.held
        self._set_plan(until=until, limit=limit, hold=hold, finish=finish)
        self._give_states()
        self._run()
        self._take_states()
        return self._note_place()

    def _note_place(self) -> int:
        """Take over where the program stands; return why it came back."""
        standing, place = self.standing, dict(zip(PLACE, self.place.tolist(), strict=True))
        standing.epoch, standing.start, standing.step = place["epoch"], place["start"], place["step"]
        standing.held, standing.reached = bool(place["held"]), place["status"] == REACHED
        standing.cost = self._cost()
        return place["status"]

    def _cost(self) -> float:
        cost, weight, penalty, _ = self.tally.tolist()
        if not weight:
            return math.nan
        return cost + penalty / weight if self.net.architecture.reduction == "sum" else cost / weight

    def _run(self) -> None:
        self.block.values["meeting"][:] = 0
        if self.pool is None:
            self.block.call()
            return
        # All in the pool: a key press of Ctrl-C reaches the main thread alone, between any two of its lines.
        futures: list[Future[None]] = []
        try:
            self.pool.submit(self._start, futures).result()
        finally:
            for future in futures:
                future.result()

    def _start(self, futures: list[Future[None]]) -> None:
        assert self.pool
        futures.extend(self.pool.submit(self.block.call, thread) for thread in range(1, self.threads))
        self.block.call()

    def _give_states(self) -> None:
        if self.net.states:
            self.block.values[RUNNING][:] = buffers.running(self.net)

    def _take_states(self) -> None:
        start = 0
        for state in self.net.states.values():
            state[...] = self.block.values[RUNNING][start : start + state.size].reshape(state.shape)
            start += state.size

    def _rows(self) -> list[Row]:
        count = int(self.place[PLACE.index("rows_recorded")])
        self.place[PLACE.index("rows_recorded")] = 0
        names = [*RECORD, *(f"gradient_norm_{layer}" for layer in self.training.layers)]
        rows = [dict(zip(names, values, strict=True)) for values in self.records[:count].tolist()]
        return [{**row, "epoch": int(row["epoch"])} for row in rows]

    @property
    def arrays(self) -> Mapping[str, Any]:
        """The arrays of the last step by name, as far as the log asks for them."""
        found: dict[str, Any] = {**self.net.parameters, **self.net.states}
        rows = min(self.training.batch_size, self.training.data["N"] - self.standing.start)
        for vector in self._vector_names():
            start = 0
            for name, value in self.net.parameters.items():
                known = gradient_name(name) if vector == "gradients" else f"{vector.removeprefix('state_')}_{name}"
                found[known] = self.block.values[vector][start : start + value.size].reshape(value.shape)
                start += value.size
        memory = self.module.memory
        for array, start in zip(memory.work, memory.work_offsets(self.training.batch_size), strict=True):
            shape = [memory.extent(index, rows) for index in array.index_names]
            found[array.name] = self.block.values["work"][start : start + math.prod(shape)].reshape(shape)
        found.update(zip(memory.numbers, self.block.values["numbers"], strict=True))
        suffix = "_batch" if self.plan[PLAN.index("shuffled")] else "_given"
        for name in self.training.data:
            if name != "N":
                data = self.block.values[name + suffix]
                found[name] = data[self.standing.start :][:rows] if suffix == "_given" else data[:rows]
        for mask, _ in self.net.architecture.masks:
            found[mask.name] = self.block.values[f"{mask.name}_batch"][:rows]
        return found

    def resume(self, step: int, states: Mapping[str, Any]) -> None:
        """Go on where a training of the same network ended: after so many updates, with its optimiser's states."""
        self.standing.step = self.place[PLACE.index("step")] = step
        arrays = self.arrays
        for name, value in states.items():
            arrays[name][...] = value

    def state(self) -> dict[str, Array]:
        """Return copies of what a training needs to go on; `chainrule.engines.standing.Engine` says more."""
        optimizer = {name: self.block.values[name].copy() for name in self._vector_names() if name != "gradients"}
        return {**optimizer, "place": self.place.copy(), "tally": self.tally.copy()}

    def take_up(self, state: Mapping[str, Array]) -> None:
        """Go on from what `state` returned."""
        epoch, start, step, held, recorded, status = state["place"].tolist()
        place_of(self.training, epoch, start, step)
        is_between = not held and not recorded and status in (0, REACHED)
        shapes = [{name: array.shape for name, array in one.items()} for one in (state, self.state())]
        if not is_between or shapes[0] != shapes[1]:
            raise ValueError("not a place between two steps")
        self._give_states()
        self._restore({**state, "standing": self.standing})
        self._note_place()
        if self.standing.start and self.plan[PLAN.index("shuffled")]:
            settings = self.training.settings
            order = shuffled(settings.seed, self.standing.epoch, self.training.data["N"])
            self.block.values["order"][:] = order  # the program draws it where an epoch begins

    # When it goes wrong

    def _is_finite(self) -> bool:
        return bool(np.isfinite(self.net.vector).all() and np.isfinite(self.block.values[RUNNING]).all())

    def _snapshot(self) -> dict[str, Any]:
        """Return copies of all that a step changes."""
        states = [name for name in self._vector_names() if name != "gradients"]
        arrays = {name: self.block.values[name].copy() for name in ("parameters", RUNNING, *states)}
        return {**arrays, "place": self.place.copy(), "tally": self.tally.copy(), "standing": replace(self.standing)}

    def _keep(self) -> None:
        """Write the present state over what was kept, without new memory."""
        for name, kept in self.kept.items():
            if name == "standing":
                continue
            kept[...] = getattr(self, name) if name in ("place", "tally") else self.block.values[name]
        self.kept["standing"] = replace(self.standing)

    def _restore(self, kept: Mapping[str, Any]) -> None:
        for name, value in kept.items():
            if name in ("place", "tally"):
                getattr(self, name)[...] = value
            elif name != "standing":
                self.block.values[name][...] = value
        self.standing = replace(kept["standing"])
        self._take_states()

    def failure(self) -> tuple[str, float]:
        """Return where the step began not to be finite, and its learning rate: the reference engine looks."""
        if not self._is_finite():
            self._go_back()
        reference, arrays = SteppingEngine(self.training), self.arrays
        kept = self._snapshot()
        reference.stand_at(replace(self.standing), arrays)
        found = reference.failure()
        self._restore(kept)
        return found

    def _go_back(self) -> None:
        """Stand before the step that made a parameter infinite: training repeats itself to the bit.

        The step is found by halves; each time the good half is trained once more.
        """
        first, bad = self.kept, self.standing.step + 1
        good = first
        while bad - good["standing"].step > 1:
            self._restore(good)
            middle = (good["standing"].step + bad) // 2
            self._train_to(middle)
            if self._is_finite() and self.standing.step == middle:
                good = self._snapshot()
            else:
                bad = middle
        self._restore(first)
        self._train_to(good["standing"].step - good["standing"].start // self.training.batch_size)
        self.epoch_began = self._snapshot()
        self._restore(good)

    def _train_to(self, step: int) -> None:
        while self.standing.step < step:
            self.steps_a_call = min(_MOST_STEPS, step - self.standing.step)
            until = self._most_epochs(self.standing.epoch)
            if self._call(until, hold=False, finish=False) == NOT_FINITE:
                return

    def _most_epochs(self, epoch: int) -> int:
        """Return until which epoch the records of one call have room."""
        return epoch + (len(self.records) - 2) * self.training.records.every

    def recover(self) -> str:
        """Give the network finite parameters; return which those are."""
        if self.epoch_began is None:
            return "from before this step"
        self._restore(self.epoch_began)
        return "that the epoch began with"

    def close(self) -> None:
        """End the threads."""
        if self.pool:
            self.pool.shutdown()
            self.pool = None


def _has_constant_rates(optimizer: Optimizer) -> bool:
    rates = [optimizer.rate, getattr(optimizer, "bias_rate", None)]
    return all(rate is None or isinstance(as_schedule(rate), Constant) for rate in rates)
