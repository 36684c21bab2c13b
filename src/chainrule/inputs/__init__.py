"""Training the input: what dE/dx, by the same chain rule, says of a network.

`dream` descends from noise to what a network takes for a class, `fool` ascends from a recognised sample to one no
longer recognised, `accuracy_curve` says how many samples survive which budget; `saliency` and `integrated_gradients`
tell which inputs an output comes from.
"""

from chainrule.inputs.attributing import Attribution, Saliency, integrated_gradients, saliency
from chainrule.inputs.curve import Curve, accuracy_curve, save_curves
from chainrule.inputs.dreaming import Dream, dream
from chainrule.inputs.fooling import Fooled, fool
from chainrule.inputs.walk import Course

__all__ = [
    "Attribution",
    "Course",
    "Curve",
    "Dream",
    "Fooled",
    "Saliency",
    "accuracy_curve",
    "dream",
    "fool",
    "integrated_gradients",
    "saliency",
    "save_curves",
]
