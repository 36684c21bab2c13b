"""What docs/inputs.md says of dreams, fooling and attributions on digits: `python benchmarks/inputs.py`.

The network is that of `chainrule dream` and `chainrule fool`, trained with seeds 0, 1 and 2; the judges are trained on
the same digits, separately. Figures depend on the seed alone, not on the machine's speed.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from chainrule.cli import digits
from chainrule.cli.fool import BUDGETS
from chainrule.inputs import accuracy_curve, dream, fool, integrated_gradients

SEEDS = (0, 1, 2)
SAMPLES = 20
LONGER = {"400 steps": {"steps": 400}, "10 starts": {"starts": 10}, "no rivals": {"rivals": 0}}


def dreams(net, data, judges) -> None:
    for name, how in {"like the digits": {"like": data.x}, "small and smooth": {}, "bare": {"penalties": ()}}.items():
        dreamt = dream(net, range(10), **how)
        agree = {judge: int((known.predict(dreamt.x) == np.arange(10)).sum()) for judge, known in judges.items()}
        print(f"  dreams, {name}: {dreamt}")
        print("    taken for their class:", ", ".join(f"{judge} {count} of 10" for judge, count in agree.items()))
        print(f"    agreement with the nearest digit of their class: {agreement(dreamt.x, data):.2f}")


def agreement(x, data) -> float:
    """How far each dream goes with the training digit of its class that it goes with most, as a mean correlation."""
    known = [data.x[data.labels == digit] for digit in range(10)]
    return np.mean([max(np.corrcoef(one, other)[0, 1] for other in known[digit]) for digit, one in enumerate(x)])


def curves(net, data) -> None:
    for norm, most in BUDGETS.items():
        print(f"  {accuracy_curve(net, *held_out(data), np.linspace(0, most, 11), norm=norm, bounds=(0, 1))}")


def fooling(net, data) -> None:
    x, labels = held_out(data)
    known = net.predict(x).argmax(axis=1) == labels
    for norm, most in BUDGETS.items():
        for method in ("fgsm", "pgd"):
            print(f"  {fool(net, x[known], budget=most, norm=norm, method=method, bounds=(0, 1))}")
        few = x[known][:SAMPLES]
        short = fool(net, few, budget=most, norm=norm, bounds=(0, 1)).distance
        for name, longer in LONGER.items():
            ratio = short / fool(net, few, budget=most, norm=norm, bounds=(0, 1), **longer).distance
            print(f"    smallest budgets against those of {name}: {ratio.min():.3f} to {ratio.max():.3f} times")


def attributions(net, data) -> None:
    found = integrated_gradients(net, data.held_out)
    print(f"  integrated gradients of {len(found.values)} digits: complete to {np.abs(found.defect).max():.1e}")


def held_out(data):
    return data.held_out, data.held_out_labels


def main() -> None:
    data = digits.load()
    judges = {"logistic regression": LogisticRegression(max_iter=2000), "support vectors": SVC()}
    judges["random forest"] = RandomForestClassifier(random_state=0)
    for judge in judges.values():
        judge.fit(data.x, data.labels)
    mean = np.tile(data.x.mean(axis=0), (10, 1))
    print(f"agreement of the mean of all digits with the nearest digit of each class: {agreement(mean, data):.2f}")
    for seed in SEEDS:
        net = digits.train(data, seed)
        right = (net.predict(data.held_out).argmax(axis=1) == data.held_out_labels).mean()
        print(f"seed {seed}: {right:.1%} of {len(data.held_out)} held-out digits recognised")
        dreams(net, data, judges)
        curves(net, data)
        fooling(net, data)
        attributions(net, data)


if __name__ == "__main__":
    main()
