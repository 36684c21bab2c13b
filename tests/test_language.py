"""Catalogues are complete and carry their placeholders; Chinese documents are Chinese from beginning to end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import polib
import pytest

import chainrule as cr
from chainrule import language
from chainrule.diagnosis.slips import SLIPS, listing
from chainrule.errors import InputError
from chainrule.examples import EXAMPLES, network
from chainrule.exercises import exercise
from chainrule.explain import Document
from chainrule.language import catalogue, languages
from messages import messages

FOLDER = Path(language.__file__).with_name("locale")
CATALOGUES = {path.stem: polib.pofile(str(path)) for path in FOLDER.glob("*.po")}
ENTRIES = [
    pytest.param(name, entry, id=f"{name}-{entry.msgid[:40]}") for name, found in CATALOGUES.items() for entry in found
]
CHINESE = re.compile(r"[\u3001-\u303f\u4e00-\u9fff\uff00-\uffef]")
# Names of functions and quantities may stand in a Chinese sentence, but no four words one after the other.
ENGLISH = re.compile(r"(?:[A-Za-z']+[ ,.;:]+){3}[A-Za-z']+")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of catalogues that stands in the place of the package's own."""
    monkeypatch.setattr(language, "_FOLDER", tmp_path)
    catalogue.cache_clear()
    yield tmp_path
    catalogue.cache_clear()


def placeholders(message: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(message) if name is not None)


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_message_is_translated_and_none_is_stale(name: str) -> None:
    translated = {entry.msgid for entry in CATALOGUES[name] if entry.msgstr and not entry.fuzzy}
    assert translated == messages()


@pytest.mark.parametrize("name", CATALOGUES)
def test_entries_are_sorted_and_none_is_twice(name: str) -> None:
    found = [entry.msgid for entry in CATALOGUES[name]]
    assert found == sorted(set(found))


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_a_translation_has_the_placeholders_of_its_message(name: str, entry: polib.POEntry) -> None:
    assert placeholders(entry.msgstr) == placeholders(entry.msgid)


@pytest.mark.parametrize("entry", CATALOGUES["zh"], ids=lambda entry: entry.msgid[:40])
def test_a_chinese_sentence_is_chinese(entry: polib.POEntry) -> None:
    assert CHINESE.search(entry.msgstr)
    assert "  " not in entry.msgstr
    assert not ENGLISH.search(entry.msgstr)
    assert not re.search(r"[\u4e00-\u9fff] ?[,;:?!]|[\u4e00-\u9fff]\.", entry.msgstr), "punctuation is full-width"


def test_an_unknown_language_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown language 'zg': did you mean 'zh'\? Known: en, zh"):
        catalogue("zg")
    net, x, t = network("mazur")
    with pytest.raises(InputError, match="unknown language 'klingon'"):
        net.explain(x, t, language="klingon")


def test_a_language_is_a_file(folder: Path) -> None:
    file = polib.POFile()
    file.metadata = {"Content-Type": "text/plain; charset=utf-8", "Language": "xx"}
    file.append(polib.POEntry(msgid="Forward pass", msgstr="Vorwärts"))
    file.append(polib.POEntry(msgid="uses step {numbers}", msgstr="braucht {numbers}"))
    file.append(polib.POEntry(msgid="Backward pass", msgstr=""))
    file.save(str(folder / "xx.po"))

    assert languages() == ["en", "xx"]
    text = catalogue("xx")
    assert text("uses step {numbers}", numbers=7) == "braucht 7"
    net, x, t = network("mazur")
    written = net.explain(x, t, language="xx").text()
    assert "Vorwärts ───" in written
    assert "braucht 1\n" in written
    assert "Backward pass ───" in written  # what is not translated stays English


def test_english_needs_no_file(folder: Path) -> None:
    assert languages() == ["en"]
    assert catalogue("en")("uses step {numbers}", numbers=7) == catalogue()("uses step {numbers}", numbers=7)
    net, x, t = network("mazur")
    assert "Forward pass" in net.explain(x, t).text()


def assert_no_english(text: str) -> None:
    found = [line for line in text.splitlines() if ENGLISH.search(line)]
    assert not found
    assert CHINESE.search(text)


def assert_chinese(document: Document) -> None:
    assert_no_english(document.text())
    assert_no_english(document.markdown())
    # Shown are texts between tags, and labels that are read aloud.
    page = re.sub(r"<style.*?</style>", "", document.html(), flags=re.DOTALL)
    labels = re.findall(r'aria-label="([^"]*)"', page)
    assert_no_english(unescape(re.sub(r"<[^>]*>", "\n", page)))
    assert all(CHINESE.search(label) for label in labels)


