"""Every published figure is computed again; they are typed a second time here, so that none is forgotten."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from chainrule import examples
from chainrule.errors import InputError
from chainrule.examples import EXAMPLES, Claim, Published, Verdict
from chainrule.examples.page import page
from chainrule.examples.records import FLOAT32_TOLERANCE

DATA = Path(__file__).parent / "data"
PAGE = Path(__file__).parents[1] / "docs" / "published-examples.md"

FIGURES = {
    "mazur": """
        0.3775 0.593269992 0.596884378 1.105905967 0.75136507 0.772928465 0.274811083 0.023560026 0.298371109
        0.74136507 0.186815602 0.082167041 0.138498562 0.055399425 0.036350306 -0.019049119 0.241300709
        0.000438568 0.35891648 0.408666186 0.511301270 0.561370121 0.149780716 0.19956143 0.24975114
        0.29950229 0.291027924 0.000035085 0.015912196 0.984065734 0.000433568 0.15 -0.01904919 1.1059059067
    """,
    "demofox-intro": "0.53 0.6295",
    "demofox-1": """
        0.8 0.6900 0.238 0.69 0.2139 0.1476 0.2262 0.4262 0.6576 0.2162 0.000026 0.007176 -2.564909 -2.364907
        -2.564883 -2.364882 0.002246 0.000728
    """,
    "demofox-2": """
        0.0738 0.0294 0.2631 0.4853 0.1547 0.1515 0.0 -0.0887 0.007141 -9.879733 4.837278
    """,
    "demofox-3": """
        1.3 0.5 0.7858 0.6225 0.2167 -0.2142 0.1683 0.235 -0.0360 0.1463 0 0.818 0.3269 0.518 0.0269 0.1943
        0.007142
    """,
    "demofox-3-four": "0.007223",
    "demofox-4": """
        0.3775 0.3925 1.106 1.225 0.5933 0.5969 0.7514 0.7729 0.2984 0.1385 -0.0381 0.0088 0.01 0.0364 0.0414
        0.0004 0.0009 0.0005 0.001 0.0822 0.0827 -0.0226 -0.0227 0.3589 0.3456 0.345 0.5308 0.6191 0.2839
        0.007157 0.005549
    """,
}

# The right value beside each erratum, and what float64 gives beside figures of float32.
EXACT = {
    "mazur": """
        1.105905967 0.082167041 -0.019049118258 0.5 0.2910277737 0.0000351019
        0.0159136204 0.9840642735
    """,
    "demofox-1": "-2.564884 -2.364884 -2.364909 0.000708",
    "demofox-2": "0.007140 -9.880022 4.837450",
    "demofox-3-four": "0.007143",
    "demofox-4": "0.6190491 0.2804714 0.005548",
}


@cache
def rows_of(name):
    return examples.run(name)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_figure_agrees_or_is_a_proven_erratum(name):
    rows = rows_of(name)
    assert rows
    assert [row for row in rows if row.verdict == Verdict.DISAGREES] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_figure_is_forgotten(name):
    published = {item.figure for item in EXAMPLES[name].published}
    assert published == set(FIGURES.get(name, "").split())


@pytest.mark.parametrize("name", EXAMPLES)
def test_errata_have_these_exact_values(name):
    exact = {item.exact for item in EXAMPLES[name].published if item.exact}
    assert exact == set(EXACT.get(name, "").split())


def test_last_digit_must_be_rounded_right():
    item = Published("cost", "0.238", "E")
    assert item.judge(0.2384999, 0.2384999) == Verdict.AGREES
    assert item.judge(0.2385001, 0.2385001) == Verdict.DISAGREES


def test_erratum_is_no_excuse():
    item = Published("cost", "0.238", "E", exact="0.2412")
    assert item.judge(0.24121, 0.24121) == Verdict.ERRATUM
    assert item.judge(0.24, 0.24) == Verdict.DISAGREES, "neither the figure nor the exact value"
    assert Published("cost", "0.238", "E", exact="0.2381").judge(0.2381, 0.2381) == Verdict.DISAGREES
    right_after_all = Claim("a formula", lambda setup: 0.0, erratum=True)
    assert right_after_all.judge(0.0) == Verdict.DISAGREES


def test_float32_figure_needs_its_exact_value_in_float64():
    item = Published("bias", "-2.364907", "b1[0]", exact="-2.364909", dtype="float32")
    assert item.judge(-2.364911, -2.364909) == Verdict.FLOAT32
    assert item.judge(-2.364913, -2.364909) == Verdict.DISAGREES
    assert item.judge(-2.364907, -2.364907) == Verdict.DISAGREES


def test_what_is_not_finite_disagrees():
    for item in (Published("cost", "0.238", "E"), Published("cost", "0.238", "E", dtype="float32")):
        for value in (np.nan, np.inf):
            assert item.judge(value, value) == Verdict.DISAGREES
    for erratum in (False, True):
        assert Claim("a size", lambda setup: np.nan, erratum=erratum).judge(np.nan) == Verdict.DISAGREES


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_network_starts_as_the_document_does(dtype):
    for name, example in EXAMPLES.items():
        net, x, t = examples.network(name, dtype)
        assert x.shape == (len(example.samples), example.sizes[0])
        assert t.shape == (len(example.samples), example.sizes[-1])
        for parameter, start in example.start.items():
            assert net.parameters[parameter].dtype == x.dtype == dtype
            np.testing.assert_array_equal(net.parameters[parameter], np.array(start, dtype))


def test_unknown_example_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'mazur'"):
        examples.run("mazzur")


def test_aliases_name_each_element_once():
    for example in EXAMPLES.values():
        assert len(set(example.aliases.values())) == len(example.aliases)


def test_page_is_made_from_the_data():
    made_by = "python -m chainrule.examples.page > docs/published-examples.md"
    assert PAGE.read_text(encoding="utf-8") == page(), f"write it again: {made_by}"


@pytest.mark.parametrize("name", ["demofox-1", "demofox-2", "demofox-3-four", "demofox-4"])
def test_csv_file_is_reproduced(name, tmp_path):
    """The programs computed in float32."""
    published = numbers(DATA / f"{name.removesuffix('-four')}.csv")
    net, x, t = examples.network(name, "float32")
    last = int(published[-1]["training index"])
    log = tmp_path / "log.csv"
    columns = ["error", "cost", "w1", "b1", "d_w1", "d_b1", "d_x"]
    settings = EXAMPLES[name].fit_settings()
    net.fit(x, t, epochs=last + 1, log=log, log_values=columns, log_rows=len(published), **settings)
    logged = [as_published(row) for row in numbers(log)]
    assert [row["training index"] for row in logged] == [row["training index"] for row in published]
    for ours, theirs in zip(logged, published, strict=True):
        assert {column: ours[column] for column in theirs} == pytest.approx(theirs, abs=FLOAT32_TOLERANCE)


def numbers(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def as_published(row):
    """Return a logged row under the programs' names; their dCost/dInput adds up the samples."""
    names = {
        "epoch": "training index",
        "w1": "weight",
        "b1": "bias",
        "d_w1": "dCost/dWeight",
        "d_b1": "dCost/dBias",
    }
    slope = sum(value for name, value in row.items() if name.startswith("d_x"))
    return {names.get(name, name): value for name, value in row.items()} | {"dCost/dInput": slope}
