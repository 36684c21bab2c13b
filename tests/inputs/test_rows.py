"""The smallest changes of a table's row, against scans of predictions; for a plain encoding and a robust one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inputs_networks import flats

import chainrule as cr
from chainrule import models, tables
from chainrule.errors import InputError
from chainrule.inputs.rows import RowChange, change_row
from chainrule.inputs.scan import POINTS, first_flip
from chainrule.inputs.smallest import nearest
from chainrule.inputs.table_row import TableRow
from chainrule.tables import Category, Number

ROUNDING = 1.001
"""A change has four digits."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A model and its table, with answers as `chainrule predict` gives them."""

    net: cr.Network
    encoder: tables.TableEncoder
    frame: pl.DataFrame

    @cache  # noqa: B019 - the models live as long as the tests
    def change(self, row: int, **settings: Any) -> RowChange:
        return change_row(self.net, self.encoder, self.frame, row, **settings)

    def answers(self, row: int, values: dict[str, Any]) -> list[str]:
        """What is predicted for a row with values changed: each column has as many as there are to be rows."""
        count = max([len(several) for several in values.values()], default=1)
        changed = self.frame[[row - 1] * count].with_columns(pl.Series(name, given) for name, given in values.items())
        return list(self.encoder.target.decode(self.net.predict(self.encoder.inputs(changed)))["price"])

    def nearest(self, row: int, column: Number) -> tuple[float, float]:
        """The smallest change of one column that a fine scan of its range finds, and how coarse the scan was."""
        every = self.frame[column.name].cast(pl.Float64)
        old = every[row - 1]
        low, high = every.min(), every.max()
        assert isinstance(low, float)
        assert isinstance(high, float)
        places = np.arange(low, high + 1) if column.name == "rooms" else np.linspace(low, high, 10_001)
        now = self.answers(row, {})[0]
        other = np.array(self.answers(row, {column.name: places})) != now
        return np.abs(places - old)[other].min(initial=np.inf), (high - low) / 10_000


@pytest.fixture(scope="module", params=["plain", "robust"])
def asked(request: pytest.FixtureRequest) -> Asked:
    return Asked(*flats(request.param))


def test_the_robust_model_has_codes_before_numbers() -> None:
    """Else the tests below would be of something easier."""
    _, encoder, _ = flats("robust")
    assert encoder.input_names[0] == "heating"
    assert encoder.codes == [6]
    assert encoder.places()["heating"] == [0]
    assert [type(column) for column in encoder.columns if column.name == "heating"] == [Category]
    assert all(column.clip for column in encoder.columns if isinstance(column, Number))


def test_one_column_changes_as_little_as_a_scan_of_predictions_finds(asked: Asked) -> None:
    found_alone = 0
    for row in range(1, 31):
        found = asked.change(row)
        columns = [column for column in asked.encoder.columns if isinstance(column, Number)]
        least = min((asked.nearest(row, one)[0] / one.scale for one in columns), default=np.inf)
        if len(found.numbers) == 1:
            found_alone += 1
            (change,) = found.numbers
            (column,) = [one for one in columns if one.name == change.column]
            mine, coarse = abs(float(change.after) - float(change.before)), asked.nearest(row, column)[1]
            assert mine <= ROUNDING * asked.nearest(row, column)[0] + coarse
            assert mine / column.scale <= ROUNDING * least + coarse / column.scale
        else:
            assert least == np.inf
    assert found_alone >= 15


def test_what_is_printed_is_the_smallest_to_its_last_digit(asked: Asked) -> None:
    for row in range(1, 21):
        found = asked.change(row)
        if [change.column for change in found.numbers] != ["size"]:
            continue
        (change,) = found.numbers
        before, after = float(change.before), float(change.after)
        digit = 10.0 ** (np.floor(np.log10(abs(after - before))) - 3)
        nearer = np.linspace(before, after - np.sign(after - before) * digit, 2000)
        assert set(asked.answers(row, {"size": nearer})) == {found.label}


