"""MathML: well-formed for everything that can be written, and set as a textbook sets it."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.explain.breadth import breadth
from chainrule.explain.mathml import math, to_mathml
from chainrule.language import catalogue
from chainrule.parsing import parse_expression
from chainrule.typeset import (
    Cases,
    Derivative,
    Fenced,
    Fraction,
    Layout,
    Matrix,
    Over,
    Power,
    Root,
    Row,
    Symbol,
    Text,
    Typesetter,
)
from strategies import Case, equations, programs

texts = st.text(max_size=8) | st.sampled_from(
    ["−0.25", " · ", "max", "\u2009", "w_{h1}", "(1)", "]]>", "<script>", "\x00"]
)
symbols = st.builds(Symbol, texts, texts, texts, texts, st.sampled_from(["", "input", "d_weight"]))


def _containers(inner: st.SearchStrategy[Layout]) -> st.SearchStrategy[Layout]:
    return st.one_of(
        st.builds(Row, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Derivative, inner, inner),
        st.builds(Fraction, inner, inner),
        st.builds(Power, inner, inner),
        st.builds(Root, inner),
        st.builds(Fenced, inner, st.sampled_from("([|"), st.sampled_from(")]|")),
        st.builds(Over, texts, inner),
        st.builds(Cases, inner, inner, inner),
        st.builds(lambda one, other: Matrix(((one, other), (other, one))), inner, inner),
    )


layouts = st.recursive(st.builds(Text, texts) | symbols, _containers, max_leaves=8)
# How many children an element must have for a browser to set it.
CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "msubsup": 3}


def assert_sound(markup: str) -> None:
    for node in fromstring(math(markup)).iter():
        assert len(node) == CHILDREN.get(node.tag, len(node)), markup
        assert not ("mtr" in node.tag and any(child.tag != "mtd" for child in node)), markup


@given(layouts)
@settings(max_examples=150, deadline=None)
def test_every_layout_is_well_formed(layout):
    assert_sound(to_mathml(layout))
    assert breadth(layout) >= 0


@given(equations())
@settings(max_examples=50, deadline=None)
def test_every_equation_is_well_formed(equation):
    try:
        layout = Typesetter().layout(equation.value)
    except ValueError:
        return  # a function that there is not
    assert_sound(to_mathml(layout))


@given(programs())
@settings(max_examples=15, deadline=None)
def test_every_program_is_well_formed(case: Case):
    for equation in case.program.equations:
        assert_sound(to_mathml(Typesetter(dots=True).layout(equation.value)))


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (Text("0.15"), "<mn>0.15</mn>"),
        (Text("−0.15"), "<mrow><mo>−</mo><mn>0.15</mn></mrow>"),
        (Text("max"), "<mi>max</mi>"),
        (Text("σ"), "<mi>σ</mi>"),
        (Text(" · "), "<mo>·</mo>"),
        (Symbol("E", "E"), "<mi>E</mi>"),
        (Symbol("w5", "w", "5"), "<msub><mi>w</mi><mn>5</mn></msub>"),
        (
            Symbol("out_h1", "out", "h1", "", "output"),
            '<msub class="role-output"><mi>out</mi><mrow><mi>h</mi><mn>1</mn></mrow></msub>',
        ),
        (
            Symbol("m", "m", "", "w_{h1}"),
            "<msup><mi>m</mi><msub><mi>w</mi><mrow><mi>h</mi><mn>1</mn></mrow></msub></msup>",
        ),
        (Power(Symbol("X", "X"), Text("ᵀ")), '<msup><mi>X</mi><mi mathvariant="normal">T</mi></msup>'),
        (Symbol("a", "a<b"), "<mi>a&lt;b</mi>"),
    ],
)
def test_forms(layout, expected):
    assert to_mathml(layout) == expected


def test_brackets_grow_only_around_what_is_high():
    low, high = Fenced(Text("x")), Fenced(Fraction(Text("1"), Text("2")))
    assert 'stretchy="false"' in to_mathml(low)
    assert "stretchy" not in to_mathml(high)


def test_words_of_cases_are_in_the_language():
    typesetter, text = Typesetter(), catalogue("zh")
    where = parse_expression("where(x > 0, x, 0)")
    assert "otherwise" in to_mathml(typesetter.layout(where))
    typesetter.words = (text("if"), text("otherwise"))
    assert text("otherwise") in to_mathml(typesetter.layout(where))
