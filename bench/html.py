"""Parse a page's links and forms, so that URLs and field names come from the page, not from the code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

BUTTONS = {"submit", "image"}
NOT_SENT = {"button", "reset", "file"} | BUTTONS


class NotFound(LookupError):
    """The page has no matching link or button."""


@dataclass(frozen=True)
class Submit:
    """What a button submits, and where to."""

    url: str
    fields: dict[str, str]


@dataclass
class Form:
    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Button:
    form: str  # its form's key
    attributes: dict[str, str]


class Page(HTMLParser):
    """The page at ``url``."""

    def __init__(self, text: str, url: str):
        super().__init__()
        self.url = url
        self.links: list[str] = []
        self.attributes: dict[str, str] = {}  # the first value of each data attribute
        self.forms: dict[str, Form] = {}
        self.buttons: list[Button] = []
        self._form = self._select = self._textarea = ""
        self.feed(text)

    def link(self, pattern: str) -> str:
        """Return the first link whose path matches."""
        for link in self.links:
            if re.search(pattern, urlsplit(link).path):
                return link
        raise NotFound(f"No link to {pattern} on {self.url}.")

    def submits(self, pattern: str) -> Iterator[Submit]:
        """Yield what each button that submits to a matching path would send."""
        for button in self.buttons:
            form = self.forms.get(button.form)
            if form is None or "disabled" in button.attributes:
                continue
            url = urljoin(self.url, button.attributes.get("formaction") or form.action)
            if not re.search(pattern, urlsplit(url).path):
                continue
            own = {button.attributes["name"]: button.attributes.get("value", "")} if "name" in button.attributes else {}
            yield Submit(url, form.fields | own)

    def submit(self, pattern: str) -> Submit:
        """Return the first one."""
        for submit in self.submits(pattern):
            return submit
        raise NotFound(f"No button that sends to {pattern} on {self.url}.")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        for name, value in attributes.items():
            if name.startswith("data-"):
                self.attributes.setdefault(name, value)
        read = getattr(self, f"_read_{tag}", None)
        if read:
            read(attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = ""
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._fields({})[self._textarea] += data

    def _read_a(self, attributes: dict[str, str]) -> None:
        if "href" in attributes:
            self.links.append(urljoin(self.url, attributes["href"]))

    def _read_form(self, attributes: dict[str, str]) -> None:
        self._form = attributes.get("id") or f"form {len(self.forms)}"
        self.forms.setdefault(self._form, Form()).action = attributes.get("action", "")

    def _read_button(self, attributes: dict[str, str]) -> None:
        if attributes.get("type", "submit") in BUTTONS:
            self.buttons.append(Button(attributes.get("form", self._form), attributes))

    def _read_input(self, attributes: dict[str, str]) -> None:
        kind, name = attributes.get("type", "text"), attributes.get("name")
        if kind in BUTTONS:
            self._read_button(attributes)
        if not name or kind in NOT_SENT or "disabled" in attributes:
            return
        if kind not in {"checkbox", "radio"} or "checked" in attributes:
            self._fields(attributes)[name] = attributes.get("value", "on" if kind == "checkbox" else "")

    def _read_textarea(self, attributes: dict[str, str]) -> None:
        self._textarea = attributes.get("name", "")
        if self._textarea:
            self._fields(attributes)[self._textarea] = ""

    def _read_select(self, attributes: dict[str, str]) -> None:
        self._select = attributes.get("name", "")

    def _read_option(self, attributes: dict[str, str]) -> None:
        fields = self._fields({})
        if self._select and ("selected" in attributes or self._select not in fields):
            fields[self._select] = attributes.get("value", "")

    def _fields(self, attributes: dict[str, str]) -> dict[str, str]:
        """Return the fields of the form to which a control belongs."""
        return self.forms.setdefault(attributes.get("form", self._form), Form()).fields
