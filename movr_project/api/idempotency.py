"""``Idempotency-Key``: a POST that is sent again returns the answer of the first one and changes nothing."""

import re
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.api_access.models import KeptAnswer
from accounts.api_access.retention import ANSWERS_KEPT_FOR
from accounts.models import User

from ..db.faults import timed_out
from ..db.retry import run_transaction
from .answers import JSON_TYPE
from .errors import ApiError

HEADER = "Idempotency-Key"
VALID_KEY = re.compile(r"[\x21-\x7e]{1,200}")
RETRY_AFTER_SECONDS = 1

R = TypeVar("R")


def once(
    request: HttpRequest,
    service: Callable[..., R],
    render: Callable[[R], HttpResponse],
    /,
    **arguments: Any,
) -> HttpResponse:
    """Call a service and return ``render`` of its result. With an ``Idempotency-Key``, do so only once.

    ``service`` is decorated with ``retry_transaction``, or a plain function that is part of a transaction. It runs in
    one transaction with the row that keeps the answer, so either both are written or neither. ``render`` runs in that
    transaction too, and again in each attempt: it must not write.

    A second request with the same key waits for the first and then gets the same answer. An error is not kept.
    """
    key = _key_of(request)
    part: Callable[..., R] = getattr(service, "__wrapped__", service)
    if not key:
        return render(service(**arguments) if part is not service else _in_transaction(part, arguments))
    owner = getattr(request.auth, "id", None)
    fingerprint = _fingerprint(request)

    def attempt() -> HttpResponse:
        kept = _claim(key, owner, fingerprint)
        if kept:
            return _replay(kept, fingerprint)
        result = part(**arguments)
        response = render(result)
        # What someone gets for signing up is theirs, and is erased with their account.
        _keep(_hashed(owner, key), response, result.id if isinstance(result, User) else owner)
        return response

    # Idempotent: after a commit in doubt, the next attempt finds the kept answer.
    return run_transaction(attempt, idempotent=True, name=f"once {part.__qualname__}")


def _in_transaction(part: Callable[..., R], arguments: dict[str, Any]) -> R:
    return run_transaction(lambda: part(**arguments), name=part.__qualname__)


def _key_of(request: HttpRequest) -> str:
    key = request.headers.get(HEADER, "")
    if key and not VALID_KEY.fullmatch(key):
        sentence = _("An Idempotency-Key has 1 to 200 visible ASCII characters.")
        raise ApiError(HTTPStatus.BAD_REQUEST, "invalid_idempotency_key", sentence)
    return key


def _hashed(owner: UUID | None, key: str) -> str:
    return sha256(f"{owner} {key}".encode()).hexdigest()


def _fingerprint(request: HttpRequest) -> str:
    parts = (request.method or "").encode(), request.get_full_path().encode(), request.body
    return sha256(b"\n".join(parts)).hexdigest()


def _claim(key: str, owner: UUID | None, fingerprint: str) -> KeptAnswer | None:
    """Claim the key for this request, or return what is kept for it. Waits for another request that has it."""
    now = timezone.now()
    hashed = _hashed(owner, key)
    try:
        claimed = _insert(hashed, owner, fingerprint, now)
    except OperationalError as error:
        if timed_out(error):
            raise _still_running() from error
        raise
    if claimed:
        return None
    kept = KeptAnswer.objects.filter(key=hashed).first()
    if kept is None or kept.made_at <= now - ANSWERS_KEPT_FOR:
        KeptAnswer.objects.filter(key=hashed).delete()
        return _claim(key, owner, fingerprint)
    return kept


def _insert(hashed: str, owner: UUID | None, fingerprint: str, now: datetime) -> bool:
    """Insert the row unless there is one, and return whether it was inserted. Django's own insert doesn't tell."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields = KeptAnswer._meta.get_field
    values = {"key": hashed, "owner_id": owner, "request": fingerprint, "made_at": now, "location": "", "body": ""}
    adapted = [fields(name).get_db_prep_save(value, connection) for name, value in values.items()]
    columns = ", ".join(connection.ops.quote_name(fields(name).column) for name in values)
    places = ", ".join(["%s"] * len(values))
    sql = f"INSERT INTO kept_answers ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, adapted)
        return bool(cursor.rowcount)


def _keep(hashed: str, response: HttpResponse, owner: UUID | None) -> None:
    KeptAnswer.objects.filter(key=hashed).update(
        owner_id=owner,
        status=response.status_code,
        location=response.headers.get("Location", ""),
        body=response.content.decode(),
    )


def _replay(kept: KeptAnswer, fingerprint: str) -> HttpResponse:
    if kept.request != fingerprint:
        sentence = _("This Idempotency-Key was sent with another request.")
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", sentence)
    response = HttpResponse(kept.body, status=kept.status, content_type=JSON_TYPE)
    if kept.location:
        response["Location"] = kept.location
    response["Idempotency-Replayed"] = "true"
    return response


def _still_running() -> ApiError:
    sentence = _("The first request with this Idempotency-Key is still running.")
    return ApiError(HTTPStatus.CONFLICT, "still_running", sentence, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
