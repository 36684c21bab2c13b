"""The style sheet of pages: the file page.css, the colours of the roles, and where lines break."""

from __future__ import annotations

from pathlib import Path

from chainrule.explain.colours import COLOURS, PAGE

SCOPE = "chainrule-explanation"
_FILE = Path(__file__).with_name("page.css")
# Blocks of lines by what they need, as `chainrule.explain.page_lines` sizes them, break in places narrower than this.
_BROKEN_BELOW = {"narrow": "20rem", "medium": "38rem", "wide": "59rem"}


def style() -> str:
    """Return the style sheet, all of it for elements within the class `SCOPE`.

    >>> ".chainrule-explanation .role-output{color:var(--output)" in style()
    True
    """
    narrow = (f"@container (max-width:{width}){{{_breaking(size)}}}" for size, width in _BROKEN_BELOW.items())
    return "\n".join((_colours(), _roles(), _FILE.read_text(encoding="utf-8"), _breaking("broken"), *narrow))


def _colours() -> str:
    pairs = {**PAGE, **{role.replace("_", "-"): (colour.light, colour.dark) for role, colour in COLOURS.items()}}
    plain = "".join(f"--{name}:{light};" for name, (light, _) in pairs.items())
    either = "".join(f"--{name}:light-dark({light},{dark});" for name, (light, dark) in pairs.items())
    # Browsers from before light-dark() show the light colours.
    return f".{SCOPE}{{{plain}}}@supports (color:light-dark(#000,#fff)){{.{SCOPE}{{{either}}}}}"


def _roles() -> str:
    return "".join(
        f".{SCOPE} .role-{role}{{color:var(--{role.replace('_', '-')});border-bottom:{colour.mark}}}"
        f".{SCOPE} .of-{role} .result{{color:var(--{role.replace('_', '-')})}}"
        for role, colour in COLOURS.items()
    )


def _breaking(size: str) -> str:
    """Return the rules by which the rows of a block break between their cells, at = and + and the other signs."""
    within = f".{SCOPE} .{size}"
    return (
        f"{within} :is(math,mtable){{display:block}}"
        f"{within} mtr{{display:block;padding:.15em 0 .15em 1.4em;text-indent:-1.4em}}"
        f"{within} mtd{{display:inline-block;text-indent:0;padding-right:.3em}}"
        # A sign stays with the only cell behind it.
        f"{within} mtr:has(>mtd:nth-child(3):last-child){{white-space:nowrap}}"
        f"{within} mtable mtable{{display:inline-table}}{within} mtable mtable mtr{{display:table-row}}"
        f"{within} mtable mtable mtd{{display:table-cell}}"
    )