def test_the_changes_named_change_the_answer_and_stay_in_the_range(asked: Asked) -> None:
    for row in range(1, 31):
        found = asked.change(row)
        assert asked.answers(row, {}) == [found.label]
        if found.numbers:
            after = {change.column: [change.after] for change in found.numbers}
            assert asked.answers(row, after) == [found.answer] != [found.label]
        for change in found.numbers:
            every = asked.frame[change.column].cast(pl.Float64)
            assert every.min() <= change.after <= every.max()  # type: ignore[operator]
            assert change.column != "rooms" or change.after == int(change.after)
            assert change.column in ("size", "rooms")


def test_of_several_columns_none_could_change_less() -> None:
    """Of flats that no change of one column alone makes dear."""
    random = np.random.default_rng(1)
    size, rooms = random.uniform(20, 60, 200), random.integers(1, 4, 200)
    price = np.where(size + 15 * rooms > 80, "dear", "cheap")
    frame = pl.DataFrame({"size": size, "rooms": rooms, "price": price})
    frame, target = tables.recognise_target(frame, "price")
    encoder = tables.TableEncoder.fit(frame, target)
    net = cr.Network(2, [cr.Dense(8, "tanh"), cr.Dense(2, "softmax")], "cross_entropy")
    net.fit(encoder.inputs(frame), encoder.targets(frame), epochs=60, optimizer=cr.Adam(0.02), engine="reference")
    asked, together = Asked(net, encoder, frame), 0
    for row in range(1, 61):
        found = asked.change(row)
        if len(found.numbers) < 2:
            continue
        together += 1
        after = {change.column: change.after for change in found.numbers}
        assert asked.answers(row, {name: [value] for name, value in after.items()}) == [found.answer]
        for change in found.numbers:
            before, now = float(change.before), float(change.after)
            almost = before + (now - before) / ROUNDING
            less = np.linspace(before, almost, 500)
            less = np.unique(np.trunc(less - before) + before) if change.column == "rooms" else less
            others = {name: [value] * len(less) for name, value in after.items() if name != change.column}
            assert set(asked.answers(row, {**others, change.column: less})) == {found.label}
    assert together >= 3


def of_three() -> tuple[models.Model, pl.DataFrame]:
    """Three networks that each know a third of the flats, at a temperature, and these flats."""
    random = np.random.default_rng(1)
    size, rooms = random.uniform(20, 60, 90), random.integers(1, 4, 90)
    heating = random.choice(["gas", "none"], 90)
    price = np.where(size + 15 * rooms - 10 * (heating == "none") > 75, "dear", "cheap")
    columns = {"size": size, "rooms": rooms, "heating": heating, "price": price}
    frame, target = tables.recognise_target(pl.DataFrame(columns), "price")
    encoder = tables.TableEncoder.fit(frame, target)
    net = cr.Network(len(encoder.input_names), [cr.Dense(8, "tanh"), cr.Dense(2, "softmax")], "cross_entropy")
    networks = [net, net.twin(1), net.twin(2)]
    for number, one in enumerate(networks):
        part = frame[number::3]
        one.fit(encoder.inputs(part), encoder.targets(part), epochs=60, optimizer=cr.Adam(0.02), engine="reference")
    return models.Model(net, encoder, others=networks[1:], temperature=0.5), frame


