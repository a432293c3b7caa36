"""Logging: one line per event to stdout. It contains no personal data except user ids.

URL patterns are logged instead of paths, which contain names. E-mail and IP addresses are masked everywhere.
"""

import json
import logging
import re
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from threading import Lock
from types import TracebackType
from typing import Any

from django.http import HttpRequest
from django.views.debug import ExceptionReporter

current_request_id: ContextVar[str] = ContextVar("request_id", default="")

EMAIL_ADDRESS = re.compile(r"[^\s@<>()\[\]{}'\",;:=]+@[^\s@<>()\[\]{}'\",;:=]+")
IP_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?(?![\w:])",
    re.IGNORECASE,
)
GUNICORN_QUOTES = re.compile(r"(Error handling request|Invalid request)\b.*", re.DOTALL)
MAX_MESSAGE_LENGTH = 2000

MAIL_AGAIN_AFTER_SECONDS = 10 * 60
MAILS_PER_HOUR = 20
HOUR_SECONDS = 60 * 60


def log_event(logger: logging.Logger, event: str, *, level: int = logging.INFO, **facts: Any) -> None:
    """Log an event on one line. ``facts`` must be safe to store: no names, no addresses."""
    sentence = f"{event.replace('_', ' ')}: " + " ".join(f"{name}={value}" for name, value in facts.items())
    logger.log(level, sentence, extra={"event": event, "facts": facts})


def route_of(request: HttpRequest) -> str | None:
    """Return the URL pattern, such as ``users/<str:username>/``, or None if none matched."""
    return request.resolver_match.route if request.resolver_match else None


def masked(text: str) -> str:
    return IP_ADDRESS.sub("[address]", EMAIL_ADDRESS.sub("[e-mail]", text[:MAX_MESSAGE_LENGTH]))


def traceback_of(error: BaseException | None) -> str:
    """Return the traceback and messages of an error, without variables.

    Only the first line of each message is kept, masked: PostgreSQL's second line quotes the row.
    """
    parts: list[str] = []
    while error is not None:
        sentence = masked(str(error).partition("\n")[0])
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.insert(0, f"{frames}{type(error).__module__}.{type(error).__qualname__}: {sentence}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(parts)


class RequestContext(logging.Filter):
    """Add the request's id to each record, and remove what the client sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", "") or current_request_id.get()
        record.msg, record.args = masked(_message(record, request)), ()
        return True


def _message(record: logging.LogRecord, request: HttpRequest | None) -> str:
    if record.name == "django.request" and record.args and request:
        return record.msg % (*record.args[:-1], route_of(request))  # the last argument is the path
    if record.name.startswith("django.security."):
        record.exc_info = None
        return f"Refused: {record.name.rpartition('.')[2]}"
    if record.name == "gunicorn.error":
        return GUNICORN_QUOTES.sub(r"\1", record.getMessage())
    return record.getMessage()


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON. It must have passed ``RequestContext``."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": getattr(record, "event", "log"),
            "request_id": getattr(record, "request_id", ""),
        }
        line |= getattr(record, "facts", None) or {
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1]:
            line["traceback"] = traceback_of(record.exc_info[1])
        return json.dumps(line, default=str)


class ErrorReport(ExceptionReporter):
    """The e-mail to ADMINS about an error: its traceback, without settings, request, user or variables."""

    def get_traceback_text(self) -> str:
        return traceback_of(self.exc_value if isinstance(self.exc_value, BaseException) else None)


class MailLimit(logging.Filter):
    """Allow one e-mail per distinct error in ten minutes, and a limited number per hour, per process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.clock = clock
        self.lock = Lock()
        self.sent: deque[tuple[float, tuple]] = deque()

    def filter(self, record: logging.LogRecord) -> bool:
        now, error = self.clock(), _distinct(record)
        with self.lock:
            while self.sent and self.sent[0][0] <= now - HOUR_SECONDS:
                self.sent.popleft()
            lately = now - MAIL_AGAIN_AFTER_SECONDS
            if len(self.sent) >= MAILS_PER_HOUR or any(at > lately and was == error for at, was in self.sent):
                return False
            self.sent.append((now, error))
            return True


def _distinct(record: logging.LogRecord) -> tuple:
    """Return what identifies an error: its type and location, or the line that logged it."""
    kind, _error, place = record.exc_info or (None, None, None)
    if place is None:
        return (record.name, record.pathname, record.lineno)
    return (kind, *_innermost(place))


def _innermost(place: TracebackType) -> tuple[str, int]:
    while place.tb_next:
        place = place.tb_next
    return (place.tb_frame.f_code.co_filename, place.tb_lineno)
