"""The two checks of a number: what passes, and what the sentence says otherwise."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from chainrule.errors import ChainruleError, InputError, unknown
from chainrule.ranges import check_number, whole
from refusal import attempt

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**500),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.complex_numbers(),
    st.fractions(),
    st.decimals(),
    st.sampled_from([np.float32(0.5), np.int8(1), np.bool_(True), np.array(1.0), np.nan, object(), int, {}, 1j]),
)


def is_number(value):
    return isinstance(value, int | float | np.integer | np.floating | Fraction) and not isinstance(
        value, bool | np.bool_
    )


@given(ANYTHING, st.floats(-5, 5))
def test_any_value_passes_or_raises_an_input_error(value, least):
    _, refusal = attempt(lambda: check_number("it", value, least=least))
    if refusal:
        assert "it must be a number of at least" in refusal
        exact = float(value) if isinstance(value, np.floating) else value  # NumPy would round the limit to its type
        assert not is_number(value) or not least <= exact <= 1.7e308
    else:
        assert is_number(value)
        assert math.isfinite(value)
        assert value >= least


@pytest.mark.parametrize("value", [10**400, 10**5000, "x" * 10_000, [0] * 10_000], ids=["400", "5000", "text", "list"])
def test_what_is_too_long_to_read_is_shortened(value):
    for check in (check_number, whole):
        with pytest.raises(InputError) as error:
            check("it", value)
        assert len(str(error.value)) < 300


@given(ANYTHING)
def test_any_value_is_a_whole_number_or_raises_an_input_error(value):
    found, refusal = attempt(lambda: whole("it", value))
    if refusal:
        assert "it must be a whole number of at" in refusal
        assert not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**31
    else:
        assert type(found) is int
        assert found == value >= 1


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_the_ends_are_as_said(value, above, below):
    if above < value < below:
        check_number("it", value, above=above, below=below)
    else:
        with pytest.raises(
            InputError, match=f"it must be a number above {above:g} and below {below:g}".replace("+", r"\+")
        ):
            check_number("it", value, above=above, below=below)


def test_numbers_of_other_libraries_are_numbers():
    for value in (np.float16(0.5), np.int64(3), Fraction(1, 3)):
        check_number("it", value, least=0)
    with pytest.raises(InputError):
        check_number("it", Decimal("0.5"))
    assert [type(whole("it", value)) for value in (np.int8(3), np.uint64(3), 3)] == [int] * 3


def test_without_limits_a_number_is_finite():
    check_number("it", -1e308)
    for value in (math.nan, math.inf, -math.inf, 10**400):
        with pytest.raises(InputError, match="it must be a finite number, not"):
            check_number("it", value)


def test_the_nearest_name_is_offered_where_one_is_near():
    assert str(unknown("loss", "hubr", ["huber", "poisson"])) == (
        "unknown loss 'hubr': did you mean 'huber'? Known: huber, poisson"
    )
    assert "did you mean" not in str(unknown("loss", "zzz", ["huber"]))
    for odd in (None, 3, ["a"], {}, "x" * 10_000):
        assert isinstance(unknown("loss", odd, ["huber"]), InputError)


def test_every_error_on_purpose_has_one_root_and_the_usual_kind():
    from chainrule import errors

    assert issubclass(errors.InputError, ValueError)
    assert issubclass(errors.FormulaError, errors.InputError)
    assert issubclass(errors.TrainingError, ArithmeticError)
    assert all(issubclass(kind, ChainruleError) for kind in (errors.InputError, errors.TrainingError))