def test_an_ensemble_is_asked_as_predict_asks_it() -> None:
    """Each change is enough just outside, and none is just inside, by what the whole model predicts."""
    model, frame = of_three()
    encoder = model.table
    assert encoder

    def answers(row: int, values: dict[str, Any]) -> set[str]:
        count = max(len(several) for several in values.values())
        changed = frame[[row - 1] * count].with_columns(pl.Series(name, given) for name, given in values.items())
        return set(model.predict(changed)["price"])

    said, first = model.predict(frame), models.Model(model.net, encoder).predict(frame)
    numbers, categories = set(), 0
    for row in (*range(1, 9), *range(11, 19)):  # 8 needs both numbers
        found = change_row(model, encoder, frame, row)
        assert found.label == said["price"][row - 1]
        assert found.probability == pytest.approx(said[f"P(price={found.label})"][row - 1], abs=1e-6)
        assert abs(found.probability - first[f"P(price={found.label})"][row - 1]) > 1e-6
        after = {change.column: [change.after] for change in found.numbers}
        assert not after or answers(row, after) == {found.answer} != {found.label}
        for change in found.numbers:
            before, now = float(change.before), float(change.after)
            less = before + (now - before) * np.linspace(0, 1 / ROUNDING, 300)
            less = np.unique(np.trunc(less - before) + before) if change.column == "rooms" else less
            others = {name: value * len(less) for name, value in after.items() if name != change.column}
            assert answers(row, {**others, change.column: less}) == {found.label}
        for change, answer in found.categories:
            assert answers(row, {change.column: [change.after]}) == {answer} != {found.label}
        numbers.add(len(found.numbers))
        categories += len(found.categories)
    assert numbers == {1, 2}
    assert categories


def test_categories_are_tried_value_by_value(asked: Asked) -> None:
    changing = 0
    for row in range(1, 31):
        found = asked.change(row)
        named = {change.column: (change, answer) for change, answer in found.categories}
        for column in asked.encoder.columns:
            if not isinstance(column, Category):
                continue
            other = {value: asked.answers(row, {column.name: [value]})[0] for value in column.values}
            does = {value: answer for value, answer in other.items() if answer != found.label}
            assert (column.name in named) == bool(does)
            if does:
                change, answer = named[column.name]
                assert does[str(change.after)] == answer
                changing += column.name == "heating"
    assert changing


