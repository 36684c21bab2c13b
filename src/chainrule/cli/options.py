"""What `chainrule train` lets one choose of a network and its training, checked; and the estimator that it makes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError, shown, unknown
from chainrule.ranges import MOST_SEED, check_number, whole

if TYPE_CHECKING:
    from chainrule.estimators import NetworkClassifier, NetworkRegressor
    from chainrule.recipes import Recipe
    from chainrule.tables import TableEncoder

MOST_WEIGHTS = 100_000_000
"""Networks of this size already take gigabytes; larger ones are a slip, and would only exhaust the memory."""


@dataclass(frozen=True)
class Options:
    """How to train; None stands for what the recipe says. `of_text` reads and checks what a person wrote."""

    recipe: str = "default"
    hidden: tuple[int, ...] | None = None
    activation: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    rate: float | None = None
    optimizer: str | None = None
    ensemble: int | None = None
    restarts: int | None = None
    max_seconds: float | None = None
    checkpoint: Path | None = None
    resume: Path | None = None
    checkpoint_seconds: float | None = None
    seed: int = 0

    @classmethod
    def of_text(cls, hidden: str | None, **given: Any) -> Options:
        """Return options, `hidden` being sizes such as "64,64"; raises InputError for what does not fit."""
        from chainrule.activations import as_activation
        from chainrule.optimizers import OPTIMIZERS
        from chainrule.recipes import RECIPES

        options = cls(hidden=None if hidden is None else _sizes(hidden), **given)
        if options.recipe not in RECIPES:
            raise unknown("recipe", options.recipe, RECIPES)
        if options.activation is not None:
            as_activation(options.activation)
        if options.optimizer is not None and options.optimizer not in OPTIMIZERS:
            raise unknown("optimizer", options.optimizer, OPTIMIZERS)
        for name in ("epochs", "batch_size", "ensemble", "restarts"):
            if getattr(options, name) is not None:
                whole(f"--{name.replace('_', '-')}", getattr(options, name))
        for name in ("rate", "max_seconds"):
            if getattr(options, name) is not None:
                check_number(f"--{name.replace('_', '-')}", getattr(options, name), above=0)
        whole("--seed", options.seed, 0, MOST_SEED)
        options._check_checkpoint()
        return options

    def _check_checkpoint(self) -> None:
        if self.checkpoint is not None and self.resume is not None:
            raise InputError("--checkpoint begins a training and --resume goes on with one: give one of them")
        if self.checkpoint_seconds is None:
            return
        check_number("--checkpoint-seconds", self.checkpoint_seconds, least=0)
        if self.checkpoint is None and self.resume is None:
            raise InputError("--checkpoint-seconds says how often a checkpoint is written: give --checkpoint FILE too")

    def recipe_for(self, kind: str) -> Recipe:
        """Return the recipe for a target of this kind, "classes" or "number", with what is chosen otherwise.

        Other than an estimator with `recipe="plain"`, it learns the scale of columns even if all are numbers.
        """
        from chainrule.recipes import recipe_of

        names = ("hidden", "activation", "epochs", "batch_size", "ensemble")
        given = {name: getattr(self, name) for name in names}
        recipe = recipe_of(self.recipe, "classes" if kind == "classes" else "numbers")
        return recipe.changed(**given, as_it_is=False)

    def estimator(self, kind: str) -> NetworkClassifier | NetworkRegressor:
        """Return the estimator for a target of this kind, not trained yet."""
        from chainrule.estimators import NetworkClassifier, NetworkRegressor

        often: dict[str, Any] = {}  # or else the estimator's own
        if self.checkpoint_seconds is not None:
            often["checkpoint_seconds"] = self.checkpoint_seconds
        return (NetworkClassifier if kind == "classes" else NetworkRegressor)(
            recipe=self.recipe_for(kind),
            optimizer=self.optimizer,
            rate=self.rate,
            n_restarts=self.restarts or 1,
            max_seconds=self.max_seconds,
            checkpoint=self.checkpoint,
            resume=self.resume,
            random_state=self.seed,
            **often,
        )

    def check_size(self, encoder: TableEncoder, outputs: int) -> None:
        """Raise InputError for networks too large to hold, before any is made."""
        from chainrule.architecture import Architecture

        kind = encoder.target.kind
        recipe = self.recipe_for(kind)
        last, loss = ("softmax", "cross_entropy") if kind == "classes" else ("identity", "squared_error")
        net = Architecture(len(encoder.input_names), recipe.layers(encoder, outputs, last), loss, (), "mean")
        networks = recipe.ensemble * (self.restarts or 1)
        weights = networks * sum(math.prod(net.shape_of(parameter.ref)) for parameter in net.parameters)
        if weights > MOST_WEIGHTS:
            found = "a network of" if networks == 1 else f"{networks:,} networks of together"
            raise InputError(f"{self._sizing()} {found} {weights:,} weights, but at most {MOST_WEIGHTS:,} are trained")

    def _sizing(self) -> str:
        """Return which options made the networks as large and as many as they are."""
        given = [f"--{name}" for name in ("hidden", "ensemble", "restarts") if getattr(self, name) is not None]
        if not given:
            return "the recipe gives"
        return f"{' and '.join(given)} {'gives' if len(given) == 1 else 'give'}"


def _sizes(hidden: str) -> tuple[int, ...]:
    try:
        units = tuple(int(part) for part in hidden.split(","))
    except ValueError:
        raise InputError(
            f"--hidden must be whole numbers with commas between them, such as 64,64, not {shown(hidden)}"
        ) from None
    for size in units:
        whole("a layer of --hidden", size)
    return units
