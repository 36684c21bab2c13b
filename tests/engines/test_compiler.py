"""The language of generated source: what the machine computes is what Python computes from the same lines."""

from __future__ import annotations

import calling
import numpy as np
import pytest
from both_ways import both_precisions, computed, go, on_both
from calling import REALS
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engines.compiler import to_llvm

# Statements


@both_precisions
def test_arithmetic_of_whole_numbers(precision):
    body = """
    out[0] = k + n * 3 - 2
    out[1] = n // k
    out[2] = n % k
    out[3] = (n ^ k) & 255
    out[4] = n >> 2
    out[5] = n << 3
    out[6] = -n
    out[7] = min(n, k) + max(n, k) * 2
    """
    n, k = 1003, 17
    expected = [k + n * 3 - 2, n // k, n % k, (n ^ k) & 255, n >> 2, n << 3, -n, 17 + 1003 * 2]
    assert computed(body, precision, n=n, k=k) == expected


def test_whole_numbers_are_64_bits_with_a_sign():
    assert computed("out[0] = float(n - (n >> 62))\nout[1] = float(-n >> 61)", n=2**62) == [2.0**62, -2, *[0.0] * 6]


@both_precisions
def test_arithmetic_of_floating_numbers(precision):
    body = """
    x = real(a)
    out[0] = x + 2 * x - 0.5
    out[1] = x / 4
    out[2] = -x
    out[3] = 1 - x
    out[4] = float(x) * a
    out[5] = n * x + n
    out[6] = int(x)
    out[7] = int(-x) + real(n)
    """
    assert computed(body, precision, a=3.75, n=5) == [10.75, 0.9375, -3.75, -2.75, 14.0625, 23.75, 3, 2]


@both_precisions
def test_literals(precision):
    body = """
    out[0] = 0.1
    out[1] = real(0.1)
    out[2] = real(a) * 0.1
    out[3] = 1e300
    out[4] = -2.5e-3
    out[5] = 123456789012
    out[6] = 2 + 3 * 0.5 - 1
    out[7] = True
    """
    real = REALS[precision]
    found = computed(body, precision, a=1.0)
    assert found == [0.1, float(real(0.1)), float(real(0.1)), 1e300, -2.5e-3, 123456789012, 2.5, 1]


@both_precisions
@given(number=st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(2**53), 2**53))
@settings(max_examples=15)
def test_any_number_is_its_literal(precision, number):
    rounded = float(REALS[precision](number))
    assert computed(f"out[0] = {number!r}\nout[1] = real({number!r})", precision)[:2] == [number, rounded]


def test_infinity_and_what_is_no_number():
    body = """
    nothing = infinity - infinity
    out[0] = infinity
    out[1] = -infinity
    out[2] = nothing
    out[3] = choose(nothing == nothing, 1.0, 0.0)
    out[4] = choose(nothing != nothing, 1.0, 0.0)
    out[5] = choose(nothing < 1.0, 1.0, 0.0)
    out[6] = choose(not nothing - nothing == 0.0, 1.0, 0.0)
    out[7] = 1.0 / infinity
    """
    np.testing.assert_equal(computed(body), [np.inf, -np.inf, np.nan, 0, 1, 0, 1, 0])


@pytest.mark.parametrize("text", ["a + 1.0", "2.0 * a + 1.0"])
def test_infinity_is_seen_by_comparing_in_whatever_order_sums_are_taken(text):
    body = f"x = {text}\nout[0] = choose(x > -infinity and x < infinity, 1.0, 0.0)"
    assert computed(body, count=1, a=np.inf) == [0]
    assert computed(body, count=1, a=np.nan) == [0]
    assert computed(body, count=1, a=1.0) == [1]


def test_variables_keep_the_type_of_their_first_value():
    body = """
    whole, part = 1, 1.0
    whole += 1
    part += 1
    part /= 4
    whole *= 3
    whole -= 1
    out[0], out[1] = whole, part
    out[1] += whole
    out[1] *= out[0]
    """
    assert computed(body, count=2) == [5, 27.5]


