"""Exercises: a training step to calculate by hand, its worked answers, and marks for what was calculated."""

from chainrule.exercises.making import RATE, Exercise, exercise, exercises

__all__ = ["RATE", "Exercise", "exercise", "exercises"]
