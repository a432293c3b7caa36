"""Find elements of a page as a person does: by role, label, text, tag, class or id."""

from collections.abc import Iterator
from typing import Self
from xml.etree.ElementTree import Element as Node

import html5lib
from django.http import HttpResponseBase
from django.test import Client

TAGS = {
    "button": {"button", "input"},
    "heading": {"h1", "h2", "h3", "h4", "h5", "h6"},
    "link": {"a"},
    "navigation": {"nav"},
    "group": {"fieldset"},
    "list": {"ul", "ol", "menu"},
    "listitem": {"li"},
    "row": {"tr"},
}
FIELDS = {"input", "select", "textarea"}
BUTTONS = {"submit", "button", "image", "reset"}
UNREAD = {"script", "style", "template"}


class Element:
    """A page, or a part of it."""

    def __init__(self, node: Node, root: Node | None = None):
        self.node = node
        self.root = node if root is None else root

    def __repr__(self) -> str:
        return f"<{self.tag} {self.node.attrib}>"

    def __getitem__(self, attribute: str) -> str:
        return self.node.attrib[attribute]

    def __contains__(self, attribute: str) -> bool:
        return attribute in self.node.attrib

    @property
    def tag(self) -> str:
        return str(self.node.tag)

    @property
    def classes(self) -> set[str]:
        return set(self.node.get("class", "").split())

    @property
    def text(self) -> str:
        """Return the text with whitespace normalised."""
        return " ".join(" ".join(_texts(self.node)).split())

    @property
    def role(self) -> str:
        """Return the explicit role, or the one that its tag implies."""
        if "role" in self:
            return self["role"]
        if self.tag == "input" and self.node.get("type") not in BUTTONS:
            return ""
        if self.tag == "a" and "href" not in self:
            return ""
        return next((role for role, tags in TAGS.items() if self.tag in tags), self.tag)

    @property
    def name(self) -> str:
        """Return its accessible name: its label, or its text."""
        if "aria-labelledby" in self:
            return " ".join(self._by_id(id_).text for id_ in self["aria-labelledby"].split())
        if "aria-label" in self:
            return self["aria-label"]
        if self.tag in FIELDS and self.role != "button":
            return self.label
        if self.tag == "fieldset":
            return next((legend.text for legend in self.all("legend")), "")
        return self.node.get("value", "") if self.tag == "input" else self.text

    @property
    def label(self) -> str:
        """Return the text of a field's label."""
        for label in Element(self.root).all("label"):
            if label.node.get("for") == self.node.get("id", "") or self.node in set(label.node.iter()):
                return label.text
        return ""

    def all(self, tag: str = "", *, id: str = "", class_: str = "", role: str = "", name: str = "", text: str = ""):  # noqa: A002
        """Return the descendants that match all criteria. ``name`` and ``text`` match substrings."""
        found = [Element(node, self.root) for node in self.node.iter() if isinstance(node.tag, str)]
        return [
            element
            for element in found
            if element.node is not self.node
            and (not tag or element.tag == tag)
            and (not id or element.node.get("id") == id)
            and (not class_ or class_ in element.classes)
            and (not role or element.role == role)
            and (not name or name in element.name)
            and (not text or text in element.text)
        ]

    def one(self, tag: str = "", **wanted: str) -> Self:
        """Return the only match."""
        found = self.all(tag, **wanted)
        assert len(found) == 1, f"{len(found)} of {tag or 'element'} {wanted}: {found}"
        return found[0]

    def field(self, label: str) -> Self:
        """Return a form's field by the text of its label."""
        found = [each for tag in FIELDS for each in self.all(tag) if label in each.name]
        assert len(found) == 1, f"{len(found)} fields {label!r}: {found}"
        return found[0]

    def is_before(self, other: Self) -> bool:
        """Return whether it comes before another element in document order."""
        order = list(self.root.iter())
        return order.index(self.node) < order.index(other.node)

    def _by_id(self, id_: str) -> Self:
        return Element(self.root).one(id=id_)


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node.tag, str) and node.tag not in UNREAD:
        yield node.text or ""
        for child in node:
            yield from _texts(child)
            yield child.tail or ""


def page(response: HttpResponseBase | str) -> Element:
    """Parse the HTML of a response."""
    html = response if isinstance(response, str) else response.content.decode()
    return Element(html5lib.parse(html, namespaceHTMLElements=False))


def text_of(client: Client, url: str, **query: object) -> str:
    """Return the text of the page's main part."""
    return page(client.get(url, query)).one("main").text


def assert_valid(response: HttpResponseBase) -> None:
    """Parse HTML strictly: raise an error for anything that a parser would have to correct."""
    html5lib.HTMLParser(strict=True).parse(response.content.decode())
