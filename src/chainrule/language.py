"""The languages of explanations: gettext catalogues under `locale`, one file each; English is the messages themselves.

A new language is a new file ``locale/<language>.po``; no code changes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from chainrule.errors import unknown

ENGLISH = "en"
_FOLDER = Path(__file__).with_name("locale")


class Catalogue:
    """Sentences in one language.

    >>> text = Catalogue("en", {})
    >>> text("{count} numbers agree", count=3)
    '3 numbers agree'
    """

    def __init__(self, language: str, translations: dict[str, str]):
        self.language = language
        self._translations = translations

    def __call__(self, message: str, /, **values: Any) -> str:
        """Return a message in this language, with values in its places; an untranslated one stays English."""
        found = self._translations.get(message) or message
        return found.format(**values) if values else found


def languages() -> list[str]:
    """Return the languages there are."""
    return sorted([ENGLISH, *(path.stem for path in _FOLDER.glob("*.po"))])


@cache
def catalogue(language: str = ENGLISH) -> Catalogue:
    """Return the sentences of a language; raises `InputError` with the nearest known one.

    >>> catalogue("en").language
    'en'
    """
    if language not in languages():
        raise unknown("language", language, languages())
    if language == ENGLISH:
        return Catalogue(ENGLISH, {})
    import polib

    entries = polib.pofile(str(_FOLDER / f"{language}.po"))
    return Catalogue(language, {entry.msgid: entry.msgstr for entry in entries if entry.msgstr})
