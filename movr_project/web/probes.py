"""What load balancers and monitoring ask, answered before the host is validated: they address a server by its IP."""

from collections.abc import Callable

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..health import lines
from ..metrics import metrics

GetResponse = Callable[[HttpRequest], HttpResponse]
Check = Callable[[], str]


class NotReady(Exception):
    """What is wrong, in words that say nothing about credentials or addresses."""


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Respond with 200 if the database answers, else 503. The fields of apps don't change the status."""
    try:
        _database()
        fields = lines()
    except (NotReady, Error):
        return _text("The database is not responding.\n", 503)
    return _text("\n".join(["Health check.", *fields, ""]))


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Respond with 200: the process serves requests. Restarting it would not bring a database back."""
    return _text("ok\n")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Run every check. Respond with one line for each, and with 503 if one fails."""
    lines, status = [], 200
    for name, check in _checks.items():
        try:
            lines.append(f"{name}: {check()}\n")
        except NotReady as reason:
            lines.append(f"{name}: {reason}\n")
            status = 503
        except Error:
            connection.close()
            lines.append(f"{name}: unknown\n")
            status = 503
    return _text("".join(lines), status)


def _text(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")


def add_check(name: str, check: Check) -> None:
    """Add a check to ``/readyz``. It returns what there is to say, or raises ``NotReady``."""
    _checks[name] = check


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        connection.close()
        raise NotReady("not responding") from error
    return "ok"


class _Migrations:
    """Whether this release's migrations are applied. Once they are, they remain so for this process."""

    applied = False

    def __call__(self) -> str:
        if not self.applied:
            executor = MigrationExecutor(connection)
            missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
            if missing:
                raise NotReady(f"{missing} not applied")
            self.applied = True
        return "ok"


_checks: dict[str, Check] = {"database": _database, "migrations": _Migrations()}

PROBES = {"/health/": health, "/livez": livez, "/readyz": readyz, "/metrics": metrics}


class ProbesMiddleware:
    """Answer the probes. They are in no URLconf, as nothing else applies to them: hosts, HTTPS, sessions, languages."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return PROBES.get(request.path, self.get_response)(request)
