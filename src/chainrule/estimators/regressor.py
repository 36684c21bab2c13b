"""The regressor: a number, or several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from chainrule.estimators.base import NetworkEstimator
from chainrule.estimators.parts import Part
from chainrule.estimators.targets import Numbers, read_numbers

if TYPE_CHECKING:
    from chainrule.estimators.chosen import Chosen
    from chainrule.losses import Loss
    from chainrule.recipes import Recipe


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A network that predicts a number, or several.

    X may be what `NetworkClassifier` takes, and the parameters are its own but for `smoothing`, `class_weight` and
    `calibrate`, which are for classes. The network learns y with mean 0 and standard deviation 1.

    Parameters
    ----------
    loss : name, `Loss`, or a formula in ``y``, ``t`` and ``z`` of the scaled numbers. Default squared_error. For
        poisson, y must be counts; they are scaled to mean 1.
    ensemble : train so many networks, each with another part set aside, and take the mean of their predictions.

    Attributes
    ----------
    networks_, network_, histories_, history_, n_iter_, loss_curve_, validation_scores_, interrupted_, encoder_,
    n_features_in_, feature_names_in_ : as of `NetworkClassifier`; losses are of the scaled numbers.
    target_mean_, target_scale_ : what was taken from y and by what the rest was divided, shape (outputs,) each.

    >>> X = [[float(k)] for k in range(20)]
    >>> y = [3 * k + 1 for k in range(20)]
    >>> regressor = NetworkRegressor(hidden=(32,), epochs=60, random_state=0).fit(X, y)
    >>> regressor.score(X, y) > 0.9
    True
    """

    _kind = "numbers"
    _target: Numbers

    def __init__(
        self,
        hidden: Any = None,
        activation: Any = None,
        *,
        loss: Any = None,
        recipe: str | Recipe = "default",
        optimizer: Any = None,
        rate: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        dropout: float | None = None,
        weight_decay: float | None = None,
        validation_fraction: float | None = None,
        patience: int | None = None,
        scoring: Any = None,
        ensemble: int | None = None,
        n_restarts: int = 1,
        warm_start: bool = False,
        callbacks: Any = None,
        engine: str = "auto",
        threads: int | None = None,
        max_seconds: float | None = None,
        checkpoint: str | Path | None = None,
        resume: str | Path | None = None,
        checkpoint_seconds: float | None = 60.0,
        random_state: Any = None,
        verbose: bool = False,
    ):
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.recipe = recipe
        self.optimizer = optimizer
        self.rate = rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.scoring = scoring
        self.ensemble = ensemble
        self.n_restarts = n_restarts
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.engine = engine
        self.threads = threads
        self.max_seconds = max_seconds
        self.checkpoint = checkpoint
        self.resume = resume
        self.checkpoint_seconds = checkpoint_seconds
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on some rows, once through, going on from the calls before; what is given is as for `fit`."""
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the predicted numbers in the units of y, shape (rows,) or (rows, outputs)."""
        outputs = self._outputs(self._inputs(X))
        return self._decode(outputs)

    @property
    def target_mean_(self) -> NDArray[np.float64]:
        """What is taken from y, shape (outputs,)."""
        return self._target.mean

    @property
    def target_scale_(self) -> NDArray[np.float64]:
        """By what the rest is divided, shape (outputs,)."""
        return self._target.scale

    def _decode(self, outputs: NDArray[np.float64]) -> NDArray[Any]:
        return self._target.decode(outputs)

    def _read_targets(self, y: Any) -> NDArray[Any]:
        return read_numbers(y, self)

    def _learn_target(self, training: Part, every: NDArray[Any], chosen: Chosen) -> None:
        self._target = Numbers.learn(training.y, training.weights, self._loss_of(chosen).targets)

    def _loss_of(self, chosen: Chosen) -> Loss:
        return chosen.loss(self.loss, Numbers, None)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn may expect: several outputs, beside what a regressor does."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
