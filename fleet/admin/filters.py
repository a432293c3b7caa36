"""What narrows the fleet's lists in the administration."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.registry import registry

from ..choices import EventType, VehicleStatus
from ..models import CITY_CODE_LENGTH, Allocation, ProblemReport
from ..standing import Standing, not_set_aside, set_aside


class ApprovalFilter(admin.SimpleListFilter):
    title = gettext_lazy("approval")
    parameter_name = "approved"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("no", _("Waiting for approval")), ("yes", _("Approved"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in {"no", "yes"}:
            return queryset
        return queryset.filter(approved_at__isnull=self.value() == "no")


class KeeperFilter(admin.SimpleListFilter):
    title = gettext_lazy("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("operator", _("The operator's own")), ("owner", _("A private owner's"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in {"operator", "owner"}:
            return queryset
        return queryset.filter(owner_id__isnull=self.value() == "operator")


class StandingFilter(admin.SimpleListFilter):
    """What a vehicle is doing, as far as its calendar says."""

    title = gettext_lazy("state")
    parameter_name = "state"
    words = {
        "taken": {Standing.RESERVED, Standing.BOOKED},
        "maintenance": {Standing.MAINTENANCE},
        "picked_up": {Standing.PICKED_UP},
        "missing": {Standing.MISSING},
        "paused": {Standing.PAUSED},
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [
            ("free", _("Free")),
            ("taken", _("Reserved or booked")),
            ("maintenance", Standing.MAINTENANCE.label),
            ("picked_up", Standing.PICKED_UP.label),
            ("missing", Standing.MISSING.label),
            ("paused", Standing.PAUSED.label),
            ("in_use", Standing.IN_USE.label),
        ]

    def queryset(self, request: HttpRequest, queryset):
        value = self.value()
        if value == "in_use":
            return queryset.filter(status=VehicleStatus.ON_TRIP)
        if value == "free":
            return not_set_aside(queryset.available())
        return set_aside(queryset, self.words[value]) if value in self.words else queryset


class WorkFilter(admin.SimpleListFilter):
    """Vehicles that somebody has to look after."""

    title = gettext_lazy("work to do")
    parameter_name = "work"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [
            ("place_unknown", _("Place unknown")),
            ("late", _("Booked but still being ridden")),
            ("reported", _("Problems reported")),
        ]

    def queryset(self, request: HttpRequest, queryset):
        works = {"place_unknown": place_unknown, "late": booked_but_ridden, "reported": reported}
        return works[self.value()](queryset) if self.value() in works else queryset


def place_unknown(vehicles: QuerySet) -> QuerySet:
    """Vehicles on the road whose place is known in words at most; where one on a trip is, its rider will say.

    One that was picked up stands in no street.
    """
    somewhere = vehicles.listed().filter(cell="").exclude(status=VehicleStatus.ON_TRIP)
    picked_up = set_aside(vehicles.model.objects.filter(cell=""), [Standing.PICKED_UP])
    return somewhere.filter(~Exists(picked_up.filter(city=OuterRef("city"), id=OuterRef("id"))))


def booked_but_ridden(vehicles: QuerySet) -> QuerySet:
    late = Allocation.objects.meeting_a_ride(timezone.now())
    return vehicles.filter(Exists(late.filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))))


def reported(vehicles: QuerySet) -> QuerySet:
    still_open = ProblemReport.objects.filter(closed_at__isnull=True)
    return vehicles.filter(Exists(still_open.filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))))


class WhenFilter(admin.SimpleListFilter):
    """Of allocations: what still matters, unless one asks for more or searches. That is few of a long past."""

    title = gettext_lazy("when")
    parameter_name = "when"
    is_search = False

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [
            ("live", _("In effect or ahead")),
            ("now", _("In effect")),
            ("ahead", _("Ahead")),
            ("over", _("Over")),
            ("cancelled", _("Cancelled")),
            ("all", _("All")),
        ]

    def choices(self, changelist: Any):
        for value, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.chosen == value, "query_string": query, "display": label}

    @property
    def chosen(self) -> str:
        value = self.value()
        if value in {name for name, _label in self.lookup_choices}:
            return value
        return "all" if self.is_search else "live"

    def queryset(self, request: HttpRequest, queryset):
        self.is_search = bool(request.GET.get(SEARCH_VAR))
        now = timezone.now()
        # By the index of each city, as none looks across them: otherwise all there ever were would be read.
        from_now_on = queryset.filter(city__in=list(registry.by_name)).from_now_on(now)
        if self.chosen == "live":
            return from_now_on
        if self.chosen == "now":
            return from_now_on.filter(Q(starts_at__isnull=True) | Q(starts_at__lte=now))
        if self.chosen == "ahead":
            return from_now_on.filter(starts_at__gt=now)
        if self.chosen == "over":
            return queryset.live().filter(ends_at__lte=now)
        return queryset.filter(cancelled_at__isnull=False) if self.chosen == "cancelled" else queryset


class EventTypeFilter(admin.SimpleListFilter):
    title = gettext_lazy("what")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return EventType.choices

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in EventType.values:
            return queryset
        # SQLite can't look into JSON arrays; as text, a name between quotes is unmistakable.
        as_text = queryset.alias(types_as_text=Cast("event_types", TextField()))
        return as_text.filter(types_as_text__contains=f'"{self.value()}"')


class OpenReportFilter(admin.SimpleListFilter):
    title = gettext_lazy("open")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("yes", _("Open")), ("no", _("Closed"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "yes")


class VehicleCodeSearchMixin:
    """The search box takes a whole code: it names the city, so an index finds it whatever the size of the table.

    ``code_lookup`` is the path to the code.
    """

    code_lookup = "vehicle__code"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> Any:
        code = search_term.strip().upper()
        city = registry.with_code(code[:CITY_CODE_LENGTH])
        if city:
            found = queryset.filter(**{"city": city.name, self.code_lookup: code})
            if found.exists():
                return found, False
        return super().get_search_results(request, queryset, search_term)
