"""Markdown to HTML, for texts that staff write."""

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Without HTML of their own, texts can't bring scripts; links to javascript: and the like stay text.
_parser = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class RenderedText:
    html: SafeString
    sections: list[tuple[str, str]] = field(default_factory=list)  # id and title of each top heading


@lru_cache(maxsize=32)
def render_markdown(text: str) -> RenderedText:
    """A text as a part of a page that has a title of its own: its top headings become ``<h2>``."""
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
    return RenderedText(html=mark_safe(html), sections=sections)


def _give_id(heading: Token, title: str, *, taken: int) -> str:
    # Numbered as well, so that two headings of one wording differ.
    id_ = f"{slugify(title) or 'section'}-{taken + 1}"
    heading.attrSet("id", id_)
    return id_


def _plain(inline: Token) -> str:
    """A heading without its markup."""
    return "".join(child.content for child in inline.children or [] if child.type in {"text", "code_inline"})
