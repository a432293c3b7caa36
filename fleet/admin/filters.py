"""Filters and search for the fleet's model admins."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.registry import registry

from ..models import CITY_CODE_LENGTH
from ..models.choices import EventType, Situation, VehicleState


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
    title = gettext_lazy("owned by")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("operator", _("The operator")), ("owner", _("A private owner"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in {"operator", "owner"}:
            return queryset
        return queryset.filter(owner_id__isnull=self.value() == "operator")


class SituationFilter(admin.SimpleListFilter):
    """Filter by what a vehicle is doing, according to its calendar."""

    title = gettext_lazy("state")
    parameter_name = "state"
    words = {
        "taken": {Situation.RESERVED, Situation.BOOKED},
        "maintenance": {Situation.MAINTENANCE},
        "picked_up": {Situation.PICKED_UP},
        "missing": {Situation.MISSING},
        "paused": {Situation.PAUSED},
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [
            ("free", _("Available")),
            ("taken", _("Reserved or booked")),
            ("maintenance", Situation.MAINTENANCE.label),
            ("picked_up", Situation.PICKED_UP.label),
            ("missing", Situation.MISSING.label),
            ("paused", Situation.PAUSED.label),
            ("in_use", Situation.IN_USE.label),
        ]

    def queryset(self, request: HttpRequest, queryset):
        value = self.value()
        if value == "in_use":
            return queryset.filter(status=VehicleState.ON_TRIP)
        if value == "free":
            return queryset.available().not_allocated()
        return queryset.allocated_as(*self.words[value]) if value in self.words else queryset


class WhenFilter(admin.SimpleListFilter):
    """Filter allocations by time. By default, show current and future ones, or all when searching."""

    title = gettext_lazy("when")
    parameter_name = "when"
    is_search = False

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [
            ("live", _("Current or upcoming")),
            ("now", _("Current")),
            ("ahead", _("Upcoming")),
            ("over", _("Past")),
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
        # Naming the cities lets the database use the index of each city instead of reading the whole table.
        from_now_on = queryset.filter(city__in=list(registry.by_name)).from_now_on(now)
        if self.chosen == "live":
            return from_now_on
        if self.chosen == "now":
            return from_now_on.filter(Q(starts_at__isnull=True) | Q(starts_at__lte=now))
        if self.chosen == "ahead":
            return from_now_on.filter(starts_at__gt=now)
        if self.chosen == "over":
            return queryset.live().over(now)
        return queryset.filter(cancelled_at__isnull=False) if self.chosen == "cancelled" else queryset


class EventTypeFilter(admin.SimpleListFilter):
    title = gettext_lazy("what")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return EventType.choices

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in EventType.values:
            return queryset
        # SQLite can't search JSON arrays. As text, a name in quotes is unambiguous.
        as_text = queryset.alias(types_as_text=Cast("event_types", TextField()))
        return as_text.filter(types_as_text__contains=f'"{self.value()}"')


class VehicleCodeSearchMixin:
    """Let the search box find a complete code by index, as the code determines the city.

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
