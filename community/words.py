"""The operator's lists of words that nothing written in the community may contain. None by default."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

WORD = re.compile(r"\w+")


def validate_words(text: str) -> None:
    """Raise ``ValidationError`` for a text with a listed word, in any case and of any list."""
    listed = listed_words(settings.COMMUNITY_WORD_LISTS)
    if listed and not listed.isdisjoint(WORD.findall(_folded(text))):
        raise ValidationError(_("This contains a word that isn't allowed here."), code="listed_word")


@cache
def listed_words(folder: str) -> frozenset[str]:
    """Return the words in the files of a folder, such as ``en.txt``: one word a line, read once per process."""
    if not folder:
        return frozenset()
    lines = (line for path in Path(folder).glob("*.txt") for line in path.read_text(encoding="utf-8").splitlines())
    return frozenset(word for line in lines if (word := _folded(line.strip())))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
