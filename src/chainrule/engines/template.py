"""The loop around a step, the same for all networks: epochs, batches, draws, records, and when to come back.

`place` says where training stands and `tally` what the epoch has added up so far, so that a training can be left after
any step and taken up again. All threads run this loop and come to the same decisions; the first of them writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chainrule.architecture import COST
from chainrule.builder import OUTPUT
from chainrule.engines.layout import Memory
from chainrule.engines.text import Writer, signature
from chainrule.equations import Ref
from chainrule.optimizers import GRADIENT_NORM, RATE, STEP

# What `plan`, `place` and `tally` hold, in order; `chainrule.engines.compiled` writes and reads them by these names.
PLAN = (
    "until",
    "limit",
    "batch",
    "most_slices",
    "most_groups",
    "every",
    "last_epoch",
    "hold",
    "finish",
    "shuffled",
    "seed",
    "measured",
)
PLACE = ("epoch", "start", "step", "held", "rows_recorded", "status")
TALLY = ("cost_sum", "weight_sum", "penalty_sum", "error_sum")
# What a row on record begins with; the norm of each layer's gradient follows.
RECORD = ("epoch", "cost", "error", "rate")
# Why training came back; 0 where it did as many steps as it was to.
HELD, REACHED, NOT_FINITE = 1, 2, 3
# What `train` and `run` are given after the arrays; the number of the thread last.
_TRAIN = ("rows", "order", "schedule", "schedule_rows", "plan", "place", "tally", "stop_cost", "layers", "layer_parts",
         "layer_count", "records", "meeting", "yielding", "threads", "thread")  # fmt: skip
_RUN = (
    "rows",
    "result",
    "result_width",
    "batch",
    "most_slices",
    "most_groups",
    "meeting",
    "yielding",
    "threads",
    "thread",
)
# Where all threads wait for each other.
MEET = "round_ = meet(meeting, threads, round_, yielding)"
DATA_SUM = "data_sum"  # the sum of the samples' costs, by weight


@dataclass(frozen=True)
class Wish:
    """What a module is to do beside the equations.

    `keep` are arrays that must be there after a step beside derivatives, `masks` the rates of dropout by name;
    `summed` says that costs of batches add up instead of being averaged, `result` the array that a run without
    training returns; `rows`, if it is not 0, is how many rows the data have, all in one batch.
    """

    precision: str
    keep: tuple[str, ...] = ()
    masks: Mapping[str, float] = field(default_factory=dict)
    summed: bool = False
    result: str = ""
    rows: int = 0


class Step(Protocol):
    """What a step of one network adds to the loop; `batch_arrays` are its inputs with a value for each row."""

    batch_arrays: list[Ref]
    memory: Memory
    wish: Wish
    is_sliced: bool

    @property
    def kept(self) -> list[str]:
        """The arguments for memory and sizes."""

    def number(self, name: str) -> str:
        """Return how a number of the step is read, as text."""

    def begin(self, out: Writer) -> None:
        """Write what stands before the loop."""

    def compute(self, out: Writer, fill: Callable[[], None]) -> None:
        """Write the forward and the backward pass; `fill` writes how a slice gets its rows."""

    def save(self, out: Writer) -> None:
        """Write what makes the derivatives readable from outside."""

    def update(self, out: Writer) -> None:
        """Write the updates."""

    def end(self, out: Writer) -> None:
        """Write what stands after the loop."""


def write_loop(step: Step, scalars: Sequence[str]) -> list[str]:
    """Return the lines of `train`, or of `run` where the step has no `scalars` and so no updates."""
    return _Loop(step, scalars).write()


class _Loop:
    def __init__(self, step: Step, scalars: Sequence[str]):
        self.step, self.scalars = step, scalars
        arrays = {ref.name: ref for ref in step.batch_arrays}
        self.data = {name: ref for name, ref in arrays.items() if name not in step.wish.masks}
        self.masks = {name: arrays[name] for name in step.wish.masks if name in arrays}
        # One batch of all rows: nothing to shuffle, and a step is an epoch.
        self.is_whole = bool(step.wish.rows)
        self.is_shuffled = bool(scalars) and not self.is_whole
        self.out = Writer()

    def write(self) -> list[str]:
        self.out.lines += ["", ""]
        if self.scalars:
            self._train()
        else:
            self._run()
        return self.out.lines

    def _with_meeting(self, text: str) -> str:
        """Return lines of a template without meetings where there is one thread only."""
        return text if self.step.is_sliced else "\n".join(line for line in text.splitlines() if MEET not in line)

    def _shape(self, ref: Ref) -> str:
        return f"(N, {self.step.memory.width(ref)})" if len(ref.indices) > 1 else "(N,)"

    def _batch(self) -> None:
        """Write where the arrays of the batch at hand are."""
        out = self.out
        for name, ref in self.data.items():
            start = "0" if self.is_whole else f"start * {self.step.memory.width(ref)}"
            out.add(f"{name} = cut({name}_given, {start}, {self._shape(ref)})")
        if self.is_shuffled:
            out.open("if shuffled:")
            for name, ref in self.data.items():
                out.add(f"{name} = cut({name}_batch, 0, {self._shape(ref)})")
            out.close()
        for name, ref in self.masks.items():
            out.add(f"{name} = cut({name}_batch, 0, {self._shape(ref)})")

    def _fill(self) -> None:
        """Write how a slice gets its rows and its masks."""
        out = self.out
        if self.is_shuffled:
            out.open("if shuffled:")
            for name, ref in self.data.items():
                out.add(f"gather({name}_given, order, start, first, last, {self.step.memory.width(ref)}, {name}_batch)")
            out.close()
        for number, (name, ref) in enumerate(self.masks.items(), start=1):
            width, rate = self.step.memory.width(ref), repr(self.step.wish.masks[name])
            out.add(f"at, count = first * {width}, (last - first) * {width}")
            out.add(f"fill_mask(cut({name}_batch, at, (count,)), at, count, seed, step + 1, {number}, {rate})")

    def _train(self) -> None:
        out, scalars = self.out, self.scalars
        out.lines += signature("train", arguments(self.step, training=True))
        out.depth = 1
        for array, names in (("plan", PLAN), ("place", PLACE), ("tally", TALLY)):
            for written, items in _items(array, names):
                out.add(f"{written} = {items}")
        out.block(_START)
        self.step.begin(out)
        out.open("while True:")
        out.block(self._with_meeting(_EPOCH.rstrip() + (_SHUFFLE if self.is_shuffled else "")))
        if self.is_whole:
            out.add(f"N, last_batch = {self.step.wish.rows}, True")
        else:
            out.add("N = min(batch, rows - start)")
            out.add("last_batch = finish or start + N >= rows")
        self._batch()
        out.open("if not held:")
        out.open("if thread == 0:")
        out.add("row = min(step - first_step, schedule_rows - 1)")
        for k, name in enumerate(scalars):
            value = "step + 1" if name == STEP else f"schedule[row * {len(scalars)} + {k}]"
            out.add(f"{self.step.number(name)} = {value}")
        out.close()
        self.step.compute(out, self._fill)
        out.add(f"value = float({self.step.number(COST)})")
        # Compared, since a difference with itself may be taken for 0 where sums are reordered.
        watched = ["value"]
        if GRADIENT_NORM in self.step.memory.numbers:
            out.add(f"length = float({self.step.number(GRADIENT_NORM)})")
            watched.append("length")
        finite = " and ".join(f"abs({name}) < infinity" for name in watched)
        out.open(f"if not ({finite}):")
        out.add(f"status = {NOT_FINITE}")
        out.add("break")
        out.close()
        self._tally()
        self._record()
        out.close()
        self.step.update(out)
        out.block(self._with_meeting(_STEP_DONE.format(reached=REACHED)))
        out.close()
        self.step.end(out)
        out.open("if thread == 0:")
        for array, names in (("place", PLACE), ("tally", TALLY)):
            for written, items in _items(array, names):
                out.add(f"{items} = {written}")

    def _tally(self) -> None:
        out = self.out
        if self.step.wish.summed:
            out.add(f"data = float({self.step.number(DATA_SUM)})")
            out.add("cost_sum += data")
            out.add("penalty_sum += value - data")
            out.add("weight_sum += 1.0")
        else:
            out.add("weight = sum_of(s, N)" if "s" in self.data else "weight = float(N)")
            out.add("cost_sum += weight * value")
            out.add("weight_sum += weight")

    def _record(self) -> None:
        out = self.out
        width = self.step.memory.width(self.data["t"])
        out.add("recording = finish or epoch == last_epoch or epoch == due")
        out.open("if thread == 0 and (recording or measured):")
        out.add(f"error_sum += missed(t, cut(work, {self.step.memory.place(OUTPUT)}, (1,)), N, {width})")
        out.close()
        out.open("if last_batch and (recording or stops):")
        means = "cost_sum + penalty_sum / weight_sum" if self.step.wish.summed else "cost_sum / weight_sum"
        out.add(f"cost = {means}")
        out.open("if recording or cost <= stop_cost:")
        out.open("if thread == 0:")
        self.step.save(out)
        [(_, places)] = _items("record", RECORD)
        out.block(_RECORD.format(length=len(RECORD), places=places, rate=self.step.number(RATE)))
        out.close()
        out.block(_RECORDED.format(held=HELD))
        out.close(2)

    def _run(self) -> None:
        """Write a run without updates: the wanted array of all rows, batch by batch."""
        out, wanted = self.out, self.step.wish.result
        out.lines += signature("run", arguments(self.step, training=False))
        out.depth = 1
        out.add("round_ = 1")
        self.step.begin(out)
        out.open("for start in range(0, rows, batch):")
        out.add("N = min(batch, rows - start)")
        self._batch()
        self.step.compute(out, self._fill)
        out.open("if thread == 0:")
        out.add(f"made = cut(work, {self.step.memory.place(wanted)}, (1,))")
        out.open("for p in range(N * result_width):")
        out.add("result[start * result_width + p] = made[p]")
        out.close(2)
        out.block(self._with_meeting(MEET))


def arguments(step: Step, *, training: bool) -> list[str]:
    """Return the names of what `train` or `run` is given."""
    data = [ref.name for ref in step.batch_arrays if ref.name not in step.wish.masks]
    arrays = [f"{name}_given" for name in data]
    if training:
        arrays += [f"{ref.name}_batch" for ref in step.batch_arrays]
    return [*arrays, *step.kept, *(_TRAIN if training else _RUN)]


def _items(array: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield names, a few at a time, and the elements of an array that hold them."""
    for start in range(0, len(names), 4):
        some = names[start : start + 4]
        yield ", ".join(some), ", ".join(f"{array}[{number}]" for number in range(start, start + len(some)))


_START = """
first_step, round_ = step, 1
status, cost, last_batch = 0, 0.0, False
stops, due = stop_cost > -infinity, (epoch + every - 1) // every * every
"""

_EPOCH = """
if not held:
    if epoch == until or step == limit:
        break
    if start == 0:
        cost_sum, weight_sum, penalty_sum, error_sum = 0.0, 0.0, 0.0, 0.0
"""

_SHUFFLE = """
        if shuffled:
            if thread == 0:
                shuffle(order, rows, seed, epoch)
            round_ = meet(meeting, threads, round_, yielding)
"""

_RECORD = """
record = cut(records, rows_recorded * (layer_count + {length}), ({length},))
{places} = epoch, cost, error_sum / float(start + N), {rate}
norms(gradients, layers, layer_parts, layer_count, cut(record, {length}, (layer_count,)))
"""

_RECORDED = """
rows_recorded += 1
if hold:
    held, status = 1, {held}
    break
"""

_STEP_DONE = """
round_ = meet(meeting, threads, round_, yielding)
held = 0
step += 1
start += N
if last_batch:
    epoch += 1
    start = 0
    due = choose(epoch > due, due + every, due)
    if finish or cost <= stop_cost:
        status = {reached}
        break
"""
