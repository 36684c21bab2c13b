"""Rival ways to a gradient, and to training without one: what ``Network.fit(method=...)`` takes.

>>> import chainrule as cr
>>> sorted(cr.methods.METHODS)
['backpropagation', 'central_differences', 'dual_numbers', 'evolution_strategies', 'forward_differences', 'genetic',
 'perturbation']
"""

from chainrule.methods.kinds import METHODS, as_method
from chainrule.methods.method import Backpropagation, Method
from chainrule.methods.slopes import CentralDifferences, DualNumbers, EvolutionStrategies, ForwardDifferences
from chainrule.methods.trials import Genetic, Perturbation

__all__ = [
    "METHODS",
    "Backpropagation",
    "CentralDifferences",
    "DualNumbers",
    "EvolutionStrategies",
    "ForwardDifferences",
    "Genetic",
    "Method",
    "Perturbation",
    "as_method",
]
