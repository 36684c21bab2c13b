"""A recipe of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from estimator_cases import blobs, problem, small

from chainrule.errors import InputError
from chainrule.recipes import Recipe, recipe_of
from chainrule.styles import Style


def test_a_recipe_may_be_given_as_itself():
    X, y = blobs()
    own = recipe_of("default", "classes").changed(waves=2, ensemble=2)
    fitted = small(recipe=own, ensemble=None, epochs=2).fit(X, y)
    assert len(fitted.networks_) == 2
    assert fitted.network_.parameters["u1"].shape == (4, 8)
    again = small(recipe="default", ensemble=2, epochs=2).fit(X, y)
    assert again.network_.parameters["u1"].shape == (16, 8)
    assert not np.array_equal(fitted.predict_proba(X), again.predict_proba(X))


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_the_plain_recipe_is_the_same_by_name_and_as_itself_unless_it_is_to_learn_columns(kind):
    X, y = problem(kind)
    own = recipe_of("plain", kind)
    by_name, as_itself = (small(kind, recipe=recipe).fit(X, y) for recipe in ("plain", own))
    np.testing.assert_array_equal(by_name.network_.vector, as_itself.network_.vector)
    assert as_itself.encoder_ is None
    assert small(kind, recipe=own.changed(as_it_is=False)).fit(X, y).encoder_.input_names == ["x0", "x1"]


def test_dropout_is_behind_each_hidden_layer_of_both_kinds_of_network():
    X, y = blobs()
    for recipe, first in (("plain", "Dense"), ("default", "Columns")):
        layers = small(recipe=recipe, hidden=(4, 3), dropout=0.1).fit(X, y).network_.architecture.layers
        assert [type(layer).__name__ for layer in layers] == [first, "Dropout", "Dense", "Dropout", "Dense"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Style(one_hot=0), "one_hot must be a whole number of at least 1, not 0"),
        (lambda: Style(robust=1), "robust must be True or False, not 1"),
        (lambda: Recipe(hidden=64), r"hidden must be sizes such as \(64, 64\), not 64"),
        (lambda: Recipe(hidden=(64, 0)), "a size of hidden must be a whole number of at least 1, not 0"),
        (lambda: Recipe(activation="rellu"), "did you mean 'relu'"),
        (lambda: Recipe(waves=-1), "waves must be a whole number of at least 0, not -1"),
        (lambda: Recipe(spread=0), "spread must be a number above 0, not 0"),
        (lambda: Recipe(rate="fast"), "rate must be a number of at least 0, not 'fast'"),
        (lambda: Recipe(beta2=1), "beta2 must be a number of at least 0 and below 1, not 1"),
        (lambda: Recipe().changed(ensemble=0), "ensemble must be a whole number of at least 1, not 0"),
        (lambda: Recipe(style="robust"), "style must be a Style, not 'robust'"),
        (lambda: Recipe(as_it_is=0), "as_it_is must be True or False, not 0"),
    ],
)
def test_ingredients_that_do_not_fit(make, sentence):
    with pytest.raises(InputError, match=sentence):
        make()
