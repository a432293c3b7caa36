from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts.models import name_of
from cities.admin import CityFilter, city_name
from cities.admin_times import length_in_words, local_time
from movr_project.admin.actions import Confirmation, confirm_action, for_each
from movr_project.admin.exports import ExportMixin
from movr_project.admin.links import link_to
from movr_project.admin.model_admins import ActionButtonsMixin, ReadOnlyAdmin
from movr_project.web.fields import validate_visible
from photos.models import Subject
from photos.reading import photo_panel

from .models import PLACE_LENGTH, Ride
from .services import end_ride

ENDING = Confirmation(
    ngettext_lazy("End this ride?", "End these rides?", "count"),
    ngettext_lazy("End %(count)d ride", "End %(count)d rides", "count"),
    is_final=True,
)


class EndedRidesForm(forms.Form):
    end_location = forms.CharField(
        label=gettext_lazy("Where are the vehicles parked?"), max_length=PLACE_LENGTH, validators=[validate_visible]
    )


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("yes", _("Riding now")), ("parked", _("Paused")), ("no", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() == "parked":
            return queryset.parked()
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.open() if self.value() == "yes" else queryset.ended()


class AttentionFilter(admin.SimpleListFilter):
    """Show only rides that need attention, for one reason."""

    title = gettext_lazy("needs attention")
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [
            ("long", _("Riding for more than %(hours)d hours") % {"hours": settings.RIDE_WARNING_HOURS}),
            ("inactive", _("Riding with an inactive account")),
            ("short", _("Ended within %(minutes)d minutes") % {"minutes": settings.SHORT_RIDE_MINUTES}),
        ]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() == "long":
            return queryset.long()
        if self.value() == "inactive":
            return queryset.of_inactive_riders()
        return queryset.short() if self.value() == "short" else queryset


@admin.register(Ride)
class RideAdmin(ExportMixin, ActionButtonsMixin, ReadOnlyAdmin):
    """Rides. Staff can end them; only riders do everything else."""

    list_display = [
        "started",
        "is_riding",
        "vehicle_link",
        "rider_link",
        city_name,
        "start_spot",
        "end_spot",
        "took",
    ]
    list_filter = [CityFilter, OpenFilter, AttentionFilter]
    list_select_related = ["vehicle", "rider"]
    search_fields = [
        "vehicle__code__istartswith",
        "rider__username__istartswith",
        "rider__first_name__istartswith",
        "rider__last_name__icontains",
        "rider__email__istartswith",
        "start_location__icontains",
        "end_location__icontains",
    ]
    search_help_text = gettext_lazy("Vehicle code, username, name or e-mail, location, or ride ID.")
    date_hierarchy = "start_time"
    ordering = ["-start_time"]
    show_full_result_count = False
    export_columns = {
        "city": "city",
        "id": "id",
        "vehicle": "vehicle__code",
        "rider": "rider__username",
        "start_time": "start_time",
        "start_location": "start_location",
        "start_latitude": "start_latitude",
        "start_longitude": "start_longitude",
        "end_time": "end_time",
        "end_location": "end_location",
        "end_latitude": "end_latitude",
        "end_longitude": "end_longitude",
        "seconds": "length",
    }
    actions = ["end_rides"]
    buttons = ["end_rides"]
    fieldsets = [
        (None, {"fields": ["key", "city_label", "vehicle_link", "rider_link"]}),
        (gettext_lazy("Start"), {"fields": ["started", "start_location", "start_latitude", "start_longitude"]}),
        (gettext_lazy("End"), {"fields": ["ended", "end_location", "end_latitude", "end_longitude", "took", "photo"]}),
        (gettext_lazy("Pauses"), {"fields": ["paused", "paused_until", "parked"]}),
    ]

    started = local_time("start_time", gettext_lazy("start"))
    ended = local_time("end_time", gettext_lazy("end"))

    paused = local_time("paused_at", gettext_lazy("paused since"))
    paused_until = local_time("pause_until", gettext_lazy("paused until"))

    @admin.display(description=gettext_lazy("time paused"))
    def parked(self, ride: Ride) -> str:
        return length_in_words(ride.parked_for(timezone.now()))

    @admin.display(description=gettext_lazy("photo"))
    def photo(self, ride: Ride) -> SafeString | str:
        return photo_panel(Subject.RIDE, ride.city, ride.id)

    @admin.display(description=gettext_lazy("length"))
    def took(self, ride: Ride) -> str:
        return length_in_words(ride.length)

    @admin.display(description=gettext_lazy("riding"), boolean=True)
    def is_riding(self, ride: Ride) -> bool:
        return ride.is_open

    @admin.display(description=gettext_lazy("from"), ordering="start_location")
    def start_spot(self, ride: Ride) -> str:
        return ride.start_spot

    @admin.display(description=gettext_lazy("to"), ordering="end_location")
    def end_spot(self, ride: Ride) -> str:
        return ride.end_spot

    @admin.display(description=gettext_lazy("vehicle"))
    def vehicle_link(self, ride: Ride) -> str:
        return link_to(ride.vehicle)

    @admin.display(description=gettext_lazy("rider"))
    def rider_link(self, ride: Ride) -> str:
        return link_to(ride.rider) if ride.rider_id else name_of(None)

    @admin.display(description=gettext_lazy("city"))
    def city_label(self, ride: Ride) -> str:
        return str(ride.served_city)

    @admin.display(description=gettext_lazy("key"))
    def key(self, ride: Ride) -> str:
        return str(ride.pk)

    def buttons_for(self, request: HttpRequest, ride: Ride) -> list[str]:
        return self.buttons if ride.is_open else []

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rides.change_ride")

    @admin.action(description=gettext_lazy("End ride"), permissions=["end"])
    def end_rides(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """End rides for riders who can't, for instance because their phone is dead."""
        form = EndedRidesForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return confirm_action(self, request, queryset.open(), action="end_rides", confirmation=ENDING, form=form)
        return for_each(
            request,
            queryset.open(),
            lambda ride: end_ride(
                city=ride.city,
                ride_id=ride.id,
                rider=None,
                end_location=form.cleaned_data["end_location"],
                by=request.user,
            ),
            done=_("Rides ended: %(count)d."),
            model_admin=self,
            log="Ended by staff.",
        )
