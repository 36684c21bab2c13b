"""The command line run in this process, and tables for it."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
from sklearn.datasets import load_iris

from chainrule.cli import main

QUICK = ("--epochs", 3, "--ensemble", 1, "--hidden", 4)
"""A training that takes no time; options that follow take their place."""


@dataclass
class Result:
    code: int
    out: str
    err: str


def run(*words: object) -> Result:
    """Run a command line; its words may be of any type."""
    code = 0
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = int(end.code or 0)
    return Result(code, out.getvalue(), err.getvalue())


def done(*words: object) -> str:
    """Run a command line that must succeed; return what it prints."""
    result = run(*words)
    assert result.code == 0, result.err
    return result.out


def refused(*words: object) -> str:
    """Run a command line that must be refused in one sentence; return the sentence."""
    result = run(*words)
    assert result.code == 2, result
    assert result.out == ""
    assert re.fullmatch(r"chainrule: .+\n", result.err)
    return result.err


def scores(out: str, name: str) -> tuple[float, float]:
    """Return the network's and the baseline's score from what is printed."""
    found = re.search(rf"{re.escape(name)}\s+(-?[\d.]+)%?\s+(-?[\d.]+)%?", out)
    assert found, out
    return float(found[1]), float(found[2])


def write_iris(folder: Path) -> Path:
    """Write the table of iris flowers; return its path."""
    data = load_iris()
    frame = pl.DataFrame(data.data, schema=[str(name) for name in data.feature_names])
    frame.with_columns(species=pl.Series(data.target_names[data.target])).write_csv(folder / "iris.csv")
    return folder / "iris.csv"


class Page(HTMLParser):
    """The tables of a page by their class, cell by cell, its texts, and the elements that stand in it."""

    def __init__(self, text: str):
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._cells: list[list[str]] | None = None
        self._in_style = self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_style |= tag == "style"
        if tag == "table":
            self._cells = self.tables.setdefault(str(dict(attrs).get("class")), [])
        if tag == "tr" and self._cells is not None:
            self._cells.append([])
        if tag in ("td", "th") and self._cells is not None:
            self._cells[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_style &= tag != "style"
        self._in_cell &= tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_style:
            return
        self.text += data
        if self._in_cell and self._cells is not None:
            self._cells[-1][-1] += data

    def number(self, table: str, row: str, column: int = 1) -> float:
        """Return a number of a table by the name of its row."""
        (cells,) = (line for line in self.tables[table] if line[0] == row)
        return number(cells[column])


def number(said: str) -> float:
    """Return a number as a page writes it."""
    text = said.replace("−", "-").replace(",", "").split(" ")[0]
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)
