"""Sheets of exercises as documents, so that whatever writes a worked example writes them too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.activations import as_activation
from chainrule.diagnosis.printed import EXERCISE, NAME, VALUE
from chainrule.diagnosis.report import check_language
from chainrule.equations import Const, Ref
from chainrule.exercises.answers import comment
from chainrule.exercises.course import unit_by_unit
from chainrule.explain.document import Document, Section, Step, Table
from chainrule.explain.naming import unit_name
from chainrule.explain.numbers import Digits
from chainrule.language import catalogue
from chainrule.layers import Dense

if TYPE_CHECKING:
    from chainrule.exercises.making import Exercise
    from chainrule.formulas import Formula
    from chainrule.language import Catalogue

BLANK = "________"
_DECIMALS = 9
# So many quantities stand beside each other.
_BLANKS_BESIDE, _WEIGHTS_BESIDE, _VALUES_BESIDE = 4, 3, 3
Cell = str | float


def booklet(exercises: Sequence[Exercise], language: str = "en", *, answers: bool = False) -> Document:
    """Return the sheets of exercises of one kind, and after them all their worked `answers`.

    Each exercise and each worked answer begins a page.
    """
    check_language(language)
    text, first = catalogue(language), exercises[0]
    sections = [_Sheet(one, text).section(number, len(exercises)) for number, one in enumerate(exercises, start=1)]
    if answers:
        sections += _worked(exercises, language, text)
    title = text("Backpropagation by hand: a {sizes} network", sizes=first.net.architecture.sizes)
    return Document(title, tuple(sections), first.course.naming, Digits(_DECIMALS), text)


def form(exercises: Sequence[Exercise], *, answers: bool = False, options: Mapping[str, object] | None = None) -> str:
    """Return the asked numbers as CSV with the columns name and value, for several exercises with their number.

    The values are blank, or the `answers`. The first line is a comment with the `options` of the command, if given.
    """
    import polars as pl

    rows = [(number, name, f"{value:.{_DECIMALS}g}" if answers else None)
            for number, one in enumerate(exercises, start=1) for name, value in one.solution.items()]  # fmt: skip
    frame = pl.DataFrame(rows, schema=[EXERCISE, NAME, VALUE], orient="row")
    written = (frame if len(exercises) > 1 else frame.drop(EXERCISE)).write_csv(quote_style="necessary")
    return f"{comment(options)}\n{written}" if options else written


class _Sheet:
    def __init__(self, exercise: Exercise, text: Catalogue):
        self.exercise, self.text = exercise, text
        self.net, self.naming = exercise.net, exercise.course.naming

    def section(self, number: int, count: int) -> Section:
        tables = (self._sample(), self._parameters(), *self._blanks())
        return Section(
            f"sheet-{number}",
            heading(self.exercise, number, count, self.text),
            tuple(self._task()),
            tables,
            new_page=number > 1,
        )

    def _task(self) -> Iterator[str]:
        text, architecture = self.text, self.net.architecture
        yield text(
            "A {sizes} network is given one sample. Calculate one step of its training by hand, in this order: the "
            "forward pass, the cost E, the derivatives of E backwards through the network, and the new parameters.",
            sizes=architecture.sizes,
        )
        yield self._activations()
        loss = architecture.loss
        said = {"name": loss.name, "formula": _written(loss.formula)}
        yield (
            text("The loss is {name}: {formula}, summed over the outputs.", **said)
            if loss.formula.runs_over_units()
            else text("The loss is {name}: {formula}.", **said)
        ) + text(" In it y is an output and t its target.")
        optimizer = self.exercise.optimizer
        yield text(
            "It learns by {optimizer}: {update}, where w is a parameter and g is dE/dw.",
            optimizer=str(optimizer),
            update="; ".join(line.strip() for line in optimizer.update.strip().splitlines()),
        )
        if optimizer.state:
            yield text("This is step 1, before which {state} is 0.", state=text(" and ").join(optimizer.state))
        yield text(
            "z_{unit} is the weighted input of the unit {unit}, its bias included, and a_{unit} its output; "
            "dE/dz_{unit} is the derivative of E with respect to z_{unit}, and so on.",
            unit=unit_name(1, len(architecture.layers), 0),
        )
        yield text("Calculate with all digits that you have, and write down at least four significant ones.")

    def _activations(self) -> str:
        text = self.text
        hidden, last = (_activation(layer) for layer in self._dense())
        if hidden == last:
            return text("The activation of each unit is {activation}.", activation=last)
        return text(
            "The activation of the hidden units is {hidden}, that of the output units {last}.", hidden=hidden, last=last
        )

    def _dense(self) -> Iterator[Dense]:
        """Yield the first and the last layer."""
        layers = self.net.architecture.layers
        yield from (layer for layer in (layers[0], layers[-1]) if isinstance(layer, Dense))

    def _sample(self) -> Table:
        cells: list[tuple[Cell, ...]] = [
            (self.naming.plain(Ref(name, (Const(0), Const(k)))), float(value))
            for name, array in (("x", self.exercise.x), ("t", self.exercise.t))
            for k, value in enumerate(array[0])
        ]
        text = self.text
        return _beside(text("Sample"), (text("name"), text("value")), [cells], _BLANKS_BESIDE)

    def _parameters(self) -> Table:
        text, last = self.text, len(self.net.architecture.layers)
        blocks: list[list[tuple[Cell, ...]]] = []
        for layer in range(1, last + 1):
            weights, biases = self.net.parameters[f"w{layer}"], self.net.parameters[f"b{layer}"]
            blocks.append([
                (self._sign(f"w{layer}", place), _path(layer, last, place), float(weights[place]))
                for place in unit_by_unit(weights.shape)
            ])  # fmt: skip
            blocks.append([
                (self._sign(f"b{layer}", place), unit_name(layer, last, place[0]), float(biases[place]))
                for place in unit_by_unit(biases.shape)
            ])  # fmt: skip
        head = (text("name"), text("leads to"), text("value"))
        return _beside(text("Parameters at the start"), head, blocks, _WEIGHTS_BESIDE)

    def _sign(self, name: str, place: tuple[int, ...]) -> str:
        return self.naming.plain(Ref(name, tuple(map(Const, place))))

    def _blanks(self) -> Iterator[Table]:
        text, course = self.text, self.exercise.course
        titles = {
            text("Forward pass and cost"): ("forward", "cost"),
            text("Backward pass"): ("backward",),
            text("Update"): ("update",),
        }
        for title, passes in titles.items():
            blocks: list[list[tuple[Cell, ...]]] = [
                [(name, BLANK) for name in course.names(stage, np.shape(self.exercise.exact[stage.key])).values()]
                for stage in course.stages
                if stage.of in passes
            ]
            yield _beside(title, (text("name"), text("value")), blocks, _BLANKS_BESIDE)


def _activation(layer: Dense) -> str:
    """Return the name of an activation, with its formula if that says more."""
    activation = as_activation(layer.activation)
    formula = _written(activation.formula)
    is_known = formula in ("x", f"{activation.name}(x)") or activation.name == "softmax"
    return activation.name if is_known else f"{activation.name}(x) = {formula}"


def _written(formula: Formula) -> str:
    """Return a formula with the values of its parameters behind it."""
    numbers = ", ".join(f"{name} = {value}" for name, value in formula.parameters.items())
    return f"{formula.text} ({numbers})" if numbers else formula.text


def _path(layer: int, last: int, place: tuple[int, ...]) -> str:
    return f"{unit_name(layer - 1, last, place[0])} → {unit_name(layer, last, place[1])}"


def _beside(title: str, head: tuple[str, ...], blocks: Sequence[Sequence[tuple[Cell, ...]]], most: int) -> Table:
    """Return a table with several entries in a row; a block that does not fit into the rest of one begins its own."""
    width = min(most, sum(map(len, blocks)))
    rows: list[list[tuple[Cell, ...]]] = []
    for block in blocks:
        if not rows or len(rows[-1]) + len(block) > width:
            rows.append([])
        for entry in block:
            if len(rows[-1]) == width:
                rows.append([])
            rows[-1].append(entry)
    blank = ("",) * len(head)
    filled = ([*row, *[blank] * (width - len(row))] for row in rows)
    return Table(title, head * width, tuple(tuple(cell for entry in row for cell in entry) for row in filled))


def heading(exercise: Exercise, number: int, count: int, text: Catalogue) -> str:
    """Return what one of several exercises is called."""
    if count == 1:
        return text("Exercise (seed {seed})", seed=exercise.seed)
    return text("Exercise {number} of {count} (seed {seed})", number=number, count=count, seed=exercise.seed)


def _worked(exercises: Sequence[Exercise], language: str, text: Catalogue) -> Iterator[Section]:
    """Yield the sections of the worked answers, with keys of their own for each exercise."""
    count, before = len(exercises), 0
    for number, one in enumerate(exercises, start=1):
        title = text("Answers: {exercise}", exercise=heading(one, number, count, text))
        yield Section(f"answers-{number}", title, tables=(_solutions(one, text),), new_page=True)
        worked = [section for section in one.answers(language).sections if section.steps]
        for section in worked:
            steps = tuple(_renamed(step, f"-{number}", before) for step in section.steps)
            yield replace(section, key=f"worked-{number}-{section.key}", steps=steps)
        before += sum(len(section.steps) for section in worked)


def _solutions(exercise: Exercise, text: Catalogue) -> Table:
    values: dict[str, Any] = exercise.solution
    return _beside(text("Right values"), (text("name"), text("value")), [list(values.items())], _VALUES_BESIDE)


def _renamed(step: Step, suffix: str, before: int) -> Step:
    uses = tuple(key + suffix for key in step.uses)
    return replace(step, key=step.key + suffix, number=step.number + before, uses=uses)
