"""Rendered posts and messages, with all values computed here instead of in the template."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.avatars import avatar_svg
from accounts.models import User
from cities.registry import registry
from fleet.models.choices import VehicleType
from movr_project.templatetags.movr import duration
from movr_project.web.kept_parts import kept_part
from movr_project.web.row_urls import row_url

from .limits import is_new
from .models import Message, Post
from .translation import is_translatable

AVATAR_SIZE = 70


def post_rows(posts: Iterable[Post], request: HttpRequest) -> list[SafeString]:
    return [_post_row(post, request) for post in posts]


def _post_row(post: Post, request: HttpRequest) -> SafeString:
    author = post.author
    slots = {
        "avatar": avatar_svg(str(author.id), AVATAR_SIZE),
        "author_url": person_url(author),
        "author": _person_link(author),
        "when": _post_link(post, request),
        "body": words(post.body, author),
        "key": str(post.pk),
        "ride": _ride(post),
        "delete_url": row_url("community:post_delete", post.city, post.id),
        "report_url": row_url("community:report_post", post.city, post.id),
    }
    return kept_part(
        "community/_post.html",
        slots,
        own=author.id == request.user.id,
        hidden=post.is_hidden,
        has_ride=bool(post.ride_type),
        lang=post.language,
        translatable=is_translatable(post, get_language() or ""),
    )


def _person_link(person: User) -> SafeString:
    card = reverse("community:card", args=[person.username])
    link = '<a class="person-link" href="{}" data-card="{}">{}</a>'
    return format_html(link, person_url(person), card, person.username)


def _post_link(post: Post, request: HttpRequest) -> SafeString:
    url = row_url("community:post_detail", post.city, post.id)
    return format_html('<a class="post-time" href="{}">{}</a>', url, ago(post.created_at, request))


def message_rows(messages: Iterable[Message], request: HttpRequest, other: User) -> list[SafeString]:
    return [_message_row(message, request, other) for message in messages]


def _message_row(message: Message, request: HttpRequest, other: User) -> SafeString:
    slots = {
        "body": message.body,
        "time": ago(message.created_at, request),
        "report_url": row_url("community:report_message", message.city, message.id),
    }
    own = message.sender_id == request.user.id
    can_report = not own and other.is_active  # suspended people can't be reported
    return kept_part(
        "community/_message.html", slots, own=own, unread=message.is_unread and not own, can_report=can_report
    )


def person_url(person: User) -> str:
    return reverse("accounts:user_detail", args=[person.username])


def words(text: str, author: User) -> SafeString:
    """Return a text with links, but without any if its author's account is new: those of spam."""
    return format_html("{}", text) if is_new(author) else mark_safe(urlize(text, nofollow=True, autoescape=True))


def ago(moment: datetime, request: HttpRequest) -> SafeString:
    """Return the time since ``moment`` in words, with the exact time in the city where the reader is."""
    local = timezone.localtime(moment, request.city.tzinfo)
    exact = date_format(local, "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="seconds"), exact, naturaltime(moment)
    )


def _ride(post: Post) -> str:
    """Describe the ride that a post shows."""
    if not post.ride_type or post.ride_length is None:
        return ""
    ride = {
        "vehicle": VehicleType(post.ride_type).label,
        "duration": duration(post.ride_length),
        "city": registry.get(post.ride_city) or post.ride_city,
    }
    return _("%(vehicle)s, %(duration)s, %(city)s") % ride
