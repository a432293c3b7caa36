from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from fleet.models import Vehicle
from fleet.views.cards import status_of

register = template.Library()


@register.simple_tag
def vehicle_status(vehicle: Vehicle) -> SafeString:
    """Return a badge with what the vehicle is doing for its viewer. Requires ``seen_by``."""
    return format_html('<span class="status status-{}">{}</span>', *status_of(vehicle))
