"""Functions of the library: their errors in units of the last place, their borders, and the draws."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from calling import REALS, run
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule.draws import dropout_mask, shuffled
from chainrule.engines.library import library
from chainrule.engines.processor import LINE
from chainrule.engines.tabled import sigmoid_by_table

WIDE = np.longdouble


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


# What NumPy says in a longer type, and the largest error in units of the last place. Measured over 12 million numbers,
# the single precision first: exp 1.06, 1.00; expm1 1.78, 2.08; log 0.90, 0.91; log1p 2.36, 2.30; sigmoid 2.48, 2.30;
# softplus 2.70, 2.59; tanh 2.39, 2.61; sinh 2.21, 2.38; cosh 1.47, 1.38;
# sin and cos 2.49, 3.05 up to 2**23, beyond which their multiples of pi are no longer exact;
# sigmoid_by_table 2.48, 2.92; with and without fused products.
FUNCTIONS = {
    "sin": (np.sin, 3.25),
    "cos": (np.cos, 3.25),
    "exp": (np.exp, 1.1),
    "expm1": (np.expm1, 2.25),
    "log": (np.log, 1.0),
    "log1p": (np.log1p, 2.5),
    "sigmoid": (sigmoid, 2.5),
    "softplus": (softplus, 3.0),
    "tanh": (np.tanh, 2.75),
    "sinh": (np.sinh, 2.5),
    "cosh": (np.cosh, 1.5),
    "sigmoid_by_table": (sigmoid, 3.25),
}
# exp is 0 below this multiple of the smallest normal number, whose power of two it does not make.
FLUSHED = 2**0.5
each_function = pytest.mark.parametrize("name", FUNCTIONS)
each_precision = pytest.mark.parametrize(
    "precision",
    [
        "single",
        pytest.param(
            "double",
            marks=pytest.mark.skipif(np.finfo(WIDE).nmant <= 52, reason="longdouble is no longer than a double here"),
        ),
    ],
)


def values(name, x):
    precision = next(precision for precision, real in REALS.items() if real == x.dtype)
    found = np.empty_like(x)
    loop = f"""
def go(a: Reals, b: Reals, n: int, thread: int):
    for k in range(n):
        b[k] = {name}(a[k])
"""
    run(library(precision) + sigmoid_by_table(precision) + loop, precision, x, found, len(x))
    return found


def exact(name, x):
    with np.errstate(all="ignore"):
        return FUNCTIONS[name][0](x.astype(WIDE))


@cache
def sample(precision):
    """Numbers evenly, around 0 and 1, and of every magnitude."""
    random, info = np.random.default_rng(0), np.finfo(REALS[precision])
    magnitudes = np.exp(random.uniform(np.log(float(info.tiny)), np.log(float(info.max)) * (1 - 1e-4), 100_000))
    top = np.log(float(info.max)) * 1.02
    spread = [random.uniform(-top, top, 100_000), random.uniform(-2, 2, 100_000)]
    near_one = [1 + random.normal(0, width, 20_000) for width in (0.2, 1e-3, 1e-6)]
    return np.concatenate([*spread, *near_one, magnitudes, -magnitudes]).astype(info.dtype)


def in_range(name, x):
    """Without what sinh and cosh make infinite because exp is, and multiples of pi that are not exact."""
    if name in ("sin", "cos"):
        return x[np.abs(x) < 2**23]
    top = np.log(WIDE(np.finfo(x.dtype).max))
    return x[np.abs(x) < top] if name in ("sinh", "cosh") else x


def assert_exact(name, x):
    """Hold the bound, where results are normal numbers; infinite beyond the largest, small or 0 below the smallest."""
    found, expected, info = values(name, x), exact(name, x), np.finfo(x.dtype)
    size = np.abs(expected)
    with np.errstate(all="ignore"):
        error = np.abs(found.astype(WIDE) - expected)
        ulps = error / np.spacing(size.astype(x.dtype)).astype(WIDE)
    normal = (size >= FLUSHED * info.tiny) & (size <= info.max * (1 - 2 * info.eps))
    assert ulps[normal].max(initial=0) <= FUNCTIONS[name][1], x[normal][ulps[normal].argmax()]
    assert error[size < FLUSHED * info.tiny].max(initial=0) <= FLUSHED * info.tiny
    assert np.all(np.abs(found[size > info.max * (1 + 2 * WIDE(info.eps))]) == np.inf)
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    assert np.array_equal(np.sign(found[normal]), np.sign(expected[normal]))


@each_precision
@each_function
def test_errors_are_a_few_units_in_the_last_place(name, precision):
    assert_exact(name, in_range(name, sample(precision)))


@each_precision
@each_function
def test_errors_do_not_grow_at_borders(name, precision):
    """Where results overflow, vanish or begin to be 1, and 0 itself: each number among the neighbours."""
    info = np.finfo(REALS[precision])
    top, bottom = np.log(info.max), np.log(info.tiny)
    borders = [top, bottom, -top, -bottom, info.eps, -info.eps, 22, -22, 1, -1, 0.5**0.5, 2**0.5, np.log(2) / 2]
    steps = np.arange(-300, 301)
    x = [border + steps * np.spacing(info.dtype.type(border)) for border in borders]
    assert_exact(name, in_range(name, np.concatenate(x).astype(info.dtype)))


@each_precision
@each_function
def test_nan_infinity_and_zero_are_as_ieee_754_has_them(name, precision):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, -2.0], REALS[precision])
    special = ~np.isfinite(x) | ~np.isfinite(exact(name, x)) | (x == 0)
    np.testing.assert_allclose(values(name, x)[special], exact(name, x)[special], rtol=2 * np.finfo(x.dtype).eps)


@each_precision
@each_function
def test_the_largest_and_the_smallest_normal_numbers_are_not_lost(name, precision):
    info = np.finfo(REALS[precision])
    assert_exact(name, in_range(name, np.array([info.max, -info.max, info.tiny, -info.tiny], info.dtype)))


@each_precision
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_waves_of_numbers_far_away_are_still_at_most_1(name, precision):
    x = sample(precision)
    assert np.all(np.abs(values(name, x)) <= 1 + np.finfo(x.dtype).eps)


@each_precision
@each_function
def test_numbers_below_the_smallest_normal_one_may_count_as_0(name, precision):
    info = np.finfo(REALS[precision])
    size = np.append(info.tiny * np.array([0.999, 0.5, 1e-3], info.dtype), info.smallest_subnormal)
    x = np.concatenate([size, -size])
    found, expected, of_zero = values(name, x), exact(name, x).astype(x.dtype), exact(name, 0 * x).astype(x.dtype)
    near = np.isclose(found, expected, rtol=2 * info.eps, atol=info.tiny, equal_nan=True)
    assert np.all(near | (found == of_zero)), (x, found)


@each_precision
def test_sinh_and_cosh_are_infinite_where_exp_is(precision):
    top = np.log(np.finfo(REALS[precision]).max)
    x = np.array([top * 1.001, -top * 1.001], top.dtype)
    assert values("sinh", x).tolist() == [np.inf, -np.inf]
    assert values("cosh", x).tolist() == [np.inf, np.inf]


@each_function
@pytest.mark.parametrize("precision", REALS)
def test_a_value_does_not_depend_on_its_place_among_others(name, precision):
    """A loop does 8 or 16 elements at once, the rest one by one."""
    x = np.linspace(-3, 3, 41).astype(REALS[precision])
    together = values(name, x)
    for length in range(1, 41):
        np.testing.assert_array_equal(values(name, x[-length:].copy()), together[-length:])


SEEDS = st.integers(0, 2**62)
COUNTS = st.integers(0, 2**40)
SHUFFLE = """
def go(order: Ints, rows: int, seed: int, epoch: int, thread: int):
    shuffle(order, rows, seed, epoch)
