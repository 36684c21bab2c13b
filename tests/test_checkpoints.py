"""A training that is ended at any moment and taken up again is the same as one that was not, to the bit."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule import checkpoints, trainer
from chainrule.checkpoints import Checkpoint, CheckpointWarning
from chainrule.engines import compiled
from chainrule.errors import InputError
from chainrule.files import digest
from chainrule.methods import METHODS

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(size=(230, 4)), RNG.integers(0, 3, 230)
ENGINES = ("reference", "compiled")


class EndedError(Exception):
    """Ends a training right after it was written."""


def network(*layers: object, seed: int = 1) -> cr.Network:
    own = layers or (cr.Dense(6, "tanh"), cr.BatchNorm(), cr.Dropout(0.2))
    return cr.Network(4, [*own, cr.Dense(3, "softmax")], "cross_entropy", seed=seed)


def fit(net: cr.Network, **settings: object) -> cr.History:
    given = {"epochs": 6, "batch_size": 16, "optimizer": cr.Adam(cr.Cosine(0.05)), **settings}
    if not cr.methods.as_method(given.get("method", "backpropagation")).has_gradient:
        del given["optimizer"]
    return net.fit(X, LABELS, **given)


def fit_until(monkeypatch: pytest.MonkeyPatch, path: Path, writes: int, **settings: object) -> None:
    """Train until the checkpoint was written so many times, and then come to a sudden end."""
    left, put = [writes], Checkpoint.put

    def counted(self: Checkpoint, number: int, saved: checkpoints.Saved) -> None:
        put(self, number, saved)
        left[0] -= 1
        if not left[0]:
            raise EndedError

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "put", counted)
        with pytest.raises(EndedError):
            fit(network(), checkpoint=path, checkpoint_seconds=0, **settings)


def assert_same(one: tuple[cr.Network, cr.History], other: tuple[cr.Network, cr.History]) -> None:
    assert np.array_equal(one[0].vector, other[0].vector)
    assert one[0].states.keys() == other[0].states.keys()
    assert all(np.array_equal(value, other[0].states[name]) for name, value in one[0].states.items())
    assert one[1].columns() == other[1].columns()
    for name in ("stopped", "epochs", "steps", "best_epoch"):
        assert getattr(one[1], name) == getattr(other[1], name), name


COURSES = {
    "plain": {},
    "whole batch": {"batch_size": None, "epochs": 40},
    "in order": {"shuffle": False},
    "validated": {"validation_fraction": 0.2, "early_stopping": 2, "epochs": 12},
    "watching its cost": {"early_stopping": 3, "epochs": 12},
    "stopping": {"stop_cost": 1.066, "epochs": 12},
}


@pytest.mark.parametrize("writes", [1, 2, 5])
@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("engine", ENGINES)
def test_it_goes_on_to_the_same_bits(monkeypatch, tmp_path, engine, course, writes):
    monkeypatch.setattr(trainer, "_PATIENCE", 1e-9)  # so that checkpoints are written in the midst of epochs
    monkeypatch.setattr(compiled, "_FIRST_STEPS", 5)
    settings = {"engine": engine, **COURSES[course]}
    unbroken = network()
    course_of_it = fit(unbroken, **settings)
    fit_until(monkeypatch, tmp_path / "c", writes, **settings)
    resumed = network(seed=1)
    assert_same((resumed, fit(resumed, resume=tmp_path / "c", **settings)), (unbroken, course_of_it))
    again = network()
    assert_same((again, fit(again, resume=tmp_path / "c", **settings)), (unbroken, course_of_it))


@pytest.mark.parametrize("method", [*METHODS, cr.methods.Perturbation(otherwise="smaller_step")], ids=str)
def test_rival_methods_go_on_too(monkeypatch, tmp_path, method):
    settings = {"method": method, "engine": "auto", "epochs": 4, "batch_size": None}
    unbroken = network()
    course = fit(unbroken, **settings)
    fit_until(monkeypatch, tmp_path / "c", 2, checkpoint_epochs=1, **settings)
    resumed = network()
    assert_same((resumed, fit(resumed, resume=tmp_path / "c", **settings)), (unbroken, course))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_log_has_no_gap_and_no_row_twice(monkeypatch, tmp_path, engine):
    settings = {"engine": engine, "log": tmp_path / "log.csv", "epochs": 8}
    fit(network(), **settings)
    whole = (tmp_path / "log.csv").read_bytes()
    fit_until(monkeypatch, tmp_path / "c", 3, checkpoint_epochs=1, **settings)
    with (tmp_path / "log.csv").open("ab") as file:
        file.write(b"99,0.5")  # a row, not the whole of it, that was written after the checkpoint
    fit(network(), resume=tmp_path / "c", **settings)
    assert (tmp_path / "log.csv").read_bytes() == whole


@pytest.mark.parametrize("change", ["remove", "shorten", "alter"])
def test_a_log_that_is_not_as_it_was_is_refused(monkeypatch, tmp_path, change):
    log = tmp_path / "log.csv"
    settings = {"log": log, "epochs": 8}
    fit_until(monkeypatch, tmp_path / "c", 3, checkpoint_epochs=1, **settings)
    content = log.read_bytes()
    log.unlink()
    if change != "remove":
        log.write_bytes(content[:-9] if change == "shorten" else content.replace(b"0", b"1"))
    before = log.read_bytes() if log.exists() else None
    with pytest.raises(InputError, match=r"log\.csv"):
        fit(network(), resume=tmp_path / "c", **settings)
    assert (log.read_bytes() if log.exists() else None) == before


def test_more_epochs_may_follow(tmp_path):
    longer = network()
    course = fit(longer, epochs=9, optimizer=cr.Adam(0.01))
    fit(network(), epochs=4, optimizer=cr.Adam(0.01), checkpoint=tmp_path / "c")
    resumed = network()
    assert_same((resumed, fit(resumed, epochs=9, optimizer=cr.Adam(0.01), resume=tmp_path / "c")), (longer, course))
    with pytest.raises(InputError, match=r"a training of 9 epochs.* not to 4"):
        fit(network(), epochs=4, optimizer=cr.Adam(0.01), resume=tmp_path / "c")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"batch_size": 8}, "its batch size is 16, now 8"),
        ({"seed": 5}, "its seed is 1, now 5"),
        ({"optimizer": cr.Adam(0.3)}, r"its optimizer is Adam\(rate=Cosine.*, now Adam\(rate=0.3.*e-08\)$"),
        ({"validation_fraction": 0.1}, "the rows to train with are others"),
        ({"sample_weight": np.full(230, 2.0)}, "the rows to train with are others"),
        ({"early_stopping": 3}, "its early stopping is None, now 3"),
        ({"method": "dual_numbers"}, "its method is"),
        ({"log": "log.csv"}, "its log is False, now True"),
    ],
)
def test_another_training_is_refused_saying_what_differs(monkeypatch, tmp_path, other, message):
    monkeypatch.chdir(tmp_path)
    fit(network(), checkpoint="c")
    before, net = Path("c").read_bytes(), network()
    start = net.vector.copy()
    with pytest.raises(InputError, match=f"c cannot go on: {message}"):
        fit(net, resume="c", **other)
    assert Path("c").read_bytes() == before
    assert np.array_equal(net.vector, start)
    assert not Path("log.csv").exists()


def test_another_network_and_other_rows_are_refused(tmp_path):
    fit(network(), checkpoint=tmp_path / "c")
    with pytest.raises(InputError, match="its sizes are 4-6-3, now 4-5-3"):
        fit(network(cr.Dense(5, "tanh")), resume=tmp_path / "c")
    with pytest.raises(InputError, match="the network is another one, of the same sizes"):
        fit(network(cr.Dense(6, "relu")), resume=tmp_path / "c")
    with pytest.raises(InputError, match="the rows to train with are others"):
        network().fit(X + 1, LABELS, epochs=6, batch_size=16, optimizer=cr.Adam(cr.Cosine(0.05)), resume=tmp_path / "c")


def test_what_is_there_is_not_overwritten_and_what_is_not_there_does_not_go_on(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(InputError, match="notes is there already"):
        fit(network(), checkpoint=tmp_path / "notes")
    with pytest.raises(InputError, match="is no checkpoint, or not the whole of one"):
        fit(network(), resume=tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "mine"
    with pytest.raises(InputError, match="there is no file"):
        fit(network(), resume=tmp_path / "none")
    with pytest.raises(InputError, match="there is no folder"):
        fit(network(), checkpoint=tmp_path / "none" / "c")
    network().predict(X[:1])
    cr.models.save(tmp_path / "model", network())
    with pytest.raises(InputError, match="is a safetensors file, but no checkpoint"):
        fit(network(), resume=tmp_path / "model")


def test_a_second_training_on_the_same_checkpoint_is_refused(tmp_path):
    def second(net, history):
        with pytest.raises(InputError, match="is the checkpoint of a training that is running"):
            fit(network(), resume=tmp_path / "c")
        with pytest.raises(InputError, match="is the checkpoint of a training that is running"):
            fit(network(), checkpoint=tmp_path / "c")

    fit(network(), epochs=2, checkpoint=tmp_path / "c", callbacks=second)
    assert fit(network(), epochs=2, resume=tmp_path / "c").epochs == 2


def test_training_goes_on_where_a_checkpoint_cannot_be_written(monkeypatch, tmp_path):
    """As on a full disk; the last one that could be is left."""
    net, plain, kept = network(), network(), []

    def full(path: Path, content: bytes) -> None:
        kept.append(path.read_bytes())
        raise InputError(f"{path} cannot be written: No space left on device")

    def fill(net, history):
        if len(history) == 3:
            monkeypatch.setattr(checkpoints, "replace", full)

    with pytest.warns(CheckpointWarning, match="No space left on device; training goes on without it"):
        history = fit(net, checkpoint=tmp_path / "c", checkpoint_epochs=1, callbacks=fill)
    monkeypatch.undo()
    assert history.columns() == fit(plain).columns()
    assert np.array_equal(net.vector, plain.vector)
    assert (tmp_path / "c").read_bytes() == kept[-1]
    resumed = network()
    fit(resumed, resume=tmp_path / "c")
    assert np.array_equal(resumed.vector, plain.vector)


def test_a_checkpoint_that_is_removed_is_written_again(tmp_path):
    def remove(net, history):
        (tmp_path / "c").unlink(missing_ok=True)

    fit(network(), checkpoint=tmp_path / "c", checkpoint_epochs=1, callbacks=remove)
    assert fit(network(), resume=tmp_path / "c").epochs == 6


def test_ctrl_c_in_the_midst_of_a_step_leaves_the_checkpoint_before_it(monkeypatch, tmp_path):
    unbroken = network()
    fit(unbroken, engine="reference")
    steps = []

    def press(self, *, last):
        steps.append(last)
        if len(steps) == 40:
            self.net.vector[0] = 7.0  # half an update
            raise KeyboardInterrupt
        real(self, last=last)

    from chainrule.engines.stepping import SteppingEngine

    real = SteppingEngine._update
    with monkeypatch.context() as patch:
        patch.setattr(SteppingEngine, "_update", press)
        history = fit(network(), engine="reference", checkpoint=tmp_path / "c", checkpoint_epochs=1)
    assert history.stopped == "interrupted"
    resumed = network()
    fit(resumed, engine="reference", resume=tmp_path / "c")
    assert np.array_equal(resumed.vector, unbroken.vector)


def damaged(path: Path) -> list[tuple[str, bytes]]:
    """Return checkpoints of the same training that lack an array, have a wider one, or another place.

    Each is forged: its digest is that of what is in it.
    """
    from safetensors import safe_open
    from safetensors.numpy import load, save

    with safe_open(path, framework="numpy") as file:
        described = json.loads(file.metadata()[checkpoints.KEY])
    arrays = load(path.read_bytes())

    def forged(changed: dict[str, np.ndarray]) -> bytes:
        own = {name.removeprefix("0/"): array for name, array in changed.items()}
        described["trainings"]["0"] |= {"digest": digest(own), "arrays": sorted(own)}
        return save(changed, {checkpoints.KEY: json.dumps(described)})

    found = []
    for name in arrays:
        if not name.startswith("0/history/"):
            found.append((f"without {name}", forged({key: value for key, value in arrays.items() if key != name})))
        wider = {**arrays, name: np.zeros((*arrays[name].shape, 3), arrays[name].dtype)}
        found.append((f"wider {name}", forged(wider)))
    for value in (10**6, -1, 10**18):
        for place in range(3):
            moved = arrays["0/engine/place"].copy()
            moved[place] = value
            found.append((f"place {place} {value}", forged({**arrays, "0/engine/place": moved})))
    return found


def refusal(path: Path, engine: str) -> str:
    """Return why a training does not go on, "" if it does."""
    try:
        fit(network(), engine=engine, resume=path)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_damaged_checkpoint_is_refused(monkeypatch, tmp_path, engine):
    fit_until(monkeypatch, tmp_path / "c", 2, engine=engine, checkpoint_epochs=1)
    content = (tmp_path / "c").read_bytes()
    for name, changed in damaged(tmp_path / "c"):
        (tmp_path / "d").write_bytes(changed)
        if name in ("place 2 1000000", "place 2 1000000000000000000"):  # so many updates may have been made
            assert fit(network(), engine=engine, resume=tmp_path / "d").stopped == "all epochs done"
            continue
        assert re.search("d is damaged|d is no checkpoint", refusal(tmp_path / "d", engine)), name
    flipped = bytearray(content)
    flipped[-9] ^= 0xFF
    (tmp_path / "d").write_bytes(flipped)
    with pytest.raises(InputError, match="d is damaged"):
        fit(network(), engine=engine, resume=tmp_path / "d")
    for length in (0, 7, 100, len(content) - 1):
        (tmp_path / "d").write_bytes(content[:length])
        with pytest.raises(InputError, match="d is no checkpoint, or not the whole of one"):
            fit(network(), resume=tmp_path / "d")


def test_what_cannot_go_together_is_refused():
    for settings, message in (
        ({"checkpoint": "a", "resume": "a"}, "give one of them"),
        ({"checkpoint": "a", "restarts": 2}, "a checkpoint is of one training"),
        ({"checkpoint": 5}, "checkpoint must be the path of a file, not 5"),
        ({"checkpoint": "a", "checkpoint_epochs": 0}, "checkpoint_epochs must be a whole number"),
        ({"checkpoint": "a", "checkpoint_seconds": -1}, "checkpoint_seconds must be a number of at least 0"),
    ):
        with pytest.raises(InputError, match=message):
            fit(network(), **settings)
    with pytest.raises(InputError, match="checkpoint is for the training of one network"):
        cr.fit_many([network()], X, LABELS, checkpoint="a")


# An ensemble


def classifier(**settings):
    return cr.NetworkClassifier(hidden=(6,), epochs=9, ensemble=3, batch_size=32, random_state=0, **settings)


def test_an_ensemble_goes_on_as_a_whole(monkeypatch, tmp_path):
    unbroken = classifier().fit(X, LABELS)
    left, put = [7], Checkpoint.put

    def counted(self, number, saved):
        put(self, number, saved)
        left[0] -= 1
        if left[0] <= 0:
            raise EndedError

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "put", counted)
        patch.setattr(Checkpoint, "is_due", lambda *_: True)
        with pytest.raises(EndedError):
            classifier(checkpoint=tmp_path / "c").fit(X, LABELS)
    assert set(checkpoints.read(tmp_path / "c")) <= {0, 1, 2}
    resumed = classifier(resume=tmp_path / "c").fit(X, LABELS)
    for one, other in zip(unbroken.networks_, resumed.networks_, strict=True):
        assert np.array_equal(one.vector, other.vector)
    assert resumed.temperature_ == unbroken.temperature_
    with pytest.raises(InputError, match="scoring"):
        classifier(scoring="accuracy", resume=tmp_path / "c").fit(X, LABELS)
    with pytest.raises(InputError, match="partial_fit writes no checkpoints"):
        classifier(checkpoint=tmp_path / "d", validation_fraction=0.0).partial_fit(X, LABELS, classes=[0, 1, 2])


def test_a_refused_ensemble_leaves_the_checkpoint_as_it_was(monkeypatch, tmp_path):
    """Also where one of the networks had not begun when the training was killed."""
    put = Checkpoint.put

    def once(self, number, saved):
        put(self, number, saved)
        raise EndedError

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "put", once)
        with pytest.raises(EndedError):
            classifier(checkpoint=tmp_path / "c", threads=1).fit(X, LABELS)
    before = (tmp_path / "c").read_bytes()
    for changes, message in (
        ({"epochs": 3}, "a training of 9 epochs"),
        ({"ensemble": 4}, "its networks are 3, now 4"),
        ({"n_restarts": 2}, "its networks are 3, now 6"),
        ({"rate": 0.5}, "its optimizer is"),
        ({"random_state": 1}, "its seed is"),
        ({"hidden": (5,)}, "its sizes are"),
    ):
        with pytest.raises(InputError, match=message):
            classifier(resume=tmp_path / "c").set_params(**changes).fit(X, LABELS)
        assert (tmp_path / "c").read_bytes() == before
    limited = classifier(resume=tmp_path / "c", max_seconds=1000).fit(X, LABELS)
    assert np.array_equal(limited.network_.vector, classifier().fit(X, LABELS).network_.vector)


def test_there_is_something_to_go_on_with_as_soon_as_it_begins(monkeypatch, tmp_path):
    fit_until(monkeypatch, tmp_path / "c", 1)
    begun = checkpoints.read(tmp_path / "c")[0]
    assert begun.arrays["engine/place"].tolist() == [0, 0, 0]
    assert not any(name.startswith("history/") for name in begun.arrays)


def test_what_was_written_is_not_changed_by_training_on(monkeypatch, tmp_path):
    """All trainings of an ensemble are written again whenever one of them is, from copies of what they were."""
    seen, put = [], Checkpoint.put

    def noted(self, number, saved):
        seen.append((saved, {name: array.copy() for name, array in saved.arrays.items()}))
        put(self, number, saved)

    monkeypatch.setattr(Checkpoint, "put", noted)
    for engine in ENGINES:
        fit(network(), engine=engine, checkpoint=tmp_path / engine, checkpoint_epochs=1)
    assert len(seen) > 6
    for saved, arrays in seen:
        assert all(np.array_equal(array, arrays[name]) for name, array in saved.arrays.items())


# Signals

PROGRAM = """
import sys
import numpy as np
import chainrule as cr

