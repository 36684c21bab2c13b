"""What is odd, huge, masked, ragged, NaN or interrupted: the right answer, or a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from inputs_networks import digits

import chainrule as cr
from chainrule import tables
from chainrule.cli import main
from chainrule.errors import InputError, TrainingError
from chainrule.history import History
from chainrule.inputs import accuracy_curve, dream, fool, integrated_gradients, saliency, save_curves
from chainrule.inputs.rows import Change, change_row
from chainrule.inputs.table_row import TableRow


def three(activation: str = "softmax") -> cr.Network:
    return cr.Network(4, [cr.Dense(5, "tanh"), cr.Dense(3, activation)], "cross_entropy", dtype="float64", seed=1)


def line() -> cr.Network:
    net = cr.Network(2, [cr.Dense(1, "sigmoid")], "binary_cross_entropy", dtype="float64")
    net.set_parameters({"w1": [[3.0], [4.0]], "b1": [-1.0]})
    return net


def roots() -> cr.Network:
    """A network that gives NaN for inputs whose weighted sums are below 0."""
    layers: list[Any] = [cr.Dense(2, cr.Activation("root", "sqrt(x)")), cr.Dense(2, "softmax")]
    net = cr.Network(2, layers, "cross_entropy", dtype="float64")
    net.set_parameters({"w1": [[1.0, 0.0], [0.0, 1.0]], "w2": [[1.0, -1.0], [-1.0, 1.0]]})
    return net


def one_linear(weights: list[list[float]], activation: Any = "identity") -> cr.Network:
    net = cr.Network(len(weights), [cr.Dense(1, activation)], dtype="float64")
    net.set_parameters({"w1": weights})
    return net


def test_a_training_that_was_interrupted_is_not_whole() -> None:
    ended = History(stopped="epochs")
    assert ended.whole() is ended
    with pytest.raises(KeyboardInterrupt):
        History(stopped="interrupted").whole()


@pytest.mark.parametrize("command", ["dream", "fool"])
def test_ctrl_c_in_the_training_ends_with_nothing_written(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cr.Network, "fit", lambda *_, **__: History(stopped="interrupted"))
    with pytest.raises(SystemExit) as end:
        main([command, "--out", str(tmp_path / "a.png"), "--path", str(tmp_path / "a.csv")])
    assert end.value.code == 130
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.iterdir())


def test_an_optimiser_keeps_its_rate_unless_another_is_given() -> None:
    net, start = three(), np.full((1, 4), 0.5)

    def after(**settings: Any) -> Any:
        return dream(net, 0, start=start, steps=3, penalties=(), **settings).x

    slow, fast = (after(optimizer=cr.GradientDescent(rate)) for rate in (1e-3, 0.5))
    assert np.abs(fast - start).max() > 50 * np.abs(slow - start).max()
    assert (after(optimizer=cr.GradientDescent(1e-3), rate=0.5) == fast).all()
    assert (after() == after(optimizer=cr.Adam(0.05))).all()
    assert (after(optimizer="adam") == after(optimizer=cr.Adam())).all()


def test_columns_with_waves_can_be_dreamt_of_fooled_and_raced() -> None:
    net = cr.Network(3, [cr.Columns(4, "relu", numbers=2, waves=2), cr.Dense(2, "softmax")], "cross_entropy", seed=1)
    assert dream(net, [0, 1], steps=2).x.shape == (2, 3)
    assert dream(net, 0, steps=2, like=np.random.default_rng(0).normal(size=(9, 3))).x.shape == (1, 3)
    from chainrule.methods.varied import varied

    assert "E[" in str(varied(net.program(), ["w2"]))


def test_the_smallest_budget_of_one_step_is_that_of_a_scan_where_bounds_bind() -> None:
    net, data = digits()
    x = data.held_out[net.predict(data.held_out).argmax(axis=1) == data.held_out_labels][:6]
    budgets = np.linspace(0.02, 2, 400)
    for norm, most in (("2", 2.0), ("inf", 0.3)):
        found = fool(net, x, budget=most, norm=norm, method="fgsm", bounds=(0, 1))
        for row in range(len(x)):
            many = np.repeat(x[row : row + 1], len(budgets), axis=0)
            lengths = budgets * most / 2
            far = np.full(len(lengths), np.inf)
            label = int(found.labels[row])
            slope = _slope(net, x[row : row + 1], label)[0]
            way = np.sign(slope) if norm == "inf" else slope / np.linalg.norm(slope)
            moved = np.clip(many + lengths[:, None] * way, 0, 1)
            flipped = net.predict(moved).argmax(axis=1) != label
            change = moved - many
            distance = np.abs(change).max(axis=1) if norm == "inf" else np.linalg.norm(change, axis=1)
            far[flipped] = distance[flipped]
            assert found.distance[row] <= 1.004 * far.min()


def _slope(net: cr.Network, x: Any, label: int) -> Any:
    from chainrule.inputs.asking import targets_for
    from chainrule.inputs.programs import cost_program
    from chainrule.inputs.walk import Runner

    return Runner(net, cost_program(net)).run(x=x, t=targets_for(net, np.array([label])))["d_x"]


@pytest.mark.parametrize("budget", [1.0, 1e6, 1e15, 1e29])
@pytest.mark.parametrize("method", ["fgsm", "pgd"])
@pytest.mark.parametrize("norm", ["2", "inf"])
def test_a_large_budget_finds_the_same_smallest_one(budget: float, method: str, norm: str) -> None:
    found = fool(line(), [1.0, 0.0], budget=budget, norm=norm, method=method)
    assert found.success.all()
    assert found.distance[0] == pytest.approx(2 / 5 if norm == "2" else 2 / 7, rel=2e-3)


@pytest.mark.parametrize("norm", ["2", "inf"])
@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_no_rounding_leads_out_of_the_budget(norm: str, method: str) -> None:
    x = np.random.default_rng(0).random((60, 4)) + 1e6
    for budget in (0.4, 0.1):
        found = fool(three(), x, budget=budget, norm=norm, method=method, bisections=0)
        assert (found.distance <= budget).all()
        change = np.abs(found.x - x)
        far = change.max(axis=1) if norm == "inf" else np.linalg.norm(change, axis=1)
        assert (far <= budget).all()


def test_success_is_what_the_answers_say() -> None:
    random = np.random.default_rng(0)
    x = random.random((40, 6))
    labels = (x.sum(axis=1) > 3).astype(int) + (x[:, 0] > 0.7)
    net = cr.Network(6, [cr.Dense(16, "relu"), cr.Dense(3, "softmax")], "cross_entropy", dtype="float64", seed=1)
    net.fit(x, labels, epochs=40, progress=False, optimizer=cr.Adam(0.02))
    found = fool(net, x, budget=0.4, bisections=60, steps=10)
    assert found.success.sum() > 30
    assert (found.success == (found.answers != found.labels)).all()


def test_a_network_that_gives_nan_is_named_so() -> None:
    net, x = roots(), [[-5.0, -5.0]]
    with pytest.raises(InputError, match="gives nan for row 0 of x"):
        fool(net, x, budget=1)
    with pytest.raises(InputError, match="gives nan for row 0 of x"):
        accuracy_curve(net, x, [0], [0, 1])
    for function in (saliency, integrated_gradients):
        with pytest.raises(InputError, match="is not a finite number"):
            function(net, x, 0)
    with pytest.raises(TrainingError, match="is nan at the start, before any step"):
        dream(net, 0, start=[-5.0, -5.0], bounds=None)


def test_a_row_that_is_led_to_nan_is_not_fooled_and_disturbs_no_other() -> None:
    net = roots()
    x = np.array([[2.0, 1.9], [0.01, 0.0001]])
    both = fool(net, x, budget=0.2, bisections=3)
    alone = fool(net, x[:1], budget=0.2, bisections=3)
    assert both.success[0]
    np.testing.assert_allclose(both.x[0], alone.x[0])
    assert np.isfinite(both.x).all()


def test_targets_labels_and_outputs_may_not_be_masked_or_ragged() -> None:
    net, x = three(), np.full((2, 4), 0.5)
    masked, ragged = np.ma.array([0, 1], mask=[True, False]), [[1, 2], [3]]
    calls: list[Any] = [
        lambda bad: dream(net, bad),
        lambda bad: fool(net, x, budget=1, target=bad),
        lambda bad: fool(net, x, budget=1, labels=bad),
        lambda bad: saliency(net, x, bad),
    ]
    for call in calls:
        with pytest.raises(InputError, match="masked"):
            call(masked)
        with pytest.raises(InputError, match="different lengths"):
            call(ragged)
    others: list[Any] = [
        lambda: dream(net, 0, start=ragged),
        lambda: saliency(net, ragged),
        lambda: fool(net, x, budget=1, bounds=(ragged, 1)),
    ]
    for other in others:
        with pytest.raises(InputError, match="different lengths"):
            other()


def test_classes_exclude_each_other() -> None:
    alone = cr.Network(2, [cr.Dense(1, "softmax")], "cross_entropy")
    with pytest.raises(InputError, match="knows one class only"):
        fool(alone, [1.0, 0.0], budget=1)
    with pytest.raises(InputError, match="knows one class only"):
        dream(alone, 0)
    several = cr.Network(2, [cr.Dense(3, "sigmoid")], "binary_cross_entropy")
    with pytest.raises(InputError, match="may all be true at once"):
        fool(several, [1.0, 0.0], budget=1)
    assert dream(several, [0, 1, 1], steps=1).target.shape == (1, 3)


WRONG: list[tuple[Any, str]] = [
    (lambda: dream(three(), 0, penalties=[["size"]]), "unknown penalty"),  # type: ignore[list-item]
    (lambda: dream(three(), 0, shape=(1,) * 70 + (4,)), "shape must be such as"),
    (lambda: dream(three(), [[0.5, 0.5]]), r"outputs of shape \(3,\) or \(rows, 3\), not \(1, 2\)"),
    (lambda: dream(three(), True), "target must be a class"),
    (lambda: dream(three(), [True, False, False]), "target must be a class"),
    (lambda: dream(three(), 0, optimizer=cr.GradientDescent(0.1, clip_norm=1)), "clip_norm would tie"),
    (lambda: save_curves([], "a.png"), "curves must be a list"),
    (lambda: save_curves(accuracy_curve(line(), [[1.0, 0.0]], [1], [0]), "a.png"), "curves must be a list"),  # type: ignore[arg-type]
    (lambda: dream(three(), 0, steps=1).save(None), "needs the path of a file"),  # type: ignore[arg-type]
    (lambda: dream(three(), 0, steps=1).path.save(None), "needs the path of a file"),  # type: ignore[arg-type]
    (lambda: saliency(three(), [0.5] * 4).save(None), "needs the path of a file"),  # type: ignore[arg-type]
    (lambda: fool(three(), [0.5] * 4, budget=1, steps=2 * 10**9), "at most 10000"),
    (lambda: fool(three(), [0.5] * 4, budget=1, norm=np.array(["2", "inf"])), "unknown norm"),
    (lambda: fool(three(), [0.5] * 4, budget=1, method=np.array(["pgd", "fgsm"])), "unknown method"),  # type: ignore[arg-type]
    (lambda: fool(three(), [0.5] * 4, budget=1, method="fgsm", steps=-1), "steps must be"),
    (lambda: fool(three(), [0.5] * 4, budget=1, method="fgsm", steps=7), "steps=7 is for pgd"),
    (lambda: fool(three(), [0.5] * 4, budget=1, method="fgsm", rivals="3"), "rivals must be"),  # type: ignore[arg-type]
    (lambda: fool(three(), [0.5] * 4, budget=1, method="fgsm", starts=2), "are for pgd"),
    (lambda: fool(three(), [0.5] * 4, budget=1e160, norm="2"), r"below 1e\+30"),
    (lambda: accuracy_curve(three(), [[0.5] * 4], [0], [0, 1e160]), r"budgets must be below 1e\+30"),
]


@pytest.mark.parametrize(("call", "sentence"), WRONG)
def test_what_does_not_fit_is_said(call: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        call()


def test_what_fits_is_taken() -> None:
    assert fool(line(), [1.0, 0.0], budget=1, norm=np.int64(2)).norm == "2"
    assert dream(three(), [[0, 0, 1]], steps=1).target.shape == (1, 3)


@pytest.mark.filterwarnings("error")
def test_bounds_may_be_as_far_as_float64_goes() -> None:
    assert np.isfinite(dream(three(), 0, bounds=(-1e308, 1e308), steps=1, penalties=()).x).all()


def test_parts_that_do_not_add_up_are_told() -> None:
    waves = one_linear([[1.0]], cr.Activation("waves", "abs(sin(40000 * x))"))
    found = integrated_gradients(waves, [[77.7]])
    assert np.abs(found.defect) > found.allowed
    assert "not to within the 1e-07 asked for" in str(found)
    waves = one_linear([[1.0]], cr.Activation("waves", "abs(sin(40 * x))"))
    found = integrated_gradients(waves, [[10.0], [37.3], [55.0], [77.7], [100.0]])
    assert (np.abs(found.defect) <= found.allowed).all()
    assert "not to within" not in str(found)
    jump = one_linear([[1.0]], cr.Activation("jump", "x + sign(x - 1/3)"))
    assert "not to within the 2e-07 asked for" in str(integrated_gradients(jump, [[1.0]]))


def test_the_pieces_of_a_line_are_few_where_rounding_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.inputs import attributing

    points = 0
    runner = attributing.Runner

    class Counting(runner):  # type: ignore[valid-type, misc]
        def run(self, **given: Any) -> Any:
            nonlocal points
            points += len(given["x"])
            return super().run(**given)

    monkeypatch.setattr(attributing, "Runner", Counting)
    far = integrated_gradients(one_linear([[1.0], [-1.0]]), [[1.7e9 + 1 / 3, 1.69e9]])
    assert far.is_complete()
    steep = integrated_gradients(one_linear([[1.0]], cr.Activation("steep", "exp(x)")), [[100.0]])
    assert np.abs(steep.defect) <= steep.allowed
    assert points < 100_000


def column_of(values: list[Any], classes: list[str], name: str = "a") -> tuple[Any, Any, Any]:
    frame, target = tables.recognise_target(pl.DataFrame({name: values, "y": classes}), "y")
    encoder = tables.TableEncoder.fit(frame, target)
    net = cr.Network(1, [cr.Dense(2, "softmax")], "cross_entropy", dtype="float64")
    net.set_parameters({"w1": [[-9.0, 9.0]]})
    return net, encoder, frame


def test_numbers_are_told_apart_by_their_digits() -> None:
    net, encoder, frame = column_of([1_700_000_000_000 + i for i in range(120)], ["p"] * 60 + ["q"] * 60, "ms")
    found = change_row(net, encoder, frame, 1)
    assert found.answer == "q"
    assert "ms were 1700000000060 instead of 1700000000000" in str(found)
    assert str(Change("a", 1000000.0000049, 1000000.00001)) == "a were 1000000.00001 instead of 1000000.0000049"


def test_a_change_that_few_digits_cannot_say_is_said_with_more() -> None:
    net, encoder, frame = column_of([1.7e9 + i / 1000 for i in range(120)], ["p"] * 60 + ["q"] * 60)
    for row in (1, 59, 62, 120):
        found = change_row(net, encoder, frame, row)
        (change,) = found.numbers
        assert encoder.columns[0].low <= float(change.after) <= encoder.columns[0].high
        assert (
            encoder.target.decode(net.predict(encoder.inputs(pl.DataFrame({"a": [change.after]}))))["y"][0]
            == found.answer
        )


def test_the_range_is_that_of_the_training_not_of_the_table_given() -> None:
    values = [float(value) for value in range(60)]
    net, encoder, frame = column_of(values, ["p"] * 30 + ["q"] * 30)
    alone, whole = (change_row(net, encoder, given, 1) for given in (frame[:1], frame))
    assert alone.numbers == whole.numbers != ()
    assert alone.kept == ()
    (free,) = TableRow(net, encoder, frame[:1], 1).free
    assert (free.low, free.high, free.is_whole) == (0, 59, True)
    again = tables.TableEncoder.from_dict(encoder.to_dict())
    assert again == encoder
    assert (again.columns[0].low, again.columns[0].high, again.columns[0].whole) == (0, 59, True)  # type: ignore[union-attr]


def test_a_model_without_a_range_takes_that_of_the_table() -> None:
    net, encoder, frame = column_of([float(value) for value in range(60)], ["p"] * 30 + ["q"] * 30)
    data = encoder.to_dict()
    for name in ("low", "high", "whole"):
        del data["columns"][0][name]
    old = tables.TableEncoder.from_dict(data)
    assert change_row(net, old, frame, 1).numbers == change_row(net, encoder, frame, 1).numbers
    assert str(change_row(net, old, frame[:1], 1)).endswith(
        "nothing that was tried changes that. Not tried: a (its range is not known)."
    )


def test_a_range_upside_down_is_refused() -> None:
    _, encoder, _ = column_of([1.0, 2.0, 4.0], ["p", "q", "q"])
    data = encoder.to_dict()
    data["columns"][0]["low"] = 9.0
    with pytest.raises(InputError, match=r"has 4\.0 as high, below 9\.0 as low"):
        tables.TableEncoder.from_dict(data)


def test_what_is_rounded_stays_in_the_range() -> None:
    random = np.random.default_rng(3)
    values = random.normal(50, 10, 150).round(3)
    net, encoder, frame = column_of(values.tolist(), ["p" if value < 50 else "q" for value in values])
    row = TableRow(net, encoder, frame, 1)
    (free,) = row.free
    for place in (free.low, free.high):
        for count in (1, 2, 4, 12):
            assert free.low <= free.rounded(place, count) <= free.high
    edge = float(np.nextafter(free.value, np.inf))
    assert free.rounded(edge, 12) >= edge
