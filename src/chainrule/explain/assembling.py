"""A document put together: the setting, the passes, the update, and what the step achieved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.architecture import COST
from chainrule.equations import Ref
from chainrule.errors import InputError, shown, unknown
from chainrule.explain.calculation import Batch, calculations
from chainrule.explain.document import Document, Section, Step
from chainrule.explain.focus import focus_of
from chainrule.explain.matrix import MatrixSteps
from chainrule.explain.naming import Naming, aliases_for
from chainrule.explain.numbers import Digits
from chainrule.explain.outcome import outcome
from chainrule.explain.picture import picture_of
from chainrule.explain.setting import setting
from chainrule.explain.terms import place_of
from chainrule.explain.worked import MOST_STEPS, MOST_UPDATES, Steps, Wanted, most_telling
from chainrule.language import catalogue
from chainrule.optimizers import as_optimizer
from chainrule.ranges import check_yes_no, whole
from chainrule.tally import rows_of

if TYPE_CHECKING:
    from chainrule.language import Catalogue
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer

STYLES = ("scalar", "matrix")
BIASES = ("separate", "ones")
_DIGITS = {"float64": 9, "float32": 6}


def explain(
    net: Network,
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
    """Return the worked example; `Network.explain` documents the parameters."""
    for kind, given, known in (("style", style, STYLES), ("form of the bias", bias, BIASES)):
        if given not in known:
            raise unknown(kind, given, known)
    if bias == "ones" and style != "matrix":
        raise InputError("bias='ones' writes the bias into a matrix; give style='matrix' with it")
    if focus is not None and style == "matrix":
        raise InputError("focus picks single numbers, which style='matrix' does not show one by one")
    check_yes_no("training", training)
    maker = _Maker(
        net,
        Batch(_as_trained(net.given(x, t, sample_weight), training)),
        as_optimizer(optimizer or net.optimizer),
        whole("steps", steps, 1, MOST_UPDATES),
        Digits(_digits(net, digits)),
        catalogue(language),
        aliases_for(net.architecture, names) if isinstance(names, str) else _checked(names),
        training,
    )
    return maker.matrix(bias) if style == "matrix" else maker.scalar(focus)


def _as_trained(given: dict[str, Any], training: bool) -> dict[str, Any]:
    """Leave out samples of weight 0 where `fit` does: they have no part in a batch's statistics and masks."""
    return rows_of(given, np.flatnonzero(given["s"])) if training and "s" in given else given


def _digits(net: Network, digits: int | None) -> int:
    most = 15
    number = _DIGITS[net.dtype.name] if digits is None else whole("digits", digits)
    if number > most:
        raise InputError(f"digits must be from 1 to {most}, not {number}: float64 has no more")
    return number


