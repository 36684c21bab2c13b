"""The command line, run in this process through `main`; two tests start programs of their own."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier, DummyRegressor

import chainrule
from chainrule import Dense, Network, examples, models
from chainrule.cli import heldout, main
from chainrule.tables import Classes, Quantity, TableEncoder


@dataclass
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; its words may be of any type."""

    def run(*words: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return Result(int(exit.value.code or 0), out, err)

    return run


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """Run a command line that must be refused in one sentence; return the sentence."""

    def refused(*words: object) -> str:
        result = run(*words)
        assert result.code == 2
        assert result.out == ""
        assert re.fullmatch(r"chainrule: .+\n", result.err)
        return result.err

    return refused


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("iris") / "iris.csv"
    data = load_iris()
    frame = pl.DataFrame(data.data, schema=[str(name) for name in data.feature_names])
    frame.with_columns(species=pl.Series(data.target_names[data.target])).write_csv(path)
    return path


@pytest.fixture(scope="module")
def model(iris: Path) -> Path:
    path = iris.with_name("iris.safetensors")
    with pytest.raises(SystemExit) as exit:
        main(["train", str(iris), "--target", "species", "--out", str(path), "--epochs", "60", "--rate", "0.01"])
    assert not exit.value.code
    return path


def scores(out: str, name: str) -> tuple[float, float]:
    """Return the network's and the baseline's score from what `train` prints."""
    found = re.search(rf"{name}\s+(-?[\d.]+)%?\s+(-?[\d.]+)%?", out)
    assert found, out
    return float(found[1]), float(found[2])


# train


def test_classes_are_learned(run: Run, iris: Path) -> None:
    result = run("train", iris, "--target", "species", "--rate", 0.01)
    assert result.code == 0
    assert result.err == ""
    network, baseline = scores(result.out, "accuracy")
    assert baseline == 33.3
    assert network >= 90
    for text in (
        "150 rows, 5 columns",
        "species, one of 3 classes: setosa, versicolor, virginica",
        "4: sepal length (cm)",
        "96 to train on, 24 to tell when to stop, 30 held out",
        "4-32-32-3, 1,315 parameters",
        ", the best after epoch ",
        "on 30 held-out rows",
        "always setosa",
    ):
        assert text in result.out
    assert max(map(len, result.out.splitlines())) <= 80


def test_a_number_is_learned(run: Run, tmp_path: Path) -> None:
    data = load_diabetes()
    frame = pl.DataFrame(data.data, schema=[str(name) for name in data.feature_names])
    frame.with_columns(progression=pl.Series(data.target)).write_parquet(tmp_path / "diabetes.parquet")
    result = run("train", tmp_path / "diabetes.parquet", "--target", "progression", "--hidden", "8")
    assert result.code == 0
    assert "progression, a number" in result.out
    network, baseline = scores(result.out, "R²")
    assert network > 0.25
    assert abs(baseline) < 0.1
    network, baseline = scores(result.out, "mean absolute error")
    assert network < 0.85 * baseline


def mixed_table(rows: int = 400) -> pl.DataFrame:
    """A table whose target follows from a category, a date, a truth value and a number, all with gaps."""
    random = np.random.default_rng(0)
    shop = random.choice(["north", "south", "east"], rows)
    day = [datetime(2023, 1, 1) + timedelta(days=int(d)) for d in random.integers(0, 365, rows)]
    weekend = np.array([d.weekday() >= 5 for d in day])
    rain = random.random(rows) < 0.3
    size = random.normal(50, 10, rows)
    sales = 100 * (shop == "north") + 80 * weekend - 60 * rain + 2 * size + random.normal(0, 5, rows)
    gap = random.random((3, rows)) < 0.05
    return pl.DataFrame(
        {
            "shop": [None if g else str(s) for s, g in zip(shop, gap[0], strict=True)],
            "day": [d.strftime("%d.%m.%Y") for d in day],
            "rain": ["?" if g else str(r) for r, g in zip(rain, gap[1], strict=True)],
            "size": [None if g else s for s, g in zip(size, gap[2], strict=True)],
            "note": [f"note {k}" for k in range(rows)],
            "country": ["Freedonia"] * rows,
            "sales": [None if k % 40 == 0 else s for k, s in enumerate(sales)],
        }
    )


def test_a_mixed_table_is_learned_and_told(run: Run, tmp_path: Path) -> None:
    mixed_table().write_csv(tmp_path / "sales.csv")
    result = run("train", tmp_path / "sales.csv", "--target", "sales", "--rate", 0.01, "--out", tmp_path / "m")
    assert result.code == 0
    for line in (
        r"Numbers +1: size",
        r"Categories +2: shop, rain",
        r"Dates +1: day",
        r"Left out +note \(nearly every row has its own text\), country \(always",
        r"Dropped +10 rows without a target",
        r"Rows +249 to train on, 63 to tell when to stop, 78 held out",
    ):
        assert re.search(line, result.out), result.out
    assert scores(result.out, "R²")[0] > 0.7
    predicted = run("predict", tmp_path / "m", tmp_path / "sales.csv")
    found = pl.read_csv(io.StringIO(predicted.out))["sales"].to_numpy()
    known = mixed_table()["sales"].to_numpy()
    assert len(found) == 400
    assert np.corrcoef(found[~np.isnan(known)], known[~np.isnan(known)])[0, 1] > 0.85


def test_the_same_seed_gives_the_same_file(run: Run, iris: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run("train", iris, "--target", "species", "--epochs", 3, "--seed", seed, "--out", tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_options_reach_the_training(run: Run, iris: Path, tmp_path: Path) -> None:
    words = "--hidden 5,4 --activation tanh --epochs 2 --batch-size 7 --optimizer momentum --rate 0.05 --seed 3"
    log, out = tmp_path / "log.csv", tmp_path / "m"
    result = run("train", iris, "--target", "species", *words.split(), "--log", log, "--out", out)
    assert result.code == 0
    assert "4-5-4-3" in result.out
    loaded = models.load(out)
    assert loaded.net.architecture.layers[:2] == (Dense(5, "tanh"), Dense(4, "tanh"))
    assert loaded.net.seed == 3
    assert loaded.training["optimizer"] == "momentum"
    assert loaded.training["rate"] == 0.05
    assert loaded.training["batch_size"] == 7
    assert loaded.training["epochs"] == 2
    assert pl.read_csv(log)["epoch"].to_list() == [0, 1]


def test_every_option_changes_the_weights(run: Run, iris: Path, tmp_path: Path) -> None:
    def learned(*words: object) -> bytes:
        base = ("--hidden", 4, "--epochs", 2)
        run("train", iris, "--target", "species", *base, *words, "--out", tmp_path / "m")
        return models.load(tmp_path / "m").net.vector.tobytes()

    options = ["--hidden 5", "--activation tanh", "--epochs 3", "--batch-size 7", "--rate 0.1", "--optimizer adamw"]
    found = [learned(*option.split()) for option in ("", *options, "--seed 1")]
    assert found[0] == learned()
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--target specie", "unknown column 'specie': did you mean 'species'?"),
        ("--target species --hidden 3,x", "--hidden must be whole numbers with commas between them, such as 32,32"),
        ("--target species --hidden 3,0", "a layer of --hidden must be a whole number of at least 1, not 0"),
        ("--target species --activation rellu", "unknown activation 'rellu': did you mean 'relu'?"),
        ("--target species --optimizer adm", "unknown optimizer 'adm': did you mean 'adam'?"),
        ("--target species --epochs 0", "--epochs must be a whole number of at least 1, not 0"),
        ("--target species --batch-size -1", "--batch-size must be a whole number of at least 1, not -1"),
        ("--target species --rate 0", "--rate must be a number above 0, not 0"),
        ("--target species --rate nan", "--rate must be a number above 0, not nan"),
        ("--target species --rate inf", "--rate must be a number above 0, not inf"),
        ("--target species --seed -1", "--seed must be a whole number of at least 0, not -1"),
        ("--target species --seed 9999999999999999999", "--seed must be a whole number of at most"),
        ("--target species --out /no/such/folder/m", "there is no folder"),
        ("--target species --out iris.csv", "--out would overwrite the table iris.csv"),
        ("--target species --log ./iris.csv", "--log would overwrite the table iris.csv"),
    ],
)
def test_what_does_not_fit_is_refused(
    refused: Callable[..., str], iris: Path, monkeypatch: pytest.MonkeyPatch, words: str, message: str
) -> None:
    monkeypatch.chdir(iris.parent)
    assert message in refused("train", iris.name, *words.split())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("x,y\n", "is empty"),
        ("x,y\n1,2\n", "target 'y' is always"),
        ("x,y\n" + "1,5\n2,5\n" * 20, "target 'y' is always 5: there is nothing to learn"),
        ("x,y\n" + "1,\n" * 20, "target 'y' has no values"),
        ("x,y\n" + "1,a\n2,b\n" * 3, "6 rows with a target: training needs at least 10"),
        ("x,y\n" + "1,a\n1,b\n" * 10, "no column can predict 'y'; left out: 'x' (always 1)"),
    ],
)
def test_a_table_to_learn_nothing_from_is_refused(
    refused: Callable[..., str], tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "table.csv").write_text(content)
    assert message in refused("train", tmp_path / "table.csv", "--target", "y")


