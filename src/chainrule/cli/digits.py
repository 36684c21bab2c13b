"""The handwritten digits that come with scikit-learn, and a network trained on them on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.cli.screen import facts
from chainrule.errors import InputError, shown

if TYPE_CHECKING:
    from chainrule.network import Network

SHAPE = (8, 8)
EPOCHS = 40
HIDDEN = 64
DECAY = 0.001


@dataclass(frozen=True, eq=False)
class Digits:
    """Pictures with values from 0 to 1, shape (rows, 64), and their digits: to train with, and held out."""

    x: Any
    labels: Any
    held_out: Any
    held_out_labels: Any


def load() -> Digits:
    """Return the 1,797 digits, a fifth of them held out, always the same ones."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, labels = load_digits(return_X_y=True)
    parts = train_test_split(x / 16, labels, test_size=0.2, random_state=0, stratify=labels)
    return Digits(parts[0], parts[2], parts[1], parts[3])


def train(digits: Digits, seed: int) -> Network:
    """Return a 64-64-10 network trained on the digits: relu, softmax, weights held small by L2."""
    from chainrule import L2, Dense, Network

    layers = [Dense(HIDDEN, "relu"), Dense(10, "softmax")]
    net = Network(64, layers, loss="cross_entropy", penalties=[L2(DECAY)], seed=seed)
    net.fit(digits.x, digits.labels, epochs=EPOCHS, progress=False).whole()
    return net


def tell(net: Network, digits: Digits) -> None:
    """Print what was trained and how well it does."""
    right = (net.predict(digits.held_out).argmax(axis=1) == digits.held_out_labels).mean()
    counts = f"{len(digits.x):,} digits, {right:.1%} of {len(digits.held_out)} others recognised"
    facts({"Network": f"64-{HIDDEN}-10, trained on {counts}"})


def classes_of(text: str | None) -> list[int]:
    """Return the digits named, as in "0,3,8"; all ten by default."""
    if text is None:
        return list(range(10))
    try:
        chosen = [int(part) for part in text.split(",")]
    except ValueError:
        chosen = [-1]
    if any(not 0 <= digit <= 9 for digit in chosen) or len(set(chosen)) < len(chosen):
        raise InputError(
            f"--classes must be different digits with commas between them, such as 0,3,8, not {shown(text)}"
        )
    return chosen
