"""Pictures: written whole, in the format of their name."""

from __future__ import annotations

import sys

import pytest

from chainrule.errors import InputError
from chainrule.plots import new_figure, save_figure


def test_a_picture_has_the_format_of_its_name(tmp_path):
    figure = new_figure(2, 1)
    figure.subplots().plot([1, 2], [3, 4])
    for name, begin in {"a.png": b"\x89PNG", "b.svg": b"<?xml", "c": b"\x89PNG"}.items():
        save_figure(figure, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)
    with pytest.raises(InputError, match="no format of pictures"):
        save_figure(figure, tmp_path / "d.docx")
    with pytest.raises(InputError, match="there is no folder"):
        save_figure(figure, tmp_path / "none" / "a.png")


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match=r"pip install 'chainrule\[plots\]'"):
        new_figure(1, 1)
