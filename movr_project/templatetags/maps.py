from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from .movr import VEHICLES

register = template.Library()

LEAFLET = "vendor/leaflet-1.9.4/leaflet.js"


@register.simple_tag
def map_attributes() -> SafeString:
    """Return the attributes that ``static/js/map.js`` reads from a map's element."""
    return format_html(
        'data-leaflet="{}" data-vehicles="{}" data-tiles="{}" data-attribution="{}" data-zoom-in="{}"'
        ' data-zoom-out="{}" data-try-again="{}" data-no-tiles="{}" data-no-map="{}"',
        static(LEAFLET),
        static(VEHICLES),
        settings.MAP_TILE_URL,
        settings.MAP_ATTRIBUTION,
        _("Zoom in"),
        _("Zoom out"),
        _("Try again"),
        _("Street map unavailable."),
        _("Map unavailable."),
    )


@register.filter
def degrees(value: float) -> str:
    """Format a latitude or longitude for a script, with a decimal point in every language."""
    return f"{value:.6f}"
