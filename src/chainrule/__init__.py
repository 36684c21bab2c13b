"""Train neural networks you can see through: every number of backpropagation open to view."""

from chainrule import errors
from chainrule.activations import Activation, activation
from chainrule.initializers import Init
from chainrule.layers import BatchNorm, Dense, Dropout, Layer, LayerNorm, Residual
from chainrule.losses import L1, L2, Loss, loss
from chainrule.network import Network
from chainrule.optimizers import Adagrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSprop
from chainrule.schedules import Constant, Cosine, Exponential, InverseScaling, OneCycle, Step, WarmUp

__version__ = "0.1.0"
