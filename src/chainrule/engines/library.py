"""Functions that generated modules bring along, in the language of `chainrule.engines.compiler`.

The functions of mathematics are exact to a few units in the last place (`tests/engines/test_library.py` states and
holds how many) and have no branches and no calls, so that a loop over them runs 8 or 16 elements at once. NaN and
infinity pass through as IEEE 754 has them; results below the smallest normal number become 0. Polynomials are fitted
by weighted least squares and summed in Estrin's order, whose chains of dependent operations are short.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from chainrule.engines.processor import LINE
from chainrule.engines.products import turning

_EXP = """
@exact
def exp(x: real) -> real:
    x = choose(x > {highest}, {highest}, x)
    flushed = x < {lowest}
    x = choose(flushed, {lowest}, x)
    rounded = x * {log2e} + {magic}  # a whole number, in the lowest bits
    n = rounded - {magic}
    r = (x - n * {ln2_high}) - n * {ln2_low}
    # Twice the result times half the power, so that the largest numbers do not overflow too early.
    power_of_two = from_bits((bits(rounded) - {power_bits}) << {mantissa})
    return choose(flushed, 0.0, (2.0 + (2.0 * r + (2.0 * r * r) * exp_part(r))) * power_of_two)
"""

_EXPM1 = """
@exact
def expm1(x: real) -> real:
    x = choose(x > {highest}, {highest}, x)
    x = choose(x < {lowest}, {lowest}, x)
    rounded = x * {log2e} + {magic}
    n = rounded - {magic}
    r = (x - n * {ln2_high}) - n * {ln2_low}
    half_power = from_bits((bits(rounded) - {power_bits}) << {mantissa})
    # 2**n * (1 + q) - 1, in an order that keeps the digits of a small q.
    q = r + (r * r) * exp_part(r)
    return 2.0 * (half_power * q + (half_power - 0.5))
"""

_LOG = """
@exact
def log(x: real) -> real:
    shift = (bits(x) - {sqrt_half_bits}) >> {mantissa}
    f = from_bits(bits(x) - (shift << {mantissa})) - 1.0  # the mantissa, from sqrt(1/2) to sqrt(2), less 1
    n = real(shift)
    result = (f + ((f * f) * (f * log_part(f) - 0.5) + n * {ln2_low})) + n * {ln2_high}
    result = choose(x == infinity, infinity, result)
    result = choose(x < {smallest}, -infinity, result)
    return choose(x < 0.0, {nan}, choose(x != x, x, result))
"""

# Less the nearest multiple of pi, in double precision, and the sign that an odd multiple brings. Each of the first two
# parts of pi is so short that its products with the multiples are exact.
_SIN = """
@exact
def sin(x: real) -> real:
    rounded = float(x) * {inverse_pi} + {double_magic}
    n = rounded - {double_magic}
    r = real(((float(x) - n * {pi_high}) - n * {pi_middle}) - n * {pi_low})
    return sin_part(r) * real(1.0 - 2.0 * float(bits(rounded) & 1))

@exact
def cos(x: real) -> real:
    rounded = (float(x) * {inverse_pi} - 0.5) + {double_magic}
    n = (rounded - {double_magic}) + 0.5
    r = real(((float(x) - n * {pi_high}) - n * {pi_middle}) - n * {pi_low})
    return sin_part(r) * real(2.0 * float(bits(rounded) & 1) - 1.0)

@exact
def sin_part(r: real) -> real:
    # Far beyond the multiples that are exact, what is left of x is no remainder any more.
    r = choose(r > {half_pi}, {half_pi}, choose(r < -{half_pi}, -{half_pi}, r))
    s = r * r
{powers}
    return r + r * (s * {series})
"""

# (log(1 + f) - f + f**2 / 2) / f**3 by the series of the area tangent of f / (2 + f):
# log(1 + f) = 2 u + odd u**3, and 2 u - f + f**2 / 2 = f**3 / (2 (2 + f)) exactly.
_LOG_PART_DOUBLE = """
@exact
def log_part(f: real) -> real:
    v = 1.0 / (2.0 + f)
    u = f * v
    s = u * u
    return 0.5 * v + ({odd}) * v * v * v
"""

_OTHERS = """
@exact
def sigmoid(x: real) -> real:
    return 1.0 / (1.0 + exp(-x))

@exact
def log1p(x: real) -> real:
    w = 1.0 + x
    exact_part = w - 1.0
    # What rounding 1 + x lost is given back (Kahan).
    return choose(exact_part == 0.0, x, choose(x == infinity, x, log(w) * (x / exact_part)))

@exact
def softplus(x: real) -> real:
    return choose(x <= 0.0, 0.0, x) + log1p(exp(choose(x > 0.0, -x, x)))

@exact
def tanh(x: real) -> real:
    size = choose(x < 0.0, -x, x)
    e = expm1(2.0 * choose(size > 22.0, 22.0, size))
    value = e / (e + 2.0)
    return choose(x < 0.0, -value, value)

