"""Traces for OpenTelemetry, if OTEL_EXPORTER_OTLP_ENDPOINT is set: requests, jobs, transactions and statements.

Without it, OpenTelemetry is not even imported: only ``spans`` does that. Its own instrumentation of Django and psycopg
records paths, addresses and the messages of errors, so the spans are made here.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from .spans import Spans

_spans: "Spans | None" = None


def trace_to(spans: "Spans | None") -> None:
    """Trace from now on, or stop tracing."""
    global _spans
    _spans = spans


def is_tracing() -> bool:
    return _spans is not None


def request_span(request: HttpRequest) -> AbstractContextManager[Callable[[HttpResponse], None]]:
    """Trace a request. The block passes its response to the function that it gets."""
    return _spans.request(request) if _spans else nullcontext(lambda response: None)


def job_span(task: str, *, attempt: int) -> AbstractContextManager[Any]:
    """Trace an attempt of a job."""
    return _spans.job(task, attempt=attempt) if _spans else nullcontext()


def record_outcome(outcome: str) -> None:
    """Add how a job ended to its span."""
    if _spans:
        _spans.record_outcome(outcome)


def transaction_span(service: str, *, attempt: int) -> AbstractContextManager[Any]:
    """Trace an attempt of a service's transaction, as part of a request or a job."""
    return _spans.transaction(service, attempt=attempt) if _spans else nullcontext()
