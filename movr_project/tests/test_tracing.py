"""Traces for OpenTelemetry: what is in them, and that they name nobody."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from accounts.tests.factories import UserFactory
from fleet.tests.factories import VehicleFactory
from jobs.tests import tasks
from jobs.tests.work import run_jobs
from movr_project import tracing
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused
from movr_project.tracing.spans import Spans

from .databases import conflict
from .servers import NEEDED, ROOT, environment

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]


@pytest.fixture
def trace():
    """Trace in memory. Return the function that returns the spans so far."""
    exporter = InMemorySpanExporter()
    spans = Spans(SimpleSpanProcessor(exporter))
    tracing.trace_to(spans)
    with connection.execute_wrapper(spans.statement):
        yield exporter.get_finished_spans
    tracing.trace_to(None)


def named(spans, name):
    return [span for span in spans if span.name == name]


def parts(spans, whole):
    return [span for span in spans if span.parent and span.parent.span_id == whole.context.span_id]


@pytest.fixture
def started(trace):
    """The spans of a rider who starts a ride."""
    rider = UserFactory(username="grace.hopper", email="grace@movr.example")
    client = Client(HTTP_USER_AGENT="Grace's browser", REMOTE_ADDR="203.0.113.7")
    client.force_login(rider)
    vehicle = VehicleFactory()
    url = reverse("rides:ride_start", args=["paris", vehicle.public_id])
    assert client.post(f"{url}?next=/secret/", {"token": "secret token"}).status_code == 302
    return trace()


def test_a_request_contains_its_service_and_its_statements(started):
    (request,) = named(started, "POST /rides/start/<city:city>/<uuid:vehicle_id>/")
    assert request.parent is None
    assert request.attributes["http.response.status_code"] == 302
    (service,) = named(parts(started, request), "start_ride")
    statements = parts(started, service)
    assert {span.name for span in statements} >= {"SELECT", "INSERT", "UPDATE"}
    (ride,) = (span for span in statements if 'INSERT INTO "rides"' in span.attributes["db.query.text"])
    assert "%s" in ride.attributes["db.query.text"]


def test_a_trace_names_nobody(started):
    text = "".join(span.to_json() for span in started).lower()
    for secret in ("grace", "203.0.113", "secret", "next=", "louvre", "notre-dame"):
        assert secret not in text


def test_every_attempt_of_a_service_has_a_span(trace):
    attempts = iter([conflict, lambda: None])

    @retry_transaction
    def meet():
        next(attempts)()

    with tracing.job_span("task", attempt=1):
        meet()
    first, second = (span for span in trace() if span.name.endswith("meet"))
    assert (first.attributes["movr.attempt"], second.attributes["movr.attempt"]) == (1, 2)
    assert (first.attributes["error.type"], second.status.is_ok) == ("OperationalError", True)


def test_a_failed_page_is_an_error(trace, monkeypatch):
    monkeypatch.setattr("movr_project.views.render", lambda *args: 1 / 0)
    assert Client(raise_request_exception=False).get("/").status_code == 500
    (request,) = (span for span in trace() if span.kind is SpanKind.SERVER)
    assert (request.attributes["http.route"], request.status.is_ok) == ("/", False)


def test_an_error_has_a_type_and_no_message(trace):
    with pytest.raises(ValueError, match="Grace"), tracing.job_span("task", attempt=1) as job:
        raise ValueError("Grace")
    assert (job.attributes["error.type"], job.status.is_ok) == ("ValueError", False)
    assert "Grace" not in job.to_json()


def test_a_refusal_has_a_code_and_is_no_error(trace):
    @retry_transaction
    def refuse():
        raise Refused("Not you, Grace.", code="not_you")

    with tracing.job_span("task", attempt=1) as job, pytest.raises(Refused):
        refuse()
    (service,) = parts(trace(), job)
    assert service.attributes["movr.refused"] == "not_you"
    assert service.status.is_ok
    assert "Grace" not in service.to_json()


def test_a_jobs_statements_are_in_its_span(trace):
    tasks.do_nothing.enqueue()
    run_jobs()
    (job,) = named(trace(), tasks.do_nothing.module_path)
    assert job.attributes["movr.outcome"] == "done"
    assert {span.context.trace_id for span in trace()} == {job.context.trace_id}, "looking for jobs is not traced"
    assert len(trace()) > 1


def test_nothing_of_opentelemetry_is_imported_unless_traces_are_sent():
    result = in_a_process("assert not [name for name in sys.modules if name.startswith('opentelemetry')]")
    assert result.returncode == 0, result.stderr


def test_spans_arrive_at_the_collector():
    received = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{collector.server_port}"
        ask = "from django.test import Client; Client(HTTP_HOST='movr.example').get('/robots.txt', secure=True)"
        result = in_a_process(ask, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
        collector.shutdown()
    assert result.returncode == 0, result.stderr
    ((path, body),) = received
    assert path == "/v1/traces"
    assert b"GET /robots.txt" in body
    assert b"movr.request_id" in body


def in_a_process(code: str, **variables: str) -> subprocess.CompletedProcess:
    """Run code after Django has started, with nothing but these variables in the environment."""
    start = "import sys, django; django.setup(); import movr_project.wsgi\n"
    known = environment(DJANGO_SETTINGS_MODULE="movr_project.settings", **NEEDED, **variables)
    return subprocess.run([sys.executable, "-c", start + code], cwd=ROOT, env=known, capture_output=True, text=True)
