"""``chainrule dream``: what a network would most like to see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.screen import console, facts
from chainrule.errors import InputError
from chainrule.files import check_destination
from chainrule.ranges import as_seed

if TYPE_CHECKING:
    from chainrule.cli.digits import Digits
    from chainrule.inputs import Dream


def dream(
    classes: Annotated[str | None, typer.Option(help="Which digits, such as 0,3,8; by default all ten.")] = None,
    steps: Annotated[int, typer.Option(help="So many updates of the picture.")] = 200,
    rate: Annotated[
        float | None, typer.Option(help="Their learning rate; by default 0.05, or the optimizer's.")
    ] = None,
    optimizer: Annotated[str, typer.Option(help="How the picture is updated.")] = "adam",
    smoothness: Annotated[float, typer.Option(help="The penalty on differences of neighbours.")] = 0.02,
    size: Annotated[float, typer.Option(help="The penalty on ink.")] = 0.02,
    seed: Annotated[int, typer.Option(help="Of the network's start weights, and of the noise.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the pictures to this file (.png or .svg).")] = None,
    path: Annotated[Path | None, typer.Option(help="Write each step's cost and probability to this CSV file.")] = None,
) -> None:
    """Train a network on digits, then train noise until the network takes it for each digit.

    A classifier of another kind, trained separately, says what it takes the pictures for.
    """
    from chainrule.cli import digits
    from chainrule.inputs import dream as dream_of

    chosen = digits.classes_of(classes)
    as_seed(seed)
    check_files(out, path)
    data = digits.load()
    net = digits.train(data, seed)
    dreamt = dream_of(
        net,
        chosen,
        steps=steps,
        rate=0.05 if rate is None and optimizer == "adam" else rate,
        optimizer=optimizer,
        penalties={"smoothness": smoothness, "size": size},
        seed=seed,
    )
    if out:
        dreamt.save(out)
    if path:
        dreamt.path.save(path)
    digits.tell(net, data)
    _tell(dreamt, _judgement(data, dreamt))


def check_files(out: Path | None, path: Path | None) -> None:
    """Raise `InputError` before a long calculation if its results could not be written."""
    for file in (out, path):
        if file:
            check_destination(file)
    if out and path and out.resolve() == path.resolve():
        raise InputError(f"--out and --path are the same file {out}: name two files")
    if out and out.suffix.lower() not in (".png", ".svg"):
        raise InputError(f"--out {out} is a picture: let its name end in .png or .svg")


def _judgement(data: Digits, dreamt: Dream) -> Any:
    from sklearn.linear_model import LogisticRegression

    judge = LogisticRegression(max_iter=2000).fit(data.x, data.labels)
    return judge.predict(dreamt.x)


def _tell(dreamt: Dream, judged: Any) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("Dream of", "probability", "cost", "distance", "judged", box=SIMPLE_HEAD)
    course = dreamt.path
    assert course.probability is not None
    for row, digit in enumerate(dreamt.target):
        table.add_row(
            str(digit),
            f"{course.probability[0, row]:.3f} to {course.probability[-1, row]:.3f}",
            f"{course.cost[0, row]:.3f} to {course.cost[-1, row]:.3f}",
            f"{course.distance[-1, row]:.2f}",
            str(judged[row]),
        )
    console().print(table)
    agree = int((judged == dreamt.target).sum())
    facts({"Judged": f"a logistic regression, trained separately, takes {agree} of {len(judged)} for their digit"})
