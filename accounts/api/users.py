"""Users as other people see them, and signing up."""

import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema
from pydantic import ConfigDict

from cities.registry import registry
from movr_project.api.answers import answer, created
from movr_project.api.authentication import anyone, scope
from movr_project.api.errors import ApiError, invalid_form, not_found
from movr_project.api.idempotency import once
from movr_project.api.pagination import Collection, Paging, paged
from movr_project.web.clients import client_address
from throttling.services import throttle

from ..avatars import avatar_svg
from ..forms import NewUserForm
from ..hooks import Circle, followed, followers, visible_people
from ..models import User
from ..passwords import MAX_TYPED_LENGTH, hash_password
from ..services import AccountRefused, insert_rider, with_free_username
from .profile import MAX_TEXT, ProfileIn, edit, profile_etag
from .tokens import SECOND_FACTOR

router = Router()

SVG = {"responses": {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}}}

# What the microblog's clients read, word for word.
MISSING = "must include username, email and password fields"
TAKEN = {
    "username_taken": "please use a different username",
    "email_taken": "please use a different email address",
}


SHOWN = ["username", "last_seen", "about_me", "email", "post_count", "follower_count", "followed_count"]


class UserLinks(Schema):
    self: str
    followers: str
    followed: str
    avatar: str


class UserOut(Schema):
    id: uuid.UUID
    username: str
    last_seen: datetime | None
    about_me: str
    post_count: int
    follower_count: int
    followed_count: int
    email: str | None = Field(None, description="Only of oneself.")
    links: UserLinks = Field(alias="_links")


class NewUser(Schema):
    model_config = ConfigDict(extra="forbid")

    username: str = Field("", max_length=MAX_TEXT, description="If left out, one is made from the first name.")
    email: str = Field("", max_length=MAX_TEXT)
    password: str = Field("", max_length=MAX_TYPED_LENGTH)
    first_name: str = Field("", max_length=MAX_TEXT)
    last_name: str = Field("", max_length=MAX_TEXT)
    city: str = Field("", max_length=MAX_TEXT, description="The slug of the home city.")


class UserFilters(Schema):
    city: str = Field("", max_length=100, description="The slug of a home city.")


def user_path(user: User) -> str:
    return f"/api/v1/users/{user.id}"


def represent(user: User, *, to: User | None) -> dict[str, Any]:
    path = user_path(user)
    email = {"email": user.email} if to is not None and to.id == user.id else {}
    return {
        "id": user.id,
        "username": user.username,
        "last_seen": user.last_seen,
        "about_me": user.about_me,
        "post_count": user.post_count,
        "follower_count": user.follower_count,
        "followed_count": user.followed_count,
        **email,
        "_links": {
            "self": path,
            "followers": f"{path}/followers",
            "followed": f"{path}/followed",
            "avatar": f"{path}/avatar",
        },
    }


@router.get("/users", auth=scope("users:read"), response=Collection[UserOut], summary="List people")
def list_users(request: HttpRequest, paging: Query[Paging], filters: Query[UserFilters]) -> HttpResponse:
    """The list has people whose profile is visible to you, by username."""
    people = visible_people.to(request.auth.user).listed()
    if filters.city:
        city = registry.with_slug(filters.city)
        people = people.in_city(city.name) if city else people.none()
    people = people.only(*SHOWN).by_username()
    return paged(request, people, paging, lambda user: represent(user, to=request.auth.user))


@router.post("/users", auth=anyone, response={201: UserOut}, summary="Sign up")
def create_user(request: HttpRequest, data: NewUser) -> HttpResponse:
    """Sign up. By signing up one accepts the terms of use, as on the site: see `/terms/`.

    Other people don't see the new profile until `is_listed` is set in `/profile`.
    """
    if not (data.email and data.password):
        raise ApiError(HTTPStatus.BAD_REQUEST, "missing_fields", MISSING)
    form = _validated(data)
    throttle("register", client_address(request), limit=settings.REGISTRATIONS_PER_HOUR)
    values = {name: form.cleaned_data[name] for name in ("city", "first_name", "last_name", "email")}
    password = hash_password(form.cleaned_data["password"])  # slow by design, so before the transaction
    row = values | {"id_": uuid.uuid4(), "password": password, "language": get_language()}

    def insert(username: str) -> HttpResponse:
        return once(request, insert_rider, _answer_new, **row, username=username)

    names = {"first_name": values["first_name"], "email": values["email"]}
    try:
        return with_free_username(insert, form.cleaned_data["username"], **names)
    except AccountRefused as refused:
        raise _taken(refused) from refused


