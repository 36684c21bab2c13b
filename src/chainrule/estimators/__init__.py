"""Networks as scikit-learn estimators for tables and matrices: a classifier, a regressor, pictures of training."""

from chainrule.estimators.classifier import NetworkClassifier
from chainrule.estimators.displays import GradientNormDisplay, LossCurveDisplay
from chainrule.estimators.members import InterruptedWarning
from chainrule.estimators.regressor import NetworkRegressor

__all__ = ["GradientNormDisplay", "InterruptedWarning", "LossCurveDisplay", "NetworkClassifier", "NetworkRegressor"]
