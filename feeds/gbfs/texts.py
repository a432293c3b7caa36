"""Texts and times as GBFS writes them."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.utils import translation

Texts = list[dict[str, str]]
SCRIPTS = {"hans": "CN", "hant": "TW"}  # GBFS's language tags have a region, but no script


def language_tag(code: str) -> str:
    """Return a Django language code as GBFS's pattern has it: ``es``, ``pt-BR``, ``zh-CN``."""
    language, *rest = code.split("-")
    regions = [SCRIPTS.get(part, part.upper()) for part in rest]
    return "-".join([language, *(region for region in regions[-1:] if len(region) == 2)])


def texts(languages: Iterable[str], text_in: Callable[[str], object]) -> Texts:
    """Return a text in each language. ``text_in`` is called with the language, which is also the active one."""
    made = []
    for code in languages:
        with translation.override(code):
            made.append({"text": str(text_in(code)), "language": language_tag(code)})
    return made


def rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
