"""scikit-learn's own checks of an estimator, for both estimators and both recipes."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

import chainrule as cr

# In batches of 16, 15 rows with weights make one batch and the same rows repeated several, in an order of their own:
# no training by batches gives the same for both. The recipe "default" moreover sets some of the rows aside, and not the
# same of 15 as of 30. And where none of this plays a part, in one batch of all rows, the checks still allow for a
# difference of 1e-7, while sums of float32 differ by 1e-6: there test_estimator_weights.py holds weights equal to
# repetition.
_BATCHES = "rows with weights and repeated rows make different batches"
_EXPECTED = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"), _BATCHES
)
_SMALL = {"hidden": (16,), "epochs": 40, "rate": 0.02, "batch_size": 16}


@parametrize_with_checks(
    [
        kind(recipe=recipe, **_SMALL)
        for kind in (cr.NetworkClassifier, cr.NetworkRegressor)
        for recipe in ("plain", "default")
    ],
    expected_failed_checks=lambda estimator: _EXPECTED,
)
def test_what_scikit_learn_asks_of_every_estimator(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        check(estimator)


@pytest.mark.parametrize("kind", [cr.NetworkClassifier, cr.NetworkRegressor])
def test_nothing_happens_to_parameters_before_fit(kind):
    hidden = [8]
    assert kind(hidden=hidden, epochs="many").hidden is hidden


def test_the_plain_recipe_imports_no_library_of_tables_or_pictures():
    """So that it is not slower than an MLPClassifier where there is little to train."""
    code = """
import sys, numpy, chainrule
chainrule.NetworkClassifier(recipe="plain", epochs=1).fit(numpy.eye(4), [0, 1, 0, 1]).predict(numpy.eye(4))
print([name for name in ("polars", "matplotlib", "sklearn.metrics", "sklearn.model_selection") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
