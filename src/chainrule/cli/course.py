"""The course of `chainrule train`: what is read and checked before, what is trained, scored and written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.cli import labelled, report
from chainrule.cli.destinations import check_destinations, check_ending
from chainrule.cli.fitting import Asked, ask_about, constant_for, cross_validate, learned, train
from chainrule.cli.heldout import Rows, check_folds, split
from chainrule.cli.packing import fingerprint, pack
from chainrule.cli.screen import LONGEST, count, plain
from chainrule.cli.written import log_of, settings_of
from chainrule.files import check_destination
from chainrule.files import replace as write
from chainrule.reporting.answers import Answers, merged
from chainrule.reporting.scores import Score, over_folds, score

if TYPE_CHECKING:
    from chainrule.cli.options import Options
    from chainrule.history import History


@dataclass
class Course:
    """One run of the command: `prepare`, then `run`."""

    table: Path
    target: str
    options: Options
    validate: Path | None = None
    folds: int | None = None
    weights: str | None = None
    log: Path | None = None
    out: Path | None = None
    page: Path | None = None
    command: str = ""
    parts: list[Asked] = field(default_factory=list, init=False)
    scores: list[Score] = field(default_factory=list, init=False)
    histories: Sequence[History] = field(default=(), init=False)
    is_interrupted: bool = field(default=False, init=False)
    is_saved: bool = field(default=False, init=False)
    seconds: float = field(default=0.0, init=False)

    def prepare(self) -> None:
        """Read and check everything, and say what was recognised."""
        check_ending("--report", self.page, (".html", ".htm"))
        read = {"the table": self.table, "the table to validate with": self.validate}
        written = {"--log": self.log, "--out": self.out, "--report": self.page}
        check_destinations(read, {**written, "--checkpoint": self.options.checkpoint, "--resume": self.options.resume})
        self.data = labelled.read(self.table, self.target, self.weights)
        target, rows = self.data.target, self.data.rows
        self.training, self.held_out = split(rows, target, self.options.seed) if self.folds is None else (rows, rows)
        if self.folds is not None:
            check_folds(self.folds, rows)
        self.encoder = learned(self.training, target, self.options.recipe_for(target.kind).style)
        self.options.check_size(self.encoder, target.outputs)
        self.validation: Rows | None = None
        if self.validate is not None:
            self.validation = labelled.read_validation(self.validate, self.data, self.encoder, self.training)
        report.tell_table(self.data, self.encoder, self._rows_in_words())

    def run(self) -> None:
        """Train, write what was learned, score it, and write that too.

        Raises KeyboardInterrupt where Ctrl-C ended another part of it than the training; `kept` says what there is.
        """
        target = self.data.target
        if self.folds is not None:
            rows, count_ = self.training, self.folds
            self.parts = list(cross_validate(self.options, rows, target, count_, self.validation))
        started = time.perf_counter()
        estimator = train(self.options, target.kind, self.training, self.validation)
        self.seconds = time.perf_counter() - started
        self.is_interrupted = estimator.interrupted_
        self.model = pack(estimator, target)
        self.histories = estimator.histories_
        self._save()
        if self.is_interrupted:
            return
        self._score()
        if self.page is not None:
            from chainrule.cli.pages import page_of_course

            write(check_destination(self.page), page_of_course(self).encode())

    def _save(self) -> None:
        """Write the model and the log, before anything is scored: that may take long, and fail."""
        if self.out is not None:
            assert self.model.table is not None
            mark = fingerprint(self.data.labelled, self.model.table)
            self.model = replace(self.model, training=self.training_in_words(), fingerprint=mark)
            self.model.save(self.out)
            self.is_saved = True
        if self.log is not None:
            write(check_destination(self.log), log_of(self.histories).encode())

    def _score(self) -> None:
        """Score the model, and write it again with the scores."""
        self.parts = self.parts or [ask_about(self.model, self.training, self.held_out, self.data.target)]
        self.scores = over_folds(self._answers) if self.folds else score(self._answers[0])
        if self.out is not None:
            scores = {score.name: score.value for score in self.scores}
            self.model = replace(self.model, training={**self.model.training, "scores": scores})
            self.model.save(self.out)

    @property
    def _answers(self) -> list[Answers]:
        return [part.answers for part in self.parts]

    def answers(self) -> Answers:
        """Return what was said of the rows held out, or of all folds."""
        if not self.folds:
            return self._answers[0]
        return merged(self._answers, [part.rows.y for part in self.parts], self.data.target)

    @property
    def heading(self) -> str:
        """What the scores are of."""
        return f"mean of {self.folds} folds" if self.folds else f"on {count(len(self.held_out), 'held-out row')}"

    def kept(self) -> str:
        """Return what there is after Ctrl-C, and, if that ended the training, how to go on."""
        checkpoint = self.options.checkpoint or self.options.resume
        is_trained = bool(self.histories) and not self.is_interrupted
        kept = [self._kept_networks()] if self.is_saved else []
        if is_trained and self.page is not None:
            kept.append("the page was not written")
        if not is_trained and checkpoint is not None and checkpoint.exists():
            kept.append(f"--resume {checkpoint} goes on with it")
        nothing = "nothing was kept, since there is no --out" if self.histories else "nothing was written"
        return "; ".join(kept) or nothing

    def _kept_networks(self) -> str:
        """Return what the model file has."""
        networks = count(len(self.model.networks), "network")
        after = f", after {report.epochs_in_words(self.histories)}" if self.is_interrupted else ""
        scored = "" if self.scores else ", not scored"
        left = self.options.recipe_for(self.data.target.kind).ensemble - len(self.model.networks)
        others = f"; {count(left, 'other')} had hardly begun" if left else ""
        return f"{self.out} has {networks}{after}{scored}{others}"

    def _rows_in_words(self) -> str:
        recipe = self.options.recipe_for(self.data.target.kind)
        fraction, best = recipe.validation_fraction, "choose the best epoch by"
        by = ""
        if self.validation is not None and self.validate is not None:
            by = f"; {len(self.validation):,} of {plain(self.validate.name, LONGEST)} to {best}"
        elif fraction and recipe.ensemble > 1:
            by = f", of which each network keeps another {fraction:.0%} to {best}"
        elif fraction:
            by = f", {fraction:.0%} of them to {best}"
        if self.folds:
            return f"{len(self.training):,} in {count(self.folds, 'fold')} to score by, then all to train on{by}"
        return f"{len(self.training):,} to train on{by}; {len(self.held_out):,} held out"

    def training_in_words(self) -> dict[str, Any]:
        """Return what the model file says of its training; `chainrule evaluate` reads `guess`."""
        constant = constant_for(self.model, self.training, self.data.target)
        best = [history.best_epoch + 1 for history in self.histories if history.best_epoch is not None]
        return {
            "table": self.table.name,
            "rows": len(self.training),
            "weights": self.weights,
            "validation": None if self.validate is None else self.validate.name,
            **settings_of(self.options, self.data.target.kind),
            "epochs": max(history.epochs for history in self.histories),
            "best_epochs": best,
            "stopped": report.stopped(self.histories),
            "guess": constant.tolist(),
            "folds": self.folds,
            "scores": {},
        }
