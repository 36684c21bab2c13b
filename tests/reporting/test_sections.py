"""What sections of a page say: of rows with weights, of columns, of importance."""

from __future__ import annotations

import re

import polars as pl
import pytest
from reporting_answers import of_classes

from chainrule.reporting.importance import Importance
from chainrule.reporting.learned import important, read
from chainrule.reporting.mistakes import confused
from chainrule.styles import PLAIN, Style
from chainrule.tables import Quantity, TableEncoder


@pytest.mark.parametrize("weighted", [True, False])
def test_beside_a_matrix_is_said_that_rows_count_by_their_weights(weighted: bool) -> None:
    assert ("Rows count by their weights." in confused(of_classes(weighted=weighted))) == weighted


@pytest.mark.parametrize("score", ["R²", "accuracy"])
def test_a_loss_of_nothing_has_no_sign(score: str) -> None:
    page = important(Importance(score, {"x": -1e-9}, {"x": 1e-9}, 40, 1, 5))
    assert "0.000 ± 0.000" in page or "0.0% ± 0.0%" in page
    assert "−0.0" not in page


@pytest.mark.parametrize(
    ("cells", "style", "said"),
    [
        (["a", "b", "c", "d"] * 5, PLAIN, "4 categories"),
        ([*["a", "b", "c", "d"] * 5, None], PLAIN, "4 categories, some missing"),
        ([*["a", "b", "c", "d"] * 5, "e", None], PLAIN, "4 categories and others, some missing"),
        (["a", "b", "c", "d"] * 5, Style(robust=False, codes=True, one_hot=2), "4 categories as learned numbers"),
    ],
)
def test_categories_are_counted_without_the_gap(cells: list[str | None], style: Style, said: str) -> None:
    frame = pl.DataFrame({"c": cells, "y": [k**1.5 for k in range(len(cells))]})
    page = read(TableEncoder.fit(frame, Quantity("y"), style))
    assert re.search(f"<td>{said}</td>", page), page
