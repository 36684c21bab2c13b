"""Learning-rate schedules against their closed forms and end points."""

from __future__ import annotations

import math
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import chainrule as cr
from chainrule.errors import InputError
from chainrule.schedules import as_schedule

RATES = st.floats(1e-6, 10)
TOTALS = st.integers(1, 500)


def rates(schedule, total):
    return [schedule.at(step, total) for step in range(1, total + 1)]


@given(RATES, TOTALS)
def test_constant_never_changes(rate, total):
    assert set(rates(cr.Constant(rate), total)) == {rate}
    assert as_schedule(rate) == cr.Constant(rate)


@given(RATES, st.integers(1, 50), st.floats(0.1, 1), TOTALS)
def test_step_multiplies_after_every_so_many_updates(rate, every, factor, total):
    right = rate
    for step, found in enumerate(rates(cr.Step(rate, every, factor), total), start=1):
        if step > 1 and (step - 1) % every == 0:
            right *= factor
        assert found == pytest.approx(right, rel=1e-9)


@given(RATES, st.floats(0.5, 1), TOTALS)
def test_exponential_multiplies_at_each_update(rate, factor, total):
    right = rate * np.cumprod([1, *[factor] * (total - 1)])
    np.testing.assert_allclose(rates(cr.Exponential(rate, factor), total), right, rtol=1e-9)


@given(RATES, st.floats(0, 2), TOTALS)
def test_inverse_scaling_divides_by_a_power_of_the_step(rate, power, total):
    right = rate / np.arange(1.0, total + 1) ** power
    np.testing.assert_allclose(rates(cr.InverseScaling(rate, power), total), right, rtol=1e-12)


@given(RATES, st.floats(0, 1), st.integers(2, 500))
def test_cosine_goes_from_rate_to_end(rate, part, total):
    schedule, end = cr.Cosine(rate, rate * part), rate * part
    found = rates(schedule, total)
    right = [end + (rate - end) * math.cos(math.pi * k / (total - 1) / 2) ** 2 for k in range(total)]
    np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-12 * rate)
    assert found[0] == pytest.approx(rate, rel=1e-12)
    assert found[-1] == pytest.approx(end, abs=1e-15 * rate)
    assert all(later <= earlier * (1 + 1e-12) for earlier, later in pairwise(found))


@given(RATES, st.floats(0.01, 0.99), st.integers(3, 500))
def test_one_cycle_rises_once_and_ends_low(rate, rise, total):
    found = rates(cr.OneCycle(rate, rise, start_divisor=20, end_divisor=1000), total)
    top = int(np.argmax(found))
    assert found[0] == pytest.approx(rate / 20, rel=1e-9)
    assert max(found) == pytest.approx(rate, rel=1e-12)
    assert found[-1] == pytest.approx(rate / 1000, rel=1e-9)
    assert all(np.diff(found[: top + 1]) > 0)
    assert all(np.diff(found[top:]) < 0)
    assert abs(top - rise * (total - 1)) <= 1


@given(RATES, st.integers(1, 40), st.integers(1, 80))
def test_a_warm_up_rises_evenly_and_then_follows(rate, steps, total):
    inner = cr.Exponential(rate, 0.9)
    found = rates(cr.WarmUp(inner, steps), total)
    right = [rate * k / steps for k in range(1, steps + 1)] + rates(inner, total)
    np.testing.assert_allclose(found, right[:total], rtol=1e-9)


def test_a_warm_up_tells_its_schedule_how_much_is_left():
    found = rates(cr.WarmUp(cr.Cosine(1.0), 5), 20)
    assert found[4] == 1
    assert found[-1] == pytest.approx(0, abs=1e-15)


def test_a_warm_up_takes_a_number_as_a_constant_rate():
    assert rates(cr.WarmUp(0.5, 2), 4) == [0.25, 0.5, 0.5, 0.5]


SHORT = [
    cr.Constant(1),
    cr.Step(1, 3),
    cr.Exponential(1, 0.5),
    cr.InverseScaling(1),
    cr.Cosine(1),
    cr.OneCycle(1),
    cr.WarmUp(cr.OneCycle(1), 3),
    cr.Exponential(1, 10),
    cr.Step(1, 1, 10.0),
    cr.InverseScaling(1, 400),
]


@pytest.mark.parametrize("schedule", SHORT, ids=repr)
def test_trainings_of_any_length_have_rates(schedule):
    for total in (1, 2, 3, 5000):
        for step in {1, total}:
            assert schedule.at(step, total) >= 0
            assert isinstance(schedule.at(step, total), int | float)


@pytest.mark.parametrize("bad", [-1, -1e-9, True, "a", None, float("nan"), float("inf"), 10**400, [0.1]], ids=repr)
@pytest.mark.parametrize(
    "make",
    [
        lambda bad: cr.Constant(bad),
        lambda bad: cr.Step(bad, 3),
        lambda bad: cr.Step(0.1, 3, bad),
        lambda bad: cr.Exponential(bad, 0.5),
        lambda bad: cr.Exponential(0.1, bad),
        lambda bad: cr.InverseScaling(bad),
        lambda bad: cr.InverseScaling(0.1, bad),
        lambda bad: cr.Cosine(bad),
        lambda bad: cr.Cosine(0.1, bad),
        lambda bad: cr.OneCycle(bad),
        lambda bad: cr.OneCycle(0.1, bad),
        lambda bad: cr.OneCycle(0.1, 0.3, bad),
        lambda bad: cr.OneCycle(0.1, 0.3, 25, bad),
        lambda bad: cr.WarmUp(bad, 3),
        lambda bad: cr.WarmUp(0.1, bad),
        lambda bad: cr.Step(0.1, bad),
        lambda bad: cr.GradientDescent(bad),
        lambda bad: cr.Adam(bad),
    ],
)
def test_rates_factors_and_steps_out_of_range_are_refused(make, bad):
    with pytest.raises(InputError, match="must be a"):
        make(bad)


def test_rise_and_divisors_have_ends():
    for arguments in ((0.1, 0), (0.1, 1), (0.1, 0.3, 0.5), (0.1, 0.3, 25, 0.5)):
        with pytest.raises(InputError):
            cr.OneCycle(*arguments)
    for steps in (0, 1.5):
        with pytest.raises(InputError, match="whole number"):
            cr.WarmUp(cr.Constant(1), steps)
        with pytest.raises(InputError, match="whole number"):
            cr.Step(0.1, steps)


def test_training_follows_the_schedule_step_by_step():
    net = cr.Network(1, [cr.Dense(1)], dtype="float64")
    schedule = cr.WarmUp(cr.Cosine(0.3, 0.1), 4)
    history = net.fit([[1.0], [2.0], [3.0]], [0.0, 1.0, 0.0], optimizer=cr.Momentum(schedule), epochs=5, batch_size=2)
    assert history.rate == [schedule.at(step, 10) for step in (2, 4, 6, 8, 10)]
