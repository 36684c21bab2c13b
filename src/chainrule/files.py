"""Files: whether one is there to be read, and writing so that each is there whole, the old one or the new."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

from chainrule.errors import InputError, shown


def existing(path: str | Path, what: str) -> Path:
    """Return the path if it is that of a file, else raise InputError; `what` the file should be, "model"."""
    path = Path(path)
    try:
        folder, found = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise InputError(f"{shown(str(path))} cannot be read: {reason(error)}") from error
    if folder:
        raise InputError(f"{path} is a folder: name a {what} file in it")
    if not found:
        raise InputError(f"there is no file {path}")
    return path


def check_destination(path: str | Path) -> Path:
    """Return the path if a file can be written there, else raise InputError: before a long training.

    What exists there must be a file that may be written: a device or a pipe is not replaced.
    """
    try:
        path = Path(os.path.realpath(path))
        found, folder, file = path.exists(), path.is_dir(), path.is_file()
        # The owner of a computer may write to any file; who made it read-only meant it.
        read_only = file and not (path.stat().st_mode & 0o222 and os.access(path, os.W_OK))
        home, open_home = path.parent.is_dir(), os.access(path.parent, os.W_OK)
    except (OSError, ValueError) as error:
        raise InputError(f"{shown(str(path))} cannot be written: {reason(error)}") from error
    if folder:
        raise InputError(f"{path} is a folder: name the file to write in it")
    if found and not file:
        raise InputError(f"{path} is no regular file: name a file that can be replaced, or a new one")
    if read_only:
        raise InputError(f"{path} is read-only: name another file, or permit writing to it")
    if not home:
        raise InputError(f"there is no folder {path.parent} to write {path.name} to")
    if not open_home:
        raise InputError(f"{path.name} cannot be written: there is no permission to write to {path.parent}")
    return path


def replace(path: Path, content: bytes) -> None:
    """Write to a file beside `path`, make sure it is on the disk, and only then give it the name."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Let a file be written bit by bit that takes the name `path` once it is whole; if anything fails there is none."""
    beside = path.with_name(f".chainrule-{secrets.token_hex(8)}")  # short, so that it fits where the name just fits
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {reason(error)}") from error
    finally:
        with suppress(OSError):  # the first error is the one to tell
            beside.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Make sure that the name is on the disk too; on Windows, where no folder can be opened, the system sees to it."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # not every file system can
                os.fsync(number)
        finally:
            os.close(number)


def reason(error: Exception) -> str:
    """Return what the operating system says of an error."""
    return getattr(error, "strerror", None) or str(error)


def digest(arrays: Mapping[str, Any] | None) -> str | None:
    """Return what is the same for arrays of the same names, values, shapes and types; None for none."""
    import numpy as np

    if arrays is None:
        return None
    found = blake2b(digest_size=16)
    for name, value in sorted(arrays.items()):
        array = np.ascontiguousarray(value)
        found.update(f"{name} {array.dtype.str} {np.shape(value)}".encode())
        found.update(array.reshape(-1).view(np.uint8).data)
    return found.hexdigest()