rng = np.random.default_rng(0)
x, t = rng.normal(size=(400, 6)), rng.integers(0, 3, 400)
net = cr.Network(6, [cr.Dense(12, "tanh"), cr.Dense(3, "softmax")], "cross_entropy", seed=2)
how = {"resume": sys.argv[1]} if sys.argv[2] == "resume" else {"checkpoint": sys.argv[1]}
def told(net, history):
    if len(history) == 3:
        print("training", flush=True)
how |= {"epochs": int(sys.argv[3]), "engine": sys.argv[4], "checkpoint_seconds": 0.0, "callbacks": told}
history = net.fit(x, t, batch_size=20, **how)
np.save(sys.argv[5], net.vector)
print(history.stopped)
"""


def program(tmp_path: Path, *words: object) -> subprocess.Popen[str]:
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(PROGRAM))
    return subprocess.Popen(
        [sys.executable, file, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_ends_a_training_that_can_go_on(tmp_path, number, engine):
    epochs = 400
    ended = program(tmp_path, tmp_path / "c", "begin", epochs, engine, tmp_path / "ended.npy")
    assert ended.stdout.readline() == "training\n"
    ended.send_signal(number)
    out, err = ended.communicate(timeout=60)
    assert err == ""
    if number == signal.SIGINT:
        assert (ended.returncode, out) == (0, "interrupted\n")
    else:
        assert (ended.returncode, out) == (-number, "")
    resumed = program(tmp_path, tmp_path / "c", "resume", epochs, engine, tmp_path / "resumed.npy")
    assert resumed.communicate(timeout=60)[0].endswith("all epochs done\n")
    whole = program(tmp_path, tmp_path / "w", "begin", epochs, engine, tmp_path / "whole.npy")
    whole.communicate(timeout=60)
    assert np.array_equal(np.load(tmp_path / "resumed.npy"), np.load(tmp_path / "whole.npy"))


def test_handlers_are_as_they_were_and_other_threads_have_none(tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    fit(network(), epochs=1, checkpoint=tmp_path / "c")
    thread = threading.Thread(target=lambda: fit(network(), epochs=1, checkpoint=tmp_path / "d"))
    thread.start()
    thread.join()
    assert (tmp_path / "d").exists()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_second_press_of_ctrl_c_acts_at_once():
    from chainrule.endings import ending_gently

    stop = threading.Event()
    with ending_gently(stop):
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
