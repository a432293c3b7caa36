from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.avatars import avatar_svg

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


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A symbol of the icon sprite; silent for screen readers unless it has a label."""
    return _svg(ICONS, name, css="icon", label=label)


@register.simple_tag
def vehicle_icon(vehicle_type: str, label: str = "") -> SafeString:
    """The drawing of a type of vehicle."""
    symbol = str(vehicle_type).replace("_", "-")
    return _svg(VEHICLES, symbol, css="icon vehicle-icon", label=label)


@register.simple_tag
def avatar(person: object, size: int = 36) -> SafeString:
    """The picture of a person. It follows the id, so it outlives a change of name."""
    return avatar_svg(str(person.id), size)


@register.filter
def duration(value: timedelta | None) -> str:
    """`0:05`, `12:30`, `1:02:03`: whole seconds, hours only where there are any."""
    if value is None or value == "":
        return ""
    minutes, seconds = divmod(max(0, int(value.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"


@register.filter
def iso_duration(value: timedelta | None) -> str:
    """The same for machines, as in `<time datetime="PT754S">`."""
    if value is None or value == "":
        return ""
    return f"PT{max(0, int(value.total_seconds()))}S"


@register.filter
def local_time(value: datetime | None, city: object) -> SafeString | str:
    """A moment as the clocks of a city show it."""
    if value is None or value == "":
        return ""
    return _time_element(_in_city(value, city), "DATETIME_FORMAT")


@register.simple_tag
def local_span(start: datetime, end: datetime | None, city: object) -> SafeString | str:
    """From when to when by the clocks of a city; the day is not said twice."""
    begin = _in_city(start, city)
    if end is None:
        return _time_element(begin, "DATETIME_FORMAT")
    finish = _in_city(end, city)
    same_day = begin.date() == finish.date()
    return format_html(
        "{} &ndash; {}",
        _time_element(begin, "DATETIME_FORMAT"),
        _time_element(finish, "TIME_FORMAT" if same_day else "DATETIME_FORMAT"),
    )


@register.filter
def local_clock(value: datetime, city: object) -> str:
    """The time alone, as the clocks of a city show it."""
    return date_format(_in_city(value, city), "TIME_FORMAT")


@register.filter
def local_soon(value: datetime, city: object) -> str:
    """The time alone where that is today by the clocks of a city, else with its day."""
    local, today = _in_city(value, city), _in_city(timezone.now(), city).date()
    return date_format(local, "TIME_FORMAT" if local.date() == today else "SHORT_DATETIME_FORMAT")


@register.filter
def local_short(value: datetime, city: object) -> str:
    """Day and time in short, as the clocks of a city show them."""
    return date_format(_in_city(value, city), "SHORT_DATETIME_FORMAT")


@register.filter
def long_day(day: date) -> str:
    """A day with its name, as a heading has it."""
    return capfirst(f"{date_format(day, 'l')}, {date_format(day, 'DATE_FORMAT')}")


@register.filter
def seconds_left(value: datetime) -> int:
    """Whole seconds from now until then; 0 once it is past."""
    return max(0, int((value - timezone.now()).total_seconds()))


def _in_city(value: datetime, city: object) -> datetime:
    """Without a city: in the current time zone."""
    zone = getattr(city, "time_zone", None)
    return timezone.localtime(value, ZoneInfo(str(zone)) if zone else None)


def _time_element(local: datetime, style: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), date_format(local, style))


@register.filter
def distance(metres: float | None) -> str:
    """`350 m` below a kilometre, in tens; `1.2 km` above, whole ones from 100 km up: `1,140 km`."""
    if metres is None or metres == "":
        return ""
    tens = round(metres / 10) * 10
    if tens < 1000:
        return _("%(number)s m") % {"number": number_format(tens, decimal_pos=0)}
    tenths = round(metres / 1000, 1)
    if tenths < 100:
        return _("%(number)s km") % {"number": number_format(tenths, decimal_pos=1)}
    return _("%(number)s km") % {"number": number_format(round(metres / 1000), decimal_pos=0, force_grouping=True)}
