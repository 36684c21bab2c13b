"""A document as one HTML page that needs nothing else, or as a part of a notebook's page."""

from __future__ import annotations

from hashlib import blake2s
from typing import TYPE_CHECKING

from chainrule.explain.markup import element, escaped
from chainrule.explain.page_steps import Frame, Steps, scrolling
from chainrule.explain.page_style import SCOPE, style
from chainrule.explain.svg import to_svg

if TYPE_CHECKING:
    from chainrule.explain.document import Document, Section
    from chainrule.language import Catalogue

# Nothing is fetched and nothing runs, whatever a name in the document may try.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def to_page(document: Document) -> str:
    """Return a whole page in the document's language, for screens light and dark, narrow and wide, and for paper."""
    text, frame = document.text_of, Frame()
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="color-scheme", content="light dark"),
        element("title", escaped(document.title)),
        element("style", style(), "html,body{margin:0}"),
    )
    skip = element("a", escaped(text("Skip to the calculation")), href="#calculation", class_="skip")
    beginning = element("header", *_beginning(document, frame))
    main = element("main", _sections(document, frame), id="calculation", tabindex=-1)
    body = element("body", element("div", skip, beginning, main, class_=f"{SCOPE} page"))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang=text.language)}\n"


def to_fragment(document: Document) -> str:
    """Return the same inside one element that brings its style, for a page of somebody else's such as a notebook."""
    digest = blake2s("".join((document.title, *document.numbers)).encode(errors="replace"), digest_size=4).hexdigest()
    frame = Frame(prefix=f"cr-{digest}-", level=2)
    inside = (element("style", style()), *_beginning(document, frame), _sections(document, frame))
    return element("div", *inside, class_=SCOPE, lang=document.text_of.language)


def _beginning(document: Document, frame: Frame) -> tuple[str, str, str]:
    title = frame.heading(0, escaped(document.title))
    return title, _contents(document, frame), _legend(document.text_of)


def _contents(document: Document, frame: Frame) -> str:
    text = document.text_of
    entries = (element("li", _entry(section, text, frame)) for section in document.sections)
    return element("nav", element("ul", *entries), aria_label=text("Contents"))


def _entry(section: Section, text: Catalogue, frame: Frame) -> str:
    link = element("a", escaped(section.title), href=f"#{frame.section(section.key)}")
    if not section.steps:
        return link
    first, last = section.steps[0].number, section.steps[-1].number
    span = (
        text("steps {first} to {last}", first=first, last=last) if last > first else text("step {number}", number=first)
    )
    steps = (
        element("li", element("a", escaped(f"{step.number} · {step.title}"), href=f"#{frame.step(step.number)}"))
        for step in section.steps
    )
    return link + element("details", element("summary", escaped(span)), element("ul", *steps))


def _legend(text: Catalogue) -> str:
    names = {
        "input": text("weighted input of a unit"),
        "output": text("output of a unit"),
        "d_input": text("how E changes with a weighted input"),
        "d_output": text("how E changes with an output"),
        "d_weight": text("how E changes with a weight or a bias"),
    }
    entries = (element("li", element("span", escaped(name), class_=f"role-{role}")) for role, name in names.items())
    said = element("p", escaped(text("Colour and underline say what a quantity is:")))
    return element("div", said, element("ul", *entries), class_="legend")


def _sections(document: Document, frame: Frame) -> str:
    steps = Steps(document, frame)
    figure = _figure(document)
    first, *rest = document.sections
    return steps.section(first, figure) + "".join(map(steps.section, rest))


def _figure(document: Document) -> str:
    if document.picture is None:
        return ""
    text = document.text_of
    caption = text("The network, with the size of each layer.")
    if document.picture.columns[0].units:
        caption = text("The network, with the numbers of the first sample.")
    drawing = scrolling(caption, to_svg(document.picture, text), "picture")
    return element("figure", drawing, element("figcaption", escaped(caption)))
