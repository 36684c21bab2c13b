"""Checks of derived gradients by oracles that know nothing of the derivation."""

from chainrule.checks.gradients import GradientReport, check_gradients

__all__ = ["GradientReport", "check_gradients"]
