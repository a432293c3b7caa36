"""An in-process browser: whole requests through WSGI, with the CPU time of each."""

import gzip
import io
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode, urljoin, urlsplit

from .html import Page, Submit

HOST = "movr.example"
ORIGIN = f"https://{HOST}"


class UnexpectedAnswer(RuntimeError):
    """A page to be measured did not respond as expected."""


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    fields: dict[str, str] = field(default_factory=dict)

    @classmethod
    def get(cls, url: str) -> "Request":
        return cls("GET", url)

    @classmethod
    def post(cls, submit: Submit, **fields: str) -> "Request":
        return cls("POST", submit.url, submit.fields | fields)


@dataclass(frozen=True)
class Answer:
    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    cpu_ms: float

    @cached_property
    def content(self) -> bytes:
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body

    @cached_property
    def page(self) -> Page:
        return Page(self.content.decode(), self.url)

    @property
    def location(self) -> str:
        return urljoin(self.url, self.headers["location"])

    def expect(self, *statuses: int) -> "Answer":
        if self.status not in statuses:
            raise UnexpectedAnswer(f"{self.url} answered {self.status}: {self.content[:300]!r}")
        return self


class Browser:
    """A person's browser: it keeps cookies, uses HTTPS and accepts gzip."""

    def __init__(self, application: Any, cookies: dict[str, str], accept_encoding: str = "gzip"):
        self.application = application
        self.cookies = cookies
        self.accept_encoding = accept_encoding

    def get(self, url: str) -> Answer:
        return self.send(Request.get(url)).expect(200)

    def post(self, submit: Submit, **fields: str) -> Answer:
        """Submit a form and follow the redirect."""
        return self.get(self.send(Request.post(submit, **fields)).expect(302).location)

    def send(self, request: Request, **headers: str) -> Answer:
        """Send a request, with further headers as WSGI names them."""
        environ, head = self._environ(request) | headers, {}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            head.update(status=int(status.split()[0]), headers=headers)

        began = time.process_time()
        result = self.application(environ, start_response)
        body = b"".join(result)
        if hasattr(result, "close"):
            result.close()
        cpu_ms = (time.process_time() - began) * 1000
        self._keep_cookies(head["headers"])
        headers = {name.lower(): value for name, value in head["headers"]}
        return Answer(urljoin(ORIGIN, request.url), head["status"], headers, body, cpu_ms)

    def _environ(self, request: Request) -> dict[str, Any]:
        parts, body = urlsplit(request.url), urlencode(request.fields).encode()
        environ = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": HOST,
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": HOST,
            "HTTP_ACCEPT_ENCODING": self.accept_encoding,
            "HTTP_ACCEPT_LANGUAGE": "en",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if request.method == "POST":
            environ["HTTP_ORIGIN"] = ORIGIN
            environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
            environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def _keep_cookies(self, headers: list[tuple[str, str]]) -> None:
        for name, value in headers:
            if name.lower() == "set-cookie":
                for cookie in SimpleCookie(value).values():
                    self.cookies[cookie.key] = cookie.coded_value
