"""The classifier: one of several classes, or several labels at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from chainrule.calibrated import shares, tempered
from chainrule.errors import InputError
from chainrule.estimators.base import NetworkEstimator
from chainrule.estimators.calibration import fit_temperature
from chainrule.estimators.parts import Part, Weights, class_weights
from chainrule.estimators.targets import Indicators, Labels, classes_of, read_classes

if TYPE_CHECKING:
    from chainrule.estimators.chosen import Chosen
    from chainrule.losses import Loss
    from chainrule.network import Network
    from chainrule.recipes import Recipe


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A network that tells classes apart, or says of several labels which hold.

    X may be a matrix, sparse or not, or a table of pandas, polars or pyarrow: numbers, texts, categories, truth values
    and dates, with gaps. Where a parameter is None, the recipe decides (`chainrule.recipes`).

    Parameters
    ----------
    hidden : sizes of the hidden layers, such as (64, 64), or a list of layers, which then stand before the output's.
    activation : of the hidden layers, a name or an `Activation`.
    loss : name, `Loss`, or a formula in ``y`` (probabilities), ``t`` (1 for the class of the row) and ``z``. Default
        cross_entropy; for several labels binary_cross_entropy.
    recipe : "default", whose network knows the columns of a table; or "plain", which takes a matrix of numbers as it
        is, and has no rows to validate with, as `sklearn.neural_network.MLPClassifier`; or a `Recipe` of
        `chainrule.recipes`.
    optimizer : such as ``Adam(0.01)``, or a name.
    rate : learning rate, a number or a schedule; of the optimizer given, or of the recipe's.
    epochs, batch_size : times that all rows are shown, rows in one update.
    dropout, weight_decay : of the hidden layers; of AdamW.
    smoothing : of the labels in cross_entropy, from 0 to below 1 (Szegedy et al. 2016).
    validation_fraction : the part of the rows set aside to choose the best epoch by; 0 for none.
    patience : epochs without a better one after which training ends; without rows to validate with, by the cost of
        those trained with.
    scoring : a scorer, by name or itself, that chooses the best epoch instead of the loss of the validation rows.
    class_weight : "balanced", or a dictionary from classes to weights.
    calibrate : whether probabilities get a temperature fitted on the validation rows, if there are any. Default True.
    ensemble : train so many networks, each with another part set aside, and take the mean of their probabilities.
    n_restarts : train each network from so many starts and keep the best. Default 1.
    warm_start : whether `fit` goes on with the networks of the last one.
    callbacks : functions of the network and its history, called after each epoch; True ends training. Those of
        scikit-learn are given to `set_callbacks`.
    engine : "auto", "compiled" or "reference", see `Network.fit`.
    threads : at most so many share the work, by default as many as there are cores; results are the same for any.
    max_seconds : training ends after this time; networks that wait for a core have a share of it each.
    checkpoint, resume, checkpoint_seconds : of the training of all networks, see `Network.fit`; not with `scoring`.
    random_state : a whole number is the seed of the (first) network; the same one gives the same bits.
    verbose : whether to show a progress bar.

    Attributes
    ----------
    classes_ : the classes, shape (classes,); of several labels their numbers.
    networks_, network_ : the trained networks, and the first of them.
    histories_, history_ : the courses of their trainings, and that of the first.
    n_iter_ : epochs trained.
    loss_curve_ : cost of the training rows by epoch, of an ensemble that of its first network.
    validation_scores_ : score of the validation rows by epoch (or their negative cost), of an ensemble that of its
        first network; None if there were none.
    temperature_ : by which logarithms of probabilities are divided; None if it was not fitted.
    interrupted_ : whether Ctrl-C ended the training. Networks of an ensemble that had hardly begun are left out then; a
        `fit` with `warm_start` goes on with the others and begins those anew.
    encoder_ : the `chainrule.tables.TableEncoder` that turns rows into inputs; None where a matrix of numbers is
        taken as it is (recipe="plain"). Its `target` is a stand-in and not to be used.
    n_features_in_, feature_names_in_ : as in scikit-learn.

    >>> X = [["red", 1.0], [None, 1.5], ["blue", 3.0], ["blue", None]] * 5
    >>> y = ["low", "low", "high", "high"] * 5
    >>> classifier = NetworkClassifier(hidden=(16,), epochs=60, random_state=0).fit(X, y)
    >>> classifier.predict([["red", 1.2], ["green", 3.5]]).tolist()
    ['low', 'high']
    """

    _kind = "classes"
    _target: Labels | Indicators

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
        smoothing: float | None = None,
        validation_fraction: float | None = None,
        patience: int | None = None,
        scoring: Any = None,
        class_weight: Any = None,
        calibrate: bool = True,
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
        self.smoothing = smoothing
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.scoring = scoring
        self.class_weight = class_weight
        self.calibrate = calibrate
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

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train on some rows, once through, going on from the calls before.

        Parameters
        ----------
        X, y, sample_weight : as for `fit`.
        classes : all classes that will come, needed at the first call, unless y is an indicator matrix.
        """
        if isinstance(self.class_weight, str):
            raise InputError(f"class_weight={self.class_weight!r} needs all rows at once; give a dictionary of weights")
        known = None if classes is None else classes_of(np.asarray(classes))
        if hasattr(self, "networks_"):
            if known is not None and not np.array_equal(known, self.classes_):
                raise InputError(f"the classes of the first call were {self.classes_}, now they are {known}")
        elif known is None and read_classes(y, self).ndim == 1:
            raise InputError("classes must be passed on the first call to partial_fit.")
        return self._partial_fit(X, y, sample_weight, known)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, shape (rows, classes), or of each label, shape (rows, labels)."""
        return self._probabilities(self._outputs(self._inputs(X)), self.temperature_)

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithms of the probabilities, shape (rows, classes)."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row, or 0 and 1 for each label, shape (rows, labels)."""
        outputs = self._outputs(self._inputs(X))
        return self._decode(outputs)

    def _probabilities(self, outputs: NDArray[np.float64], temperature: float | None) -> NDArray[np.float64]:
        separate = isinstance(self._target, Indicators)
        p = outputs if separate else shares(outputs)
        return p if temperature is None else tempered(p, temperature, separate=separate)

    def _decode(self, outputs: NDArray[np.float64]) -> NDArray[Any]:
        return self._target.decode(self._probabilities(outputs, self.temperature_))

    def _read_targets(self, y: Any) -> NDArray[Any]:
        return read_classes(y, self)

    def _learn_target(self, training: Part, every: NDArray[Any], chosen: Chosen) -> None:
        labels = training.y if training.y.ndim == 2 else every
        self._target = Indicators(labels.shape[1]) if labels.ndim == 2 else Labels(classes_of(labels))
        self.classes_ = self._target.classes

    def _loss_of(self, chosen: Chosen) -> Loss:
        return chosen.loss(self.loss, self._target, self.smoothing)

    def _costs(self, y: NDArray[Any], weights: Weights | None, learn: bool) -> Weights | None:
        if self.class_weight is None:
            return weights
        if y.ndim == 2:
            raise InputError("class_weight is for classes, not for several labels at once; weigh rows by sample_weight")
        if learn:
            self._class_weights = class_weights(self.class_weight, y, weights)
        of_row = np.array([self._class_weights.get(label, 1.0) for label in y.tolist()])
        return of_row if weights is None else of_row * weights

    def _strata(self, y: NDArray[Any]) -> NDArray[Any] | None:
        return None if y.ndim == 2 else np.unique(y, return_inverse=True)[1]

    def _attributes(self, *networks: Network) -> dict[str, Any]:
        return {**super()._attributes(*networks), "temperature_": None}

    def _complete(self, validations: Sequence[Part | None]) -> None:
        asked = [([net], rows) for net, rows in zip(self.networks_, validations, strict=False) if rows is not None]
        self.temperature_ = self._temperature(asked) if self.calibrate and asked else None

    def _temperature(self, asked: list[tuple[list[Network], Part]]) -> float:
        """Return the temperature by what networks say of rows that they were not trained with.

        Of rows that no network was trained with that is their mean. A row that several are asked of counts once.
        """
        first = asked[0][1]
        if all(rows is first for _, rows in asked):
            asked = [(self.networks_, first)]
        raw = [self._probabilities(self._outputs(self._encoding.inputs(rows.rows), nets), None) for nets, rows in asked]
        targets = [self._target.encode(rows.y) for _, rows in asked]
        costs = np.concatenate([np.ones(len(rows)) if rows.costs is None else rows.costs for _, rows in asked])
        places = np.concatenate([np.arange(len(rows)) if rows.places is None else rows.places for _, rows in asked])
        costs = costs / np.bincount(places)[places]
        separate = isinstance(self._target, Indicators)
        return fit_temperature(np.concatenate(raw), np.concatenate(targets), costs, separate=separate)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn may expect: several labels at once, beside what a classifier does."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
