"""What a diagnosis says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from chainrule.errors import unknown
from chainrule.language import catalogue, languages

if TYPE_CHECKING:
    from chainrule.diagnosis.slips import Slip
    from chainrule.language import Catalogue

_MOST_SHOWN = 12
_MOST_EXPLANATIONS = 5
ROUNDING_UNITS = 2.5
"""Off by no more units of the last digit, a number may be right but for rounding on the way to it."""


@dataclass(frozen=True)
class Difference:
    """A number that is not the right one: its name, both values, and the equation that gives the right one.

    `units` is how far it is off, in units of its last digit; `operands` are given numbers that it is made of
    and that agree. `alias` is a name of their own that it was given by, `part` the pass that it belongs to.
    """

    name: str
    theirs: float
    right: float
    equation: str
    units: float
    operands: tuple[str, ...] = ()
    alias: str = ""
    part: str = ""

    @property
    def called(self) -> str:
        """The name that it was given by, and behind one of their own the element that this is."""
        return f"{self.alias} ({self.name})" if self.alias else self.name


@dataclass(frozen=True)
class Line:
    """An equation as they have it, and the corrected one; either is empty where there is none."""

    theirs: str
    right: str


@dataclass(frozen=True)
class Named:
    """One slip, or two together, with the lines that it changes, and the value that was found for it."""

    slips: tuple[Slip, ...]
    lines: tuple[Line, ...]
    value: str = ""

    def title(self, text: Catalogue) -> str:
        """Return the titles of the slips in a language."""
        return text(" and ").join(slip.said(text, self.value) for slip in self.slips)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the slips."""
        return tuple(slip.key for slip in self.slips)


@dataclass(frozen=True)
class Explanation:
    """What reproduces the numbers: one of `named`, which give the same numbers here, the most plausible first.

    `reproduced` of the `telling` numbers that are not right.
    """

    named: tuple[Named, ...]
    reproduced: int
    telling: int


@dataclass(frozen=True)
class Misprint:
    """A number that is the right one, or that of another quantity, but for one `change`, if there is any."""

    name: str
    printed: str
    meant: str
    value: str
    change: Literal["", "digit", "point", "sign"] = ""


