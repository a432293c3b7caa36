from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

from .words import WORD, word_lists


@checks.register()
def check_community(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check the settings that name a service and a folder."""
    found: list[checks.CheckMessage] = []
    if settings.TRANSLATE_URL and not settings.TRANSLATE_URL.startswith(("https://", "http://")):
        found.append(checks.Error("TRANSLATE_URL must begin with https:// or http://.", id="movr.E010"))
    if settings.COMMUNITY_WORD_LISTS and not Path(settings.COMMUNITY_WORD_LISTS).is_dir():
        found.append(checks.Error("COMMUNITY_WORD_LISTS names no folder.", id="movr.E011"))
    else:
        found += _check_word_lists()
    return found


def _check_word_lists() -> list[checks.CheckMessage]:
    try:
        lists = word_lists(settings.COMMUNITY_WORD_LISTS)
    except UnicodeDecodeError:
        return [checks.Error("A file in COMMUNITY_WORD_LISTS is not in UTF-8.", id="movr.E012")]
    lines = sorted(line for listed in lists.values() for line in listed if not WORD.fullmatch(line))
    sentence = "Lines in COMMUNITY_WORD_LISTS that aren't single words, and so have no effect: %s."
    return [checks.Warning(sentence % ", ".join(lines[:10]), id="movr.W012")] if lines else []
