"""Diagnosis: what is wrong with somebody's gradients, weights or intermediate numbers, and which slip made it."""

from chainrule.diagnosis.diagnosing import diagnose
from chainrule.diagnosis.report import Diagnosis
from chainrule.diagnosis.slips import SLIPS, Slip

__all__ = ["SLIPS", "Diagnosis", "Slip", "diagnose"]