def _checked(names: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(names, Mapping) or not all(isinstance(part, str) for item in names.items() for part in item):
        raise InputError(
            f"names must be a convention or map elements to names, as {{'w1[0,0]': 'w1'}}, not {shown(names)}"
        )
    for name in names.values():
        if not name.isprintable():
            raise InputError(f"names must be of printable signs, not {shown(name)}")
    return dict(names)


class _Maker:
    def __init__(
        self,
        net: Network,
        batch: Batch,
        optimizer: Optimizer,
        steps: int,
        digits: Digits,
        text: Catalogue,
        aliases: dict[str, str],
        training: bool,
    ):
        self.net, self.batch, self.optimizer = net, batch, optimizer
        self.digits, self.text = digits, text
        self.naming = Naming(net.architecture, batch.samples, aliases)
        self.calculations = calculations(net, batch, optimizer, steps, training)

    def scalar(self, focus: str | None) -> Document:
        """Return the document in which each number has its step."""
        made = [self._steps(number) for number in range(len(self.calculations))]
        root = focus_of(focus, self.net, self.calculations[0], self.naming) if focus is not None else None
        is_long = made[0].number_of_steps() * len(made) > MOST_STEPS
        if root is None and is_long:
            root = (most_telling(self.net, self.calculations[0]),)
        sections: list[Section] = []
        for number, steps in enumerate(made):
            roots = root or ()
            wanted: Wanted | None = None
            updated: Wanted | None = None
            if root:
                wanted = steps.closure([*root, *self._derivatives(root)])
                updated = {one.name: {place_of(one)} for one in root if one.name in self.net.parameters}
            sections += self._sections(steps, number, wanted, updated, roots)
        return self._document(sections, root, is_long and focus is None)

    def _derivatives(self, root: Iterable[Ref]) -> list[Ref]:
        known = self.calculations[0].equation_of
        found = [Ref(f"d_{ref.name}", ref.indices) for ref in root if f"d_{ref.name}" in known]
        learns = any(ref.name in self.net.parameters for ref in root)
        return [*found, Ref(COST)] if learns else found

    def matrix(self, bias: str) -> Document:
        """Return the document in which each array has its step."""
        sections: list[Section] = []
        apart: list[str] = []
        for number, calculation in enumerate(self.calculations):
            steps = MatrixSteps(self.net, calculation, self.naming, self.digits, self.text, bias, self._suffix(number))
            sections += self._sections(steps, number, None, None, ())
            apart = steps.apart
        notes = [self._stays_apart(apart)] if apart else []
        return self._document(sections, None, False, notes)

    def _stays_apart(self, biases: list[str]) -> str:
        return self.text(
            "No row below the weights, since another rule holds for them than for these: {names}.",
            names=self.text(", ").join(biases),
        )

    def _suffix(self, number: int) -> str:
        return f"@{number + 1}" if number else ""

    def _steps(self, number: int) -> Steps:
        calculation = self.calculations[number]
        return Steps(self.net, calculation, self.naming, self.digits, self.text, self._suffix(number))

    def _sections(
        self,
        steps: Steps | MatrixSteps,
        number: int,
        wanted: Wanted | None,
        updated: Wanted | None,
        roots: tuple[Ref, ...],
    ) -> list[Section]:
        text, several = self.text, len(self.calculations) > 1
        parts: dict[str, list[Step]] = {"forward": [], "cost": [], "backward": [], "chain": []}
        for equation, step in steps.forward_and_backward(wanted):
            is_cost = equation.target.name in ("c", COST)
            parts["cost" if is_cost else equation.part].append(step)
        parts["chain"] = list(steps.chains(roots))
        parts["update"] = list(steps.updates(updated))
        titles = {
            "forward": text("Forward pass"),
            "cost": text("Cost"),
            "backward": text("Backward pass"),
            "chain": text("The whole chain"),
            "update": text("Update by {optimizer}", optimizer=type(self.optimizer).__name__),
        }
        which = text(" (step {number})", number=number + 1) if several else ""
        return [
            Section(f"{key}{self._suffix(number)}", titles[key] + which, steps=tuple(found))
            for key, found in parts.items()
            if found
        ]

    def _document(
        self, sections: list[Section], root: tuple[Ref, ...] | None, chosen: bool, notes: Sequence[str] = ()
    ) -> Document:
        numbered = _numbered(sections)
        head = setting(self.net, self.batch, self.optimizer, self.naming, self.digits, self.text, root, chosen)
        head = replace(head, text=(*head.text, *notes))
        tail = outcome(self.net, self.calculations, self.naming, self.text)
        title = self.text("A worked example: {sizes} network, step by step", sizes=self.net.architecture.sizes)
        picture = picture_of(self.net, self.calculations[0], self.naming, self.digits)
        return Document(title, (head, *numbered, tail), self.naming, self.digits, self.text, picture)


def _numbered(sections: list[Section]) -> list[Section]:
    """Number all steps through, and leave out references to steps that are not there."""
    order = {step.key: place for place, step in enumerate(step for section in sections for step in section.steps)}
    keys = set(order)
    number = 0
    result = []
    for section in sections:
        steps = []
        for step in section.steps:
            number += 1
            uses = tuple(sorted(filter(None, {_key_of(key, keys, step) for key in step.uses}), key=order.__getitem__))
            steps.append(replace(step, number=number, uses=uses))
        result.append(replace(section, steps=tuple(steps)))
    return result


def _key_of(key: str, keys: set[str], step: Step) -> str:
    """Return the key of the step that made a number: in later steps of training, weights come from an update before."""
    if key in keys:
        return key
    plain, _, number = key.partition("@")
    if number:
        before = f"@{int(number) - 1}" if int(number) > 2 else ""
        earlier = f"new {plain}{before}"
        if earlier in keys and earlier != step.key:
            return earlier
    return ""
