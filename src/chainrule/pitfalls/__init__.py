"""What goes wrong in training, shown: small experiments, each with its numbers, a picture and what to see.

Each is a function of a seed. It returns what it found: arrays, a `table` to read, all `data`, two `sentences`, and a
picture by `plot()`.

>>> import chainrule as cr
>>> found = cr.pitfalls.slow_start(seed=0)
>>> found.needed("binary_cross_entropy", 4) < found.needed("half_squared_error", 4)
True
"""

from chainrule.pitfalls.exploding_gradients import exploding
from chainrule.pitfalls.finding import Finding, Table
from chainrule.pitfalls.learning_rates import learning_rate
from chainrule.pitfalls.local_minima import local_minimum
from chainrule.pitfalls.precisions import precision
from chainrule.pitfalls.registry import PITFALLS, Pitfall, pitfall
from chainrule.pitfalls.saturated_units import saturation
from chainrule.pitfalls.slow_starts import slow_start
from chainrule.pitfalls.symmetric_units import symmetry
from chainrule.pitfalls.vanishing_gradients import vanishing

__all__ = [
    "PITFALLS",
    "Finding",
    "Pitfall",
    "Table",
    "exploding",
    "learning_rate",
    "local_minimum",
    "pitfall",
    "precision",
    "saturation",
    "slow_start",
    "symmetry",
    "vanishing",
]