def test_tuples_are_assigned_at_once():
    body = """
    first, second = n, n + 1
    first, second = second, first
    out[0], out[1] = first, second
    out[0], out[1] = out[1], out[0]
    out[2], first, out[3] = first, 9, second
    out[4] = first
    """
    assert computed(body, n=3) == [3, 4, 4, 3, 9, 0, 0, 0]


def test_loops_over_ranges():
    body = """
    for k in range(n):
        out[0] += k
    for k in range(2, n):
        out[1] += k
    for k in range(n - 1, 0, -1):
        out[2] = 10 * out[2] + k
    for k in range(0, n, 3):
        out[3] = 10 * out[3] + k + 1
    for k in range(n, 2):
        out[4] = 1
    for k in range(0):
        out[5] = 1
    for k in range(n):
        for j in range(k):
            out[6] += j
    """
    assert computed(body, n=7) == [21, 20, 654321, 147, 0, 0, sum(j for k in range(7) for j in range(k)), 0]


def test_the_limits_of_a_loop_are_looked_at_once():
    assert computed("stop = n\nfor k in range(stop):\n    stop += 1\n    out[0] += 1", n=4)[0] == 4


def test_while_and_break():
    body = """
    looks = 0
    while looks < n:
        looks += 1
    out[0] = looks
    while True:
        looks += 2
        if looks > 20:
            break
        out[1] += 1
    out[2] = looks
    for k in range(n):
        while True:
            break
        if k == 2:
            break
        out[3] += 1
    while n < 0:
        out[4] = 1
    """
    assert computed(body, n=5) == [5, 7, 21, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (-1, [2, 1, 0, 1, 0, 0]),
        (0, [0, 0, 1, 0, 1, 1]),
        (1, [2, 2, 1, 0, 0, 1]),
        (2, [1, 0, 0, 1, 0, 0]),
    ],
)
def test_branches(n, expected):
    body = """
    if n > 1:
        out[0] = 1
    elif n:
        out[0] = 2
        if n < 0:
            out[1] = 1
        else:
            out[1] = 2
    else:
        pass
    if n > -1 and n < 2:
        out[2] = 1
    if n < 0 or n == 2:
        out[3] = 1
    if not n and not n > 0:
        out[4] = 1
    between = n >= 0 and n <= 1
    if between:
        out[5] = 1
    """
    assert computed(body, count=6, n=n) == expected


def test_functions_call_each_other_in_any_order():
    source = """
def go(out: Doubles, n: int, thread: int):
    out[0] = of_real(n)
    out[1] = of_whole(n)
    add_into(out, 3, n)
    add_into(cut(out, 4, (2,)), 0, n)
    out[6] = early(n) + early(-n)

@inlined
def of_real(x: real) -> float:
    return half(x) + 0.25

@exact
def half(x: real) -> real:
    return x / 2

def of_whole(n: int) -> int:
    return n + 1

def add_into(array: Doubles, place: int, value: float):
    array[place] += value

def early(n: int) -> int:
    if n > 0:
        return 1
    return 2
"""
    (found,) = on_both(source, "double", np.ones(8), 5)
    assert found.tolist() == [2.75, 6, 1, 6, 6, 1, 3, 1]


def test_arguments_and_results_take_the_types_that_are_said():
    source = """
def go(out: Doubles, thread: int):
    out[0] = cut_off(2.75)
    out[1] = rounded(0.1)

def cut_off(n: int) -> float:
    return n / 2.0

def rounded(x: float) -> real:
    return x
"""
    out = np.zeros(2)
    calling.run(source, "single", out)
    assert out.tolist() == [1, float(np.float32(0.1))]


def test_the_thread_is_the_last_argument():
    out = np.zeros(1)
    calling.run(go("out: Doubles", "out[0] = thread"), "double", out, thread=7)
    assert out[0] == 7


# Views