def test_a_training_that_diverges_is_said_in_one_sentence(run: Run, tmp_path: Path) -> None:
    pl.DataFrame({"x": range(50), "y": [k**1.5 for k in range(50)]}).write_csv(tmp_path / "t.csv")
    result = run("train", tmp_path / "t.csv", "--target", "y", "--optimizer", "gradient_descent", "--rate", 1e6)
    assert result.code == 2
    assert re.fullmatch(r"chainrule: the .*cost .*finite.+\n", result.err)


def test_a_network_too_large_to_hold_is_refused(run: Run, iris: Path) -> None:
    result = run("train", iris, "--target", "species", "--hidden", "32,100000000")
    assert result.code == 2
    assert "--hidden gives a network of 3,500,000,128 weights" in result.err


# predict


def test_predictions_are_a_table_of_their_own(run: Run, iris: Path, model: Path) -> None:
    result = run("predict", model, iris)
    assert result.code == 0
    assert result.err == ""
    frame = pl.read_csv(io.StringIO(result.out))
    names = ["setosa", "versicolor", "virginica"]
    assert frame.columns == ["species", *(f"P(species={name})" for name in names)]
    probabilities = frame[:, 1:].to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert frame["species"].to_list() == [names[k] for k in probabilities.argmax(axis=1)]
    assert (frame["species"] == pl.read_csv(iris)["species"]).mean() > 0.9
    loaded = models.load(model)
    x = loaded.table.inputs(chainrule.tables.read(iris))
    np.testing.assert_allclose(probabilities, loaded.net.predict(x), rtol=1e-5)


