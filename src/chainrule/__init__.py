"""Train neural networks you can see through: every number of backpropagation open to view."""

import importlib as _importlib
import typing as _typing

from chainrule import errors
from chainrule.activations import Activation, activation
from chainrule.history import History
from chainrule.initializers import Init
from chainrule.layers import BatchNorm, Columns, Dense, Dropout, Layer, LayerNorm, Residual
from chainrule.losses import L1, L2, Loss, loss
from chainrule.network import Network
from chainrule.optimizers import Adagrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSprop
from chainrule.schedules import Constant, Cosine, Exponential, InverseScaling, OneCycle, Step, WarmUp

if _typing.TYPE_CHECKING:
    from chainrule import inputs, methods, pitfalls
    from chainrule.checks import check_gradients
    from chainrule.diagnosis import diagnose
    from chainrule.estimators import GradientNormDisplay, LossCurveDisplay, NetworkClassifier, NetworkRegressor
    from chainrule.exercises import exercise
    from chainrule.many import fit_many
    from chainrule.models import load

__all__ = [
    "L1",
    "L2",
    "Activation",
    "Adagrad",
    "Adam",
    "AdamW",
    "BatchNorm",
    "Columns",
    "Constant",
    "Cosine",
    "Dense",
    "Dropout",
    "Exponential",
    "GradientDescent",
    "GradientNormDisplay",
    "History",
    "Init",
    "InverseScaling",
    "Layer",
    "LayerNorm",
    "Loss",
    "LossCurveDisplay",
    "Momentum",
    "Nesterov",
    "Network",
    "NetworkClassifier",
    "NetworkRegressor",
    "OneCycle",
    "RMSprop",
    "Residual",
    "Step",
    "WarmUp",
    "__version__",
    "activation",
    "check_gradients",
    "diagnose",
    "errors",
    "exercise",
    "fit_many",
    "inputs",
    "load",
    "loss",
    "methods",
    "pitfalls",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import what not everybody needs when it is first asked for."""
    if name == "check_gradients":
        from chainrule.checks import check_gradients

        return check_gradients
    if name == "diagnose":
        from chainrule.diagnosis import diagnose

        return diagnose
    if name == "exercise":
        from chainrule.exercises import exercise

        return exercise
    if name == "load":
        from chainrule.models import load

        return load
    if name == "fit_many":
        from chainrule.many import fit_many

        return fit_many
    if name in ("NetworkClassifier", "NetworkRegressor", "LossCurveDisplay", "GradientNormDisplay"):
        return getattr(_importlib.import_module("chainrule.estimators"), name)
    if name in ("inputs", "methods", "pitfalls"):
        return _importlib.import_module(f"chainrule.{name}")
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
