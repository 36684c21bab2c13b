"""``chainrule dream``: what a network would most like to see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.destinations import check_destinations
from chainrule.cli.screen import facts
from chainrule.cli.tabled import show
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from chainrule.cli.digits import Digits
    from chainrule.inputs import Dream


def dream(
    classes: Annotated[str | None, typer.Option(help="Which digits, such as 0,3,8; by default all ten.")] = None,
    steps: Annotated[int, typer.Option(help="So many updates of the picture.")] = 200,
    rate: Annotated[float | None, typer.Option(help="Their learning rate; by default the optimizer's own.")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="How the picture is updated; by default adam, rate 0.05.")
    ] = None,
    unlikeness: Annotated[
        float, typer.Option(help="The penalty on being unlike the digits trained with, all of them taken together.")
    ] = 0.05,
    smoothness: Annotated[float, typer.Option(help="The penalty on differences of neighbours.")] = 0.0,
    size: Annotated[float, typer.Option(help="The penalty on ink.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the network's start weights, and of the noise.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the pictures to this file: .png, .svg or .pdf.")] = None,
    path: Annotated[Path | None, typer.Option(help="Write each step's cost and probability to this CSV file.")] = None,
) -> None:
    """Train a network on digits, then train noise until the network takes it for each digit.

    The noise descends to what costs least: the network's cost of the digit, and penalties. A classifier of another
    kind, trained separately, says what it takes the pictures for.
    """
    from chainrule.cli import digits
    from chainrule.inputs import dream as dream_of

    chosen = digits.classes_of(classes)
    as_seed(seed)
    check_destinations({}, {"--out": out, "--path": path}, picture="--out")
    data = digits.load()
    net = digits.train(data, seed)
    given: dict[str, Any] = {} if optimizer is None else {"optimizer": optimizer}
    dreamt = dream_of(
        net,
        chosen,
        steps=steps,
        rate=rate,
        penalties={"unlikeness": unlikeness, "smoothness": smoothness, "size": size},
        like=data.x,
        seed=seed,
        **given,
    )
    if out:
        dreamt.save(out)
    if path:
        dreamt.path.save(path)
    digits.tell(net, data)
    _tell(dreamt, _judgement(data, dreamt))


def _judgement(data: Digits, dreamt: Dream) -> Any:
    from sklearn.linear_model import LogisticRegression

    judge = LogisticRegression(max_iter=2000).fit(data.x, data.labels)
    return judge.predict(dreamt.x)


def _tell(dreamt: Dream, judged: Any) -> None:
    course = dreamt.path
    rows = [
        (
            str(digit),
            f"{course['probability_of_target'][0, row]:.3f} to {course['probability_of_target'][-1, row]:.3f}",
            f"{course['cost_with_penalties'][0, row]:.3f} to {course['cost_with_penalties'][-1, row]:.3f}",
            f"{course['distance'][-1, row]:.2f}",
            str(judged[row]),
        )
        for row, digit in enumerate(dreamt.target)
    ]
    show(("Dream of", "probability", "cost with penalties", "distance", "judged"), rows)
    agree = int((judged == dreamt.target).sum())
    facts({"Judged": f"a logistic regression, trained separately, takes {agree} of {len(judged)} for their digit"})
