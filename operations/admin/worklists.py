"""Lists of vehicles that need attention."""

from datetime import timedelta

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fleet.models import Allocation
from fleet.models.choices import Situation, VehicleState
from rides.models import Ride

from ..models import ProblemReport

CODE_SEEN_DAYS = 7


class WorkFilter(admin.SimpleListFilter):
    """Show only vehicles that need attention, for one reason."""

    title = gettext_lazy("work to do")
    parameter_name = "work"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [
            ("place_unknown", _("No known location")),
            ("late", _("Booked but still in use")),
            ("reported", _("Problems reported")),
            ("long", _("Ridden for a long time")),
            ("inactive", _("Ridden or owned with an inactive account")),
            ("code_seen", _("Unlock code seen in a very short ride")),
        ]

    def queryset(self, request: HttpRequest, queryset):
        filters = {
            "place_unknown": place_unknown,
            "late": booked_but_ridden,
            "reported": reported,
            "long": ridden_long,
            "inactive": of_inactive_people,
            "code_seen": code_seen,
        }
        return filters[self.value()](queryset) if self.value() in filters else queryset


def place_unknown(vehicles: QuerySet) -> QuerySet:
    """Filter vehicles without a position, except those on a trip or picked up, which have none for now."""
    unknown = vehicles.listed().filter(cell="").exclude(status=VehicleState.ON_TRIP)
    picked_up = vehicles.model.objects.filter(cell="").allocated_as(Situation.PICKED_UP)
    return unknown.filter(~Exists(picked_up.filter(city=OuterRef("city"), id=OuterRef("id"))))


def booked_but_ridden(vehicles: QuerySet) -> QuerySet:
    late = Allocation.objects.meeting_a_ride(timezone.now())
    return vehicles.filter(Exists(late.filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))))


def ridden_long(vehicles: QuerySet) -> QuerySet:
    return vehicles.filter(Exists(_rides().long()))


def of_inactive_people(vehicles: QuerySet) -> QuerySet:
    """Filter vehicles ridden by inactive people, and vehicles they own that aren't off the street indefinitely."""
    ridden = Exists(_rides().of_inactive_riders())
    owned = Q(owner__is_active=False) & ~Exists(
        Allocation.objects.live().filter(city=OuterRef("city"), vehicle_id=OuterRef("id"), ends_at__isnull=True)
    )
    return vehicles.not_removed().filter(ridden | owned)


def code_seen(vehicles: QuerySet) -> QuerySet:
    """Filter vehicles whose unlock code was recently shown for a very short ride, so that staff can change it."""
    lately = timezone.now() - timedelta(days=CODE_SEEN_DAYS)
    return vehicles.not_removed().filter(Exists(_rides().short().filter(start_time__gt=lately)))


def _rides() -> QuerySet:
    """Return each vehicle's rides, for a subquery."""
    return Ride.objects.filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))


def reported(vehicles: QuerySet) -> QuerySet:
    open_reports = ProblemReport.objects.filter(closed_at__isnull=True)
    return vehicles.filter(Exists(open_reports.filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))))
