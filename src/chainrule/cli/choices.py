"""What several commands let one choose: an optimiser, and a batch of a published example or of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError, shown, unknown
from chainrule.ranges import check_number

if TYPE_CHECKING:
    from chainrule.models import Model
    from chainrule.network import Network
    from chainrule.optimizers import Optimizer
    from chainrule.tables import TableEncoder


def optimizer_of(name: str, rate: float | None) -> Optimizer:
    """Return an optimiser by name, with a rate if one is given."""
    from chainrule.optimizers import OPTIMIZERS

    if name not in OPTIMIZERS:
        raise unknown("optimizer", name, OPTIMIZERS)
    given = {}
    if rate is not None:
        check_number("--rate", rate, above=0)
        given["rate"] = rate
    return OPTIMIZERS[name](**given)


def with_rate(optimizer: Optimizer, rate: float | None) -> Optimizer:
    """Return an optimiser with another learning rate, if one is given."""
    return optimizer if rate is None else replace(optimizer, rate=check_number("--rate", rate, above=0))


@dataclass(frozen=True)
class Chosen:
    """A network and a batch for it; of an example also its optimiser and its own names, of a model file the model."""

    net: Network
    x: Any
    t: Any
    optimizer: Optimizer | None = None
    names: dict[str, str] = field(default_factory=dict)
    model: Model | None = None

    @property
    def own_optimizer(self) -> Optimizer | None:
        """What an example is published with, or a model was trained by; None if its file does not say."""
        return self.optimizer if self.model is None else trained_by(self.model)


def chosen(model: str, table: Path | None, rows: Sequence[int]) -> Chosen:
    """Return a published example by its name, or a model file with rows of a table; rows are counted from 1.

    Raises `InputError` for a name that is neither, for a missing table and for rows that are not there.
    """
    from chainrule.examples import EXAMPLES

    if model in EXAMPLES and table is None:
        example = EXAMPLES[model]
        setup = example.set_up()
        for row in rows:
            if not 1 <= row <= len(setup.x):
                raise InputError(f"--row must be from 1 to {len(setup.x)}, the samples of {model}, not {row}")
        places = [row - 1 for row in rows] or slice(None)
        optimizer = example.fit_settings()["optimizer"]
        return Chosen(setup.net, setup.x[places], setup.t[places], optimizer, dict(example.aliases))
    if not Path(model).exists() and not Path(model).suffix:
        if model in EXAMPLES:
            raise own_data(model)
        raise unknown("example", model, EXAMPLES)
    return _of_table(Path(model), table, rows)


def own_data(name: str) -> InputError:
    """Return the error for a table beside something that has its own samples."""
    return InputError(f"{name} has its own samples; leave the table out")


def _of_table(model: Path, table: Path | None, rows: Sequence[int]) -> Chosen:
    from chainrule import tables
    from chainrule.tables.counting import counted

    loaded, encoder = model_of_table(model)
    if table is None or not rows:
        raise InputError(f"for the model {model}, give a table and with --row the number of a row in it")
    frame, target = tables.read(table), encoder.target.name
    for row in rows:
        if not 1 <= row <= len(frame):
            raise InputError(f"--row must be from 1 to {len(frame)}, the rows of {table}, not {row}")
    if target not in frame.columns:
        raise InputError(f"{table} lacks the column {shown(target)}, the target that the cost needs")
    part = frame[[row - 1 for row in rows]]
    part = part.with_columns(encoder.target.read(part[target]))
    if part[target].null_count():
        missing = rows[part[target].is_null().arg_true()[0]]
        raise InputError(f"row {missing} of {table} has no value of {shown(target)}, the target that the cost needs")
    names = {f"x[n,{k}]": name for k, name in enumerate(encoder.input_names)}
    with counted([row - 1 for row in rows]):
        return Chosen(loaded.net, encoder.inputs(part), encoder.targets(part), names=names, model=loaded)


def trained_by(model: Model) -> Optimizer | None:
    """Return the optimiser that a model was trained by; None if its file does not say.

    The file has its name and its rate. All else is the recipe's, if that is the recipe's optimiser.
    """
    from chainrule.optimizers import OPTIMIZERS
    from chainrule.recipes import RECIPES

    name, rate, recipe = (model.training.get(what) for what in ("optimizer", "rate", "recipe"))
    if name not in list(OPTIMIZERS) or recipe not in list(RECIPES) or model.table is None:  # nor are lists among them
        return None
    kind = "classes" if model.table.target.kind == "classes" else "numbers"
    own = RECIPES[recipe][kind].changed(rate=rate).optimizer()
    return own if type(own) is OPTIMIZERS[name] else OPTIMIZERS[name](rate)


def model_of_table(path: Path) -> tuple[Model, TableEncoder]:
    """Return a model, and how it reads tables; raises InputError for one of arrays."""
    from chainrule import models

    loaded = models.load(path)
    if loaded.table is None:
        raise InputError(f"{path} was not trained on a table; load it in Python with chainrule.models.load")
    return loaded, loaded.table


def refuse_options(given: Mapping[str, object], reason: str) -> None:
    """Raise InputError for the first of some options that was given, None being not given."""
    for name, value in given.items():
        if value is not None:
            raise InputError(f"{name} {reason}")
