"""One's own notifications."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from accounts.api_access.models import Scope
from accounts.models import User
from movr_project.api.answers import answer, no_content
from movr_project.api.authentication import scope
from movr_project.api.errors import not_found
from movr_project.api.pagination import CursorCollection, CursorPaging, paged_by_cursor

from .models import Notification
from .services import mark_all_read, mark_read

router = Router(tags=["notifications"])
OWN = scope(Scope.PROFILE)


class NotificationLinks(Schema):
    self: str
    read: str | None = Field(description="POST there to mark it as read.")


class NotificationOut(Schema):
    id: uuid.UUID
    code: str = Field(description="For programs.")
    text: str = Field(description="In your language.")
    url: str = Field(description="A path of the site, or empty.")
    sequence: int = Field(description="Grows with each notification that is written for you.")
    created_at: str
    read_at: str | None
    links: NotificationLinks = Field(alias="_links")


class NotificationFilters(Schema):
    unread: bool = False
    since: int | None = Field(None, ge=0, lt=2**31, description="Only those with a higher `sequence`, oldest first.")


def represent(notification: Notification) -> dict[str, Any]:
    path = f"/api/v1/notifications/{notification.id}"
    return {
        "id": notification.id,
        "code": notification.code,
        "text": notification.text,
        "url": notification.url,
        "sequence": notification.sequence,
        "created_at": notification.created_at,
        "read_at": notification.read_at,
        "_links": {"self": path, "read": f"{path}/read" if notification.is_unread else None},
    }


@router.get("/notifications", auth=OWN, response=CursorCollection[NotificationOut], summary="List own notifications")
def list_notifications(
    request: HttpRequest, paging: Query[CursorPaging], filters: Query[NotificationFilters]
) -> HttpResponse:
    """With `since`, asking again and again is cheap: without news, nothing but your own row is read."""
    person = request.auth.user
    own = person.notifications.listed()
    own = own.unread() if filters.unread else own
    if filters.since is None:
        return paged_by_cursor(request, own, paging, represent, order=("-created_at", "-id"))
    own = own.since(filters.since) if filters.since < person.notification_sequence else own.none()
    return paged_by_cursor(request, own, paging, represent, order=("sequence", "id"))


@router.get("/notifications/{uuid:id}", auth=OWN, response=NotificationOut, summary="Read one's own notification")
def read_notification(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002  (the name in the address)
    return answer(represent(_own(request.auth.user, id)))


@router.post("/notifications/{uuid:id}/read", auth=OWN, response={204: None}, summary="Mark a notification as read")
def mark_notification_read(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """Idempotent."""
    mark_read(request.auth.user, _own(request.auth.user, id).id)
    return no_content()


@router.post("/notifications/read", auth=OWN, response={204: None}, summary="Mark all notifications as read")
def mark_notifications_read(request: HttpRequest) -> HttpResponse:
    mark_all_read(request.auth.user)
    return no_content()


def _own(user: User, id_: uuid.UUID) -> Notification:
    notification = user.notifications.filter(id=id_).first()
    if notification is None:
        raise not_found()
    return notification
