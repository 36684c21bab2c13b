"""Elements of HTML, MathML and SVG as text, with everything from users escaped."""

from __future__ import annotations

import html
import re

# What XML does not allow even escaped: control characters, and halves of characters that no encoding can write.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def escaped(text: str) -> str:
    """Return a text as it stands between tags or in an attribute.

    >>> escaped('<script> & "')
    '&lt;script&gt; &amp; &quot;'
    """
    return html.escape(_FORBIDDEN.sub("\ufffd", text))


def element(name: str, /, *inside: str, **attributes: str | float | None) -> str:
    """Return an element; `inside` is markup already, attributes are escaped, and those that are None or "" left out.

    An underscore in an attribute's name is a hyphen, one at its end keeps it apart from Python's words.

    >>> element("p", "one", element("br"), class_="why", aria_label="a & b", id=None)
    '<p class="why" aria-label="a &amp; b">one<br/></p>'
    """
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value not in (None, "")}
    head = "".join(f' {key}="{escaped(str(value))}"' for key, value in given.items())
    content = "".join(inside)
    return f"<{name}{head}/>" if name in _VOID and not content else f"<{name}{head}>{content}</{name}>"


# Of HTML; and of MathML and SVG, where the short form is known in an HTML page too.
_VOID = ("br", "meta", "mspace", "mrow", "mtd", "circle", "line", "rect")
