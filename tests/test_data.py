"""Arrays that users give: what is taken, and what a network says about the rest. Every refusal is an InputError."""

from __future__ import annotations

from fractions import Fraction

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given

import chainrule as cr
from chainrule.errors import InputError
from refusal import attempt

X = np.array([[0.1, 0.2], [0.3, -0.4], [1.0, 2.0]])
T = np.array([[1.0], [2.0], [3.0]])


def network(loss="half_squared_error", activation="identity", units=1, dtype="float64"):
    return cr.Network(2, [cr.Dense(3, "tanh"), cr.Dense(units, activation)], loss, dtype=dtype)


NO_ARRAYS = {
    "None": (None, "numbers"),
    "text": ("abc", "numbers, but holds"),
    "texts": ([["a", "b"]], "numbers, but holds"),
    "numbers as text": (np.array([["1", "2"]]), "numbers, but holds"),
    "bytes": ([[b"1", b"2"]], "numbers, but holds"),
    "None inside": ([[None, 1.0]], "numbers"),
    "ragged": ([[1, 2], [3]], "different lengths"),
    "dictionary": ({"a": 1}, "numbers, but holds"),
    "object": (object(), "numbers, but holds"),
    "function": (abs, "numbers, but holds"),
    "iterator": (iter([[1, 2]]), "numbers, but holds"),
    "complex": ([[1j, 2]], "numbers, but holds"),
    "dates": (np.array([["2020-01-01", "2020-01-02"]], "M8[D]"), "numbers, but holds"),
    "records": (np.zeros((1, 2), [("a", "f8")]), "numbers, but holds"),
    "objects": (np.array([[1, "a"]], object), "numbers, but holds"),
    "arrays inside": ([[np.ones(2), 3]], "number"),
    "sparse": (scipy.sparse.csr_matrix(X), "numbers, but holds"),
    "masked": (np.ma.masked_array([[1, 2.0]], [[0, 1]]), "masked"),
    "NaN": ([[1, np.nan]], r"finite numbers, but the value at \[0, 1\] is nan"),
    "infinity": ([[-np.inf, 1]], r"finite numbers, but the value at \[0, 0\] is -inf"),
    "huge whole number": ([[10**400, 1]], "number"),
    "one-dimensional": ([1.0, 2.0], r"\(batch, 2\), not \(2,\)"),
    "a number": (3.0, r"\(batch, 2\), not \(\)"),
    "too wide": ([[1, 2, 3]], r"\(batch, 2\), not \(1, 3\)"),
    "three-dimensional": ([[[1], [2]]], r"\(batch, 2\), not \(1, 2, 1\)"),
    "empty list": ([], r"\(batch, 2\), not \(0,\)"),
    "no columns": ([[]], r"\(batch, 2\), not \(1, 0\)"),
    "no rows": (np.zeros((0, 2)), "x has no rows"),
}


@pytest.mark.parametrize(("x", "message"), NO_ARRAYS.values(), ids=NO_ARRAYS)
def test_what_is_no_input_is_said(x, message):
    for use in ("predict", "loss", "gradients", "fit"):
        net = network()
        before = net.vector.copy()
        with pytest.raises(InputError, match=message) as error:
            getattr(net, use)(*([x] if use == "predict" else [x, T]))
        assert str(error.value).startswith("x ")
        assert np.array_equal(net.vector, before)


@pytest.mark.parametrize(("t", "message"), NO_ARRAYS.values(), ids=NO_ARRAYS)
def test_what_is_no_target_weight_or_parameter_is_said(t, message):
    net, x = network(), [[0.5, 1.0]]
    for use in (net.loss, net.gradients, net.fit):
        with pytest.raises(InputError, match=r"^t "):
            use(x, t)
        if t is not None:
            with pytest.raises(InputError, match=r"^sample_weight "):
                use(x, [[1.0]], sample_weight=t)
    with pytest.raises(InputError, match=r"^w1 "):
        net.set_parameters({"w1": t})
    with pytest.raises(InputError):
        net.fit(x, [[1.0]], validation=(t, [[1.0]]))
    with pytest.raises(InputError):
        net.fit(x, [[1.0]], validation=(x, t))


@pytest.mark.parametrize(
    ("t", "message"),
    [
        (np.ones((4, 1)), r"as x, 3, but has shape \(4, 1\)"),
        (np.ones((3, 2)), r"t must have shape \(3, 1\).*not \(3, 2\)"),
        (np.ones(4), r"as x, 3, but has shape \(4,\)"),
        (1.0, r"t must have shape \(3, 1\).*not \(\)"),
    ],
)
def test_targets_that_do_not_fit_say_both_shapes(t, message):
    with pytest.raises(InputError, match=message):
        network().loss(X, t)
    with pytest.raises(InputError, match=r"t must have shape \(3, 2\).*not \(3,\)"):
        network(units=2).loss(X, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 3], "labels must be whole numbers from 0 to 2, but row 2 has 3"),
        ([0, -1, 1], "from 0 to 2, but row 1 has -1"),
        ([0, 1.5, 1], "from 0 to 2, but row 1 has 1.5"),
        ([0, 1, 2, 1], r"as x, 3, but has shape \(4,\)"),
        ([[0], [1], [2]], r"\(3, 3\).*labels of shape \(batch,\); not \(3, 1\)"),
        (["a", "b", "c"], "t must be numbers"),
        ([0, 1, 1e300], "labels"),
        ([[0, 1, 1]] * 3, "rows sum to 1, but row 0 sums to 2"),
        ([[0, 1, 0], [0.5, 0.5, 0.5], [1, 0, 0]], "row 1 sums to 1.5"),
        ([[-1, 1, 1]] * 3, "at least 0, but row 0, output 0 has -1"),
    ],
)
def test_targets_of_cross_entropy_are_labels_or_distributions(labels, message):
    with pytest.raises(InputError, match=message):
        network("cross_entropy", "softmax", 3).fit(X, labels)


