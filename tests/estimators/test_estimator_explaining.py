"""The worked example of one row on a trained estimator."""

from __future__ import annotations

import numpy as np
import polars as pl
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


def test_of_an_ensemble_it_is_said_to_be_the_first_network():
    X, y = blobs()
    several, one = (small(hidden=(2,), epochs=1, ensemble=count).fit(X, y) for count in (3, 1))
    assert "This is network 1 of 3; the prediction is the mean of what all of them say." in several.explain(X).text()
    assert "3 个网络中的第 1 个" in several.explain(X, language="zh").text()
    assert "network 1 of" not in one.explain(X).text()


def test_a_row_of_many_inputs_is_a_list_of_names_and_values():
    rng = np.random.default_rng(0)
    names = [f"a rather long name of column {letter}" for letter in "abcdef"]
    frame = pl.DataFrame({name: rng.normal(size=40) for name in names})
    regressor = small("numbers", hidden=(2,), recipe="plain").fit(frame, rng.normal(size=40))
    for width in (80, 100):
        lines = regressor.explain(frame, 3).text(width).splitlines()
        first = lines.index("Samples")
        table = dict(line.rsplit(maxsplit=1) for line in lines[first + 1 : first + 10] if " " in line)
        assert list(table)[: len(names) + 1] == ["sample", *names]
        values = frame.row(3)  # the plain recipe takes numbers as they are
        assert [float(table[name]) for name in names] == pytest.approx(values, abs=1e-6)
        assert max(map(len, lines[first : first + 10])) <= width
    cut = regressor.explain(frame, 3).text(50)
    assert "…" not in cut[cut.index("Samples") : cut.index("Parameters")]


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