def test_codes_never_move(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is fooled, only the inputs of numbers differ: not codes, other categories, dates."""
    from chainrule.inputs import smallest

    seen = []

    def fool(*args: Any, **settings: Any) -> Any:
        found = real(*args, **settings)
        seen.append(found)
        return found

    real = smallest.fool
    monkeypatch.setattr(smallest, "fool", fool)
    monkeypatch.setattr(smallest, "nearest", lambda *_, **__: None)
    for row in range(1, 6):
        change_row(asked.net, asked.encoder, asked.frame, row)
    numbers = [asked.encoder.places()[name][0] for name in ("size", "rooms")]
    rest = [place for place in range(len(asked.encoder.input_names)) if place not in numbers]
    assert len(seen) >= 5
    for found in seen:
        assert (found.x[:, rest] == found.original[:, rest]).all()
        assert (found.x[:, numbers] != found.original[:, numbers]).any()


def test_a_row_with_changed_values_is_read_as_the_table_would_be(asked: Asked) -> None:
    row = TableRow(asked.net, asked.encoder, asked.frame, 7)
    for changed in ({}, {"size": [33.0, 99.5]}, {"rooms": [4.0], "heating": ["oil"]}, {"heating": ["gas", "none"]}):
        wanted = asked.answers(7, changed)
        assert [row.labels[answer] for answer in row.answers(changed)] == wanted


def test_a_row_that_numbers_cannot_change_says_what_was_not_tried(asked: Asked) -> None:
    found = asked.change(1, budget=1e-6)
    assert found.answer is None
    assert "no change of its numbers within the range of the training and the budget changes that" in str(found)
    assert str(found).endswith("Not tried: built (a date).")
    assert "Not tried" not in str(next(found for row in range(1, 9) if (found := asked.change(row)).numbers))


def test_the_tables_own_answer_is_told(asked: Asked) -> None:
    for row in range(1, 31):
        found, truth = asked.change(row), asked.frame["price"][row - 1]
        assert found.truth == truth
        said = ", as the table says" if truth == found.label else f", but the table says {truth}"
        assert f"({found.probability:.1%}){said}; " in str(found)
    bare = change_row(asked.net, asked.encoder, asked.frame.drop("price"), 1)
    assert bare.truth is None
    assert "the table says" not in str(bare)


def test_missing_numbers_stay(asked: Asked) -> None:
    size = pl.Series("size", [None, *asked.frame["size"].to_list()[1:]])
    with_gap = Asked(asked.net, asked.encoder, asked.frame.with_columns(size))
    found = with_gap.change(1, budget=1e-6)
    assert found.kept == ("size (missing)", "built (a date)")


def test_the_budget_is_kept(asked: Asked) -> None:
    scales = {column.name: column.scale for column in asked.encoder.columns if isinstance(column, Number)}
    for row in range(1, 11):
        for budget in (0.3, 1.0):
            found = asked.change(row, budget=budget)
            far = [(float(one.after) - float(one.before)) / scales[one.column] for one in found.numbers]
            assert np.linalg.norm(far) <= budget * (1 + 1e-12)


def test_a_number_has_no_answer_that_could_change() -> None:
    _, _, frame = flats("plain")
    frame, target = tables.recognise_target(frame, "size")
    encoder = tables.TableEncoder.fit(frame, target)
    net = cr.Network(len(encoder.input_names), [cr.Dense(1)])
    with pytest.raises(InputError, match="'size' is a number, not a class"):
        change_row(net, encoder, frame, 1)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_the_first_flip_is_found_to_twelve_digits(start: float, end: float, part: float) -> None:
    edge = start + part * (end - start)
    found = first_flip(lambda places: np.abs(places - start) >= abs(edge - start), start, end)
    if abs(edge - start) > abs(end - start) or start == end:
        assert found is None
    else:
        assert found is not None
        assert abs(found - edge) <= 1e-9 * max(abs(start), abs(end))


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=5, unique=True), st.booleans())
def test_the_first_of_several_flips_is_found(edges: list[float], turned: bool) -> None:
    """There and back again at each edge: the first is seen unless two lie closer together than the grid."""
    edges = sorted(edges)
    if min((b - a for a, b in pairwise(edges)), default=1.0) < 1.1 / POINTS:
        return
    sign = -1 if turned else 1
    found = first_flip(lambda places: np.searchsorted(edges, sign * places) % 2 == 1, 0.0, float(sign))
    assert found == pytest.approx(sign * edges[0], abs=1e-9)


@given(st.integers(-1500, 1500), st.integers(-1500, 1500), st.sets(st.integers(-1500, 1500), max_size=4))
def test_every_whole_number_is_looked_at_where_they_are_few(start: int, end: int, odd: set[int]) -> None:
    if abs(end - start) > POINTS:
        return
    between = [place for place in odd if min(start, end) <= place <= max(start, end) and place != start]
    found = first_flip(lambda places: np.isin(places, list(odd)), start, end, is_whole=True)
    assert found == min(between, key=lambda place: abs(place - start), default=None)


def test_a_value_of_the_table_is_looked_at_between_the_places() -> None:
    only = 0.123456
    assert first_flip(lambda places: places == only, 0, 1) is None
    assert first_flip(lambda places: places == only, 0, 1, also=np.array([-1.0, only, 2.0])) == only


def test_nearest_is_sought_with_the_others_as_they_are(asked: Asked) -> None:
    row = TableRow(asked.net, asked.encoder, asked.frame, 2)
    free = {one.name: one for one in row.free}
    found = {rooms: nearest(row, free["size"], {free["rooms"]: float(rooms)}, budget=6) for rooms in (1, 5)}
    for rooms, value in found.items():
        if value is not None and value != free["size"].value:
            assert asked.answers(2, {"size": [value], "rooms": [rooms]}) != asked.answers(2, {})
    assert found[1] != found[5]
