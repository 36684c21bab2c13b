"""A recipe of one's own."""

from __future__ import annotations

import numpy as np
from estimator_cases import blobs, small

from chainrule.recipes import recipe_of


def test_a_recipe_may_be_given_as_itself():
    X, y = blobs()
    own = recipe_of("default", "classes").changed(waves=2, ensemble=2)
    fitted = small(recipe=own, ensemble=None, epochs=2).fit(X, y)
    assert len(fitted.networks_) == 2
    assert fitted.network_.parameters["u1"].shape == (4, 8)
    again = small(recipe="default", ensemble=2, epochs=2).fit(X, y)
    assert again.network_.parameters["u1"].shape == (16, 8)
    assert not np.array_equal(fitted.predict_proba(X), again.predict_proba(X))
