"""One line about a vehicle's calendar: until when it is available, or from when."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cities.local_times import local
from cities.models import City
from movr_project.templatetags.movr import local_clock

from ..calendar.availability import Availability
from .month import short_day


def outlook(availability: Availability) -> str:
    """Return the line for a logged-in viewer. Requires that the vehicle is ``seen``, as by ``Availability.of``."""
    city, days = availability.city, settings.BOOKING_DAYS_AHEAD
    if availability.vehicle.is_on_trip:
        return _("See availability")
    if availability.own_current:
        return _("Yours until %(time)s") % {"time": day_and_clock(availability.own_current.ends_at, city)}
    if availability.current is None:
        ahead = availability.taken[0].starts_at if availability.taken else None
        if ahead:
            return _("Available until %(time)s") % {"time": day_and_clock(ahead, city)}
        available = ngettext("Available for the next %(days)d day", "Available for the next %(days)d days", days)
        return available % {"days": days}
    if availability.next_start:
        return _("Available from %(time)s") % {"time": day_and_clock(availability.next_start, city)}
    return _("Unavailable until further notice")


def day_and_clock(moment: datetime, city: City) -> str:
    """Format a time in a city, with its weekday and day unless that is today."""
    there, clock = local(moment, city), local_clock(moment, city)
    if there.date() == local(timezone.now(), city).date():
        return clock
    return f"{date_format(there, 'l')} {short_day(there)}, {clock}"
