"""Send notifications to push services, encrypted for the browser (RFC 8291)."""

import json
import logging
import uuid
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from django.db.models import QuerySet
from django.utils import timezone
from django_tasks import task

from accounts.models import User
from movr_project.db.retry import id_for_every_attempt
from movr_project.logs import log_event

from ..models import Notification, PushSubscription
from .keys import CURVE, authorization, decode, is_configured
from .services import turn_off

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10
KEPT_FOR = timedelta(days=1)  # by the push service, for a device that is off
GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


def deliver_after_commit(notification: Notification, person: User, stale_at: datetime | None) -> None:
    """Have a job send a notification to the person's browsers, if there are any. Part of a transaction."""
    if is_configured() and _devices_of(person).exists():
        stale = stale_at.isoformat() if stale_at else ""
        push.using(user=person, job_id=id_for_every_attempt()).enqueue(str(notification.id), stale)


@task(queue_name="push", takes_context=True, max_attempts=2, start_within=KEPT_FOR)
def push(context: Any, notification_id: str, stale_at: str) -> int:
    """Send a notification, once more if a worker died meanwhile: browsers replace what has the same tag."""
    stale = datetime.fromisoformat(stale_at) if stale_at else None
    return deliver(context.user.city, uuid.UUID(notification_id), stale)


def deliver(city: str, notification_id: uuid.UUID, stale_at: datetime | None = None) -> int:
    """Send a notification to each browser of its person, and return how many took it.

    Not after ``stale_at``, nor if it has been read meanwhile. A subscription that the push service doesn't know any
    more is deleted. Other failures are logged, and not tried again.
    """
    seconds = _seconds_left(stale_at)
    unread = Notification.objects.filter(city=city, id=notification_id).unread()
    notification = unread.select_related("user").first()
    if notification is None or seconds <= 0 or not notification.user.is_active:
        return 0
    return sum(_send(device, notification, seconds) for device in _devices_of(notification.user))


def _devices_of(person: User) -> QuerySet[PushSubscription]:
    return PushSubscription.objects.filter(city=person.city, user_id=person.id).current(person)


def _seconds_left(stale_at: datetime | None) -> int:
    left = stale_at - timezone.now() if stale_at else KEPT_FOR
    return int(min(left, KEPT_FOR).total_seconds())


def _send(device: PushSubscription, notification: Notification, seconds: int) -> bool:
    try:
        status = _post(device.endpoint, _encrypted(device, notification), seconds)
    except (OSError, HTTPException) as error:
        log_event(logger, "push_failed", level=logging.WARNING, error=type(error).__name__)
        return False
    if status in GONE:
        turn_off(city=device.city, id_=device.id)
    elif status >= HTTPStatus.MULTIPLE_CHOICES:
        log_event(logger, "push_failed", level=logging.WARNING, service=urlsplit(device.endpoint).netloc, status=status)
    return status < HTTPStatus.MULTIPLE_CHOICES


def _encrypted(device: PushSubscription, notification: Notification) -> bytes:
    """Return the message that movr_project/web/service-worker.js shows. Only the browser can read it."""
    message = {"text": notification.text, "url": notification.url, "tag": str(notification.id)}
    return http_ece.encrypt(
        json.dumps(message).encode(),
        private_key=ec.generate_private_key(CURVE),
        dh=decode(device.p256dh),
        auth_secret=decode(device.auth),
        version="aes128gcm",
    )


def _post(endpoint: str, body: bytes, seconds: int) -> int:
    """Return the status. Redirects are not followed, so nothing is sent anywhere else."""
    address = urlsplit(endpoint)
    headers = {
        **authorization(endpoint),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(seconds),
        "Urgency": "high",
    }
    service = HTTPSConnection(address.netloc, timeout=TIMEOUT_SECONDS)
    try:
        service.request("POST", address._replace(scheme="", netloc="").geturl(), body, headers)
        return service.getresponse().status
    finally:
        service.close()
