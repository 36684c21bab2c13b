"""What the parameters of an estimator choose, the recipe standing in for those that are None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError, shown
from chainrule.losses import LOSSES, Loss, as_loss
from chainrule.losses import loss as loss_with
from chainrule.optimizers import Optimizer, as_optimizer
from chainrule.ranges import check_number, check_yes_no
from chainrule.recipes import Recipe, recipe_of

if TYPE_CHECKING:
    from chainrule.estimators.encoding import Encoding
    from chainrule.estimators.targets import Target
    from chainrule.layers import AnyLayer

_INGREDIENTS = (
    "activation", "rate", "epochs", "batch_size", "dropout", "weight_decay", "smoothing", "validation_fraction",
    "patience",
)  # fmt: skip
"""The parameters that change a recipe."""


@dataclass(frozen=True)
class Chosen:
    """The recipe with what the user changed, and what is not part of a recipe."""

    recipe: Recipe
    own_layers: tuple[AnyLayer, ...]
    """The hidden layers, where the user gave layers instead of sizes."""
    is_stream: bool = False
    """Whether rows come in batches, nobody knows how many: shown once, with a constant rate."""

    @classmethod
    def of(cls, estimator: Any, kind: str) -> Chosen:
        """Return what an estimator for "classes" or "numbers" chooses; raises `InputError` for what does not fit."""
        hidden, layers = _hidden(estimator.hidden)
        if layers and (estimator.activation is not None or estimator.dropout is not None):
            raise InputError("activation and dropout are for layers of sizes; the layers given say both themselves")
        given = {name: getattr(estimator, name, None) for name in _INGREDIENTS}
        if not isinstance(given["rate"], Real):
            given["rate"] = None  # a schedule
        recipe = recipe_of(estimator.recipe, kind).changed(hidden=hidden, **given)
        check_yes_no("calibrate", getattr(estimator, "calibrate", True))
        check_yes_no("verbose", estimator.verbose)
        _check_callbacks(estimator.callbacks)
        if estimator.max_seconds is not None:
            check_number("max_seconds", estimator.max_seconds, least=0)
        if layers:
            recipe = replace(recipe, style=replace(recipe.style, codes=False))  # for Columns alone
        return cls(recipe, layers)

    def for_streams(self) -> Chosen:
        """Return what is chosen for rows that come in batches."""
        return replace(self, recipe=replace(self.recipe, epochs=1, patience=None), is_stream=True)

    def loss(self, given: Loss | str | None, target: Target | type[Target], smoothing: float | None) -> Loss:
        """Return the loss: the target's own, or by name, as a formula, or as itself."""
        if given is None:
            given = target.loss
        if isinstance(given, str) and given not in LOSSES and not given.isidentifier():
            return _smoothed(Loss("formula", given), smoothing)
        if given == "cross_entropy":
            return (
                loss_with("cross_entropy", smoothing=self.recipe.smoothing) if self.recipe.smoothing else as_loss(given)
            )
        return _smoothed(as_loss(given), smoothing)

    def layers(self, encoding: Encoding, outputs: int, last: str) -> list[AnyLayer]:
        """Return all layers of the network."""
        from chainrule.layers import Dense

        if self.own_layers:
            return [*self.own_layers, Dense(outputs, last)]
        return encoding.layers(self.recipe, outputs, last)

    def optimizer(self, given: Optimizer | str | None, rate: Any, decay: float | None) -> Optimizer:
        """Return the optimiser: the recipe's, or the one given; with the rate and the weight decay that are given."""
        if given is None:
            own = self.recipe.optimizer()
            if self.is_stream:
                own = replace(own, rate=self.recipe.rate)
            return own if rate is None or isinstance(rate, Real) else replace(own, rate=rate)
        optimizer = as_optimizer(given)
        if rate is not None:
            optimizer = replace(optimizer, rate=rate)
        if decay is None:
            return optimizer
        if "weight_decay" not in {field.name for field in fields(optimizer)}:
            raise InputError(f"weight_decay is for AdamW; {type(optimizer).__name__} has none")
        return replace(optimizer, weight_decay=decay)  # type: ignore[call-arg]


def _check_callbacks(given: Any) -> None:
    """Raise `InputError` for what is neither a function nor a list; each of a list is checked where it is used."""
    if given is not None and not callable(given) and not hasattr(given, "__iter__"):
        raise InputError(
            f"callbacks must be a function of the network and the history, or a list of such, not {shown(given)}"
        )


def _hidden(given: Any) -> tuple[tuple[Any, ...] | None, tuple[AnyLayer, ...]]:
    """Return the sizes of the hidden layers, None for the recipe's, and layers that are given in their place."""
    if given is None:
        return None, ()
    if isinstance(given, Integral) and not isinstance(given, bool):
        return (given,), ()
    if isinstance(given, str | Mapping) or not hasattr(given, "__iter__"):
        raise InputError(f"hidden must be sizes such as (64, 64), or a list of layers, not {shown(given)}")
    layers = tuple(given)
    return (None, layers) if any(hasattr(layer, "build") for layer in layers) else (layers, ())


def last_activation(loss: Loss, target: Target) -> str:
    """Return the activation of the output layer: the target's, or the first that the loss can take."""
    fitting: Sequence[str] = loss.activations
    return target.last if not fitting or target.last in fitting else fitting[0]


def _smoothed(loss: Loss, smoothing: float | None) -> Loss:
    if smoothing:
        raise InputError(f"smoothing is part of the loss cross_entropy; leave it out for {loss.name}")
    return loss
