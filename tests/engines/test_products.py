"""Products of matrices against NumPy's: every size of a result's edges, and the same bits however they are cut."""

import numpy as np
import pytest
from both_ways import both_precisions, go, on_both
from calling import REALS, run
from hypothesis import given
from hypothesis import strategies as st

from chainrule.engines.library import library
from chainrule.engines.products import products, turning

HEAD = "left: Reals, right: Reals, out: Reals, rows: int, columns: int, inner: int, first: int, last: int, added: int"
MATRICES = "cut(left, 0, (rows, inner)), cut(right, 0, (inner, columns)), cut(out, 0, (rows, columns))"
OVER_ROWS = "cut(left, 0, (inner, rows)), cut(right, 0, (inner, columns)), cut(out, 0, (rows, columns))"
CALLS = {
    "product": f"product({MATRICES})",
    "product_columns": f"product_columns({MATRICES}, first, last)",
    "product_over_rows": f"product_over_rows({OVER_ROWS}, first, last)",
    "add_product_over_rows": f"add_product_over_rows({OVER_ROWS}, added)",
}
TURN = """
def go(matrix: Reals, turned: Reals, rows: int, columns: int, first: int, last: int, thread: int):
    turn(matrix, rows, columns, turned, first, last)
"""
MULTIPLY = """
def go(left: Reals, right: Reals, out: Reals, rows: int, columns: int, inner: int, added: int, thread: int):
    multiply_{precision}(left, inner, 1, right, columns, out, columns, rows, columns, inner, added)
"""


def call(name, precision, left, right, out, first=0, last=0, added=0):
    inner, columns = right.shape
    source = f"def go({HEAD}, thread: int):\n    {CALLS[name]}\n"
    run(source, precision, left, right, out, len(out), columns, inner, first, last, added)


