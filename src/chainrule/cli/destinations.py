"""The files that a command writes, checked before any work."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from itertools import combinations
from pathlib import Path

from chainrule.errors import InputError
from chainrule.files import check_destination
from chainrule.plots import check_picture


def check_destinations(
    read: Mapping[str, Path | None], written: Mapping[str, Path | None], picture: str | None = None
) -> None:
    """Raise InputError if one of the files to write cannot be, or is one of the others, or one that is read.

    Parameters
    ----------
    read : the files that the command reads, by what they are, such as "the table".
    written : those that it writes, by their options; None for what is not asked for.
    picture : the option of which is a picture.
    """
    wanted = {name: path for name, path in written.items() if path is not None}
    for name, path in wanted.items():
        for what, other in read.items():
            if other is not None and _same(path, other):
                raise InputError(f"{name} would overwrite {what} {other}")
    for (one, path), (two, other) in combinations(wanted.items(), 2):
        if _same(path, other):
            raise InputError(f"{one} and {two} are the same file {path}: name two files")
    for name, path in wanted.items():
        if name == picture:
            check_picture(path)
        else:
            check_destination(path)


def check_ending(name: str, path: Path | None, endings: Collection[str]) -> None:
    """Raise InputError for a file whose name has another ending."""
    if path is not None and path.suffix.lower() not in endings:
        raise InputError(f"{name} must end in {' or '.join(endings)}, not {path}")


def _same(one: Path, other: Path) -> bool:
    """Whether two paths are of the same file, which may have many names, or not exist yet."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)
