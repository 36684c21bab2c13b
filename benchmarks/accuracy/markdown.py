"""Small pieces of Markdown."""

from collections.abc import Iterable


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def number(value: float | None, digits: int = 3) -> str:
    """Return so many digits, without powers of ten and without a sign of what is missing."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    size = f"{value:.{digits}g}"
    return f"{float(size):,.0f}" if abs(value) >= 10 ** (digits - 1) else f"{float(size):g}"


def time_of(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{number(seconds)} s" if seconds >= 1 else f"{number(seconds * 1e3)} ms"


def bytes_of(size: float | None) -> str:
    if size is None:
        return ""
    return f"{number(size / 1e6)} MB" if size >= 1e6 else f"{number(size / 1e3)} kB"


def best(values: list[float | None], texts: list[str], higher_is_better: bool) -> list[str]:
    """Print the best one bold."""
    known = [value for value in values if value is not None]
    if not known:
        return texts
    top = max(known) if higher_is_better else min(known)
    return [f"**{text}**" if value == top else text for value, text in zip(values, texts, strict=True)]
