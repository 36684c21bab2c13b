"""Draws docs/network.svg for the README: a network printed as its equations, in the five colours of the roles.

python docs/picture.py
"""

import re
from html import escape
from pathlib import Path

from chainrule.examples import network

# One colour for each role, told apart by their lightness too.
ROLES = {
    "dw": (r"d_[wb]\d\[[a-z,]+\]", "#c792ea"),  # dE/dweight
    "dy": (r"d_[ay]\d?\[[a-z,]+\]", "#addb67"),  # dE/doutput of a unit
    "dx": (r"d_z\d\[[a-z,]+\]", "#ffcb6b"),  # dE/dinput of a unit
    "y": (r"\b[ay]\d?\[[a-z,]+\]", "#ff869a"),  # output of a unit
    "x": (r"\b[xz]\d?\[[a-z,]+\]", "#82aaff"),  # input of a unit
}
ANY_ROLE = re.compile("|".join(f"(?P<{role}>{pattern})" for role, (pattern, _) in ROLES.items()))
SIZE, LINE, MARGIN = 15, 21, 18  # pixels
WIDTH = 0.6  # of a letter, in parts of its size


def coloured(line: str) -> str:
    return ANY_ROLE.sub(lambda match: f'<tspan class="{match.lastgroup}">{match.group()}</tspan>', escape(line))


def svg(text: str) -> str:
    lines = text.splitlines()
    width = round(max(map(len, lines)) * SIZE * WIDTH) + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    styles = "".join(f".{role} {{ fill: {colour} }} " for role, (_, colour) in ROLES.items())
    rows = "\n".join(
        f'<text xml:space="preserve" x="{MARGIN}" y="{MARGIN + LINE * number + SIZE}">{coloured(line)}</text>'
        for number, line in enumerate(lines)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<style>text {{ font: {SIZE}px Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb }} {styles}</style>
<rect width="{width}" height="{height}" rx="8" fill="#1e222a"/>
{rows}
</svg>
"""


if __name__ == "__main__":
    net, _, _ = network("demofox-4")
    (Path(__file__).parent / "network.svg").write_text(svg(str(net)), encoding="utf-8")
