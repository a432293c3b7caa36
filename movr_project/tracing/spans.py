"""The spans. They name nobody: routes instead of paths, statements without parameters, errors without messages."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, get_current_span

from ..errors import Refused
from ..logs import route_of
from . import trace_to

MAX_STATEMENT_LENGTH = 2000
KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def start_tracing() -> None:
    """Send spans to OTEL_EXPORTER_OTLP_ENDPOINT, in batches and in the background."""
    spans = Spans(BatchSpanProcessor(OTLPSpanExporter()))
    connection_created.connect(spans.trace_statements, weak=False)
    trace_to(spans)


class Spans:
    """What is traced. OpenTelemetry itself reads OTEL_TRACES_SAMPLER and its limits from the environment."""

    def __init__(self, processor: SpanProcessor):
        provider = TracerProvider(resource=Resource.create({SERVICE_NAME: settings.OTEL_SERVICE_NAME}))
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("movr")

    @contextmanager
    def request(self, request: HttpRequest) -> Iterator[Callable[[HttpResponse], None]]:
        """Trace a request, and yield the function that describes its response.

        A ``traceparent`` from outside is ignored, as clients could choose what is sampled.
        """
        method = request.method if request.method in KNOWN_METHODS else "_OTHER"
        with self._span(method, SpanKind.SERVER, {"http.request.method": method}) as span:
            yield lambda response: _describe(span, method, request, response)

    def job(self, task: str, *, attempt: int) -> AbstractContextManager[Span]:
        return self._span(task, SpanKind.CONSUMER, {"movr.attempt": attempt})

    def record_outcome(self, outcome: str) -> None:
        span = get_current_span()
        span.set_attribute("movr.outcome", outcome)
        if outcome == "error":
            span.set_status(StatusCode.ERROR)

    def transaction(self, service: str, *, attempt: int) -> AbstractContextManager[Any]:
        return self._part(service, SpanKind.INTERNAL, {"movr.attempt": attempt})

    def trace_statements(self, sender: Any, connection: Any, **kwargs: Any) -> None:
        """Trace the statements of a new connection. A receiver of ``connection_created``."""
        if self.statement not in connection.execute_wrappers:
            connection.execute_wrappers.insert(0, self.statement)

    def statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """Run a statement in a span of its own. An execute wrapper."""
        operation = sql.split(maxsplit=1)[0]
        attributes = {"db.system.name": context["connection"].vendor, "db.query.text": sql[:MAX_STATEMENT_LENGTH]}
        with self._part(operation, SpanKind.CLIENT, attributes):
            return execute(sql, params, many, context)

    def _part(self, name: str, kind: SpanKind, attributes: Mapping[str, str | int]) -> AbstractContextManager[Any]:
        """Open a span within a recorded request or job. A worker's looks for jobs would be traces of their own."""
        return self._span(name, kind, attributes) if get_current_span().is_recording() else nullcontext()

    @contextmanager
    def _span(self, name: str, kind: SpanKind, attributes: Mapping[str, str | int]) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except Refused as refused:
                span.set_attribute("movr.refused", refused.code)  # a rule did its work, so it is no error
                raise
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise


def _describe(span: Span, method: str, request: HttpRequest, response: HttpResponse) -> None:
    span.set_attribute("http.response.status_code", response.status_code)
    span.set_attribute("movr.request_id", request.request_id)  # as in the log
    if (route := route_of(request)) is not None:
        span.set_attribute("http.route", f"/{route}")
        span.update_name(f"{method} /{route}")
    if response.status_code >= 500:
        span.set_status(StatusCode.ERROR)