"""
MASK = """
def go(mask: Reals, first: int, count: int, seed: int, step: int, layer: int, rate: float, thread: int):
    fill_mask(mask, first, count, seed, step, layer, rate)
"""


@settings(max_examples=100)
@given(SEEDS, COUNTS, st.integers(1, 300))
@example(2**63 - 1, 2**40, 300)
def test_epochs_have_the_order_that_draws_say(seed, epoch, rows):
    order = np.full(rows, -1)
    run(library("double") + SHUFFLE, "double", order, rows, seed, epoch)
    np.testing.assert_array_equal(order, shuffled(seed, epoch, rows))


def test_a_long_epoch_has_the_order_that_draws_say():
    order = np.empty(200_000, np.int64)
    run(library("single") + SHUFFLE, "single", order, len(order), 2**61 + 7, 3)
    np.testing.assert_array_equal(order, shuffled(2**61 + 7, 3, len(order)))


RATES = st.floats(0, 0.99) | st.sampled_from([0.0, 0.5, 0.1, 2**-32, 1e-300])


@pytest.mark.parametrize("precision", REALS)
@settings(max_examples=100)
@given(seed=SEEDS, step=COUNTS, layer=st.integers(1, 50), count=st.integers(1, 100), cut=st.integers(0, 99), rate=RATES)
@example(seed=2**63 - 1, step=2**40, layer=50, count=100, cut=50, rate=0.5)
def test_masks_are_what_draws_say_also_in_parts(precision, seed, step, layer, count, cut, rate):
    mask, cut = np.full(count, np.nan, REALS[precision]), min(cut, count)
    for part, first in ((mask[:cut], 0), (mask[cut:], cut)):
        run(library(precision) + MASK, precision, part, first, len(part), seed, step, layer, rate)
    np.testing.assert_array_equal(mask, dropout_mask(seed, step, layer, (count,), rate, mask.dtype))


SHARES = """
def go(found: Ints, start: int, stop: int, threads: int, thread: int):
    for k in range(threads + 1):
        found[k] = share(start, stop, k, threads)
"""


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 64))
def test_the_shares_of_threads_are_whole_runs_that_cover_a_range(start, length, threads):
    found = np.empty(threads + 1, np.int64)
    run(library("double") + SHARES, "double", found, start, start + length, threads)
    assert found[0] == start
    assert found[-1] == start + length
    assert np.all(np.diff(found) >= 0)
    assert all(limit == start + length or (limit - start) % LINE == 0 for limit in found)
