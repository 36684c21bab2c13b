"""What a network for a table is made of where nothing is said: its size, its first layer, its training.

Found on those of the benchmark's tables that were meant for it (`docs/accuracy.md` says which), on the lines of RealMLP
(Holzmüller, Grinsztajn and Steinwart 2024, arXiv 2407.04491).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chainrule.activations import as_activation
from chainrule.errors import InputError, shown, unknown
from chainrule.layers import AnyLayer, Columns, Dense, Dropout
from chainrule.optimizers import AdamW, Optimizer
from chainrule.ranges import check_number, check_yes_no, whole
from chainrule.schedules import Cosine
from chainrule.styles import Style

if TYPE_CHECKING:
    from chainrule.activations import Activation
    from chainrule.tables import TableEncoder


@dataclass(frozen=True)
class Recipe:
    """How a network for a table is made and trained.

    Parameters
    ----------
    hidden : units of the hidden layers.
    activation : of the hidden layers.
    waves, spread, width : of the first layer, see `chainrule.Columns`.
    dropout : the part of the hidden units that is left out at each update; 0 for none.
    rate, weight_decay : of AdamW; the rate falls along half a cosine to 0.
    beta2 : of AdamW.
    smoothing : of the labels of a classification.
    epochs, batch_size : of the training.
    patience : epochs without a lower validation cost after which it stops; None to go through all.
    validation_fraction : the part of the rows set aside to choose the best epoch by; 0 for none.
    ensemble : how many networks, each with another part set aside; what they say is averaged.
    style : how columns become inputs.
    as_it_is : whether a matrix of numbers without gaps is the input as it is, whatever the style; its first layer is
        Dense then.

    Raises `InputError` for what does not fit.
    """

    hidden: tuple[int, ...] = (128, 128)
    activation: str | Activation = "selu"
    waves: int = 8
    spread: float = 0.1
    width: int = 8
    dropout: float = 0.0
    rate: float = 3e-3
    weight_decay: float = 0.01
    beta2: float = 0.95
    smoothing: float = 0.0
    epochs: int = 256
    batch_size: int = 128
    patience: int | None = None
    validation_fraction: float = 0.2
    ensemble: int = 5
    style: Style = field(default_factory=lambda: Style(robust=True, one_hot=8, codes=True))
    as_it_is: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, tuple | list):
            raise InputError(f"hidden must be sizes such as (64, 64), not {shown(self.hidden)}")
        for units in self.hidden:
            whole("a size of hidden", units)
        as_activation(self.activation)
        for name, least in (("waves", 0), ("width", 1), ("epochs", 1), ("batch_size", 1), ("ensemble", 1)):
            whole(name, getattr(self, name), least)
        if self.patience is not None:
            whole("patience", self.patience)
        check_number("spread", self.spread, above=0)
        for name in ("rate", "weight_decay"):
            check_number(name, getattr(self, name), least=0)
        for name in ("dropout", "beta2", "smoothing", "validation_fraction"):
            check_number(name, getattr(self, name), least=0, below=1)
        if not isinstance(self.style, Style):
            raise InputError(f"style must be a Style, not {shown(self.style)}")
        check_yes_no("as_it_is", self.as_it_is)

    def layers(self, encoder: TableEncoder | None, outputs: int, last: str) -> list[AnyLayer]:
        """Return the layers of a network, with `last` as last activation.

        For a table whose columns `encoder` knows the first one is Columns, for a matrix as it is (None) it is Dense.
        """
        sizes = [*((units, self.activation) for units in self.hidden), (outputs, last)]
        layers: list[AnyLayer] = [Dense(*size) for size in sizes]
        if encoder is not None:
            layers[0] = Columns(*sizes[0], encoder.codes, encoder.numbers, self.waves, self.spread, self.width)
        dropout = [Dropout(self.dropout)] if self.dropout else []
        return [*(layer for one in layers[:-1] for layer in (one, *dropout)), layers[-1]]

    def optimizer(self) -> Optimizer:
        """Return the optimiser."""
        return AdamW(Cosine(self.rate), beta2=self.beta2, weight_decay=self.weight_decay)

    def changed(self, **given: Any) -> Recipe:
        """Return the recipe with other ingredients; None stands for the recipe's own."""
        return replace(self, **{name: value for name, value in given.items() if value is not None})


RECIPES: dict[str, dict[str, Recipe]] = {
    "default": {"classes": Recipe(smoothing=0.1), "numbers": Recipe()},
    "plain": {
        kind: Recipe(
            hidden=(100,), activation="relu", waves=0, rate=1e-3, weight_decay=0.0, beta2=0.999,
            epochs=200, batch_size=200,
            validation_fraction=0.0, ensemble=1, style=Style(), as_it_is=True,
        )
        for kind in ("classes", "numbers")
    },
}  # fmt: skip


def recipe_of(name: str | Recipe, kind: str) -> Recipe:
    """Return a recipe by name, for "classes" or "numbers", or as itself; raises `InputError` for an unknown name."""
    if isinstance(name, Recipe):
        return name
    if not isinstance(name, str) or name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    return RECIPES[name][kind]
