"""Links between admin pages, for columns and read-only panels."""

from collections.abc import Iterable

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def link_to(obj: Model) -> SafeString:
    """Return a link to an object's admin page."""
    url = reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[quote(str(obj.pk))])
    return format_html('<a href="{}">{}</a>', url, obj)


def link_list(objects: Iterable[Model], empty: str = "-") -> SafeString | str:
    """Return links, one per line."""
    return format_html_join("", "<div>{}</div>", ((link_to(obj),) for obj in objects)) or empty
