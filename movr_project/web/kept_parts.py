"""Parts of a page that are the same for many requests or rows, rendered once and kept.

A part is rendered with a slot in place of each value that differs, such as the CSRF token. Filling the slots costs a
fraction of rendering the template.
"""

import html
import re
import secrets
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

MAX_PARTS = 5000
# Random, so that no text in a part, such as an operator's help, can look like a slot.
MARK = secrets.token_hex(8)
SLOT = re.compile(rf"--{MARK}-(\w+)--")
INDENTATION = re.compile(r"\n\s+")  # also blank lines, where a template's tags were

Pieces = list[str]  # literals and names of slots in turn


def kept_part(template: str, slots: Mapping[str, Any], **context: Hashable) -> SafeString:
    """Render a template once for each language and ``context``, and fill its slots with escaped values.

    The template prints slots by name, but can't depend on their values; use ``context`` for that. With DEBUG on,
    nothing is kept, so that edits to templates are visible.
    """
    pieces_of = _pieces.__wrapped__ if settings.DEBUG else _pieces
    pieces = pieces_of(template, get_language() or "", tuple(slots), tuple(context.items())).copy()
    for index in range(1, len(pieces), 2):
        pieces[index] = _escaped(slots[pieces[index]])
    return mark_safe("".join(pieces))


def forget_parts() -> None:
    """Forget all parts, so that each is rendered again when next needed."""
    _pieces.cache_clear()


def _escaped(value: Any) -> str:
    """Escape like ``conditional_escape``, which takes three times as long: it looks for lazy arguments in each call."""
    return value.__html__() if hasattr(value, "__html__") else html.escape(str(value))


@lru_cache(maxsize=MAX_PARTS)
def _pieces(template: str, language: str, slots: tuple[str, ...], context: tuple[tuple[str, Hashable], ...]) -> Pieces:
    part = render_to_string(template, {name: f"--{MARK}-{name}--" for name in slots} | dict(context))
    return SLOT.split(part if "<pre" in part else INDENTATION.sub("\n", part))
