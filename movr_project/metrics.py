"""Metrics for Prometheus: ``/metrics``, for those who have METRICS_TOKEN.

A server has several processes, and a request for the metrics reaches one of them. With PROMETHEUS_MULTIPROC_DIR, which
gunicorn.conf.py sets, each process counts in a file of its own in that folder, and the response is their sum. A worker
counts in the same folder, or serves its own numbers where it has another machine to itself: WORKER_METRICS_PORT.

Labels must have few values and name nobody: URL names, codes and cities, never paths or ids.
"""

import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from secrets import compare_digest
from typing import Any
from wsgiref.simple_server import WSGIServer

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR" in os.environ
if MULTIPROCESS:
    # By default the files are named after process ids, and each restarted worker would leave some behind.
    values.ValueClass = values.MultiProcessValue(lambda: os.environ.get("METRICS_PROCESS") or os.getpid())

_own = CollectorRegistry()
_counter = partial(Counter, registry=_own)
_histogram = partial(Histogram, registry=_own)

REQUESTS = _histogram(
    "movr_request_seconds",
    "Time to respond, by URL name",
    ["view", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
STATEMENTS = _histogram(
    "movr_statement_seconds",
    "Time of a database statement, as seen from here",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10),
)
CONNECTIONS = _counter("movr_database_connections_opened", "Connections made to the database")
RETRIES = _counter("movr_transaction_retries", "Transactions run again", ["service", "fault"])
GIVEN_UP = _counter("movr_transactions_given_up", "Transactions that ran out of attempts or time", ["service"])
REFUSALS = _counter("movr_refusals", "Actions refused by a rule", ["service", "code"])
MAILS = _counter("movr_mails", "E-mails handed to the mail server", ["template", "outcome"])
JOBS = _histogram(
    "movr_job_seconds",
    "Time to run a job, once",
    ["task", "outcome"],
    buckets=(0.1, 0.5, 1, 5, 30, 60, 300, 1800),
)

Collector = Callable[[], Iterable[Metric]]
_collectors: list[Collector] = []


def add_collector(collector: Collector) -> Collector:
    """Register a function that reads metrics from the database at each request for them. Usable as a decorator."""
    _collectors.append(collector)
    return collector


def gauge(name: str, sentence: str, labels: list[str], rows: Iterable[tuple[list[str], float]]) -> Metric:
    """Return a metric with one value for each row of labels."""
    family = GaugeMetricFamily(name, sentence, labels=labels)
    for values_, number in rows:
        family.add_metric(values_, number)
    return family


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Respond with all metrics in Prometheus's text format, and 404 unless METRICS_TOKEN is set."""
    if not settings.METRICS_TOKEN:
        return HttpResponse("METRICS_TOKEN is not set.\n", status=404, content_type="text/plain")
    given = request.headers.get("Authorization", "")
    if not compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        refused = HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=401, content_type="text/plain")
        refused["WWW-Authenticate"] = "Bearer"
        return refused
    return HttpResponse(generate_latest(_everything()), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def serve_counters(port: int) -> WSGIServer:
    """Serve what this machine has counted on a port of its own, in a thread. For workers: web servers have a URL."""
    server, _thread = start_http_server(port, registry=_counters())
    return server


def _everything() -> CollectorRegistry:
    registry = _counters()
    registry.register(_FromTheDatabase())
    return registry


def _counters() -> CollectorRegistry:
    registry = CollectorRegistry()
    if MULTIPROCESS:
        MultiProcessCollector(registry)
    else:
        registry.register(_own)
    return registry


class _FromTheDatabase:
    """The metrics of all collectors. Without a database, the others are still served."""

    def collect(self) -> Iterable[Metric]:
        found: list[Metric] = []
        try:
            for collector in _collectors:
                found += collector()
        except Error:
            connection.close()
            found = []
        return [gauge("movr_database_up", "Whether the database answers", [], [([], bool(found))]), *found]

    def describe(self) -> Iterable[Metric]:
        return []  # so that registering it asks nothing


@add_collector
def _connections() -> Iterable[Metric]:
    """Yield the database's connections by state, where the server has a list that everyone may read."""
    rows: list[tuple[list[str], float]] = []
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() GROUP BY 1"
            )
            rows = [([state], number) for state, number in cursor.fetchall()]
    yield gauge("movr_database_connections", "Connections of the database, by state", ["state"], rows)


def observe_statements(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Time the statements of a new connection. A receiver of ``connection_created``."""
    CONNECTIONS.inc()
    if _timed not in connection.execute_wrappers:
        # First, because Django's own context managers remove the last one.
        connection.execute_wrappers.insert(0, _timed)


def _timed(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        STATEMENTS.observe(time.perf_counter() - began)
