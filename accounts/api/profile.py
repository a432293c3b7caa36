"""One's own profile."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema
from pydantic import ConfigDict

from cities.registry import registry
from movr_project.api.answers import answer, etag_of
from movr_project.api.authentication import scope
from movr_project.api.errors import invalid_form
from movr_project.api.preconditions import change, check_if_match

from ..forms import EditProfileForm
from ..limits import limited_email_changes
from ..models import User
from ..passwords import MAX_TYPED_LENGTH
from ..refusals import account_changed
from ..services import AccountRefused, names_taken_refused, write_profile
from .tokens import CODE_HEADER, SECOND_FACTOR

router = Router()

MAX_TEXT = 1000  # characters of any field, before the form's own limits
FIELDS = [
    "username",
    "email",
    "first_name",
    "last_name",
    "about_me",
    "language",
    "theme",
    "is_listed",
    "notify_by_mail",
]


class ProfileLinks(Schema):
    self: str
    user: str
    tokens: str


class ProfileOut(Schema):
    id: uuid.UUID
    username: str
    email: str
    email_confirmed: bool
    first_name: str
    last_name: str
    about_me: str
    language: str
    theme: str
    is_listed: bool
    notify_by_mail: bool
    city: str
    joined_at: datetime
    last_seen: datetime | None
    links: ProfileLinks = Field(alias="_links")


class ProfileIn(Schema):
    """Fields that are left out, or null, stay as they are."""

    model_config = ConfigDict(extra="forbid")

    username: str | None = Field(None, max_length=MAX_TEXT)
    email: str | None = Field(None, max_length=MAX_TEXT)
    current_password: str | None = Field(
        None, max_length=MAX_TYPED_LENGTH, description="Only needed to change the e-mail address."
    )
    first_name: str | None = Field(None, max_length=MAX_TEXT)
    last_name: str | None = Field(None, max_length=MAX_TEXT)
    about_me: str | None = Field(None, max_length=MAX_TEXT)
    language: str | None = Field(None, max_length=MAX_TEXT)
    theme: str | None = Field(None, max_length=MAX_TEXT)
    is_listed: bool | None = None
    notify_by_mail: bool | None = None


def represent(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "email_confirmed": user.email_is_confirmed,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "about_me": user.about_me,
        "language": user.language,
        "theme": user.theme,
        "is_listed": user.is_listed,
        "notify_by_mail": user.notify_by_mail,
        "city": registry[user.city].slug,
        "joined_at": user.date_joined,
        "last_seen": user.last_seen,
        "_links": {
            "self": "/api/v1/profile",
            "user": f"/api/v1/users/{user.id}",
            "tokens": "/api/v1/tokens",
        },
    }


def profile_etag(user: User) -> str:
    """Return the entity tag of what the person can change."""
    return etag_of(user.id, *(getattr(user, name) for name in FIELDS))


def _answer(user: User) -> HttpResponse:
    return answer(represent(user), etag=profile_etag(user))


@router.get("/profile", auth=scope("profile", terms=False), response=ProfileOut, summary="Read the profile")
def read_profile(request: HttpRequest) -> HttpResponse:
    return _answer(request.auth.user)


@router.patch(
    "/profile", auth=scope("profile"), response=ProfileOut, summary="Change the profile", openapi_extra=SECOND_FACTOR
)
def update_profile(request: HttpRequest, data: ProfileIn) -> HttpResponse:
    """Send `If-Match` with the ETag of the profile. A new e-mail address needs `current_password`, and of staff with
    two-factor authentication a code in `X-Second-Factor`.
    """
    return edit(request, data, _answer)


def edit(request: HttpRequest, data: ProfileIn, render: Callable[[User], HttpResponse]) -> HttpResponse:
    """Validate with the form of the page, and write with its service if the profile is the one that was read."""
    user = request.auth.user
    check_if_match(request, profile_etag(user))  # before a code is used up
    changes = _validated(request, user, data).changes
    row = user

    def current() -> str:
        nonlocal row
        locked = User.objects.locked(user)
        if locked is None:
            raise account_changed(AccountRefused)
        row = locked
        return profile_etag(row)

    def write() -> User:
        if changes:
            write_profile.__wrapped__(row, changes)  # type: ignore[attr-defined]
        return User.objects.get(id=row.id)

    names = changes.get("username", user.username), changes.get("email", user.email)
    with limited_email_changes(user, changes), names_taken_refused(*names, besides=user):
        return change(request, write, render, current=current)


def _validated(request: HttpRequest, user: User, data: ProfileIn) -> EditProfileForm:
    given = {name: value for name, value in data.model_dump().items() if value is not None}
    present = {name: getattr(user, name) for name in FIELDS}
    code = {EditProfileForm.CODE: request.headers.get(CODE_HEADER, "")}
    form = EditProfileForm(present | given | code, user=user)
    if not form.is_valid():
        raise invalid_form(form)
    return form