@exact
def sinh(x: real) -> real:
    e = expm1(choose(x < 0.0, -x, x))
    value = 0.5 * (e + e / (e + 1.0))
    value = choose(e == infinity, e, value)
    return choose(x < 0.0, -value, value)

@exact
def cosh(x: real) -> real:
    e = exp(choose(x < 0.0, -x, x))
    return 0.5 * (e + 1.0 / e)
"""

# Threads, draws (`chainrule.draws` says how), and what a record holds.
_COMMON = """
@inlined
def meet(meeting: Ints, threads: int, round_: int, yielding: int) -> int:
    \"\"\"Wait until all threads have come here for the `round_`-th time; return the next round.\"\"\"
    if threads > 1:
        arrive(meeting)
        looks = 0
        while arrived(meeting) < threads * round_:
            looks += 1
            if looks > 4000:
                give_way(yielding)
    return round_ + 1

@inlined
def mixed(h: int) -> int:
    h = h ^ (h >> 16)
    h = (h * 0x7FEB352D) & 0xFFFFFFFF
    h = h ^ (h >> 15)
    h = (h * 0x846CA68B) & 0xFFFFFFFF
    return h ^ (h >> 16)

@inlined
def key_of(seed: int, one: int, two: int) -> int:
    key = mixed(seed & 0xFFFFFFFF)
    key = mixed(key ^ ((seed >> 32) & 0xFFFFFFFF))
    key = mixed(key ^ (one & 0xFFFFFFFF))
    return mixed(key ^ (two & 0xFFFFFFFF))

@apart
def fill_mask(mask: Reals, first: int, count: int, seed: int, step: int, layer: int, rate: float):
    \"\"\"Draw elements of a dropout mask, of which the first is number `first` of the batch's mask.\"\"\"
    key = key_of(seed, step, layer)
    limit = int(ceil(rate * 4294967296.0))
    kept = real(1.0 / (1.0 - rate))
    for k in range(count):
        mask[k] = choose(mixed(key ^ mixed(first + k)) >= limit, kept, 0.0)

@apart
def shuffle(order: Ints, rows: int, seed: int, epoch: int):
    \"\"\"Put row numbers into the order of an epoch.\"\"\"
    key = key_of(seed, epoch, 0)
    for k in range(rows):
        order[k] = k
    for k in range(rows - 1, 0, -1):
        other = (mixed(key ^ mixed(k)) * (k + 1)) >> 32
        order[k], order[other] = order[other], order[k]

def gather(given: Reals, order: Ints, start: int, first: int, last: int, width: int, batch: Reals):
    \"\"\"Copy rows of the data into their places in a batch, in the epoch's order.\"\"\"
    for n in range(first, last):
        source = order[start + n] * width
        for i in range(width):
            batch[n * width + i] = given[source + i]

def add_parts(own: Reals, at: int, length: int, groups: int, result: Reals, first: int, last: int):
    \"\"\"Add up what the groups of slices summed, in their order; group g has its part at g * length + at.\"\"\"
    for p in range(first, last):
        result[p] = own[at + p]
    for g in range(1, groups):
        for p in range(first, last):
            result[p] += own[g * length + at + p]

def largest_part(own: Reals, at: int, length: int, groups: int, result: Reals, first: int, last: int):
    \"\"\"Take the largest of what the groups found.\"\"\"
    for p in range(first, last):
        result[p] = own[at + p]
        for g in range(1, groups):
            result[p] = larger(own[g * length + at + p], result[p])

def sum_of_parts(own: Reals, at: int, length: int, groups: int) -> real:
    \"\"\"Return the sum of one number of each group.\"\"\"
    result = own[at]
    for g in range(1, groups):
        result += own[g * length + at]
    return result

def largest_of_parts(own: Reals, at: int, length: int, groups: int) -> real:
    \"\"\"Return the largest of one number of each group.\"\"\"
    result = own[at]
    for g in range(1, groups):
        result = larger(own[g * length + at], result)
    return result

@apart
def missed(targets: Reals, outputs: Reals, rows: int, units: int) -> float:
    \"\"\"Return the sum over the rows of the Euclidean norms of t - y.\"\"\"
    result = 0.0
    for n in range(rows):
        squares = 0.0
        for j in range(units):
            difference = float(targets[n * units + j] - outputs[n * units + j])
            squares += difference * difference
        result += sqrt(squares)
    return result

@apart
def norms(gradients: Reals, layers: Ints, parts: int, count: int, row: Doubles):
    \"\"\"Write the Euclidean norms of the layers' gradients; `layers` has triples (layer, start, stop).\"\"\"
    for layer in range(count):
        row[layer] = 0.0
    for part in range(parts):
        squares = 0.0
        for p in range(layers[3 * part + 1], layers[3 * part + 2]):
            squares += float(gradients[p]) * float(gradients[p])
        row[layers[3 * part]] += squares
    for layer in range(count):
        row[layer] = sqrt(row[layer])

def fill(array: Reals, count: int, value: real):
    \"\"\"Set all elements.\"\"\"
    for p in range(count):
        array[p] = value

