"""Numbers as they are printed: each with the same digits wherever it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Of a small number fewer digits count than it has decimals, but at least so many.
_LEAST, _FEWER = 2, 3
_SMALLEST, _LARGEST = 1e-6, 1e9
_EXACT = 15  # digits that float64 has of any number


@dataclass(frozen=True)
class Digits:
    """`decimals` after the point; of small numbers at least three digits fewer than that.

    >>> show = Digits(9)
    >>> show(0.593269992107), show(0.0004385677), show(0.5), show(0.00000123456789), show(-12.0)
    ('0.593269992', '0.000438568', '0.5', '0.00000123457', '-12')
    >>> show(1.23456789e-8)
    '1.23457e-08'
    """

    decimals: int

    def __call__(self, value: float) -> str:
        """Return a number as text, without zeros at its end."""
        if not math.isfinite(value):
            return "∞" if value > 0 else "-∞" if value < 0 else "NaN"
        size = abs(value)
        if size == 0:
            return "0"
        significant = max(self.decimals - _FEWER, _LEAST)
        if size < _SMALLEST or size >= _LARGEST:
            digits, exponent = f"{value:.{significant - 1}e}".split("e")
            return f"{_trimmed(digits)}e{exponent}"
        power = math.floor(math.log10(size))
        decimals = max(self.decimals, significant - 1 - power)
        return _trimmed(f"{value:.{max(0, min(decimals, _EXACT - 1 - power))}f}")

    def uncertainty(self, text: str) -> float:
        """Return by how much at most the number behind a text may differ from it."""
        digits, _, power = text.partition("e")
        decimals = self.decimals if not power else max(self.decimals - _FEWER, _LEAST) - 1
        shown = len(digits.partition(".")[2])
        return 0.5 * 10.0 ** (-max(decimals, shown) + int(power or 0))


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
