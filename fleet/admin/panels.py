"""Read-only tables on a vehicle's page: its latest events and its next calendar entries."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cities.admin_times import clock
from movr_project.admin.links import link_to

from ..models import Vehicle

LAST_EVENTS = 20
NEXT_ALLOCATIONS = 20


def history(vehicle: Vehicle) -> SafeString | str:
    """Return a table of the latest events, newest first, in the city's time."""
    events = vehicle.events.select_related("actor").order_by("-occurred_at")[:LAST_EVENTS]
    rows = [
        (
            clock(event.occurred_at, event.served_city),
            event.what,
            event.get_state_display(),
            event.actor or "",
            event.note or event.spot,
        )
        for event in events
    ]
    return table([_("When"), _("What"), _("State"), _("By"), _("Note or location")], rows)


def calendar_ahead(vehicle: Vehicle) -> SafeString | str:
    """Return a table of current and future calendar entries. Their own pages say whose they are."""
    ahead = vehicle.allocations.from_now_on(timezone.now()).in_order()[:NEXT_ALLOCATIONS]
    city = vehicle.served_city
    rows = [
        (
            clock(one.starts_at, city) if one.starts_at else _("no start"),
            clock(one.ends_at, city) if one.ends_at else _("until further notice"),
            one.situation.label,
            link_to(one, one.get_kind_display()),
        )
        for one in ahead
    ]
    return table([_("From"), _("Until"), _("State"), _("Calendar entry")], rows)


def table(heads: list[str], rows: Iterable[tuple]) -> SafeString | str:
    rows = list(rows)
    if not rows:
        return "-"
    head = format_html_join("", '<th scope="col">{}</th>', ((text,) for text in heads))
    body = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows)
    )
    return format_html(
        '<div class="panel"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>', head, body
    )
