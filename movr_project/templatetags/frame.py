"""The frame of every page: head and footer. The navigation is in ``accounts``, the city menu in ``cities``."""

from collections.abc import Hashable
from typing import Any

from crispy_forms.templatetags.crispy_forms_filters import as_crispy_field
from django import template
from django.conf import settings
from django.forms import BoundField, TextInput
from django.utils.safestring import SafeString

from movr_project.web.kept_parts import kept_part

register = template.Library()


@register.simple_tag(takes_context=True)
def page_head(context: template.Context) -> SafeString:
    """Render the head, with the address of the current city's open feed.

    A map page, often the first one, says ``is_map`` and loads no files that only other pages need.
    """
    theme = getattr(context.get("user"), "theme", "") or "auto"
    city = getattr(context.get("request"), "city", None)
    slug = city.slug if city else ""
    is_map = bool(context.get("is_map"))
    return kept_part("_head.html", {}, theme=str(theme), city=slug, community=settings.COMMUNITY, is_map=is_map)


@register.simple_tag(takes_context=True)
def page_footer(context: template.Context) -> SafeString:
    request = context.get("request")
    city = str(request.city) if getattr(request, "city", None) else ""
    token = page_token(context)
    return kept_part(
        "_footer.html",
        {"token": token, "next": page_address(request), "city": city},
        has_token=bool(token),
        has_city=bool(city),
    )


@register.simple_tag
def kept(template_name: str, **context: Hashable) -> SafeString:
    """Include a template that depends only on the language and the given values."""
    return kept_part(template_name, {}, **context)


@register.simple_tag
def place_picker(city: Any, start: tuple[float, float] | None = None) -> SafeString:
    """Render the map on which people choose a place."""
    point = f"{start[0]:.6f},{start[1]:.6f}" if start else ""
    return kept_part("_pick_place.html", {"start": point}, city=city, has_start=bool(start))


@register.simple_tag
def form_field(field: BoundField) -> SafeString:
    """Render a field like crispy-forms. Plain text fields without errors are rendered faster."""
    widget = field.field.widget
    is_plain = type(widget) is TextInput and set(widget.attrs) <= {"maxlength"}
    if field.errors or field.help_text or field.field.required or not is_plain:
        return as_crispy_field(field)
    value = field.value()
    return kept_part(
        "_text_field.html",
        {"id": field.auto_id, "name": field.html_name, "label": field.label, "value": value},
        has_value=value not in (None, ""),
        maxlength=getattr(field.field, "max_length", None),
    )


def page_token(context: template.Context) -> str:
    """Return the page's CSRF token, masked once for all of its forms."""
    request = context.get("request")
    if not hasattr(request, "page_token"):
        token = str(context.get("csrf_token") or "")
        if request is None or token in {"", "NOTPROVIDED"}:
            return ""
        request.page_token = token
    return request.page_token


def page_address(request: Any) -> str:
    return request.get_full_path() if request is not None and request.method == "GET" else ""
