"""Pictures of a training, in the manner of scikit-learn's Display objects; matplotlib is imported by the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from chainrule.errors import InputError, shown
from chainrule.history import History
from chainrule.plots import needed

if TYPE_CHECKING:
    from chainrule.estimators.base import NetworkEstimator


class _CurveDisplay:
    """Curves over the epochs of a history.

    Attributes
    ----------
    ax_, figure_ : where it was drawn.
    lines_ : the curves by their label.
    """

    label: str

    def __init__(self, history: History):
        if not isinstance(history, History):
            raise InputError(f"{type(self).__name__} draws a History, as fit leaves it, not {shown(history)}")
        self.history = history

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.history!r})"

    @classmethod
    def from_estimator(cls, estimator: NetworkEstimator, *, ax: Any = None, **line: Any) -> Self:
        """Draw the training of a fitted estimator, of an ensemble that of its first network.

        Parameters
        ----------
        ax : axes of matplotlib to draw in; new ones if left out.
        line : of matplotlib's lines, such as ``linewidth=2``.

        Raises `NotFittedError` before `fit`, `InputError` where matplotlib is missing.
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(estimator, "histories_")
        return cls(estimator.history_).plot(ax, **line)

    def plot(self, ax: Any = None, **line: Any) -> Self:
        """Draw the curves in `ax`, or in new axes."""
        if ax is None:
            try:
                import matplotlib.pyplot as plt
            except ImportError:
                raise needed() from None
            ax = plt.subplots()[1]
        self.ax_, self.figure_ = ax, ax.figure
        epochs = self.history.epoch
        self.lines_ = {name: ax.plot(epochs, values, label=name, **line)[0] for name, values in self._curves().items()}
        self._mark(ax)
        ax.set(xlabel="epoch", ylabel=self.label, yscale="log" if self._is_positive() else "linear")
        ax.legend()
        return self

    def _curves(self) -> Mapping[str, Sequence[float]]:
        raise NotImplementedError

    def _mark(self, ax: Any) -> None:
        """Mark what is to be seen in the curves."""

    def _is_positive(self) -> bool:
        return all(value > 0 for values in self._curves().values() for value in values)


class LossCurveDisplay(_CurveDisplay):
    """The loss of the training and the validation rows over the epochs; a dotted line where the best epoch is.

    >>> LossCurveDisplay(History())
    LossCurveDisplay(History(0 epochs; ))
    """

    label = "loss"

    def _curves(self) -> Mapping[str, Sequence[float]]:
        curves = {"training": self.history.cost, "validation": self.history.validation_cost}
        return {name: values for name, values in curves.items() if values}

    def _mark(self, ax: Any) -> None:
        if self.history.best_epoch is not None:
            ax.axvline(self.history.best_epoch, color="gray", linestyle=":", label="best epoch")


class GradientNormDisplay(_CurveDisplay):
    """The Euclidean norm of each layer's gradient over the epochs: what vanishes or explodes shows.

    >>> GradientNormDisplay(History())
    GradientNormDisplay(History(0 epochs; ))
    """

    label = "norm of the gradient"

    def _curves(self) -> Mapping[str, Sequence[float]]:
        return {f"layer {layer}": values for layer, values in self.history.gradient_norm.items()}
