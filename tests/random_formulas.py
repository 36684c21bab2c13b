"""Random formulas in one name, such as users write for activations; their values stay of the size of 1."""

from __future__ import annotations

import re

import hypothesis.strategies as st

BOUNDED = ("tanh", "sigmoid", "sin", "cos", "arctan", "erf")
ROOTS = ("abs", "relu", "softplus", "sign", "-", "stop")
POSITIVE = (
    "log(1 + ({})**2)",
    "log1p(({})**2)",
    "sqrt(1 + ({})**2)",
    "1 / (1 + ({})**2)",
    "exp(-({})**2)",
    "2**tanh({})",
)
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


PARTS = (
    "x[n,j]",
    "h[n,j]",
    "v[j]",
    "b",
    "x[n,j]**2",
    "sum(i, x[n,i] * u[i,j])",
    "sum(i, w[i] * x[n,i])",
    "sum(i, sum(k, x[n,i] * x[n,k] * p[i,k]))",
    "sum(i, sum(k, u[i,k] * x[n,i] * x[n,k])) * v[j]",
    "sum(i, u[i,j]**2 * x[n,i])",
    "sum(i, u[j,i] * x[n,i])",
    "sum(i, v[i] * v[j] * x[n,i])",
    "sum(i, x[n,i])",
    "mean(i, x[n,i])",
    "mean(n, x[n,j])",
    "sum(n, x[n,j]) / N",
    "mean(i, sum(n, x[n,i]) * x[n,j])",
    "max(i, x[n,i])",
    "max(n, x[n,j])",
    "max(i, x[n,i] * u[i,j])",
    "where(x[n,j] > b, x[n,j], v[j])",
    "exp(N > 1)",
    "j / J",
    "n / N",
)


@st.composite
def layer_formulas(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A formula of a layer with one equation or two, and initialisers for the parameters that it uses."""

    def body() -> str:
        return draw(st.sampled_from([" * ", " + "])).join(
            draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3))
        )

    text = f"h[n,j] = x[n,j] + {body().replace('h[n,j]', 'x[n,j]')}\ng[n,j] = h[n,j] + {body()}"
    return text, {name: "glorot" for name in "uvbwp" if re.search(rf"\b{name}\b", text)}
