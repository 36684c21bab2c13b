"""The picture of the ratios: a bar for each peer at each network, on a logarithmic scale, with marks for the aims."""

from html import escape
from math import ceil, floor, log10
from statistics import median

from comparing.rounds import Result
from comparing.rows import FAST_MATH, GCC, JAX, PRODUCTS, PYTORCH, SKLEARN

COLOURS = {
    PYTORCH: "#ff869a",
    SKLEARN: "#ffcb6b",
    JAX: "#82aaff",
    GCC: "#addb67",
    FAST_MATH: "#c792ea",
}
LEFT, WIDTH, BAR, GAP, TOP = 330, 520, 18, 10, 56


def svg(results: list[Result]) -> str:
    """Draw all ratios but those to the bare products, which no library is faster than."""
    bars = [
        (f"{result.row.name}, {library}", library, median(result.figures(library)), aim)
        for result in results
        for library, aim in result.row.aims.items()
        if library != PRODUCTS
    ]
    values = [value for _, _, figure, aim in bars for value in (figure, aim.strive, 1)]
    low, high = floor(log10(min(values) / 1.5)), ceil(log10(max(values)))

    def across(value: float) -> float:
        return round(LEFT + WIDTH * (log10(value) - low) / (high - low), 1)

    height = TOP + len(bars) * (BAR + GAP) + GAP
    one, full = across(1), LEFT + WIDTH + 90
    parts = []
    for power in range(low, high + 1):
        x = across(10**power)
        parts.append(f'<line class="grid" x1="{x}" y1="{TOP - 12}" x2="{x}" y2="{height - GAP}"/>')
        parts.append(f'<text class="small" text-anchor="middle" x="{x}" y="{TOP - 18}">{10**power:g}</text>')
    for number, (name, library, figure, aim) in enumerate(bars):
        y, end = TOP + number * (BAR + GAP), across(figure)
        text = f"{figure:.0f}" if figure >= 100 else f"{figure:.3g}"
        parts.append(f'<text text-anchor="end" x="{LEFT - 12}" y="{y + BAR - 4}">{escape(name)}</text>')
        left, width = min(one, end), round(abs(end - one), 1)
        parts.append(f'<rect x="{left}" y="{y}" width="{width}" height="{BAR}" fill="{COLOURS[library]}"/>')
        for value, kind in ((aim.at_least, "least"), (aim.strive, "strive")):
            x = across(value)
            parts.append(f'<line class="{kind}" x1="{x}" y1="{y - 3}" x2="{x}" y2="{y + BAR + 3}"/>')
        parts.append(f'<text text-anchor="end" x="{full - 14}" y="{y + BAR - 4}">{text}</text>')
    parts.append(f'<line class="one" x1="{one}" y1="{TOP - 12}" x2="{one}" y2="{height - GAP}"/>')
    rows = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full} {height}" width="{full}" height="{height}">
<style>text {{ font: 14px Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb }}
.small {{ font-size: 12px }} .grid {{ stroke: #3b4252 }} .one {{ stroke: #d6deeb }}
.least, .strive {{ stroke: #d6deeb; stroke-width: 2 }} .strive {{ stroke-dasharray: 3 3 }}</style>
<rect width="{full}" height="{height}" rx="8" fill="#1e222a"/>
<text x="18" y="22">times as fast as the other; lines: at least, dashed: strived for</text>
{rows}
</svg>
"""
