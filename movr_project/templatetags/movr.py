from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from movr_project.web.clocks import time_style

register = template.Library()

ICONS = "vendor/bootstrap-icons-1.13.2/sprite.svg"
VEHICLES = "img/vehicles.svg"


def _svg(sprite: str, symbol: str, *, css: str, label: str) -> SafeString:
    url = static(sprite)
    if label:
        return format_html(
            '<svg class="{}" width="16" height="16" role="img" aria-label="{}">'
            '<use href="{}#{}"></use></svg>',
            css, label, url, symbol,
        )  # fmt: skip
    return format_html(
        '<svg class="{}" width="16" height="16" aria-hidden="true"><use href="{}#{}"></use></svg>',
        css, url, symbol,
    )  # fmt: skip


@register.tag
def icon(parser: template.base.Parser, token: template.base.Token) -> template.Node:
    """Render a symbol of the icon sprite, hidden from screen readers: ``{% icon "geo-alt" %}``."""
    _tag, name = token.split_contents()
    return IconNode(name.strip("\"'"))


class IconNode(template.Node):
    """An icon without variables, rendered once per template."""

    child_nodelists = ()

    def __init__(self, name: str) -> None:
        self.name = name

    def render_annotated(self, context: template.Context) -> SafeString:
        return icon_svg(self.name)


@register.simple_tag
def icon_named(name: str) -> SafeString:
    """Render an icon whose name is a variable."""
    return icon_svg(name)


@lru_cache(maxsize=500)
def icon_svg(name: str) -> SafeString:
    return _svg(ICONS, name, css="icon", label="")


@register.simple_tag
def vehicle_icon(vehicle_type: str, label: str = "") -> SafeString:
    """Return the drawing of a vehicle type."""
    return vehicle_svg(str(vehicle_type), label)


@lru_cache(maxsize=500)
def vehicle_svg(vehicle_type: str, label: str = "") -> SafeString:
    return _svg(VEHICLES, vehicle_type.replace("_", "-"), css="icon vehicle-icon", label=label)


@register.filter
def duration(value: timedelta | None) -> str:
    """Format as ``0:05``, ``12:30`` or ``1:02:03``: whole seconds, and hours only if there are any."""
    if value is None or value == "":
        return ""
    minutes, seconds = divmod(max(0, int(value.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"


@register.filter
def iso_duration(value: timedelta | None) -> str:
    """Format as an ISO 8601 duration, as in ``<time datetime="PT754S">``."""
    if value is None or value == "":
        return ""
    return f"PT{max(0, int(value.total_seconds()))}S"


@register.filter
def local_time(value: datetime | None, city: object) -> SafeString | str:
    """Show a date and time in a city's time zone."""
    if value is None or value == "":
        return ""
    return _time_element(_in_city(value, city), "DATETIME_FORMAT", city)


@register.simple_tag
def local_span(start: datetime, end: datetime | None, city: object) -> SafeString | str:
    """Show an interval in a city's time zone, without repeating the day."""
    begin = _in_city(start, city)
    if end is None:
        return _time_element(begin, "DATETIME_FORMAT", city)
    finish = _in_city(end, city)
    same_day = begin.date() == finish.date()
    return format_html(
        "{} &ndash; {}{}",
        _time_element(begin, "DATETIME_FORMAT", city),
        _time_element(finish, "TIME_FORMAT" if same_day else "DATETIME_FORMAT", city),
        _length_over_a_change(begin, finish),
    )


@register.simple_tag
def clock_span(start: datetime, end: datetime, city: object) -> str:
    """Show an interval like ``local_span``, within a day whose date is known."""
    begin, finish = _in_city(start, city), _in_city(end, city)
    clocks = (date_format(moment, time_style("TIME_FORMAT", city)) for moment in (begin, finish))
    return " \N{EN DASH} ".join(clocks) + _length_over_a_change(begin, finish)


def _length_over_a_change(begin: datetime, finish: datetime) -> str:
    """Return the interval's real length, in parentheses, or "" if clocks don't change during it."""
    if begin.utcoffset() == finish.utcoffset():
        return ""
    minutes = (finish.astimezone(UTC) - begin.astimezone(UTC)) // timedelta(minutes=1)
    hours, minutes = divmod(minutes, 60)
    words = []
    if hours:
        words.append(ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours})
    if minutes:
        words.append(ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes})
    return f" ({' '.join(words)})"


@register.filter
def local_clock(value: datetime, city: object) -> str:
    """Format the time alone, in a city's time zone."""
    return date_format(_in_city(value, city), time_style("TIME_FORMAT", city))


@register.filter
def local_soon(value: datetime, city: object) -> str:
    """Format the time in a city's time zone, with the day unless it is today."""
    local, today = _in_city(value, city), _in_city(timezone.now(), city).date()
    return date_format(local, time_style("TIME_FORMAT" if local.date() == today else "SHORT_DATETIME_FORMAT", city))


@register.filter
def local_short(value: datetime, city: object) -> str:
    """Format date and time briefly, in a city's time zone."""
    return date_format(_in_city(value, city), time_style("SHORT_DATETIME_FORMAT", city))


@register.filter
def long_day(day: date) -> str:
    """Format a date with its weekday, as for a heading."""
    return capfirst(f"{date_format(day, 'l')}, {date_format(day, 'DATE_FORMAT')}")


def _in_city(value: datetime, city: object) -> datetime:
    """Convert to a city's time zone, or to the current one without a city."""
    zone = getattr(city, "time_zone", None)
    return timezone.localtime(value, ZoneInfo(str(zone)) if zone else None)


def _time_element(local: datetime, style: str, city: object) -> SafeString:
    shown = date_format(local, time_style(style, city))
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), shown)


@register.filter
def distance(metres: float | None) -> str:
    """Format a distance: ``350 m`` below a kilometre, in tens; then ``1.2 km``; from 100 km ``1,140 km``."""
    if metres is None or metres == "":
        return ""
    tens = round(metres / 10) * 10
    if tens < 1000:
        return _("%(number)s m") % {"number": number_format(tens, decimal_pos=0)}
    tenths = round(metres / 1000, 1)
    if tenths < 100:
        return _("%(number)s km") % {"number": number_format(tenths, decimal_pos=1)}
    return _("%(number)s km") % {"number": number_format(round(metres / 1000), decimal_pos=0, force_grouping=True)}