def test_one_row_is_predicted_as_in_the_whole_table(run: Run, iris: Path, model: Path, tmp_path: Path) -> None:
    whole = run("predict", model, iris).out.splitlines()
    pl.read_csv(iris)[77:78].drop("species").write_csv(tmp_path / "one.csv")
    header, row = run("predict", model, tmp_path / "one.csv").out.splitlines()
    assert header == whole[0]
    name, *numbers = row.split(",")
    expected_name, *expected = whole[78].split(",")
    assert name == expected_name
    np.testing.assert_allclose([float(v) for v in numbers], [float(v) for v in expected], rtol=1e-4)


def test_tables_that_do_not_fit_the_model_are_refused(
    refused: Callable[..., str], iris: Path, model: Path, tmp_path: Path
) -> None:
    table, frame = tmp_path / "t.csv", pl.read_csv(iris)
    frame.drop("petal length (cm)").write_csv(table)
    assert "the table lacks columns that the model was trained on: 'petal length (cm)'" in refused(
        "predict", model, table
    )
    frame.with_columns(pl.lit("long").alias("petal length (cm)")).write_csv(table)
    assert "column 'petal length (cm)' must hold numbers, but row 1 holds 'long'" in refused("predict", model, table)
    assert "there is no file" in refused("predict", tmp_path / "none", table)
    assert "is no model file" in refused("predict", table, table)
    models.save(tmp_path / "bare", Network(4, [Dense(1)]))
    assert "was not trained on a table" in refused("predict", tmp_path / "bare", table)


def test_unseen_categories_are_said_beside_the_predictions(run: Run, tmp_path: Path) -> None:
    frame = pl.DataFrame({"c": ["u", "v"] * 20, "x": range(40), "y": ["no", "yes"] * 20})
    frame.write_csv(tmp_path / "t.csv")
    run("train", tmp_path / "t.csv", "--target", "y", "--epochs", 1, "--out", tmp_path / "m")
    pl.DataFrame({"c": ["v", "w"], "x": [1, 2]}).write_csv(tmp_path / "new.csv")
    result = run("predict", tmp_path / "m", tmp_path / "new.csv")
    assert result.code == 0
    assert len(result.out.splitlines()) == 3
    assert result.err == "chainrule: column 'c' holds what training had not: w\n"