def whole_numbers(seed, precision, *shape):
    """Numbers whose products have no rounding, so that no order of the terms changes a sum."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(REALS[precision])


sizes = st.integers(1, 70)


@both_precisions
@given(sizes, sizes, st.one_of(sizes, st.sampled_from([511, 512, 513, 1500])), st.integers(0, 99), st.booleans())
def test_every_size_is_numpys(precision, rows, columns, inner, seed, added):
    left, right = whole_numbers(seed, precision, rows, inner), whole_numbers(seed + 1, precision, inner, columns)
    before = whole_numbers(seed + 2, precision, rows, columns)
    out = before.copy()
    call("product", precision, left, right, out)
    np.testing.assert_array_equal(out, left @ right)
    out = before.copy()
    call("add_product_over_rows", precision, np.ascontiguousarray(left.T), right, out, added=int(added))
    np.testing.assert_array_equal(out, left @ right + before * added)


@both_precisions
@pytest.mark.parametrize("vector", [16, 32, 64])
@given(sizes, sizes, sizes, st.integers(0, 99), st.booleans())
def test_so_it_is_with_the_vectors_of_other_processors(precision, vector, rows, columns, inner, seed, added):
    left, right = whole_numbers(seed, precision, rows, inner), whole_numbers(seed + 1, precision, inner, columns)
    before = whole_numbers(seed + 2, precision, rows, columns)
    out = before.copy()
    source = f"{products(precision, vector)}\n{MULTIPLY.format(precision=precision)}"
    run(source, precision, left, right, out, rows, columns, inner, int(added))
    np.testing.assert_array_equal(out, left @ right + before * added)


@both_precisions
@given(sizes, sizes, sizes, st.data())
def test_parts_have_the_bits_of_the_whole_and_leave_the_rest_alone(precision, rows, columns, inner, data):
    random = np.random.default_rng(rows + 100 * columns + 10_000 * inner)
    left, right = (random.normal(size=shape).astype(REALS[precision]) for shape in ((rows, inner), (inner, columns)))
    whole = np.empty((rows, columns), REALS[precision])
    call("product", precision, left, right, whole)
    turned = np.ascontiguousarray(left.T)
    for name, size, matrix in (("product_columns", columns, left), ("product_over_rows", rows, turned)):
        first, last = sorted(data.draw(st.tuples(st.integers(0, size), st.integers(0, size))))
        inside = (slice(None), slice(first, last)) if name == "product_columns" else (slice(first, last),)
        expected = np.full_like(whole, -77)
        expected[inside] = whole[inside]
        out = np.full_like(whole, -77)
        call(name, precision, matrix, right, out, first, last)
        np.testing.assert_array_equal(out, expected)


@both_precisions
@pytest.mark.parametrize("vector", [0, 16, 32, 64])
@given(sizes, sizes, st.data())
def test_matrices_are_turned_by_parts(precision, vector, rows, columns, data):
    first, last = sorted(data.draw(st.tuples(st.integers(0, rows), st.integers(0, rows))))
    matrix, turned = whole_numbers(rows, precision, rows, columns), np.zeros((columns, rows), REALS[precision])
    run(library(precision) + turning(precision, vector) + TURN, precision, matrix, turned, rows, columns, first, last)
    expected = np.zeros_like(turned)
    expected[:, first:last] = matrix.T[:, first:last]
    np.testing.assert_array_equal(turned, expected)


@both_precisions
def test_rounding_is_that_of_one_sum_of_many_terms(precision):
    random = np.random.default_rng(0)
    left, right = random.normal(size=(40, 3000)), random.normal(size=(3000, 50))
    out = np.empty((40, 50), REALS[precision])
    call("product", precision, left.astype(out.dtype), right.astype(out.dtype), out)
    bound = np.finfo(out.dtype).eps * 3000 * (np.abs(left) @ np.abs(right))
    assert (np.abs(out - left @ right) < bound / 100).all()  # far better than the worst case, as rounding is


@both_precisions
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_not_finite_reaches_its_row_and_no_other(precision, wrong):
    left, right = (whole_numbers(k, precision, *shape) for k, shape in enumerate(((11, 9), (9, 21))))
    right[:] = np.abs(right) + 1
    left[4, 3] = wrong
    out = np.zeros((11, 21), REALS[precision])
    call("product", precision, left, right, out)
    assert not np.isfinite(out[4]).any()
    assert np.isfinite(np.delete(out, 4, axis=0)).all()


PRODUCTS = {
    "product(rows_of(cut(a, 0, (5, 3)), 1, 4), cut(b, 0, (3, 4)), cut(out, 2, (3, 4)))": (
        lambda a, b, out: (out[2:14].reshape(3, 4), a.reshape(5, 3)[1:4] @ b.reshape(3, 4))
    ),
    "product_columns(cut(a, 0, (5, 3)), cut(b, 0, (3, 4)), cut(out, 0, (5, 4)), first, last)": (
        lambda a, b, out: (out.reshape(5, 4)[:, 1:3], a.reshape(5, 3) @ b.reshape(3, 4)[:, 1:3])
    ),
    "product_over_rows(cut(a, 0, (3, 5)), cut(b, 0, (3, 4)), cut(out, 0, (5, 4)), first, last)": (
        lambda a, b, out: (out.reshape(5, 4)[1:3], a.reshape(3, 5).T[1:3] @ b.reshape(3, 4))
    ),
}


@both_precisions
@pytest.mark.parametrize("call", PRODUCTS)
def test_products_of_matrices_are_numpys_and_leave_the_rest_alone(precision, call):
    random, real = np.random.default_rng(0), REALS[precision]
    a, b = (random.integers(-9, 9, size).astype(real) for size in (15, 12))
    source = go("a: Reals, b: Reals, out: Reals, first: int, last: int", call)
    *_, out = on_both(source, precision, a, b, np.full(20, -77, real), 1, 3)
    part, expected = PRODUCTS[call](a, b, out)
    np.testing.assert_array_equal(part, expected)
    assert (out == -77).sum() == out.size - part.size
