"""Read message catalogues, and the text of pages."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

STRINGS = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
# Attributes whose text people read or hear.
SPOKEN = {"alt", "aria-label", "aria-description", "content", "label", "placeholder", "summary", "title"}
SILENT = {"script", "style"}


@dataclass(frozen=True)
class Message:
    context: str
    singular: str
    plural: str
    translations: tuple[str, ...]
    flags: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.context, self.singular, self.plural


def read_po(path: Path) -> Iterator[Message]:
    """Return the messages of a catalogue, without its header."""
    for block in path.read_text().split("\n\n"):
        lines = block.splitlines()
        text = "\n".join(line for line in lines if not line.startswith("#"))
        flags = " ".join(line for line in lines if line.startswith("#,"))
        found = {name: "".join(ast.literal_eval(f"({value})")) for name, value in _entries(text)}
        if found.get("msgid"):
            translations = tuple(value for name, value in found.items() if name.startswith("msgstr"))
            context, plural = found.get("msgctxt", ""), found.get("msgid_plural", "")
            yield Message(context, found["msgid"], plural, translations, flags)


def _entries(text: str) -> list[tuple[str, str]]:
    return re.findall(rf"^(msg\w+(?:\[\d\])?) {STRINGS}", text, flags=re.MULTILINE)


class _Reader(HTMLParser):
    """Collect the text between tags, and separately the text for screen readers."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        given = dict(attributes)
        for name, value in given.items():
            if name in SPOKEN and not (tag == "meta" and given.get("name") != "description"):
                self.handle_data(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        piece = " ".join(data.split())
        if piece and not self.silent:
            self.pieces.append(piece)


def said(html: str) -> list[str]:
    """Return all text of a page, visible or for screen readers."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.pieces