def test_a_worked_example_in_chinese_has_no_english_sentence() -> None:
    net, x, t = network("mazur")
    names = dict(EXAMPLES["mazur"].aliases)
    for style in ("scalar", "matrix"):
        assert_chinese(
            net.explain(x, t, optimizer=cr.GradientDescent(rate=0.5), language="zh", style=style, names=names)
        )


def test_batches_penalties_and_momentum_in_chinese() -> None:
    net = cr.Network(
        3, [cr.Dense(2, "leaky_relu"), cr.Dense(2, "softmax")], loss="cross_entropy", penalties=[cr.L2(0.01)], seed=1
    )
    x = np.random.default_rng(0).normal(size=(3, 3))
    written = net.explain(x, np.eye(2)[[0, 1, 0]], optimizer=cr.Momentum(), language="zh", steps=2)
    assert_chinese(written)
    assert " 若 " in written.text()
    assert r"\text{否则}" in written.latex()


def test_a_large_network_in_chinese_has_no_english_sentence() -> None:
    net = cr.Network(4, [cr.Dense(40, "tanh"), cr.BatchNorm(), cr.Dense(30, "relu"), cr.Dense(2)], seed=1)
    x = np.random.default_rng(0).normal(size=(3, 4))
    assert_chinese(net.explain(x, np.eye(2)[[0, 1, 0]], language="zh"))


@pytest.mark.parametrize(("activation", "optimizer"), [("sigmoid", "gradient_descent"), ("tanh", "adam")])
def test_sheets_answers_and_grades_in_chinese_have_no_english_sentence(activation: str, optimizer: str) -> None:
    one = exercise("2-2-1", activation=activation, optimizer=optimizer, seed=3)
    assert_chinese(one.sheet("zh"))
    assert_chinese(one.answers("zh"))
    answers = {name: f"{value:.6g}" for name, value in one.solution.items()}
    first, *_, last = answers
    answers[first] = str(-float(answers[first]))
    del answers[last]
    assert_chinese(one.grade(answers, "zh").report())


def diagnoses() -> Iterator[cr.Diagnosis]:
    """Yield one diagnosis for each way to say one."""
    net, x, t = network("mazur")
    right = net.values(x, t)
    d_z1 = right["d_z2"] @ right["w2"].T
    head = "name,value\n"
    given: list[Any] = [
        {"d_z2": right["d_z2"], "d_z1": d_z1, "d_w1": np.round(x.T @ d_z1, 6)},  # a slip
        {"d_z2": -right["d_z2"], "d_z1": -d_z1, "d_w1": -(x.T @ d_z1)},  # two
        {"a1": right["a1"], "d_z2": right["d_z2"] * 1.07, "d_w2": right["d_w2"] + 0.3},  # none that is known
        head + '"d_z2[0,0]",0.42\n',  # too few digits
        {"a1": right["a1"]},  # no wrong one
        {"a1[0,0]": right["a1"][0, 0], "d_z2[0,0]": right["a1"][0, 1]},  # another quantity
        head + '"d_z2[0,0]",0.138598562\n',  # a digit
        {"a1": right["a1"] * np.nan, "z1": right["z1"]},  # no number
        {"a1": [[0.59, np.inf]]},  # few decimals, and no number
        {"y": right["y"], "d_z2": right["d_z2"] * [[1, 10]]},  # the decimal point
        {"y": right["y"], "d_z2": right["d_z2"] * [[1, -1]]},  # the sign
        {"d_z2": right["d_z2"] * 0.37},  # a factor
    ]
    for numbers in given:
        yield cr.diagnose(net, x, t, numbers, language="zh")


def test_a_diagnosis_in_chinese_has_no_english_sentence() -> None:
    said = [str(diagnosis) for diagnosis in diagnoses()]
    for one in said:
        assert_no_english(one)
    assert "漏乘激活函数的导数" in said[0]


def test_the_table_of_slips_in_chinese_has_no_english_sentence() -> None:
    assert_no_english(listing("zh"))


def test_titles_of_slips_have_no_commas() -> None:
    """Two of them are put together by a comma."""
    text = catalogue("zh")
    for slip in SLIPS.values():
        assert not re.search("[，、；]", re.sub("（.*）", "", text(slip.title)))
