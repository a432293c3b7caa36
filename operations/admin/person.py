"""A person's page for support: what they did, what they were told, and what staff did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from cities.admin_times import clock
from cities.registry import registry
from fleet.models import Allocation, Vehicle
from movr_project.admin.links import change_url
from movr_project.admin.model_admins import ActButton
from movr_project.web.pagination import Page, page_number
from notifications.models import Notification
from rides.models import Ride

from ..models import ProblemReport

ROWS = 10


@dataclass(frozen=True)
class Section:
    """Rows of one kind, the newest first.

    ``name`` is the parameter of the page's URL that pages through it. ``words`` says what a row is about, and more.
    With ``has_acts``, rows have buttons for what the admin's list of such rows offers.
    """

    name: str
    title: Promise
    permission: str
    rows: Callable[[User], QuerySet]
    words: Callable[[Any], tuple[str, str]]
    has_acts: bool = False


@dataclass(frozen=True)
class Row:
    what: str
    details: str
    url: str
    buttons: list[ActButton]


@dataclass(frozen=True)
class ShownSection:
    name: str
    title: Promise
    rows: list[Row]
    newer: str  # the URL of the page with newer rows, or ""
    older: str


def _joined(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part)


def _ride(ride: Ride) -> tuple[str, str]:
    return _joined(ride.vehicle, ride.when), ride.way


def _allocation(allocation: Allocation) -> tuple[str, str]:
    what = _joined(allocation.get_kind_display(), allocation.vehicle, allocation.when)
    return what, _joined(_end_of(allocation), allocation.description)


def _end_of(allocation: Allocation) -> str:
    if allocation.cancelled_at:
        return _("Cancelled")
    return _("Released") if allocation.released_at else ""


def _vehicle(vehicle: Vehicle) -> tuple[str, str]:
    return str(vehicle), str(vehicle.staff_situation.label)


def _report(report: ProblemReport) -> tuple[str, str]:
    state = _("Open") if report.is_open else _("Closed: %(outcome)s") % {"outcome": report.resolution}
    what = _joined(report.get_kind_display(), report.vehicle, report.when)
    return what, _joined(state, report.text)


def _notification(notification: Notification) -> tuple[str, str]:
    sent = clock(notification.created_at, registry[notification.city])
    return notification.text, _joined(sent, _("Unread") if notification.is_unread else _("Read"))


def _entry(entry: LogEntry) -> tuple[str, str]:
    return _joined(entry.object_repr, entry.get_change_message()), _joined(clock(entry.action_time, None), entry.user)


def _reports_of(person: User) -> QuerySet:
    own = ProblemReport.objects.filter(reporter_city=person.city, reporter_id=person.id)
    return own.select_related("vehicle", "reporter").order_by("-created_at", "-id")


def _vehicles_of(person: User) -> QuerySet:
    return Vehicle.objects.in_city(person.city).filter(owner_id=person.id).with_situation().newest_first()


def _bookings_of(person: User) -> QuerySet:
    return Allocation.objects.for_rider(person).select_related("vehicle", "rider").order_by("-starts_at", "-id")


# A person's rides, bookings and reports may be in any city. Each index begins with the person's own.
SECTIONS = [
    Section(
        "rides",
        gettext_lazy("Rides"),
        "rides.view_ride",
        lambda person: Ride.objects.of_rider(person).select_related("vehicle", "rider").newest_first(),
        _ride,
        has_acts=True,
    ),
    Section(
        "bookings",
        gettext_lazy("Reservations and bookings"),
        "fleet.view_allocation",
        _bookings_of,
        _allocation,
        has_acts=True,
    ),
    Section("vehicles", gettext_lazy("Vehicles"), "fleet.view_vehicle", _vehicles_of, _vehicle),
    Section(
        "reports",
        gettext_lazy("Problem reports"),
        "operations.view_problemreport",
        _reports_of,
        _report,
        has_acts=True,
    ),
    Section(
        "notifications",
        gettext_lazy("Notifications"),
        "accounts.change_user",  # what people were told is for those who support them
        lambda person: Notification.objects.filter(city=person.city, user_id=person.id).newest_first(),
        _notification,
    ),
]


def sections_for(request: HttpRequest, person: User) -> Iterator[ShownSection]:
    """Yield the sections that the member of staff may see. The last has what staff did with all that is shown."""
    shown: list[Model] = [person]
    for section in SECTIONS:
        if request.user.has_perm(section.permission):
            page = _page(request, section, person)
            shown += page
            yield _shown(request, section, page)
    log = Section("log", gettext_lazy("What staff did"), "accounts.view_user", lambda _person: _log_of(shown), _entry)
    yield _shown(request, log, _page(request, log, person))


def _page(request: HttpRequest, section: Section, person: User) -> Page:
    return Page.of(section.rows(person), page_number(request.GET.get(section.name, "")), ROWS)


def _shown(request: HttpRequest, section: Section, page: Page) -> ShownSection:
    newer = _turned(request, section, page.previous_page_number) if page.has_previous else ""
    older = _turned(request, section, page.next_page_number) if page.has_next else ""
    return ShownSection(section.name, section.title, [_row(request, section, obj) for obj in page], newer, older)


def _turned(request: HttpRequest, section: Section, number: int) -> str:
    """Return the URL with another page of a section."""
    query = request.GET.copy()
    query[section.name] = str(number)
    return f"?{query.urlencode()}#section-{section.name}"


def _row(request: HttpRequest, section: Section, obj: Model) -> Row:
    model_admin = admin.site._registry.get(type(obj))
    buttons = model_admin.act_buttons(request, obj, next_url=request.get_full_path()) if section.has_acts else []
    return Row(*section.words(obj), change_url(obj) if model_admin else "", buttons)


def _log_of(rows: list[Model]) -> QuerySet:
    """Return the admin's log about some rows."""
    types = ContentType.objects.get_for_models(*{type(row) for row in rows}).values()
    entries = LogEntry.objects.filter(content_type__in=list(types), object_id__in=[str(row.pk) for row in rows])
    return entries.select_related("user").order_by("-action_time", "-id")
