"""The published 2-2-2 example: every figure of its document stands in the worked example, in every format."""

from __future__ import annotations

import re

import pytest

import chainrule as cr
from chainrule.examples import EXAMPLES, network
from chainrule.examples.records import prints_as

NUMBER = re.compile(r"[-−]?\d+\.\d+|[-−]?\d+")
FORMATS = ("text", "latex", "html", "md", "json")
# Figures of the passes and of the first update; those after 10,000 updates belong to training.
FIGURES = {item.quantity: item.exact or item.figure for item in EXAMPLES["mazur"].published if item.updates <= 1}


def rendered(form, language="en", net=None):
    own, x, t = network("mazur", "float64")
    aliases = EXAMPLES["mazur"].aliases
    return (net or own).explain(x, t, optimizer=cr.GradientDescent(0.5), names=aliases, language=language).render(form)


def numbers_in(content, form):
    if form == "html":
        content = re.sub(r"<style.*?</style>", "", content, flags=re.DOTALL)
        content = re.sub(r"<[^>]*>", "", content.replace("<mo>−</mo><mn>", "−"))
    return {float(found.replace("−", "-")) for found in NUMBER.findall(content)}


def shown(figure, numbers):
    """Tell whether a number, rounded to the digits of a figure, is that figure."""
    wanted = f"{float(figure):.9f}" if len(figure.partition(".")[2]) > 9 else figure
    return any(prints_as(number, wanted) or prints_as(-number, wanted) for number in numbers)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_figure_is_there(form, language):
    numbers = numbers_in(rendered(form, language), form)
    assert [quantity for quantity, figure in FIGURES.items() if not shown(figure, numbers)] == []
    assert len(FIGURES) >= 28


@pytest.mark.parametrize("form", FORMATS)
def test_none_is_typed_in(form):
    """With other weights the numbers are others."""
    net, _, _ = network("mazur", "float64")
    net.set_parameters({"w1": [[0.16, 0.27], [0.22, 0.33]], "w2": [[0.41, 0.53], [0.44, 0.58]]})
    numbers = numbers_in(rendered(form, net=net), form)
    long = {quantity: figure for quantity, figure in FIGURES.items() if len(figure) > 6}
    assert [quantity for quantity, figure in long.items() if shown(figure, numbers)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_formats_have_the_same_results(language):
    own, x, t = network("mazur", "float64")
    document = own.explain(x, t, optimizer=cr.GradientDescent(0.5), names=EXAMPLES["mazur"].aliases, language=language)
    for form in FORMATS:
        numbers = {abs(number) for number in numbers_in(document.render(form), form)}
        for step in document.steps:
            assert abs(float(document.digits(step.value))) in numbers, (form, step.key)
