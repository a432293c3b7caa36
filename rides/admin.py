from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.admin import CityFilter, city_name
from movr_project.admin import KeySearchMixin, ReadOnlyAdmin, confirm_action, for_each
from movr_project.admin_links import link_to

from .models import PLACE_LENGTH, Ride
from .services import end_ride


class WhereItStandsForm(forms.Form):
    end_location = forms.CharField(label=gettext_lazy("Where do the vehicles stand?"), max_length=PLACE_LENGTH)


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("yes", _("Riding now")), ("no", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.open() if self.value() == "yes" else queryset.ended()


@admin.register(Ride)
class RideAdmin(KeySearchMixin, ReadOnlyAdmin):
    """The rides. Staff can end one; everything else only its rider does."""

    list_display = [
        "start_time",
        "is_riding",
        "vehicle_link",
        "rider_link",
        city_name,
        "start_spot",
        "end_spot",
        "length",
    ]
    list_filter = [CityFilter, OpenFilter]
    list_select_related = ["vehicle", "rider"]
    search_fields = [
        "vehicle__code__istartswith",
        "rider__username__istartswith",
        "rider__email__istartswith",
        "start_location__icontains",
        "end_location__icontains",
    ]
    search_help_text = gettext_lazy("Vehicle code, username or e-mail, place, or a ride's id.")
    date_hierarchy = "start_time"
    ordering = ["-start_time"]
    show_full_result_count = False
    actions = ["end_rides"]
    fieldsets = [
        (None, {"fields": ["key", "city_label", "vehicle_link", "rider_link"]}),
        (gettext_lazy("Start"), {"fields": ["start_time", "start_location", "start_latitude", "start_longitude"]}),
        (gettext_lazy("End"), {"fields": ["end_time", "end_location", "end_latitude", "end_longitude", "length"]}),
    ]

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
        return link_to(ride.rider) if ride.rider_id else _("(account removed)")

    @admin.display(description=gettext_lazy("city"))
    def city_label(self, ride: Ride) -> str:
        return str(ride.served_city)

    @admin.display(description=gettext_lazy("key"))
    def key(self, ride: Ride) -> str:
        return str(ride.pk)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rides.change_ride")

    @admin.action(description=gettext_lazy("End rides"), permissions=["end"])
    def end_rides(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """For riders who can't: the phone is dead, the vehicle was found in the street."""
        form = WhereItStandsForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            title = _("End these rides?")
            return confirm_action(self, request, queryset.open(), action="end_rides", title=title, form=form)
        for_each(
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
        return None
