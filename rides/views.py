import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cities.location import CHOSEN
from cities.models import City
from fleet.next_steps import send_on
from fleet.services import VehicleRefused, local_moment
from movr_project.live_parts import render_live, wants_live_part
from movr_project.pagination import Page, page_number

from .forms import EndRideForm, StartRideForm
from .locks import LockRefused, lock, opens_by_command
from .models import Ride
from .services import RideRefused, end_ride, start_ride

PAGE_SIZE = 25


@never_cache  # the unlock code stands on it
@require_safe
def ride_list(request: HttpRequest) -> HttpResponse:
    """One's own rides, in all cities (rows M25, M36): the open one on top, with its End form."""
    rides = Ride.objects.of_rider(request.user).select_related("vehicle").newest_first()
    whole = not wants_live_part(request)
    open_rides = list(rides.open().with_due_at(request.user)) if request.user.is_riding and whole else []
    for ride in open_rides:
        _make_ready(ride, EndRideForm())
    page = Page.of(rides.ended(), page_number(request.GET.get("page", "")), PAGE_SIZE)
    return render_live(
        request, "rides/ride_list.html", "rides/_past_rides.html", {"open_rides": open_rides, "page": page}
    )


@require_POST
def ride_start(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Row M36b. Who stands at the vehicle is in its city, wherever the site took them to be."""
    form = StartRideForm(request.POST)
    form.is_valid()
    if form.cleaned_data["at_it"]:
        request.session[CHOSEN] = city.name
    try:
        ride = start_ride(
            rider=request.user,
            city=city if form.cleaned_data["at_it"] else request.city,
            vehicle_city=city.name,
            vehicle_id=vehicle_id,
            token=form.cleaned_data["token"],
        )
    except (RideRefused, VehicleRefused) as refused:
        return send_on(request, refused, city, vehicle_id)
    messages.success(request, _("Ride started."))
    if ride.due_at:
        due = {"moment": local_moment(ride.due_at, city), "left": timeuntil(ride.due_at)}
        messages.warning(
            request, _("It is booked from %(moment)s: please end your ride in %(left)s at the latest.") % due
        )
    return redirect("rides:ride_list")


@never_cache
@require_safe
def ride_detail(request: HttpRequest, city: City, ride_id: uuid.UUID) -> HttpResponse:
    """What one sees while riding, and the summary afterwards."""
    return _ride_page(request, _own_ride(request, city, ride_id))


@require_POST
def ride_unlock(request: HttpRequest, city: City, ride_id: uuid.UUID) -> HttpResponse:
    """Send the command to the lock; where locks take none there is no such page."""
    if not opens_by_command():
        raise Http404
    ride = _own_ride(request, city, ride_id)
    if ride.is_open:
        _unlock(request, ride)
    return redirect(ride)


def _unlock(request: HttpRequest, ride: Ride) -> None:
    try:
        lock().unlock(ride)
    except LockRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The lock is open."))


@require_http_methods(["GET", "HEAD", "POST"])
def ride_end(request: HttpRequest, city: City, ride_id: uuid.UUID) -> HttpResponse:
    """Row M36c. A form with an error comes back filled in, on the ride's own page; opened as a page it leads there."""
    if request.method != "POST":
        return redirect(_own_ride(request, city, ride_id))
    form = EndRideForm(request.POST)
    if form.is_valid() and (ride := _end(request, city, ride_id, form)):
        messages.success(request, _("Ride ended."))
        return redirect(ride)
    return _ride_page(request, _own_ride(request, city, ride_id), form)


def _end(request: HttpRequest, city: City, ride_id: uuid.UUID, form: EndRideForm) -> Ride | None:
    """The ended ride, or None with the reason on the form. Other people's rides are a 404."""
    try:
        return end_ride(
            city=city.name,
            ride_id=ride_id,
            rider=request.user,
            end_location=form.cleaned_data["end_location"],
            position=form.position,
        )
    except RideRefused as refused:
        raise Http404(str(refused)) from refused
    except VehicleRefused as refused:
        form.add_error("latitude", str(refused))
        return None


def _ride_page(request: HttpRequest, ride: Ride, form: EndRideForm | None = None) -> HttpResponse:
    if ride.is_open:
        _make_ready(ride, form or EndRideForm())
    return render(request, "rides/ride_detail.html", {"ride": ride})


def _make_ready(ride: Ride, form: EndRideForm) -> None:
    """Give an open ride what its screen shows."""
    form.auto_id = f"end-{ride.id}-%s"
    ride.end_form = form
    ride.is_overdue = ride.due_at is not None and ride.due_at <= timezone.now()
    ride.unlock = lock().unlock_instructions(ride)
    ride.opens_by_command = opens_by_command()


def _own_ride(request: HttpRequest, city: City, ride_id: uuid.UUID) -> Ride:
    rides = Ride.objects.of_rider(request.user).with_due_at(request.user).select_related("vehicle")
    return get_object_or_404(rides, city=city.name, id=ride_id)
