"""The worked example of one row on a trained estimator."""

from __future__ import annotations

import numpy as np
import pytest
from estimator_cases import blobs, line, people_frame, small


def test_a_row_with_the_names_of_its_columns():
    X, y = people_frame()
    classifier = small(hidden=(2,), recipe="plain").fit(X, y)
    document = classifier.explain(X, 3, y)
    assert "town=Kiel" in document.text()
    values = {step.key: step.value for step in document.steps}
    probabilities = classifier.predict_proba(X[3:4])[0]
    np.testing.assert_allclose([values["y[0,0]"], values["y[0,1]"]], probabilities, rtol=1e-5)


def test_its_target_is_its_own_one_given_or_the_prediction():
    X, y = blobs()
    classifier = small(hidden=(2,), recipe="plain").fit(X, y)

    def target(*arguments):
        text = classifier.explain(X, 4, *arguments).text()
        row = next(line for line in text.splitlines() if line.startswith("0  "))
        return [int(part) for part in row.split()[-3:]]

    of_class = np.eye(3, dtype=int).tolist()
    assert target(y) == of_class[y[4]]
    assert target(2) == of_class[2]
    assert target() == of_class[classifier.predict(X)[4]]


def test_a_wide_network_is_shown_by_its_most_telling_weight():
    X, y = line()
    regressor = small("numbers", hidden=(64, 64)).fit(X, y)
    text = regressor.explain(X, 1, y, digits=4).text()
    assert "All steps of this network would fill a book" in text
    assert "b3[0]" in regressor.explain(X, 1, y, focus="b3[0]").text()


def test_what_is_not_there():
    X, y = blobs()
    classifier = small(hidden=(2,)).fit(X, y)
    with pytest.raises(ValueError, match="row must be from 0 to 59, the rows of X, not 60"):
        classifier.explain(X, 60)
    with pytest.raises(ValueError, match="y must be the target of the row, or of each of the 60 rows"):
        classifier.explain(X, 0, y[:7])
    with pytest.raises(ValueError, match="unknown style"):
        classifier.explain(X, 0, style="poem")


def test_the_target_of_one_row_of_several_outputs():
    X, y = blobs()
    both = np.column_stack([X[:, 0], X[:, 1] * 2])
    regressor = small("numbers", recipe="plain", hidden=(2,)).fit(X, both)
    labels = np.column_stack([y == 0, y == 1]).astype(int)
    classifier = small(recipe="plain", hidden=(2,)).fit(X, labels)
    for fitted, targets in ((regressor, both), (classifier, labels)):
        one = fitted.explain(X, row=3, y=targets[3].tolist()).text()
        assert one == fitted.explain(X, row=3, y=targets).text()
        assert one != fitted.explain(X, row=3, y=1 - targets).text()
