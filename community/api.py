"""Posts and follows. Everyone sees what they see on the pages."""

import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from accounts.api.users import user_path
from accounts.api_access.models import Scope
from accounts.models import User
from cities.api import city_path
from cities.models import City
from cities.registry import registry
from fleet.api.inputs import MAX_SLUG, StrictSchema, served_city
from movr_project.api.answers import answer, created, no_content
from movr_project.api.authentication import scope
from movr_project.api.errors import ApiError, invalid_form, not_found
from movr_project.api.idempotency import once
from movr_project.api.pagination import CursorCollection, CursorPaging, paged_by_cursor
from rides.models import Ride
from rides.own_rides import ended_ride
from rides.services import RideRefused

from .forms import PostForm
from .languages import detect_language
from .limits import FOLLOW, POST, count_act
from .models import BODY_LENGTH, FeedEntry, Post
from .querysets import people_seen_by
from .services import delete_post, follow, unfollow
from .services.posts import insert_post

router = Router(tags=["community"])
READ, WRITE = scope(Scope.COMMUNITY_READ), scope(Scope.COMMUNITY_WRITE)
NEWEST = ("-created_at", "-id")


class PostLinks(Schema):
    self: str
    author: str
    city: str


class PostRide(Schema):
    vehicle_type: str
    seconds: float
    city: str


class PostOut(Schema):
    id: uuid.UUID
    city: str = Field(description="The slug of the author's home city.")
    author_id: uuid.UUID
    author: str = Field(description="The username.")
    body: str
    language: str = Field(description="As detected, or empty.")
    created_at: datetime
    ride: PostRide | None = Field(description="The ride of the author that the post shows.")
    links: PostLinks = Field(alias="_links")


class RideRef(StrictSchema):
    city: str = Field(max_length=MAX_SLUG, description="The slug of the ride's city.")
    id: uuid.UUID


class PostIn(StrictSchema):
    body: str = Field(max_length=BODY_LENGTH)
    ride: RideRef | None = Field(None, description="An ended ride of one's own, to be shown with the post.")


class PostFilters(Schema):
    city: str = Field("", max_length=100, description="The slug of a city.")


def post_path(post: Post) -> str:
    return f"{city_path(registry[post.city])}/posts/{post.id}"


def represent(post: Post) -> dict[str, Any]:
    city = registry[post.city]
    return {
        "id": post.id,
        "city": city.slug,
        "author_id": post.author_id,
        "author": post.author.username,
        "body": post.body,
        "language": post.language,
        "created_at": post.created_at,
        "ride": _ride_part(post),
        "_links": {"self": post_path(post), "author": user_path(post.author), "city": city_path(city)},
    }


def _ride_part(post: Post) -> dict[str, Any] | None:
    if post.ride_length is None:
        return None
    city = registry.get(post.ride_city)  # None if it isn't served any more
    slug = city.slug if city else post.ride_city
    return {"vehicle_type": post.ride_type, "seconds": post.ride_length.total_seconds(), "city": slug}


@router.get("/posts", auth=READ, response=CursorCollection[PostOut], summary="List posts")
def list_posts(request: HttpRequest, paging: Query[CursorPaging], filters: Query[PostFilters]) -> HttpResponse:
    """The list has everybody's posts, or those of people who live in a city, the latest first."""
    posts = Post.objects.visible_to(request.auth.user)
    if filters.city:
        city = registry.with_slug(filters.city)
        posts = posts.in_city(city.name) if city else posts.none()
    return paged_by_cursor(request, posts, paging, represent, order=NEWEST)


@router.get("/feed", auth=READ, response=CursorCollection[PostOut], summary="List posts of followed people")
def list_feed(request: HttpRequest, paging: Query[CursorPaging]) -> HttpResponse:
    """The feed has your own posts too, the latest first."""
    entries = FeedEntry.objects.of_reader(request.auth.user).visible_to(request.auth.user)
    return paged_by_cursor(request, entries, paging, lambda entry: represent(entry.post), order=NEWEST)


@router.post("/posts", auth=WRITE, response={201: PostOut}, summary="Write a post")
def create_post(request: HttpRequest, data: PostIn) -> HttpResponse:
    form = PostForm({"body": data.body})
    if not form.is_valid():
        raise invalid_form(form)
    me, body = request.auth.user, form.cleaned_data["body"]
    ride = _shown_ride(me, data.ride) if data.ride else None
    count_act(POST, me)
    arguments = {"author": me, "body": body, "token": uuid.uuid4().hex, "language": detect_language(body), "ride": ride}
    return once(request, insert_post, lambda post: created(represent(post), post_path(post)), **arguments)


def _shown_ride(author: User, ref: RideRef) -> Ride:
    ride = ended_ride(author, served_city(ref.city).name, ref.id)
    if ride is None:
        raise RideRefused(_("You can only show rides of your own that have ended."), code="ride_gone")
    return ride


@router.get("/users/{uuid:id}/posts", auth=READ, response=CursorCollection[PostOut], summary="List someone's posts")
def list_posts_of_user(request: HttpRequest, id: uuid.UUID, paging: Query[CursorPaging]) -> HttpResponse:  # noqa: A002
    posts = Post.objects.visible_to(request.auth.user).by(_seen(request, id))
    return paged_by_cursor(request, posts, paging, represent, order=NEWEST)


@router.get("/cities/{slug}/posts/{uuid:id}", auth=READ, response=PostOut, summary="Read a post")
def read_post(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    return answer(represent(_post(request, slug, id)))


@router.delete("/cities/{slug}/posts/{uuid:id}", auth=WRITE, response={204: None}, summary="Delete a post")
def remove_post(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """People can delete only their own posts."""
    post = _post(request, slug, id)
    if post.author_id != request.auth.user.id:
        raise ApiError(HTTPStatus.FORBIDDEN, "not_yours", _("You can only delete your own posts."))
    delete_post(author=request.auth.user, post_id=post.id)
    return no_content()


@router.put("/users/{uuid:id}/follow", auth=WRITE, response={204: None}, summary="Follow someone")
def follow_user(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """Idempotent."""
    person = _seen(request, id)
    count_act(FOLLOW, request.auth.user)
    follow(follower=request.auth.user, followed=person)
    return no_content()


@router.delete("/users/{uuid:id}/follow", auth=WRITE, response={204: None}, summary="Stop following someone")
def unfollow_user(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """Idempotent."""
    unfollow(follower=request.auth.user, followed=_seen(request, id))
    return no_content()


def _seen(request: HttpRequest, id_: uuid.UUID) -> User:
    person = people_seen_by(request.auth.user).filter(id=id_).first()
    if person is None:
        raise not_found()
    return person


def _post(request: HttpRequest, slug: str, id_: uuid.UUID) -> Post:
    city: City | None = registry.with_slug(slug)
    posts = Post.objects.visible_to(request.auth.user)
    post = posts.filter(city=city.name, id=id_).first() if city else None
    if post is None:
        raise not_found()
    return post