def _answer_new(user: User) -> HttpResponse:
    return created(represent(user, to=user), user_path(user))


def _validated(data: NewUser) -> NewUserForm:
    city = registry.with_slug(data.city)
    form = NewUserForm(data.model_dump() | {"city": city.name if city else data.city})
    if not form.is_valid():
        raise invalid_form(form)
    return form


def _taken(refused: AccountRefused) -> Exception:
    sentence = TAKEN.get(refused.code)
    return ApiError(HTTPStatus.BAD_REQUEST, refused.code, sentence) if sentence else refused


@router.get("/users/{uuid:id}", auth=scope("users:read", "profile"), response=UserOut, summary="Read a person")
def read_user(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002  (the name in the address)
    """One's own record has the e-mail address, and an ETag for `PUT`."""
    me = request.auth.user
    if me.id == id:
        return _answer_own(me)
    return answer(represent(_seen_by(me, id), to=me))


@router.put(
    "/users/{uuid:id}", auth=scope("profile"), response=UserOut, summary="Change oneself", openapi_extra=SECOND_FACTOR
)
def update_user(request: HttpRequest, id: uuid.UUID, data: ProfileIn) -> HttpResponse:  # noqa: A002
    """Change one's own record. Fields that are left out stay as they are. Another person's is 403."""
    return _update(request, id, data)


@router.patch(
    "/users/{uuid:id}", auth=scope("profile"), response=UserOut, summary="Change oneself", openapi_extra=SECOND_FACTOR
)
def patch_user(request: HttpRequest, id: uuid.UUID, data: ProfileIn) -> HttpResponse:  # noqa: A002
    """The same as `PUT`."""
    return _update(request, id, data)


def _update(request: HttpRequest, id_: uuid.UUID, data: ProfileIn) -> HttpResponse:
    if request.auth.user.id != id_:
        raise ApiError(HTTPStatus.FORBIDDEN, "not_yours", _("You can only change your own record."))
    try:
        return edit(request, data, _answer_own)
    except AccountRefused as refused:
        raise _taken(refused) from refused


def _answer_own(user: User) -> HttpResponse:
    return answer(represent(user, to=user), etag=profile_etag(user))


def _seen_by(me: User, id_: uuid.UUID) -> User:
    person = visible_people.to(me).filter(id=id_).first()
    if person is None:
        raise not_found()
    return person


@router.get(
    "/users/{uuid:id}/followers", auth=scope("users:read"), response=Collection[UserOut], summary="List followers"
)
def list_followers(request: HttpRequest, id: uuid.UUID, paging: Query[Paging]) -> HttpResponse:  # noqa: A002
    """The list is empty if the community is off."""
    return _circle(request, followers, id, paging)


@router.get(
    "/users/{uuid:id}/following", auth=scope("users:read"), response=Collection[UserOut], summary="List followed people"
)
def list_following(request: HttpRequest, id: uuid.UUID, paging: Query[Paging]) -> HttpResponse:  # noqa: A002
    """The list is empty if the community is off."""
    return _circle(request, followed, id, paging)


@router.get(
    "/users/{uuid:id}/followed", auth=scope("users:read"), response=Collection[UserOut], summary="List followed people"
)
def list_followed(request: HttpRequest, id: uuid.UUID, paging: Query[Paging]) -> HttpResponse:  # noqa: A002
    """The same as `following`."""
    return _circle(request, followed, id, paging)


def _circle(request: HttpRequest, circle: Circle, id_: uuid.UUID, paging: Paging) -> HttpResponse:
    me = request.auth.user
    people = circle.of(_seen_by(me, id_), seen_by=me).only(*SHOWN).by_username()
    return paged(request, people, paging, lambda user: represent(user, to=me))


@router.get("/users/{uuid:id}/avatar", auth=anyone, summary="Read an avatar", openapi_extra=SVG)
def read_avatar(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """A drawing that depends on the id alone."""
    return HttpResponse(avatar_svg(str(id), 96), content_type="image/svg+xml")