@both_precisions
def test_views_in_one_two_and_three_dimensions(precision):
    body = """
    line = cut(array, 2, (n,))
    plane = cut(array, 1, (n, 4))
    space = cut(plane, 3, (2, n, 2))
    for i in range(n):
        line[i] += 100
    for i in range(n):
        for j in range(4):
            plane[i, j] += 1000 * i + j
    for h in range(2):
        for i in range(n):
            for j in range(2):
                space[h, i, j] = 2 * space[h, i, j] + space[0, i, 1]
    """
    start = np.arange(20, dtype=REALS[precision])
    (found,) = on_both(go("array: Reals, n: int", body), precision, start, 3)
    expected = start.copy()
    expected[2:5] += 100
    expected[1:13].reshape(3, 4)[...] += 1000 * np.arange(3)[:, None] + np.arange(4)
    space = expected[4:16].reshape(2, 3, 2)
    for place in np.ndindex(2, 3, 2):
        space[place] = 2 * space[place] + space[0, place[1], 1]
    np.testing.assert_array_equal(found, expected)


def test_a_branch_may_give_a_view_another_place_and_size():
    body = """
    rows = cut(out, 0, (1, 2))
    if n > 1:
        rows = cut(out, 2, (2, 3))
    for i in range(n):
        rows[i, 1] = 1
    """
    assert computed(body, n=1) == [0, 1, 0, 0, 0, 0, 0, 0]
    assert computed(body, n=2) == [0, 0, 0, 1, 0, 0, 1, 0]


def test_a_loop_may_move_a_view():
    assert computed("for k in range(3):\n    part = cut(out, 2 * k, (2,))\n    part[1] = k + 1") == [
        *(0, 1, 0, 2, 0, 3, 0, 0),
    ]


def test_arrays_of_whole_numbers_and_of_doubles_keep_their_type():
    body = """
    whole[0] = 7.9
    whole[1] = n // 2
    reals[0] = 1 / 3.0
    doubles[0] = 1 / 3.0
    doubles[1] = reals[0]
    """
    arrays = np.zeros(2, np.int64), np.zeros(1, np.float32), np.zeros(2)
    whole, reals, doubles = on_both(
        go("whole: Ints, reals: Reals, doubles: Doubles, n: int", body), "single", *arrays, 7
    )
    assert whole.tolist() == [7, 3]
    assert reals.dtype == np.float32
    assert doubles.tolist() == [1 / 3, float(np.float32(1 / 3))]


# What may not be said

REFUSED = (
    "x = [1]",
    "x = (1, 2)",
    "x = {1}",
    "x = 1 if n else 2",
    "x = lambda: 1",
    "x = f'{n}'",
    "x = (y := 1)",
    "x = (yield)",
    "x = 1 < n < 3",
    "x = +n",
    "x = ~n",
    "x = a.b",
    "x = a[0:2]",
    "x = a.sum()",
    "a.b = 1",
    "x: int = 1",
    "x += 1",
    "x, y = y, x",
    "x = missing",
    "x = missing(n)",
    "print(n)",
    "del n",
    "global n",
    "raise ValueError",
    "assert n",
    "import os",
    "continue",
    "with a:\n    pass",
    "try:\n    pass\nfinally:\n    pass",
    "match n:\n    case 1:\n        pass",
    "def inner():\n    pass",
    "class Inner:\n    pass",
)


@pytest.mark.parametrize("body", REFUSED)
def test_what_the_source_may_not_say(body):
    with pytest.raises(SyntaxError):
        to_llvm(go("a: Reals, n: int", body), "double", "go")


@pytest.mark.parametrize("parameter", ["n", "n: long", "n: list[int]", "n: 'int'"])
def test_parameters_have_a_type_of_the_language(parameter):
    with pytest.raises(SyntaxError, match="a parameter without a type in go"):
        to_llvm(f"def go({parameter}, thread: int):\n    pass\n", "double", "go")


def test_errors_name_the_line_and_the_function():
    with pytest.raises(SyntaxError, match=r"what it may not: x = \[n\]|\[n\]"):
        to_llvm(go("n: int", "x = [n]"), "double", "go")
    with pytest.raises(SyntaxError, match="other has no value yet in go"):
        to_llvm(go("n: int", "x = other"), "double", "go")


def test_functions_that_nobody_calls_are_left_out():
    source = go("n: int", "x = used(n)") + "\ndef used(n: int) -> int:\n    return n\n\ndef unused():\n    x = [1]\n"
    module = to_llvm(source, "double", "go")
    assert "chainrule_used" in module
    assert "unused" not in module
