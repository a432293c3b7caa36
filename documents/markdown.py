"""Convert Markdown written by staff to HTML."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_TEXT_LENGTH = 100_000  # characters
MAX_BRACKETS = 2000  # the parser looks back from each: 20,000 take half a second

# With HTML disabled, texts can't contain scripts, and javascript: links remain plain text.
_parser = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class RenderedText:
    html: SafeString
    sections: tuple[tuple[str, str], ...] = ()  # id and title of each top-level heading


def validate_markdown(text: str) -> None:
    """Check the length of a text before parsing it."""
    if len(text) > MAX_TEXT_LENGTH or text.count("[") > MAX_BRACKETS:
        raise ValidationError(_("This text is too long, or has too many brackets."), code="text_too_long")


@lru_cache(maxsize=32)
def render_markdown(text: str) -> RenderedText:
    """Convert a text for a page that has its own title: top-level headings become ``<h2>``."""
    tokens = _parser.parse(text)
    sections = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            sections.append((_give_id(token, inline.content, taken=len(sections)), _plain(inline)))
        elif token.type == "table_open":
            token.attrSet("class", "table")
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    html = _parser.renderer.render(tokens, _parser.options, {})
    return RenderedText(html=mark_safe(html), sections=tuple(sections))


def _give_id(heading: Token, title: str, *, taken: int) -> str:
    # Numbered, as two headings may have the same wording.
    id_ = f"{slugify(title) or 'section'}-{taken + 1}"
    heading.attrSet("id", id_)
    return id_


def _plain(inline: Token) -> str:
    """Return a heading's text without markup."""
    return "".join(child.content for child in inline.children or [] if child.type in {"text", "code_inline"})
