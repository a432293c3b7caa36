"""Links between admin pages, for columns and read-only panels."""

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.db.models.options import Options
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def change_url(obj: Model) -> str:
    """Return the URL of an object's admin page."""
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[quote(str(obj.pk))])


def link_to(obj: Model, text: object = None) -> SafeString:
    """Return a link to an object's admin page, with its name or a text where that would repeat what is beside it."""
    return format_html('<a href="{}">{}</a>', change_url(obj), text or obj)


def changelist_url(opts: Options) -> str:
    """Return the URL of a model's list."""
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
