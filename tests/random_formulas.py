"""Random formulas in one name, such as users write for activations; their values stay of the size of 1."""

from __future__ import annotations

import hypothesis.strategies as st

BOUNDED = ("tanh", "sigmoid", "sin", "cos", "arctan", "erf")
ROOTS = ("abs", "relu", "softplus", "sign", "-", "stop")
POSITIVE = ("log(1 + ({})**2)", "log1p(({})**2)", "sqrt(1 + ({})**2)", "1 / (1 + ({})**2)", "exp(-({})**2)", "2**tanh({})")
GROWING = ("exp(tanh({}))", "expm1(sin({}))", "sinh(sin({}))", "cosh(cos({}))", "({})**2", "tanh({})**3")
PAIRS = ("{} + {}", "{} - {}", "({}) * ({})", "maximum({}, {})", "minimum({}, {})", "({}) / (2 + cos({}))")
CHOICES = ("where({} > {}, {}, {})", "where({} <= {}, {}, {})", "({} < {}) * ({}) + {}")
OVER_UNITS = ("sum({}) / 3", "mean({})", "max({})", "stop(max({})) * 2", "mean(({}) * mean({}))")


def filled(templates: tuple[str, ...], inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def fill(template: str) -> st.SearchStrategy[str]:
        return st.tuples(*[inner] * template.count("{}")).map(lambda parts: template.format(*parts))

    return st.sampled_from(templates).flatmap(fill)


def formulas(name: str = "x") -> st.SearchStrategy[str]:
    """Formulas in `name`, numbers, every function of the language, and reductions over the units."""
    leaves = st.sampled_from([name, name, name, "0.5", "2", "1/3", "-1", "0"])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            filled(tuple(f"{function}({{}})" for function in (*BOUNDED, *ROOTS)), inner),
            filled((*POSITIVE, *GROWING, *PAIRS, *CHOICES, *OVER_UNITS), inner),
        )

    return st.recursive(leaves, grow, max_leaves=8)
