"""The seeded set of `cases`, in small: each slip in random networks, correct numbers, noise."""

from __future__ import annotations

import numpy as np
import pytest
from cases import ROUNDING, agreements, is_first, rate_of_slips, silences, slip_cases

from chainrule.diagnosis import SLIPS

# Fewer digits tell slips apart less well, and small changes not at all.
WANTED = {9: 0.95, 4: 0.8}


@pytest.mark.parametrize("digits", WANTED)
def test_the_right_slip_is_first(digits):
    found = rate_of_slips(digits, 1)
    assert set(found) == set(SLIPS) - set(ROUNDING)  # every slip can be made in some network
    assert np.mean([one for each in found.values() for one in each]) >= WANTED[digits]


@pytest.mark.parametrize("key", ["sign", "slope_missing", "bias_input", "updated_weights", "uncorrected"])
def test_the_commonest_with_three_digits(key):
    found = [is_first(asked.diagnose(theirs, digits=3), key) for asked, theirs in slip_cases(key, 3, 4)]
    assert np.mean(found) >= 0.75


def test_correct_numbers_agree():
    assert all(agreements(12))


def test_nothing_is_claimed_of_noise():
    assert np.mean(silences(9)) >= 0.99
