from django import template
from django.conf import settings
from django.utils.safestring import SafeString

from accounts.avatars import avatar_svg
from accounts.models import User
from movr_project.templatetags.frame import page_address, page_token
from movr_project.web.kept_parts import kept_part

register = template.Library()

# The pages that the navigation marks as the current one.
NAVIGATED = {
    "home",
    "accounts:login",
    "accounts:profile",
    "accounts:register",
    "accounts:user_list",
    "community:conversation_list",
    "community:home",
    "fleet:booking_list",
    "fleet:vehicle_add",
    "fleet:vehicle_list",
    "notifications:notification_list",
    "rides:ride_list",
}


@register.simple_tag
def avatar(person: User, size: int = 36) -> SafeString:
    """Return a person's avatar. It depends on the id, so it survives a change of name."""
    return avatar_svg(str(person.id), size)


@register.simple_tag(takes_context=True)
def main_navigation(context: template.Context) -> SafeString:
    user, here = context.get("user"), _here(context)
    if not getattr(user, "is_authenticated", False):
        return kept_part("_nav_anonymous.html", {}, here=here)
    slots = {
        "avatar": avatar_svg(str(user.id), 22),
        "name": user.first_name or user.username,
        "unread": user.unread_notifications,
        "unread_label": user.unread_label,
        "sequence": user.notification_sequence,
        "unread_messages": user.unread_messages,
        "token": page_token(context),
        "next": page_address(context.get("request")),
    }
    return kept_part(
        "_nav.html",
        slots,
        here=here,
        is_staff=user.is_staff,
        has_unread=user.unread_notifications > 0,
        has_unread_messages=user.unread_messages > 0,
        community=settings.COMMUNITY,
    )


def _here(context: template.Context) -> str:
    match = getattr(context.get("request"), "resolver_match", None)
    name = match.view_name if match else ""
    return name if name in NAVIGATED else ""
