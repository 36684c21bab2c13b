"""Pictures: written whole, in the format of their name."""

from __future__ import annotations

import sys

import pytest

from chainrule.errors import InputError
from chainrule.plots import FORMATS, new_figure, save_figure


def test_a_picture_has_the_format_of_its_name(tmp_path):
    figure = new_figure(2, 1)
    figure.subplots().plot([1, 2], [3, 4])
    for name, begin in {"a.png": b"\x89PNG", "b.svg": b"<?xml", "c": b"\x89PNG"}.items():
        save_figure(figure, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)
    for name in ("d.docx", "d.pgf", "d.eps", "d.raw"):
        with pytest.raises(InputError, match=rf"{name} is to be a picture: let its name end in .png, .svg or .pdf"):
            save_figure(figure, tmp_path / name)
    with pytest.raises(InputError, match="there is no folder"):
        save_figure(figure, tmp_path / "none" / "a.png")


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match=r"pip install 'chainrule\[plots\]'"):
        new_figure(1, 1)


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_figure_gives_the_same_bytes(tmp_path, ending):
    for name in ("a", "b"):
        figure = new_figure(2, 1)
        figure.subplots().plot([1, 2], [3, 4])
        save_figure(figure, tmp_path / f"{name}{ending}")
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()
