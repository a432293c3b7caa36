"""Followers, blocks and the card that pops up on a name."""

from collections.abc import Callable

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from movr_project.errors import Refused
from movr_project.web.pagination import Page, page_number
from movr_project.web.redirects import safe_next

from ..circles import followed_by, followers_of
from ..limits import FOLLOW, count_act
from ..models import Block, Follow
from ..querysets import people_seen_by
from ..services import block, follow, unblock, unfollow

PAGE_SIZE = 25


@require_POST
def follow_person(request: HttpRequest, username: str) -> HttpResponse:
    return _act(request, username, _follow, _("You are following %(name)s!"))


def _follow(me: User, person: User) -> None:
    count_act(FOLLOW, me)
    follow(follower=me, followed=person)


@require_POST
def unfollow_person(request: HttpRequest, username: str) -> HttpResponse:
    return _act(
        request,
        username,
        lambda me, person: unfollow(follower=me, followed=person),
        _("You are not following %(name)s."),
    )


@require_POST
def block_person(request: HttpRequest, username: str) -> HttpResponse:
    """Block someone. As their page isn't seen any more, go to the page where it can be undone."""
    if _own_blocks(request.user, username).exists():
        return redirect("community:blocked")
    sentence = _("You have blocked %(name)s. You don't see each other any more.")
    page = reverse("community:blocked")
    return _act(request, username, lambda me, person: block(blocker=me, blocked=person), sentence, page=page)


@require_POST
def unblock_person(request: HttpRequest, username: str) -> HttpResponse:
    """Lift a block, also of someone who has hidden their profile since. Do nothing if there is none."""
    if found := _own_blocks(request.user, username).first():
        unblock(blocker=request.user, blocked=found.blocked)
        messages.success(request, _("You have unblocked %(name)s.") % {"name": found.blocked.username})
    return redirect("community:blocked")


def _own_blocks(user: User, username: str) -> QuerySet[Block]:
    return Block.objects.by(user).filter(blocked__username=username).select_related("blocked")


def _act(
    request: HttpRequest, username: str, act: Callable[[User, User], None], done: str, page: str = ""
) -> HttpResponse:
    """Do something with a person, and go to ``page``, or return to the page that offered it or to theirs."""
    person = people_seen_by(request.user).filter(username=username).first()
    if person is None:
        messages.error(request, _("User %(name)s not found.") % {"name": username})
        return redirect("community:home")
    try:
        act(request.user, person)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done % {"name": person.username})
    return redirect(page or safe_next(request) or _page_of(person))


def _page_of(person: User) -> str:
    return reverse("accounts:user_detail", args=[person.username])


@require_safe
def followers(request: HttpRequest, username: str) -> HttpResponse:
    person = seen_person(request, username)
    return _list(request, "community/followers.html", person, followers_of(person, seen_by=request.user))


@require_safe
def following(request: HttpRequest, username: str) -> HttpResponse:
    person = seen_person(request, username)
    return _list(request, "community/following.html", person, followed_by(person, seen_by=request.user))


def _list(request: HttpRequest, template: str, person: User, people) -> HttpResponse:
    page = Page.of(people.by_username(), page_number(request.GET.get("page", "")), PAGE_SIZE)
    return render(request, template, {"person": person, "page": page})


@require_safe
def blocked(request: HttpRequest) -> HttpResponse:
    """List the people whom the user has blocked."""
    blocks = Block.objects.by(request.user).select_related("blocked").order_by("-created_at", "-id")
    page = Page.of(blocks, page_number(request.GET.get("page", "")), PAGE_SIZE)
    return render(request, "community/blocked.html", {"page": page})


@require_safe
def card(request: HttpRequest, username: str) -> HttpResponse:
    """Return the card that a name shows when it is pointed at or has the focus. Anyone else goes to the page."""
    person = seen_person(request, username)
    if not request.htmx:
        return redirect("accounts:user_detail", person.username)
    is_followed = Follow.objects.of_follower(request.user).filter(followed_id=person.id).exists()
    response = render(request, "community/_card.html", {"person": person, "is_followed": is_followed})
    response["Cache-Control"] = "private, no-store"
    return response


def seen_person(request: HttpRequest, username: str) -> User:
    return get_object_or_404(people_seen_by(request.user), username=username)
