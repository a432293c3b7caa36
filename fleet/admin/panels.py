"""Read-only panels of a vehicle's page: what was done with it, what is ahead of it, what is wrong with it."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from movr_project.admin_links import link_to

from ..models import Vehicle
from ..services import local_moment
from ..standing import word_of

LAST_EVENTS = 20
NEXT_ALLOCATIONS = 20
OPEN_REPORTS = 20


def history(vehicle: Vehicle) -> SafeString | str:
    """The newest events first, in the city's time."""
    events = vehicle.events.select_related("actor").order_by("-occurred_at")[:LAST_EVENTS]
    rows = [
        (
            local_moment(event.occurred_at, event.served_city),
            event.what,
            event.get_state_display(),
            event.actor or "",
            event.note or event.spot,
        )
        for event in events
    ]
    return _table([_("When"), _("What"), _("State"), _("By whom"), _("Note or place")], rows)


def calendar_ahead(vehicle: Vehicle) -> SafeString | str:
    """Whose a booking is stands on its own page."""
    ahead = vehicle.allocations.from_now_on(timezone.now()).in_order()[:NEXT_ALLOCATIONS]
    city = vehicle.served_city
    rows = [
        (
            local_moment(one.starts_at, city) if one.starts_at else _("since ever"),
            local_moment(one.ends_at, city) if one.ends_at else _("until further notice"),
            word_of(one).label,
            link_to(one),
        )
        for one in ahead
    ]
    return _table([_("From"), _("Until"), _("State"), _("Allocation")], rows)


def open_reports(vehicle: Vehicle) -> SafeString | str:
    reports = vehicle.problem_reports.filter(closed_at__isnull=True).order_by("-created_at")[:OPEN_REPORTS]
    city = vehicle.served_city
    rows = [(local_moment(report.created_at, city), link_to(report), report.text) for report in reports]
    return _table([_("When"), _("Problem"), _("Details")], rows)


def _table(heads: list[str], rows: Iterable[tuple]) -> SafeString | str:
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