def test_rows_sum_to_1_up_to_rounding_alone():
    net = network("cross_entropy", "softmax", 2, dtype="float32")
    assert np.isfinite(net.loss(X, [[0.3, 0.7 + 2e-6]] * 3))
    with pytest.raises(InputError, match="rows sum to 1"):
        net.loss(X, [[0.3, 0.7001]] * 3)


def test_targets_of_other_losses_have_their_ranges():
    with pytest.raises(InputError, match="from 0 to 1, but row 1 has 2"):
        network("binary_cross_entropy", "sigmoid").loss(X, [0, 2, 1])
    with pytest.raises(InputError, match=r"at least 0, but row 0 has -0\.5"):
        network("binary_cross_entropy", "sigmoid").loss(X, [-0.5, 0, 1])
    with pytest.raises(InputError, match="at least 0, but row 2 has -1"):
        network("poisson", "softplus").loss(X, [0, 2, -1])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"\(3,\), one for each row of x; not \(2,\)"),
        ([[1], [2], [3]], r"\(3,\).*not \(3, 1\)"),
        ([1, 2, -1], "at least 0, but row 2 has -1"),
        ([0, 0, 0], "0 for every row"),
        ([1, np.nan, 1], "finite"),
    ],
)
def test_weights_are_one_a_row_none_negative_and_not_all_0(weights, message):
    for use in (network().loss, network().gradients, network().fit):
        with pytest.raises(InputError, match=message):
            use(X, T, sample_weight=weights)


def test_sentences_about_wide_rows_and_long_texts_stay_short():
    wide = network("poisson", "softplus", 2000)
    for use in (lambda: wide.loss(X, -np.ones((3, 2000))), lambda: network().predict([["x" * 10_000, "y"]])):
        with pytest.raises(InputError) as error:
            use()
        assert len(str(error.value)) < 300


def test_numbers_too_large_for_float32_are_said_without_a_warning():
    net = network(dtype="float32")
    for use in (lambda: net.predict([[1e300, 1]]), lambda: net.loss([[1, 1]], [[1e300]])):
        with pytest.raises(InputError, match="too large for float32"):
            use()
    with pytest.raises(InputError, match="too large for float32"):
        net.set_parameters({"b2": [1e39]})
    assert np.isfinite(network().predict([[1e300, 1]])).all()


def test_arrays_of_any_kind_of_number_are_taken():
    net = network()
    right = net.predict([[1.0, 2.0], [3.0, 4.0]])
    whole = [[1, 2], [3, 4]]
    for x in (
        whole,
        tuple(map(tuple, whole)),
        np.array(whole, "u1"),
        np.array(whole, object),
        np.array(whole, "f2"),
        np.array(whole, "g"),
        np.asfortranarray(whole),
        np.array(whole, ">f8"),
        np.arange(1, 9).reshape(2, 4)[:, ::3] * 0 + whole,
        np.ma.masked_array(whole),
        [[Fraction(1), Fraction(2)], [3, 4]],
        pl.DataFrame({"a": [1, 3], "b": [2.0, 4.0]}),
    ):
        np.testing.assert_array_equal(net.predict(x), right)
    np.testing.assert_array_equal(net.predict([[True, False]]), net.predict([[1, 0]]))


def test_targets_of_one_output_need_no_second_axis():
    net = network()
    assert net.loss(X, T) == net.loss(X, T[:, 0]) == net.loss(X, pl.Series([1, 2, 3]))


def test_what_is_given_is_never_changed():
    x, t, s = X.copy(), T.copy(), np.array([1.0, 0.0, 2.0])
    network().fit(x, t, sample_weight=s, validation_fraction=0.5, epochs=2)
    assert np.array_equal(x, X)
    assert np.array_equal(t, T)
    assert s.tolist() == [1, 0, 2]


DTYPES = st.one_of(hnp.scalar_dtypes(), hnp.array_dtypes(max_size=2), st.just(np.dtype(object)))
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)


@given(hnp.arrays(DTYPES.filter(lambda dtype: dtype.itemsize < 64), SHAPES), st.sampled_from(["float32", "float64"]))
def test_any_array_is_taken_or_an_input_error(array, dtype):
    net = network(dtype=dtype)
    attempts = [
        lambda: net.predict(array),
        lambda: net.loss(X, array),
        lambda: net.gradients(X, T, array),
        lambda: net.set_parameters({"b1": array}),
        lambda: network("cross_entropy", "softmax", 3).loss(X, array),
    ]
    for use in attempts:
        _, refusal = attempt(use)
        assert refusal is None or len(refusal) < 500


def test_numbers_that_no_float_holds_are_told():
    net = cr.Network(1, [cr.Dense(1)])
    with pytest.raises(InputError, match="x holds whole numbers too large for float64"):
        net.predict([[10**400]])
    with pytest.raises(InputError, match="x must be finite numbers, but it is inf"):
        net.predict(float("inf"))
