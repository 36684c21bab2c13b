"""What the classifier and the regressor share: parameters to trained networks, rows to outputs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks

from chainrule.errors import InputError
from chainrule.estimators.chosen import Chosen
from chainrule.estimators.encoding import ByColumns, Encoding, Inputs, learn_encoding
from chainrule.estimators.fitting import Fitting, seed_from
from chainrule.estimators.members import InterruptedWarning, Member, was_interrupted, worth_keeping
from chainrule.estimators.parts import Part, Weights, check_class_weights
from chainrule.estimators.rows import feature_names, read_rows
from chainrule.estimators.stream import Stream, check_rate
from chainrule.estimators.targets import Target
from chainrule.history import History
from chainrule.ranges import check_yes_no
from chainrule.threads import one_thread_for

if TYPE_CHECKING:
    from chainrule.explain import Document
    from chainrule.losses import Loss
    from chainrule.network import Network
    from chainrule.tables import TableEncoder


class NetworkEstimator(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """What both estimators do; `NetworkClassifier` and `NetworkRegressor` document the parameters."""

    _kind: str
    _encoding: Encoding
    _target: Target
    _known: tuple[Any, Inputs] | None = None
    _trained = 0
    _seed: int
    _members: list[Member]
    _ensemble: int
    """How many networks there were before Ctrl-C left some out."""
    networks_: list[Network]

    # What the two differ in

    def _read_targets(self, y: Any) -> NDArray[Any]:
        """Return targets, checked for what they are."""
        raise NotImplementedError

    def _learn_target(self, training: Part, every: NDArray[Any], chosen: Chosen) -> None:
        """Set the target from the rows to train with, and the targets of `every` row."""
        raise NotImplementedError

    def _loss_of(self, chosen: Chosen) -> Loss:
        """Return the loss."""
        raise NotImplementedError

    def _costs(self, y: NDArray[Any], weights: Weights | None, learn: bool) -> Weights | None:
        """Return the weights of rows in the cost; with `learn` they are rows to train with."""
        return weights

    def _strata(self, y: NDArray[Any]) -> NDArray[Any] | None:
        """Return the class of each row, by which a validation part is chosen."""
        return None

    def _decode(self, outputs: NDArray[np.float64]) -> NDArray[Any]:
        """Return predictions."""
        raise NotImplementedError

    def _attributes(self, *networks: Network) -> dict[str, Any]:
        """Return what an estimator needs to predict by some networks, as they are now."""
        return {"networks_": list(networks)}

    def _complete(self, validations: Sequence[Part | None]) -> None:
        """Do what is left to do after training, given the rows that each network was not trained with."""

    # Training

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Train.

        Parameters
        ----------
        X : matrix (array or sparse) or table (pandas, polars, pyarrow), shape (rows, features).
        y : targets, shape (rows,) or (rows, outputs).
        sample_weight : of each row, shape (rows,); 2 counts as the row given twice.
        X_val, y_val, sample_weight_val : rows to validate with, instead of a part of X.

        Returns the estimator. Ctrl-C ends the training and keeps what was learned: `interrupted_` is True then, and
        there is an `InterruptedWarning`; `warm_start` goes on from there.

        Raises `ValueError` (mostly `InputError`) for data and parameters that do not fit, and `TrainingError` where the
        cost is no longer finite: of one network at once, of several after all have ended, and with `n_restarts` only if
        all starts of a network went wrong.
        """
        check_yes_no("warm_start", self.warm_start)
        goes_on = self.warm_start and hasattr(self, "networks_")
        seed = self._seed if goes_on else seed_from(self.random_state)
        fitting = Fitting(self, Chosen.of(self, self._kind), seed)
        every = fitting.part(X, y, sample_weight, reset=not goes_on)
        splits = fitting.split(every, (X_val, y_val, sample_weight_val))
        if not goes_on:
            known = splits[0].training if len(splits) == 1 else every.with_weight()
            self._learn(fitting.chosen, known, every.y)
        networks, seen = fitting.networks(), fitting.seen()
        if goes_on:
            self._check_same(networks, fitting)
            for member in self._members:
                networks[member.number], seen[member.number] = member.net, member.seen
        passed = {"X": X, "y": y, "metadata": None if sample_weight is None else {"sample_weight": sample_weight}}
        context = fitting.begin(len(networks), passed)
        before = self._trained if goes_on else 0
        members = fitting.train(networks, splits, passed, before, seen)
        self.interrupted_ = any(map(was_interrupted, members))
        members = worth_keeping(members)
        self._keep(members)
        self._seed, self._ensemble, self._trained = seed, fitting.members, before + self.n_iter_
        self.__dict__.pop("_streams", None)
        self._complete([splits[member.number].validation for member in members])
        made = self._attributes
        context.call_on_fit_task_end(estimator=self, **passed, reconstruction_attributes=lambda: made(*self.networks_))
        self._warn_if_interrupted()
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: NDArray[Any] | None = None) -> Self:
        """Show the networks some rows once, with the optimiser that the calls before left."""
        for name in ("patience", "scoring", "validation_fraction"):
            if getattr(self, name):
                raise InputError(f"partial_fit has no rows to validate with: leave {name} out, or train by fit")
        if self.checkpoint is not None or self.resume is not None:
            raise InputError("partial_fit writes no checkpoints: save the estimator between the calls")
        chosen, first = Chosen.of(self, self._kind), not hasattr(self, "networks_")
        fitting = Fitting(self, chosen.for_streams(), seed_from(self.random_state) if first else self._seed)
        training = fitting.part(X, y, sample_weight, reset=first).with_weight()
        if first:
            self._learn(fitting.chosen, training, training.y if classes is None else classes)
            new = zip(fitting.networks()[:: fitting.starts], fitting.seen(), strict=True)
            members = [Member(net, History(), None, number, seen) for number, (net, seen) in enumerate(new)]
        else:
            members = self._members
        if first or not hasattr(self, "_streams"):
            optimizer = fitting.optimizer()
            check_rate(optimizer)
            self._streams = [Stream(optimizer) for _ in members]
        data, settings = fitting.arrays(members[0].net).data(training), fitting.settings(False)
        trained = [stream.train(one.net, settings, data) for one, stream in zip(members, self._streams, strict=True)]
        for member in members:
            member.seen.note(member.net, data)
        members = [replace(one, history=history, scores=None) for one, history in zip(members, trained, strict=True)]
        self.interrupted_ = any(map(was_interrupted, members))
        self._keep(members)
        if first:
            self._seed, self._ensemble = fitting.seed, fitting.members
        self._complete([])
        self._warn_if_interrupted()
        return self

    def _warn_if_interrupted(self) -> None:
        if self.interrupted_:
            epochs = f"{self.n_iter_} epoch{'s' * (self.n_iter_ != 1)}"
            where = f", in {len(self._members)} of {self._ensemble} networks" if self._ensemble > 1 else ""
            message = f"training was interrupted after {epochs}; what was learned until then is kept{where}"
            warnings.warn(message, InterruptedWarning, stacklevel=4)

    def _learn(self, chosen: Chosen, training: Part, every: NDArray[Any]) -> None:
        """Learn what turns rows and targets into numbers and back; `every` holds all targets, or all classes."""
        self.__dict__.pop("networks_", None)  # which would not fit what is learned now, should training fail
        check_class_weights(getattr(self, "class_weight", None), np.unique(every))
        self._learn_target(training, every, chosen)
        self._encoding = learn_encoding(
            training.rows, feature_names(self), chosen.recipe.style, training.weights, as_it_is=chosen.recipe.as_it_is
        )

    def _check_same(self, made: list[Network], fitting: Fitting) -> None:
        """Raise `InputError` unless the networks of the last training are such as those made now."""
        for what, old, new in (
            ("networks", self._ensemble, fitting.members),
            ("layers", self.networks_[0].architecture.config, made[0].architecture.config),
        ):
            if old != new:
                raise InputError(
                    f"warm_start goes on with the networks of the last training, but their {what} have changed: "
                    f"then {self._ensemble} of {self.networks_[0]!r}, now {fitting.members} of {made[0]!r}"
                )
        if fitting.starts > 1:
            raise InputError("warm_start goes on from where training ended; n_restarts starts anew: give one of them")

    def _keep(self, members: list[Member]) -> None:
        """Set what training leaves behind."""
        self._members = members
        self.networks_ = [member.net for member in members]
        self.histories_ = [member.history for member in members]
        first = members[0]
        self.n_iter_ = max(history.epochs for history in self.histories_)
        self.loss_curve_ = first.history.cost
        costs = first.history.validation_cost
        self.validation_scores_ = first.scores or ([-cost for cost in costs] if costs else None)

    @property
    def network_(self) -> Network:
        """The trained network, of an ensemble the first."""
        return self.networks_[0]

    @property
    def history_(self) -> History:
        """The course of the training, of an ensemble that of its first network."""
        return self.histories_[0]

    @property
    def encoder_(self) -> TableEncoder | None:
        """What turns rows into inputs, column by column; None where a matrix of numbers is taken as it is.

        Its `target` is a stand-in, and so are its `targets`: what is predicted the estimator itself knows.
        """
        return self._encoding.encoder if isinstance(self._encoding, ByColumns) else None

    # Predicting

    def _inputs(self, X: Any) -> Inputs:
        from sklearn.utils.validation import check_is_fitted

        if self._known is not None and X is self._known[0]:
            return self._known[1]
        check_is_fitted(self)
        return self._encoding.inputs(read_rows(self, X, reset=False))

    def _outputs(self, inputs: Inputs, networks: Sequence[Network] = ()) -> NDArray[np.float64]:
        """Return the mean of the outputs of all networks, or of some, shape (rows, outputs).

        Raises `InputError` for a row whose outputs are not finite.
        """
        with one_thread_for(len(inputs)):
            outputs = [net.predict(inputs) for net in networks or self.networks_]
        with np.errstate(over="ignore", invalid="ignore"):
            mean: NDArray[np.float64] = np.mean(outputs, axis=0, dtype=np.float64)
        wrong = ~np.isfinite(mean).all(axis=1)
        if wrong.any():
            row = int(wrong.argmax()) + 1
            raise InputError(
                f"the prediction for row {row} is not a finite number: the row is too far from those in training"
            )
        return mean

    def explain(self, X: Any, row: int = 0, y: Any = None, **options: Any) -> Document:
        """Return the worked example of one row: every number of a training step, and how it is calculated.

        Parameters
        ----------
        X : rows as for `predict`.
        row : which of them, counted from 0.
        y : its target (of several outputs a row of them), or those of all rows; if left out, what is predicted.
        options : as for `chainrule.Network.explain`: `focus`, `style`, `digits`, `language`, `optimizer`, ...

        The numbers are those of the network (of an ensemble the first): inputs as columns became them, outputs before
        a temperature or the units of y. Of a network of more than some 400 steps it shows what the weight with the
        largest derivative needs, unless `focus` asks for another.
        """
        from chainrule.estimators.explaining import explain_row

        return explain_row(self, X, row, y, options)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "networks_")

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn may expect: sparse matrices, gaps, texts, categories."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.input_tags.allow_nan = True
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags
