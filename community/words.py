"""The operator's lists of words that nothing written in the community may contain. None by default."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .languages import detect_language, detectable_languages

WORD = re.compile(r"\w+")


def validate_words(text: str) -> None:
    """Raise ``ValidationError`` for a text with a word, in any case, of a list that applies to its language."""
    words = set(WORD.findall(_folded(text)))
    found = [name for name, listed in word_lists(settings.COMMUNITY_WORD_LISTS).items() if words & listed]
    if found and not _other_languages(text).issuperset(found):
        raise ValidationError(_("This contains a word that isn't allowed here."), code="listed_word")


def _other_languages(text: str) -> set[str]:
    """Return the site's languages in which a text isn't written. None if its language isn't certain."""
    language = detect_language(text)
    return set(detectable_languages()) - {language} if language else set()


@cache
def word_lists(folder: str) -> dict[str, frozenset[str]]:
    """Return the words in the files of a folder, such as ``en.txt``: one word a line, read once per process."""
    return {path.stem: _words_in(path) for path in Path(folder).glob("*.txt")} if folder else {}


def _words_in(path: Path) -> frozenset[str]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return frozenset(word for line in lines if (word := _folded(line.strip())))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