def sum_of(array: Reals, count: int) -> float:
    \"\"\"Return the sum.\"\"\"
    result = 0.0
    for p in range(count):
        result += float(array[p])
    return result

@inlined
def share(start: int, stop: int, thread: int, threads: int) -> int:
    \"\"\"Return where the part of a range begins that a thread does, in whole lines of memory.\"\"\"
    each = ((stop - start + threads - 1) // threads + {line} - 1) // {line} * {line}
    return min(start + thread * each, stop)
"""


def _estrin(coefficients: Sequence[float], x: str) -> str:
    """Return a polynomial as text, in pairs, pairs of pairs and so on; `x` and then its squares are named."""
    terms = [repr(coefficient) for coefficient in coefficients]
    power = x
    while len(terms) > 1:
        pairs = [terms[k : k + 2] for k in range(0, len(terms), 2)]
        terms = [f"({' + '.join([pair[0], f'{pair[1]} * {power}'])})" if len(pair) > 1 else pair[0] for pair in pairs]
        power += power
    return terms[0]


def _powers(x: str, count: int) -> str:
    """Return the lines that square `x` as often as `_estrin` of so many coefficients needs it."""
    lines, name = [], x
    for _ in range(max(0, math.ceil(math.log2(count)) - 1)):
        lines.append(f"    {name}{name} = {name} * {name}")
        name = f"{name}{name}"
    return "\n".join(lines)


def _part(name: str, x: str, coefficients: Sequence[float]) -> str:
    head = f"@exact\ndef {name}({x}: real) -> real:"
    return "\n".join([head, _powers(x, len(coefficients)), f"    return {_estrin(coefficients, x)}", ""])


# Bits of a mantissa, without the first.
_MANTISSA = {"single": 23, "double": 52}
# (sin(r) - r) / r**3 in powers of r**2, by its series: enough for half of pi.
_SIN_SINGLE, _SIN_DOUBLE = (tuple((-1) ** k / math.factorial(2 * k + 1) for k in range(1, last)) for last in (7, 12))
# (exp(r) - 1 - r) / r**2 within half of ln 2, and (log(1 + f) - f + f**2 / 2) / f**3.
_EXP_SINGLE = (0.500000002692141, 0.16666576969996114, 0.04166637532590722, 0.008363181239619273, 0.0013941108020960465)
_EXP_DOUBLE = tuple(1 / math.factorial(k) for k in range(2, 15))
_LOG_SINGLE = (0.33333331, -0.24999981, 0.20000688, -0.1666915, 0.14251152, -0.1239673, 0.11634724, -0.11659751,
               0.0733214)  # fmt: skip


def rounding(precision: str) -> float:
    """Return the number that rounds another to a whole one, in the sum's lowest bits, when it is added."""
    return 1.5 * 2.0 ** _MANTISSA[precision]


@cache
def library(precision: str) -> str:
    """Return the source of all functions, for "single" or "double"."""
    single = precision == "single"
    real, whole = (np.float32, np.int32) if single else (np.float64, np.int64)
    mantissa, bias = _MANTISSA[precision], 127 if single else 1023

    def bits(value: float) -> int:
        return int(np.array(value, dtype=real).view(whole))

    magic = rounding(precision)
    values = {
        "mantissa": mantissa,
        "magic": magic,
        "power_bits": bits(magic) - bias + 1,
        "log2e": 1 / math.log(2),
        # ln 2 in two parts, the first so short that its products with exponents are exact.
        "ln2_high": 0.693359375 if single else 0.693147180369123816490,
        "ln2_low": -2.12194440054690583e-4 if single else 1.90821492927058770002e-10,
        "lowest": -87.33 if single else -708.39,
        "highest": 88.8 if single else 709.9,
        "smallest": float(np.finfo(real).tiny),
        "sqrt_half_bits": bits(math.sqrt(0.5)),
        "nan": "from_bits(bits(infinity) + 1)",
        "double_magic": rounding("double"),
        "inverse_pi": 1 / math.pi,
        "half_pi": math.pi / 2,
        "pi_high": 3.141592651605606,
        "pi_middle": 1.9841871583270443e-09,
        "pi_low": 1.034036596358821e-18,
    }
    sine = _SIN_SINGLE if single else _SIN_DOUBLE
    values |= {"powers": _powers("s", len(sine)), "series": _estrin(sine, "s")}
    odd = "0.08"
    for k in (23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3):
        odd = f"({odd} * s + {2 / k!r})"
    log_part = _part("log_part", "f", _LOG_SINGLE) if single else _LOG_PART_DOUBLE.format(odd=odd)
    exp_part = _part("exp_part", "r", _EXP_SINGLE if single else _EXP_DOUBLE)
    bodies = [text.format(**values) for text in (_EXP, _EXPM1, _LOG, _SIN)]
    return "\n".join([exp_part, log_part, *bodies, _OTHERS, _COMMON.replace("{line}", str(LINE)), turning(precision)])
