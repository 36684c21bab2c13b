"""Random expressions of generated source: on the machine as in Python."""

from __future__ import annotations

import numpy as np
from both_ways import both_precisions, on_both
from calling import REALS
from hypothesis import given, settings
from hypothesis import strategies as st

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
DEPTHS = {"single": 2, "double": 3}  # so that the digits of a product fit


class Expressions:
    """Draws expressions whose values are small multiples of 1/4, so that any order of sums gives the same."""

    def __init__(self, draw: st.DrawFn):
        self.draw = draw

    def number(self, depth: int) -> str:
        kind = (
            self.draw(st.sampled_from(["+", "-", "*", "*", "choose", "neg", "call", "whole", "half"])) if depth else ""
        )
        if not kind:
            return self.draw(st.sampled_from(["x", "u", "a", "real(k)", "0.5", "1.25", "2", "k", "part[k, 1]"]))
        inner = depth - 1
        kind = self.draw(st.sampled_from(["+", "-", "*", "*", "choose", "neg", "call", "whole", "half"]))
        match kind:
            case "choose":
                return f"choose({self.test(inner)}, {self.number(inner)}, {self.number(inner)})"
            case "neg":
                return f"-({self.number(inner)})"
            case "call":
                name = self.draw(st.sampled_from(["maximum", "minimum", "larger"]))
                return f"{name}(real({self.number(inner)}), real({self.number(inner)}))"
            case "whole":
                return self.whole(inner)
            case "half":
                return f"({self.number(inner)}) / 2.0"
        return f"({self.number(inner)} {kind} {self.number(inner)})"

    def whole(self, depth: int) -> str:
        if not depth:
            return self.draw(st.sampled_from(["k", "n", "3", "7"]))
        sign = self.draw(st.sampled_from(["+", "*", "//", "%", "^", "&", ">>", "min", "max"]))
        left, right = self.whole(depth - 1), self.whole(depth - 1)
        if sign in ("min", "max"):
            return f"{sign}({left}, {right})"
        if sign in ("//", "%"):
            return f"(({left}) {sign} (1 + n * {right}))"
        return f"(({left}) >> 1)" if sign == ">>" else f"(({left} + 0 * k) {sign} {right})"

    def test(self, depth: int) -> str:
        kind = self.draw(st.sampled_from(["compare", "compare", "whole", "and", "or", "not"])) if depth else "compare"
        inner = max(0, depth - 1)
        match kind:
            case "compare":
                sides = self.number(inner), self.number(inner)
                return f"{sides[0]} {self.draw(st.sampled_from(COMPARISONS))} {sides[1]}"
            case "whole":
                return self.whole(inner)
            case "not":
                return f"not ({self.test(inner)})"
        return f"(({self.test(inner)}) {kind} ({self.test(inner)}))"


@st.composite
def sources(draw: st.DrawFn, depth: int) -> str:
    written = [Expressions(draw).number(depth) for _ in range(draw(st.integers(1, 6)))]
    lines = "\n".join(f"        out[{len(written)} * k + {place}] = {text}" for place, text in enumerate(written))
    return f"""
def go(x_: Reals, u_: Reals, out: Doubles, a: float, n: int, thread: int):
    part = cut(u_, 0, (n - 1, 2))
    for k in range(n - 1):
        x, u = x_[k], u_[2 * k]
{lines}
"""


@both_precisions
@settings(max_examples=60)
@given(data=st.data(), a=st.integers(-8, 8), n=st.integers(2, 6), seed=st.integers(0, 1000))
def test_random_expressions(precision, data, a, n, seed):
    source = data.draw(sources(DEPTHS[precision]))
    random = np.random.default_rng(seed)
    x, u = (random.integers(-8, 9, size).astype(REALS[precision]) / 4 for size in (n, 2 * n))
    on_both(source, precision, x, u, np.zeros(6 * n), a / 4, n)