# Held-out rows and scores


@given(st.integers(10, 60), st.integers(2, 4), st.integers(0, 5))
def test_every_row_is_in_one_part(rows: int, classes: int, seed: int) -> None:
    frame = pl.DataFrame({"row": range(rows), "y": [f"class {k % classes}" for k in range(rows)]})
    parts = heldout.split(frame, Classes("y", sorted(set(frame["y"]))), seed)
    numbers = [*parts.training["row"], *parts.validation["row"], *parts.held_out["row"]]
    assert sorted(numbers) == list(range(rows))
    assert len(parts.held_out) == -(-rows // 5)
    assert len(parts.validation) == -(-(rows - len(parts.held_out)) // 5)


def test_classes_have_their_share_in_each_part() -> None:
    frame = pl.DataFrame({"y": ["rare"] * 10 + ["common"] * 90})
    parts = heldout.split(frame, Classes("y", ["common", "rare"]), seed=0)
    assert [part["y"].to_list().count("rare") for part in (parts.training, parts.validation, parts.held_out)] == [
        6,
        2,
        2,
    ]


def test_a_class_of_one_row_does_not_stop_the_training() -> None:
    frame = pl.DataFrame({"y": ["once"] + ["a", "b"] * 10})
    assert len(heldout.split(frame, Classes("y", ["a", "b", "once"]), seed=0).held_out) == 5


class Oracle:
    """A network that knows the answer."""

    def __init__(self, y: np.ndarray):
        self.y = y

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.y


@given(st.data())
def test_baselines_are_those_of_scikit_learn(data: st.DataObject) -> None:
    classes = data.draw(st.booleans())
    values = st.sampled_from(["a", "b", "c"]) if classes else st.floats(-100, 100).map(lambda v: round(v, 3))
    seen, actual = (data.draw(st.lists(values, min_size=2, max_size=20)) for _ in range(2))
    frames = [pl.DataFrame({"x": np.arange(len(part)) * 1.0, "y": part}) for part in (seen, seen, actual)]
    rows = heldout.Rows(*frames)
    encoder = TableEncoder.fit(rows.training, Classes("y", ["a", "b", "c"]) if classes else Quantity("y"))
    t = encoder.targets(rows.held_out)
    found = heldout.score(encoder, rows, Oracle(np.eye(3)[t] if classes else t))
    dummy = (DummyClassifier() if classes else DummyRegressor()).fit(np.zeros((len(seen), 1)), np.array(seen))
    inputs, answers = np.zeros((len(actual), 1)), np.array(actual)
    if classes:
        assert found.baseline["accuracy"] == pytest.approx(dummy.score(inputs, answers))
        assert found.network["accuracy"] == 1
    else:
        assert found.baseline["mean absolute error"] == pytest.approx(abs(dummy.predict(inputs) - answers).mean())
        assert found.network["mean absolute error"] == pytest.approx(0, abs=1e-9)
        if np.ptp(answers) > 1:  # R² of equal numbers hangs on their last digit
            assert found.baseline["R²"] == pytest.approx(dummy.score(inputs, answers))
            assert found.network["R²"] == pytest.approx(1)


# check


def test_the_gradients_of_built_in_networks_are_right(run: Run) -> None:
    result = run("check")
    assert result.code == 0
    for loss in ("half_squared_error", "cross_entropy", "huber", "binary_cross_entropy", "poisson"):
        assert loss in result.out


def test_the_gradients_of_a_model_are_right(run: Run, model: Path) -> None:
    result = run("check", model)
    assert result.code == 0
    assert "4-32-32-3" in result.out


def test_a_wrong_gradient_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    right = chainrule.check_gradients

    def wrong_for_huber(net: Network, *data: object, **settings: object) -> object:
        assert settings == {"training": True}  # else neither dropout nor the batch's statistics are checked
        report = right(net, *data, **settings)
        if net.architecture.loss.name == "huber":
            parameters = (replace(report.parameters[0], dual=0.5), *report.parameters[1:])
            return replace(report, parameters=parameters)
        return report

    monkeypatch.setattr(chainrule, "check_gradients", wrong_for_huber)
    result = run("check")
    assert result.code == 1
    assert result.out.count("All derivatives agree") == 4
    assert "WRONG" in result.out


# example


def test_an_example_is_shown_beside_its_publication(run: Run) -> None:
    result = run("example", "mazur")
    assert result.code == 0
    assert re.search(r"out_h1 +0\.593269992 +0\.593269992 +agrees", result.out)
    assert re.search(r"E after one step +0\.291027924 +0\.2910277737 +erratum \(7th digit\)", result.out)
    assert max(map(len, result.out.splitlines())) <= 80


def test_examples_are_listed(run: Run) -> None:
    result = run("example")
    assert result.code == 0
    assert re.findall(r"^\S+", result.out, re.MULTILINE) == list(examples.EXAMPLES)


def test_an_unknown_example_names_the_nearest(refused: Callable[..., str], run: Run) -> None:
    assert "unknown example 'mazuur': did you mean 'mazur'?" in refused("example", "mazuur")
    result = run("example", "mazur", "--all")
    assert result.code == 2
    assert "not both" in result.err


def test_a_disagreement_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    row = examples.Row("Z", "0.53", 0.54, "", "", examples.Verdict.DISAGREES)
    monkeypatch.setattr(examples, "run", lambda name: [row])
    result = run("example", "mazur")
    assert result.code == 1
    assert "DISAGREES" in result.out


# source


def test_the_source_of_an_example_is_printed_with_its_equations(run: Run) -> None:
    result = run("source", "mazur", "--optimizer", "gradient_descent")
    assert result.code == 0
    assert result.out.startswith("def train(")
    assert "# w1_0_0 <- w1_0_0 - rate * d_w1_0_0" in result.out


def test_the_source_of_a_model_is_printed(run: Run, model: Path) -> None:
    assert "def train(" in run("source", model).out


def test_a_source_needs_a_network_and_an_optimiser(refused: Callable[..., str]) -> None:
    assert "there is no file mazu" in refused("source", "mazu")
    assert "unknown optimiser 'adma': did you mean 'adam'" in refused("source", "mazur", "--optimizer", "adma")


# demo and the program as a whole


def test_the_demo_runs_and_leaves_its_files(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = run("demo")
    assert result.code == 0
    assert result.err == ""
    (folder,) = tmp_path.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == [
        "breast_cancer.csv",
        "model.safetensors",
        "new_patients.csv",
    ]
    network, baseline = scores(result.out, "accuracy")
    assert network > 90 > 70 > baseline
    for text in ("chainrule train", "chainrule predict", "chainrule example mazur", "P(diagnosis=malignant)"):
        assert text in result.out


def test_version(run: Run) -> None:
    assert run("--version") == Result(0, f"chainrule {chainrule.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train", "missing argument 'TABLE'"),
        ("train t.csv", "missing option '--target'"),
        ("train t.csv --target y --epochs ten", "'ten'"),
        ("trian", "no such command 'trian'"),
        ("predict m", "missing argument 'TABLE'"),
        ("check --what", "no such option"),
        ("check one two", "two"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(refused: Callable[..., str], words: str, message: str) -> None:
    assert message in refused(*words.split())


def test_without_words_the_help_is_shown(run: Run) -> None:
    result = run()
    assert "Commands:" in result.err + result.out
    assert "\nchainrule:" not in result.err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [(KeyboardInterrupt(), 130, ""), (MemoryError(), 2, "chainrule: there is not enough memory")],
)
def test_an_end_from_outside_leaves_no_traceback(
    run: Run, model: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(models, "load", fail)
    result = run("check", model)
    assert result.code == code
    assert result.err.startswith(message)
    assert "Traceback" not in result.err


@pytest.mark.parametrize("rows", [3, 3000])  # less and more than what Python holds back before it writes
def test_a_closed_pipe_ends_the_program_quietly(iris: Path, model: Path, tmp_path: Path, rows: int) -> None:
    pl.concat([pl.read_csv(iris)] * 20)[:rows].write_csv(tmp_path / "t.csv")
    words = [sys.executable, "-c", "import chainrule.cli as c; c.main()", "predict", model, tmp_path / "t.csv"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=buffered, **pipes) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == ""


def test_help_is_shown_without_the_heavy_libraries() -> None:
    script = "import sys, chainrule.cli.app; print({'polars', 'sklearn', 'scipy', 'rich.console'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
