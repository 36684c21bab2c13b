"""The HTML page: whole, well-formed, self-contained, safe, the same in a notebook."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import combinations, product
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

import chainrule as cr
from chainrule.examples import EXAMPLES, network
from chainrule.explain.colours import COLOURS, PAGE, contrast
from chainrule.explain.naming import ROLES

VOID = {"meta", "br"}
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML")
LARGEST = 300_000


def mazur(language="en", names=None):
    net, x, t = network("mazur", "float64")
    aliases = EXAMPLES["mazur"].aliases if names is None else names
    return net.explain(x, t, optimizer=cr.GradientDescent(0.5), names=aliases, language=language)


def many_samples():
    net = cr.Network(4, [cr.Dense(16, "relu"), cr.Dense(3, "softmax")], loss="cross_entropy", seed=1)
    random = np.random.default_rng(0)
    return net.explain(random.normal(size=(32, 4)), np.eye(3)[random.integers(0, 3, 32)], names="net/out")


DOCUMENTS = {"mazur": mazur, "chinese": lambda: mazur("zh"), "samples": many_samples}


@pytest.fixture(scope="module", params=DOCUMENTS)
def document(request):
    return DOCUMENTS[request.param]()


class Reader(HTMLParser):
    """Reads a page: its elements with their attributes, its text, and whether every element is closed in order."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.words, self.open, self.is_sound = [], [], [], True
        self.feed(page)
        self.is_sound = self.is_sound and not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.is_sound = self.is_sound and bool(self.open) and self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)

    def all(self, tag):
        return [given for name, given in self.elements if name == tag]


def test_well_formed(document):
    page = document.html()
    assert Reader(page).is_sound
    fromstring(page.replace("<!DOCTYPE html>", ""))
    assert Reader(document._repr_html_()).is_sound


def test_every_number_of_the_steps_is_there(document):
    text = Reader(document.html()).text
    for step in document.steps:
        for value in [step.value, *(part.value for part in step.parts)]:
            digits, _, power = document.digits(value).replace("-", "−", 1).partition("e")
            assert digits + (f"·10−{int(power.lstrip('-'))}" if power else "") in text, step


@pytest.mark.parametrize("form", ["html", "_repr_html_"])
def test_ids_are_single_and_links_lead_somewhere(document, form):
    read = Reader(getattr(document, form)())
    ids = [given["id"] for _, given in read.elements if "id" in given]
    assert len(ids) == len(set(ids))
    links = {given["href"].removeprefix("#") for given in read.all("a")}
    named = {given["aria-labelledby"] for _, given in read.elements if "aria-labelledby" in given}
    assert links | named <= set(ids)
    assert len(links) >= len(list(document.steps)) + len(document.sections)


def test_nothing_is_fetched_and_nothing_runs(document):
    page = document.html()
    assert set(re.findall(r"https?://[^\"' )]*", page)) <= set(NAMESPACES)
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\son\w+=|javascript:", page)


def test_the_page_is_small():
    assert len(mazur().html().encode()) < LARGEST
    assert len(many_samples().html().encode()) < LARGEST


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_its_language(language):
    document = mazur(language)
    assert Reader(document.html()).all("html") == [{"lang": language}]
    assert Reader(document._repr_html_()).all("div")[0]["lang"] == language


def test_names_are_text_and_never_markup():
    evil = '<script>alert("1")</script>'
    names = {**EXAMPLES["mazur"].aliases, "w2[0,0]": evil, "x[n,0]": "a&b", "y[n,0]": '"><b onclick="x">'}
    page = mazur(names=names).html()
    assert "<script" not in page
    assert "<b " not in page
    fromstring(page.replace("<!DOCTYPE html>", ""))
    assert evil in Reader(page).text


def test_one_element_for_notebooks_with_a_style_of_its_own():
    fragment = mazur()._repr_html_()
    read = Reader(fragment)
    assert read.elements[0] == ("div", {"class": "chainrule-explanation", "lang": "en"})
    assert not read.all("html") + read.all("body") + read.all("main") + read.all("h1")
    style = re.search(r"<style>(.*?)</style>", fragment, re.DOTALL).group(1)
    rules = re.sub(r"/\*.*?\*/|@[a-z]+ [^{]*\{", "", style, flags=re.DOTALL)
    for selectors in re.findall(r"(?:^|[{}])\s*([^{}@]+)\{", rules):
        flat = re.sub(r"\([^()]*\)", "", selectors)
        assert all(".chainrule-explanation" in one for one in flat.split(",")), selectors


def test_two_documents_in_one_notebook_have_ids_of_their_own():
    ids = [
        {given["id"] for _, given in Reader(one._repr_html_()).elements if "id" in given}
        for one in (mazur(), many_samples())
    ]
    assert not ids[0] & ids[1]


def test_what_scrolls_can_be_reached_and_has_a_name(document):
    boxes = [given for given in Reader(document.html()).all("div") if "scrolling" in given.get("class", "")]
    assert all(given["tabindex"] == "0" and given["aria-label"] and given["role"] == "group" for given in boxes)
    assert len(boxes) > len(list(document.steps))


def test_tables_have_captions_and_heads(document):
    read = Reader(document.html())
    assert len(read.all("caption")) == len(read.all("table")) > 0
    assert {given["scope"] for given in read.all("th")} == {"col", "row"}


def test_colours_have_contrast_on_both_grounds():
    assert set(COLOURS) == set(ROLES)
    inks = {
        **{role: (one.light, one.dark) for role, one in COLOURS.items()},
        **{key: PAGE[key] for key in ("ink", "quiet", "link")},
    }
    for (name, colours), ground in product(inks.items(), ("paper", "block")):
        for colour, paper in zip(colours, PAGE[ground], strict=True):
            assert contrast(colour, paper) >= 4.5, (name, colour, paper)


def test_roles_are_told_apart_without_colours():
    for one, other in combinations(COLOURS.values(), 2):
        assert one.mark != other.mark
        assert one.terminal != other.terminal
