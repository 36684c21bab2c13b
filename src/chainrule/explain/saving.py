"""Writing a document to a file, in the format that the file's name ends in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import InputError, shown
from chainrule.files import check_destination, replace

if TYPE_CHECKING:
    from chainrule.explain.document import Document

FORMS = {".txt": "text", ".md": "md", ".tex": "latex", ".html": "html", ".htm": "html", ".json": "json", ".csv": "csv"}


def save(document: Document, path: str | Path, form: str | None = None) -> None:
    """Write a document; raises `InputError` for a name that no format goes by, and if the file cannot be written."""
    suffix = Path(path).suffix.lower()
    if form is None and suffix not in FORMS:
        raise InputError(f"{shown(str(path))} ends in none of {', '.join(FORMS)}; give the format by name")
    replace(check_destination(path), document.render(form or FORMS[suffix]).encode())
