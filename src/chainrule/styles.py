"""How the columns of a table become inputs: what can be chosen, apart from what does it."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.ranges import check_yes_no, whole


@dataclass(frozen=True)
class Style:
    """How columns become inputs.

    `robust` numbers are centred by the median, scaled by the distance of the quartiles and clipped smoothly; others
    have mean 0 and standard deviation 1. A category of up to `one_hot` values has an input for each of them; of more,
    it is one input, a number that stands for its value, if `codes` are wished, or else has inputs for the most
    frequent.

    Raises `InputError` for what does not fit.
    """

    robust: bool = False
    one_hot: int = 30
    codes: bool = False

    def __post_init__(self) -> None:
        check_yes_no("robust", self.robust)
        whole("one_hot", self.one_hot)
        check_yes_no("codes", self.codes)


PLAIN = Style()
