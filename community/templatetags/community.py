"""What pages of other apps show of the community. Nothing with COMMUNITY off."""

from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.models import User
from community.models import Follow, Post
from community.rows import ago as time_ago
from community.rows import post_rows
from community.translation import can_translate
from movr_project.web.keyset import KeysetPage

PAGE_SIZE = 25

register = template.Library()


@register.simple_tag(takes_context=True)
def persons_community(context: template.Context, person: User) -> str | SafeString:
    """Render someone's counts, what one can do with them, and their posts."""
    if not settings.COMMUNITY:
        return ""
    request = context["request"]
    viewer = request.user
    posts = Post.objects.by(person).visible_to(viewer)
    cursor = request.GET.get("cursor", "")
    page = KeysetPage.or_first(posts, cursor, PAGE_SIZE, order=("-created_at", "-id"))
    is_other = person.id != viewer.id
    shown: dict[str, Any] = {
        "person": person,
        "page": page,
        "rows": post_rows(page, request),
        "is_followed": is_other and Follow.objects.of_follower(viewer).filter(followed_id=person.id).exists(),
        "can_translate": can_translate(),
    }
    return render_to_string("community/_person.html", shown, request=request)


@register.simple_tag
def community_is_on() -> bool:
    return settings.COMMUNITY


@register.simple_tag(takes_context=True)
def ago(context: template.Context, moment: datetime) -> SafeString:
    return time_ago(moment, context["request"])