@dataclass(frozen=True)
class Diagnosis:
    """The result of `diagnose`; `str` says it in words.

    Attributes
    ----------
    agrees : whether every number is right to its rounding.
    compared : how many numbers were given.
    agreeing : the names of the arrays, or elements, all of whose given numbers are right.
    differing : the numbers that are not, in the order of calculation.
    explanations : slips that reproduce the numbers, most plausible first.
    misprints : where no slip does, numbers that another quantity or a digit explains.
    tried : slips and pairs of slips tried.
    by_chance : how many of them match no better than chance would.
    optimizer : whether updates were part of what was tried.
    short : for each array with wrong numbers of few decimals, which are taken as exact, how many decimals these are.
    """

    agrees: bool
    compared: int
    agreeing: tuple[str, ...]
    differing: tuple[Difference, ...]
    explanations: tuple[Explanation, ...]
    misprints: tuple[Misprint, ...]
    tried: int
    by_chance: int
    optimizer: bool
    language: str = "en"
    short: tuple[tuple[str, int], ...] = ()

    @property
    def first(self) -> Difference | None:
        """The first number in the order of calculation that is not right."""
        return self.differing[0] if self.differing else None

    def __str__(self) -> str:
        text = catalogue(self.language)
        if self.agrees:
            return text("All numbers agree ({count}): {names}.", count=self.compared, names=self._names())
        lines = []
        if self.agreeing:
            lines.append(text("Agrees: {names}.", names=self._names()))
        lines += [*self._first_wrong(), *self._short(), "", *(self._explained() or self._unexplained())]
        return "\n".join(lines)

    def _names(self) -> str:
        rest = len(self.agreeing) - _MOST_SHOWN
        text = catalogue(self.language)
        more = [text("{count} more", count=rest)] if rest > 0 else []
        return text(", ").join([*self.agreeing[:_MOST_SHOWN], *more])

    def _first_wrong(self) -> list[str]:
        text, first, count = catalogue(self.language), self.differing[0], self.compared
        if len(self.differing) > 1:
            said = text(
                "{wrong} of {count} numbers do not agree. The first in the order of calculation is {name}:",
                wrong=len(self.differing),
                count=count,
                name=first.called,
            )
        elif count > 1:
            said = text("One of {count} numbers does not agree, {name}:", count=count, name=first.called)
        else:
            said = text("{name} does not agree:", name=first.called)
        apart = text("theirs {theirs}, right {right}", **_apart(first.theirs, first.right))
        return [said, f"    {apart}", f"    {first.equation}"]

    def _short(self) -> list[str]:
        text = catalogue(self.language)
        return [
            text(
                "{name} has no number of more than {count} decimals; taken as exact. If they are rounded, say "
                "digits={count}.",
                name=name,
                count=decimals,
            )
            for name, decimals in self.short
        ]

    def _explained(self) -> list[str]:
        lines = []
        for number, explanation in enumerate(self.explanations[:_MOST_EXPLANATIONS], start=1):
            lines += self._explanation(number, explanation)
        return lines

    def _explanation(self, number: int, explanation: Explanation) -> list[str]:
        text = catalogue(self.language)
        best, *others = explanation.named
        lines = [f"{number}. {best.title(text)}"]
        for other in others:
            lines.append("   " + text("or, with the same numbers here: {slip}", slip=other.title(text)))
        counted = {"count": explanation.reproduced, "total": explanation.telling}
        if explanation.telling == 1:
            lines.append("   " + text("It reproduces the number that is not right."))
        else:
            lines.append("   " + text("It reproduces {count} of the {total} numbers that are not right.", **counted))
        for line in best.lines:
            lines.append("   " + text("theirs: {line}", line=line.theirs or text("(no such line)")))
            lines.append("   " + text("right:  {line}", line=line.right or text("(no such line)")))
        return [*lines, *(f"   {text(slip.reason)}" for slip in best.slips)]

    def _unexplained(self) -> list[str]:
        text, first = catalogue(self.language), self.differing[0]
        if self.misprints:
            return [self._misprint(misprint) for misprint in self.misprints]
        lines = []
        if any(not math.isfinite(difference.theirs) for difference in self.differing):
            lines.append(
                text(
                    "A number that is not finite comes of a division by 0, of the root or logarithm of a number that "
                    "has none, or of an overflow."
                )
            )
        if self.tried:
            lines.append(
                text("No known slip gives these numbers; {count} were tried, alone and in pairs.", count=self.tried)
            )
        if self.by_chance:
            few = text("{count} would, but by chance, since the numbers have few digits.", count=self.by_chance)
            lines += [few, text("Give more numbers, or more digits.")]
        if max(difference.units for difference in self.differing) <= ROUNDING_UNITS:
            lines.append(text("All are off by a unit or two of the last digit: rounding on the way would do that."))
        where = text("Look at the equation of {name} above.", name=first.called)
        if first.operands:
            made_of = text(", ").join(first.operands)
            where = text(
                "Look at the equation of {name} above: {operands} in it agree.", name=first.called, operands=made_of
            )
        lines.append(where)
        if not self.optimizer and first.part != "forward":
            lines.append(text("Slips of the update are tried where the optimizer is given."))
        return lines

    def _misprint(self, misprint: Misprint) -> str:
        text = catalogue(self.language)
        own = {difference.name: difference.alias for difference in self.differing}
        values = {
            "name": own.get(misprint.name) or misprint.name,
            "printed": misprint.printed,
            "meant": misprint.meant,
            "value": misprint.value,
        }
        if not misprint.change:
            return text("{name} is given as {printed}, which is {meant}.", **values)
        if misprint.change == "sign":
            return text("{name} is given as {printed}: the sign of {value} is turned.", **values)
        if misprint.change == "point":
            return text("{name} is given as {printed}: the decimal point of {value} is moved.", **values)
        if misprint.meant == misprint.name:
            return text("{name} is given as {printed}: one digit of {value} is wrong.", **values)
        return text("{name} is given as {printed}, which but for one digit is {meant}, {value}.", **values)


def check_language(language: object) -> None:
    """Raise `InputError` for what is no language that there is."""
    if not isinstance(language, str):
        raise unknown("language", language, languages())
    catalogue(language)


def _apart(theirs: float, right: float) -> dict[str, str]:
    """Return two numbers written with as many digits as it takes to see the difference, but at least 9."""
    theirs, right = theirs + 0.0, right + 0.0  # no -0
    digits = next((count for count in range(9, 17) if f"{theirs:.{count}g}" != f"{right:.{count}g}"), 17)
    return {"theirs": f"{theirs:.{digits}g}", "right": f"{right:.{digits}g}"}
